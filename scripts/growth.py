"""`make growth`: what the portal costs at several sizes that are really built, and what larger ones would need.

Each plan has as many objects as said; all of it is public, and in the stock of tiles. Counts CPU time, of our process
and of PostgreSQL's, because a busy machine makes answers late but not dear; and bytes.
Writes docs/operations/growth.json (measured), growth.svg (the curves) and the table in docs/operations/growth.md.
"""

import argparse
import json
import math
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import psycopg
from werkzeug.test import Client

from geoportal import wsgi
from geoportal.database.cluster import Cluster
from geoportal.settings import CHECKOUT, Settings
from tests.benchmarks import cpu, stock

PAGE: Final = CHECKOUT / "docs/operations/growth.md"
MEASURED, CURVES = PAGE.with_suffix(".json"), PAGE.with_suffix(".svg")
PLANS_OF_A_GEMEINDE: Final = 95  # the assumption of the page: 2,000 plans of 21 towns
PLACES: Final = {"Kreis (21 Gemeinden)": 21, "Hessen (421)": 421, "Deutschland (10 700)": 10_700}
_SEED: Final = 20260101
_CHUNK: Final = 10  # requests between two looks at the clock, whose ticks are 10 ms
_FOR_BUILDING: Final = ("maintenance_work_mem = '512MB'", "max_wal_size = '4GB'")

# Of each plan, around its middle: uses, building lines and streets, of nine corners on average.
_OBJECTS: Final = """
    WITH shape AS (
        SELECT k, ST_Buffer(ST_SetSRID(ST_MakePoint(0, 0), 25832), 4 + 3 * k, 1 + mod(k, 3)) AS area,
            ST_SetSRID(ST_MakeLine(ST_MakePoint(-k - 5, 0), ST_MakePoint(k + 5, 3)), 25832) AS line
        FROM generate_series(0, 9) AS k)
    INSERT INTO plans.planobjekt (version_id, klasse, gml_id, ebene, rechtscharakter, attribute, geom)
    SELECT version.id, (ARRAY['BP_BaugebietsTeilFlaeche', 'BP_BauGrenze', 'BP_StrassenVerkehrsFlaeche'])[1 + mod(n, 3)],
        'GML_' || version.id || '-' || n, 0, 1000,
        jsonb_build_object('GRZ', mod(n, 10) / 10.0, 'GFZ', mod(n, 20) / 10.0, 'bauweise', '1000'),
        ST_Translate(CASE mod(n, 3) WHEN 1 THEN line ELSE area END,
            ST_X(middle) + mod(n * 37, 101) - 50, ST_Y(middle) + mod(n * 53, 97) - 48)
    FROM (SELECT id, ST_Centroid(geom) AS middle FROM plans.version) AS version
    CROSS JOIN generate_series(1, %s) AS n JOIN shape ON shape.k = mod(n, 10)"""

# What is asked, by name; each address is another one, so that nothing is remembered.
_ASKS: Final[Mapping[str, Callable[[random.Random, Sequence[str]], str]]] = {
    "10 Pläne in 2 km": lambda dice, _: (
        f"/ogc/collections/bebauungsplaene/items?f=json&limit=10&bbox={_box(dice, 0.02)}"
    ),
    "100 Pläne in 10 km": lambda dice, _: (
        f"/ogc/collections/bebauungsplaene/items?f=json&limit=100&bbox={_box(dice, 0.1)}"
    ),
    "ein Plan": lambda dice, ids: f"/ogc/collections/bebauungsplaene/items/{dice.choice(ids)}?f=json",
    "Kachel, Zoom 15": lambda dice, _: (
        f"/ogc/collections/bebauungsplaene/tiles/WebMercatorQuad/15/{_tile(dice, 15)}?f=mvt"
    ),
    "Inhalte eines Plans": lambda dice, ids: (
        f"/ogc/collections/planinhalte/items?f=json&limit=100&plan_id={dice.choice(ids)}"
    ),
    "100 Inhalte in 500 m": lambda dice, _: (
        f"/ogc/collections/planinhalte/items?f=json&limit=100&bbox={_box(dice, 0.005)}"
    ),
    "Kachel der Inhalte, Zoom 17": lambda dice, _: (
        f"/ogc/collections/planinhalte/tiles/WebMercatorQuad/17/{_tile(dice, 17)}?f=mvt"
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    parser.add_argument("--objects", type=int, default=50, help="of each plan")
    parser.add_argument("--requests", type=int, default=60, help="of each kind")
    parser.add_argument("--folder", type=Path, help="where there is room; else the folder for temporary files")
    parser.add_argument("--more", action="store_true", help="keeps what was measured last at other sizes")
    parser.add_argument("--redraw", action="store_true", help="only curves and table, from what was measured last")
    given = parser.parse_args()
    if not given.redraw:
        former = json.loads(MEASURED.read_text("utf-8"))["sizes"] if given.more else []
        found = [each for each in former if each["plans"] not in given.plans]
        for number in sorted(given.plans):
            found.append(_measured(number, given.objects, given.requests, given.folder))
            found.sort(key=lambda each: each["plans"])
            told = {"measured": datetime.now(UTC).date().isoformat(), "requests": given.requests, "sizes": found}
            # each by itself: the next size may be too large for the disk
            MEASURED.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    told = json.loads(MEASURED.read_text("utf-8"))
    CURVES.write_text(drawn(told["sizes"]), "utf-8")
    text = PAGE.read_text("utf-8")
    table = f"<!-- written by make growth -->\n\n{written(told)}\n<!-- end -->"
    PAGE.write_text(
        re.sub(r"<!-- written by make growth -->.*<!-- end -->", lambda _: table, text, flags=re.DOTALL), "utf-8"
    )


def _measured(plans: int, objects: int, requests: int, room: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="geoportal-growth-", dir=room) as name:
        folder = Path(name)
        folder.chmod(0o711)
        layers = folder / "layers"
        layers.mkdir()
        (layers / "bebauungsplaene").symlink_to(CHECKOUT / "layers/bebauungsplaene")
        with Cluster(folder / "postgres", durable=False) as server:
            settings = replace(
                server.settings(Settings.from_env({})), data=folder / "data", run=folder / "run", requests_per_second=0
            )
            with server.superuser() as superuser:
                for each in _FOR_BUILDING:
                    superuser.execute(f"ALTER SYSTEM SET {each}")
                superuser.execute("SELECT pg_reload_conf()")
            began = time.process_time() + cpu.seconds(postmaster(server))
            stock.build(settings, layers, plans, 1_000)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA peer CASCADE")
                _told(f"{plans} plans")
                _add_objects(connection, objects)
                building = time.process_time() + cpu.seconds(postmaster(server)) - began
                [sizes] = connection.execute("""
                    SELECT pg_database_size(current_database()), pg_total_relation_size('plans.publication'),
                        pg_total_relation_size('plans.planobjekt'), pg_total_relation_size('plans.tile_feature'),
                        (SELECT count(*) FROM plans.publication), (SELECT count(*) FROM ogc.planinhalte)""")
                _told(f"{sizes[0] / 1e6:.0f} MB, {sizes[4]} plans and {sizes[5]} objects, {building:.0f} s CPU")
                ids = [row[0] for row in connection.execute("SELECT id::text FROM ogc.bebauungsplaene LIMIT 5000")]
            client = Client(wsgi.create(settings))
            costs = {
                name: statistics.median(_costs(client, postmaster(server), ask, ids, requests))
                for name, ask in _ASKS.items()
            }
            names = ("database_bytes", "publication_bytes", "objects_bytes", "tiles_bytes", "public", "objects")
            measured = dict(zip(names, sizes, strict=True)) | {
                "plans": plans, "build_cpu_seconds": round(building, 1),
                "cpu_ms": {name: round(cost, 2) for name, cost in costs.items()},
            }  # fmt: skip
            _told(json.dumps(measured, ensure_ascii=False))
            return measured


def _add_objects(connection: psycopg.Connection, objects: int) -> None:
    """To every plan, and to the stock of tiles. Indexes are made when all rows are there: of millions, in a tenth of
    the time.
    """
    indexes = connection.execute("""
        SELECT pg_get_indexdef(indexrelid), indexrelid::regclass::text FROM pg_index
        WHERE NOT indisunique AND indrelid IN ('plans.planobjekt'::regclass, 'plans.tile_feature'::regclass)
        """).fetchall()
    for _, name in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(_OBJECTS, (objects,))
    _told("objects")
    connection.execute("SELECT plans.rebuild_tiles('planinhalte')")
    _told("tiles")
    for definition, _ in indexes:
        connection.execute(definition)
    _told("indexes")
    connection.execute("SELECT plans.touch_plans(ARRAY['BP'])")
    connection.execute("VACUUM ANALYZE")


def _told(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)


def _costs(
    client: Client, server: int, ask: Callable[[random.Random, Sequence[str]], str], ids: Sequence[str], requests: int
) -> Iterator[float]:
    """Milliseconds of CPU per request, one figure for each handful of requests after the first."""
    dice = random.Random(_SEED)  # noqa: S311 - the same requests at every size
    for number in range(requests // _CHUNK + 1):
        began = time.process_time() + cpu.seconds(server)
        for _ in range(_CHUNK):
            answer = client.get(ask(dice, ids))
            if answer.status_code not in {200, 204}:
                raise SystemExit(f"{answer.status_code}: {answer.text[:300]}")
        if number:
            yield 1000 * (time.process_time() + cpu.seconds(server) - began) / _CHUNK


def postmaster(server: Cluster) -> int:
    with server.superuser() as connection:
        [(backend,)] = connection.execute("SELECT pg_backend_pid()")
        return cpu.parent(backend)


def _box(dice: random.Random, side: float) -> str:
    west, south = dice.uniform(8.47, 9.13 - side), dice.uniform(50.64, 51.02 - side)
    return f"{west:.5f},{south:.5f},{west + side:.5f},{south + side / 1.6:.5f}"


def _tile(dice: random.Random, zoom: int) -> str:
    west, south, *_ = map(float, _box(dice, 0.02).split(","))
    across = 1 << zoom
    row = (1 - math.asinh(math.tan(math.radians(south))) / math.pi) / 2 * across
    return f"{int(row)}/{int((west + 180) / 360 * across)}"


def _fit(points: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """Straight between the points over the logarithm of the size; before the first as that one, after the last on as
    between the last two, never falling.
    """
    logs = [(math.log2(size), value) for size, value in points]

    def at(size: float) -> float:
        x = math.log2(size)
        if x <= logs[0][0] or len(logs) == 1:
            return logs[0][1]
        (start, low), (end, high) = next((pair for pair in pairwise(logs) if x <= pair[1][0]), logs[-2:])
        rise = (high - low) / (end - start)
        return low + rise * (x - start) if x <= end else high + max(0, rise) * (x - end)

    return at


def written(told: Mapping[str, Any]) -> str:
    sizes = told["sizes"]
    names = list(sizes[-1]["cpu_ms"])
    lines = [
        f"Gemessen am {told['measured']}, {told['requests']} Anfragen je Art und Größe, Median; ms CPU von "
        "Webserver und Datenbank.",
        "",
        "| Pläne | Objekte | Datenbank, MB | kB je Plan | Aufbau, s CPU | "
        + " | ".join(f"{name}, ms" for name in names)
        + " |",
        "|" + "---|" * (5 + len(names)),
    ]
    for each in sizes:
        per_plan = (each["database_bytes"] - _base(sizes)) / each["plans"] / 1000
        cells = [f"{each[rows]:,}".replace(",", " ") for rows in ("plans", "objects")]
        cells += [f"{each['database_bytes'] / 1e6:.0f}", f"{per_plan:.1f}"]
        cells += [f"{each['build_cpu_seconds']:.0f}", *(f"{each['cpu_ms'][name]:.1f}" for name in names)]
        lines.append(f"| {' | '.join(cells)} |")
    # a size that the disk allowed only with fewer objects says nothing about the bytes of a plan
    fullest = max(sizes, key=lambda each: (round(each["objects"] / each["plans"]), each["plans"]))
    per_plan = (fullest["database_bytes"] - _base(sizes)) / fullest["plans"]
    lines += ["", "| | Pläne | Datenbank, GB | " + " | ".join(f"{name}, ms" for name in names) + " | Kerne für 300/s |"]
    lines.append("|" + "---|" * (4 + len(names)))
    for place, gemeinden in PLACES.items():
        plans = gemeinden * PLANS_OF_A_GEMEINDE
        costs = [_fit([(each["plans"], each["cpu_ms"][name]) for each in sizes])(plans) for name in names]
        cells = [f"{plans:,}".replace(",", " "), f"{(_base(sizes) + plans * per_plan) / 1e9:.1f}"]
        cells += [f"{cost:.1f}" for cost in costs] + [f"{0.3 * statistics.mean(costs):.1f}"]
        lines.append(f"| {place} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _base(sizes: Sequence[Mapping[str, Any]]) -> float:
    """Bytes of a database without plans: where the line through the two smallest sizes begins."""
    if len(sizes) == 1:
        return 0
    first, second = sizes[0], sizes[1]
    slope = (second["database_bytes"] - first["database_bytes"]) / (second["plans"] - first["plans"])
    return float(max(0, first["database_bytes"] - slope * first["plans"]))


def drawn(sizes: Sequence[Mapping[str, Any]]) -> str:
    """Two drawings beside each other over the same axis of sizes (logarithmic): MB, and ms CPU of each request."""
    costs = {name: [each["cpu_ms"][name] for each in sizes] for name in sizes[-1]["cpu_ms"]}
    plans = [each["plans"] for each in sizes]
    left = _chart(0, "Datenbank, MB", plans, {"": [each["database_bytes"] / 1e6 for each in sizes]})
    right = _chart(460, "ms CPU je Anfrage", plans, costs)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 320" font-family="sans-serif" font-size="12">\n'
        '<rect width="980" height="320" fill="#fff"/>\n' + left + right + "</svg>\n"
    )


_COLOURS: Final = ("#0b5cad", "#b3261e", "#1b7f4b", "#8a5a00", "#6b3fa0", "#00707a", "#444444")


def _chart(x: float, title: str, plans: Sequence[int], series: Mapping[str, Sequence[float]]) -> str:
    most = max(max(values) for values in series.values()) * 1.1
    span = math.log10(plans[-1] / plans[0]) or 1

    def place(number: int, value: float) -> tuple[float, float]:
        return x + 60 + 260 * math.log10(number / plans[0]) / span, 270 - 220 * value / most

    parts = [f'<text x="{x + 60}" y="28" font-weight="bold">{title}</text>']
    for number in plans:
        at, _ = place(number, 0)
        label = f"{number:,}".replace(",", " ")
        parts.append(
            f'<path d="M{at:.1f} 270V50" stroke="#ddd"/><text x="{at:.1f}" y="290" text-anchor="middle">{label}</text>'
        )
    for part in (0, 0.25, 0.5, 0.75, 1):
        _, y = place(plans[0], most * part)
        parts.append(f'<path d="M{x + 60} {y:.1f}h260" stroke="#ddd"/>')
        parts.append(f'<text x="{x + 52}" y="{y + 4:.1f}" text-anchor="end">{most * part:.0f}</text>')
    for colour, (name, values) in zip(_COLOURS, series.items(), strict=False):
        points = [place(number, value) for number, value in zip(plans, values, strict=True)]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in points]
        if name:
            row = 60 + 18 * list(series).index(name)
            parts.append(f'<text x="{x + 336}" y="{row}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{x + 190}" y="310" text-anchor="middle">Pläne (logarithmisch)</text>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
