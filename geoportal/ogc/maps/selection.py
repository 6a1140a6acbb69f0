"""What of a collection is drawn: all of it, one Gemeinde, one legal state, or what was public on a day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from geoportal.cartography.sheets import CONTENTS, PLANWERK
from geoportal.catalogue import Layer
from geoportal.ogc.problems import InvalidParameter

STATUS: Final = ("in_kraft", "in_aufstellung", "archiviert", "unbekannt")
AGS, STATE, DAY = "ags", "status", "stand"
_AGS: Final = re.compile(r"[0-9]{8}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Values that were checked: they are written into the statements of a map."""

    ags: str | None = None
    status: str | None = None
    stand: date | None = None


def offered(layer: Layer) -> tuple[str, ...]:
    """The parameters by which a selection of the layer may be asked for."""
    of_plans = layer.view in PLANWERK or layer.view == CONTENTS
    fields = tuple(name for name in (AGS, STATE) if name in layer.properties and (of_plans or name == AGS))
    return (*fields, DAY) if of_plans else fields


def read_selection(parameters: Mapping[str, str]) -> Selection:
    """Raises InvalidParameter."""
    ags, status, day = (parameters.get(name) for name in (AGS, STATE, DAY))
    if ags is not None and not _AGS.fullmatch(ags):
        raise InvalidParameter(f"{AGS}: acht Ziffern erwartet / eight digits are expected")
    if status is not None and status not in STATUS:
        raise InvalidParameter(f"{STATE}: {status[:40]!r}; möglich / possible: {', '.join(STATUS)}")
    if day is None:
        return Selection(ags, status)
    try:
        if _DAY.fullmatch(day):
            return Selection(ags, status, date.fromisoformat(day))
    except ValueError:
        pass
    raise InvalidParameter(f"{DAY}: {day[:40]!r} ist kein Datum / is no date (JJJJ-MM-TT)")
