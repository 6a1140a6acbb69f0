"""S3-compatible stores on loopback that can be taken away, be silent, or ask for the right key: moto, which is made for
tests, and OpenStack Swift, which is not.
"""

import itertools
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Final, Self, override

import boto3
import pytest
from moto.server import ThreadedMotoServer

from geoportal.bucket import Bucket, StoreError
from geoportal.settings import S3
from tests.processes import free_port, running
from tests.waiting import wait_until

_numbers = itertools.count(1)  # what is in one of them is in all of a process
_POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_SWIFT: Final = Path(__file__).with_name("swift_server.py")


class Store(ABC):
    """A context manager. What is in it outlives the time in which it is away."""

    scheme = "http"

    def __init__(self) -> None:
        self._port = free_port()
        self._key = "x", "x"
        self._stay = ExitStack()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._stop()
        self._stay.close()

    def new_bucket(self) -> S3:
        name = f"archiv-{next(_numbers)}"
        self._client("s3").create_bucket(Bucket=name)
        return S3(name, "kreis", self.address, "us-east-1", *self._key, room=10**9)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens at its address."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """It looks at keys."""
        yield

    def awake(self, where: S3 | None) -> None:
        """Returns when who found it away asks it again."""
        assert where is not None
        deadline = time.monotonic() + 60
        while True:
            with suppress(StoreError):
                next(Bucket(where).all(), None)
                return
            assert time.monotonic() < deadline
            time.sleep(0.1)

    @abstractmethod
    def _start(self) -> None: ...

    @abstractmethod
    def _stop(self) -> None: ...

    def _client(self, service: str):  # type: ignore[no-untyped-def]  # boto3 has no types
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=self._key[0],
            aws_secret_access_key=self._key[1],
        )


class Moto(Store):
    @override
    def __enter__(self) -> Self:
        super().__enter__()
        client, user = self._client("iam"), f"geoportal-{next(_numbers)}"
        client.create_user(UserName=user)
        client.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=json.dumps(_POLICY))
        key = client.create_access_key(UserName=user)["AccessKey"]
        self._key = key["AccessKeyId"], key["SecretAccessKey"]
        return self

    @contextmanager
    @override
    def locked(self) -> Iterator[None]:
        self._ask("/moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._ask("/moto-api/reset-auth", b"inf")

    @override
    def _start(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()

    @override
    def _stop(self) -> None:
        self._server.stop()

    def _ask(self, path: str, body: bytes) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": "text/plain"})
        connection.getresponse().read()
        connection.close()


class Swift(Store):
    """Looks at keys always, and speaks TLS with a certificate that AWS_CA_BUNDLE names as long as this is open."""

    scheme = "https"

    def __init__(self) -> None:
        super().__init__()
        self._key = "kreis:archiv", "ein-geheimnis"

    @override
    def __enter__(self) -> Self:
        self._folder = Path(self._stay.enter_context(tempfile.TemporaryDirectory(prefix="swift-")))
        certificate = self._folder / "tls.crt"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self._folder / "tls.key", "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        patch = self._stay.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AWS_CA_BUNDLE", str(certificate))
        return super().__enter__()

    @override
    def _start(self) -> None:
        self._process = ExitStack()
        name = self._key[0].removeprefix("kreis:")
        told = ["/usr/bin/python3", str(_SWIFT), str(self._folder), str(self._port), name, self._key[1]]
        environ = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"}
        self._process.enter_context(running(told, environ, self._folder / "log"))
        deadline = time.monotonic() + 60
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.1)

    @override
    def _stop(self) -> None:
        self._process.close()


@contextmanager
def silent() -> Iterator[tuple[str, Callable[[], int]]]:
    """The address of a store that takes every connection and says nothing, and how many there have been until now, with
    the one that it takes to know that.
    """
    taken: list[tuple[socket.socket, object]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listener.accept())

        def count() -> int:
            with socket.create_connection(listener.getsockname()) as last:
                wait_until(lambda: last.getsockname() in [where for _, where in taken])
            return len(taken)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", count
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def environment_of(where: S3 | None) -> Mapping[str, str]:
    """What a process needs to be told to use this bucket."""
    assert where is not None
    return {
        "GEOPORTAL_ARCHIVE": f"s3://{where.bucket}/{where.prefix}",
        "GEOPORTAL_ARCHIVE_ENDPOINT": where.endpoint or "",
        "GEOPORTAL_ARCHIVE_KEY_ID": where.key_id or "",
        "GEOPORTAL_ARCHIVE_SECRET": where.secret or "",
        "AWS_CA_BUNDLE": os.environ.get("AWS_CA_BUNDLE", ""),
    }
