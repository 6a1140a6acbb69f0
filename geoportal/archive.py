"""Originals and documents, filed by the SHA-256 of their content: what is stored never changes, and is stored once.

On one machine in a folder; where several share them in a bucket, with a folder on each for what is wanted there.
"""

import errno
import hashlib
import io
import logging
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, override
from uuid import uuid4

from geoportal.bucket import Bucket, NotStored, StoreAway, Stored, StoreError
from geoportal.settings import Settings

log = logging.getLogger(__name__)

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1024 * 1024
_SCRATCH: Final = ".scratch"
_MODE: Final = 0o640  # for the group too: who reads files to citizens is not who reads them in
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FETCHES: Final = 8  # at a time in a process; the others of a web server's threads have pages to answer
_PATIENCE: Final = 10.0  # seconds that a fetch waits for its turn
_SPARED: Final = 600.0  # seconds that a copy stays after it was last wanted: somebody is about to open it


def last_changed_before(moment: float, found: Iterable[Path]) -> list[Path]:
    """Of files and folders, without those that others have moved or removed since they were found."""
    old = []
    for path in found:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < moment:
                old.append(path)
    return old


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def is_full(fault: BaseException) -> bool:
    """Whether there was no room left for what was to be written; nobody who delivers can do anything about it."""
    return isinstance(fault, OSError) and fault.errno in _FULL


def write_all(write: Callable[[memoryview], int | None], data: bytes) -> None:
    """With the `write` of an unbuffered file. Raises OSError here, not when the file is closed; then it
    holds what fitted."""
    rest = memoryview(data)
    while rest:
        rest = rest[write(rest) :]


class Archive:
    """A folder of files under their hash. Putting a file in is atomic: it is there whole, or not at all."""

    _mode = _MODE

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: Path) -> str:
        """Files a copy and returns its SHA-256, as 64 lower-case hexadecimal digits."""
        with file.open("rb") as source:
            return self.put_stream(source)

    def put_stream(self, source: IO[bytes]) -> str:
        """The same for what is read from there, of which never more than a piece is in memory."""
        # Hashed as it is copied: whatever happens to the original meanwhile, the copy is what its name says.
        with self._copied(iter(lambda: source.read(_CHUNK), b"")) as (copy, digest):
            self._file_away(copy, digest)
        _sync(self._folder / digest[:2])
        return digest

    def take(self, file: Path) -> str:
        """The same for a file on the same disk that can be made again: it is moved, and no power cut is feared."""
        digest = sha256_of(file)
        file.chmod(self._mode)
        self._file_away(file, digest)
        return digest

    def path(self, digest: str) -> Path:
        """The file on this machine, to be opened at once; nothing is there if the archive has no such file.

        Raises ValueError for anything that is no SHA-256.
        """
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"no SHA-256: {digest[:80]!r}")
        return self._folder / digest[:2] / digest

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content of a file that is there."""
        with self.path(digest).open("rb") as opened:
            while piece := opened.read(_CHUNK):
                yield piece

    def sizes(self) -> Mapping[str, int]:
        """The bytes of every file, by digest."""
        return {file.name: stat.st_size for file, stat in self._files()}

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside the files, gone afterwards; what a killed process leaves there is for the sweep."""
        folder = self._folder / _SCRATCH
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            yield Path(name)

    def older_than(self, seconds: float) -> list[str]:
        """The digests of the files that nobody has put for so long."""
        latest = time.time() - seconds
        return [file.name for file, stat in self._files() if stat.st_mtime < latest]

    def touch(self, digest: str) -> None:
        """Makes a file, if it is there, as young as if somebody had put it now."""
        with suppress(FileNotFoundError):
            os.utime(self.path(digest))

    def remove(self, digest: str, older_than: float) -> None:
        """Unless somebody has put it again within these seconds. Who puts it between this look and the removal, in a
        folder a moment, has lost it; from a bucket it comes back.
        """
        for path in last_changed_before(time.time() - older_than, [self.path(digest)]):
            path.unlink(missing_ok=True)

    def removed(self) -> list[str]:
        """The digests of files that can still come back."""
        return []

    def bring_back(self, digest: str) -> None:
        """One of removed(), where it was."""

    def sweep(self, seconds: float) -> int:
        """Removes what killed processes left half-done that long ago, and for ever what was removed then; returns how
        many files and folders were half-done.
        """
        latest = time.time() - seconds
        folders = last_changed_before(latest, self._folder.glob(f"{_SCRATCH}/*"))
        copies = [item for item in last_changed_before(latest, self._folder.glob("tmp*")) if item.is_file()]
        for folder in folders:
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)
        for copy in copies:
            copy.unlink(missing_ok=True)
        return len(folders) + len(copies)

    def require(self) -> None:
        """Raises StoreError when files cannot be put in, read and removed. A folder tells that when it is used."""

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for file in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # another process makes room, or sweeps
                if _SHA256.fullmatch(file.name):
                    yield file, file.stat()

    @contextmanager
    def _copied(self, pieces: Iterable[bytes]) -> Iterator[tuple[Path, str]]:
        """A copy in the folder, without a name that counts, and its digest; gone afterwards unless it was moved."""
        self._folder.mkdir(parents=True, exist_ok=True)
        counted = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False, buffering=0) as copy, ExitStack() as undo:
            undo.callback(Path(copy.name).unlink, missing_ok=True)
            for piece in pieces:
                counted.update(piece)
                write_all(copy.write, piece)
            os.fchmod(copy.fileno(), self._mode)
            os.fsync(copy.fileno())
            yield Path(copy.name), counted.hexdigest()

    def _file_away(self, copy: Path, digest: str) -> None:
        target = Archive.path(self, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Also where it is there already: it is young again, and a sweep must not take it before the transaction that
        # will name it.
        copy.replace(target)


class SharedArchive(Archive):
    """A bucket of files under their hash. The folder has copies of what this machine has put or read, at most `room`
    bytes; whatever is in it is in the bucket too, so it may be emptied at any time.

    No store says "remove it unless somebody has just put it": what is removed goes to `removed/` for a while, and who
    wants it brings it back, a reader as well as the next sweep.

    All methods but `scratch` raise StoreError too, when the bucket is needed and cannot be had.
    """

    _mode = 0o660  # whichever account of ours reads a copy makes it young

    def __init__(self, folder: Path, bucket: Bucket, room: int) -> None:
        super().__init__(folder)
        self._bucket = bucket
        self._room = room
        self._fetching = threading.BoundedSemaphore(_FETCHES)
        self._since_made = room  # bytes written since there was last made room; unknown at first

    @override
    def path(self, digest: str) -> Path:
        path = super().path(digest)
        with suppress(FileNotFoundError):
            with suppress(PermissionError):  # a copy from before they were shared between accounts
                os.utime(path)  # it is wanted: whoever makes room spares it until it is open
            return path
        if not self._fetching.acquire(timeout=_PATIENCE):
            raise StoreAway(f"{digest}: zu viele holen gerade etwas / too many are fetching")
        try:
            self._fetch(digest)
        except NotStored:
            log.warning("%s is not in the bucket", digest)
        finally:
            self._fetching.release()
        return path

    @override
    def pieces(self, digest: str) -> Iterator[bytes]:
        counted = hashlib.sha256()
        for piece in self._pieces(digest):
            counted.update(piece)
            yield piece
        if counted.hexdigest() != digest:
            raise StoreError(f"{digest}: der Speicher gibt anderes zurück / the store gives something else")

    @override
    def sizes(self) -> Mapping[str, int]:
        return {digest: stored.size for below in ("removed", "files") for digest, stored in self._stored(below)}

    @override
    def older_than(self, seconds: float) -> list[str]:
        latest = datetime.now(UTC) - timedelta(seconds=seconds)
        old = {digest for digest, stored in self._stored("files") if stored.changed < latest}
        # with the copies, which outlive what another machine has removed
        return [*(old | set(super().older_than(seconds)))]

    @override
    def touch(self, digest: str) -> None:
        with suppress(NotStored):
            self._bucket.touch(_name(digest))

    @override
    def remove(self, digest: str, older_than: float) -> None:
        stored = self._bucket.look(_name(digest))
        if stored is not None and stored.changed < datetime.now(UTC) - timedelta(seconds=older_than):
            self._bucket.copy(_name(digest), _removed(digest))
            self._bucket.remove(_name(digest))
            stored = None
        if stored is None:
            super().path(digest).unlink(missing_ok=True)

    @override
    def removed(self) -> list[str]:
        return [digest for digest, _ in self._stored("removed")]

    @override
    def bring_back(self, digest: str) -> None:
        self._bucket.copy(_removed(digest), _name(digest))
        self._bucket.remove(_removed(digest))

    @override
    def sweep(self, seconds: float) -> int:
        self._make_room()
        latest = datetime.now(UTC) - timedelta(seconds=seconds)
        unfinished = self._bucket.drop_unfinished(latest)
        for digest, stored in self._stored("removed"):
            if stored.changed < latest:
                self._bucket.remove(_removed(digest))
        return super().sweep(seconds) + unfinished

    def reach(self) -> None:
        """Raises StoreError when the bucket cannot be asked."""
        next(self._bucket.all("files"), None)

    @override
    def require(self) -> None:
        probe = f"probe/{uuid4()}"
        self._bucket.put(probe, io.BytesIO(probe.encode()))
        if b"".join(self._bucket.pieces(probe)) != probe.encode() or probe not in self._names("probe"):
            raise StoreError(f"{probe}: geschrieben, aber nicht zu lesen / written, but not to be read")
        self._bucket.remove(probe)

    def forget(self, seconds: float, *, but: Collection[str]) -> None:
        """Drops the copies of other files that nobody has wanted here for so long."""
        for digest in set(super().older_than(seconds)).difference(but):
            super().path(digest).unlink(missing_ok=True)

    @override
    def _file_away(self, copy: Path, digest: str) -> None:
        # first there, then here: no database may name what this machine alone has
        with copy.open("rb") as content:
            self._bucket.put(_name(digest), content)
        self._keep(copy, digest)

    def _fetch(self, digest: str) -> None:
        with self._copied(self._pieces(digest)) as (copy, found):
            if found != digest:
                log.error("%s is something else in the bucket: %s", digest, found)
                return
            self._keep(copy, digest)

    def _pieces(self, digest: str) -> Iterator[bytes]:
        try:
            yield from self._bucket.pieces(_name(digest))
        except NotStored:
            self.bring_back(digest)
            yield from self._bucket.pieces(_name(digest))

    def _keep(self, copy: Path, digest: str) -> None:
        self._since_made += copy.stat().st_size
        super()._file_away(copy, digest)
        if self._since_made > self._room // 20:
            self._make_room()

    def _make_room(self) -> None:
        """What nobody has wanted for longest goes first, until a fifth of the room is free."""
        self._since_made = 0
        files = sorted(self._files(), key=lambda item: item[1].st_mtime)
        used = sum(stat.st_size for _, stat in files)
        latest = time.time() - _SPARED
        if used <= self._room:
            return
        for file, stat in files:
            if used <= self._room * 4 // 5 or stat.st_mtime > latest:
                break
            file.unlink(missing_ok=True)
            used -= stat.st_size

    def _names(self, below: str) -> set[str]:
        return {stored.name for stored in self._bucket.all(below)}

    def _stored(self, below: str) -> Iterator[tuple[str, Stored]]:
        for stored in self._bucket.all(below):
            digest = stored.name.rpartition("/")[2]
            if _SHA256.fullmatch(digest):
                yield digest, stored


def archive_of(settings: Settings) -> Archive:
    """The originals and documents of this installation."""
    if settings.bucket is None:
        return Archive(settings.archive)
    return SharedArchive(settings.archive, Bucket(settings.bucket, "archive"), settings.bucket.room)


def _name(digest: str) -> str:
    return f"files/{digest[:2]}/{digest}"


def _removed(digest: str) -> str:
    return f"removed/{digest}"


def _sync(folder: Path) -> None:
    """Makes a new name in the folder outlive a power cut: the database will name the file and must find it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
