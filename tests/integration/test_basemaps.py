"""Background maps that this server fetches: from a real other host, which is slow, broken, or lies."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pypdfium2
import pytest
from PIL import Image, ImageColor
from werkzeug.test import Client

from geoportal import wsgi
from geoportal.basemaps import SRS, Kept, TileAway, TileStore, Upstream, mosaic
from geoportal.basemaps import store as tile_store
from geoportal.basemaps.store import AGAIN_SECONDS, AT_ONCE, WAITING
from geoportal.painting import PaintersPool, Painting, RasterUnderlay
from geoportal.settings import Settings
from tests.homes import home_with
from tests.waiting import wait_until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
TILE = (14, 8588, 5497)  # the tile of WebMercatorQuad around 8.71677° E, 50.82183° N


@dataclass
class Host:
    """A host of this machine that answers as it is told to."""

    netloc: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = PNG
    delay: float = 0
    answering: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def host() -> Iterator[Host]:
    told = Host()
    told.answering.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            time.sleep(told.delay)
            told.answering.wait()
            try:
                self.send_response(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told.body)
            except OSError:  # who asked has gone
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.netloc = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def upstream(host: Host) -> Upstream:
    return Upstream("grau", "xyz", f"http://{host.netloc}/{{z}}/{{y}}/{{x}}.png")


@pytest.fixture
def store(host: Host, tmp_path: Path) -> TileStore:
    return TileStore(tmp_path / "tiles", 10_000_000, frozenset({host.netloc}), seconds=60)


def test_a_tile_is_asked_for_once(host: Host, store: TileStore, upstream: Upstream) -> None:
    assert store.tile(upstream, *TILE) == Kept(PNG, "image/png")
    assert store.tile(upstream, *TILE) == Kept(PNG, "image/png")
    assert host.asked == ["/14/5497/8588.png"]


def test_services_are_asked_in_their_own_way(host: Host, store: TileStore) -> None:
    wms = Upstream("wms", "wms", f"http://{host.netloc}/wms", "dop20")
    wmts = Upstream("wmts", "wmts", f"http://{host.netloc}/wmts", "dop20", matrix_set="GoogleMapsCompatible")
    store.tile(wms, *TILE)
    store.tile(wmts, *TILE)
    first, second = ({name: each for name, [each] in parse_qs(urlsplit(path).query).items()} for path in host.asked)
    assert (first["REQUEST"], first["LAYERS"], first["CRS"]) == ("GetMap", "dop20", "EPSG:3857")
    west, south, east, north = map(float, first["BBOX"].split(","))
    assert west < 970_346 < east
    assert south < 6_589_837 < north
    assert east - west == pytest.approx(2445.985, abs=0.01)
    assert [second[name] for name in ("TILEMATRIXSET", "TILEMATRIX", "TILEROW", "TILECOL")] == [
        "GoogleMapsCompatible", "14", "5497", "8588",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 404},
        {"body": b"<html>Wartung</html>"},
        {"body": b"<ServiceException/>", "headers": {"Content-Type": "image/png"}},
        {"body": PNG + bytes(2 * 1024**2)},
        {"delay": 3},
        {"status": 302, "headers": {"Location": "http://127.0.0.1:22/"}},
        {"status": 302, "headers": {"Location": "file:///etc/passwd"}},
    ],
    ids=str,
)
def test_what_is_no_tile_is_not_shown_and_not_kept(
    host: Host, store: TileStore, upstream: Upstream, fault: dict[str, object]
) -> None:
    for name, value in fault.items():
        setattr(host, name, value)
    asked = replace(store, seconds=1) if host.delay else store
    with pytest.raises(TileAway):
        asked.tile(upstream, *TILE)
    assert not any(path.is_file() for path in store.folder.rglob("*"))


def test_a_host_that_failed_is_left_alone_for_a_while(host: Host, store: TileStore, upstream: Upstream) -> None:
    now = [time.time()]
    patient = replace(store, clock=lambda: now[0])
    host.status = 500
    for _ in range(5):
        with pytest.raises(TileAway):
            patient.tile(upstream, *TILE)
    assert len(host.asked) == 1
    host.status = 200
    now[0] += 60
    assert patient.tile(upstream, *TILE).content == PNG


def test_a_tile_beyond_the_edge_of_a_map_says_nothing_of_the_others(
    host: Host, store: TileStore, upstream: Upstream
) -> None:
    host.status = 404
    with pytest.raises(TileAway):
        store.tile(upstream, *TILE)
    host.status = 200
    assert store.tile(upstream, *TILE).content == PNG


def test_an_old_tile_is_better_than_none_and_a_new_one_better_than_an_old_one(
    host: Host, store: TileStore, upstream: Upstream
) -> None:
    store.tile(upstream, *TILE)
    later = replace(store, clock=lambda: time.time() + 60 * 86_400)
    host.status = 500
    assert later.tile(upstream, *TILE).content == PNG
    host.status, host.body = 200, PNG + b"new"
    much_later = replace(store, clock=lambda: time.time() + 61 * 86_400)
    assert much_later.tile(upstream, *TILE).content == PNG + b"new"


def test_a_tile_that_is_swept_away_while_it_is_read_is_shown_all_the_same(
    store: TileStore, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.tile(upstream, *TILE)
    kind_of = tile_store._media_type

    def swept(content: bytes) -> str | None:
        for file in store.folder.rglob("[0-9]*-*"):
            file.unlink()
        return kind_of(content)

    monkeypatch.setattr(tile_store, "_media_type", swept)
    assert store.tile(upstream, *TILE) == Kept(PNG, "image/png")
    assert not list(store.folder.rglob("[0-9]*-*"))


def test_a_host_of_an_inner_network_is_not_asked_unless_it_is_named(
    host: Host, tmp_path: Path, upstream: Upstream
) -> None:
    with pytest.raises(TileAway):
        TileStore(tmp_path / "tiles", 10_000_000).tile(upstream, *TILE)
    assert host.asked == []


def test_a_slow_host_never_holds_more_than_a_few_of_our_threads(
    host: Host, store: TileStore, upstream: Upstream
) -> None:
    host.answering.clear()
    outcomes: list[str] = []

    def ask(x: int) -> None:
        try:
            store.tile(upstream, 14, x, 5497)
            outcomes.append("shown")
        except TileAway:
            outcomes.append("away")

    threads = [threading.Thread(target=ask, args=(8500 + number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    while len(outcomes) < len(threads) - AT_ONCE - WAITING:
        time.sleep(0.01)
    assert set(outcomes) == {"away"}, "no more than a few wait"
    host.answering.set()
    for thread in threads:
        thread.join()
    assert outcomes.count("shown") == AT_ONCE + WAITING, "a few wait for their turn"


def test_whoever_is_told_to_come_back_gets_the_tile_in_the_end(
    host: Host, store: TileStore, upstream: Upstream
) -> None:
    host.answering.clear()
    seconds: list[float] = []

    def ask(x: int) -> None:
        while True:
            try:
                assert store.tile(upstream, 14, x, 5497).content == PNG
            except TileAway as away:
                seconds.append(away.seconds)
                time.sleep(0.1)
            else:
                return

    threads = [threading.Thread(target=ask, args=(8500 + number // 2,)) for number in range(24)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(seconds) >= len(threads) - AT_ONCE - WAITING)
    host.answering.set()
    for thread in threads:
        thread.join()
    assert set(seconds) == {AGAIN_SECONDS}
    assert len(set(host.asked)) == 12


@pytest.fixture
def client(furnished: Settings, host: Host, tmp_path: Path) -> Client:
    """A portal with one cached background map and one that is not."""
    basemaps = [
        {
            "id": "grau", "title": "Grau", "kind": "xyz", "url": f"http://{host.netloc}/{{z}}/{{y}}/{{x}}.png",
            "attribution": "© Muster", "cached": True, "max_zoom": 15,
        },
        {
            "id": "fern", "title": "Fern", "kind": "wmts", "url": "https://karten.example/wmts", "layers": "dop",
            "matrix_set": "GoogleMapsCompatible", "attribution": "© Fern",
        },
    ]  # fmt: skip
    settings = home_with(furnished, tmp_path, basemaps=basemaps)
    return Client(wsgi.create(replace(settings, private_sources=frozenset({host.netloc}))))


def test_readers_ask_this_server_and_are_told_whose_map_it_is(client: Client, host: Host) -> None:
    page = client.get("/")
    assert "/hintergrund/grau/{z}/{x}/{y}" in page.text
    assert r"\u00a9 Muster" in page.text
    assert host.netloc not in page.text
    assert host.netloc not in page.headers["Content-Security-Policy"]
    assert "https://karten.example" in page.headers["Content-Security-Policy"]
    answer = client.get("/hintergrund/grau/14/8588/5497")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", PNG)
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    "path",
    ["unbekannt/14/8588/5497", "fern/14/8588/5497", "grau/16/1/1", "grau/14/99999/1", "grau/14/100/100", "grau/x/1/1"],
)
def test_nobody_fetches_anything_else_through_us(client: Client, host: Host, path: str) -> None:
    assert client.get(f"/hintergrund/{path}").status_code == 404
    assert host.asked == []


def test_a_host_that_is_away_is_told_with_when_to_come_again(client: Client, host: Host) -> None:
    host.status = 500
    answer = client.get("/hintergrund/grau/14/8588/5497")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "20"
    assert answer.headers["Cache-Control"] == "no-store"


def tile(colour: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(written, "PNG")
    return written.getvalue()


def printed(client: Client, query: str) -> Image.Image:
    answer = client.get(f"/drucken.png?lon=8.71677&lat=50.82183&massstab=1000&{query}")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    return Image.open(io.BytesIO(answer.data)).convert("RGB")


def test_the_background_map_is_printed_as_this_server_fetches_it(client: Client, host: Host) -> None:
    host.body = tile("#3366cc")
    assert printed(client, "").getpixel((20, 20)) == (255, 255, 255)
    assert host.asked == []
    assert printed(client, "grund=grau").getpixel((20, 20)) == (0x33, 0x66, 0xCC)
    asked = len(host.asked)
    assert 0 < asked < 30, "as fine as the picture needs it"
    sheet = client.get("/drucken.pdf?lon=8.71677&lat=50.82183&massstab=1000&grund=grau")
    text = pypdfium2.PdfDocument(sheet.data)[0].get_textpage().get_text_bounded()
    assert "Hintergrund: Grau, © Muster" in " ".join(text.split()), "wherever a line ends"
    form = client.get("/drucken?lon=8.71677&lat=50.82183&grund=grau").text
    assert '<option value="grau" selected>Grau</option>' in form
    assert '<option value="fern"' not in form, "nobody has said that we may fetch it"
    for unknown in ("fern", "x"):
        assert client.get(f"/drucken?grund={unknown}").status_code == 400


def test_a_background_map_that_does_not_come_is_told_on_the_sheet(client: Client, host: Host) -> None:
    host.status = 500
    sheet = client.get("/drucken.pdf?lon=8.71677&lat=50.82183&massstab=1000&grund=grau")
    assert sheet.status_code == 200
    assert "unvollständig" in pypdfium2.PdfDocument(sheet.data)[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize(("mode", "colour"), [("P", "#00aa00"), ("L", "#808080"), ("RGBA", "#aa0000")])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_tiles_of_any_kind_are_drawn_in_their_colours(
    host: Host, store: TileStore, upstream: Upstream, mode: str, colour: str, form: str
) -> None:
    written = io.BytesIO()
    kept = mode if form == "PNG" or mode == "L" else "RGB"
    Image.new("RGB", (256, 256), colour).convert(kept).save(written, form)
    host.body = written.getvalue()
    corners = (970_000.0, 6_590_000.0, 970_100.0, 6_590_100.0)
    with mosaic(store, upstream, corners, 0.5) as found:
        assert found.whole
        painters = PaintersPool({}, size=1)
        try:
            [drawn] = painters.paint(
                Painting('<Map srs="epsg:3857"></Map>', {}, SRS, corners, 64, 64, "png32",
                         rasters=(RasterUnderlay(str(found.file), SRS),))
            )  # fmt: skip
        finally:
            painters.close()
    with Image.open(io.BytesIO(drawn)) as picture:
        seen = picture.convert("RGB").getpixel((32, 32))
    assert isinstance(seen, tuple)
    wanted = ImageColor.getrgb(colour)
    assert all(abs(one - other) < 6 for one, other in zip(seen, wanted, strict=True))
