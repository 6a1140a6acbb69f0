"""The systems that are measured: each started as its makers advise, on the same database, and asked the same things."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import requests
import yaml

from geoportal import serving
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks.stock import LIGHTS

_PATIENCE: Final = 120


@dataclass(frozen=True)
class Ask:
    """One request in words that all understand: a page of plans, or one plan. `box` is in CRS84."""

    limit: int = 10
    box: tuple[float, float, float, float] | None = None
    ags: str | None = None
    cql2: str | None = None
    plan: str | None = None


@dataclass(frozen=True)
class System:
    """`items` is the address of the plans' features; `process` the root of its processes."""

    name: str
    items: str
    process: int
    filter_parameters: Mapping[str, str]

    def url(self, ask: Ask) -> str:
        if ask.plan is not None:
            return f"{self.items}/{ask.plan}"
        query: dict[str, Any] = {"limit": ask.limit}
        if ask.box:
            query["bbox"] = ",".join(f"{number:.5f}" for number in ask.box)
        if ask.ags:
            query["ags"] = ask.ags
        if ask.cql2:
            query |= {"filter": ask.cql2, **self.filter_parameters}
        return f"{self.items}?{urlencode(query, quote_via=quote)}"


def fetch(url: str) -> bytes:
    response = requests.get(url, headers={"Accept": "application/geo+json, application/json"}, timeout=_PATIENCE)
    response.raise_for_status()
    return response.content


@contextmanager
def ours(settings: Settings, folder: Path) -> Iterator[System]:
    """The product as `geoportal serve` starts it, with the layer of the stock beside its own."""
    home = folder / "home"
    (home / "layers").mkdir(parents=True, exist_ok=True)
    for name in ("config", "data", "node_modules"):
        _link(home / name, CHECKOUT / name)
    for layer in (CHECKOUT / "layers").iterdir():
        _link(home / "layers" / layer.name, layer)
    _link(home / "layers" / LIGHTS, folder / "layers" / LIGHTS)
    port = _free_port()
    environment = {
        "GEOPORTAL_DATABASE_URL": settings.require_database_url(),
        "GEOPORTAL_READ_DATABASE_URL": settings.require_read_url(),
        "GEOPORTAL_HOME": str(home),
        "GEOPORTAL_DATA": str(settings.data),
        "GEOPORTAL_PORT": str(port),
        "GEOPORTAL_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "gunicorn", *serving.web_arguments(Settings.from_env(environment))]
    items = f"http://127.0.0.1:{port}/ogc/collections/bebauungsplaene/items"
    with _running(command, environment, f"{items}?limit=1", folder / "ours.log") as pid:
        yield System("Geoportal", items, pid, {})


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
                }
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
        yield System("pygeoapi", items, pid, {"filter-lang": "cql-text"})


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
        yield System("tipg", items, pid, {"filter-lang": "cql2-text"})


SYSTEMS: Final = (ours, stock, tipg)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], first: str, log: Path) -> Iterator[int]:
    """The process until the end of the block; it has answered once."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output, cwd=CHECKOUT)
        try:
            deadline = time.monotonic() + _PATIENCE
            while True:
                try:
                    fetch(first)
                    break
                except requests.RequestException:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"{command[0]} does not answer, see {log}") from None
                    time.sleep(0.5)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _link(place: Path, target: Path) -> None:
    if not place.is_symlink():
        place.symlink_to(target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
