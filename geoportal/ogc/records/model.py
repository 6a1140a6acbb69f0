"""What a record says, whatever format it is written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from geoportal.catalogue import Contact


class Kind(StrEnum):
    """A data set, a service, or a plan: one object of a data set that is looked for by itself."""

    DATASET = "dataset"
    SERVICE = "service"
    PLAN = "plan"


class Distribution(NamedTuple):
    """A way to the data. `rel` is its relation in a list of links; `protocol` is what GDI-DE calls the kind of access.

    `size` in bytes where it is a file that is known.
    """

    title: str
    href: str
    media_type: str
    rel: str
    protocol: str = "WWW:LINK-1.0-http--link"
    size: int | None = None


class Licence(NamedTuple):
    name: str
    url: str


class Box(NamedTuple):
    """CRS84 degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Stale:
    """Since when the source could not be read as it should be, and the kind of the reason."""

    since: datetime
    reason: str

    def said(self, language: str) -> str:
        """For everybody; what exactly is wrong is for the operator."""
        german, english = _REASONS.get(self.reason, ("die Quelle ist gestört", "the source is disturbed"))
        if language == "de":
            return f"Seit {self.since:%d.%m.%Y} nicht auf dem vorgesehenen Stand: {german}."
        return f"Not as fresh as intended since {self.since:%Y-%m-%d}: {english}."


_REASONS: Final = {
    "manifest": ("die Beschreibung wird überarbeitet", "its description is being revised"),
    "unreachable": ("die Quelle ist nicht erreichbar", "the source cannot be reached"),
    "unreadable": ("die Quelle ist nicht lesbar", "the source cannot be read"),
    "unexpected": ("die Quelle liefert anderes als erwartet", "the source delivers other than expected"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`uri` names the resource itself for ever; `landing` is the page about it.

    `start`, `end`: when its content holds, an end of None is open. `stale`: the source could not be read when it should
    have been. `dataset` is the data set that a plan belongs to; `operates_on` are those that a service gives access to.
    `hvd`, `inspire_theme`: high-value data set (EU 2023/138) and theme of INSPIRE, empty for neither.
    """

    id: str
    kind: Kind
    uri: str
    landing: str
    title: str
    description: str
    keywords: Sequence[str]
    publisher: str
    contact: Contact | None
    licence: Licence
    topic: str
    box: Box | None = None
    start: date | datetime | None = None
    end: date | datetime | None = None
    updated: datetime | None = None
    external_ids: Sequence[tuple[str, str]] = ()
    distributions: Sequence[Distribution] = ()
    dataset: str | None = None
    operates_on: Sequence[str] = ()
    service_type: str | None = None
    crs: Sequence[int] = ()
    stale: Stale | None = None
    hvd: str = ""
    inspire_theme: str = ""
    theme: str = ""
