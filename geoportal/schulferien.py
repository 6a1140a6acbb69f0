"""School holidays of Hesse, as the state has fixed them up to the summer of 2030; first and last day."""

from datetime import date
from typing import Final

_FERIEN: Final = tuple(
    (date.fromisoformat(first), date.fromisoformat(last))
    for first, last in (
        ("2025-04-07", "2025-04-21"), ("2025-07-07", "2025-08-15"), ("2025-10-06", "2025-10-18"),
        ("2025-12-22", "2026-01-10"), ("2026-03-30", "2026-04-10"), ("2026-06-29", "2026-08-07"),
        ("2026-10-05", "2026-10-17"), ("2026-12-23", "2027-01-12"), ("2027-03-22", "2027-04-02"),
        ("2027-06-28", "2027-08-06"), ("2027-10-04", "2027-10-16"), ("2027-12-23", "2028-01-11"),
        ("2028-04-03", "2028-04-14"), ("2028-07-03", "2028-08-11"), ("2028-10-09", "2028-10-20"),
        ("2028-12-27", "2029-01-12"), ("2029-03-29", "2029-04-13"), ("2029-07-16", "2029-08-24"),
        ("2029-10-15", "2029-10-26"), ("2029-12-24", "2030-01-11"), ("2030-04-08", "2030-04-22"),
        ("2030-07-22", "2030-08-30"),
    )
)  # fmt: skip
KNOWN_FROM: Final = date(2025, 1, 11)
KNOWN_UNTIL: Final = _FERIEN[-1][1]


def is_schulferientag(day: date) -> bool | None:
    """None for a day of which it is not known."""
    if not KNOWN_FROM <= day <= KNOWN_UNTIL:
        return None
    return any(first <= day <= last for first, last in _FERIEN)
