"""`make bench`: the product beside its peers, on the same rows and the same requests, in turn.

What counts is CPU time, of the server's processes and of PostgreSQL's, for each request: a busy machine makes answers
late, but not dear. Ratios within one run are worth more than figures of two runs.
"""

import argparse
import json
import math
import platform
import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg
import requests

from geoportal.database import migrate, owner_engine
from geoportal.database.cluster import Cluster
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks import cpu, stock, systems
from tests.benchmarks.systems import Ask, System

BARE: Final = "SQL"
_WARMING: Final = 8
PAGE: Final = CHECKOUT / "docs" / "performance.md"


@dataclass(frozen=True)
class Work:
    """A row of the table: what is asked, and the statement that answers it without any server and without a count."""

    title: str
    asks: Sequence[Ask]
    bare: Callable[[Ask], tuple[str, dict[str, object]]] | None = None


_FEATURE: Final = """json_build_object('type', 'Feature', 'id', id, 'geometry',
    ST_AsGeoJSON(ST_Transform(geom, 4326), 8)::json, 'properties', to_jsonb(plan) - 'geom' - 'id' - 'geojson')::text"""


def _bare_page(condition: str) -> Callable[[Ask], tuple[str, dict[str, object]]]:
    def statement(ask: Ask) -> tuple[str, dict[str, object]]:
        west, south, east, north = ask.box or (0, 0, 0, 0)
        where = condition.replace("CQL2", (ask.cql2 or "").replace("%", "%%"))
        return (
            f"SELECT string_agg(feature, ',') FROM (SELECT {_FEATURE} AS feature FROM peer.bebauungsplaene AS plan"
            f" WHERE {where} ORDER BY id LIMIT %(limit)s) AS page",
            {"limit": ask.limit, "ags": ask.ags, "w": west, "s": south, "e": east, "n": north},
        )

    return statement


_BOX: Final = (
    "ST_Intersects(geom, ST_Transform(ST_Segmentize(ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326), 0.01), 25832))"
)


def works(plans: Sequence[str], number: int, seed: int) -> list[Work]:
    """Every system is asked the same, and every run too."""
    chance = random.Random(seed)

    def boxes() -> list[tuple[float, float, float, float]]:
        corners = [(chance.uniform(8.45, 9.0), chance.uniform(50.65, 50.97)) for _ in range(number)]
        return [(x, y, x + 0.05, y + 0.03) for x, y in corners]

    ags = [f"06534{place:03}" for place in range(1, 13)]
    chosen = [
        (chance.choice((3000, 4000)), chance.choice((1000, 3000)), chance.randrange(1, 10)) for _ in range(number)
    ]
    pages = [
        Work(f"items {limit} in a box", [Ask(limit, box) for box in boxes()], _bare_page(_BOX))
        for limit in (10, 100, 1000)
    ]
    return [
        *pages,
        Work(
            "one item",
            [Ask(plan=plan) for plan in chance.sample(plans, number)],
            lambda ask: (f"SELECT {_FEATURE} FROM peer.bebauungsplaene AS plan WHERE id = %(id)s", {"id": ask.plan}),
        ),
        Work(
            "attribute =, 100",
            [Ask(100, ags=chance.choice(ags)) for _ in range(number)],
            _bare_page("ags = %(ags)s"),
        ),
        Work(
            "CQL2, 100",
            [
                Ask(100, cql2=f"rechtsstand = {state} AND planart = {kind} AND nummer LIKE '{digit}%'")
                for state, kind, digit in chosen
            ],
            _bare_page("CQL2"),
        ),
        *(
            Work(f"vector tile, zoom {zoom}", [Ask(tile=_tile(chance, zoom)) for _ in range(number)], _bare_tile)
            for zoom in (14, 16)
        ),
        *(
            Work(f"map of 256 pixels, zoom {zoom}", [_picture(chance, zoom) for _ in range(number)])
            for zoom in (13, 15)
        ),
    ]


_WIDTH: Final = 2 * 20037508.342789244  # metres of WebMercatorQuad


def _tile(chance: random.Random, zoom: int) -> tuple[int, int, int]:
    """Somewhere in the Kreis."""
    x, y = chance.uniform(8.45, 9.0), chance.uniform(50.65, 50.97)
    tall = math.log(math.tan(math.pi / 4 + math.radians(y) / 2))
    return zoom, int((1 - tall / math.pi) / 2 * 2**zoom), int((x + 180) / 360 * 2**zoom)


def _bounds(zoom: int, row: int, col: int) -> tuple[float, float, float, float]:
    size = _WIDTH / 2**zoom
    west, north = col * size - _WIDTH / 2, _WIDTH / 2 - row * size
    return west, north - size, west + size, north


def _picture(chance: random.Random, zoom: int) -> Ask:
    return Ask(box=_bounds(*_tile(chance, zoom)), picture=True)


def _bare_tile(ask: Ask) -> tuple[str, dict[str, object]]:
    zoom, row, col = ask.tile or (0, 0, 0)
    west, south, east, north = _bounds(zoom, row, col)
    return (
        """SELECT ST_AsMVT(tile, 'bebauungsplaene', 4096, 'shape') FROM (
            SELECT ST_AsMVTGeom(ST_Transform(geom, 3857), box, 4096, 128, true) AS shape, id, name, ags, status,
                rechtsstand
            FROM peer.bebauungsplaene, ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 3857) AS box
            WHERE geom && ST_Transform(box, 25832)) AS tile""",
        {"w": west, "s": south, "e": east, "n": north},
    )


def measure(
    work: Work, system: System | None, connection: psycopg.Connection, postmaster: int, asks: Sequence[Ask]
) -> float:
    """CPU milliseconds per request. `system` None is the bare statement."""
    roots = (postmaster,) if system is None else (postmaster, system.process)
    before = cpu.seconds(*roots)
    for ask in asks:
        if system is None:
            if work.bare is None:
                raise OSError("no statement does this")
            statement, values = work.bare(ask)
            connection.execute(statement, values, prepare=False).fetchone()
        elif (url := system.url(ask)) is None:
            raise OSError("not offered")
        else:
            system.fetch(url)
    return 1000 * (cpu.seconds(*roots) - before) / len(asks)


def paging(system: System, postmaster: int, pages: int) -> tuple[float, float]:
    """CPU milliseconds per page of 1000, of the first pages and of the last of so many, by the links `next`."""
    url, spent = system.url(Ask(1000)), []
    for _ in range(pages):
        before = cpu.seconds(postmaster, system.process)
        if url is None:
            break
        document = json.loads(system.fetch(url))
        spent.append(1000 * (cpu.seconds(postmaster, system.process) - before))
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        if not following:
            break
        url = following[0]
    quarter = max(len(spent) // 4, 1)
    return sum(spent[:quarter]) / quarter, sum(spent[-quarter:]) / quarter


def heaviest(system: System) -> list[str]:
    """Zoom by zoom the tile in the middle of the Kreis and its eight neighbours: the largest, and the slowest."""
    told = []
    for zoom in range(8, 17):
        _, row, col = _tile(random.Random(stock.SEED), zoom)
        sizes, times = [], []
        for place in ((row + down, col + right) for down in (-1, 0, 1) for right in (-1, 0, 1)):
            url = system.url(Ask(tile=(zoom, *place)))
            began = time.perf_counter()
            response = requests.get(url or "", timeout=120)
            if response.ok:  # beyond the plans there are no tiles
                sizes.append(len(response.content))
                times.append(time.perf_counter() - began)
        told.append(f"  zoom {zoom}: {max(sizes) / 1000:.0f} kB, {1000 * max(times):.0f} ms")
    return told


def table(results: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    head = "| ms CPU per request | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1)
    ours, rows = "Geoportal", []
    for title, row in results.items():
        cells = [
            "–"
            if name not in row
            else f"{row[name]:.1f}" + ("" if name == ours else f" (×{row[name] / row[ours]:.1f})")
            for name in names
        ]
        rows.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join([head, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--plans", type=int, default=200_000)
    parser.add_argument("--points", type=int, default=300_000)
    parser.add_argument("--requests", type=int, default=40, help="of each kind, for each system")
    parser.add_argument("--pages", type=int, default=200, help="of 1000 features, one after the other")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "data" / "bench", help="kept for the next run")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    folder: Path = asked.folder / f"{asked.plans}-{asked.points}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    asked.folder.chmod(0o711)
    with ExitStack() as running:
        cluster = running.enter_context(Cluster(folder / "postgres", durable=False))
        settings = replace(
            Settings.from_env({}),
            database_url=cluster.url,
            read_database_url=cluster.read_url,
            data=folder / "data",
        )
        built = folder / "built"
        if not built.exists():
            print(f"building {asked.plans} plans and {asked.points} points in {folder}", flush=True)
            stock.build(settings, folder / "layers", asked.plans, asked.points)
            built.touch()
        migrate(owner_engine(cluster.url))  # the data may be of an earlier run, with older programs
        connection = running.enter_context(psycopg.connect(cluster.url, autocommit=True))
        connection.execute("SET jit = off")
        connection.execute("SET max_parallel_workers_per_gather = 0")
        plans = [str(row[0]) for row in connection.execute("SELECT id FROM peer.bebauungsplaene ORDER BY id")]
        [postmaster] = connection.execute("SELECT pg_backend_pid()").fetchone() or [0]
        postmaster = cpu.parent(postmaster)
        started = [running.enter_context(system(settings, folder)) for system in systems.SYSTEMS]
        results: dict[str, dict[str, float]] = {}
        warming = works(plans, _WARMING, stock.SEED + 1)
        for work, warm in zip(works(plans, asked.requests, stock.SEED), warming, strict=True):
            results[work.title] = _in_turn(work, warm.asks, started, connection, postmaster)
            print(work.title, {name: round(value, 1) for name, value in results[work.title].items()}, flush=True)
        print("heaviest tiles", *heaviest(started[0]), sep="\n", flush=True)
        print(f"memory of the server under load: {cpu.memory(started[0].process) / 2**20:.0f} MB", flush=True)
        first, last = "a page of 1000, the first ones", "a page of 1000, the last ones"
        results |= {first: {}, last: {}}
        for system in started[:3]:
            results[first][system.name], results[last][system.name] = paging(system, postmaster, asked.pages)
        print(table(results, [BARE, *(system.name for system in started)]))
        if asked.write:
            _write(results, [BARE, *(system.name for system in started)], asked)


def _in_turn(
    work: Work, warming: Sequence[Ask], started: Sequence[System], connection: psycopg.Connection, postmaster: int
) -> dict[str, float]:
    """Four rounds, so that whatever else the machine does meets all alike. Other requests of the kind come before them
    and are not counted: each worker opens connections, and the first transformation in each costs more than an answer.
    """
    spent: dict[str, list[float]] = {}
    parts = [work.asks[begin::4] for begin in range(4)]
    for part in parts:
        for system in (None, *started):
            name = system.name if system else BARE
            try:
                if part is parts[0]:
                    measure(work, system, connection, postmaster, warming)
                spent.setdefault(name, []).append(measure(work, system, connection, postmaster, part))
            except OSError as error:  # a peer that cannot answer this has no figure
                print(f"{name}: {work.title}: {error}")
    return {name: sum(values) / len(values) for name, values in spent.items() if len(values) == len(parts)}


def _write(results: dict[str, dict[str, float]], names: Sequence[str], asked: argparse.Namespace) -> None:
    text = PAGE.read_text("utf-8")
    mark, end = "<!-- written by make bench -->", "<!-- end -->"
    head, rest = text.split(mark)
    made = (
        f"{datetime.now(UTC):%Y-%m-%d}: {asked.plans:,} plans, {asked.points:,} points, {asked.requests} requests of"
        f" each kind, {asked.pages} pages; Python {platform.python_version()}, {platform.machine()}."
    )
    PAGE.write_text(f"{head}{mark}\n\n{made}\n\n{table(results, names)}\n\n{end}{rest.split(end)[1]}", "utf-8")


if __name__ == "__main__":
    main()
