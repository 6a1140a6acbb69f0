"""Sources from the network: only what was named, never an inner network, bounded, and nothing twice."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from geoportal.catalogue import Layer, Source, SourceError, gml_pages
from geoportal.catalogue.frames import frames
from geoportal.layers.fetching import Fetcher, FetchError, Known
from geoportal.layers.services import write_features


@dataclass
class Server:
    """A server of this machine that answers as it was told to: path -> (status, headers, body)."""

    netloc: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    pages: list[list[dict[str, Any]]] = field(default_factory=list)
    answering: dict[str, Callable[[dict[str, str]], tuple[int, bytes]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.netloc}"

    def fetcher(self, *hosts: str, most: int = 1024**2) -> Fetcher:
        return Fetcher(frozenset(hosts or (self.netloc,)), most, seconds=20, private=frozenset({self.netloc}))


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            status, headers, body = told.answers.get(urlsplit(self.path).path, (404, {}, b""))
            if (function := told.answering.get(urlsplit(self.path).path)) is not None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                status, body = function(query)
            if self.headers.get("If-None-Match") == headers.get("ETag") is not None:
                status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page(self.path) if body == b"PAGE" else body)

        def log_message(self, *_: object) -> None:
            pass

    def page(path: str) -> bytes:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        start = int(asked.get("startIndex", asked.get("resultOffset", asked.get("page", asked.get("$skip", 0)))))
        sizes = [sum(len(each) for each in told.pages[:n]) for n in range(len(told.pages) + 1)]
        number = sizes.index(start)
        more = number + 1 < len(told.pages)
        base = f"{told.url}{urlsplit(path).path}"
        return json.dumps(
            {
                "type": "FeatureCollection",
                "features": told.pages[number],
                "value": told.pages[number],
                "numberMatched": sizes[-1],
                "exceededTransferLimit": more,
                "links": [{"rel": "next", "href": f"{base}?page={sizes[number + 1]}"}] if more else [],
                **({"@iot.nextLink": f"{base}?$skip={sizes[number + 1]}"} if more else {}),
            }
        ).encode()

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.netloc = f"127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield told
    listening.shutdown()
    listening.server_close()


def test_a_file_is_fetched_once_until_the_server_has_another(server: Server, tmp_path: Path) -> None:
    server.answers["/a.csv"] = (200, {"ETag": '"1"'}, b"Nr\n1\n")
    known = server.fetcher().download(f"{server.url}/a.csv", tmp_path / "a.csv")
    assert known == Known('"1"', None)
    assert server.fetcher().download(f"{server.url}/a.csv", tmp_path / "b.csv", known) is None
    assert not (tmp_path / "b.csv").exists()
    server.answers["/a.csv"] = (200, {"ETag": '"2"'}, b"Nr\n2\n")
    assert server.fetcher().download(f"{server.url}/a.csv", tmp_path / "a.csv", known) == Known('"2"', None)
    assert (tmp_path / "a.csv").read_bytes() == b"Nr\n2\n"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "169.254.169.254",
        "10.0.0.1",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
    ],
)
def test_an_inner_network_is_not_asked_unless_the_operator_allows_it(host: str, tmp_path: Path) -> None:
    fetcher = Fetcher(frozenset({host}), 1000)
    with pytest.raises(FetchError, match="Adresse eines inneren Netzes"):
        fetcher.download(f"http://{host}/", tmp_path / "x")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "http://a@example.org/", "http:///a"])
def test_nothing_but_the_web_is_asked(url: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="keine Adresse im Web"):
        Fetcher(frozenset({"example.org"}), 1000).download(url, tmp_path / "x")


def test_a_redirect_leads_only_to_a_host_that_was_named(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = (302, {"Location": "http://169.254.169.254/latest/"}, b"")
    with pytest.raises(FetchError, match="steht nicht unter hosts"):
        server.fetcher().download(f"{server.url}/a", tmp_path / "x")
    server.answers["/a"] = (301, {"Location": "/b"}, b"")
    server.answers["/b"] = (200, {}, b"da")
    server.fetcher().download(f"{server.url}/a", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"da"
    server.answers["/b"] = (301, {"Location": "/a"}, b"")
    with pytest.raises(FetchError, match="zu viele Umleitungen"):
        server.fetcher().download(f"{server.url}/a", tmp_path / "x")


def test_what_is_too_large_or_no_answer_is_a_fault(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = (200, {}, b"x" * 2_000_000)
    with pytest.raises(FetchError, match="mehr als 1 MB"):
        server.fetcher().download(f"{server.url}/a", tmp_path / "x")
    with pytest.raises(FetchError, match="404"):
        server.fetcher().download(f"{server.url}/fehlt", tmp_path / "x")
    server.answers["/html"] = (200, {}, b"<html>")
    with pytest.raises(FetchError, match="kein JSON"):
        server.fetcher().read_json(f"{server.url}/html")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-"])
def test_a_server_that_falls_silent_holds_nobody_up(said: bytes, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        netloc = f"127.0.0.1:{silent.getsockname()[1]}"
        heard: list[socket.socket] = []

        def say() -> None:
            with suppress(OSError):
                heard.append(silent.accept()[0])
                heard[0].sendall(said)

        speaking = threading.Thread(target=say)
        speaking.start()
        fetcher = Fetcher(frozenset({netloc}), 1024, seconds=0.5, private=frozenset({netloc}))
        with pytest.raises(FetchError, match=r"Timeout|länger als"):
            fetcher.download(f"http://{netloc}/", tmp_path / "x")
        silent.shutdown(socket.SHUT_RDWR)  # who was slow has not even asked
        speaking.join()
        for connection in heard:
            connection.close()


def test_a_server_that_says_a_byte_now_and_then_holds_nobody_up_either(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:
        netloc = f"127.0.0.1:{slow.getsockname()[1]}"

        def say() -> None:
            with suppress(OSError), slow.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Header: ")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.02)

        speaking = threading.Thread(target=say)
        speaking.start()
        fetcher = Fetcher(frozenset({netloc}), 1024, seconds=0.5, private=frozenset({netloc}))
        with pytest.raises(FetchError):
            fetcher.download(f"http://{netloc}/", tmp_path / "x")
        slow.shutdown(socket.SHUT_RDWR)
        speaking.join()


def test_an_answer_that_breaks_off_is_none(server: Server, tmp_path: Path) -> None:
    server.answers["/a.csv"] = (200, {"Content-Length": "100"}, b"Nr;Name\n1;A\n")
    with pytest.raises(FetchError, match="bricht ab"):
        server.fetcher().download(f"{server.url}/a.csv", tmp_path / "x")


def feature(number: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"nr": number},
        "geometry": {"type": "Point", "coordinates": [8.7, 50.8]},
    }


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/wfs", {"wfs": "{}/wfs", "layer": "ms:schulen"}),
        ("/collections/schulen/items", {"features": "{}/", "layer": "schulen"}),
        ("/FeatureServer/0/query", {"arcgis": "{}/FeatureServer/0"}),
    ],
)
def test_a_service_is_read_page_by_page_to_its_end(
    server: Server, tmp_path: Path, path: str, given: dict[str, str]
) -> None:
    server.answers[path] = (200, {}, b"PAGE")
    server.pages = [[feature(1), feature(2)], [feature(3)]]
    source = Source.model_validate({name: value.format(server.url) for name, value in given.items()})
    write_features(server.fetcher(), source, tmp_path / "a.geojsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.geojsonl").read_text("utf-8").splitlines()]
    assert [each["properties"]["nr"] for each in lines] == [1, 2, 3]


def test_a_wfs_that_counts_nothing_and_gives_less_than_was_asked_for_is_read_to_its_end(
    server: Server, tmp_path: Path
) -> None:
    def answer(query: dict[str, str]) -> tuple[int, bytes]:
        start = int(query["startIndex"])
        found = [feature(number) for number in range(start, min(start + 2, 5))]
        return 200, json.dumps({"features": found, "numberMatched": "unknown"}).encode()

    server.answering["/wfs"] = answer
    write_features(server.fetcher(), Source(wfs=f"{server.url}/wfs", layer="a"), tmp_path / "a.geojsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.geojsonl").read_text("utf-8").splitlines()]
    assert [each["properties"]["nr"] for each in lines] == [0, 1, 2, 3, 4]


GML = """<?xml version="1.0" encoding="UTF-8"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
    xmlns:ms="http://example.org" numberMatched="3" numberReturned="{returned}">{members}</wfs:FeatureCollection>"""
MEMBER = """<wfs:member><ms:schulen gml:id="schulen.{0}">
    <gml:boundedBy><gml:Envelope><gml:lowerCorner>0 0</gml:lowerCorner></gml:Envelope></gml:boundedBy>
    <ms:nr>{0}</ms:nr><ms:name>Schule {0} &amp; Söhne</ms:name>
    <ms:lage><gml:Point srsName="urn:ogc:def:crs:EPSG::25832"><gml:pos>48300{0} 5628000</gml:pos></gml:Point></ms:lage>
    </ms:schulen></wfs:member>"""


def gml_page(*numbers: int) -> bytes:
    return GML.format(returned=len(numbers), members="".join(MEMBER.format(each) for each in numbers)).encode()


@pytest.mark.parametrize("refusal", [(400, b"<ows:ExceptionReport/>"), (200, gml_page(1, 2))])
def test_a_wfs_without_json_is_read_in_gml(server: Server, tmp_path: Path, refusal: tuple[int, bytes]) -> None:
    def answer(query: dict[str, str]) -> tuple[int, bytes]:
        if "outputFormat" in query:
            return refusal
        return 200, gml_page(1, 2) if query["startIndex"] == "0" else gml_page(3)

    server.answering["/wfs"] = answer
    source = Source(wfs=f"{server.url}/wfs", layer="ms:schulen")
    file = tmp_path / "a.geojsonl"
    write_features(server.fetcher(), source, file)
    layer = Layer.model_construct(folder=tmp_path, id="schulen", source=source, fields={})
    [frame] = frames(layer, file)
    assert list(frame["nr"]) == ["1", "2", "3"]
    assert list(frame["id"]) == ["schulen.1", "schulen.2", "schulen.3"]
    assert frame["name"].iloc[0] == "Schule 1 & Söhne"
    assert [(each.x, each.y) for each in frame.geometry] == [(483000 + n, 5628000) for n in (1, 2, 3)]
    assert frame.crs.to_epsg() == 25832


def test_pages_of_gml_without_a_count_are_read_to_the_empty_one(server: Server, tmp_path: Path) -> None:
    def answer(query: dict[str, str]) -> tuple[int, bytes]:
        if "outputFormat" in query:
            return 400, b"<ows:ExceptionReport/>"
        numbers = [(1, 2), (3,), ()][int(query["startIndex"]) // 2 + int(query["startIndex"]) % 2]
        return 200, gml_page(*numbers).replace(b'numberMatched="3"', b'numberMatched="unknown"')

    server.answering["/wfs"] = answer
    write_features(server.fetcher(), Source(wfs=f"{server.url}/wfs", layer="a"), tmp_path / "a.geojsonl")
    assert len((tmp_path / "a.geojsonl").read_text("utf-8").splitlines()) == 2


def test_parts_and_further_geometries_of_a_gml_feature_are_columns_of_text() -> None:
    more = """<ms:anschrift><ms:Adresse><ms:ort>Kirchhain</ms:ort>
        <ms:nr>5</ms:nr></ms:Adresse></ms:anschrift><ms:tel>1</ms:tel><ms:tel>2</ms:tel>
        <ms:eingang><gml:Point srsName="EPSG:25832"><gml:pos>483009 5628009</gml:pos></gml:Point></ms:eingang>"""
    page = gml_page(1).decode().replace("</ms:schulen>", f"{more}</ms:schulen>")
    [found] = gml_pages.features(page)
    assert (found["geometry"].x, found["geometry"].y) == (483001, 5628000)
    told = found["properties"]
    assert (told["anschrift"], told["tel"], told["eingang"]) == ("Kirchhain 5", "1; 2", "483009 5628009")


@pytest.mark.parametrize(
    "page",
    [
        "<x",
        "<html/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><FeatureCollection><member><a><n>&b;</n></a></member></FeatureCollection>',
    ],
)
def test_what_is_no_page_of_gml_is_a_fault(tmp_path: Path, page: str) -> None:
    file = tmp_path / "a.geojsonl"
    file.write_text(json.dumps({"gml": page}), "utf-8")
    source = Source(wfs="http://example.org/wfs", layer="a")
    with pytest.raises(SourceError, match="nicht lesbar"):
        list(frames(Layer.model_construct(folder=tmp_path, id="a", source=source, fields={}), file))


def test_things_of_a_sensorthings_service_stand_at_their_location(server: Server, tmp_path: Path) -> None:
    place = {"type": "Point", "coordinates": [8.7, 50.8]}
    server.answers["/v1.1/Things"] = (200, {}, b"PAGE")
    server.pages = [
        [{"@iot.id": 1, "name": "A", "properties": {"art": "x"}, "Locations": [{"location": place}]}],
        [{"@iot.id": 2, "name": "B", "Locations": []}],
    ]
    source = Source(sensorthings=f"{server.url}/v1.1")
    write_features(server.fetcher(), source, tmp_path / "a.geojsonl")
    lines = [json.loads(line) for line in (tmp_path / "a.geojsonl").read_text("utf-8").splitlines()]
    assert [(each["properties"]["id"], each["properties"]["name"], each["geometry"]) for each in lines] == [
        (1, "A", place),
        (2, "B", None),
    ]


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/wfs", {"wfs": "{}/wfs", "layer": "a"}),
        ("/collections/a/items", {"features": "{}", "layer": "a"}),
    ],
)
def test_a_service_that_ends_before_it_has_given_all_has_given_nothing(
    server: Server, tmp_path: Path, path: str, given: dict[str, str]
) -> None:
    def answer(query: dict[str, str]) -> tuple[int, bytes]:
        found = [] if query.get("startIndex", "0") != "0" else [feature(1), feature(2)]
        return 200, json.dumps({"features": found, "numberMatched": 5}).encode()

    server.answering[path] = answer
    source = Source.model_validate({name: value.format(server.url) for name, value in given.items()})
    with pytest.raises(SourceError, match="nur 2 von 5"):
        write_features(server.fetcher(), source, tmp_path / "a.geojsonl")


@pytest.mark.parametrize(
    ("path", "given", "page"),
    [
        ("/v1.1/Things", {"sensorthings": "{}/v1.1"}, {"value": [], "@iot.nextLink": "?$skip=0"}),
        (
            "/collections/a/items",
            {"features": "{}", "layer": "a"},
            {"features": [], "links": [{"rel": "next", "href": "?page=1"}]},
        ),
    ],
)
def test_pages_that_lead_in_a_circle_are_left(
    server: Server, tmp_path: Path, path: str, given: dict[str, str], page: dict[str, Any]
) -> None:
    server.answers[path] = (200, {}, json.dumps(page).encode())
    source = Source.model_validate({name: value.format(server.url) for name, value in given.items()})
    with pytest.raises(SourceError, match="im Kreis"):
        write_features(server.fetcher(), source, tmp_path / "a.geojsonl")
    assert len(server.asked) == 2


def test_half_a_stock_is_a_fault_and_so_is_an_error_with_status_200(server: Server, tmp_path: Path) -> None:
    server.answers["/FeatureServer/0/query"] = (200, {}, b'{"error": {"code": 400}}')
    source = Source(arcgis=f"{server.url}/FeatureServer/0")
    with pytest.raises(SourceError, match="antwortet ohne"):
        write_features(server.fetcher(), source, tmp_path / "a.geojsonl")
    server.answers["/wfs"] = (200, {}, b"PAGE")
    server.pages = [[feature(1)] for _ in range(3)]
    with pytest.raises(SourceError, match="bei jeder Seite dasselbe"):
        write_features(server.fetcher(), Source(wfs=f"{server.url}/wfs", layer="a"), tmp_path / "a.geojsonl")
