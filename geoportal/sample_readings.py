"""Readings for the sample streetlights and bins, as if their sensors had told for a week; for the demo alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy import Connection, Engine, text

from geoportal.sensors.readings import Reading
from geoportal.sensors.store import take

_LIGHTS, _BINS = "strassenbeleuchtung", "abfallbehaelter"
_HOURS: Final = 7 * 24


def tell(engine: Engine) -> int:
    """How many readings were told: none where there are any already, or no such layer is loaded."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with engine.begin() as connection:
        if connection.scalar(text("SELECT EXISTS (SELECT FROM sensors.latest)")):
            return 0
        lights, bins = (_keys(connection, layer) for layer in (_LIGHTS, _BINS))
        return take(connection, [*_lights(lights, now), *_bins(bins, now)]).kept


def _keys(connection: Connection, layer: str) -> list[str]:
    if connection.scalar(text("SELECT to_regclass(:table) IS NULL"), {"table": f"layers.{layer}"}):
        return []
    statement = {
        _LIGHTS: text("SELECT nummer FROM layers.strassenbeleuchtung ORDER BY nummer"),
        _BINS: text("SELECT nummer FROM layers.abfallbehaelter ORDER BY nummer"),
    }[layer]
    return list(connection.scalars(statement))


def _lights(keys: list[str], now: datetime) -> Iterator[Reading]:
    """Most are on or dimmed; one in fifty is faulty, for up to three weeks."""
    for key in keys:
        z = Random(f"Zustand {key}")  # noqa: S311 - sample data
        if z.random() < 0.02:
            began = now - timedelta(hours=z.randrange(2, 500))
            yield from (Reading(_LIGHTS, key, "zustand", at, word="stoerung") for at in (began, now))
        else:
            at = now - timedelta(minutes=z.randrange(90))
            yield Reading(_LIGHTS, key, "zustand", at, word=_state(z.random()))


def _state(chance: float) -> str:
    return "an" if chance < 0.6 else "gedimmt" if chance < 0.9 else "aus"


def _bins(keys: list[str], now: datetime) -> Iterator[Reading]:
    """Filled hour by hour and emptied when they are full; one in ten has been forgotten."""
    for key in keys:
        z = Random(f"Füllstand {key}")  # noqa: S311 - sample data
        level, speed, forgotten = z.uniform(0, 60), z.uniform(0.2, 1.5), z.random() < 0.1
        if forgotten:
            yield Reading(_BINS, key, "leerung", now - timedelta(days=z.randrange(15, 30)))
        for hour in range(_HOURS, -1, -3):
            at = now - timedelta(hours=hour)
            level = min(level + 3 * speed * z.random(), 100.0)
            if level > 90 and not forgotten:
                level = 0.0
                yield Reading(_BINS, key, "leerung", at)
            yield Reading(_BINS, key, "fuellstand", at, number=round(level, 1))
