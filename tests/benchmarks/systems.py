"""The systems that are measured: each started as its makers advise, on the same database, and asked the same things."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import requests
import yaml

from geoportal import serving
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks import mapserver
from tests.benchmarks.stock import LIGHTS

_PATIENCE: Final = 120
# A server is told to end with 30 seconds for what it answers; on a busy machine its own end takes time too.
_STOP_SECONDS: Final = 60
_MERCATOR: Final = "http://www.opengis.net/def/crs/EPSG/0/3857"


class SystemFault(Exception):
    """A system did not start, or did not end."""


@dataclass(frozen=True)
class Ask:
    """One request in words that all understand: a page of plans, one plan, a vector tile (zoom, row, column), a picture
    of 256 pixels of outlines, or one that is a tile. `box` is in CRS84, that of a picture in EPSG:3857. Of a page,
    `fields` are the only ones that are wanted, and `day` is one on which its plans were in force.
    """

    limit: int = 10
    box: tuple[float, float, float, float] | None = None
    ags: str | None = None
    cql2: str | None = None
    fields: tuple[str, ...] = ()
    day: str | None = None
    plan: str | None = None
    tile: tuple[int, int, int] | None = None
    picture: bool = False


class Client:
    """What an address answers, asked over one connection as long as the server keeps it: as nginx and QGIS ask."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/geo+json, application/json"

    def __call__(self, url: str) -> bytes:
        response = self._session.get(url, timeout=_PATIENCE)
        response.raise_for_status()
        return response.content

    def hang_up(self) -> None:
        """The next request has a new connection."""
        self._session.close()


@dataclass(frozen=True)
class System:
    """`items` is the address of the plans' features; `process` the root of its processes. `tiles`, `picture_tiles`
    (with zoom, row, col) and `pictures` (with box) are templates of addresses. A system without one of these does not
    do such work; one that has no tiles of pictures is asked for the picture. `knows_intervals`: a plan is found by any
    day between the two dates of its validity.
    """

    name: str
    items: str | None
    process: int
    filter_parameters: Mapping[str, str]
    tiles: str | None = None
    pictures: str | None = None
    picture_tiles: str | None = None
    knows_intervals: bool = False
    fetch: Callable[[str], bytes] = field(default_factory=Client)

    def hang_up(self) -> None:
        """The next request may come to another worker."""
        if isinstance(self.fetch, Client):
            self.fetch.hang_up()

    def url(self, ask: Ask) -> str | None:
        if ask.tile is not None and not (ask.picture and self.picture_tiles is None):
            zoom, row, col = ask.tile
            tiles = self.picture_tiles if ask.picture else self.tiles
            return tiles and tiles.format(zoom=zoom, row=row, col=col)
        if ask.picture:
            box = ",".join(f"{number:.2f}" for number in ask.box or ())
            return self.pictures and self.pictures.format(box=box)
        if self.items is None or (ask.day and not self.knows_intervals):
            return None
        if ask.plan is not None:
            return f"{self.items}/{ask.plan}"
        query: dict[str, Any] = {"limit": ask.limit}
        if ask.box:
            query["bbox"] = ",".join(f"{number:.5f}" for number in ask.box)
        if ask.ags:
            query["ags"] = ask.ags
        if ask.fields:
            query["properties"] = ",".join(ask.fields)
        if ask.day:
            query["datetime"] = ask.day
        if ask.cql2:
            query |= {"filter": ask.cql2, **self.filter_parameters}
        return f"{self.items}?{urlencode(query, quote_via=quote)}"


def home_in(folder: Path) -> Path:
    """A home of the product with the layer of the stock, which lies in `folder / "layers"`, beside its own."""
    home = folder / "home"
    (home / "layers").mkdir(parents=True, exist_ok=True)
    for name in ("config", "data", "node_modules"):
        _link(home / name, CHECKOUT / name)
    for layer in (CHECKOUT / "layers").iterdir():
        _link(home / "layers" / layer.name, layer)
    _link(home / "layers" / LIGHTS, folder / "layers" / LIGHTS)
    return home


@contextmanager
def ours(settings: Settings, folder: Path) -> Iterator[System]:
    """The product as `geoportal serve` starts it, with the layer of the stock beside its own, and no picture kept."""
    home = home_in(folder)
    shutil.rmtree(settings.data / "cache", ignore_errors=True)
    port = _free_port()
    environment = {
        "GEOPORTAL_DATABASE_URL": settings.require_database_url(),
        "GEOPORTAL_READ_DATABASE_URL": settings.require_read_url(),
        "GEOPORTAL_HOME": str(home),
        "GEOPORTAL_DATA": str(settings.data),
        "GEOPORTAL_PORT": str(port),
        "GEOPORTAL_URL": f"http://127.0.0.1:{port}",
    }
    program = "import sys; from geoportal.serving import serve; serve(sys.argv[1:])"
    command = [sys.executable, "-c", program, *serving.web_arguments(Settings.from_env(environment))]
    items = f"http://127.0.0.1:{port}/ogc/collections/bebauungsplaene/items"
    with _running(command, environment, f"{items}?limit=1", folder / "ours.log") as pid:
        collection = items.removesuffix("/items")
        place = "/tiles/WebMercatorQuad/{zoom}/{row}/{col}"
        tiles, painted = f"{collection}{place}?f=mvt", f"{collection}/styles/umring/map{place}?f=png"
        picture = "?width=256&height=256&crs={crs}&bbox-crs={crs}&bbox=".replace("{crs}", _MERCATOR) + "{box}"
        yield System("Geoportal", items, pid, {}, tiles, f"{collection}/styles/umring/map{picture}", painted, True)


@contextmanager
def stock(settings: Settings, folder: Path) -> Iterator[System]:
    """pygeoapi with its own PostgreSQL provider, on the flat table."""
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    head = yaml.safe_load((CHECKOUT / "config" / "pygeoapi.yml").read_text("utf-8").split("# ----")[0])
    head["server"] |= {"url": base, "limits": {"default_items": 10, "max_items": 1000}}
    head["server"].pop("templates")
    head["server"].pop("api_rules")
    head["resources"] = {
        "bebauungsplaene": {
            "type": "collection",
            "title": "Bebauungspläne",
            "description": "Bebauungspläne",
            "keywords": ["plan"],
            "extents": {"spatial": {"bbox": head["area"], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
            "providers": [
                {
                    "type": "feature",
                    "name": "PostgreSQL",
                    "data": settings.require_database_url().replace("postgresql://", "postgresql+psycopg://"),
                    "id_field": "id",
                    "table": "bebauungsplaene",
                    "geom_field": "geom",
                    "storage_crs": "http://www.opengis.net/def/crs/EPSG/0/25832",
                    "options": {"search_path": ["peer", "public"]},
                },
                {
                    "type": "tile",
                    "name": "MVT-postgresql",
                    "data": settings.require_database_url().replace("postgresql://", "postgresql+psycopg://"),
                    "id_field": "id",
                    "table": "bebauungsplaene",
                    "geom_field": "geom",
                    "storage_crs": "http://www.opengis.net/def/crs/EPSG/0/25832",
                    "options": {"search_path": ["peer", "public"], "zoom": {"min": 0, "max": 16}},
                    "format": {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"},
                },
            ],
        }
    }
    config, openapi = folder / "pygeoapi.yml", folder / "openapi.yml"
    config.write_text(yaml.safe_dump(head, allow_unicode=True), "utf-8")
    programs = Path(sys.executable).parent
    environment = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    subprocess.run(
        [programs / "pygeoapi", "openapi", "generate", config, "--output-file", openapi],
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )
    command = [
        sys.executable, "-m", "gunicorn", "pygeoapi.flask_app:APP", "--preload", "--worker-class", "gthread",
        "--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}", "--log-level", "warning",
    ]  # fmt: skip
    items = f"{base}/collections/bebauungsplaene/items"
    with _running(command, environment, f"{items}?limit=1", folder / "stock.log") as pid:
        tiles = items.removesuffix("/items") + "/tiles/WebMercatorQuad/{zoom}/{row}/{col}?f=mvt"
        yield System("pygeoapi", items, pid, {"filter-lang": "cql-text"}, tiles)


@contextmanager
def tipg(settings: Settings, folder: Path) -> Iterator[System]:
    """tipg under uvicorn, in an environment of its own."""
    venv, port = folder / "tipg", _free_port()
    if not (venv / "bin" / "uvicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run(
            [
                venv / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "-r",
                Path(__file__).with_name("requirements.txt"),
            ],
            check=True,
        )
    environment = {
        "DATABASE_URL": settings.require_database_url(),
        "TIPG_DB_SCHEMAS": '["peer"]',
        "TIPG_MAX_FEATURES_PER_QUERY": "1000",
        "WEB_CONCURRENCY": "2",
    }
    command = [str(venv / "bin" / "uvicorn"), "tipg.main:app", "--port", str(port), "--log-level", "warning"]
    items = f"http://127.0.0.1:{port}/collections/peer.bebauungsplaene/items"
    with _running(command, environment, f"{items}?limit=1", folder / "tipg.log") as pid:
        tiles = items.removesuffix("/items") + "/tiles/WebMercatorQuad/{zoom}/{col}/{row}"
        yield System("tipg", items, pid, {"filter-lang": "cql2-text"}, tiles)


@contextmanager
def map_server(settings: Settings, folder: Path) -> Iterator[System]:
    """MapServer's WMS, for pictures."""
    with mapserver.running(settings, folder) as (address, pid):
        picture = (
            "/!/?map=bench&SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=bebauungsplaene&STYLES=&CRS=EPSG:3857"
            "&FORMAT=image/png&TRANSPARENT=TRUE&WIDTH=256&HEIGHT=256&BBOX="
        )
        yield System("MapServer", None, pid, {}, pictures=address + picture + "{box}", fetch=mapserver.fetch)


SYSTEMS: Final = {"Geoportal": ours, "pygeoapi": stock, "tipg": tipg, "MapServer": map_server}


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], first: str, log: Path) -> Iterator[int]:
    """The process until the end of the block; it has answered once."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdout=output,
            stderr=output,
            cwd=CHECKOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + _PATIENCE
            while True:
                try:
                    Client()(first)
                    break
                except requests.RequestException:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemFault(f"does not answer, see {log}") from None
                    time.sleep(0.5)
            yield process.pid
        finally:
            _end(process, log)


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    """Raises SystemFault when it had to be killed."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise SystemFault(f"did not end within {_STOP_SECONDS} s, see {log}") from None


def _link(place: Path, target: Path) -> None:
    if not place.is_symlink():
        place.symlink_to(target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
