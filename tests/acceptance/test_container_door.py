"""The door of the web server in containers: real sockets, real processes, and gunicorn as the portal starts it."""

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

import pytest

from geoportal.settings import CHECKOUT
from tests.processes import running

DOOR = [sys.executable, str(CHECKOUT / "containers" / "door.py")]
SERVER = """
from geoportal import serving
serving.serve(["--worker-class", "geoportal.serving.Worker", "--workers", "1", "--threads", "2", "--no-control-socket",
               "wsgiref.simple_server:demo_app"])
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="geoportal-door-") as name:  # short enough for a socket
        yield Path(name)


def holding(folder: Path) -> AbstractContextManager[Popen[bytes]]:
    return running([*DOOR, "hold", str(folder)], os.environ, folder / "log")


def serving(folder: Path) -> AbstractContextManager[Popen[bytes]]:
    return running([*DOOR, "behind", str(folder), sys.executable, "-c", SERVER], os.environ, folder / "log")


def knock(folder: Path) -> HTTPConnection:
    """Somebody who has asked and waits for the answer."""
    deadline = time.monotonic() + 240
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(folder / "web.sock"))
        except (FileNotFoundError, ConnectionRefusedError):  # the holder is just beginning
            line.close()
            assert time.monotonic() < deadline, (folder / "log").read_text("utf-8")
            time.sleep(0.1)
        else:
            line.settimeout(240)
            asking = HTTPConnection("localhost")
            asking.sock = line
            asking.request("GET", "/")
            return asking


def answered(folder: Path) -> int:
    with closing(knock(folder)) as asking:
        return asking.getresponse().status


def test_who_knocks_while_the_web_server_is_away_waits_for_the_next(folder: Path) -> None:
    with holding(folder):
        with closing(knock(folder)) as early, serving(folder) as first:
            assert early.getresponse().status == 200
            first.terminate()
            assert first.wait(240) == 0
        with closing(knock(folder)) as asking, serving(folder):
            assert asking.getresponse().status == 200
        assert stat.S_IMODE((folder / "hand.sock").stat().st_mode) == 0o600, "who may knock may not take the door away"


def test_a_web_server_behind_a_door_that_is_gone_ends_and_the_next_has_a_new_one(folder: Path) -> None:
    with holding(folder) as holder, serving(folder) as server:
        assert answered(folder) == 200
        holder.send_signal(signal.SIGKILL)
        assert server.wait(240) == 0
    with holding(folder), serving(folder):
        # the old door's name is still there until the new holder has taken it away
        assert answered(folder) == 200
