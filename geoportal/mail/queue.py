"""The queue of letters in schema `mail`: every statement on it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text

from geoportal.clock import CLOCKS_DIFFER

LEASE: Final = timedelta(minutes=10)  # longer than the longest that sending one can take
MOST_ATTEMPTS: Final = 12
KEPT: Final = timedelta(days=7)  # how long a failed letter can still be read
COUNTED: Final = timedelta(days=90)  # how long it is known that there was one
_LONGEST_WAIT: Final = timedelta(hours=6)

_PUT = text("SELECT mail.put(:message_id, :kind, :recipient, :subject, :body, :now)")
_TAKE = text("""
    -- the letter that has waited longest and that nobody is sending; times further ahead than we ever set them are from
    -- before the clock was set back
    UPDATE mail.letter SET leased_until = :until, attempts = attempts + 1
    WHERE id = (SELECT id FROM mail.letter
                WHERE state = 'waiting' AND (next_at <= :now OR next_at > :latest)
                    AND (leased_until IS NULL OR leased_until <= :now OR leased_until > :longest)
                ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, message_id, kind, recipient, subject, body, created_at, attempts, leased_until""")
# A lease that was lost meanwhile is somebody else's: then these change nothing.
_SENT = text("""
    UPDATE mail.letter SET state = 'sent', ended_at = :now, leased_until = NULL, fault = NULL,
        recipient = NULL, subject = NULL, body = NULL
    WHERE id = :id AND state = 'waiting' AND leased_until = :lease""")
_FAILED = text("""
    UPDATE mail.letter SET state = 'failed', ended_at = :now, leased_until = NULL, fault = :fault
    WHERE id = :id AND state = 'waiting' AND leased_until = :lease""")
_LATER = text("""
    UPDATE mail.letter SET next_at = :next, leased_until = NULL, fault = :fault
    WHERE id = :id AND state = 'waiting' AND leased_until = :lease""")
_UNTRIED = text("""
    UPDATE mail.letter SET leased_until = NULL, attempts = attempts - 1, fault = :fault
    WHERE id = :id AND state = 'waiting' AND leased_until = :lease""")
_AGAIN = text("""
    UPDATE mail.letter SET state = 'waiting', ended_at = NULL, attempts = 0, next_at = :now, fault = NULL
    WHERE state = 'failed' AND body IS NOT NULL""")
_LIST = text("""
    SELECT id, kind, state, attempts, fault, created_at, next_at FROM mail.letter
    WHERE state <> 'sent' ORDER BY id LIMIT 200""")
_READ = text("SELECT recipient, subject, body FROM mail.letter WHERE id = :id AND body IS NOT NULL")
_FORGET = (
    text("""UPDATE mail.letter SET recipient = NULL, subject = NULL, body = NULL
        WHERE state = 'failed' AND ended_at < :kept"""),
    text("DELETE FROM mail.letter WHERE state <> 'waiting' AND ended_at < :counted"),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text to one address; `kind` says what for, in one word, for figures and operators."""

    kind: str
    recipient: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A letter that is ours to send until `leased_until`."""

    id: int
    message_id: str
    kind: str
    recipient: str
    subject: str
    body: str
    created_at: datetime
    attempts: int
    leased_until: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A letter as operators see it: nobody's address, nothing that it says."""

    id: int
    kind: str
    state: str
    attempts: int
    fault: str | None
    created_at: datetime
    next_at: datetime


def put(connection: Connection, letter: Letter, host: str, now: datetime) -> str:
    """Queues a letter in the transaction of its cause; returns its Message-ID, for which `host` is ours.

    With the connection of any role that may write letters.
    """
    message_id = f"<{uuid.uuid4().hex}@{host}>"
    values = {
        "message_id": message_id,
        "kind": letter.kind,
        "recipient": letter.recipient,
        "subject": " ".join(letter.subject.split())[:200],
        "body": letter.body,
        "now": now,
    }
    connection.execute(_PUT, values)
    return message_id


def take(engine: Engine, now: datetime) -> Leased | None:
    """The next letter that is due, or None. With the owner's engine, as all below."""
    with engine.begin() as connection:
        values = {
            "now": now,
            "until": now + LEASE,
            "longest": now + LEASE + CLOCKS_DIFFER,
            "latest": now + _LONGEST_WAIT + CLOCKS_DIFFER,
        }
        row = connection.execute(_TAKE, values).mappings().one_or_none()
    return None if row is None else Leased(**row)


def sent(engine: Engine, letter: Leased, now: datetime) -> bool:
    """False when the lease was lost: somebody else has sent it too."""
    with engine.begin() as connection:
        done = connection.execute(_SENT, {"id": letter.id, "lease": letter.leased_until, "now": now})
        return done.rowcount == 1


def refused(engine: Engine, letter: Leased, fault: str, now: datetime, *, for_good: bool) -> None:
    """The server did not take it: later again, each time later, or never."""
    values = {"id": letter.id, "lease": letter.leased_until, "fault": fault}
    with engine.begin() as connection:
        if for_good or letter.attempts >= MOST_ATTEMPTS:
            connection.execute(_FAILED, values | {"now": now})
        else:
            wait = min(timedelta(minutes=2 ** (letter.attempts - 1)), _LONGEST_WAIT)
            connection.execute(_LATER, values | {"next": now + wait})


def untried(engine: Engine, letter: Leased, fault: str) -> None:
    """The server could not be asked: that is not the letter's fault, and does not count."""
    with engine.begin() as connection:
        connection.execute(_UNTRIED, {"id": letter.id, "lease": letter.leased_until, "fault": fault})


def again(engine: Engine, now: datetime) -> int:
    """Failed letters that can still be read wait once more; returns how many."""
    with engine.begin() as connection:
        return connection.execute(_AGAIN, {"now": now}).rowcount


def unsent(engine: Engine) -> Sequence[Standing]:
    with engine.connect() as connection:
        return [Standing(**row) for row in connection.execute(_LIST).mappings()]


def read(engine: Engine, number: int) -> tuple[str, str, str] | None:
    """(recipient, subject, text) of a letter that was not sent."""
    with engine.connect() as connection:
        row = connection.execute(_READ, {"id": number}).one_or_none()
    return None if row is None else (row.recipient, row.subject, row.body)


def forget(engine: Engine, now: datetime) -> None:
    with engine.begin() as connection:
        for statement in _FORGET:
            connection.execute(statement, {"kept": now - KEPT, "counted": now - COUNTED})
