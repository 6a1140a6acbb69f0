"""Messages of sensors become readings, or are kept apart with the reason."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from geoportal.catalogue import Layer, read_layer
from geoportal.sensors.readings import MOST, Reading, Rejected, read
from tests.sensors import write_layer

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
THEN = "2026-11-16T11:30:00Z"


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    write_layer(tmp_path)
    return read_layer(tmp_path / "layers" / "tonnen")


def told(layer: Layer, message: Any, key: str | None = "7") -> list[Reading | Rejected]:
    content = message if isinstance(message, bytes) else json.dumps(message).encode()
    return list(read(layer, content, NOW, key))


def test_plain_json_is_read_as_the_manifest_maps_it(layer: Layer) -> None:
    assert told(layer, {"ts": THEN, "data": {"level": "41.5"}, "state": "an", "battery": 3}) == [
        Reading("tonnen", "7", "fuellstand", datetime(2026, 11, 16, 11, 30, tzinfo=UTC), number=41.5),
        Reading("tonnen", "7", "zustand", datetime(2026, 11, 16, 11, 30, tzinfo=UTC), word="an"),
    ]


@pytest.mark.parametrize("ts", [1794828600, 1794828600000, "2026-11-16T12:30:00+01:00"])
def test_a_time_is_iso_8601_seconds_or_milliseconds(layer: Layer, ts: object) -> None:
    [reading] = told(layer, {"ts": ts, "data": {"level": 1}})
    assert isinstance(reading, Reading)
    assert reading.at == datetime(2026, 11, 16, 11, 30, tzinfo=UTC)


def test_an_observation_names_its_feature_and_property_by_its_datastream(layer: Layer) -> None:
    stream = {"Datastream": {"@iot.id": "3:fuellstand"}}
    [reading] = told(layer, {"result": 9, "phenomenonTime": f"2026-11-16T10:00:00Z/{THEN}", **stream}, key=None)
    assert reading == Reading("tonnen", "3", "fuellstand", datetime(2026, 11, 16, 11, 30, tzinfo=UTC), number=9)
    [event] = told(layer, {"result": True, "Datastream": {"@iot.id": "3:leerung"}}, key=None)
    assert event == Reading("tonnen", "3", "leerung", NOW)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"\xff{", "kein JSON"),
        (b'{"data": {"level": NaN}}', "kein JSON"),
        (b"x" * (MOST + 1), "zu groß"),
        (b"[" * 100_000, "kein JSON"),
        ([17], "kein JSON-Objekt"),
        ({"data": {"level": 101}}, "fuellstand: unmöglich / impossible: 101 %"),
        ({"data": {"level": -1}}, "unmöglich"),
        ({"data": {"level": True}}, "keine Zahl"),
        ({"data": {"level": [1]}}, "keine Zahl"),
        ({"data": {"level": 10**400}}, "keine Zahl"),
        ({"state": "explodiert"}, "zustand: kein bekannter Zustand"),
        ({"battery": 1}, "kein Wert"),
        ({"ts": "gestern", "state": "an"}, "kein Zeitpunkt"),
        ({"ts": "2026-11-16T11:30:00", "state": "an"}, "ohne Zeitzone"),
        ({"ts": "2026-11-16T12:11:00Z", "state": "an"}, "in der Zukunft"),
        ({"ts": "2026-10-01T00:00:00Z", "state": "an"}, "älter als"),
        ({"ts": 1e300, "state": "an"}, "kein Zeitpunkt"),
        ({"result": 1}, "Datastream.@iot.id"),
        ({"result": 1, "Datastream": {"@iot.id": "3:farbe"}}, "farbe: diese Größe kennt der Layer nicht"),
        ({"result": 1, "Datastream": {"@iot.id": "\x00:fuellstand"}}, "kein Schlüssel"),
        (b'{"result": 1, "Datastream": {"@iot.id": "\\ud800:fuellstand"}}', "kein Schlüssel"),
        ({"ts": "0001-01-01T00:00:00+14:00", "state": "an"}, "kein Zeitpunkt"),
        ({"ts": "9999-12-31T23:59:59-14:00", "state": "an"}, "kein Zeitpunkt"),
    ],
)
def test_what_cannot_be_true_is_kept_apart_with_the_reason(layer: Layer, message: Any, reason: str) -> None:
    [rejected] = told(layer, message)
    assert isinstance(rejected, Rejected)
    assert reason in rejected.reason


def test_one_impossible_value_of_a_list_hinders_no_other(layer: Layer) -> None:
    found = told(layer, [{"data": {"level": each}} for each in (1, 500, 3)])
    assert [each.number if isinstance(each, Reading) else None for each in found] == [1, None, 3]


def test_without_a_key_there_is_no_feature(layer: Layer) -> None:
    [rejected] = told(layer, {"state": "an"}, key=None)
    assert isinstance(rejected, Rejected)
    assert "Schlüssel des Objekts fehlt" in rejected.reason


def test_a_clock_may_be_a_little_fast(layer: Layer) -> None:
    ahead = (NOW + timedelta(minutes=9)).isoformat()
    [reading] = told(layer, {"ts": ahead, "state": "an"})
    assert isinstance(reading, Reading)
