"""The timetable: when things are due by German clocks, and that they are done without systemd as well."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from geoportal.timetable import BASE, PERIODIC, Rhythm

# two that end at once, one well and one not, in a process that is told where it may write
KEEPS = """
import asyncio, sys
from pathlib import Path
from geoportal.timetable import Rhythm, Task, keep

daily = Rhythm(int(sys.argv[2]))
asyncio.run(keep(Path(sys.argv[1]), {
    "good": Task("--help", "", Rhythm(0, every=15), 0),
    "bad": Task("vanish", "", daily, 0),
    "later": Task("vanish", "", daily, 0),
    "last": Task("--help", "", daily, 0),
}))
"""


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        (PERIODIC["backup"].rhythm, "2026-11-27T12:00", "2026-11-28T00:30"),
        (PERIODIC["backup"].rhythm, "2026-11-28T00:29", "2026-11-28T00:30"),
        (PERIODIC["backup"].rhythm, "2026-11-28T00:30", "2026-11-29T00:30"),
        (PERIODIC["backup"].rhythm, "2026-07-01T12:00", "2026-07-01T23:30"),  # half past one in summer
        (PERIODIC["drill"].rhythm, "2026-11-29T02:59", "2026-11-29T03:00"),  # a Sunday
        (PERIODIC["drill"].rhythm, "2026-11-29T03:00", "2026-12-06T03:00"),
        (PERIODIC["layers"].rhythm, "2026-11-27T12:14", "2026-11-27T12:15"),
        (PERIODIC["downloads"].rhythm, "2026-11-27T12:14", "2026-11-27T12:22"),
        (PERIODIC["downloads"].rhythm, "2026-11-27T22:59", "2026-11-27T23:07"),
        (BASE.rhythm, "2026-11-27T12:00", "2026-11-28T01:30"),
        (PERIODIC["layers"].rhythm, "2026-03-29T00:59", "2026-03-29T01:00"),  # two o'clock is three o'clock
        (PERIODIC["sweep"].rhythm, "2026-10-25T00:30", "2026-10-25T02:30"),  # two o'clock comes twice
    ],
)
def test_what_is_due_next(rhythm: Rhythm, now: str, due: str) -> None:
    assert rhythm.after(datetime.fromisoformat(now).replace(tzinfo=UTC)) == datetime.fromisoformat(due).replace(
        tzinfo=UTC
    )


def test_systemd_is_told_the_same() -> None:
    told = {name: str(task.rhythm) for name, task in {"base": BASE, **PERIODIC}.items()}
    assert told == {
        "base": "Sat 02:30",
        "backup": "*-*-* 01:30",
        "drill": "Sun 04:00",
        "sweep": "*-*-* 03:30",
        "audit": "*-*-* 05:00",
        "downloads": "*:7/15",
        "layers": "*:0/15",
    }


@contextmanager
def keeping(folder: Path, began: Mapping[str, float]) -> Iterator[subprocess.Popen[bytes]]:
    """With tasks that began last at these moments."""
    folder.mkdir(exist_ok=True)
    for name, at in began.items():
        (folder / name).touch()
        os.utime(folder / name, (at, at))
    german = datetime.now(ZoneInfo("Europe/Berlin"))
    half_a_day_away = (german.hour * 60 + german.minute + 720) % 1440  # nothing falls due while one looks
    arguments = [sys.executable, "-c", KEEPS, str(folder), str(half_a_day_away)]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def wait_for(folder: Path, name: str, since: float) -> None:
    deadline = time.monotonic() + 120
    while (folder / name).stat().st_mtime < since:
        assert time.monotonic() < deadline, name
        time.sleep(0.1)


def test_what_was_due_while_nobody_ran_is_made_up_for_and_a_failure_stays_told(tmp_path: Path) -> None:
    now = time.time()
    three_days_ago, folder = now - timedelta(days=3).total_seconds(), tmp_path / "timetable"
    tomorrow = now + timedelta(days=1).total_seconds()  # the clock was set back
    with keeping(folder, {"good": three_days_ago, "bad": three_days_ago}):
        wait_for(folder, "good", now)
        wait_for(folder, "bad", now)
    assert (folder / "failed").read_text("utf-8") == "bad\n"
    before = (folder / "bad").stat().st_mtime
    with keeping(folder, {"good": tomorrow, "later": now, "last": three_days_ago}):
        wait_for(folder, "last", now)  # before it began, each of the others has looked whether it is due
    assert (folder / "failed").read_text("utf-8") == "bad\n", "nobody has tried again"
    assert (folder / "bad").stat().st_mtime == before
