"""What is done now and then, and when. systemd's timers are written from this table (installing/); where there is no
systemd, in containers, `keep` does what they would.
"""

import asyncio
import logging
import os
import random
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)

_DAY: Final = 24 * 60  # minutes
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_GERMANY: Final = ZoneInfo("Europe/Berlin")
_LOOK_AGAIN: Final = 30.0  # seconds: clocks are set and machines sleep
_LONGEST: Final = 6 * 3600.0
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`at` minutes after midnight and `every` so many minutes from then on; on one `weekday` (0: Monday) or on each."""

    at: int
    every: int = _DAY
    weekday: int | None = None

    def __str__(self) -> str:
        """As systemd spells it."""
        if self.every < _DAY:
            return f"*:{self.at}/{self.every}"
        day = "*-*-*" if self.weekday is None else _DAYS[self.weekday]
        return f"{day} {self.at // 60:02}:{self.at % 60:02}"

    def after(self, moment: datetime) -> datetime:
        """The next time, by German clocks. Both are in UTC: in local time the hour that October has twice is one."""
        today = moment.astimezone(_GERMANY).date()
        for day in (today + timedelta(days=ahead) for ahead in range(9)):
            if self.weekday in {None, day.weekday()}:
                for minute in range(self.at, _DAY, self.every):
                    there = datetime.combine(day, time(minute // 60, minute % 60), _GERMANY).astimezone(UTC)
                    if there > moment:
                        return there
        raise AssertionError(self)


@dataclass(frozen=True, slots=True)
class Task:
    """A command of ours. `spread`: minutes that machines are apart which have the same timetable."""

    command: str
    told: str
    rhythm: Rhythm
    spread: int


PERIODIC: Final[Mapping[str, Task]] = {
    "backup": Task("backup", "sichert Datenbank und Archiv", Rhythm(90), 30),
    "drill": Task(
        "drill", "spielt die letzte Sicherung zur Probe zurück und vergleicht", Rhythm(4 * 60, weekday=6), 30
    ),
    "sweep": Task("sweep", "räumt auf, was niemand mehr nennt", Rhythm(3 * 60 + 30), 30),
    "audit": Task("audit verify", "rechnet die Kette des Protokolls nach", Rhythm(5 * 60), 30),
    "downloads": Task("downloads build", "erneuert die Dateien zum Herunterladen", Rhythm(7, every=15), 1),
    "layers": Task("layers sync", "liest die Quellen der Layer", Rhythm(0, every=15), 1),
}
# not a command of ours: the database's own programs, as its account
BASE: Final = Task("", "wöchentliche Grundsicherung", Rhythm(2 * 60 + 30, weekday=5), 30)


async def keep(folder: Path, tasks: Mapping[str, Task] = PERIODIC) -> None:
    """Runs each task in its rhythm, in a process of its own, until this one is told to stop.

    `folder` remembers when each began last, so that what was due while nobody ran is made up for, once. Its file
    `failed` names those whose last run failed; it is empty when all went well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.nice(10)  # whoever asks the portal comes first
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    failed = _Failed(folder / "failed")
    async with asyncio.TaskGroup() as group:
        for name, task in tasks.items():
            group.create_task(_keep_one(folder / name, name, task, failed, stop))


class _Failed:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._names = set(file.read_text("utf-8").split()) if file.exists() else set()

    def tell(self, name: str, *, failed: bool) -> None:
        self._names = self._names | {name} if failed else self._names - {name}
        self._file.write_text("".join(f"{each}\n" for each in sorted(self._names)), "utf-8")


async def _keep_one(stamp: Path, name: str, task: Task, failed: _Failed, stop: asyncio.Event) -> None:
    if not stamp.exists():
        stamp.touch()
    while not stop.is_set():
        spread = timedelta(minutes=random.uniform(0, task.spread))  # noqa: S311 - no secret
        while not stop.is_set() and datetime.now(UTC) < _due(stamp, task.rhythm) + spread:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_AGAIN)
        if not stop.is_set():
            began = datetime.now(UTC).timestamp()
            fault = await _run(task.command, stop)
            if not stop.is_set():  # what was broken off begins again
                os.utime(stamp, (began, began))
            failed.tell(name, failed=fault is not None)
            if fault is not None:
                log.error("%s: %s", name, fault)


def _due(stamp: Path, rhythm: Rhythm) -> datetime:
    # one of the future is from before the clock was set back, and says nothing
    last = min(datetime.fromtimestamp(stamp.stat().st_mtime, UTC), datetime.now(UTC))
    return rhythm.after(last)


async def _run(command: str, stop: asyncio.Event) -> str | None:
    """What was wrong with it, None when nothing was."""
    program = (sys.executable, "-c", "from geoportal.cli import main; main()", *command.split())
    child = await asyncio.create_subprocess_exec(*program, start_new_session=True)
    ended, stopped = asyncio.create_task(child.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, timeout=_LONGEST, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if ended.done():
        return f"ended with {ended.result()}" if ended.result() else None
    why = "stopped with the timetable" if stop.is_set() else f"took longer than {_LONGEST / 3600:.0f} hours"
    os.killpg(child.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(ended, _PATIENCE)
    except TimeoutError:
        os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    return why
