"""What of statements may no longer be kept (DSGVO Art. 5 (1) e): as the owner, told in the log by number.

A statement, its files and what the Gemeinde wrote to it are rows that are deleted together; nothing of them lies in the
archive. A backup holds them for as long as it is itself kept (docs/operations/backup.md).
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, text

from geoportal.accounts import audit
from geoportal.participation.letters import CONFIRM_DAYS

_UNCONFIRMED: Final = text(f"""
    DELETE FROM participation.stellungnahme
    WHERE state = 'unbestaetigt' AND participation.has_lapsed(letter, eingang, {CONFIRM_DAYS}, :now)""")  # noqa: S608
# A draft has none, and may still be announced. Nobody goes on with one that was interrupted for a year.
_DUE: Final = text("""
    SELECT id, ags FROM participation.beteiligung
    WHERE announced AND geleert_am IS NULL AND greatest(ende, unterbrochen_am + 366) < :before ORDER BY id""")
_EMPTY: Final = text("DELETE FROM participation.stellungnahme WHERE beteiligung_id = :id")
_EMPTIED: Final = text("""
    UPDATE participation.beteiligung SET geleert_am = :now, unterbrochen_am = NULL,
        state = CASE state WHEN 'unterbrochen' THEN 'abgebrochen' ELSE state END, version = version + 1
    WHERE id = :id AND geleert_am IS NULL""")


def forget_unconfirmed(engine: Engine, now: datetime) -> int:
    """Deletes what nobody has confirmed in time, counted from when its letter went out; returns how many."""
    with engine.begin() as connection:
        return connection.execute(_UNCONFIRMED, {"now": now}).rowcount


def forget_old(engine: Engine, retention_days: int, today: date, now: datetime) -> int:
    """Deletes all statements of participations that ended so many days ago; returns of how many participations."""
    with engine.connect() as connection:
        due = list(connection.execute(_DUE, {"before": today - timedelta(days=retention_days)}))
    for row in due:
        with engine.begin() as connection:
            # held first: two workers count each statement once
            if connection.execute(_EMPTIED, {"id": row.id, "now": now}).rowcount == 1:
                count = connection.execute(_EMPTY, {"id": row.id}).rowcount
                audit.note(connection, None, "statements_deleted", f"participation {row.id}", ags=row.ags, number=count)
    return len(due)
