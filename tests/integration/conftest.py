"""What several files ask of: plans that services publish, people at the desk, a home with a layer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from geoportal.settings import Settings
from tests.fountains import Home
from tests.house import House, housed
from tests.ogc import publish_stock


@pytest.fixture(scope="module")
def stock(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    return module_database


@pytest.fixture
def house(database: Settings) -> Iterator[House]:
    with housed(database) as opened:
        yield opened


@pytest.fixture
def home(database: Settings, tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home", database)
    yield made
    made.engine.dispose()
    made.reader.dispose()
