"""One bucket of an S3-compatible store: bytes under names, each there whole or not at all.

StoreError
├── StoreAway      not reached, too slow or out of order; later it may answer
├── StoreRefused   a wrong key, no such bucket, no right to it: an operator has to look
└── NotStored      there is nothing under this name
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import IO, Any, Final

from geoportal.settings import S3

_CHUNK: Final = 1024**2
_REST: Final = 5.0  # seconds in which a store that did not answer is not asked again: nobody else waits for it
_PATIENCE: Final = 20.0  # seconds for an object of any size, and then its bytes at _SLOWEST
_SLOWEST: Final = 250_000.0  # bytes a second
_CONNECT: Final = 3.0
_READ: Final = 10.0
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class StoreError(Exception):
    """The message says what the store said, German first; it is for operators."""


class StoreAway(StoreError):
    """The store does not answer, or not in time."""


class StoreRefused(StoreError):
    """The store answers, and does not let us."""


class NotStored(StoreError):
    """The store has nothing under this name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """`changed` is aware, and by the store's clock."""

    name: str
    size: int
    changed: datetime


class Bucket:
    """Names are relative to `below`, with slashes. Safe for threads; every method raises StoreError.

    `tries`: how often what failed in passing is asked again; people who wait want few.
    """

    def __init__(self, where: S3, below: str = "", *, tries: int = 2) -> None:
        self._where = where
        self._tries = tries
        self._prefix = "".join(f"{part}/" for part in (where.prefix, below) if part)

    def put(self, name: str, content: IO[bytes]) -> None:
        """From where the file stands to its end, in pieces."""
        with self._asked(name) as client:
            client.upload_fileobj(content, self._where.bucket, self._prefix + name, Config=self._line.way)

    def pieces(self, name: str) -> Iterator[bytes]:
        with self._asked(name) as client:
            answer = client.get_object(Bucket=self._where.bucket, Key=self._prefix + name)
            latest = time.monotonic() + _PATIENCE + answer["ContentLength"] / _SLOWEST
            with closing(answer["Body"]) as body:
                for piece in body.iter_chunks(_CHUNK):
                    yield piece
                    if time.monotonic() > latest:
                        raise self._away(name, "zu langsam / too slow")

    def read(self, name: str, known: str = "") -> tuple[str, bytes] | None:
        """The validator and all bytes of something small; None where they are still those of the validator `known`."""
        given = {"IfNoneMatch": known} if known else {}
        try:
            with self._asked(name) as client:
                answer = client.get_object(Bucket=self._where.bucket, Key=self._prefix + name, **given)
                return answer["ETag"], answer["Body"].read()
        except _Unchanged:
            return None

    def look(self, name: str) -> Stored | None:
        try:
            with self._asked(name) as client:
                answer = client.head_object(Bucket=self._where.bucket, Key=self._prefix + name)
        except NotStored:
            return None
        return Stored(name, answer["ContentLength"], answer["LastModified"])

    def all(self, below: str = "") -> Iterator[Stored]:
        prefix = self._prefix + (f"{below}/" if below else "")
        with self._asked(below) as client:
            pages = client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._where.bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    yield Stored(item["Key"].removeprefix(self._prefix), item["Size"], item["LastModified"])

    def touch(self, name: str) -> None:
        """Makes it young again, without moving its bytes."""
        self.copy(name, name)

    def copy(self, name: str, to: str) -> None:
        """Under another name too, there young; its bytes do not come here."""
        with self._asked(name) as client:
            source = {"Bucket": self._where.bucket, "Key": self._prefix + name}
            client.copy(
                source, self._where.bucket, self._prefix + to, {"MetadataDirective": "REPLACE"}, Config=self._line.way
            )

    def remove(self, name: str) -> None:
        """Also where there is nothing."""
        with self._asked(name) as client:
            client.delete_object(Bucket=self._where.bucket, Key=self._prefix + name)

    def drop_unfinished(self, latest: datetime) -> int:
        """Removes the pieces of uploads that nobody will finish, begun before then; returns how many uploads."""
        count = 0
        with self._asked("") as client:
            pages = client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._where.bucket, Prefix=self._prefix):
                for each in page.get("Uploads", ()):
                    if each["Initiated"] < latest:
                        client.abort_multipart_upload(
                            Bucket=self._where.bucket, Key=each["Key"], UploadId=each["UploadId"]
                        )
                        count += 1
        return count

    @contextmanager
    def _asked(self, name: str) -> Iterator[Any]:
        """The client; what it raises becomes ours."""
        # not at import: a fifth of a second that most processes can spare
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        line = self._line
        if time.monotonic() < line.rests_until:
            raise StoreAway(self._told(name, "antwortet nicht / does not answer"))
        try:
            yield line.client()
        except ClientError as fault:
            raise self._meant(name, fault.response) from fault
        except (BotoCoreError, Boto3Error, HTTPError) as fault:
            raise self._away(name, type(fault).__name__) from fault

    def _meant(self, name: str, response: Any) -> Exception:
        status, code = response["ResponseMetadata"].get("HTTPStatusCode", 0), response["Error"].get("Code", "")
        if status == HTTPStatus.NOT_MODIFIED:
            return _Unchanged()
        if status >= 500 or status in _PASSING or code in {"SlowDown", "RequestTimeout"}:
            return self._away(name, code)
        if status == HTTPStatus.NOT_FOUND and code != "NoSuchBucket":
            return NotStored(self._told(name, "gibt es nicht / is not there"))
        return StoreRefused(self._told(name, f"{code}: {response['Error'].get('Message', '')}"))

    def _away(self, name: str, why: str) -> StoreAway:
        """Who asks next is told the same at once, for a while."""
        self._line.rests_until = time.monotonic() + _REST
        return StoreAway(self._told(name, why))

    def _told(self, name: str, why: str) -> str:
        place = f"s3://{self._where.bucket}/{self._prefix}{name}".rstrip("/")
        return f"{place} ({self._where.endpoint or 'AWS'}): {why}"

    @property
    def _line(self) -> "_Line":
        return _lines(self._where, self._tries, os.getpid())


class _Unchanged(Exception):
    """The store has what we have."""


@dataclass(slots=True)
class _Line:
    """What all buckets of a process share that lie in one store."""

    where: S3
    tries: int
    rests_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    made: Any = None
    way: Any = None

    def client(self) -> Any:
        with self.lock:
            if self.made is None:
                self._make()
            return self.made

    def _make(self) -> None:
        import boto3
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config

        where = self.where
        config = Config(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"total_max_attempts": self.tries, "mode": "standard"},
            # stores in a house of one's own have one name, not one for each bucket
            s3={"addressing_style": "path" if where.endpoint else "auto"},
            max_pool_connections=16,
            # checksums in trailers are not known to every store, and hashes of ours tell what a store has changed
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # a piece at a time: what a web server holds of a plan is never more than this
        self.way = TransferConfig(use_threads=False)
        self.made = boto3.session.Session().client(
            "s3",
            endpoint_url=where.endpoint,
            region_name=where.region,
            aws_access_key_id=where.key_id,
            aws_secret_access_key=where.secret,
            config=config,
        )


@cache
def _lines(where: S3, tries: int, process: int) -> _Line:  # noqa: ARG001 - a forked child has connections of its own
    return _Line(where, tries)
