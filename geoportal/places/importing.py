"""Official files become the tables of schema `places`: each import replaces what the last one brought."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, Engine, text

from geoportal.database import driver_cursor
from geoportal.places import tables
from geoportal.places.profiles import AddressProfile, BoundaryProfile, ParcelProfile, Profile, all_profiles
from geoportal.places.tables import Faults, ImportFault

type Kind = Literal["addresses", "parcels", "boundaries"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; `left_out` rows could not be read, `faults` spells out the first of them."""

    profile: str
    rows: int
    left_out: int
    faults: tuple[str, ...]


def import_file(engine: Engine, kind: Kind, file: Path, profile: str | None = None) -> Imported:
    """One transaction: readers see the old rows until the new ones are all there. Raises ImportFault."""
    chosen = _profile(kind, file, profile)
    faults = Faults()
    with engine.begin() as connection:
        connection.execute(_ONE_AT_A_TIME)
        match chosen:
            case AddressProfile():
                count = _replace(connection, _ADDRESSES, tables.addresses(file, chosen, faults))
                connection.execute(text("SELECT plans.touch_data('adressen')"))
            case ParcelProfile():
                count = _replace(connection, _PARCELS, tables.parcels(file, chosen, faults))
            case BoundaryProfile():
                count = _replace(connection, _BOUNDARIES, tables.boundaries(file, chosen, faults))
        if count == 0:
            raise ImportFault(f"{file.name}: keine brauchbare Zeile / no usable row: {'; '.join(faults.told[:3])}")
    return Imported(chosen.title, count, faults.count, tuple(faults.told))


def _profile(kind: Kind, file: Path, wanted: str | None) -> Profile:
    candidates = [each for each in all_profiles() if each.kind == kind and wanted in {None, each.id}]
    for each in candidates:
        if tables.fits(file, each):
            return each
    known = ", ".join(f"{each.id} ({each.title})" for each in all_profiles() if each.kind == kind)
    raise ImportFault(f"{file.name}: passt zu keinem Profil / fits no profile. Bekannt / known: {known}")


@dataclass(frozen=True, slots=True)
class _Target:
    """The columns of a file's rows, and the statements that make tables of them; the last says how many there are."""

    columns: str
    statements: tuple[str, ...]
    count: str


def _replace(connection: Connection, target: _Target, rows: Iterable[tuple[object, ...]]) -> int:
    connection.execute(text(f"CREATE TEMPORARY TABLE incoming ({target.columns}) ON COMMIT DROP"))
    with driver_cursor(connection).copy("COPY incoming FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    for statement in target.statements:
        connection.execute(text(statement))
    return connection.scalar(text(target.count)) or 0


_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('places'))")

_ADDRESSES: Final = _Target(
    "kennung text, ags text, strasse text, nummer integer, buchstabe text, plz text, ort text, ortsteil text, "
    "x double precision, y double precision",
    (
        "ANALYZE incoming",
        # the addresses go with their streets
        "DELETE FROM places.target WHERE quelle = 'addresses'",
        """
        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, ags, geom)
        SELECT 'gemeinde', 'addresses', ags, min(ort), min(plz), ags,
               ST_SetSRID(ST_MakePoint(avg(x), avg(y)), ogc.storage_srid())
        FROM incoming
        WHERE NOT EXISTS (SELECT FROM places.target AS known WHERE known.art = 'gemeinde' AND known.ags = incoming.ags)
        GROUP BY ags""",
        """
        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, ags, geom)
        SELECT 'ortsteil', 'addresses', ags || '/' || ortsteil, ortsteil, min(gemeinde.titel), ags,
               ST_SetSRID(ST_MakePoint(avg(x), avg(y)), ogc.storage_srid())
        FROM incoming JOIN places.target AS gemeinde USING (ags)
        WHERE gemeinde.art = 'gemeinde' AND ortsteil NOT IN ('', gemeinde.titel)
        GROUP BY ags, ortsteil""",
        """
        -- a street stands where the house in its middle stands
        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, ags, geom)
        SELECT 'strasse', 'addresses', concat_ws('/', ags, ort, ortsteil, strasse), strasse,
               concat_ws(' ', nullif(min(plz), ''), concat_ws(', ', ort, nullif(nullif(ortsteil, ''), ort))), ags,
               ST_SetSRID((array_agg(ST_MakePoint(x, y) ORDER BY nummer, buchstabe))[(count(*) + 1) / 2],
                          ogc.storage_srid())
        FROM incoming GROUP BY ags, ort, ortsteil, strasse""",
        """
        INSERT INTO places.address (id, street_id, nummer, buchstabe, geom)
        SELECT coalesce(kennung, replace(ogc.suchform(concat_ws(' ', incoming.ags, ort, ortsteil, strasse)), ' ',
                   '-') || '-' || nummer || buchstabe),
               street.id, nummer, buchstabe, ST_SetSRID(ST_MakePoint(x, y), ogc.storage_srid())
        FROM incoming JOIN places.target AS street
            ON street.quelle = 'addresses' AND street.art = 'strasse'
            AND street.schluessel = concat_ws('/', incoming.ags, ort, ortsteil, strasse)
        ON CONFLICT (id) DO NOTHING""",
        "ANALYZE places.target, places.address",
    ),
    "SELECT count(*) FROM places.address",
)

_PARCELS: Final = _Target(
    "kennzeichen text, gemarkung text, schluessel text, ags text, flur integer, zaehler integer, nenner integer, "
    f"geom geometry(Geometry, {tables.SRID})",
    (
        "ANALYZE incoming",
        "DELETE FROM places.target WHERE quelle = 'parcels'",
        """
        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, stichworte, ags, geom)
        SELECT 'gemarkung', 'parcels', incoming.schluessel, min(gemarkung), coalesce(min(gemeinde.titel), ''),
               'Gemarkung', min(incoming.ags), ST_Centroid(ST_Collect(ST_PointOnSurface(incoming.geom)))
        FROM incoming
        LEFT JOIN places.target AS gemeinde ON gemeinde.art = 'gemeinde' AND gemeinde.ags = incoming.ags
        GROUP BY incoming.schluessel""",
        """
        INSERT INTO places.flurstueck (kennzeichen, gemarkung_id, flur, zaehler, nenner, geom)
        SELECT kennzeichen, target.id, flur, zaehler, nenner,
               ST_Multi(ST_CollectionExtract(ST_MakeValid(incoming.geom), 3))
        FROM incoming JOIN places.target ON target.quelle = 'parcels' AND target.schluessel = incoming.schluessel
        ON CONFLICT (kennzeichen) DO NOTHING""",
        "ANALYZE places.target, places.flurstueck",
    ),
    "SELECT count(*) FROM places.flurstueck",
)

_BOUNDARIES: Final = _Target(
    f"ags text, name text, bezeichnung text, geom geometry(Geometry, {tables.SRID})",
    (
        "DELETE FROM places.grenze",
        """
        -- islands and exclaves may come as rows of their own
        INSERT INTO places.grenze (ags, name, bezeichnung, geom)
        SELECT ags, min(name), min(bezeichnung),
               ST_Multi(ST_CollectionExtract(ST_UnaryUnion(ST_Collect(ST_MakeValid(geom))), 3))
        FROM incoming GROUP BY ags""",
        "ANALYZE places.grenze",
    ),
    "SELECT count(*) FROM places.grenze",
)
