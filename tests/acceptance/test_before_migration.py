"""What is answered while the database has not all that the programs need: nothing fails, and nothing is made up."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule
from werkzeug.test import Client, TestResponse

from geoportal import operations, wsgi
from geoportal.database import owner_engine
from geoportal.database.cluster import EXTENSIONS, Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import CHECKOUT, Settings
from tests.conftest import copied
from tests.processes import Door, environment, get, status, wait_for
from tests.stack import machine
from tests.waiting import wait_until

OLDER: Final = "0040"
LAYERS: Final = ("bebauungsplaene", "flaechennutzungsplaene", "planinhalte", "gemeinden")
SERVED, AWAY = 200, 503
OF_OURS: Final = {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}
READ: Final = (
    "/plaene", "/gemeinden/", "/suche?q=rathaus", "/hier?lon=8.77&lat=50.8", "/beteiligung/", "/abo/plaene.atom",
    "/ogc/collections/bebauungsplaene/items", "/ogc/collections/katalog/items",
    "/ogc/collections/gemeinden/tiles/WebMercatorQuad/9/171/268", "/readyz",
)  # fmt: skip


@pytest.fixture
def bare(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """A database as an operator makes it: the extensions, and nothing else."""
    with copied(cluster, tmp_path, "template0") as settings:
        with cluster.superuser(settings.require_database_url().rpartition("/")[2]) as connection:
            for extension in EXTENSIONS:
                connection.execute(f"CREATE EXTENSION {extension}")
        yield settings


def answers(settings: Settings) -> dict[str, TestResponse]:
    """Of every route of every part, asked by whoever wants to know something there is not."""
    edge = wsgi.create(settings)
    client, found = Client(edge), {}
    inner: DispatcherMiddleware = edge._inner  # type: ignore[attr-defined]
    portal: Flask = inner.app  # type: ignore[assignment]
    for prefix, app in {"": portal, **inner.mounts}.items():
        for rule in app.url_map.iter_rules():  # type: ignore[attr-defined]
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                path = prefix + address(rule)
                if path != "/aktuell":  # which never ends
                    found[f"{method} {path}"] = client.open(path, method=method, headers=OF_OURS)
    return found


def address(rule: Rule) -> str:
    """With something in each place that its converter takes."""
    path = rule.rule
    for name, converter in rule._converters.items():
        number = "00000000-0000-0000-0000-000000000000"
        alternatives = converter.regex.removeprefix("(?:").removesuffix(")").split("|")
        offered = ("bebauungsplaene", "1", number, "a" * 64, *alternatives)
        taken = next(each for each in offered if re.fullmatch(converter.regex, each))
        path = re.sub(rf"<([^<>]*:)?{name}>", taken, path)
    return path


def furnish(settings: Settings) -> None:
    engine = owner_engine(settings.require_database_url())
    migrate(engine)
    operations.prepare(engine)
    operations.sync_layers(engine, settings)
    engine.dispose()


@pytest.mark.parametrize("revision", [None, OLDER, "head"])
def test_no_route_fails_before_all_is_there_and_whoever_asks_is_told_to_come_again(
    bare: Settings, revision: str | None
) -> None:
    """`head`: the layer of the Gemeinden is still to be loaded."""
    if revision is not None:
        migrate(owner_engine(bare.require_database_url()), revision)
    found = answers(bare)
    assert [route for route, answer in found.items() if answer.status_code >= 500 and answer.status_code != AWAY] == []
    away = {route: answer for route, answer in found.items() if answer.status_code == AWAY}
    assert {"GET /plaene", "GET /gemeinden/", "GET /readyz"} <= away.keys()
    assert [route for route, answer in away.items() if "Retry-After" not in answer.headers] == []
    assert "Im Augenblick nicht erreichbar" in away["GET /plaene"].text
    if revision != "head":
        items, sent = "GET /ogc/collections/bebauungsplaene/items", {"/werkbank/anmelden", "/sensors/bebauungsplaene"}
        assert {items, *(f"POST {path}" for path in sent)} <= away.keys()


def test_a_backup_that_is_still_to_be_migrated_lies_below_a_server_that_runs(bare: Settings) -> None:
    furnish(bare)
    client = Client(wsgi.create(bare))
    assert client.get("/plaene?q=weg").status_code == SERVED
    with owner_engine(bare.require_database_url()).begin() as connection:
        connection.execute(text("DROP VIEW ogc.plaene CASCADE"))
        connection.execute(text("UPDATE plans.alembic_version SET version_num = :older"), {"older": OLDER})
    told = client.get("/plaene?q=wiese")
    assert (told.status_code, told.headers["Retry-After"] > "") == (AWAY, True)


def test_a_server_that_begins_while_the_database_is_away_waits_for_its_migration(tmp_path: Path) -> None:
    log, door = tmp_path / "log", Door()
    with machine(CHECKOUT / "layers" / name for name in LAYERS) as (settings, server):
        (settings.home / "data").symlink_to(CHECKOUT / "data")
        server._run("pg_ctl", "stop", "-m", "immediate")
        environ = environment(settings, GEOPORTAL_DESK_DATABASE_URL=settings.require_desk_url())
        with door.serving(environ, log) as process:
            wait_for(door.port, process, log)
            assert {path: status(door.port, path) for path in READ} == dict.fromkeys(READ, AWAY)
            server._launch()
            assert {path: status(door.port, path) for path in READ} == dict.fromkeys(READ, AWAY)
            migrate(owner_engine(settings.require_database_url()), OLDER)
            assert {path: status(door.port, path) for path in READ} == dict.fromkeys(READ, AWAY)
            assert "Im Augenblick nicht erreichbar" in get(door.port, "/plaene")[1]
            furnish(settings)
            for path in READ:
                wait_until(lambda path=path: status(door.port, path) == SERVED)  # type: ignore[misc]
    door.close()
