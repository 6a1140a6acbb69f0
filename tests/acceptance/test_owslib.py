"""OWSLib, the client library of QGIS plugins and of CKAN harvesters, finds its way."""

from collections.abc import Iterator

import pytest
from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records

from geoportal.settings import Settings
from tests.ogc import BEBAUUNGSPLAENE, COLLECTIONS, SCHULEN, publish_stock, served


@pytest.fixture(scope="module")
def client(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Features]:
    publish_stock(module_database, tmp_path_factory.mktemp("owslib"))
    with served(module_database) as address:
        yield Features(address)


def test_collections_are_found(client: Features) -> None:
    assert client.feature_collections() == list(COLLECTIONS)
    assert client.collection("schulen")["title"] == "Schulen"
    assert set(client.collection_queryables("schulen")["properties"]) >= {"id", "geometry", "name", "schueler"}


def test_the_interface_is_described(client: Features) -> None:
    assert "/collections/schulen/items" in client.api()["paths"]
    assert any("ogcapi-features-1" in uri for uri in client.conformance()["conformsTo"])


def test_items_are_read_with_parameters(client: Features) -> None:
    assert client.collection_items("schulen", limit=5)["numberMatched"] == SCHULEN
    box = client.collection_items("bebauungsplaene", bbox=[8.71, 50.82, 8.732, 50.83])
    assert {item["properties"]["nummer"] for item in box["features"]} == {"0", "1"}
    time = client.collection_items("bebauungsplaene", datetime_="2002-06-01", status="in_kraft")
    assert {item["properties"]["nummer"] for item in time["features"]} == {"0", "2"}
    text = client.collection_items("bebauungsplaene", filter="nummer = '7' OR nummer = '8'")
    assert {item["properties"]["nummer"] for item in text["features"]} == {"7", "8"}


def test_one_item_is_read(client: Features) -> None:
    [first, *_] = client.collection_items("bebauungsplaene", limit=BEBAUUNGSPLAENE)["features"]
    assert client.collection_item("bebauungsplaene", first["id"])["properties"] == first["properties"]


def test_the_catalogue_is_read(client: Features) -> None:
    catalogue = Records(client.url)
    assert catalogue.records() == ["katalog"]
    found = catalogue.collection_items("katalog", q="Bebauungsplan", type="dataset")
    assert "bebauungsplaene" in {item["id"] for item in found["features"]}
    assert catalogue.collection_item("katalog", "schulen")["properties"]["title"] == "Schulen"
