"""Which backups are still needed: many young ones, few old ones."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

# (of how many, one per …): the newest of each day, week, month
_NEWEST: Final = 3
_PERIODS: Final = ((14, "%Y-%j"), (8, "%G-%V"), (12, "%Y-%m"))


def kept(moments: Iterable[datetime]) -> set[datetime]:
    """The newest three; the last one of each of 14 days, 8 weeks and 12 months in which there was any."""
    newest_first = sorted(moments, reverse=True)
    needed = set(newest_first[:_NEWEST])
    for number, period in _PERIODS:
        seen: dict[str, datetime] = {}
        for moment in newest_first:
            seen.setdefault(moment.strftime(period), moment)
        needed.update(list(seen.values())[:number])
    return needed
