"""MapLibre itself opens our styles for vector tiles: no error, features and texts are drawn.

On a page of the test's own, from another origin: its WebGL is computed by Chromium without a graphics card.
"""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest
from playwright.sync_api import Page, sync_playwright

from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import CHROMIUM
from tests.ogc import publish_stock, served

pytestmark = pytest.mark.browser

WEBGL: Final = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
                "--ignore-gpu-blocklist"]  # fmt: skip
PAGE: Final = """<!DOCTYPE html><meta charset="utf-8"><title>MapLibre</title>
<style>html, body, #map {margin: 0; width: 700px; height: 500px}</style><div id="map"></div>
<script type="module">
    import * as maplibre from "/maplibre-gl.mjs";
    window.errors = [];
    window.map = new maplibre.Map({container: "map", center: [8.7168, 50.8218], zoom: 16.5, fadeDuration: 0,
        attributionControl: false, style: {version: 8, sources: {}, layers: []}});
    map.on("error", ({error}) => errors.push(String(error && error.message || error)));
    // what is drawn, by the kind and the source layer of the style's layers, when nothing is left to do
    window.show = (style) => new Promise((resolve) => {
        const tell = () => {
            if (!map.isStyleLoaded() || !map.areTilesLoaded()) { map.once("idle", tell); return; }
            const found = {};
            for (const each of map.queryRenderedFeatures()) {
                const kind = `${each.layer.type} ${each.sourceLayer}`;
                found[kind] = (found[kind] || 0) + 1;
            }
            resolve({found, layers: map.getStyle().layers.length});
        };
        map.setStyle(style, {diff: false});
        map.once("style.load", () => map.once("idle", tell));
    });
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def address(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    with served(module_database) as where:
        yield where


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("maplibre")
    for file in (CHECKOUT / "node_modules" / "maplibre-gl" / "dist").glob("*.mjs"):
        (folder / file.name).symlink_to(file)
    (folder / "index.html").write_text(PAGE, "utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=WEBGL)
        opened = browser.new_page(viewport={"width": 700, "height": 500})
        opened.set_default_timeout(120_000)
        opened.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        opened.wait_for_function("window.map && window.map.loaded()")
        yield opened
        browser.close()
    server.shutdown()
    server.server_close()
    thread.join()


def show(page: Page, style: str, *, zoom: float, lon: float = 8.7168, lat: float = 50.8218) -> dict[str, Any]:
    page.evaluate("([lon, lat, zoom]) => map.jumpTo({center: [lon, lat], zoom})", [lon, lat, zoom])
    seen: dict[str, Any] = page.evaluate("(style) => show(style)", style)
    assert page.evaluate("errors") == []
    return seen


@pytest.mark.parametrize(
    ("style", "zoom", "expected"),
    [
        ("planinhalte/styles/planzv", 17, {"fill planinhalte", "line planinhalte", "symbol planinhalte",
                                           "symbol beschriftungen"}),
        ("bebauungsplaene/styles/planzv", 17, {"line bebauungsplaene"}),
        ("bebauungsplaene/styles/rechtsstand", 15, {"fill bebauungsplaene"}),
        ("bebauungsplaene/styles/umring", 15, {"line bebauungsplaene"}),
        ("schulen/styles/standard", 15, {"circle schulen"}),
        ("gemeinden/styles/standard", 11, {"line gemeinden"}),
    ],
)  # fmt: skip
def test_maplibre_draws_a_style_without_an_error(
    page: Page, address: str, style: str, zoom: float, expected: set[str]
) -> None:
    seen = show(page, f"{address}/collections/{style}?f=gl", zoom=zoom)
    assert expected <= seen["found"].keys(), seen
