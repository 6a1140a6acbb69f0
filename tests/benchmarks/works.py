"""What every system is asked: a row of the table each, the same in every run."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.systems import Ask

# What is answered in a millisecond is asked more often, so that each round has enough of it.
_OFTEN: Final = 5
_BLOCK: Final = 4


@dataclass(frozen=True)
class Work:
    """A row of the table: what is asked, and the statement that answers it without any server and without a count."""

    title: str
    asks: Sequence[Ask]
    bare: Callable[[Ask], tuple[str, dict[str, object]]] | None = None


_ALL: Final = "to_jsonb(plan) - 'geom' - 'id' - 'geojson'"
_FIELDS: Final = ("name", "status")
_ONLY_FIELDS: Final = "json_build_object('name', name, 'status', status)"


def _feature(properties: str = _ALL) -> str:
    shape = "ST_AsGeoJSON(ST_Transform(geom, 4326), 8)::json"
    return f"json_build_object('type', 'Feature', 'id', id, 'geometry', {shape}, 'properties', {properties})::text"


def _bare_page(condition: str, properties: str = _ALL) -> Callable[[Ask], tuple[str, dict[str, object]]]:
    feature = _feature(properties)

    def statement(ask: Ask) -> tuple[str, dict[str, object]]:
        west, south, east, north = ask.box or (0, 0, 0, 0)
        where = condition.replace("CQL2", (ask.cql2 or "").replace("%", "%%"))
        return (
            f"SELECT string_agg(feature, ',') FROM (SELECT {feature} AS feature FROM peer.bebauungsplaene AS plan"
            f" WHERE {where} ORDER BY id LIMIT %(limit)s) AS page",
            {"limit": ask.limit, "ags": ask.ags, "day": ask.day, "w": west, "s": south, "e": east, "n": north},
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

    # each is asked once: what is asked again is answered from a memory
    places = chance.sample([(f"06534{place:03}", limit) for place in range(1, 22) for limit in range(90, 111)], 441)
    chosen = chance.sample([(s, k, n) for s in (3000, 4000) for k in (1000, 3000) for n in range(10, 100)], 360)
    pages = [
        Work(f"items {limit} in a box", [Ask(limit, box) for box in boxes()], _bare_page(_BOX))
        for limit in (10, 100, 1000)
    ]
    return [
        *pages,
        Work(
            "one item",
            [Ask(plan=plan) for plan in chance.sample(plans, min(_OFTEN * number, len(plans)))],
            lambda ask: (f"SELECT {_feature()} FROM peer.bebauungsplaene AS plan WHERE id = %(id)s", {"id": ask.plan}),
        ),
        Work(
            "attribute =, 100",
            [Ask(limit, ags=ags) for ags, limit in places[: _OFTEN * number]],
            _bare_page("ags = %(ags)s"),
        ),
        Work(
            "CQL2, 100",
            [
                Ask(100, cql2=f"rechtsstand = {state} AND planart = {kind} AND nummer LIKE '{digits}%'")
                for state, kind, digits in chosen[:number]
            ],
            _bare_page("CQL2"),
        ),
        Work(
            "two fields of 100 in a box",
            [Ask(100, box, fields=_FIELDS) for box in boxes()],
            _bare_page(_BOX, _ONLY_FIELDS),
        ),
        Work(
            "a day in a box, 100",
            [Ask(100, box, day=f"{chance.randint(1965, 2024)}-07-01") for box in boxes()],
            _bare_page(
                f"{_BOX} AND (gueltig_von IS NULL OR gueltig_von <= %(day)s::date)"
                " AND (gueltig_bis IS NULL OR gueltig_bis >= %(day)s::date)"
            ),
        ),
        *(
            Work(f"vector tile, zoom {zoom}", [Ask(tile=tile_of(chance, zoom)) for _ in range(number)], _bare_tile)
            for zoom in (14, 16)
        ),
        *(
            Work(f"map of 256 pixels, zoom {zoom}", [_picture(chance, zoom) for _ in range(number)])
            for zoom in (13, 15)
        ),
        *(
            Work(
                f"map tile, zoom {zoom}, sixteen side by side",
                [neighbour for _ in range(max(number // _BLOCK**2, 1)) for neighbour in _block(chance, zoom)],
            )
            for zoom in (13, 15)
        ),
    ]


_WIDTH: Final = 2 * 20037508.342789244  # metres of WebMercatorQuad


def tile_of(chance: random.Random, zoom: int) -> tuple[int, int, int]:
    """Somewhere in the Kreis."""
    x, y = chance.uniform(8.45, 9.0), chance.uniform(50.65, 50.97)
    tall = math.log(math.tan(math.pi / 4 + math.radians(y) / 2))
    return zoom, int((1 - tall / math.pi) / 2 * 2**zoom), int((x + 180) / 360 * 2**zoom)


def _bounds(zoom: int, row: int, col: int) -> tuple[float, float, float, float]:
    size = _WIDTH / 2**zoom
    west, north = col * size - _WIDTH / 2, _WIDTH / 2 - row * size
    return west, north - size, west + size, north


def _picture(chance: random.Random, zoom: int) -> Ask:
    return Ask(box=_bounds(*tile_of(chance, zoom)), picture=True)


def _block(chance: random.Random, zoom: int) -> list[Ask]:
    """Tiles as a map asks for them, all that lie in one of four times four: who paints several at a time may do so."""
    _, row, col = tile_of(chance, zoom)
    tiles = [(zoom, row // _BLOCK * _BLOCK + down, col // _BLOCK * _BLOCK + right)
             for down in range(_BLOCK) for right in range(_BLOCK)]  # fmt: skip
    return [Ask(box=_bounds(*tile), tile=tile, picture=True) for tile in tiles]


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
