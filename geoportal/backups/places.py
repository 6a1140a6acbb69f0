"""Where backups lie: a folder, or a bucket of an S3-compatible store. Each takes a name only with all its bytes.

BackupError
└── what cannot be written, found or believed
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, override
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

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
        return Bucket(parts.netloc, parts.path.strip("/"))
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


class Bucket(Place):
    def __init__(self, bucket: str, prefix: str) -> None:
        # A bucket with object lock keeps what was written whatever we ask later; nothing here needs to overwrite.
        self._client: Any = boto3.client("s3", config=Config(retries={"max_attempts": 5, "mode": "standard"}))
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    @override
    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        # by way of a file: the length is to be known before, and what breaks off half-way must not get a name
        with tempfile.TemporaryFile() as copy, _told(name):
            copy.writelines(pieces)
            copy.seek(0)
            self._client.upload_fileobj(copy, self._bucket, self._prefix + name)

    @override
    def get(self, name: str) -> Iterator[bytes]:
        with _told(name):
            body = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"]
            yield from body.iter_chunks(_CHUNK)

    @override
    def names(self, prefix: str) -> Iterator[str]:
        with _told(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}/"):
                for item in page.get("Contents", ()):
                    yield item["Key"].removeprefix(self._prefix)

    @override
    def remove(self, name: str) -> None:
        with _told(name):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)


class _told:  # noqa: N801 - reads as the statement it is
    """What the store's client raises becomes a sentence."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, traceback: object) -> None:
        if isinstance(fault, ClientError | BotoCoreError):
            raise BackupError(f"{self._name}: der Speicher sagt / the store says: {fault}") from fault
