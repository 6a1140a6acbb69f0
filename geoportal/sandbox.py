"""Reads a plan file in a process of its own, which gets nothing but that file: no network, no other files, no children.

One process for one file. Python and the readers take about a second to start; forks of a warm process would save most
of it, but then one file could reach the next through the memory or the namespaces that they share. The walls:
bubblewrap where the machine has it and lets us (a file system of our choice, no network, own processes), and inside it,
or alone, what plans_ingest.confine takes away.
"""

import io
import logging
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, BinaryIO, Final, override

from shapely.geometry.base import BaseGeometry

import plans_ingest
from geoportal import metrics
from geoportal.database.tables import SRID
from plans_ingest import Batch, gdal_guard, kreis, serial
from plans_ingest.child import Request
from plans_ingest.confine import Limits
from plans_ingest.errors import Limit, ResourceExceeded
from plans_ingest.formats.recognise import Format, sniff
from plans_ingest.gemeinden import Gemeinde, surroundings
from plans_ingest.model import Where

log = logging.getLogger(__name__)

READER: Final = ("-m", "plans_ingest.child")
MAX_ANSWER: Final = 4 * 1024**3  # a million objects; they go to disk as they come
_POLL: Final = 0.2  # seconds; how soon a cancelled reading ends
_PATIENCE: Final = 2  # wall seconds for a second of computing time, on a machine that has other work too
_END: Final = 60.0  # seconds in which a process that has closed its end of the pipe is gone
_BUBBLEWRAP: Final = Path("/usr/bin/bwrap")
# nobody else's names
_FILE, _WORKDIR = "/run/upload/file", "/run/upload/work"
_SCHEMAS, _GEMEINDEN = "/run/upload/schemas", "/run/upload/gemeinden"
_PACKAGE: Final = Path(plans_ingest.__file__).resolve().parent


class ReadingCancelled(Exception):
    """The caller no longer wants the file read."""


class SandboxError(Exception):
    """No reading process can be started on this machine."""


def read(
    file: Path,
    name: str,
    *,
    workdir: Path,
    gemeinde: Gemeinde | None = None,
    schemas: Path | None = None,
    grenzen: Mapping[str, BaseGeometry] = MappingProxyType({}),
    cancelled: Callable[[], bool] = lambda: False,
    program: Sequence[str] = READER,
    bubblewrap: bool | None = None,
) -> Batch:
    """What plans_ingest.ingest() makes of the file; attachments lie in `workdir`, an empty folder of the caller's.

    `program` is what Python runs in the process, `bubblewrap` whether it must or must not be used (None: where it
    works). Raises PlanFileError, of the reader's or for what the reading cost; ReadingCancelled within half a second
    after `cancelled()` has become true.
    """
    is_wrapped = can_wrap() if bubblewrap is None else bubblewrap
    file, workdir = file.resolve(), workdir.resolve()
    limits = Limits.of(file.stat().st_size, is_packed=sniff(file) in {Format.ZIP, Format.GZIP})
    manifests = kreis.served()
    request = Request(
        file=_FILE if is_wrapped else str(file),
        name=name,
        workdir=_WORKDIR if is_wrapped else str(workdir),
        srid=SRID,
        gemeinde=None if gemeinde is None else gemeinde.model_dump_json(),
        gemeinden=None if manifests is None else _GEMEINDEN if is_wrapped else str(manifests),
        schemas=None if schemas is None else _SCHEMAS if is_wrapped else str(schemas),
        grenzen={**surroundings(SRID), **grenzen},
        limits=limits,
        asker=None if is_wrapped else os.getpid(),
    )
    environment = _environment(request.workdir)
    command = [sys.executable, "-P", "-s", *program]
    if is_wrapped:
        readable = {file: _FILE}
        readable |= {} if schemas is None else {schemas.resolve(): _SCHEMAS}
        readable |= {} if manifests is None else {manifests.resolve(): _GEMEINDEN}
        command = _wrapped(command, environment, readable, {workdir: _WORKDIR})
    started = time.monotonic()
    try:
        with _process(command, environment, request, workdir) as (process, errors):
            answer = _Answer(process, started + _PATIENCE * limits.most_cpu, cancelled)
            try:
                batch = serial.read_batch(io.BufferedReader(answer, 1024**2), workdir)
            except serial.Broken as fault:
                _log_last_words(errors, fault)
                raise ResourceExceeded(_reason(process)) from None
    except ResourceExceeded as fault:
        metrics.READINGS_ENDED.labels(fault.limit.value).inc()
        log.warning(
            "reading ended: reason=%s bytes=%d seconds=%.1f",
            fault.limit, file.stat().st_size, time.monotonic() - started,
        )  # fmt: skip
        raise ResourceExceeded(fault.limit, Where(name)) from None
    if not all(_is_plain(item.path, workdir) for item in batch.attachments):
        log.error("reading ended: an attachment is no file below the working folder")
        raise ResourceExceeded(Limit.CRASHED, Where(name))
    return batch


def describe() -> str:
    """Which walls stand on this machine. Raises SandboxError when the reader does not start behind them, or would have
    more of GDAL than it needs.
    """
    environment = _environment("/")
    start = "import plans_ingest.child; from plans_ingest import gdal_guard; gdal_guard.require_guarded()"
    command = [sys.executable, "-P", "-s", "-c", start]
    if can_wrap():
        command = _wrapped(command, environment, {}, {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
    if done.returncode:
        raise SandboxError(f"Das Leseprogramm startet nicht. / The reader does not start.\n{done.stderr.strip()}")
    if can_wrap():
        return "bubblewrap (kein Netz, nur die eine Datei) und Ressourcengrenzen"
    return (
        "nur Ressourcengrenzen und gesperrte Systemaufrufe (kein Netz, aber andere Dateien lesbar); "
        "bubblewrap fehlt oder darf hier keine Namensräume anlegen (docs/operator-ingest.md)"
    )


@cache
def can_wrap() -> bool:
    """Whether bubblewrap is there and may make namespaces; some containers refuse them. Tried once."""
    if not _BUBBLEWRAP.exists():
        return False
    environment = _environment("/")
    command = _wrapped([sys.executable, "-S", "-c", ""], environment, {}, {})
    return not subprocess.run(command, env=environment, capture_output=True, check=False, cwd="/").returncode  # noqa: S603


class _Answer(io.RawIOBase):
    """What the process writes, for as long as it may and somebody wants it."""

    def __init__(self, process: subprocess.Popen[bytes], deadline: float, cancelled: Callable[[], bool]) -> None:
        assert process.stdout is not None  # noqa: S101 - opened as a pipe
        self._pipe = process.stdout
        self._deadline = deadline
        self._cancelled = cancelled
        self._left = MAX_ANSWER
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        while True:  # asked before each byte too: a process that never falls silent must end as well
            if self._cancelled():
                raise ReadingCancelled
            if time.monotonic() > self._deadline:
                raise ResourceExceeded(Limit.TIME)
            if self._selector.select(_POLL):
                break
        count = os.readv(self._pipe.fileno(), [buffer])
        self._left -= count
        if self._left < 0:
            raise serial.Broken("the answer has no end")
        return count

    @override
    def close(self) -> None:
        self._selector.close()
        super().close()


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], request: Request, workdir: Path
) -> Iterator[tuple[subprocess.Popen[bytes], BinaryIO]]:
    """The process, in a session of its own; when this ends, it and all that it has started are gone."""
    # Files, not pipes: nobody has to feed the one or empty the other while the process may hang.
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as errors:
        serial.write_value(question, b"Q", Request, request, Path())
        question.seek(0)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments of our own
            command,
            stdin=question,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            cwd=workdir,
            start_new_session=True,
        )
        with process:
            try:
                yield process, errors
            finally:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Not yet waited for, so the number cannot have become somebody else's.
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


def _reason(process: subprocess.Popen[bytes]) -> Limit:
    """Why a process that has closed its end of the pipe did not answer."""
    try:
        code = process.wait(timeout=_END)
    except subprocess.TimeoutExpired:
        return Limit.CRASHED
    # bubblewrap reports a signal as shells do
    number = -code if code < 0 else code - 128
    if number == signal.SIGXCPU:
        return Limit.CPU
    if number in {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
        return Limit.KILLED
    return Limit.CRASHED


def _log_last_words(errors: IO[bytes], fault: Exception) -> None:
    size = errors.seek(0, io.SEEK_END)
    errors.seek(max(0, size - 4000))
    words = errors.read().decode("utf-8", "backslashreplace")
    log.error("reader gave no answer (%s); its last words: %s", fault, words)


def _is_plain(path: Path, workdir: Path) -> bool:
    """A link would make us publish whatever it points to. Asked when nobody is left who could exchange the file."""
    return path.resolve() == path and path.is_relative_to(workdir) and path.is_file()


def _environment(workdir: str) -> dict[str, str]:
    return gdal_guard.environment() | {
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(_PACKAGE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": workdir,
        # each thread and arena would reserve address space, of which there is a limit
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _wrapped(
    command: Sequence[str], environment: Mapping[str, str], readable: Mapping[Path, str], writable: Mapping[Path, str]
) -> list[str]:
    """The command with bubblewrap before it: it sees Python, its packages, the system's libraries, and these files."""
    options = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for name, value in environment.items():
        options += ["--setenv", name, value]
    options += ["--ro-bind", "/usr", "/usr", "--dev", "/dev"]
    for folder in map(Path, ("/lib", "/lib64", "/bin")):
        if folder.is_symlink():
            options += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.exists():
            options += ["--ro-bind", str(folder), str(folder)]
    for folder in dict.fromkeys([Path(sys.base_prefix), Path(sys.prefix), _PACKAGE]):
        if not folder.is_relative_to("/usr"):
            options += ["--ro-bind", str(folder), str(folder)]
    # where a Python with a library of its own finds that, when it lies in none of the usual folders
    options += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for path, place in readable.items():
        options += ["--ro-bind", str(path), place]
    for path, place in writable.items():
        options += ["--bind", str(path), place]
    # a temporary file system may be written to unless it is closed
    options += ["--remount-ro", "/", "--chdir", "/"]
    return [str(_BUBBLEWRAP), *options, *command]
