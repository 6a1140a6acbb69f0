"""Pages follow each other by the row that came last: each feature once, in order, whatever is published meanwhile."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from geoportal.database import owner_engine
from geoportal.ogc import statements
from geoportal.ogc.app import create_ogc
from geoportal.ogc.service import Service
from geoportal.ogc.statements import NOT_READY, Ready
from geoportal.settings import Settings
from tests.ogc import BEBAUUNGSPLAENE, LAYERS, SCHULEN

ITEMS = "/collections/bebauungsplaene/items"


@pytest.fixture
def api(stock: Settings) -> FlaskClient:
    return create_ogc(stock, LAYERS).test_client()


def read(api: FlaskClient, address: str) -> dict[str, Any]:
    response = api.get(address)
    assert response.status_code == 200, response.get_data(as_text=True)
    document: dict[str, Any] = json.loads(response.data)
    return document


def following(document: dict[str, Any]) -> str | None:
    links = [link["href"] for link in document["links"] if link["rel"] == "next"]
    return links[0].removeprefix("http://localhost:8080/ogc") if links else None


def pages(api: FlaskClient, address: str) -> list[dict[str, Any]]:
    found, waiting = [], address
    while waiting:
        found.append(read(api, waiting))
        waiting = following(found[-1]) or ""
    return found


SORTS = (
    "",
    "sortby=gueltig_von",
    "sortby=-gueltig_von",
    "sortby=-status,gueltig_von",
    "sortby=veroeffentlicht_am,-name",
)
FILTERS = (
    "",
    "filter=rechtsstand>1000",
    "bbox=8.7,50.7,8.81,50.9",
    "status=in_kraft",
    "crs=http://www.opengis.net/def/crs/EPSG/0/3857",
)


@pytest.mark.parametrize("most_counted", [3, 5_000])  # found everywhere, found seldom
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("condition", FILTERS)
def test_pages_together_are_the_whole(
    api: FlaskClient, monkeypatch: pytest.MonkeyPatch, sort: str, condition: str, most_counted: int
) -> None:
    monkeypatch.setattr(statements, "MOST_COUNTED", most_counted)
    monkeypatch.setattr("geoportal.ogc.table.MOST_COUNTED", most_counted)
    asked = "&".join(filter(None, (sort, condition)))
    whole = read(api, f"{ITEMS}?limit=1000&{asked}")
    parts = pages(api, f"{ITEMS}?limit=5&{asked}")
    assert [item for part in parts for item in part["features"]] == whole["features"]
    assert len(whole["features"]) > 5
    assert all(len(part["features"]) == 5 for part in parts[:-1])
    assert parts[-1]["features"], "no empty page at the end"
    for part in parts:
        assert part.get("numberMatched") in (len(whole["features"]), None if condition and most_counted == 3 else -1)


def test_the_order_is_the_one_that_was_asked_for(api: FlaskClient) -> None:
    found = [
        item["properties"]["gueltig_von"]
        for part in pages(api, f"{ITEMS}?limit=3&sortby=-gueltig_von")
        for item in part["features"]
    ]
    dates = [value for value in found if value]
    assert dates == sorted(dates, reverse=True)
    assert found == dates + [None] * (BEBAUUNGSPLAENE - len(dates)), "what has no date comes last"


def test_what_is_published_meanwhile_hides_nothing(api: FlaskClient, stock: Settings) -> None:
    first = read(api, f"{ITEMS}?limit=4&sortby=nummer")
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("UPDATE plans.version SET state = 'superseded' WHERE nummer = '0'"))
    rest = [item["properties"]["nummer"] for part in pages(api, following(first) or "") for item in part["features"]]
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE plans.version SET state = 'published', published_until = NULL WHERE nummer = '0'")
        )
    engine.dispose()
    assert rest == sorted(map(str, range(BEBAUUNGSPLAENE)))[4:]


def test_offset_is_still_there_and_leads_on_by_rows(api: FlaskClient) -> None:
    whole = read(api, f"{ITEMS}?limit=1000")["features"]
    page = read(api, f"{ITEMS}?limit=4&offset=4")
    assert page["features"] == whole[4:8]
    assert read(api, following(page) or "")["features"] == whole[8:12]
    assert read(api, f"{ITEMS}?limit=4&offset=100")["features"] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("cursor=", "cursor=A"),
        lambda link: link.replace("sortby=nummer", "sortby=name"),
        lambda link: link.replace("rechtsstand%3E1000", "rechtsstand%3E1001"),
        lambda link: link.replace("bebauungsplaene", "flaechennutzungsplaene"),
        lambda link: link + "&offset=3",
        lambda link: link.split("cursor=")[0] + "cursor=",
        lambda link: link.split("cursor=")[0] + "cursor=%C3%A4",
    ],
)
def test_a_next_link_that_somebody_has_changed_is_refused(api: FlaskClient, change: Any) -> None:
    link = following(read(api, f"{ITEMS}?limit=3&sortby=nummer&filter=rechtsstand>1000")) or ""
    assert api.get(link).status_code == 200
    refused = api.get(change(link))
    assert refused.status_code == 400
    assert json.loads(refused.data)["description"].startswith("cursor: ")


def test_a_next_link_allows_another_format_language_and_size(api: FlaskClient) -> None:
    link = following(read(api, f"{ITEMS}?limit=3")) or ""
    assert len(read(api, link.replace("limit=3", "limit=5"))["features"]) == 5
    assert api.get(link.replace("f=json", "f=html")).status_code == 200


def test_a_page_of_long_geometries_is_shorter_than_asked(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_BYTES", 400)
    parts = pages(api, f"{ITEMS}?limit=1000")
    assert len(parts) > 3
    assert sum(part["numberReturned"] for part in parts) == BEBAUUNGSPLAENE
    assert {part["numberMatched"] for part in parts} == {BEBAUUNGSPLAENE}
    monkeypatch.setattr(statements, "MOST_BYTES", 1)
    assert read(api, f"{ITEMS}?limit=3")["numberReturned"] == 1, "one feature is sent, however long"


def test_points_without_any_stored_text_are_paged_alike(api: FlaskClient) -> None:
    parts = pages(api, "/collections/schulen/items?limit=7&sortby=-schueler")
    assert [item["properties"]["schueler"] for part in parts for item in part["features"]] == [
        10 * number for number in reversed(range(SCHULEN))
    ]


@pytest.mark.parametrize("collection", ["bebauungsplaene", "flaechennutzungsplaene"])
def test_what_stands_ready_as_text_is_what_would_be_written(
    api: FlaskClient, monkeypatch: pytest.MonkeyPatch, stock: Settings, collection: str
) -> None:
    items = f"/collections/{collection}/items?limit=1000"
    service = Service(stock, LAYERS, ())
    assert service.ready(service.current().collection(collection).table) == Ready(geometry=True, properties=True)
    stored = api.get(items).get_data(as_text=True).partition('"features"')[2]
    other = create_ogc(stock, LAYERS).test_client()
    monkeypatch.setattr("geoportal.ogc.service.Service.ready", lambda *_: NOT_READY)
    assert other.get(items).get_data(as_text=True).partition('"features"')[2] == stored


def test_a_manifest_that_names_other_fields_is_not_answered_with_the_ready_text(stock: Settings) -> None:
    service = Service(stock, LAYERS, ())
    table = service.current().collection("bebauungsplaene").table
    fewer = replace(table, fields={name: kind for name, kind in table.fields.items() if name != "beschreibung"})
    assert service.ready(fewer) == Ready(geometry=True, properties=False)


def test_hits_are_counted_to_the_end(api: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_COUNTED", 3)
    monkeypatch.setattr("geoportal.ogc.table.MOST_COUNTED", 3)
    assert "sehr vielen" in api.get(f"{ITEMS}?filter=rechtsstand>1000&f=html").get_data(as_text=True)
    assert "numberMatched" not in read(api, f"{ITEMS}?filter=rechtsstand>1000")
    assert read(api, f"{ITEMS}?filter=rechtsstand>1000&resultType=hits")["numberMatched"] == BEBAUUNGSPLAENE


# --- what was public on a day


@pytest.fixture(scope="module")
def history(stock: Settings) -> Settings:
    """ "Plan 3" was public as "Alt" from 2 January 2020, and is so as "Plan 3" since 1 May 2021, 23:30 in Hessen."""
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("UPDATE plans.version SET published_at = '2019-01-01' WHERE nummer <> '3'"))
        connection.execute(
            text(
                "UPDATE plans.version SET published_at = '2021-05-01 23:30 Europe/Berlin', version = 2"
                " WHERE nummer = '3'"
            )
        )
        columns = [
            row[0]
            for row in connection.execute(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'plans'"
                    " AND table_name = 'version' AND column_name <> 'id'"
                )
            )
        ]
        changed = {
            "name": "'Alt'",
            "version": "1",
            "state": "'superseded'",
            "published_at": "'2020-01-02'::timestamptz",
            "published_until": "published_at",
        }
        connection.execute(
            text(
                f"INSERT INTO plans.version ({', '.join(columns)})"
                f" SELECT {', '.join(changed.get(name, name) for name in columns)}"
                " FROM plans.version WHERE nummer = '3'"
            )
        )
    engine.dispose()
    return stock


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2020-01-01", None),
        ("2020-01-02", "Alt"),
        ("2021-04-30", "Alt"),
        ("2021-05-01", "Plan 3"),
        ("2022-01-01", "Plan 3"),
    ],
)
def test_what_was_public_at_the_end_of_a_day(history: Settings, day: str, name: str | None) -> None:
    api = create_ogc(history, LAYERS).test_client()
    parts = pages(api, f"{ITEMS}?limit=5&stand={day}")
    found = {item["properties"]["nummer"]: item for part in parts for item in part["features"]}
    assert len(found) == BEBAUUNGSPLAENE - (name is None)
    assert sum(part["numberReturned"] for part in parts) == len(found), "each plan once"
    assert read(api, f"{ITEMS}?resultType=hits&stand={day}")["numberMatched"] == len(found)
    if name is not None:
        assert found["3"]["properties"]["name"] == name
        address = f"{ITEMS}/{found['3']['id']}?stand={day}"
        assert read(api, address)["properties"]["name"] == name
        assert read(api, f"{ITEMS}?stand={day}&filter=name='{name}'")["numberMatched"] == 1


def test_a_plan_that_was_not_yet_public_is_not_found_on_that_day(history: Settings) -> None:
    api = create_ogc(history, LAYERS).test_client()
    [plan] = read(api, f"{ITEMS}?nummer=3")["features"]
    assert api.get(f"{ITEMS}/{plan['id']}?stand=2019-12-31").status_code == 404


@pytest.mark.parametrize("day", ["2999-01-01", "gestern", "2020-13-01", ""])
def test_a_day_that_nobody_knows_is_refused(api: FlaskClient, day: str) -> None:
    assert api.get(f"{ITEMS}?stand={day}").status_code == 400


def test_collections_without_a_history_do_not_know_the_parameter(api: FlaskClient) -> None:
    assert api.get("/collections/schulen/items?stand=2020-01-01").status_code == 400
    paths = read(api, "/openapi?f=json")["paths"]
    for name, known in (("bebauungsplaene", True), ("flaechennutzungsplaene", True), ("schulen", False)):
        for path in (f"/collections/{name}/items", f"/collections/{name}/items/{{featureId}}"):
            references = [each.get("$ref", "") for each in paths[path]["get"]["parameters"]]
            assert ("#/components/parameters/stand" in references) == known


def test_a_layer_that_went_meanwhile_has_no_extent(stock: Settings) -> None:
    service = Service(stock, LAYERS, ())
    assert service.extent("geltungsbereiche") is not None
    assert service.extent("gegangen") is None
