"""What the tests share: a PostgreSQL of their own, and the honest list of those that had to be left out."""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from geoportal import operations
from geoportal.database import engine as engines
from geoportal.database import owner_engine
from geoportal.database.cluster import DATABASE, OWNER, Cluster
from geoportal.database.migrating import migrate
from geoportal.paper import Press
from geoportal.settings import Settings

# The official schemas and the real plans are not ours to hand on: see CONTRIBUTING.md.
FOREIGN_DATA = ("XPLAN_CORPUS", "XPLAN_SCHEMAS")
LEFT_OUT = pytest.StashKey[list[str]]()
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    # A suite that is told to end takes its servers with it.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=128 + signal.SIGTERM))
    config.addinivalue_line("markers", "database: needs PostGIS; given to every test that uses the cluster")


def pytest_itemcollected(item: pytest.Item) -> None:
    if "cluster" in getattr(item, "fixturenames", ()):
        item.add_marker("database")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if all(os.environ.get(name) for name in FOREIGN_DATA):
        return
    without = [item for item in items if item.get_closest_marker("corpus")]
    config.stash[LEFT_OUT] = [item.nodeid for item in without]
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def pytest_sessionfinish(session: pytest.Session) -> None:
    # one of several processes of a run hands its list to the one that prints
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    # each process has collected all tests, so one list says it all
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if names := config.stash.get(LEFT_OUT, []):
        terminalreporter.section(f"{len(names)} left out: {' and '.join(FOREIGN_DATA)} are not both set")
        for name in names:
            terminalreporter.write_line(name)


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """What serves readers gives up after seconds, which on a machine that runs all these tests at once tells nothing.

    Tests of that give it seconds of their own, or look at processes (`tests.processes`), which stay as impatient.
    """
    with pytest.MonkeyPatch.context() as longer:
        longer.setattr(engines, "_READ_OPTIONS", engines._READ_OPTIONS.replace("=8s", "=90s").replace("=2s", "=60s"))
        longer.setattr(engines, "OWNER_OPTIONS", engines.OWNER_OPTIONS.replace("=10s", "=90s"))
        longer.setattr(engines, "_DESK_OPTIONS", engines._DESK_OPTIONS.replace("=30s", "=90s").replace("=5s", "=60s"))
        for name in (
            "accounts.passwords._PATIENCE",
            "basemaps.mosaic._SECONDS",
            "basemaps.store.WAIT_SECONDS",
            "certificate._PATIENCE",
            "editing.examining._PATIENCE",
            "health.LONGEST",
            "painting.pool.PAINT_SECONDS",
            "painting.pool.WAIT_SECONDS",
            "participation.attachments._SECONDS",
            "web.desk.drawing._PATIENCE",
            "web.desk.provider._TIMEOUT",
            "web.plan_files._PATIENCE",
        ):
            module, _, constant = name.rpartition(".")
            longer.setattr(import_module(f"geoportal.{module}"), constant, 600.0)
        longer.setattr(Press.__init__, "__defaults__", (600.0, 600.0))
        yield


@pytest.fixture(scope="session")
def xplan_corpus() -> Path:
    """The folder of real plans; only for tests with the marker `corpus`."""
    return Path(os.environ["XPLAN_CORPUS"])


@pytest.fixture(scope="session")
def xplan_schemas() -> Path:
    """The folder of official XSDs; only for tests with the marker `corpus`."""
    return Path(os.environ["XPLAN_SCHEMAS"])


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every account of the machine can enter; the server of a suite run by root is not root."""
    folder = Path(tempfile.mkdtemp(prefix="geoportal-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """A running server for this run of the suite, whose database `geoportal` is migrated and holds nothing."""
    scratch = Cluster(open_folder / "postgres", durable=False)
    with scratch:
        engine = owner_engine(scratch.url)
        migrate(engine)
        engine.dispose()
        yield scratch


@pytest.fixture(scope="session")
def layers_read(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database to copy: it holds the layers of the checkout, which take ten seconds to read."""
    with copied(cluster, tmp_path_factory.mktemp("layers")) as settings:
        engine = owner_engine(settings.require_database_url())
        operations.prepare(engine)
        operations.sync_layers(engine, settings)
        engine.dispose()
        yield settings.require_database_url().rpartition("/")[2]


@pytest.fixture
def database(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a portal with a migrated, empty database and a data folder that nobody else sees."""
    with copied(cluster, tmp_path) as settings:
        yield settings


@pytest.fixture(scope="module")
def module_database(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The same, for a module of tests that fill it once and then only read."""
    with copied(cluster, tmp_path_factory.mktemp("data")) as settings:
        yield settings


@pytest.fixture
def furnished(cluster: Cluster, layers_read: str, tmp_path: Path) -> Iterator[Settings]:
    """As `database`, with the layers of the checkout."""
    with copied(cluster, tmp_path, layers_read) as settings:
        yield settings


@pytest.fixture(scope="module")
def module_furnished(
    cluster: Cluster, layers_read: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """As `module_database`, with the layers of the checkout."""
    with copied(cluster, tmp_path_factory.mktemp("data"), layers_read) as settings:
        yield settings


@contextmanager
def copied(cluster: Cluster, data: Path, template: str = DATABASE) -> Iterator[Settings]:
    name = f"test_{next(_numbers)}"
    identifiers = map(sql.Identifier, (name, template, OWNER))
    with cluster.superuser() as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*identifiers))
        yield replace(cluster.settings(Settings.from_env({}), name), data=data, run=data / "run")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
