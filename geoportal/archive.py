"""Originals and documents, filed by the SHA-256 of their content: what is stored never changes, and is stored once."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1024 * 1024
_SCRATCH: Final = ".scratch"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


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

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: Path) -> str:
        """Files a copy and returns its SHA-256, as 64 lower-case hexadecimal digits."""
        with file.open("rb") as source:
            return self.put_stream(source)

    def put_stream(self, source: IO[bytes]) -> str:
        """The same for what is read from there, of which never more than a piece is in memory."""
        self._folder.mkdir(parents=True, exist_ok=True)
        counted = hashlib.sha256()
        # Hashed as it is copied: whatever happens to the original meanwhile, the copy is what its name says.
        with ExitStack() as undo:
            copy = undo.enter_context(tempfile.NamedTemporaryFile(dir=self._folder, delete=False, buffering=0))
            undo.callback(Path(copy.name).unlink)
            while chunk := source.read(_CHUNK):
                counted.update(chunk)
                write_all(copy.write, chunk)
            # for the group too: who reads files to citizens is not who reads them in
            os.fchmod(copy.fileno(), 0o640)
            os.fsync(copy.fileno())
            undo.pop_all()
            copy.close()
        target = self.path(counted.hexdigest())
        target.parent.mkdir(exist_ok=True)
        # Also where it is there already: it is young again, and a sweep must not take it before the transaction that
        # will name it.
        Path(copy.name).replace(target)
        _sync(target.parent)
        return target.name

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
        files = self._folder.glob("[0-9a-f][0-9a-f]/*")
        return [file.name for file in files if _SHA256.fullmatch(file.name) and file.stat().st_mtime < latest]

    def remove(self, digest: str, older_than: float) -> None:
        """Unless somebody has put it again within these seconds."""
        path = self.path(digest)
        if path.exists() and path.stat().st_mtime < time.time() - older_than:
            path.unlink()

    def sweep(self, seconds: float) -> int:
        """Removes what killed processes left half-done that long ago; returns how many files and folders."""
        latest = time.time() - seconds
        folders = [item for item in self._folder.glob(f"{_SCRATCH}/*") if item.stat().st_mtime < latest]
        copies = [item for item in self._folder.glob("tmp*") if item.is_file() and item.stat().st_mtime < latest]
        for folder in folders:
            shutil.rmtree(folder)
        for copy in copies:
            copy.unlink()
        return len(folders) + len(copies)

    def path(self, digest: str) -> Path:
        """Where the file lies. Raises ValueError for anything that is no SHA-256."""
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"no SHA-256: {digest[:80]!r}")
        return self._folder / digest[:2] / digest


def _sync(folder: Path) -> None:
    """Makes a new name in the folder outlive a power cut: the database will name the file and must find it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
