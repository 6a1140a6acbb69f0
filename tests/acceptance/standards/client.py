"""HTTP as a client of the services sees it: a request, and what came back, byte for byte."""

import json
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@dataclass(frozen=True)
class Answer:
    """`kind` is the media type without its parameters; the names of headers are in small letters."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    @cached_property
    def json(self) -> Any:
        assert "json" in self.kind, (self.url, self.status, self.kind)
        return json.loads(self.body)

    def links(self, rel: str, kind: str | None = None) -> list[str]:
        return [each["href"] for each in self.json["links"] if each["rel"] == rel and kind in (None, each.get("type"))]


class Client:
    """Of the API at `root`; what was asked once is remembered, for nothing changes meanwhile."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._seen: dict[tuple[str, str], Answer] = {}

    def get(self, path: str, accept: str = JSON, **query: object) -> Answer:
        """`path` below the root, or an address; underscores in names of parameters stand for hyphens."""
        asked = urlencode({name.replace("_", "-"): value for name, value in query.items()}, quote_via=quote)
        url = path if path.startswith("http") else self.root + path
        url += ("&" if "?" in url else "?") + asked if asked else ""
        if (url, accept) not in self._seen:
            self._seen[url, accept] = self.ask("GET", url, accept=accept)
        return self._seen[url, accept]

    def ok(self, path: str, accept: str = JSON, **query: object) -> Answer:
        answer = self.get(path, accept, **query)
        assert answer.status == 200, (answer.url, answer.status, answer.body[:500])
        return answer

    def ask(self, method: str, url: str, body: bytes | None = None, accept: str = JSON, **headers: str) -> Answer:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.netloc, timeout=120)
        try:
            place = parts.path + (f"?{parts.query}" if parts.query else "")
            named = {"Accept": accept} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, place, body, named)
            found = connection.getresponse()
            told = {name.lower(): value for name, value in found.getheaders()}
            return Answer(url, found.status, told, found.read())
        finally:
            connection.close()

    @cached_property
    def collections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ok("/collections").json["collections"]
        return found

    @cached_property
    def features(self) -> list[dict[str, Any]]:
        """Those of them that hold features and no records."""
        return [each for each in self.collections if each.get("itemType") == "feature"]

    @cached_property
    def drawn(self) -> list[str]:
        """The ids of those that can be had as tiles and maps."""
        return [each["id"] for each in self.collections if any(link["rel"] == f"{REL}map" for link in each["links"])]

    @cached_property
    def openapi(self) -> dict[str, Any]:
        [href] = self.ok("/").links("service-desc")
        found: dict[str, Any] = self.ok(href).json
        return found

    def parameters(self, path: str) -> dict[str, dict[str, Any]]:
        """Of a GET in the OpenAPI document, by name, with what they refer to."""
        components = self.openapi["components"]["parameters"]
        given = self.openapi["paths"][path]["get"].get("parameters", [])
        found = [components[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in given]
        return {each["name"]: each for each in found}
