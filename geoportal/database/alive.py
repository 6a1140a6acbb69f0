"""Whether a connection that has rested in the pool still has a server, found out without a way to the database.

A server that ends, or ends a connection, says so: the kernel holds its goodbye, or knows that the line is down, and an
idle connection has nothing else to be read. Only a machine that vanished says nothing; who has rested longer than one
could start again in is therefore asked. SQLAlchemy's own `pool_pre_ping` asks before each use, which costs as much as
a short answer.
"""

import select
import time
from typing import Any, Final

import psycopg
from psycopg.pq import ConnStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_ASK_AFTER: Final = 5.0  # seconds of rest
_SINCE: Final = "resting since"


def checked_after_rest(engine: Engine) -> Engine:
    """From now on the engine never hands out a connection that is known to be dead; returns it.

    One dead connection has all others made anew: most likely the server has been started again.
    """
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", _wake)
    return engine


def _rest(_: psycopg.Connection[Any] | None, record: Any) -> None:
    record.info[_SINCE] = time.monotonic()


def _wake(driver: psycopg.Connection[Any], record: Any, _: Any) -> None:
    since = record.info.get(_SINCE)
    if since is None:  # it has just been made
        return
    if driver.closed or _has_word(driver.fileno()) or (time.monotonic() - since > _ASK_AFTER and not _answers(driver)):
        raise InvalidatePoolError


def _has_word(line: int) -> bool:
    looking = select.poll()
    looking.register(line, select.POLLIN)
    return bool(looking.poll(0))


def _answers(driver: psycopg.Connection[Any]) -> bool:
    driver.pgconn.exec_(b"")  # an empty statement opens no transaction
    return driver.pgconn.status == ConnStatus.OK
