"""Statements whose asker has left are cancelled in the database, and not finished for nobody.

While a thread waits for the database it does not look at its client. One more thread does, for all of them: the kernel
tells it when a client hangs up. A client that only ends its own side of the connection counts as gone, as it does for
nginx; one that is gone without a word (a cable pulled out) is not noticed, and ends with the statement's own timeout.
"""

import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, event

from geoportal import metrics

log = logging.getLogger(__name__)

# The socket of the client whose request this thread answers; None where nobody waits.
ASKER: Final[ContextVar[socket.socket | None]] = ContextVar("geoportal.asker", default=None)
_HUNG_UP: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLONESHOT
_CANCEL_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 0.1


def cancel_for_who_left(engine: Engine) -> Engine:
    """From now on the engine's statements end with their asker (`ASKER`), as if by their timeout; returns it."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", lambda context: _end(context.connection))
    return engine


@contextmanager
def ended_for_who_left(driver: psycopg.Connection[Any]) -> Iterator[None]:
    """The same for what is asked of the driver itself: the statement in this block ends with its asker."""
    asker = ASKER.get()
    line = asker.fileno() if asker is not None else -1
    if line < 0:
        yield
        return
    lookout = _lookout()
    lookout.begin(line, _Statement(driver))
    try:
        yield
    finally:
        lookout.end(line, driver)


@dataclass(slots=True)
class _Statement:
    connection: psycopg.Connection[Any]
    # held while it is cancelled: then the connection is not handed on, and nobody else's statement is hit
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_over: bool = False
    is_counted: bool = False


class _Lookout:
    """The thread that is told who has hung up."""

    def __init__(self) -> None:
        self._hung_up = select.epoll()
        self._running: dict[int, _Statement] = {}
        threading.Thread(target=self._look, name="lookout", daemon=True).start()

    def begin(self, asker: int, statement: _Statement) -> None:
        if asker not in self._running:  # one statement at a time; the first one ends the request
            self._running[asker] = statement
            self._hung_up.register(asker, _HUNG_UP)

    def end(self, asker: int, connection: object) -> None:
        statement = self._running.get(asker)
        if statement is None or statement.connection is not connection:
            return
        self._hung_up.unregister(asker)
        del self._running[asker]
        with statement.lock:
            statement.is_over = True

    def _look(self) -> None:
        left: list[_Statement] = []  # nobody waits for them, and they go on: the word may have come before they began
        while True:
            for asker, _ in self._hung_up.poll(_AGAIN_SECONDS if left else None):
                if (statement := self._running.get(asker)) is not None:
                    left.append(statement)
            left = [statement for statement in left if self._cancel(statement)]

    @staticmethod
    def _cancel(statement: _Statement) -> bool:
        """Whether it is to be told once more, should it not end now."""
        with statement.lock:
            if statement.is_over:
                return False
            if not statement.is_counted:
                statement.is_counted = True
                metrics.ABANDONED.labels(statement.connection.info.user).inc()
            try:
                statement.connection.cancel_safe(timeout=_CANCEL_SECONDS)
            except psycopg.Error as error:
                log.warning("a statement could not be cancelled: %s", type(error).__name__)
                return False
            return True


_made: list[_Lookout] = []
_making: Final = threading.Lock()


def _lookout() -> _Lookout:
    """Made by the first statement with an asker: after a server has forked its workers, which then share no thread.

    There is one, however many threads ask at first: what is begun at one lookout could not be ended at another.
    """
    with _making:
        if not _made:
            _made.append(_Lookout())
        return _made[0]


def _begin(connection: Connection, *_: Any) -> None:
    driver = connection.connection.driver_connection
    if (asker := ASKER.get()) is not None and asker.fileno() >= 0 and isinstance(driver, psycopg.Connection):
        _lookout().begin(asker.fileno(), _Statement(driver))


def _end(connection: Connection | None, *_: Any) -> None:
    if connection is not None and (asker := ASKER.get()) is not None and asker.fileno() >= 0:
        _lookout().end(asker.fileno(), connection.connection.driver_connection)
