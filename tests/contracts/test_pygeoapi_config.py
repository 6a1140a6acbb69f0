"""config/pygeoapi.yml is in step with the manifests, and stock pygeoapi serves the same features from it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, request
from pygeoapi import l10n
from pygeoapi.api import API, APIRequest, describe_collections, landing_page
from pygeoapi.api.itemtypes import get_collection_item, get_collection_items, get_collection_queryables
from pygeoapi.api.maps import get_collection_map
from pygeoapi.api.tiles import get_collection_tiles, get_collection_tiles_data, get_collection_tiles_metadata
from pygeoapi.config import get_config, validate_config
from pygeoapi.openapi import get_oas

from geoportal.catalogue import all_layers
from geoportal.ogc.collection import collections_of
from geoportal.ogc.config import CONFIG, render
from geoportal.settings import CHECKOUT, Settings
from tests.ogc import BEBAUUNGSPLAENE, ODD_NAME, publish_stock

FILE = CHECKOUT / CONFIG


def test_the_file_is_in_step_with_the_manifests() -> None:
    text = FILE.read_text("utf-8")
    assert render(text, all_layers(CHECKOUT / "layers")) == text, "run make config"


def test_the_file_names_no_address_of_a_database() -> None:
    assert "postgresql://" not in FILE.read_text("utf-8").replace("=postgresql://… ", "")


@pytest.fixture(scope="module")
def stock(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[API]:
    """pygeoapi itself, with our file, read by its own loader from its own environment variables."""
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYGEOAPI_CONFIG", str(FILE))
        patch.setenv("GEOPORTAL_READ_DATABASE_URL", module_database.require_read_url())
        patch.setenv("GEOPORTAL_URL", "http://localhost:5000")
        patch.setenv("GEOPORTAL_HOME", str(CHECKOUT))
        config = get_config()
    # pygeoapi translates the first configuration of a process and keeps that for ever
    l10n._cfg_cache.clear()
    assert validate_config(config)
    yield API(config, get_oas(config))
    l10n._cfg_cache.clear()


def asked(stock: API, function: Callable[..., tuple[dict[str, str], int, Any]], query: str, *arguments: str) -> Any:
    with Flask("stock").test_request_context(f"/?{query}"):
        headers, status, content = function(stock, APIRequest.from_flask(request, stock.locales), *arguments)
    assert status == 200, content
    return content if "html" in headers["Content-Type"] else json.loads(content)


def refused(stock: API, query: str) -> tuple[int, str]:
    with Flask("stock").test_request_context(f"/?{query}"):
        api_request = APIRequest.from_flask(request, stock.locales)
        _, status, content = get_collection_items(stock, api_request, "bebauungsplaene")
    return status, json.loads(content)["description"]


def test_stock_pygeoapi_offers_every_collection(stock: API) -> None:
    assert stock.base_url == "http://localhost:5000/ogc"
    read = asked(stock, describe_collections, "f=json")
    assert [item["id"] for item in read["collections"]] == [
        item.layer.id for item in collections_of(all_layers(CHECKOUT / "layers"))
    ]
    [plans] = [item for item in read["collections"] if item["id"] == "bebauungsplaene"]
    assert plans["title"] == "Bebauungspläne"
    assert plans["storageCrs"].endswith("/25832")
    assert set(asked(stock, get_collection_queryables, "f=json", "schulen")["properties"]) >= {"name", "schueler"}


def test_stock_pygeoapi_answers_items(stock: API) -> None:
    read = asked(stock, get_collection_items, "f=json&limit=5&sortby=-nummer", "bebauungsplaene")
    assert (read["numberMatched"], read["numberReturned"]) == (BEBAUUNGSPLAENE, 5)
    assert read["features"][0]["properties"]["nummer"] == "9"
    box = asked(stock, get_collection_items, "f=json&bbox=8.71,50.82,8.732,50.83", "bebauungsplaene")
    assert {item["properties"]["nummer"] for item in box["features"]} == {"0", "1"}
    time = asked(stock, get_collection_items, "f=json&datetime=2002-06-01&status=in_kraft", "bebauungsplaene")
    assert {item["properties"]["nummer"] for item in time["features"]} == {"0", "2"}
    utm = "crs=http://www.opengis.net/def/crs/EPSG/0/25832&nummer=3&f=json"
    [item] = asked(stock, get_collection_items, utm, "bebauungsplaene")["features"]
    assert [483_000, 5_630_000] in item["geometry"]["coordinates"][0][0]
    one = asked(stock, get_collection_item, "f=json", "bebauungsplaene", item["id"])
    assert one["properties"]["name"] == "Plan 3"
    hits = asked(stock, get_collection_items, "f=json&resulttype=hits", "planinhalte_linien")
    assert (hits["numberMatched"], hits["features"]) == (1, [])


def test_stock_pygeoapi_serves_vector_tiles(stock: API) -> None:
    west, south = 8.7161, 50.8213
    row, col = 5497, 8589
    assert asked(stock, get_collection_tiles, "f=json", "bebauungsplaene")["tilesets"]
    described = asked(stock, get_collection_tiles_metadata, "f=json", "bebauungsplaene", "WebMercatorQuad")
    assert described["boundingBox"]["lowerLeft"] == pytest.approx([west, south], abs=1e-3)
    with Flask("stock").test_request_context("/?f=mvt"):
        api_request = APIRequest.from_flask(request, stock.locales)
        place = ("bebauungsplaene", "WebMercatorQuad", 14, row, col)
        _, status, content = get_collection_tiles_data(stock, api_request, *place)
    assert (status, b"bebauungsplaene" in content, b"Plan 1" in content) == (200, True, True)


@pytest.mark.parametrize(
    "query", ["foo=1", "rechtsstand=abc", "datetime=2020-01-01T99", "filter=nummer='1' OR nummer='2'"]
)
def test_stock_pygeoapi_refuses_what_the_provider_cannot_answer_rightly(stock: API, query: str) -> None:
    status, description = refused(stock, query)
    assert status == 400
    assert description


def test_the_templates_serve_stock_pygeoapi_too(stock: API) -> None:
    assert "Geodatendienste" in asked(stock, landing_page, "f=html")
    page = asked(stock, get_collection_items, "f=html&nummer=0", "bebauungsplaene")
    assert "<script" not in page
    assert ODD_NAME.split("<")[0].split()[0] in page
    assert "https://unpkg.com" not in page


def test_stock_pygeoapi_draws_the_same_maps(stock: API) -> None:
    query = "width=200&height=200&bbox=8.7,50.8,8.75,50.85"
    with Flask("stock").test_request_context(f"/?{query}"):
        api_request = APIRequest.from_flask(request, stock.locales)
        headers, status, content = get_collection_map(stock, api_request, "bebauungsplaene")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert content.startswith(b"\x89PNG")
