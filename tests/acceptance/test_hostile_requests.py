"""Hostile requests on the whole portal, as bytes over HTTP: none is a fault, none is silent, none tells of our insides.

What is said for sure (400, 404 …) stands in the table; where several answers are right (a search for nonsense finds
nothing, or is refused), only what must never happen is held: 5xx, a traceback, SQL, a path of this machine, markup that
was sent and comes back as markup, another host's name. How many there are stands in docs/goals.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPException
from itertools import chain
from typing import Final
from urllib.parse import quote

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import serving
from tests.desk import token_for
from tests.files import feature, plan, polygon, prop, write, xplangml

PATIENCE: Final = 120  # seconds until an answer that does not come counts as none at all
REFUSED: Final = frozenset({400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 429})
ANSWERED: Final = REFUSED | {200, 204, 206, 302, 303, 304, 308}
INSIDES: Final = re.compile(
    r"Traceback|psycopg|sqlalchemy|site-packages|\.py\", line|\.py:\d|File \"|SELECT .* FROM|pg_catalog|relation \"|"
    r"/home/|/usr/lib|/root/|root:x:0|werkzeug\.|jinja2|KeyError|ValueError|TypeError|" + re.escape(str(CHECKOUT)),
    re.DOTALL,
)
MARKUP: Final = "<script>alert(4711)</script>"
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
OGC: Final = "/ogc"
PLANS: Final = f"{OGC}/collections/bebauungsplaene"


@dataclass(frozen=True)
class Ask:
    """`target` as it goes over the line; `expected` are the statuses that are right."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    expected: frozenset[int] = ANSWERED

    def __str__(self) -> str:
        return f"{self.method} {self.target[:160]} {dict(self.headers)}"[:300]


def exactly(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


# What is sent where a word, a number or a name is expected.
VALUES: Final = (
    *(quote(each, safe="")
    for each in (
        "'", "' OR '1'='1", "1; DROP TABLE plans.plan; --", "') UNION SELECT NULL,version()--", "1 AND pg_sleep(30)",
        "$$; COPY plans.plan TO PROGRAM 'id'; $$", "../../../../etc/passwd", "..\\..\\etc\\passwd",
        "file:///etc/passwd", "http://169.254.169.254/latest/", MARKUP, "\"><img src=x onerror=alert(4711)>",
        "{{7*7}}${7*7}#{7*7}", "%s%s%n%x", "a\r\nX-Injected: yes", "NaN", "-1e400", "9" * 400, "a" * 3000,
        "\u202e\ufeff", "\U0001f4a9" * 50, "null", "true", "[]", "{}",
    )),
    "%00", "a%00b", "%ff%fe", "%c0%ae%c0%ae", "%ed%a0%80",
)  # fmt: skip

# Parameters of which none of these is a value: each is a 400, unless the name of the value fits by chance.
TYPED: Final[Mapping[str, tuple[str, ...]]] = {
    f"{PLANS}/items": ("limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "filter-lang", "filter", "sortby",
                       "properties", "skipGeometry", "resultType", "f", "lang", "cursor", "stand", "rechtsstand",
                       "gueltig_von", "id"),
    f"{PLANS}/map": ("bbox", "center", "subset", "crs", "width", "height", "scale-denominator", "mm-per-pixel",
                     "bgcolor", "void-color", "transparent", "void-transparent", "f", "ags", "status", "stand",
                     "filter"),
    f"{OGC}/map": ("collections",),
    f"{OGC}/tiles/WebMercatorQuad/12/1374/2147": ("collections", "pixels", "clusters", "stand", "f"),
    f"{OGC}/collections/katalog/items": ("bbox", "datetime", "limit", "offset", "sortby", "f", "crs", "bbox-crs"),
    f"{OGC}/collections/rasterplaene/coverage": ("bbox", "width", "height", "crs", "plan_id", "planwerk", "f"),
    f"{OGC}/processes": ("limit", "f", "lang"),
    f"{PLANS}/styles/planzv/legend": ("bbox", "f", "ags", "status"),
}  # fmt: skip
# Where a word may be looked for, or is only told back.
FREE: Final[Mapping[str, tuple[str, ...]]] = {
    f"{PLANS}/items": ("nummer", "name", "ags"),
    f"{OGC}/collections/katalog/items": ("q", "ids", "externalIds", "type"),
    f"{OGC}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&STYLES=&CRS=EPSG:25832&BBOX=479980,5629980,480120,5630120"
    "&FORMAT=image/png&WIDTH=20&HEIGHT=20": ("LAYERS", "CQL_FILTER", "DPI", "SLD", "SLD_BODY", "TIME", "EXCEPTIONS"),
    f"{OGC}/wms?SERVICE=WMS&LAYERS=bebauungsplaene&QUERY_LAYERS=bebauungsplaene&CRS=EPSG:25832&STYLES="
    "&WIDTH=20&HEIGHT=20&BBOX=479980,5629980,480120,5630120&I=5&J=5": ("REQUEST", "VERSION", "INFO_FORMAT",
                                                                       "FEATURE_COUNT"),
    "/suche": ("q", "f"),
    "/plaene": ("q", "gemeinde", "planwerk", "status", "planart", "von", "stand", "seite", "sortierung", "beteiligung"),
    "/hier": ("lon", "ost", "adresse", "flurstueck"),
    "/drucken": ("plan", "karte", "massstab", "format", "ebenen", "stand", "deckkraft", "grund"),
    "/thema/schulen/": ("q", "seite"),
    "/abo/plaene.atom": ("gemeinde",),
    "/": ("sprache", "recht", "aus"),
}  # fmt: skip
# Names in paths.
PLACES: Final = (
    f"{OGC}/collections/{{}}", f"{OGC}/collections/{{}}/items", f"{PLANS}/items/{{}}",
    f"{OGC}/collections/schulen/items/{{}}", f"{OGC}/collections/planinhalte/items/{{}}", f"{PLANS}/styles/{{}}",
    f"{PLANS}/styles/{{}}/map",
    f"{PLANS}/tiles/WebMercatorQuad/{{}}/0/0", f"{PLANS}/map/tiles/WebMercatorQuad/1/{{}}/0",
    f"{OGC}/collections/katalog/items/{{}}", f"{OGC}/processes/{{}}", f"{OGC}/jobs/{{}}", f"{OGC}/projects/{{}}.qgz",
    f"{OGC}/styles/glyphs/{{}}/0-255.pbf", f"{OGC}/static/{{}}", "/downloads/{}", "/dokument/{}/x.pdf", "/plan/{}",
    "/gemeinde/{}/", "/thema/{}/", "/thema/schulen/{}", "/beteiligung/{}", "/beteiligung/stellungnahme/{}",
    "/hintergrund/{}/1/0/0", "/static/{}", "/static/vendor/leaflet/{}", "/api/v1/plaene/{}", "/api/v1/lieferungen/{}",
    "/werkbank/lieferung/{}", "/sensors/{}",
)  # fmt: skip
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Host": ("evil.example.org", "a b", "localhost:99999999", "[::1", "localhost\"><script>", ""),
    "X-Forwarded-Host": ("evil.example.org",),
    "X-Forwarded-For": ("1.2.3.4, ' OR 1=1", "x" * 2000),
    "X-Request-ID": (MARKUP, "a" * 500),
    "Accept": ("*/*;q=NaN", "text/html;q=-1", "a" * 4000, ",,,,;;;", "image/png;" * 300, "\xff\xfe"),
    "Accept-Language": ("*;q=x", "de;q=9e999", "-" * 2000, ",".join(["de"] * 900)),
    "Accept-Encoding": ("gzip;q=x", "identity;q=0, *;q=0"),
    "If-None-Match": ('"' * 500, "*", 'W/"x", ' * 300),
    "If-Modified-Since": ("gestern", "Thu, 99 Jan 9999 99:99:99 GMT", "1970-01-01"),
    "Range": ("bytes=-1-1", "bytes=0-0,1-1,2-2", "bytes=99999999999999999999-", "lines=1-2"),
    "Content-Length": ("-1", "abc", "99999999999999999999"),
    "Cookie": ("sid=' OR 1=1", "sid=" + "a" * 6000, "=;=;=", "lang=\xff"),
    "Authorization": ("Bearer ' OR 1=1", "Bearer " + "a" * 5000, "Basic !!!", "Negotiate", "Bearer \xff"),
    "Referer": (f"http://x/{MARKUP}",),
    "Expect": ("200-maybe",),
    "Upgrade": ("h2c",),
}  # fmt: skip
READ: Final = ("/", f"{PLANS}/items?limit=1", f"{OGC}/wms?SERVICE=WMS&REQUEST=GetCapabilities", "/api/v1/lieferungen",
               "/downloads/", "/werkbank/")  # fmt: skip
DEEP: Final = 20_000
BODIES: Final = (
    b"", b"{", b"null", b"[]", b'"x"', b"[" * DEEP, b'{"a":' * DEEP, b'{"inputs":{"lon":NaN,"lat":1}}',
    b'{"inputs":{"lon":1e999,"lat":1}}', b'{"inputs":{"lon":{"href":"file:///etc/passwd"},"lat":50}}',
    b'{"inputs":{"adresse":"\\u0000"}}', b'{"inputs":{"adresse":"\\ud800"}}', b'{"inputs":{"flurstueck":"\' OR 1=1"}}',
    b'{"inputs":{"sammlungen":["../x"],"lon":8.7,"lat":50.8}}', b'{"inputs":{"__class__":1}}',
    b'{"response":{},"inputs":{}}', b'{"inputs":{"lon":8.7,"lat":50.8},"response":["raw"]}',
    b'{"inputs":{"lon":8.7,"lat":50.8},"subscriber":{"successUri":"http://127.0.0.1:1/"},"mode":"async"}',
    b"\xff\xfe\x00{", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b"a=1&b=%ff", b'{"inputs":' + b" " * 200_000 + b"{}}", b'{"a":1,"a":2}', b"\x1f\x8b\x08" + bytes(50),
)  # fmt: skip
TAKING: Final = (
    f"{OGC}/processes/was-gilt-hier/execution", f"{OGC}/processes/echo/execution", "/werkbank/anmelden",
    "/sensors/teststellen", "/api/v1/lieferungen/1/zur-freigabe", f"/beteiligung/{NOBODY}/stellungnahme",
    f"{PLANS}/items", "/beteiligung/stellungnahme/abc/bestaetigen",
)  # fmt: skip
KINDS: Final = (
    "application/json", "text/xml", "multipart/form-data; boundary=" + "x" * 500, "application/x-www-form-urlencoded",
    "",
)  # fmt: skip
# Those of the API for programs, by somebody who may do everything in one Gemeinde.
SIGNED: Final = (
    ("POST", "/api/v1/lieferungen/1/zur-freigabe"), ("POST", "/api/v1/lieferungen/1/veroeffentlichen"),
    ("POST", f"/api/v1/plaene/{NOBODY}/zurueckziehen"), ("POST", "/api/v1/fassungen/1/angaben"),
    ("POST", "/api/v1/lieferungen/99999999999999999999/verwerfen"), ("POST", f"/api/v1/plaene/{NOBODY}/beteiligungen"),
    ("PUT", "/api/v1/gemeinden/06534010/lieferungen/plan.gml"), ("PUT", "/api/v1/gemeinden/0653401x/lieferungen/a.gml"),
)  # fmt: skip
METHODS: Final = ("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "CONNECT", "FOO")


def typed() -> Iterator[Ask]:
    """Values of the wrong type: a 400 that says so. Two that might be right are not asked."""
    fitting = {("properties", "null"), ("filter", "true")}
    for path, names in TYPED.items():
        for name in names:
            for value in VALUES:
                if (name, value) not in fitting and not (value == "true" and "transparent" in name):
                    if value == "true" and name in ("skipGeometry", "clusters"):
                        continue
                    # a collection that there is not
                    right = exactly(400, 404) if name == "collections" else exactly(400)
                    yield Ask(f"{path}?{name}={value}", expected=right)


def free() -> Iterator[Ask]:
    for path, names in FREE.items():
        for name in names:
            for value in VALUES:
                yield Ask(f"{path}{'&' if '?' in path else '?'}{name}={value}")


def placed() -> Iterator[Ask]:
    for place in PLACES:
        for value in VALUES:
            yield Ask(place.format(value), expected=REFUSED | exactly(302, 303, 308))


def worded() -> Iterator[Ask]:
    """Filters in CQL2 that mean harm: functions that there are not, depth, width, geometry that cannot be."""
    deep = "(" * 300 + "nummer='1'" + ")" * 300
    wide = " OR ".join(["nummer='1'"] * 400)
    ring = ",".join(f"{8 + i / 1e4} {50 + (i * 7919 % 100) / 100}" for i in range(150))
    for each in (
        "pg_sleep(30) = 1", "version() = 'x'", "nummer = (SELECT 1)", "nummer = '1' UNION SELECT 1",
        "1=1; DELETE FROM x", "name LIKE '%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%'",
        "casei(casei(casei(casei(name)))) = 'x'", deep, wide,
        "name = " + "'" * 501, f"S_INTERSECTS(geometry, POLYGON(({ring},8 50)))",
        "S_INTERSECTS(geometry, POINT(1e400 1))", "S_INTERSECTS(geometry, POINT(NaN 1))",
        "S_INTERSECTS(geometry, GEOMETRYCOLLECTION EMPTY)",
        "S_INTERSECTS(geometry, POLYGON((0 0)))", "S_BUFFER(geometry, 1) = 1", "T_AFTER(name, DATE('2020-01-01'))",
        "gueltig_von > DATE('99999-01-01')", "gueltig_von > DATE('2020-02-31')", "gueltig_von > TIMESTAMP('x')",
        "rechtsstand = 99999999999999999999999", "rechtsstand + 1 / 0 = 2", "rechtsstand BETWEEN 'a' AND 'b'",
        "xpath('//a', name) = 1", "jsonArrayContains(name, 'x')", "strEndsWith(name, '') = true", "geometry = 1",
        "\"pg_catalog\".\"pg_user\" = 1", "ogc.bebauungsplaene.name = 'x'", "nummer IN ()", "NOT", "AND AND",
    ):  # fmt: skip
        yield Ask(f"{PLANS}/items?filter={quote(each)}")
        yield Ask(f"{PLANS}/map?width=10&filter={quote(each)}")
    for each in (
        "{", "[", '{"op":"="}', '{"op":"and","args":' + "[" * 500, '{"op":{"a":1},"args":[]}',
        '{"op":"=","args":[{"property":1},2]}',
        '{"op":"in","args":[{"property":"nummer"},' + "[" * 200 + "]" * 200 + "]}",
        '{"op":"=","args":[{"property":"nummer"},1e999]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[[[[]]]]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}]}',
        '{"__proto__":{}}', '{"op":"\\u0000","args":[]}',
        '{"op":"t_after","args":[{"property":"gueltig_von"},{"date":"\\ud800"}]}', '{"op":"casei","args":[]}',
    ):  # fmt: skip
        yield Ask(f"{PLANS}/items?filter-lang=cql2-json&filter={quote(each)}", expected=exactly(400))


def headed() -> Iterator[Ask]:
    for name, values in HEADERS.items():
        for value in values:
            for target in READ:
                yield Ask(target, headers={name: value})


def bodied() -> Iterator[Ask]:
    for target in TAKING:
        for body in BODIES:
            yield Ask(target, "POST", {"Content-Type": "application/json"}, body, REFUSED | {200, 303})
        for kind in KINDS:
            yield Ask(target, "POST", {"Content-Type": kind}, b'{"a":1}', REFUSED | {200, 303})
        yield Ask(
            target, "POST", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b", REFUSED
        )


def signed() -> Iterator[Ask]:
    known = {"Authorization": "Bearer {token}", "Content-Type": "application/json"}
    for method, target in SIGNED:
        for body in BODIES:
            yield Ask(target, method, known, body, REFUSED | {409})
    for value in VALUES:
        yield Ask(f"/api/v1/lieferungen?vor={value}", headers=known, expected=REFUSED | {200})
        yield Ask(f"/api/v1/plaene/{value}", headers=known, expected=REFUSED | {200})
        yield Ask(f"/api/v1/plaene/{NOBODY}/vergleich?a={value}&b={value}", headers=known, expected=REFUSED)


def methodical() -> Iterator[Ask]:
    for method in METHODS:
        for target in READ:
            yield Ask(target, method, expected=REFUSED | {501})


def odd() -> Iterator[Ask]:
    """Addresses that are none, too long, or asked twice."""
    yield from (
        Ask(f"{PLANS}/items?limit=1&limit=2", expected=exactly(400)),
        Ask(f"{PLANS}/items?" + "&".join(f"a{n}=1" for n in range(900)), expected=exactly(400)),
        Ask(f"{PLANS}/items?filter=" + "a" * 20_000, expected=exactly(414)),
        Ask("/" + "a" * 30_000, expected=exactly(414)),
        Ask("/" + "a/" * 3_900, expected=REFUSED),
        Ask("//evil.example.org/%2f..", expected=REFUSED | {301, 302, 308}),
        Ask("/%2e%2e/%2e%2e/etc/passwd", expected=REFUSED),
        Ask("/..%2f..%2fetc%2fpasswd", expected=REFUSED),
        Ask("/static/..%2f..%2fsettings.py", expected=REFUSED),
        Ask("/ogc/static/%2e%2e/app.py", expected=REFUSED),
        Ask("/downloads/..%2findex.json", expected=REFUSED),
        Ask("/werkbank/anmelden?weiter=https://evil.example.org/"),
        Ask("/werkbank/anmelden?weiter=//evil.example.org/"),
        Ask("/werkbank/anmelden?weiter=%0d%0aSet-Cookie:%20a=b"),
        Ask(f"{OGC}/collections/schulen/items?f=html&name={quote(MARKUP)}"),
        Ask(f"{OGC}/collections/{quote(MARKUP, safe='')}?f=html", expected=exactly(404)),
        Ask(f"/suche?q={quote(MARKUP)}"),
        Ask("/.git/config", expected=exactly(404)),
        Ask("/.env", expected=exactly(404)),
        Ask("/ogc/openapi?f=yaml", expected=exactly(400)),
        Ask("/metrics", expected=REFUSED),
        Ask("/console", expected=exactly(404)),
        Ask("/ogc/admin/config", expected=exactly(404)),
        Ask("*", "OPTIONS"),
        Ask("http://evil.example.org/"),
        Ask("?"),
    )


SERVICES: Final = {
    each.__name__: each for each in (typed, free, placed, worded, headed, bodied, signed, methodical, odd)
}


@pytest.fixture(scope="module")
def portal(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address, and a token of the API."""
    engine = owner_engine(module_furnished.require_database_url())
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000")),
        feature("BP_BaugebietsTeilFlaeche", "b", prop("position", polygon()) + prop("GRZ", "0.4")),
    )
    file = write(tmp_path_factory.mktemp("delivered") / "plan.gml", document)
    operations.deliver(engine, Archive(module_furnished.archive), file)
    with serving(module_furnished, requests_per_second=0) as address:
        yield address, token_for(module_furnished, Role.PUBLISHER)
        # and after all of them it is as it was
        with engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM plans.plan")).scalar() == 1
    engine.dispose()


def answer(address: str, token: str, ask: Ask) -> tuple[int, dict[str, str], bytes]:
    """Raises OSError or HTTPException when there is none."""
    host = address.removeprefix("http://")
    connection = HTTPConnection(host, timeout=PATIENCE)
    try:
        connection.putrequest(ask.method, ask.target, skip_host=True, skip_accept_encoding=True)
        named = {"Host": host, "Connection": "close"} | dict(ask.headers)
        if ask.body is not None:
            named.setdefault("Content-Length", str(len(ask.body)))
        for name, value in named.items():
            connection.putheader(name, value.replace("{token}", token).encode("latin-1"))
        connection.endheaders(ask.body)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def faults_of(ask: Ask, status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    kind = headers.get("content-type", "").partition(";")[0]
    told = body.decode("utf-8", "replace") if kind.startswith("text/") or "json" in kind or "xml" in kind else ""
    if status not in ask.expected:
        yield f"{status}: {told[:200]}"
    if status >= 400 and (found := INSIDES.search(told)):
        yield f"tells {found.group()[:60]!r}"
    if kind == "text/html" and (MARKUP in told or "<img src=x onerror" in told):
        yield "markup comes back"
    if "x-injected" in headers or any("evil.example.org" in value for value in headers.values()):
        yield f"headers {dict(headers)}"
    if status >= 400 and ask.method != "HEAD" and status != 501:
        words = re.findall(r"[A-Za-zÄÖÜäöüß]{3,}", unescape(re.sub(r"<[^>]+>", " ", told)))
        if len(words) < 3:
            yield f"{status} without a sentence: {told[:100]!r}"


@pytest.mark.parametrize("service", SERVICES)
def test_no_hostile_request_is_a_fault(portal: tuple[str, str], service: str) -> None:
    faults = []
    for ask in SERVICES[service]():
        try:
            found = answer(*portal, ask)
        except (OSError, HTTPException) as error:
            # what http.client itself does not send, or a connection that the server closes without a word
            faults.append(f"{ask}: {type(error).__name__} {error}")
            continue
        faults += [f"{ask}: {fault}" for fault in faults_of(ask, *found)]
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:60])


def test_the_number_of_them_is_told() -> None:
    number = sum(1 for _ in chain.from_iterable(each() for each in SERVICES.values()))
    told = f"{number:,}".replace(",", " ")
    goals = (CHECKOUT / "docs" / "goals.md").read_text("utf-8")
    assert f"{told} Anfragen" in goals, told
