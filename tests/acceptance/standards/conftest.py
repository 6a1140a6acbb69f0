"""One server that really listens, for all tests of the standards: they only ask."""

from collections.abc import Iterator

import pytest

from geoportal.database.cluster import Cluster
from tests.acceptance.standards.client import Client
from tests.conftest import copied
from tests.ogc import publish_stock, served


@pytest.fixture(scope="package")
def api(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with copied(cluster, tmp_path_factory.mktemp("data")) as settings:
        publish_stock(settings, tmp_path_factory.mktemp("stock"))
        with served(settings) as address:
            yield Client(address)
