"""Fetches from other servers: only hosts that were named, no addresses of inner networks.

A manifest says which hosts its source needs. The address that a name leads to is looked at before it is connected to,
and then taken as it was, so that the name cannot mean another machine a moment later.
"""

import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, override
from urllib.parse import urljoin, urlsplit

from geoportal.catalogue import Reason, SourceError

_REDIRECTS: Final = 5
_SILENCE: Final = 30.0  # seconds that a server may say nothing
_CHUNK: Final = 64 * 1024
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED: Final = 304
_NOTHING: Final = frozenset({204, 404, 410})
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_AGENT: Final = "Geoportal (OGC API; Themenlayer)"


class FetchError(SourceError):
    """The other server was not asked, or did not answer as it should."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Reason.UNREACHABLE)


class NotJson(FetchError):
    """The server answers, but not in the form that it was asked for, or says that it knows no such form (400)."""


class NotThere(FetchError):
    """The server is well, and has nothing at this address (204, 404, 410)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a server said of a file when it was fetched last."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(slots=True)
class Fetcher:
    """Fetches for one source. `private` are the hosts whose addresses may be those of an inner network.

    Every method raises FetchError: also when all answers together are more than `most` bytes or take longer than
    `seconds`.
    """

    hosts: frozenset[str]
    most: int
    seconds: float = 600.0
    private: frozenset[str] = frozenset()
    _started: float = field(default_factory=time.monotonic)
    _read: int = 0

    def download(self, url: str, into: Path, known: Known | None = None) -> Known | None:
        """Writes what the address leads to; None when it is still what is known."""
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        with self._open(url, headers) as answer:
            if answer.status == _NOT_MODIFIED:
                return None
            with into.open("wb") as file:
                for chunk in self._content(answer):
                    file.write(chunk)
            return Known(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))

    def read_json(self, url: str) -> Any:
        content = self._read_all(url, "application/geo+json, application/json")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise NotJson(f"{url}: die Antwort ist kein JSON / the answer is no JSON") from error

    def read_xml(self, url: str) -> str:
        """As text, which nobody has looked at yet; in UTF-8, as all but a few servers write."""
        content = self._read_all(url, "application/gml+xml, application/xml, text/xml")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FetchError(f"{url}: die Antwort ist kein UTF-8 / the answer is not in UTF-8") from error

    def _read_all(self, url: str, accept: str) -> bytes:
        with self._open(url, {"Accept": accept}) as answer:
            return b"".join(self._content(answer))

    @contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
        """The final answer after redirects: 200, or 304 if the headers ask for it."""
        for _ in range(_REDIRECTS + 1):
            connection = self._connection(url)
            parts = urlsplit(url)
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            # a server that gives a byte now and then is never silent, and must end as well
            alarm = threading.Timer(self._left(), connection.cut)
            alarm.start()
            try:
                connection.request(
                    "GET", path, headers={"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers}
                )
                answer = connection.getresponse()
                if answer.status in _MOVED and (target := answer.headers.get("Location")):
                    url = urljoin(url, target)
                    continue
                if answer.status == http.client.BAD_REQUEST:
                    raise NotJson(f"{parts.netloc}: Antwort / answer {answer.status}")
                if answer.status in _NOTHING:
                    raise NotThere(f"{parts.netloc}: Antwort / answer {answer.status}")
                if answer.status not in (http.client.OK, _NOT_MODIFIED):
                    raise FetchError(f"{parts.netloc}: Antwort / answer {answer.status}")
                yield answer
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._left()  # the true reason of an end that is ours
                raise FetchError(f"{parts.netloc}: {type(error).__name__}: {error}") from error
            else:
                return
            finally:
                alarm.cancel()
                connection.close()
        raise FetchError(f"{url}: zu viele Umleitungen / too many redirects")

    def _content(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while chunk := answer.read1(_CHUNK):
            self._read += len(chunk)
            if self._read > self.most:
                raise FetchError(f"mehr als {self.most // 1024**2} MB, siehe max_mb / more than max_mb allows")
            self._left()
            yield chunk
        self._left()  # or it was cut off
        if answer.length:  # what it said that it would give and did not
            raise FetchError("die Antwort bricht ab / the answer breaks off")

    def _left(self) -> float:
        left = self._started + self.seconds - time.monotonic()
        if left <= 0:
            raise FetchError(f"länger als {self.seconds:.0f} s / takes too long")
        return left

    def _connection(self, url: str) -> "_Pinned":
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise FetchError(f"keine Adresse im Web / no address of the web: {url}") from error
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            raise FetchError(f"keine Adresse im Web / no address of the web: {url}")
        if parts.netloc.lower() not in self.hosts:
            raise FetchError(f"{parts.netloc} steht nicht unter hosts / is not among the hosts of the manifest")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            raise FetchError(f"{host}: Name unbekannt / unknown name") from error
        address = str(found[0][4][0])
        # no part of the answer is trusted: all addresses of the name must be public, not only the first
        if parts.netloc.lower() not in self.private and not all(_is_public(str(each[4][0])) for each in found):
            raise FetchError(f"{host}: Adresse eines inneren Netzes / address of an inner network")
        timeout = min(_SILENCE, self._left())
        if parts.scheme == "https":
            return _Pinned(host, port, address, ssl.create_default_context(), timeout)
        return _Pinned(host, port, address, None, timeout)


class _Pinned(http.client.HTTPConnection):
    """A connection to the address that was looked at, whatever the name means by now."""

    def __init__(self, host: str, port: int, address: str, tls: ssl.SSLContext | None, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._tls = tls
        self._open: socket.socket | None = None

    @override
    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        self._open = self.sock

    def cut(self) -> None:
        """Whoever reads from it is at its end; the connection itself may have handed its socket to the answer."""
        if self._open is not None:
            with suppress(OSError):
                self._open.shutdown(socket.SHUT_RDWR)


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        if number in _TRANSLATED or number.sixtofour or number.teredo:  # leads to an IPv4 address, by way of others
            return False
        number = number.ipv4_mapped or number
    return number.is_global and not number.is_multicast
