"""What the worker does beside its queue, again and again: each chore in a rhythm of its own, and none ends another."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from geoportal import filing, workflow
from geoportal.archive import Archive, archive_of
from geoportal.bucket import StoreError
from geoportal.clock import Clock
from geoportal.database import reader_engine
from geoportal.downloads.building import DEBOUNCE_SECONDS
from geoportal.layers.sources import Places
from geoportal.layers.watch import LOOK_AGAIN, Watch
from geoportal.mail import Postman, ServerAway, queue
from geoportal.packages import refresh_packages
from geoportal.participation import forgetting
from geoportal.settings import Settings

log = logging.getLogger(__name__)

_FILES_AGAIN: Final = 15.0  # seconds, as all of these
_LETTERS_AGAIN: Final = 3.0
_SERVER_AWAY: Final = 300.0
_FORGETTING: Final = 3600.0
_CALENDAR: Final = 60.0
_AFTER_A_FAULT: Final = 60.0
_GERMANY: Final = ZoneInfo("Europe/Berlin")

type Chore = Callable[[], float]
"""Does what is due, in a thread, and returns after how many seconds it looks again."""


def chores_of(settings: Settings, engine: Engine, retention_days: int, closing: ExitStack) -> Mapping[str, Chore]:
    """By name. `engine` is the owner's; what the chores hold is given back when `closing` ends.

    Raises SettingsError without the reader's database.
    """
    reader = reader_engine(settings.require_read_url())
    closing.callback(reader.dispose)
    watch = Watch(engine, settings.home / "layers", Places.of(settings))
    closing.callback(watch.close)

    clock = Clock()

    def watch_layers() -> float:
        watch.look()
        return LOOK_AGAIN

    def in_doubt_later(chore: Chore) -> Chore:
        """What is published or deleted on its day cannot be taken back: it waits while nobody knows which day it is."""
        return lambda: chore() if clock.is_trusted() else _CALENDAR

    chores: dict[str, Chore] = {
        "layers": watch_layers,
        "files": lambda: _keep_files(reader, settings),
        "calendar": in_doubt_later(lambda: _publish_due(engine, archive_of(settings))),
        "forgetting": in_doubt_later(lambda: _forget(engine, retention_days)),
    }
    if settings.smtp is not None:
        chores["letters"] = _Letters(Postman(engine, settings.smtp)).send
    return chores


async def keep_doing(name: str, chore: Chore, stop: asyncio.Event) -> None:
    """Until `stop` is set, whatever happens to the chore: one that ended would be missed only when it matters."""
    while not stop.is_set():
        try:
            pause = await asyncio.to_thread(chore)
        except SQLAlchemyError as fault:
            log.warning("%s: database away: %s", name, type(fault).__name__)
            pause = _CALENDAR / 4
        except StoreError as fault:
            log.warning("%s: store of files away: %s", name, fault)
            pause = _CALENDAR / 4
        except Exception:
            log.exception("%s: failed, tried again in %.0f s", name, _AFTER_A_FAULT)
            pause = _AFTER_A_FAULT
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def _keep_files(engine: Engine, settings: Settings) -> float:
    """Files follow what is published; their versions say which are behind, so nothing has to be queued for them."""
    made = filing.refresh_downloads(engine, settings)
    made += refresh_packages(engine, settings, datetime.now(_GERMANY).date(), DEBOUNCE_SECONDS)
    if made:
        log.info("files made anew: %s", ", ".join(made))
    return _FILES_AGAIN


def _publish_due(engine: Engine, archive: Archive) -> float:
    """What was put down for a day is published in its first minute; several workers may look at once."""
    for number in workflow.publish_due(engine, archive, datetime.now(_GERMANY).date()):
        log.warning("delivery %s was due and could not be published; it is back in review", number)
    return _CALENDAR


def _forget(engine: Engine, retention_days: int) -> float:
    """What may no longer be kept of statements and letters is deleted, within an hour of its day."""
    now = datetime.now(UTC)
    forgetting.forget_unconfirmed(engine, now)
    forgetting.forget_old(engine, retention_days, now.astimezone(_GERMANY).date(), now)
    queue.forget(engine, now)
    return _FORGETTING


class _Letters:
    """Letters go out as they are written; while the mail server is away it is asked less and less often."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman
        self._pause = _LETTERS_AGAIN

    def send(self) -> float:
        try:
            self._postman.send_due()
            self._pause = _LETTERS_AGAIN
        except ServerAway as fault:
            self._pause = min(2 * self._pause, _SERVER_AWAY)
            log.warning("mail server away (%s), asked again in %.0f s", fault, self._pause)
        return self._pause
