"""What each collection holds, and how those made of another one are cut out of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from shapely.geometry import shape
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from geoportal.database import engine as engines
from geoportal.ogc.app import create_ogc
from geoportal.ogc.table import FeatureTable, Page, Question
from geoportal.settings import Settings
from tests.ogc import (
    BEBAUUNGSPLAENE,
    EPSG,
    GEMEINDEN,
    ITEMS,
    LAYERS,
    ODD_NAME,
    SCHULEN,
    SELECTIONS,
    document,
    link,
    names,
)

VIEW = re.compile(r"FROM ogc\.\"?(\w+)")


@contextmanager
def measuring() -> Iterator[list[str]]:
    """The views whose extent is computed meanwhile."""
    measured: list[str] = []

    def note(*event: Any) -> None:
        measured.extend(VIEW.findall(event[2]) if "ST_Extent" in event[2] else [])

    listen(Engine, "before_cursor_execute", note)
    try:
        yield measured
    finally:
        remove(Engine, "before_cursor_execute", note)


def test_a_collection_is_measured_together_with_its_selections(stock: Settings) -> None:
    made = create_ogc(stock, LAYERS)
    with measuring() as measured:
        listed = document(made.test_client().get("/collections?f=json"))["collections"]
    extents = {each["id"]: each["extent"]["spatial"]["bbox"] for each in listed if "extent" in each}
    assert measured.count("planinhalte") == 4  # the whole, its areas, lines and points
    assert {name: extents[name] for name in SELECTIONS} == dict.fromkeys(SELECTIONS, extents["planinhalte"])
    numbers = {each["id"]: each["itemCount"] for each in listed if each["id"] in SELECTIONS}
    assert (numbers["planinhalte_baugebiete"], numbers["planinhalte_gewaesser"]) == (1, 0)


def test_a_collection_that_takes_too_long_to_measure_does_not_keep_each_request(
    stock: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_READ_OPTIONS", engines._READ_OPTIONS.replace("lock_timeout=60s", "lock_timeout=2s"))
    own = f"{stock.require_read_url()}?application_name=hasty"  # or connections of other tests, which wait longer
    client = create_ogc(replace(stock, read_database_url=own), LAYERS).test_client()
    with psycopg.connect(stock.require_database_url()) as owner:
        owner.execute("LOCK layers.schulen IN ACCESS EXCLUSIVE MODE")
        with measuring() as measured:
            for _ in range(2):
                assert "itemCount" not in document(client.get("/collections/schulen?f=json"))
    assert measured == ["schulen"], "and not once more"
    # nor is the page of a collection too large to be counted one that nobody gets
    page = document(client.get("/collections/schulen/items?f=json&limit=1"))
    assert (page["numberReturned"], page.get("numberMatched")) == (1, None)
    assert any(link["rel"] == "next" for link in page["links"])


@pytest.mark.parametrize("asked", ["", "&filter=schueler>=0"])
def test_hits_that_take_too_long_to_count_are_answered_without_their_number(
    stock: Settings, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(engines, "_READ_OPTIONS", engines._READ_OPTIONS.replace("lock_timeout=60s", "lock_timeout=2s"))
    own = f"{stock.require_read_url()}?application_name=hasty_hits"
    client = create_ogc(replace(stock, read_database_url=own), LAYERS).test_client()
    address = f"/collections/schulen/items?f=json&resultType=hits{asked}"
    asked_for: list[Question] = []
    page = FeatureTable.page

    def noted(self: FeatureTable, engine: Engine, question: Question, **more: Any) -> Page:
        asked_for.append(question)
        return page(self, engine, question, **more)

    monkeypatch.setattr(FeatureTable, "page", noted)
    with psycopg.connect(stock.require_database_url()) as owner:
        owner.execute("LOCK layers.schulen IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            answer = client.get(address)
            assert ("numberMatched" in document(answer), document(answer)["numberReturned"]) == (False, 0)
            assert answer.headers["Cache-Control"] == "no-store"
        assert "sehr vielen" in client.get(address.replace("f=json", "f=html")).get_data(as_text=True)
        assert len(asked_for) <= 1, "after the first, nobody waits for the lock"
    later = create_ogc(replace(stock, read_database_url=own), LAYERS).test_client()
    assert document(later.get(address))["numberMatched"] == SCHULEN


def test_a_mixed_layer_is_also_offered_by_kind_of_geometry(api: FlaskClient) -> None:
    assert document(api.get("/collections/planinhalte/items"))["numberMatched"] == 3
    for suffix, kind in (("flaechen", "MultiPolygon"), ("linien", "MultiLineString"), ("punkte", "MultiPoint")):
        [item] = document(api.get(f"/collections/planinhalte_{suffix}/items"))["features"]
        assert item["geometry"]["type"] == kind
        assert document(api.get(f"/collections/planinhalte_{suffix}/items/{item['id']}"))["geometry"]["type"] == kind
        assert api.get(f"/collections/planinhalte_{suffix}/items/{item['id'] + 1000}").status_code == 404
    assert document(api.get("/collections/planinhalte_flaechen/items"))["features"][0]["properties"]["attribute"]


def test_the_contents_of_one_group_are_a_collection(api: FlaskClient) -> None:
    [area] = document(api.get("/collections/planinhalte_baugebiete/items"))["features"]
    assert (area["geometry"]["type"], area["properties"]["klasse_text"]) == ("MultiPolygon", "Baugebiet")
    [line] = document(api.get("/collections/planinhalte_baugrenzen/items?filter=klasse='BP_BauGrenze'"))["features"]
    assert line["geometry"]["type"] == "MultiLineString"
    assert api.get(f"/collections/planinhalte_baugebiete/items/{line['id']}").status_code == 404
    assert document(api.get("/collections/planinhalte_gewaesser/items"))["numberMatched"] == 0
    described = document(api.get("/collections/planinhalte_baugebiete?lang=en"))
    assert described["title"] == "Contents of plans: Kinds of built use"
    assert described["itemCount"] == 1


def test_areas_tell_the_planned_use_in_the_words_of_inspire(api: FlaskClient) -> None:
    [area] = document(api.get("/collections/planinhalte/items?hilucs=5_ResidentialUse"))["features"]
    assert (area["properties"]["art"], area["properties"]["hilucs_text"]) == ("1200", "Wohnen")
    others = document(api.get("/collections/planinhalte/items?filter=hilucs IS NULL"))["features"]
    assert {item["geometry"]["type"] for item in others} == {"LineString", "Point"}


def test_all_plans_are_in_one_collection_at_a_glance(api: FlaskClient) -> None:
    read = document(api.get("/collections/geltungsbereiche/items?limit=100"))
    assert read["numberMatched"] == BEBAUUNGSPLAENE + 1
    assert {item["properties"]["planwerk"] for item in read["features"]} == {"BP", "FP"}
    for item in read["features"]:
        assert item["properties"]["adresse"] == f"/plan/{item['id']}"
        assert item["properties"]["rechtsstand_text"]
    exact = document(api.get(f"{ITEMS}?nummer=3&crs={EPSG}25832"))["features"][0]["geometry"]
    simple = document(api.get(f"/collections/geltungsbereiche/items?nummer=3&crs={EPSG}25832"))["features"][0]
    assert shape(simple["geometry"]).equals(shape(exact)), "a square has nothing to leave out"


def test_a_document_of_a_plan_is_a_feature_with_a_link_to_its_file(api: FlaskClient) -> None:
    [item] = document(api.get("/collections/plandokumente/items?f=json"))["features"]
    address = "https://gemeinde.example.org/b.pdf"
    # nobody said what the file is, and each link has a type
    told = {"type": "application/octet-stream", "title": "Begründung", "hreflang": "de"}
    assert item["links"] == [{"rel": "enclosure", "href": address, **told}]
    told = item["properties"]
    assert (told["typ"], told["typ_text"], told["plan_name"]) == (1010, "Begründung", ODD_NAME)
    alone = document(api.get(f"/collections/plandokumente/items/{item['id']}"))
    assert [each["href"] for each in alone["links"] if each["rel"] == "enclosure"] == [address]
    assert {each["rel"] for each in alone["links"]} > {"enclosure", "self", "collection"}
    assert item["geometry"]["type"] == "MultiPolygon"
    assert "links" not in document(api.get(ITEMS))["features"][0]
    few = document(api.get("/collections/plandokumente/items?properties=titel&skipGeometry=true"))["features"][0]
    assert few["properties"] == {"titel": "Begründung"}
    assert few["links"][0]["href"] == address


def test_the_texts_of_a_plan_can_be_searched(api: FlaskClient) -> None:
    asked = {"filter": "text LIKE '%Tankstellen%'", "filter-lang": "cql2-text"}
    [item] = document(api.get("/collections/plantexte/items", query_string=asked))["features"]
    assert (item["properties"]["schluessel"], item["properties"]["plan_name"]) == ("1.1", ODD_NAME)


def test_what_others_draw_has_no_picture_of_its_own(api: FlaskClient) -> None:
    for name in ("geltungsbereiche", "plandokumente", "planinhalte_baugebiete"):
        for place in ("tiles", "map", "styles"):
            assert api.get(f"/collections/{name}/{place}").status_code == 404
        described = document(api.get(f"/collections/{name}"))
        assert not [each for each in described["links"] if "tile" in each["rel"] or each["rel"].endswith("/map")]
    capabilities = api.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").get_data(as_text=True)
    assert "<Name>planinhalte</Name>" in capabilities
    assert "<Name>geltungsbereiche</Name>" not in capabilities


def test_a_layer_is_answered_like_the_plans(api: FlaskClient) -> None:
    assert document(api.get("/collections/gemeinden/items"))["numberMatched"] == GEMEINDEN
    one = document(api.get("/collections/schulen/items/9007"))
    assert one["properties"]["schueler"] == 70
    assert link(one, "collection") == "http://localhost:8080/ogc/collections/schulen"
    assert names(api.get("/collections/schulen/items?filter=schueler>285.5")) == {"Schule 29"}
