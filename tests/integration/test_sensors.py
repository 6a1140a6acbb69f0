"""Readings from the broker and over HTTP to the features, their history and everybody who watches."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import sample_readings, sensors
from geoportal.catalogue import Layer
from geoportal.database import owner_engine
from geoportal.layers import Places
from geoportal.layers.watch import Watch
from geoportal.ogc.app import create_ogc
from geoportal.sensors.listening import Listener
from geoportal.sensors.readings import MOST, Reading, Rejected, read
from geoportal.sensors.receiving import create_sensors
from geoportal.sensors.store import Taken, take
from geoportal.settings import CHECKOUT, Settings
from tests.files import write
from tests.sensors import BINS, MANIFEST, NOW, Bins, Broker, broker, level, rows
from tests.waiting import wait_until


@pytest.fixture
def bins(database: Settings, tmp_path: Path) -> Iterator[Bins]:
    made = Bins(database, tmp_path / "home")
    yield made
    made.close()


def state(word: str, minutes: int) -> Reading:
    return Reading("tonnen", "1", "zustand", NOW - timedelta(minutes=minutes), word=word)


def test_the_newest_reading_stands_at_the_feature_whatever_comes_late_or_twice(bins: Bins) -> None:
    assert bins.take(level(40, 30), level(41, 20), level(40, 30)).kept == 2
    again = bins.take(level(41, 20), level(39, 60))  # one twice, one late
    assert (again.kept, again.repeated) == (1, 1)
    [row] = bins.public("SELECT fuellstand, fuellstand_am, fuellstand_veraltet FROM ogc.tonnen WHERE id = 1")
    assert row == (41, NOW - timedelta(minutes=20), False)
    history = bins.public("SELECT objekt, eigenschaft, wert FROM ogc.tonnen_messwerte ORDER BY zeit")
    assert history == [("1", "fuellstand", 39), ("1", "fuellstand", 40), ("1", "fuellstand", 41)]


def test_an_old_reading_is_stale_and_an_event_tells_its_time(bins: Bins) -> None:
    emptied = NOW - timedelta(days=20)
    bins.take(level(5, 7 * 60), Reading("tonnen", "1", "leerung", emptied))
    [row] = bins.public("SELECT fuellstand_veraltet, leerung_am, leerung_veraltet FROM ogc.tonnen WHERE id = 1")
    assert row == (True, emptied, True)
    assert bins.public("SELECT fuellstand, leerung_veraltet FROM ogc.tonnen WHERE id = 2") == [(None, None)]


def test_a_state_says_since_when_it_lasts(bins: Bins) -> None:
    bins.take(state("an", 50), state("defekt", 40), state("defekt", 30))
    bins.take(state("defekt", 20))
    query = "SELECT zustand, zustand_seit, zustand_am FROM ogc.tonnen WHERE id = 1"
    assert bins.public(query) == [("defekt", NOW - timedelta(minutes=40), NOW - timedelta(minutes=20))]
    bins.take(state("an", 10))
    assert bins.public(query)[0][:2] == ("an", NOW - timedelta(minutes=10))


def test_a_state_that_lasts_becomes_a_stage_and_everybody_who_shows_it_hears_of_it(bins: Bins) -> None:
    for feature, word, days in (("1", "defekt", 8), ("2", "defekt", 6), ("3", "an", 9)):
        bins.take(Reading("tonnen", feature, "zustand", NOW - timedelta(days=days), word=word))
    stages = "SELECT id, zustand, zustand_stufe FROM ogc.tonnen WHERE id <= 3 ORDER BY id"
    assert bins.public(stages) == [(1, "defekt", "lange_defekt"), (2, "defekt", "defekt"), (3, "an", "an")]
    watch = Watch(bins.owner, bins.settings.home / "layers", Places.of(bins.settings))
    watch.look()
    for running in watch._running.values():
        running.result()
    watch.look()
    version = "SELECT version FROM ogc.data_version WHERE collection = 'tonnen'"
    [(before,)] = bins.public(version)
    watch.look()
    assert bins.public(version) == [(before,)]
    with bins.owner.begin() as connection:  # as if the time had come between this look and the next
        connection.execute(text("UPDATE sensors.latest SET since = now() - interval '7 days' WHERE feature = '2'"))
    watch.look()
    watch.close()
    assert bins.public(version) == [(before + 1,)]
    assert bins.public(stages)[1] == (2, "defekt", "lange_defekt")


def test_a_reading_of_no_feature_is_kept_apart(bins: Bins) -> None:
    taken = bins.take(level(1, 1), level(1, 1, feature="999"), level(1, 1, feature="'; DROP"))
    assert (taken.kept, len(taken.rejected)) == (1, 2)
    assert [row[0] for row in rows(bins.owner, "SELECT raw FROM sensors.rejected ORDER BY raw")] == [
        "'; DROP:fuellstand",
        "999:fuellstand",
    ]


def test_a_sensor_gone_mad_fills_no_disk_and_hides_no_other(bins: Bins) -> None:
    mad = [Rejected("tonnen", "kein JSON / no JSON", "x") for _ in range(700)]
    assert len(bins.take(*mad).rejected) == 700
    assert (
        len(bins.take(*mad, Rejected("deckel", "kein Wert / no value", "y"), Rejected(None, "?", "z")).rejected) == 702
    )
    kept = rows(bins.owner, "SELECT layer, count(*) FROM sensors.rejected GROUP BY layer ORDER BY layer")
    assert kept == [("deckel", 1), ("tonnen", 1000), (None, 1)]


def test_each_month_has_its_partition(bins: Bins) -> None:
    bins.take(level(1, 0), level(2, 29 * 24 * 60))
    parts = rows(bins.owner, "SELECT DISTINCT tableoid::regclass::text FROM sensors.reading ORDER BY 1")
    months = {f"sensors.reading_{each:%Y_%m}" for each in (NOW - timedelta(days=29), NOW)}  # on the 30th only one
    assert parts == [(each,) for each in sorted(months)]


def test_old_readings_become_values_of_a_day(bins: Bins) -> None:
    old = datetime(2026, 1, 10, 11, tzinfo=UTC)
    for number, hours in ((10, 0), (20, 1), (60, 2)):
        bins.take(Reading("tonnen", "1", "fuellstand", old + timedelta(hours=hours), number=number))
    bins.take(Reading("tonnen", "1", "zustand", old, word="defekt"), level(1, 1))
    with bins.owner.begin() as connection:
        assert sensors.shorten(connection, bins.layer) == 4
        assert sensors.shorten(connection, bins.layer) == 0
        sensors.sweep(connection)
    assert rows(
        bins.owner, "SELECT property, readings, least, greatest, mean, words FROM sensors.daily ORDER BY property"
    ) == [("fuellstand", 3, 10, 60, 30, None), ("zustand", 1, None, None, None, {"defekt": 1})]
    assert rows(bins.owner, "SELECT count(*) FROM sensors.reading") == [(1,)]
    assert rows(bins.owner, "SELECT to_regclass('sensors.reading_2026_01')") == [(None,)]


def test_whoever_brings_readings_can_do_nothing_else(bins: Bins) -> None:
    for query in ("SELECT * FROM sensors.reading", "SELECT * FROM sensors.token", "SELECT * FROM layers.tonnen"):
        with bins.sensors.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(query))


def test_http_takes_readings_with_a_token_for_the_layer(bins: Bins) -> None:
    with bins.owner.begin() as connection:
        token = sensors.make_token(connection, "werkstatt", ["tonnen"])
        other = sensors.make_token(connection, "andere", ["schulen"])
    client = create_sensors(bins.settings, bins.settings.home / "layers").test_client()

    def post(content: object, address: str = "/tonnen/1", bearer: str | None = token) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        answer = client.post(address, json=content, headers=headers)
        return answer.status_code, json.loads(answer.data)

    good = {"data": {"level": 12}}
    assert post(good) == (200, {"kept": 1, "repeated": 0, "rejected": []})
    observation = {"result": 13, "Datastream": {"@iot.id": "2:fuellstand"}}
    assert post(observation, "/tonnen")[0] == 200
    assert bins.public("SELECT id, fuellstand FROM ogc.tonnen WHERE fuellstand IS NOT NULL ORDER BY id") == [
        (1, 12),
        (2, 13),
    ]
    status, told = post({"data": {"level": 900}})
    assert (status, told["kept"]) == (422, 0)
    assert "unmöglich" in told["rejected"][0]["reason"]
    assert post(good, bearer=None)[0] == post(good, bearer="gps_falsch")[0] == 401
    assert post(good, bearer=other)[0] == post(good, "/gibtsnicht/1")[0] == 403
    assert client.get("/tonnen/1").status_code == 405
    with bins.owner.begin() as connection:
        assert sensors.revoke_token(connection, "werkstatt")
    assert post(good)[0] == 401


def test_a_token_that_floods_is_told_to_wait_and_no_other(bins: Bins) -> None:
    with bins.owner.begin() as connection:
        tokens = [sensors.make_token(connection, name, ["tonnen"]) for name in ("irre", "ruhig")]
    few = replace(bins.settings, requests_per_second=1)
    client = create_sensors(few, bins.settings.home / "layers").test_client()

    def post(token: str) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.post("/tonnen/1", json={"data": {"level": 12}}, headers=headers)
        return answer.status_code, answer.headers.get("Retry-After")

    mad, calm = tokens
    answers = [post(mad) for _ in range(40)]
    assert set(answers) == {(200, None), (429, "1")}
    assert answers[:4] == [(200, None)] * 4, "what was gathered is taken at once"
    assert post(calm) == (200, None)


def test_the_history_is_a_collection_of_the_ogc_api(bins: Bins) -> None:
    bins.take(*(level(number, 60 - number) for number in range(20)))
    client = create_ogc(replace(bins.settings, home=CHECKOUT), bins.settings.home / "layers").test_client()
    read = json.loads(client.get("/collections/tonnen_messwerte/items?objekt=1&limit=5&sortby=-zeit").data)
    assert (read["numberMatched"], [each["properties"]["wert"] for each in read["features"]]) == (
        20,
        [19, 18, 17, 16, 15],
    )
    feature = json.loads(client.get("/collections/tonnen/items/1").data)
    assert feature["properties"]["fuellstand"] == 19
    assert client.get("/collections/tonnen/items?filter=fuellstand%3E10").status_code == 200


@contextmanager
def listening(bins: Bins, url: str) -> Iterator[Listener]:
    listener = Listener(bins.sensors, bins.settings.home / "layers", url)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        assert listener.ready.wait(120)
        yield listener
    finally:
        listener.stop()
        thread.join(120)
        assert not thread.is_alive()


def publish(to: Broker, messages: Iterator[tuple[str, object]]) -> None:
    """Publishes with QoS 1, as JSON what is no bytes, and returns when the broker has taken everything."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", to.port)
    client.loop_start()
    for sent in [
        client.publish(topic, message if isinstance(message, bytes) else json.dumps(message), qos=1)
        for topic, message in messages
    ]:
        sent.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()


def messages(start: int, count: int) -> Iterator[tuple[str, object]]:
    for number in range(start, start + count):
        at = NOW - timedelta(seconds=10_000 - number)
        yield f"kreis/tonnen/{number % BINS + 1}", {"ts": at.isoformat(), "data": {"level": number % 100}}


def count(bins: Bins) -> int:
    found: int = rows(bins.owner, "SELECT count(*) FROM sensors.reading")[0][0]
    return found


def test_nothing_is_lost_while_nobody_listens_or_the_database_restarts(bins: Bins, tmp_path: Path) -> None:
    with broker(tmp_path) as mosquitto:
        with listening(bins, mosquitto.url) as first:
            publish(mosquitto, iter([("kreis/tonnen/1", {"state": "an"}), ("kreis/tonnen/1", {"state": "kaputt"})]))
            wait_until(lambda: first.counted.messages == 2)
            assert (first.counted.kept, first.counted.rejected) == (1, 1)
        publish(mosquitto, messages(0, 500))  # the session waits at the broker
        assert count(bins) == 1
        with listening(bins, mosquitto.url) as second:
            sender = threading.Thread(target=publish, args=(mosquitto, messages(500, 3000)))
            sender.start()
            for _ in range(5):  # as often as a restart would: every connection of ours ends in the middle of its work
                time.sleep(0.1)
                terminate_connections(bins)
            sender.join()
            wait_until(lambda: count(bins) == 3501)
            # what was in the database when its connection ended comes as a repeated one
            wait_until(lambda: second.counted.kept + second.counted.repeated >= 3500)
    [row] = bins.public("SELECT count(*) FROM ogc.tonnen WHERE fuellstand IS NOT NULL")
    assert row == (BINS,)


def test_no_message_stops_the_others_however_odd_it_is(bins: Bins, tmp_path: Path) -> None:
    odd = [
        b'{"state": "\\ud800"}',
        b'{"result": 1, "Datastream": {"@iot.id": "\\ud800:fuellstand"}}',
        b'{"ts": "0001-01-01T00:00:00+14:00", "state": "an"}',
        b'{"state": "\\u0000"}',
        b"[" * 5000 + b"]" * 5000,
        b"\xff\xfe\x00",
        b" " * (MOST + 1),
    ]
    with broker(tmp_path) as mosquitto, listening(bins, mosquitto.url) as listener:
        publish(mosquitto, ((f"kreis/tonnen/{number + 1}", each) for number, each in enumerate(odd)))
        publish(mosquitto, messages(0, 10))
        wait_until(lambda: listener.counted.messages == len(odd) + 10)
        assert (listener.counted.kept, listener.counted.rejected) == (10, len(odd))
    assert rows(bins.owner, "SELECT count(*) FROM sensors.rejected WHERE layer = 'tonnen'") == [(len(odd),)]


def test_layers_that_share_a_topic_hear_all_of_it(bins: Bins, tmp_path: Path) -> None:
    other = bins.settings.home / "layers" / "deckel"
    shutil.copytree(bins.settings.home / "layers" / "tonnen", other)
    write(other / "layer.yml", MANIFEST.replace("id: tonnen", "id: deckel"))
    with broker(tmp_path) as mosquitto, listening(bins, mosquitto.url) as listener:
        publish(mosquitto, messages(0, 1))
        wait_until(lambda: listener.counted.messages == 1)
    assert listener.counted.kept + listener.counted.rejected == 2


def test_a_layer_that_cannot_read_a_message_takes_it_from_no_other(
    bins: Bins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(layer: Layer, *given: Any) -> Iterator[Reading | Rejected]:
        if layer.id == "zwilling":
            raise ArithmeticError
        return read(layer, *given)

    twin = bins.settings.home / "layers" / "zwilling"
    shutil.copytree(bins.settings.home / "layers" / "tonnen", twin)
    write(twin / "layer.yml", MANIFEST.replace("id: tonnen", "id: zwilling"))
    monkeypatch.setattr("geoportal.sensors.listening.read", unforeseen)
    with broker(tmp_path) as mosquitto, listening(bins, mosquitto.url) as listener:
        publish(mosquitto, messages(0, 1))
        wait_until(lambda: listener.counted.messages == 1)
    assert (listener.counted.kept, listener.counted.rejected) == (1, 1)
    assert rows(bins.owner, "SELECT layer, reason FROM sensors.rejected") == [
        ("zwilling", "nicht lesbar / not readable")
    ]


def test_a_broker_that_was_away_is_listened_to_again(bins: Bins, tmp_path: Path) -> None:
    with broker(tmp_path) as mosquitto, listening(bins, mosquitto.url) as listener:
        publish(mosquitto, messages(0, 10))
        wait_until(lambda: count(bins) == 10)
        listener.ready.clear()
        mosquitto.stop()
        [row] = bins.public("SELECT count(*) FROM ogc.tonnen WHERE fuellstand IS NOT NULL")
        assert row[0] > 0, "what was told last stays"
        mosquitto.start()
        assert listener.ready.wait(120)
        publish(mosquitto, messages(10, 10))
        wait_until(lambda: listener.counted.kept == 20)
        assert count(bins) == 20


def terminate_connections(bins: Bins) -> None:
    with bins.owner.connect() as connection:
        connection.execute(
            text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()""")
        )


def test_the_demo_tells_a_week_of_readings_once(database: Settings, tmp_path: Path) -> None:
    engine = owner_engine(database.require_database_url())
    with engine.begin() as connection:
        for name in ("strassenbeleuchtung", "abfallbehaelter"):
            connection.execute(text(f"CREATE TABLE layers.{name} (nummer text PRIMARY KEY)"))
            connection.execute(text(f"INSERT INTO layers.{name} SELECT 'B' || n FROM generate_series(1, 60) AS n"))
    assert sample_readings.tell(engine) > 60 + 60 * 7 * 8
    assert sample_readings.tell(engine) == 0
    states = rows(engine, "SELECT DISTINCT word FROM sensors.latest WHERE layer = 'strassenbeleuchtung'")
    assert {word for (word,) in states} >= {"an", "gedimmt"}
    assert rows(engine, "SELECT count(*) FROM sensors.latest WHERE property = 'fuellstand'") == [(60,)]
    engine.dispose()


def test_a_message_that_the_database_does_not_take_delays_no_other(
    bins: Bins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = take

    def strict(connection: Any, told: Any) -> Taken:
        readings = list(told)
        if any(isinstance(each, Reading) and each.number == 66 for each in readings):
            connection.execute(text("SELECT 1 / 0"))
        return real(connection, readings)

    monkeypatch.setattr("geoportal.sensors.listening.take", strict)
    with broker(tmp_path) as mosquitto, listening(bins, mosquitto.url) as listener:
        publish(mosquitto, messages(0, 100))
        wait_until(lambda: listener.counted.messages == 100)
    assert (listener.counted.kept, listener.counted.rejected, count(bins)) == (99, 1, 99)
