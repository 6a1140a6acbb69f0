"""The answer to "what applies here?", put together from what is published at a place. Pure, but for the questions that
it asks of the reader's connection; reads the clock nowhere.

What is not known is said to be not known. The order of plans is the order of the law: what binds (Bebauungsplan) before
what prepares (Flächennutzungsplan), the younger before the older, because where both say something the younger one
holds as a rule; whether it does in the single case, only the Gemeinde can say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from geoportal import places, published
from geoportal.catalogue import Layer
from geoportal.hier.dictionary import Explanation, Sentence, explanations, meaning
from geoportal.places import Coordinates
from geoportal.published import ContentAtPlace, Dokument, GemeindeAtPlace, NearFeature, PlanAtPlace, PlanEntry, Status
from plans_ingest.gemeinden import all_gemeinden, gemeinde_of
from plans_ingest.model import Planwerk

_NEAR_METRES = 5000.0
_NEAR_MOST = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody asks; `wkt` (storage CRS) is a point, or the area of a parcel."""

    coordinates: Coordinates
    title: str
    detail: str
    wkt: str
    is_area: bool = False
    named: bool = False
    """The title is an address or a parcel that was asked for, not the nearest that was found."""


class Lage(StrEnum):
    """What the portal can know of a place."""

    BETEILIGT = "beteiligt"
    NICHT_BETEILIGT = "nicht_beteiligt"
    AUSSERHALB = "ausserhalb"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a plan says at the place about one thing, in the plan's words and in plain ones."""

    content: ContentAtPlace
    meaning: Sentence
    explanations: tuple[Explanation, ...]


class Relation(StrEnum):
    AENDERT = "aendert"
    GEAENDERT_DURCH = "geaendert_durch"


@dataclass(frozen=True, slots=True)
class PlanHere:
    """`relations` are the other plans at this very place that it changes, or that change it."""

    plan: PlanEntry
    share: float
    rules: tuple[Rule, ...]
    documents: tuple[Dokument, ...]
    relations: tuple[tuple[Relation, PlanEntry], ...]


@dataclass(frozen=True, slots=True)
class NearLayer:
    layer: Layer
    features: tuple[NearFeature, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`binding` and `preparing` are in force; `coming` are being drawn up, those in participation first."""

    place: Place
    lage: Lage
    gemeinde: GemeindeAtPlace | None
    binding: tuple[PlanHere, ...]
    preparing: tuple[PlanHere, ...]
    coming: tuple[PlanHere, ...]
    unknown: tuple[PlanHere, ...]
    former: tuple[PlanEntry, ...]
    near: tuple[NearLayer, ...]

    @property
    def overlapping(self) -> bool:
        return len(self.binding) > 1


def place_at(connection: Connection, lon: float, lat: float) -> Place:
    """The place with the name of what stands there. Raises ValueError outside of UTM zone 32."""
    at = Coordinates.of_degrees(lon, lat)
    return _point(connection, at)


def place_of_utm(connection: Connection, east: float, north: float) -> Place:
    """Raises ValueError for what is no coordinate of the zone."""
    return _point(connection, Coordinates.of_utm(east, north))


def place_of_address(connection: Connection, identifier: str) -> Place | None:
    found = places.address(connection, identifier)
    if found is None:
        return None
    at = found.place
    return Place(at, found.title, found.detail, f"POINT({at.east} {at.north})", named=True)


def place_of_parcel(connection: Connection, kennzeichen: str) -> Place | None:
    found = places.parcel(connection, kennzeichen)
    return None if found is None else Place(found.place, found.title, "", found.wkt, is_area=True, named=True)


def answer(connection: Connection, place: Place, today: date, near: Sequence[Layer] = ()) -> Answer:
    """All that is published at the place; `near` are the layers whose nearest features are told."""
    there = published.plans_at(connection, place.wkt)
    gemeinde = _gemeinde(published.gemeinde_at(connection, place.wkt), there)
    told = [each for each in there if each.entry.status is not Status.ARCHIVIERT]
    ids = [each.entry.id for each in told]
    contents = published.contents_at(connection, ids, place.wkt) if ids else ()
    documents = published.dokumente(connection, ids) if ids else ()
    plans = [_plan_here(each, told, contents, documents) for each in told]
    in_force = [each for each in plans if each.plan.status is Status.IN_KRAFT]
    coming = [each for each in plans if each.plan.status is Status.IN_AUFSTELLUNG]
    return Answer(
        place=place,
        lage=_lage(gemeinde),
        gemeinde=gemeinde,
        binding=tuple(each for each in in_force if each.plan.planwerk is Planwerk.BEBAUUNGSPLAN),
        preparing=tuple(each for each in in_force if each.plan.planwerk is Planwerk.FLAECHENNUTZUNGSPLAN),
        coming=tuple(sorted(coming, key=lambda each: _until(each.plan, today))),
        unknown=tuple(each for each in plans if each.plan.status is Status.UNBEKANNT),
        former=tuple(each.entry for each in there if each.entry.status is Status.ARCHIVIERT),
        near=tuple(_near(connection, place, near)),
    )


def _until(plan: PlanEntry, today: date) -> tuple[int, date]:
    """Running participations first, the next to end before the others; then those still to come."""
    period = plan.beteiligung(today)
    if period is not None and period.runs(today):
        return 0, period.ende or date.max
    if period is not None and period.start is not None and period.start > today:
        return 1, period.start
    return 2, date.max


def _point(connection: Connection, at: Coordinates) -> Place:
    wkt = f"POINT({at.east} {at.north})"
    address, parcel = places.around(connection, at.east, at.north)
    return Place(at, address, parcel, wkt)


def _gemeinde(found: GemeindeAtPlace | None, plans: Sequence[PlanAtPlace]) -> GemeindeAtPlace | None:
    """The plans know better than a sketched outline whose land this is, as long as they agree."""
    named = {(each.entry.ags, each.entry.gemeinde) for each in plans}
    if len(named) == 1 and (found is None or found.schematic):
        [(ags, name)] = named
        return GemeindeAtPlace(ags, name or ags, schematic=False)
    return found


def _lage(gemeinde: GemeindeAtPlace | None) -> Lage:
    if gemeinde is None:
        return Lage.AUSSERHALB
    if gemeinde_of(gemeinde.ags) is not None:
        return Lage.BETEILIGT
    kreise = {each.ags[:5] for each in all_gemeinden()}
    return Lage.NICHT_BETEILIGT if gemeinde.ags[:5] in kreise else Lage.AUSSERHALB


def _plan_here(
    here: PlanAtPlace,
    others: Sequence[PlanAtPlace],
    contents: Sequence[ContentAtPlace],
    documents: Sequence[Dokument],
) -> PlanHere:
    own: UUID = here.entry.id
    rules = tuple(
        Rule(each, meaning(each.klasse, each.gruppe), tuple(explanations(each.attribute)))
        for each in contents
        if each.plan_id == own
    )
    return PlanHere(
        plan=here.entry,
        share=here.share,
        rules=rules,
        documents=tuple(each for each in documents if each.plan_id == own),
        relations=tuple(dict.fromkeys(_relations(here, others))),
    )


def _relations(here: PlanAtPlace, others: Sequence[PlanAtPlace]) -> Iterator[tuple[Relation, PlanEntry]]:
    """As either of the two states it: old plans rarely know what changed them later."""
    for other in others:
        if other.entry.id == here.entry.id:
            continue
        if _names(here, other, "aendert") or _names(other, here, "wurdeGeaendertVon"):
            yield Relation.AENDERT, other.entry
        if _names(other, here, "aendert") or _names(here, other, "wurdeGeaendertVon"):
            yield Relation.GEAENDERT_DURCH, other.entry


def _names(one: PlanAtPlace, other: PlanAtPlace, art: str) -> bool:
    """Whether `one` says that it stands in this relation (4 to 6: `aendert`, `aendertPlan`, …) to `other`."""
    return any(
        bezug["art"].startswith(art)
        and (
            (bezug.get("name") is not None and bezug["name"] == other.entry.name)
            or (bezug.get("nummer") is not None and bezug["nummer"] == other.entry.nummer)
        )
        for bezug in one.bezuege
    )


def _near(connection: Connection, place: Place, layers: Sequence[Layer]) -> Iterator[NearLayer]:
    found = published.nearest(connection, layers, place.wkt, within=_NEAR_METRES, most=_NEAR_MOST)
    return (NearLayer(layer, tuple(found[layer.id])) for layer in layers if layer.id in found)
