"""What programs do by the desk's API: changes that happen once, what is refused, what is documented."""

import io
import json
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from geoportal.web.api import description
from tests.desk import OTHER, OWN, office
from tests.files import pdf, plan, xplangml
from tests.integration.test_mapping import table
from tests.programs import DOCUMENT, PERIOD, Api


def test_a_program_delivers_publishes_withdraws_and_restores(api: Api, database: Settings) -> None:
    with office(database) as opened:
        alone = Api(opened)
        operations.prepare(opened.owner)
        program = alone.program(Role.KREIS)
        answer = program.deliver(Idempotency_Key="eins")
        assert answer.status_code == 202
        number = answer.json["id"]  # type: ignore[index]
        assert answer.location.endswith(f"/api/v1/lieferungen/{number}")
        alone.process(number)
        found = program.ask("GET", f"/lieferungen/{number}").json
        assert found is not None
        assert (found["stand"], found["plaene"][0]["veroeffentlichbar"]) == ("checked", True)
        assert program.ask("POST", f"/lieferungen/{number}/veroeffentlichen", {"stempel": "x"}).status_code == 409
        assert program.ask("POST", f"/lieferungen/{number}/zur-freigabe").status_code == 200
        wrong = program.ask("POST", f"/lieferungen/{number}/veroeffentlichen", {"stempel": "0" * 64})
        assert (wrong.status_code, wrong.mimetype) == (409, "application/problem+json")
        stamped = {"stempel": found["stempel"]}
        assert program.ask("POST", f"/lieferungen/{number}/veroeffentlichen", stamped).status_code == 200
        address = f"/plaene/{found['plaene'][0]['plan']}"
        public = opened.app.test_client()
        assert public.get(f"/plan/{found['plaene'][0]['plan']}").status_code == 200
        assert program.ask("POST", f"{address}/zurueckziehen", {"grund": ""}).status_code == 422
        assert program.ask("POST", f"{address}/zurueckziehen", {"grund": "Irrtum"}).status_code == 200
        assert public.get(f"/plan/{found['plaene'][0]['plan']}").status_code == 404
        back = {"grund": "doch", "fassung": 1}
        assert program.ask("POST", f"{address}/wiederherstellen", back).status_code == 200
        versions = program.ask("GET", address).json
        assert versions is not None
        assert [each["stand"] for each in versions["fassungen"]] == ["published", "withdrawn"]
        assert public.get(f"/plan/{found['plaene'][0]['plan']}").status_code == 200


def test_a_program_fills_in_fields_and_adds_documents(api: Api, database: Settings) -> None:
    with office(database) as opened:
        alone = Api(opened)
        operations.prepare(opened.owner)
        program = alone.program(Role.KREIS)
        number = program.deliver().json["id"]  # type: ignore[index]
        alone.process(number)
        delivery = program.ask("GET", f"/lieferungen/{number}").json
        assert delivery is not None
        path = f"/fassungen/{delivery['plaene'][0]['id']}"
        draft = program.ask("GET", path).json
        assert draft is not None
        jsonschema.validate(draft, description.document("")["components"]["schemas"]["Entwurf"])
        values = {"stempel": draft["stempel"], "werte": {"rechtsstand": 4000, "beschreibung": "Am Südhang"}}
        filled = program.ask("POST", f"{path}/angaben", values, Idempotency_Key="a")
        assert filled.json["in_der_datei"] == {"rechtsstand": None, "beschreibung": None}  # type: ignore[index]
        assert "inkrafttretens_datum" in filled.json["gebraucht"]  # type: ignore[index]
        assert filled.json["befunde"], "the day is missing"  # type: ignore[index]
        again = program.ask("POST", f"{path}/angaben", values, Idempotency_Key="a")
        assert again.headers["Idempotency-Replayed"] == "true"
        assert program.ask("POST", f"{path}/angaben", values).status_code == 409, "somebody was faster"
        wrong = program.ask("POST", f"{path}/angaben", {"stempel": filled.json["stempel"], "werte": {"rechtsstand": 1}})  # type: ignore[index]
        assert (wrong.status_code, wrong.mimetype) == (422, "application/problem+json")
        assert "rechtsstand" in wrong.json["detail"]  # type: ignore[index]
        added = program.ask("PUT", f"{path}/dokumente/Begr%C3%BCndung.pdf?typ=1010", pdf("Die Begruendung"))
        assert added.status_code == 201
        [paper] = added.json["dokumente"]  # type: ignore[index]
        assert (paper["name"], paper["typ"], paper["geprueft"]["pages"]) == ("Begründung", 1010, 1)
        refused = program.ask("PUT", f"{path}/dokumente/x.pdf", b"no PDF")
        assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
        kept = {"id": paper["id"], "name": "Begründung mit Umweltbericht", "typ": 1010, "datum": "2024-01-02"}
        arranged = {"stempel": added.json["stempel"], "dokumente": [kept]}  # type: ignore[index]
        answer = program.ask("POST", f"{path}/dokumente", arranged)
        assert answer.json["dokumente"][0]["name"] == kept["name"]  # type: ignore[index]
        described = [program.ask("PUT", f"{path}/dokumente/a.pdf?typ={typ}", pdf("A"), Idempotency_Key="d").status_code
                     for typ in (1010, 1020)]  # fmt: skip
        assert described == [201, 409], "what describes it belongs to what was asked"


def test_a_key_makes_a_change_happen_once(api: Api) -> None:
    program = api.program(Role.PLANNER)
    first, again = program.deliver(Idempotency_Key="k"), program.deliver(Idempotency_Key="k")
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert program.deliver(DOCUMENT + " ", Idempotency_Key="k").status_code == 409, "another request"
    other = api.program(Role.PLANNER, name="b").deliver(Idempotency_Key="k")
    assert other.json["id"] != first.json["id"]  # type: ignore[index]
    assert program.deliver(Idempotency_Key="x" * 101).status_code == 400
    failed = program.ask("POST", "/lieferungen/999/zur-freigabe", Idempotency_Key="f")
    assert failed.status_code == 404
    assert program.ask("POST", "/lieferungen/999/zur-freigabe", Idempotency_Key="f").status_code == 404, "tried again"


def test_a_program_says_what_columns_mean_and_has_the_file_read_again(api: Api) -> None:
    program, foreign = api.program(Role.PLANNER), api.program(Role.PLANNER, OTHER, OTHER)
    file = table({"Plan_Nr": "12", "Bezeichnung": "Am Hang", "Art": "Qualif. Plan"}).encode()
    number = program.ask("PUT", f"/gemeinden/{OWN}/lieferungen/bestand.geojson", file).json["id"]  # type: ignore[index]
    api.process(number)
    path = f"/lieferungen/{number}/spalten"
    seen = program.ask("GET", path).json
    jsonschema.validate(seen, description.document("")["components"]["schemas"]["Spalten"])
    guesses = {each["name"]: (each["bedeutung"], each["gesagt"]) for each in seen["spalten"]}  # type: ignore[index]
    assert guesses == {"Plan_Nr": ("nummer", False), "Bezeichnung": ("name", False), "Art": ("", False)}
    said = {
        "spalten": {"Plan_Nr": "nummer", "Bezeichnung": "name", "Art": "planart"},
        "woerter": {"planart": {"BP": {"Qualif. Plan": 10001}}},
    }
    assert foreign.ask("POST", path, said).status_code == 404
    first, again = (program.ask("POST", path, said, Idempotency_Key="spalten") for _ in range(2))
    assert (first.status_code, first.json, again.headers["Idempotency-Replayed"]) == (200, again.json, "true")
    assert first.json["lieferung"]["planart"]["BP"] == {"Qualif. Plan": 10001}  # type: ignore[index]
    assert program.ask("GET", f"/gemeinden/{OWN}/profil").json == first.json
    asked = program.ask("GET", path).json
    assert {each["gesagt"] for each in asked["spalten"]} == {True}  # type: ignore[index]
    assert asked["woerter"][0]["codes"]["BP"] == {"code": 10001, "gesagt": True}  # type: ignore[index]
    renewed = program.ask("POST", f"/lieferungen/{number}/noch-einmal")
    assert (renewed.status_code, renewed.location is not None) == (202, True)
    api.process(renewed.json["id"])  # type: ignore[index]
    [found] = program.ask("GET", f"/lieferungen/{renewed.json['id']}").json["plaene"]  # type: ignore[index]
    assert (found["name"], found["veroeffentlichbar"]) == ("Am Hang", True)


@pytest.mark.parametrize(
    "body",
    [
        {"spalten": {"x": "mars"}},
        {"spalten": {"x": True}},
        {"spalten": []},
        {"spalten": {"": "name"}},
        {"woerter": {"name": {}}},
        {"woerter": {"planart": {"XP": {"a": 1}}}},
        {"woerter": {"planart": {"BP": {"a": "1000"}}}},
        {"woerter": {"planart": {"BP": {"a": 100_000}}}},
        {"bedeutung": {}},
    ],
    ids=str,
)
def test_a_mapping_that_means_nothing_is_refused(
    api: Api, delivered: tuple[int, UUID], body: dict[str, object]
) -> None:
    answer = api.program(Role.PLANNER).ask("POST", f"/lieferungen/{delivered[0]}/spalten", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_what_is_answered_is_what_is_documented(api: Api, delivered: tuple[int, UUID]) -> None:
    document = api.office.app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    assert document["openapi"] == "3.1.0"
    schemas = document["components"]["schemas"]
    program = api.program(Role.KREIS)
    jsonschema.validate(program.ask("GET", f"/lieferungen/{delivered[0]}").json, schemas["Lieferung"])
    for each in program.ask("GET", "/lieferungen").json["lieferungen"]:  # type: ignore[index]
        jsonschema.validate(each, schemas["Lieferung"])
    jsonschema.validate(program.ask("GET", f"/plaene/{delivered[1]}").json, schemas["Plan"])
    jsonschema.validate(program.ask("GET", "/lieferungen/999999").json, schemas["Problem"])


def test_a_program_sees_a_participation_through(api: Api, delivered: tuple[int, UUID]) -> None:
    """Of authorities, who are asked before anything is public."""
    publisher, planner = api.program(Role.PUBLISHER), api.program(Role.PLANNER)
    given = PERIOD | {"art": "behoerden", "ende": "2026-12-10"}
    made = planner.ask("POST", f"/plaene/{delivered[1]}/beteiligungen", given, Idempotency_Key="once")
    assert made.status_code == 201
    again = planner.ask("POST", f"/plaene/{delivered[1]}/beteiligungen", given, Idempotency_Key="once")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (made.json, "true")
    path = made.headers["Location"].removeprefix("/api/v1")
    told = publisher.ask("GET", path).json
    assert told is not None
    schema = api.office.app.test_client().get("/api/v1/openapi.json").json["components"]["schemas"]["Beteiligung"]  # type: ignore[index]
    jsonschema.validate(told, schema)
    assert (told["norm"], told["oeffentlich"], told["angaben"]["online"]) == ("§ 4 Abs. 2 BauGB", False, False)
    assert [each["schwere"] for each in told["befunde"]] == ["error"]
    early = publisher.ask("POST", f"{path}/bekanntmachen", {"fassung": 1})
    assert (early.status_code, early.json["title"]) == (409, "So geht es noch nicht")  # type: ignore[index]
    mended = planner.ask("POST", f"{path}/angaben", given | {"fassung": 1, "ende": "2026-12-18"})
    assert (mended.status_code, mended.json["befunde"]) == (200, [])  # type: ignore[index]
    assert planner.ask("POST", f"{path}/bekanntmachen", {"fassung": 2}).status_code == 403
    assert publisher.ask("POST", f"{path}/bekanntmachen", {"fassung": 1}).status_code == 409  # not what was looked at
    asked = publisher.ask("POST", f"{path}/bekanntmachen", {"fassung": 2}).json
    assert (asked["stand"], asked["moeglich"]) == (  # type: ignore[index]
        "bekannt", ["abgebrochen", "abgeschlossen", "bekannt", "unterbrochen"],
    )  # fmt: skip
    for said in ({}, {"bis": 5}, {"bis": "bald", "hinweis": "x"}, {"bis": "2026-12-20", "hinweis": 1}):
        assert publisher.ask("POST", f"{path}/verlaengern", {"fassung": 3} | said).status_code == 400
    sunday = publisher.ask("POST", f"{path}/verlaengern", {"fassung": 3, "bis": "2026-12-20", "hinweis": "Ferien."})
    assert sunday.status_code == 409
    unreasoned = publisher.ask("POST", f"{path}/abbrechen", {"fassung": 3})
    assert unreasoned.status_code == 422
    ended = publisher.ask("POST", f"{path}/abbrechen", {"fassung": 3, "hinweis": "Neu gedacht."})
    assert ended.json["stand"] == "abgebrochen"  # type: ignore[index]
    listed = publisher.ask("GET", "/beteiligungen").json
    assert (str(delivered[1]), "behoerden") in [(each["plan"], each["art"]) for each in listed["beteiligungen"]]  # type: ignore[index]
    assert api.program(Role.PLANNER, OTHER, OTHER).ask("GET", "/beteiligungen").json == {"beteiligungen": []}


@pytest.mark.parametrize(
    "given",
    [
        {"art": "x"}, {"beginn": "gestern"}, {"beginn": None}, {"online": "ja"}, {"ende": "2026-11-01"}, {"mehr": 1},
        {"anlass": 5}, {"beginn": "0001-01-01"},
    ],
)  # fmt: skip
def test_a_participation_that_means_nothing_is_refused(
    api: Api, delivered: tuple[int, UUID], given: dict[str, Any]
) -> None:
    answer = api.program(Role.PLANNER).ask("POST", f"/plaene/{delivered[1]}/beteiligungen", PERIOD | given)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


def test_a_program_learns_how_its_gemeinde_stands_and_no_other(api: Api, delivered: tuple[int, UUID]) -> None:
    own = api.program(Role.PLANNER).ask("GET", "/uebersicht").json
    assert [each["ags"] for each in own["gemeinden"]] == [OWN]  # type: ignore[index]
    other = api.program(Role.PLANNER, OTHER, OTHER).ask("GET", "/uebersicht").json
    assert OWN not in [each["ags"] for each in other["gemeinden"]]  # type: ignore[index]


def test_a_shared_report_opens_without_an_account(api: Api) -> None:
    program = api.program(Role.PLANNER, name="-share")
    number = program.deliver(xplangml(plan(name="Zum Weitergeben", nummer="31"))).json["id"]  # type: ignore[index]
    api.process(number)
    address = program.ask("POST", f"/lieferungen/{number}/weitergeben").json["adresse"]  # type: ignore[index]
    page = api.office.app.test_client().get(address.partition("/werkbank")[1] + address.partition("/werkbank")[2])
    assert page.status_code == 200
    assert program.ask("GET", f"/lieferungen/{number}/original").data.startswith(b"<?xml")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"grund": 1}', b'{"grund": "x", "mehr": 1}', b'{"grund": "x", "fassung": true}', b"null",
     b'{"grund": "x", "fassung": "1"}', b'{"grund": "x", "fassung": -1}', b"\xff\xfe",
     b'{"grund": "a\\u0000b", "fassung": 1}', b'{"grund": "a\\ud800b", "fassung": 1}', b"[" * 60_000],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(api: Api, delivered: tuple[int, UUID], body: bytes) -> None:
    program = api.program(Role.KREIS)
    answer = program.ask("POST", f"/plaene/{delivered[1]}/wiederherstellen", body, Content_Type="application/json")
    assert answer.status_code == 400
    assert json.loads(answer.text)["title"]


def test_a_body_without_end_is_not_read(api: Api, delivered: tuple[int, UUID]) -> None:
    program = api.program(Role.KREIS)
    long = b'{"grund": "' + b"x" * 100_000 + b'"}'
    answer = program.ask("POST", f"/plaene/{delivered[1]}/zurueckziehen", long, Content_Type="application/json")
    assert answer.status_code in {400, 413}
    headers = {"Authorization": f"Bearer {program.token}"}
    said = {"CONTENT_LENGTH": "600000000"}
    path = f"/api/v1/gemeinden/{OWN}/lieferungen/x.gml"
    assert (
        program.client.put(path, input_stream=io.BytesIO(), headers=headers, environ_overrides=said).status_code == 413
    )
