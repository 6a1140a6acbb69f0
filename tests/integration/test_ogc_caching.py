"""Validators, 304 and remembered answers of the OGC API; what is answered while the database is away."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import QueuePool, text

from geoportal import data_versions
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.ogc import caching, service
from geoportal.ogc.app import create_ogc
from geoportal.ogc.caching import CACHE_CONTROL, EVERYTHING
from geoportal.ogc.features import engine_for
from geoportal.ogc.memory import Kept, Memory
from geoportal.settings import Settings
from tests.ogc import LAYERS, publish_stock

ITEMS = "/collections/bebauungsplaene/items?limit=3"
ANSWERS = (
    "/",
    "/openapi",
    "/conformance",
    "/collections",
    "/collections/schulen",
    "/collections/schulen/queryables",
    "/collections/schulen/schema",
    ITEMS,
    "/collections/schulen/items/9007",
)


@pytest.fixture(scope="module")
def stock(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    engine = owner_engine(module_database.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("UPDATE plans.data_version SET changed_at = changed_at - interval '1 hour'"))
    engine.dispose()
    return module_database


@pytest.fixture
def api(stock: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0)
    return create_ogc(stock, LAYERS).test_client()


def etag(api: FlaskClient, address: str, **headers: str) -> str:
    response = api.get(address, headers=headers)
    assert response.status_code == 200
    return response.headers["ETag"]


@pytest.mark.parametrize("address", ANSWERS)
def test_what_is_held_is_not_sent_again(api: FlaskClient, address: str) -> None:
    first = api.get(address)
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["Cache-Control"] == CACHE_CONTROL
    assert {"Accept", "Accept-Language"} <= set(first.vary)
    again = api.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Access-Control-Allow-Origin"] == "*"
    assert api.get(address, headers={"If-None-Match": 'W/"another"'}).data


def test_the_keys_of_an_answer_name_what_makes_it_old_and_nothing_else(stock: Settings, api: FlaskClient) -> None:
    def standing() -> dict[str, tuple[str, set[str]]]:
        answers = {address: api.get(address).headers for address in ANSWERS}
        for headers in answers.values():
            assert headers["Cache-Tag"].split(",") == headers["Surrogate-Key"].split()
        return {address: (told["ETag"], set(told["Surrogate-Key"].split())) for address, told in answers.items()}

    before = standing()
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("SELECT plans.touch_data('schulen')"))
    engine.dispose()
    after = standing()
    changed = {address for address, (etag, _) in before.items() if etag != after[address][0]}
    assert changed == {address for address, (_, keys) in before.items() if keys & {"schulen", EVERYTHING}}
    assert ITEMS not in changed
    assert "/collections/schulen/items/9007" in changed


def test_a_304_asks_the_database_nothing(stock: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # however long it takes from the first request to the second
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 3600)
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 3600)
    app = create_ogc(stock, LAYERS)
    api = app.test_client()
    held = etag(api, ITEMS)
    engine = engine_for(stock.require_read_url())
    assert isinstance(engine.pool, QueuePool)
    before = engine.pool.checkedin() + engine.pool.checkedout()
    engine.dispose()  # whoever asks now opens a connection
    assert before
    assert api.get(ITEMS, headers={"If-None-Match": held}).status_code == 304
    assert engine.pool.checkedin() == 0


def test_each_representation_has_an_etag_of_its_own(api: FlaskClient) -> None:
    tags = {
        etag(api, ITEMS),
        etag(api, ITEMS, Accept="text/html"),
        etag(api, ITEMS, **{"Accept-Language": "en"}),
        etag(api, ITEMS + "&f=html"),
        etag(api, ITEMS + "&lang=en"),
        etag(api, ITEMS + "&crs=http://www.opengis.net/def/crs/EPSG/0/25832"),
        etag(api, "/collections/flaechennutzungsplaene/items?limit=3"),
    }
    assert len(tags) == 7
    html = api.get(ITEMS, headers={"Accept": "text/html"})
    assert html.content_type.startswith("text/html")
    assert api.get(ITEMS).content_type == "application/geo+json"


def test_the_date_is_a_validator_too_where_there_is_no_etag(stock: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    api = create_ogc(stock, LAYERS).test_client()
    monkeypatch.setattr(caching, "_SETTLED", timedelta(days=1))
    assert "Last-Modified" not in api.get(ITEMS).headers, "another change in the same second might follow"
    monkeypatch.setattr(caching, "_SETTLED", timedelta(0))
    modified = api.get(ITEMS).headers["Last-Modified"]
    assert api.get(ITEMS, headers={"If-Modified-Since": modified}).status_code == 304
    assert api.get(ITEMS, headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status_code == 200
    both = {"If-Modified-Since": modified, "If-None-Match": '"another"'}
    assert api.get(ITEMS, headers=both).status_code == 200


def test_a_change_is_seen_in_its_collection_and_only_there(api: FlaskClient, stock: Settings) -> None:
    plans, schools = etag(api, ITEMS), etag(api, "/collections/schulen/items")
    engine = owner_engine(stock.require_database_url())
    with engine.begin() as connection:
        connection.execute(text("UPDATE plans.version SET nummer = '1a' WHERE nummer = '1'"))
    engine.dispose()
    changed = api.get("/collections/bebauungsplaene/items?nummer=1a")
    assert b'"numberMatched": 1' in changed.data
    assert api.get(ITEMS, headers={"If-None-Match": plans}).status_code == 200
    assert api.get("/collections/schulen/items", headers={"If-None-Match": schools}).status_code == 304


def test_a_changed_manifest_changes_every_etag(
    stock: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0)
    layers = tmp_path / "layers"
    for source in LAYERS.glob("*/layer.yml"):
        folder = layers / source.parent.name
        folder.mkdir(parents=True)
        (folder / "layer.yml").write_bytes(source.read_bytes())
    api = create_ogc(stock, layers).test_client()
    before = etag(api, "/collections/schulen/items")
    manifest = layers / "gemeinden" / "layer.yml"
    changed = re.sub(r"(?m)^title: \{de: [^,}]+", "title: {de: Kommunen", manifest.read_text("utf-8"), count=1)
    assert "Kommunen" in changed
    manifest.write_text(changed, "utf-8")
    assert etag(api, "/collections/schulen/items") != before


@pytest.mark.parametrize("address", ["/collections/nothing", ITEMS + "&limit=x", "/collections/schulen/items/none"])
def test_a_refusal_is_not_kept(api: FlaskClient, address: str) -> None:
    refused = api.get(address, headers={"If-None-Match": "*"})
    assert refused.status_code in (400, 404)
    assert refused.headers["Cache-Control"] == "no-store"
    assert "ETag" not in refused.headers


# --- the memory


def kept(size: int) -> Kept:
    return Kept(b"x" * size, ())


def test_the_memory_is_bounded_and_forgets_what_was_asked_for_least_lately() -> None:
    memory = Memory(room=400)
    for key in ("a", "b", "c"):
        memory.put(key, kept(50))
    assert memory.get("a") is None, "a quarter of the room is for the new ones"
    assert memory.get("c") == kept(50)


def test_reading_everything_once_does_not_drive_out_what_is_asked_for_again() -> None:
    memory = Memory(room=400)
    memory.put("popular", kept(50))
    assert memory.get("popular")
    for number in range(100):
        memory.put(str(number), kept(50))
    assert memory.get("popular")


def test_an_answer_that_is_too_large_is_not_kept() -> None:
    memory = Memory()
    memory.put("large", kept(3 * 2**20))
    assert memory.get("large") is None


# --- while the database is away


@pytest.fixture
def other_cluster(open_folder: Path) -> Iterator[Cluster]:
    with Cluster(open_folder / "going-away", durable=False) as cluster:
        yield cluster


def test_while_the_database_is_away_remembered_answers_stay_and_the_rest_is_503(
    other_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_versions, "ASK_AGAIN_SECONDS", 0)
    settings = replace(other_cluster.settings(Settings.from_env({})), data=tmp_path)
    engine = owner_engine(other_cluster.url)
    migrate(engine)
    engine.dispose()
    publish_stock(settings, tmp_path)
    api = create_ogc(settings, LAYERS).test_client()
    unknown = "/collections/bebauungsplaene/items?limit=4"
    first = api.get(ITEMS)
    description = api.get("/collections/bebauungsplaene")
    other_cluster.stop()
    again = api.get(ITEMS)
    assert (again.status_code, again.data, again.headers["ETag"]) == (200, first.data, first.headers["ETag"])
    assert again.content_type == first.content_type
    assert again.headers["Content-Crs"] == first.headers["Content-Crs"]
    assert api.get("/collections/bebauungsplaene").data == description.data
    assert api.get(unknown, headers={"If-None-Match": first.headers["ETag"]}).status_code == 503
    refused = api.get(unknown)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Cache-Control"] == "no-store"
    assert api.get("/collections/bebauungsplaene/items/0").status_code == 404, "no uuid, whatever the database says"
    other_cluster.start()
    assert api.get(unknown).status_code == 200, "the first request after its return"
