"""What was public on a day, said once for every statement that asks for it."""

from datetime import date, timedelta


def was_public(day: date, of: str = "") -> str:
    """The condition in SQL that a row was public at the end of a day, as Hessen counts it; what was withdrawn by then
    was not.

    The rows have the columns `veroeffentlicht_am` and `veroeffentlicht_bis`; `of` stands before their names.
    """
    end = f"('{day + timedelta(days=1)}'::timestamp AT TIME ZONE 'Europe/Berlin')"
    since, until = f"{of}veroeffentlicht_am", f"{of}veroeffentlicht_bis"
    return f"{since} < {end} AND ({until} IS NULL OR {until} >= {end})"
