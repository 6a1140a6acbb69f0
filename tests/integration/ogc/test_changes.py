"""A database that is away, and manifests that come or break while the service runs."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from geoportal.catalogue import all_layers
from geoportal.ogc import service
from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.ogc import (
    ITEMS,
    LAYERS,
    SCHULEN,
    document,
)


def test_a_database_that_is_away_is_a_503_and_the_metadata_stay(stock: Settings) -> None:
    away = replace(stock, read_database_url="postgresql://nobody@127.0.0.1:1/nothing")
    client = create_ogc(away, LAYERS).test_client()
    for address in (ITEMS, "/collections/schulen/items/9000"):
        response = client.get(address)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "127.0.0.1" not in response.get_data(as_text=True)
    collection = document(client.get("/collections/schulen"))
    assert "itemCount" not in collection
    assert collection["extent"]["spatial"]["bbox"]


MANIFEST = """\
id: {name}
title: {{de: Trinkbrunnen, en: Drinking fountains}}
description: {{de: Brunnen, en: Fountains}}
keywords: {{de: [Wasser], en: [water]}}
theme: versorgung
publisher: Landkreis
licence: {{name: Zero, url: "https://www.govdata.de/dl-de/zero-2-0"}}
source: {{path: data/brunnen.csv, x: x, y: y, crs: "EPSG:25832"}}
geometry: Point
key: nr
fields:
  nr: {{type: integer, label: {{de: Nummer, en: Number}}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of manifests of its own, at which the service looks anew at each request."""
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0.0)
    for layer in all_layers(LAYERS):
        (tmp_path / layer.id).symlink_to(layer.folder)
    return tmp_path


def test_a_new_manifest_is_a_new_collection_without_a_restart(stock: Settings, folder: Path) -> None:
    client = create_ogc(stock, folder).test_client()
    assert client.get("/collections/trinkbrunnen").status_code == 404
    (folder / "trinkbrunnen").mkdir()
    (folder / "trinkbrunnen" / "layer.yml").write_text(MANIFEST.format(name="trinkbrunnen"), "utf-8")
    assert document(client.get("/collections/trinkbrunnen"))["title"] == "Trinkbrunnen"
    # its rows are not loaded yet: come again later, and by no means "gone"
    response = client.get("/collections/trinkbrunnen/items")
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)
    assert "/collections/trinkbrunnen/items" in document(client.get("/openapi"))["paths"]


def test_a_broken_manifest_leaves_everything_as_it_was(
    stock: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = create_ogc(stock, folder).test_client()
    (folder / "kaputt").mkdir()
    (folder / "kaputt" / "layer.yml").write_text(MANIFEST.format(name="anders"), "utf-8")
    with caplog.at_level(logging.ERROR):
        assert document(client.get("/collections/schulen/items"))["numberMatched"] == SCHULEN
    assert "kaputt" in caplog.text
