"""docs/performance.md: the tables that a run writes into it."""

import argparse
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from geoportal.settings import CHECKOUT

FILE: Final = CHECKOUT / "docs" / "performance.md"
OURS, BARE = "Geoportal", "SQL"
FIRST_PAGES, LAST_PAGES = "a page of 1000, the first ones", "a page of 1000, the last ones"
_NAMES: Final = (BARE, OURS, "pygeoapi", "tipg", "MapServer")
_BEGIN, _END = "<!-- written by make bench -->", "<!-- end -->"

type Results = dict[str, dict[str, float]]


class Tile(NamedTuple):
    """Bytes and CPU milliseconds: the most of several tiles."""

    size: int
    spent: float


def table(results: Results) -> str:
    head = "| ms CPU per request | " + " | ".join(_NAMES) + " |\n|" + "---|" * (len(_NAMES) + 1)
    rows = [
        f"| {title} | " + " | ".join(_cell(row.get(name), row.get(OURS), name) for name in _NAMES) + " |"
        for title, row in results.items()
    ]
    return "\n".join([head, *rows])


def _cell(value: float | None, ours: float | None, name: str) -> str:
    if value is None:
        return "–"
    return f"{value:.1f}" + (f" (×{value / ours:.1f})" if ours and name != OURS else "")


def about_tiles(tiles: Mapping[int, Tile]) -> str:
    return "\n".join(
        [
            "| zoom | " + " | ".join(map(str, tiles)) + " |",
            "|" + "---|" * (len(tiles) + 1),
            "| kB | " + " | ".join(f"{tile.size / 1000:.0f}" for tile in tiles.values()) + " |",
            "| ms CPU | " + " | ".join(f"{tile.spent:.0f}" for tile in tiles.values()) + " |",
        ]
    )


def write(
    results: Results,
    tiles: Mapping[int, Tile],
    memory: int,
    failures: Sequence[str],
    asked: argparse.Namespace,
    load: float,
) -> None:
    text = FILE.read_text("utf-8")
    head, rest = text.split(_BEGIN)
    made = (
        f"{datetime.now(UTC):%Y-%m-%d}: {asked.plans:,} plans, {asked.points:,} points, {asked.requests} requests of"
        f" each kind, {asked.pages} pages; Python {platform.python_version()}, {platform.machine()}; load of the"
        f" machine at the beginning {load:.1f}."
    )
    parts = [
        _BEGIN,
        made,
        table(results),
        *(["Ohne Zahl, weil misslungen / failed: " + "; ".join(failures)] if failures else []),
        "Vektorkacheln derselben Pläne, je Zoomstufe neun um einen Ort im Kreis, ohne Cache: die schwerste und die"
        " teuerste / the heaviest and the dearest of nine vector tiles:",
        about_tiles(tiles),
        f"Server, zwei Arbeiter und Zeichner danach / memory of the server, its workers and painters after that:"
        f" {memory / 2**20:.0f} MB.",
        _END,
    ]
    FILE.write_text(head + "\n\n".join(parts) + rest.split(_END)[1], "utf-8")
