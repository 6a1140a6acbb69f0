"""One stock behind one API for all files of this folder: they only read."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from geoportal.database.cluster import Cluster
from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.conftest import copied
from tests.ogc import LAYERS, publish_stock


@pytest.fixture(scope="package")
def stock(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with copied(cluster, tmp_path_factory.mktemp("data")) as settings:
        publish_stock(settings, tmp_path_factory.mktemp("stock"))
        yield settings


@pytest.fixture(scope="package")
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()
