"""The portal's processes as an operator runs them, for tests that look at them from outside."""

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from geoportal.database.cluster import Cluster
from geoportal.settings import Settings


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process needs to be told to work on the same database and folders."""
    told = {
        "PATH": os.environ["PATH"],
        "GEOPORTAL_DATABASE_URL": settings.require_database_url(),
        "GEOPORTAL_READ_DATABASE_URL": settings.require_read_url(),
        "GEOPORTAL_DATA": str(settings.data),
        "GEOPORTAL_RUN": str(settings.run),
        "GEOPORTAL_HOME": str(settings.home),
    }
    return told | more


# Each process of a suite begins elsewhere.
_numbers = itertools.count(97 * os.getpid())


def free_port() -> int:
    """A port at which nobody listens. The kernel gives away others (32768 and more), so that no connection takes it
    before its server is there, or while that is away.
    """
    while True:
        port = 10_000 + next(_numbers) % 20_000
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from geoportal.cli import main; main()", *arguments]


@contextmanager
def running(
    arguments: list[str],
    environ: Mapping[str, str],
    log: Path,
    port: int | None = None,
    *,
    pass_fds: tuple[int, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """The process until the end of the block; with a port, it has answered there before the block begins."""
    with (
        log.open("ab") as out,
        subprocess.Popen(arguments, env=dict(environ), stdout=out, stderr=out, pass_fds=pass_fds) as process,
    ):
        try:
            if port is not None:
                wait_for(port, process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()


class Door:
    """A listening socket that outlives the servers behind it, as systemd's socket units have them."""

    _OPEN = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""

    def __init__(self, path: Path | None = None) -> None:
        """At a path for a proxy on the machine, as systemd's; without one at a port, for whoever asks directly."""
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
            self.port: int = self._listener.getsockname()[1]
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen(2048)

    def serving(self, environ: Mapping[str, str], log: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """`geoportal serve` behind this door."""
        number = self._listener.fileno()
        arguments = [sys.executable, "-c", self._OPEN, str(number), *command("serve")[1:]]
        return running(arguments, environ, log, pass_fds=(number,))

    def close(self) -> None:
        self._listener.close()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 240
    while True:
        try:
            status(port, "/healthz")
        except (OSError, HTTPException):
            assert process.poll() is None, log.read_text("utf-8", "replace")[-3000:]
            assert time.monotonic() < deadline, log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.1)
        else:
            return


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def status(port: int, path: str) -> int:
    return get(port, path)[0]


def crash_and_restart(cluster: Cluster) -> None:
    """SIGQUIT ends the server at once, as `pg_ctl stop -m immediate` does, and it comes back on the same port."""
    url = cluster.url
    cluster._run("pg_ctl", "restart", "-m", "immediate", "-l", str(cluster._log))
    assert cluster.url == url


def memory_of(pid: int) -> float:
    """Megabytes that a process and all that it started have for themselves or share, each counted in part."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return own / 1024 + sum(memory_of(int(child)) for child in children)
