"""What the desk no longer needs to know, and may no longer keep (DSGVO Art. 5 (1) e): with the owner's connection."""

from datetime import datetime

from sqlalchemy import Connection, text

from geoportal.accounts.attempts import WINDOW
from geoportal.accounts.sessions import IDLE

_ENDED = (
    text("DELETE FROM desk.session WHERE expires_at <= :now OR seen_at <= :idle"),
    text("DELETE FROM desk.attempt WHERE began_at < :window"),
    text("DELETE FROM participation.attempt WHERE began_at < :window"),
    text("DELETE FROM desk.ticket WHERE expires_at <= :now"),
    text("DELETE FROM desk.report_link WHERE expires_at <= :now"),
    text("DELETE FROM desk.transfer WHERE expires_at <= :now"),
    text("DELETE FROM desk.answered WHERE expires_at <= :now"),
)


def forget(connection: Connection, now: datetime) -> int:
    """Removes sessions, links, transfers and answers that have ended; returns how many. The log is kept for ever."""
    times = {"now": now, "idle": now - IDLE, "window": now - WINDOW}
    return sum(connection.execute(statement, times).rowcount for statement in _ENDED)
