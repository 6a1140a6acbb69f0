"""What operators are told, by processes that run as theirs do."""

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from sqlalchemy import Engine, text

from geoportal import health, operations, watch
from geoportal.accounts import audit
from geoportal.archive import Archive
from geoportal.catalogue import Shelf, all_layers
from geoportal.cli.people import audit_group
from geoportal.database import SchemaError, check_schema, owner_engine
from geoportal.health import Health, Level
from geoportal.settings import CHECKOUT, Settings
from geoportal.web import create_portal
from tests.files import plan, write, xplangml
from tests.processes import command, environment, free_port, get, running
from tests.waiting import wait_until

LAYERS = CHECKOUT / "layers"


@contextmanager
def owner(settings: Settings) -> Iterator[Engine]:
    engine = owner_engine(settings.require_database_url())
    yield engine
    engine.dispose()


def change(settings: Settings, statement: str) -> None:
    with owner(settings) as engine, engine.begin() as connection:
        connection.execute(text(statement))


def examine(settings: Settings) -> Health:
    return health.examine(settings.require_read_url(), settings.data, [])


def level(settings: Settings, subject: str) -> Level:
    [found] = [finding for finding in examine(settings).findings if finding.subject == subject]
    assert bool(found.todo) == (found.level is not Level.OK), "whoever is told of a fault is told what to do"
    return found.level


def test_a_portal_without_worker_and_backup_serves_readers_and_says_what_is_missing(furnished: Settings) -> None:
    answer = create_portal(furnished).test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "warning"
    assert answer.json["checks"] == {
        "database": "ok", "schema": "ok", "disk": "ok", "clock": "ok", "layers": "ok",
        "queue": "warning", "mail": "ok", "backup": "warning", "drill": "warning",
    }  # fmt: skip


def test_a_database_that_is_away_makes_it_unready_and_does_not_keep_the_asker(database: Settings) -> None:
    away = f"postgresql://geoportal_read:x@127.0.0.1:{free_port()}/geoportal"
    client = create_portal(replace(database, read_database_url=away)).test_client()
    began = time.monotonic()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.json is not None
    assert answer.json["checks"]["database"] == "down"
    assert "127.0.0.1" not in answer.text
    assert time.monotonic() - began < 60


@contextmanager
def proxy(folder: Path, days: float, issuer: str = "Eine CA") -> Iterator[int]:
    """Answers with TLS, and a certificate that is good for so many days from now."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in ("localhost", issuer))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(by).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days)).sign(key, SHA256())
    )  # fmt: skip
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True):
                pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("days", "issuer", "level", "says"),
    [
        (80, "Eine CA", Level.OK, "79 Tagen"),
        (10, "Eine CA", Level.WARNING, "läuft in 9 Tagen ab"),
        (-3, "Eine CA", Level.DOWN, "seit 3 Tagen abgelaufen"),
        (80, "localhost", Level.WARNING, "auf Probe"),
    ],
)
def test_a_certificate_that_is_not_good_for_long_is_told(
    days: float, issuer: str, level: Level, says: str, tmp_path: Path
) -> None:
    with proxy(tmp_path, days, issuer) as port:
        found = health.certificate_finding("localhost", datetime.now(UTC), ("127.0.0.1", port))
    assert (found.level, says in found.text) == (level, True), found
    assert bool(found.todo) == (level is not Level.OK)


def test_whether_the_audit_log_was_found_whole_is_told(database: Settings) -> None:
    def told() -> tuple[Level, str]:
        with owner(database) as engine:
            findings = watch.overview(database, engine, Shelf(LAYERS))["findings"]
        [found] = [finding for finding in findings if finding.subject == "audit"]
        assert bool(found.todo) == (found.level is not Level.OK)
        return found.level, found.text

    def verify() -> int:
        return CliRunner().invoke(audit_group, ["verify"], obj=database).exit_code

    assert told()[0] is Level.WARNING, "nobody has looked yet"
    with owner(database) as engine, engine.begin() as connection:
        for _ in range(3):
            audit.note(connection, None, "sign_in_failed", "nobody@example.org")
    assert (verify(), told()[0]) == (0, Level.OK)
    change(database, "ALTER TABLE desk.audit DISABLE TRIGGER audit_append_only")
    change(database, "UPDATE desk.audit SET object = 'somebody else' WHERE id = 2")
    assert verify() == 1
    level_now, says = told()
    assert (level_now, "Eintrag 2" in says) == (Level.WARNING, True)
    change(database, "UPDATE desk.audit SET object = 'nobody@example.org' WHERE id = 2")
    assert (verify(), told()[0]) == (0, Level.OK)
    change(database, "UPDATE plans.maintenance SET started_at = started_at - interval '3 days'")
    assert told() == (Level.WARNING, "Prüfung des Protokolls: die letzte gelungene war vor 3 Tagen.")


def test_a_proxy_that_answers_nobody_is_told() -> None:
    assert health.certificate_finding("localhost", datetime.now(UTC), ("127.0.0.1", free_port())).level is Level.DOWN


def test_an_older_schema_is_not_served_and_a_newer_one_is(database: Settings) -> None:
    change(database, "UPDATE plans.alembic_version SET version_num = '0001'")
    assert level(database, "schema") is Level.DOWN
    with owner(database) as engine, pytest.raises(SchemaError, match="geoportal migrate"):
        check_schema(engine)
    change(database, "UPDATE plans.alembic_version SET version_num = '9999'")
    assert level(database, "schema") is Level.OK
    with owner(database) as engine:
        check_schema(engine)


def test_a_silent_worker_and_a_delivery_that_waits_too_long_are_told(database: Settings, tmp_path: Path) -> None:
    change(database, "INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes')")
    assert level(database, "queue") is Level.WARNING
    change(database, "UPDATE jobs.procrastinate_workers SET last_heartbeat = now()")
    assert level(database, "queue") is Level.OK
    with owner(database) as engine:
        operations.prepare(engine)
        operations.receive(engine, Archive(database.archive), write(tmp_path / "a.gml", xplangml(plan())))
    assert level(database, "queue") is Level.OK
    change(database, "UPDATE plans.upload SET received_at = now() - interval '1 hour'")
    assert level(database, "queue") is Level.WARNING


def test_a_backup_counts_when_it_succeeded_and_is_young(database: Settings) -> None:
    insert = "INSERT INTO plans.maintenance (task, finished_at, fault) VALUES ('backup', now() - interval '{}', {})"
    change(database, insert.format("1 hour", "'Platte voll'"))
    assert level(database, "backup") is Level.WARNING
    change(database, insert.format("30 hours", "NULL"))
    assert level(database, "backup") is Level.WARNING
    change(database, insert.format("20 hours", "NULL"))
    assert level(database, "backup") is Level.OK


def test_a_layer_whose_source_is_long_overdue_is_named(database: Settings) -> None:
    layer = next(layer for layer in all_layers(LAYERS) if layer.id == "schulen")
    daily = layer.model_copy(update={"refresh": timedelta(days=1)})
    change(database, "INSERT INTO plans.layer_state (layer, synced_at) VALUES ('schulen', now() - interval '2 days')")
    assert health.examine(database.require_read_url(), database.data, [daily]).stale == {}
    change(database, "UPDATE plans.layer_state SET synced_at = now() - interval '4 days'")
    assert list(health.examine(database.require_read_url(), database.data, [daily]).stale) == ["schulen"]


def test_a_layer_whose_source_fails_is_told_with_the_reason_everywhere(furnished: Settings) -> None:
    fault = "SET fault_kind = 'unreachable', fault = 'beispiel.de: Antwort / answer 500', fault_since = now()"
    change(furnished, "UPDATE plans.layer_state SET synced_at = now() WHERE layer = 'schulen'")
    client = watch.create(furnished).test_client()
    assert 'geoportal_layer_stale{layer="schulen",reason=""} 0.0' in client.get("/metrics").text
    change(furnished, f"UPDATE plans.layer_state {fault} WHERE layer = 'schulen'")
    assert level(furnished, "layers") is Level.OK  # without its manifest nobody waits for it
    page, figures = client.get("/").text, client.get("/metrics").text
    assert "schulen (Quelle nicht erreichbar)" in page
    assert "beispiel.de: Antwort / answer 500" in page
    assert 'geoportal_layer_stale{layer="schulen",reason="unreachable"} 1.0' in figures
    ready = create_portal(furnished).test_client().get("/readyz")
    assert (ready.status_code, ready.json and ready.json["checks"]["layers"]) == (200, "warning")
    assert "beispiel.de" not in ready.text


def test_silent_sensors_and_impossible_readings_are_told(database: Settings) -> None:
    client = watch.create(database).test_client()
    assert "noch keiner" in client.get("/").text
    change(
        database,
        """INSERT INTO sensors.latest (layer, property, feature, at, since, number)
           VALUES ('abfallbehaelter', 'fuellstand', 'B0001', '2026-11-01T12:00:00Z', '2026-11-01T12:00:00Z', 40);
           INSERT INTO sensors.rejected (layer, reason, raw, received_at) VALUES
           ('abfallbehaelter', 'fuellstand: unmöglich / impossible: 240 %', '{}', now()),
           ('abfallbehaelter', 'fuellstand: unmöglich / impossible: 240 %', '{}', now()),
           ('abfallbehaelter', 'kein JSON / no JSON', 'x', now()),
           ('abfallbehaelter', 'kein JSON / no JSON', 'x', now() - interval '2 days')""",
    )
    page, figures = client.get("/").text, client.get("/metrics").text
    assert "3, meist: fuellstand: unmöglich / impossible: 240 %" in page
    assert "01.11.2026" in page or "1. November 2026" in page
    assert 'geoportal_sensor_reading_timestamp_seconds{layer="abfallbehaelter"} 1.7' in figures
    assert 'geoportal_sensor_readings_rejected{layer="abfallbehaelter"} 3.0' in figures
    assert 'geoportal_sensor_readings_rejected{layer="strassenbeleuchtung"} 0.0' in figures


def test_the_page_tells_the_worst_first_and_works_while_the_database_is_away(database: Settings) -> None:
    page = watch.create(database).test_client().get("/").text
    assert page.index("Zu tun:") < page.index("In Ordnung:")
    assert "geoportal backup" in page
    away = f"postgresql://geoportal:x@127.0.0.1:{free_port()}/geoportal"
    answer = watch.create(replace(database, database_url=away, read_database_url=away)).test_client().get("/")
    assert answer.status_code == 200
    assert "Das Portal kann gerade nicht antworten." in answer.text
    assert answer.text.index("Gestört:") < answer.text.index("In Ordnung:")


def counted(figures: str) -> float:
    """Requests for the list of plans."""
    begins = "geoportal_request_seconds_count{"
    lines = [line for line in figures.splitlines() if line.startswith(begins) and 'route="/plaene"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_the_figures_of_all_workers_are_added_up(database: Settings, tmp_path: Path) -> None:
    with owner(database) as engine:
        operations.prepare(engine)
        operations.sync_layers(engine, database)
    web, port = free_port(), free_port()
    log = tmp_path / "log"
    with (
        running(command("serve"), environment(database, GEOPORTAL_PORT=str(web)), log, web),
        running(command("watch", "--port", str(port)), environment(database), tmp_path / "watch.log", port),
    ):
        for number in range(12):
            assert get(web, f"/plaene?q=Musterweg+{number}")[0] == 200
        # counted when it is sent: who has the last answer may be quicker than the count
        wait_until(lambda: counted(get(port, "/metrics")[1]) == 12)
        figures = get(port, "/metrics")[1]
    for name in ("geoportal_ready 1.0", 'geoportal_processes{role="web"} 1.0', 'geoportal_ok{subject="backup"} 0.0'):
        assert name in figures
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines() if line.startswith("{")]
    assert sum(line.get("route") == "/plaene" for line in lines) == 12
    assert not re.search(r"127\.0\.0\.1|Musterweg", "\n".join(map(json.dumps, lines)))
