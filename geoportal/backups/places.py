"""Where backups lie: a folder, or a bucket of an S3-compatible store. Each takes a name only with all its bytes.

BackupError
└── what cannot be written, found or believed
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, override
from urllib.parse import urlsplit

from geoportal.bucket import Bucket, StoreError
from geoportal.settings import S3

_CHUNK: Final = 1024**2


class BackupError(Exception):
    """The message says what is wrong with a backup or its place, German first."""


class Place(ABC):
    """Names are relative, with slashes."""

    @abstractmethod
    def put(self, name: str, pieces: Iterable[bytes]) -> None: ...

    @abstractmethod
    def get(self, name: str) -> Iterator[bytes]:
        """Raises BackupError when there is no such name."""

    @abstractmethod
    def names(self, prefix: str) -> Iterator[str]: ...

    @abstractmethod
    def remove(self, name: str) -> None: ...


def place_of(address: str) -> Place:
    """`s3://bucket/prefix`, with keys and endpoint as AWS's own tools take them from the environment; else a folder."""
    parts = urlsplit(address)
    if parts.scheme == "s3":
        return InBucket(Bucket(S3(parts.netloc, parts.path.strip("/")), tries=5))
    return Directory(Path(address))


class Directory(Place):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as copy:
            try:
                copy.writelines(pieces)
                copy.flush()
                os.fsync(copy.fileno())
            except BaseException:
                Path(copy.name).unlink()
                raise
        Path(copy.name).replace(target)

    @override
    def get(self, name: str) -> Iterator[bytes]:
        try:
            with (self._folder / name).open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        except FileNotFoundError as fault:
            raise BackupError(f"In der Sicherung fehlt {name}. / missing in the backup.") from fault

    @override
    def names(self, prefix: str) -> Iterator[str]:
        for file in sorted((self._folder / prefix).rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                yield file.relative_to(self._folder).as_posix()

    @override
    def remove(self, name: str) -> None:
        path = self._folder / name
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


class InBucket(Place):
    def __init__(self, bucket: Bucket) -> None:
        # A bucket with object lock keeps what was written whatever we ask later; nothing here needs to overwrite.
        self._bucket = bucket

    @override
    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        # by way of a file: the length is to be known before, and what breaks off half-way must not get a name
        with tempfile.TemporaryFile() as copy, _told():
            copy.writelines(pieces)
            copy.seek(0)
            self._bucket.put(name, copy)

    @override
    def get(self, name: str) -> Iterator[bytes]:
        with _told():
            yield from self._bucket.pieces(name)

    @override
    def names(self, prefix: str) -> Iterator[str]:
        with _told():
            for stored in self._bucket.all(prefix):
                yield stored.name

    @override
    def remove(self, name: str) -> None:
        with _told():
            self._bucket.remove(name)


@contextmanager
def _told() -> Iterator[None]:
    """What the store says of a backup is a fault of the backup."""
    try:
        yield
    except StoreError as fault:
        raise BackupError(f"Speicher der Sicherung / store of the backup: {fault}") from fault
