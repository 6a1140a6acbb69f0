"""One box for everything that has a name and a place: read from the views of schema `ogc`, answered in milliseconds.

Addresses are never searched as text: the words find the street, the number finds the house. So the tables that are
searched stay small, whatever the number of addresses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

from geoportal.places.coordinates import Coordinates, parse
from geoportal.places.questions import (
    HouseWords,
    ParcelWords,
    house_words,
    kennzeichen,
    named,
    parcel_words,
    without_ranges,
)

MAX_LENGTH: Final = 120  # characters of a question
_MAX_WORDS: Final = 8
_STREETS: Final = 25  # of those that the words mean, in which the house number is looked up
_NEAR_METRES: Final = 60.0


class HitKind(StrEnum):
    GEMEINDE = "gemeinde"
    ORTSTEIL = "ortsteil"
    STRASSE = "strasse"
    ADRESSE = "adresse"
    PLAN = "plan"
    OBJEKT = "objekt"
    GEMARKUNG = "gemarkung"
    FLURSTUECK = "flurstueck"
    KOORDINATE = "koordinate"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `key` is what its page is asked for: AGS, plan's UUID, id of an address, Kennzeichen."""

    kind: HitKind
    key: str
    title: str
    detail: str
    source: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Address:
    id: str
    title: str
    detail: str
    ags: str | None
    place: Coordinates


@dataclass(frozen=True, slots=True)
class Parcel:
    """A Flurstück; `wkt` is its area in the storage CRS."""

    kennzeichen: str
    title: str
    ags: str | None
    place: Coordinates
    wkt: str


def search(connection: Connection, question: str, limit: int = 10) -> tuple[Hit, ...]:
    """What the question may mean, the likeliest first. An empty or endless question finds nothing."""
    question = question.strip()[:MAX_LENGTH]
    if (found := parse(question)) is not None:
        title = f"{found.lat:.5f} N, {found.lon:.5f} O".replace(".", ",")
        detail = f"UTM {found.utm}" + (f", {found.note}" if found.note else "")
        return (Hit(HitKind.KOORDINATE, "", title, detail, "", found.lon, found.lat),)
    question = named(question)
    parcel = parcel_words(question)
    asked = {"question": question, "address": without_ranges(question), "gemarkung": parcel.gemarkung if parcel else ""}
    form, address, gemarkung = connection.execute(_FORMS, asked).one()
    if len(form.replace(" ", "")) < 2:
        return ()
    if parcels := tuple(_parcels(connection, question, parcel, gemarkung, limit)):
        return parcels
    if parcel is not None and parcel.certain:  # that is not there; where it would lie is
        form = address = gemarkung
    house = house_words(address)
    exact, houses = _named(connection, form, limit), _houses(connection, house, limit)
    hits = [hit for closeness, hit in exact if closeness == 0]
    hits += houses
    hits += [hit for closeness, hit in exact if closeness > 0]
    # only where nothing is spelt like this: it is the dearest of the questions
    return tuple(dict.fromkeys(hits or _similar(connection, house, limit)))[:limit]


def address(connection: Connection, identifier: str) -> Address | None:
    row = connection.execute(_ADDRESS, {"id": identifier}).mappings().one_or_none()
    return None if row is None else _address(row)


def around(connection: Connection, east: float, north: float) -> tuple[str, str]:
    """The nearest address within 60 m, by which a reader recognises the place, and the parcel there; '' for none."""
    asked = {"east": east, "north": north, "reach": _NEAR_METRES}
    address, parcel = connection.execute(_AROUND, asked).one()
    return address or "", parcel or ""


def parcel(connection: Connection, key: str) -> Parcel | None:
    row = connection.execute(_PARCEL, {"kennzeichen": [key]}).mappings().one_or_none()
    return None if row is None else _parcel(row)


def _tsquery(form: str) -> str:
    """Every word as a beginning. "Bahnhof Str." may be spelt in one word, so `bahnhofstr` will do as well."""
    words = form.split()[:_MAX_WORDS]
    parts: list[str] = []
    for word in words:
        if word == "str" and parts and re.fullmatch(r"\w+:\*", parts[-1]):
            before = parts.pop().removesuffix(":*")
            parts.append(f"(({before}:* & str:*) | {before}str:*)")
        else:
            parts.append(f"{word}:*")
    return " & ".join(parts)


def _named(connection: Connection, form: str, limit: int) -> list[tuple[int, Hit]]:
    asked = {"form": form, "query": _tsquery(form), "limit": limit}
    return [(row["closeness"], _hit(row)) for row in connection.execute(_BY_NAME, asked).mappings()]


def _houses(connection: Connection, words: HouseWords, limit: int) -> list[Hit]:
    if words.number is None:
        return []
    asked = {"query": _tsquery(words.street), "form": words.street, "streets": _STREETS}
    streets = list(connection.scalars(_STREETS_BY_NAME, asked))
    return _in_streets(connection, streets, words, limit)


def _in_streets(connection: Connection, streets: Sequence[int], words: HouseWords, limit: int) -> list[Hit]:
    if not streets:
        return []
    asked = {"streets": streets, "number": words.number, "letter": words.letter, "limit": limit}
    return [
        Hit(HitKind.ADRESSE, row["id"], row["titel"], row["zusatz"], "addresses", row["lon"], row["lat"])
        for row in connection.execute(_HOUSES, asked).mappings()
    ]


def _similar(connection: Connection, words: HouseWords, limit: int) -> list[Hit]:
    """Names that are spelt a little differently; of streets among them, the house too."""
    if not re.search(r"[a-z]", words.street):  # of numbers, the next one is another thing
        return []
    rows: list[RowMapping] = []
    for threshold in _THRESHOLDS:
        connection.execute(_THRESHOLD, {"threshold": threshold})
        rows = list(connection.execute(_BY_SIMILARITY, {"form": words.street, "limit": limit}).mappings())
        if rows:
            break
    hits = [_hit(row) for row in rows]
    if words.number is None:
        return hits
    streets = [row["id"] for row in rows if row["art"] == HitKind.STRASSE]
    return _in_streets(connection, streets, words, limit) + hits


def _parcels(
    connection: Connection, question: str, words: ParcelWords | None, gemarkung: str, limit: int
) -> Iterator[Hit]:
    """By its Kennzeichen; by Gemarkung, Flur and number, each Gemarkung when none is named."""
    if keys := kennzeichen(question):
        found = connection.execute(_PARCEL, {"kennzeichen": keys}).mappings().first()
        if found is not None:
            yield _parcel_hit(_parcel(found))
        return
    if words is None or not (gemarkung or words.certain):
        return
    asked = {"flur": words.flur, "zaehler": words.zaehler, "nenner": words.nenner, "limit": limit}
    gemarkungen = list(connection.scalars(_GEMARKUNGEN, {"query": _tsquery(gemarkung), "any": not gemarkung}))
    if not gemarkungen and words.certain:
        connection.execute(_THRESHOLD, {"threshold": _THRESHOLDS[-1]})
        gemarkungen = list(connection.scalars(_SIMILAR_GEMARKUNGEN, {"form": gemarkung}))
    if not gemarkungen:
        return
    rows = connection.execute(_PARCELS, asked | {"gemarkungen": gemarkungen}).mappings()
    for row in rows:
        yield _parcel_hit(_parcel(row))


def _parcel_hit(found: Parcel) -> Hit:
    place = found.place
    return Hit(HitKind.FLURSTUECK, found.kennzeichen, found.title, "Flurstück", "parcels", place.lon, place.lat)


def _hit(row: Mapping[Any, Any]) -> Hit:
    return Hit(
        HitKind(row["art"]), row["schluessel"], row["titel"], row["zusatz"], row["quelle"], row["lon"], row["lat"]
    )


def _address(row: Mapping[Any, Any]) -> Address:
    return Address(row["id"], row["titel"], row["zusatz"], row["ags"], Coordinates.of_degrees(row["lon"], row["lat"]))


def _parcel(row: Mapping[Any, Any]) -> Parcel:
    place = Coordinates.of_degrees(row["lon"], row["lat"])
    return Parcel(row["kennzeichen"], row["titel"], row["ags"], place, row["wkt"])


_FORMS: Final = text("SELECT ogc.suchform(:question), ogc.suchform(:address), ogc.suchform(:gemarkung)")

_BY_NAME: Final = text("""
    -- whole names before beginnings before words inside; then the larger thing
    SELECT art, quelle, schluessel, titel, zusatz, lon, lat,
           CASE WHEN name = :form THEN 0 WHEN starts_with(name, :form) THEN 1 ELSE 2 END AS closeness
    FROM ogc.suchziele WHERE woerter @@ to_tsquery('simple', :query)
    ORDER BY closeness, rang, length(name), titel, id LIMIT :limit""")

_STREETS_BY_NAME: Final = text("""
    SELECT id FROM ogc.suchziele WHERE art = 'strasse' AND woerter @@ to_tsquery('simple', :query)
    ORDER BY name <> :form, length(suche), id LIMIT :streets""")

_HOUSES: Final = text("""
    -- the very house first, then its neighbours by letter, then the numbers that begin like this one
    SELECT id, titel, zusatz, lon, lat FROM ogc.adressen
    WHERE street_id = ANY(:streets) AND (nummer = :number OR starts_with(nummer::text, CAST(:number AS text)))
    ORDER BY nummer <> :number, buchstabe <> :letter, array_position(:streets, street_id), nummer, buchstabe, id
    LIMIT :limit""")

# Of pg_trgm, for the operator <% below; holds until the transaction ends. The nearer, the fewer rows are compared.
_THRESHOLDS: Final = ("0.5", "0.4")
_THRESHOLD: Final = text("SELECT set_config('pg_trgm.word_similarity_threshold', :threshold, true)")
_BY_SIMILARITY: Final = text("""
    SELECT id, art, quelle, schluessel, titel, zusatz, lon, lat
    FROM ogc.suchziele WHERE :form <% suche
    ORDER BY word_similarity(:form, suche) + similarity(:form, name) DESC, rang, length(name), titel, id
    LIMIT :limit""")

_ADDRESS: Final = text("SELECT id, titel, zusatz, ags, lon, lat FROM ogc.adressen WHERE id = :id")
_AROUND: Final = text("""
    SELECT address.title, parcel.title
    FROM (SELECT ST_SetSRID(ST_MakePoint(:east, :north), ogc.storage_srid()) AS geom) AS place
    LEFT JOIN LATERAL (
        SELECT titel || ', ' || zusatz AS title FROM ogc.adressen
        WHERE ST_DWithin(adressen.geom, place.geom, :reach)
        ORDER BY adressen.geom <-> place.geom, id LIMIT 1) AS address ON true
    LEFT JOIN LATERAL (
        SELECT titel AS title FROM ogc.flurstuecke WHERE ST_Intersects(flurstuecke.geom, place.geom)
        ORDER BY kennzeichen LIMIT 1) AS parcel ON true""")

_PARCEL: Final = text("""
    SELECT kennzeichen, titel, ags, lon, lat, ST_AsText(geom) AS wkt
    FROM ogc.flurstuecke WHERE kennzeichen = ANY(:kennzeichen)""")
_GEMARKUNGEN: Final = text("""
    SELECT id FROM ogc.suchziele WHERE art = 'gemarkung' AND (:any OR woerter @@ to_tsquery('simple', :query))""")
_SIMILAR_GEMARKUNGEN: Final = text("""
    SELECT id FROM ogc.suchziele WHERE art = 'gemarkung' AND :form <% suche
    ORDER BY word_similarity(:form, suche) DESC, id LIMIT 3""")
_PARCELS: Final = text("""
    SELECT kennzeichen, titel, ags, lon, lat, ST_AsText(geom) AS wkt FROM ogc.flurstuecke
    WHERE gemarkung_id = ANY(:gemarkungen)
      AND zaehler = :zaehler AND (CAST(:nenner AS integer) IS NULL OR nenner = :nenner)
      AND (CAST(:flur AS integer) IS NULL OR flur = :flur)
    ORDER BY nenner NULLS FIRST, flur, kennzeichen LIMIT :limit""")
