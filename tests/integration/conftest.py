"""What several files ask of: the stock of plans that services publish, and a house of people who work at the desk."""

from collections.abc import Iterator

import pytest

from geoportal.settings import Settings
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
