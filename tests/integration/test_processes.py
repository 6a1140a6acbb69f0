"""OGC API - Processes: what it declares, and the process `was-gilt-hier`."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.files import feature, plan, polygon, prop, write, xplangml

SPEC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
# the middle of the square that tests.files draws
HERE = {"lon": 8.71677, "lat": 50.82183}
EXECUTION = "/processes/was-gilt-hier/execution"


@pytest.fixture(scope="module")
def client(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    engine = owner_engine(module_furnished.require_database_url())
    document = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000")),
        feature("BP_BaugebietsTeilFlaeche", "b1", prop("position", polygon()) + prop("GRZ", "0.4")),
    )
    file = write(tmp_path_factory.mktemp("delivered") / "plan.gml", document)
    operations.deliver(engine, Archive(module_furnished.archive), file)
    engine.dispose()
    return create_ogc(module_furnished, Path(module_furnished.home / "layers")).test_client()


def base_of(client: FlaskClient) -> str:
    landing = client.get("/?f=json").json
    assert landing is not None
    [href] = [each["href"] for each in landing["links"] if each["rel"].endswith("/processes")]
    base: str = href.removesuffix("/processes?f=json")
    return base


def run(client: FlaskClient, inputs: dict[str, Any], query: str = "", **more: Any) -> Any:
    answer = client.post(EXECUTION + query, json={"inputs": inputs, **more})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_service_names_its_process_and_declares_what_it_does(client: FlaskClient) -> None:
    conformance = client.get("/conformance?f=json").json
    assert conformance is not None
    assert {f"{SPEC}core", f"{SPEC}ogc-process-description", f"{SPEC}json"} <= set(conformance["conformsTo"])
    landing = client.get("/?f=json").json
    assert landing is not None
    [href] = [each["href"] for each in landing["links"] if each["rel"].endswith("/processes")]
    assert href.endswith("/processes?f=json")
    listed = client.get("/processes").json
    assert listed is not None
    assert [each["id"] for each in listed["processes"]] == ["was-gilt-hier", "echo"]
    described = client.get("/processes/was-gilt-hier").json
    assert described is not None
    assert set(described["inputs"]) == {"lon", "lat", "ort", "adresse", "flurstueck", "sammlungen"}
    assert "auskunft" in described["outputs"]
    api = client.get("/openapi?f=json").json
    assert api is not None
    assert "post" in api["paths"]["/processes/{processID}/execution"]


def test_the_answer_is_that_of_the_page(client: FlaskClient) -> None:
    found = run(client, HERE | {"sammlungen": ["schulen"]}, response="document")["auskunft"]
    [here] = found["bebauungsplaene"]
    assert here["name"] == "Am Hang"
    [rule] = here["festsetzungen"]
    assert rule["erklaerungen"][0]["text"].startswith("40 % des Grundstücks")
    assert found["gemeinde"] == {"ags": "06534008", "name": "Ebsdorfergrund", "schematisch": False}
    assert {each["sammlung"] for each in found["in_der_naehe"]} == {"schulen"}


def test_the_answer_is_there_in_english_and_raw(client: FlaskClient) -> None:
    found = run(client, HERE, "?lang=en", response="raw")
    assert found["bebauungsplaene"][0]["festsetzungen"][0]["erklaerungen"][0]["text"].startswith("40 % of the plot")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"inputs": []},
        {"inputs": {}},
        {"inputs": {"lon": "8", "lat": 50}},
        {"inputs": {"lon": True, "lat": 50}},
        {"inputs": {"lon": 1e308, "lat": 50}},
        {"inputs": {"lon": 8.7}},
        {"inputs": {"adresse": "gibtesnicht"}},
        {"inputs": {"adresse": "\0"}},
        {"inputs": HERE | {"sammlungen": ["schulen"] * 11}},
        {"inputs": HERE | {"anderes": 1}},
        {"inputs": HERE, "response": "zip"},
        {"inputs": HERE, "response": ["raw"]},
        {"inputs": HERE, "outputs": {"anderes": {}}},
        {"inputs": HERE, "outputs": ["auskunft"]},
        {"inputs": {"lon": {"href": "http://127.0.0.1/"}, "lat": 50}},
        {"inputs": {"lon": {"href": "file:///etc/passwd"}, "lat": 50}},
        {"inputs": {"lon": {"href": ["data:,8"]}, "lat": 50}},
        {"inputs": {"lon": {"href": "data:text/plain,8"}, "lat": 50}},
        {"inputs": {"lon": {"href": "data:application/json,{"}, "lat": 50}},
        {"inputs": {"lon": {"href": "data:application/json," + "[" * 100_000}, "lat": 50}},
        {"inputs": {"lon": {"href": "data:application/json;base64,%"}, "lat": 50}},
        {"inputs": {"ort": {"href": "data:application/json,%ff"}}},
        {"inputs": {"ort": {"href": "{base}/collections/schulen/items/gibtesnicht"}}},
        {"inputs": {"ort": {"href": "{base}/collections/gibtesnicht/items/1"}}},
        {"inputs": {"ort": {"href": "{base}/collections/schulen/items/../../../werkbank"}}},
        {"inputs": {"ort": {"href": "{base}/processes"}}},
        {"inputs": {"ort": {"value": {"type": "Point", "coordinates": ["8", "50"]}}}},
        {"inputs": {"ort": {"value": {"type": "Feature", "geometry": None}}}},
        {"inputs": {"ort": {"value": {"type": "Polygon", "coordinates": []}}}},
        {"inputs": {"ort": {"type": "Point", "coordinates": [8.7, 50.8]}}},
        {"inputs": HERE, "outputs": {"auskunft": {"transmissionMode": "reference"}}},
    ],
)
def test_inputs_that_are_not_sound_are_refused(client: FlaskClient, body: object) -> None:
    sent = json.dumps(body).replace("{base}", json.dumps(base_of(client))[1:-1])
    answer = client.post(EXECUTION, data=sent, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["description"]


def test_another_process_and_another_collection_are_not_there(client: FlaskClient) -> None:
    for answer in (client.get("/processes/x"), client.post("/processes/x/execution", json={"inputs": {}})):
        assert answer.status_code == 404
        assert answer.json is not None
        assert answer.json["type"].endswith("/no-such-process")
    assert client.post(EXECUTION, json={"inputs": HERE | {"sammlungen": ["gibtesnicht"]}}).status_code == 404
