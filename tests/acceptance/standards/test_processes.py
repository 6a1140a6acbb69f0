"""OGC API - Processes 1 (18-062r2), Annex A: what holds for processes that answer at once.

References to inputs (`href`) lead to what is in them or here, and nowhere else: whoever could have the server fetch
addresses would look behind its walls.
"""

import base64
import json
from email import message_from_bytes
from email.policy import HTTP
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.acceptance.standards.annex import proves
from tests.acceptance.standards.client import CRS84, JSON, REL, Answer, Client
from tests.ogc import SQUARE_METRES

PROCESSES: Final = "ogcapi-processes-1/1.0/conf"
CORE: Final = f"{PROCESSES}/core"
DESCRIPTION: Final = f"{PROCESSES}/ogc-process-description"
EXCEPTIONS: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
HERE: Final = {"lon": 8.7168, "lat": 50.8218}  # in the first plan
assert SQUARE_METRES == 100
FILE: Final = bytes(range(256))
BOX: Final = {"bbox": [8.7, 50.8, 8.8, 50.9], "crs": CRS84}
# an input of each kind, as it is sent, and as it returns
GIVEN: Final = {
    "text": "Grüße",
    "zahlen": [1, 2, 3],
    "wert": {"value": {"a": 1}},
    "datei": {"value": base64.b64encode(FILE).decode(), "mediaType": "application/octet-stream"},
    "rahmen": BOX,
}
RETURNED: Final = GIVEN | {"wert": {"a": 1}, "datei": base64.b64encode(FILE).decode()}


def execute(api: Client, body: object, name: str = "was-gilt-hier", **headers: str) -> Answer:
    place = f"{api.root}/processes/{name}/execution"
    return api.ask("POST", place, json.dumps(body).encode(), Content_Type=JSON, **headers)


def echo(api: Client, **more: object) -> Answer:
    return execute(api, {"inputs": GIVEN, **more}, "echo")


def parts(answer: Answer) -> dict[str, tuple[str, bytes]]:
    """Media type and content of each part of a multipart answer, by the output that it is."""
    assert (answer.status, answer.kind) == (200, "multipart/related"), answer.body
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    found = message_from_bytes(head + answer.body, policy=HTTP)
    told = {}
    for part in found.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        told[str(part["content-id"]).strip("<>")] = (part.get_content_type(), content)
    return told


def answered(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    assert answer.kind == JSON
    return answer.json


@proves(CORE, "process-list", "process-list-success", "pl-links")
@proves(f"{PROCESSES}/json", "definition", "content")
def test_the_processes_are_listed(api: Client) -> None:
    [place] = api.ok("/").links(f"{REL}processes")
    listed = api.ok(place)
    assert listed.kind == JSON
    assert listed.links("self")
    for each in listed.json["processes"]:
        assert {"id", "version", "links"} <= each.keys()
        assert set(each["jobControlOptions"]) <= {"sync-execute", "async-execute", "dismiss"}
        assert set(each["outputTransmission"]) <= {"value", "reference"}
        assert {"self", f"{REL}execute"} <= {link["rel"] for link in each["links"]}


@proves(CORE, "pl-limit-definition", "pl-limit-response")
def test_the_list_of_processes_has_a_limit(api: Client) -> None:
    limit = api.parameters("/processes")["limit"]
    assert (limit["in"], limit["required"], limit["style"], limit["explode"]) == ("query", False, "form", False)
    assert limit["schema"]["type"] == "integer"
    everything = api.ok("/processes").json["processes"]
    assert len(everything) > 1
    assert api.ok("/processes", limit=1).json["processes"] == everything[:1]
    assert api.get("/processes", limit=0).status == 400


@proves(CORE, "process", "process-success")
@proves(DESCRIPTION, "json-encoding", "inputs-def", "input-def", "input-mixed-type", "outputs-def", "output-def",
        "output-mixed-type")  # fmt: skip
def test_a_process_describes_its_inputs_and_outputs(api: Client) -> None:
    for summary in api.ok("/processes").json["processes"]:
        described = api.ok(f"/processes/{summary['id']}").json
        assert {name: described[name] for name in summary} == summary
        assert described["inputs"]
        assert described["outputs"]
        for each in (*described["inputs"].values(), *described["outputs"].values()):
            assert each["title"]
            Draft202012Validator.check_schema(each["schema"])
            assert {"type", "oneOf", "allOf"} & each["schema"].keys()
        assert all(each.get("minOccurs", 1) >= 0 for each in described["inputs"].values())
    mixed = api.ok("/processes/echo").json
    for slots in (mixed["inputs"], mixed["outputs"]):
        assert [each["type"] for each in slots["wert"]["schema"]["oneOf"]] == ["string", "object"]


@proves(CORE, "process-exception-no-such-process", "job-creation-op")
def test_there_is_no_other_process(api: Client) -> None:
    for answer in (api.get("/processes/gibtesnicht"), execute(api, {"inputs": HERE}, "gibtesnicht")):
        assert answer.status == 404
        assert answer.json["type"] == f"{EXCEPTIONS}no-such-process"


@proves(CORE, "job-creation-request", "job-creation-inputs", "job-creation-input-array",
        "job-creation-sync-raw-value-one")  # fmt: skip
def test_the_one_output_is_the_answer(api: Client) -> None:
    plain = answered(execute(api, {"inputs": HERE}))
    assert plain["bebauungsplaene"]
    qualified = {"lon": {"value": HERE["lon"]}, "lat": {"value": HERE["lat"]}}
    assert answered(execute(api, {"inputs": qualified})) == plain
    assert answered(execute(api, {"inputs": HERE, "response": "raw"})) == plain
    near = answered(execute(api, {"inputs": HERE | {"sammlungen": ["schulen"]}}))
    assert {each["sammlung"] for each in near["in_der_naehe"]} == {"schulen"}
    for name, kind in (("text", "text/plain"), ("zahlen", JSON), ("wert", JSON), ("rahmen", JSON)):
        alone = echo(api, outputs={name: {"transmissionMode": "value", "format": {"mediaType": kind}}})
        assert (alone.status, alone.kind) == (200, kind)
        assert (alone.body.decode() if kind == "text/plain" else alone.json) == RETURNED[name]
    file = echo(api, outputs={"datei": {}})
    assert (file.kind, file.body) == ("application/octet-stream", FILE)


@proves(CORE, "job-creation-input-inline", "job-creation-input-inline-object", "job-creation-input-inline-mixed",
        "job-creation-input-inline-binary", "job-creation-input-inline-bbox")  # fmt: skip
def test_each_kind_of_input_is_understood_and_held_against_its_schema(api: Client) -> None:
    assert answered(echo(api, response="document")) == RETURNED
    for inputs in ({"wert": "teststring"}, {"wert": {"value": "teststring"}}):
        assert answered(execute(api, {"inputs": inputs, "response": "document"}, "echo")) == {"wert": "teststring"}
    wrong: dict[str, tuple[object, ...]] = {
        "text": (1, None, ["a"], {"value": 1}, {"type": "falsch/e"}, "\0"),
        "zahlen": ("1", [1.5], [True], ["1"]),
        # an object that is no bounding box stands in `value` (7.11.2.2)
        "wert": (1, [], {"a": 1}, {"value": 2}),
        "datei": ("%", {"value": "a"}, {"type": "falsch/e"}, 1, "ä"),
        "rahmen": ({"bbox": [1, 2, 3]}, {"bbox": ["1", 2, 3, 4]}, {"bbox": 1}, {"bbox": [1, 2, 3, 4], "crs": 1}, "1"),
    }
    for name, values in wrong.items():
        for value in values:
            refused = execute(api, {"inputs": {name: value}}, "echo")
            assert refused.status == 400, (name, value)
            assert refused.json["description"].startswith(f"{name}: ")


@proves(CORE, "job-creation-sync-raw-value-multi")
def test_several_outputs_are_parts_each_of_its_media_type(api: Client) -> None:
    found = parts(echo(api, response="raw"))
    assert parts(echo(api)) == found
    assert found["text"] == ("text/plain", b"Gr\xc3\xbc\xc3\x9fe")
    assert found["datei"] == ("application/octet-stream", FILE)
    for name in ("zahlen", "wert", "rahmen"):
        kind, content = found[name]
        assert (kind, json.loads(content)) == (JSON, RETURNED[name])
    assert found.keys() == GIVEN.keys()
    assert parts(echo(api, outputs={"text": {}, "zahlen": {}})).keys() == {"text", "zahlen"}
    # what was not given has nothing to return
    assert parts(execute(api, {"inputs": {"text": "a"}}, "echo")).keys() == {"text"}
    assert execute(api, {"inputs": {"text": "a"}, "outputs": {"zahlen": {}}}, "echo").status == 400
    assert execute(api, {"inputs": {}}, "echo").status == 400


@proves(CORE, "job-results-sync")
def test_who_was_answered_at_once_is_sent_to_no_job(api: Client) -> None:
    for answer in (execute(api, {"inputs": HERE}), echo(api), echo(api, response="document")):
        assert answer.status == 200
        assert not {"link", "location"} & answer.headers.keys()


@proves(CORE, "job-creation-sync-document", "job-creation-default-outputs")
def test_a_document_holds_all_outputs_by_their_names(api: Client) -> None:
    plain = answered(execute(api, {"inputs": HERE}))
    outputs = api.ok("/processes/was-gilt-hier").json["outputs"]
    document = answered(execute(api, {"inputs": HERE, "response": "document"}))
    assert document.keys() == outputs.keys()
    assert document["auskunft"] == plain
    chosen = {"inputs": HERE, "outputs": {"auskunft": {"transmissionMode": "value"}}, "response": "document"}
    assert answered(execute(api, chosen)) == document
    assert execute(api, {"inputs": HERE, "outputs": {"anderes": {}}}).status == 400
    for other in ({"transmissionMode": "reference"}, {"format": {"mediaType": "text/html"}}):  # neither is described
        assert execute(api, {"inputs": HERE, "outputs": {"auskunft": other}}).status == 400


@proves(CORE, "job-creation-default-execution-mode", "job-creation-auto-execution-mode")
def test_a_process_that_can_only_answer_at_once_does(api: Client) -> None:
    plain = answered(execute(api, {"inputs": HERE}))
    for prefer in ("respond-async", "wait=10", "respond-sync"):
        assert answered(execute(api, {"inputs": HERE}, Prefer=prefer)) == plain
    for each in api.ok("/processes").json["processes"]:
        assert (each["jobControlOptions"], each["outputTransmission"]) == (["sync-execute"], ["value"])


@proves(CORE, "job-creation-input-validation")
def test_inputs_that_are_not_as_described_are_refused(api: Client) -> None:
    wrong: tuple[Any, ...] = (
        {"lon": "8", "lat": 50}, {"lon": 8}, HERE | {"anderes": 1}, HERE | {"sammlungen": "schulen"}, [], None,
        {"lon": {"href": "http://127.0.0.1/"}, "lat": 50},
    )  # fmt: skip
    for inputs in wrong:
        answer = execute(api, {"inputs": inputs})
        assert answer.status == 400, inputs
        assert answer.json["description"]
        # exception.yaml of this standard
        assert answer.json["type"]
        assert answer.json["status"] == 400


@proves(CORE, "job-creation-input-ref")
def test_inputs_may_be_referred_to(api: Client) -> None:
    plain = answered(execute(api, {"inputs": HERE}))
    lat = base64.b64encode(str(HERE["lat"]).encode()).decode()
    links = {
        "lon": {"href": f"data:application/json,{HERE['lon']}", "type": JSON},
        "lat": {"href": f"data:application/json;base64,{lat}"},
    }
    assert answered(execute(api, {"inputs": links})) == plain
    point = {"type": "Point", "coordinates": [HERE["lon"], HERE["lat"]]}
    assert answered(execute(api, {"inputs": {"ort": {"value": point}}})) == plain
    [school] = api.ok("/collections/schulen/items", limit=1).json["features"]
    lon, lat = school["geometry"]["coordinates"]
    there = answered(execute(api, {"inputs": {"lon": lon, "lat": lat}}))
    link = {"href": f"{api.root}/collections/schulen/items/{school['id']}", "type": "application/geo+json"}
    assert answered(execute(api, {"inputs": {"ort": link}})) == there


@proves(CORE, "job-op", "job-exception-no-such-job", "job-results-no-such-job")
def test_there_is_no_job(api: Client) -> None:
    for path in ("/jobs/gibtesnicht", "/jobs/gibtesnicht/results"):
        answer = api.get(path)
        assert answer.status == 404
        assert answer.json["type"] == f"{EXCEPTIONS}no-such-job"


@proves(f"{PROCESSES}/oas30", "completeness", "oas-impl")
def test_the_definition_names_the_operations_of_processes(api: Client) -> None:
    paths = api.openapi["paths"]
    assert "get" in paths["/processes"]
    assert "get" in paths["/processes/{processID}"]
    assert "post" in paths["/processes/{processID}/execution"]
    assert {"/jobs/{jobID}", "/jobs/{jobID}/results"} <= paths.keys()
