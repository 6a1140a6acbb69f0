"""Every call of the desk's API for every role, here and elsewhere; what opens it, and what does not."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from geoportal.accounts.roles import Role
from geoportal.web.api import description
from tests.desk import OTHER, OWN
from tests.programs import PERIOD, Api

READERS = {"office", "planner", "publisher", "kreis", "auditor"}
CALLS: dict[str, tuple[str, Any, set[str]]] = {
    "/lieferungen/{number}": ("GET", None, READERS - {"office"}),
    "/lieferungen/{number}/bericht.json": ("GET", None, READERS - {"office"}),
    "/lieferungen/{number}/zur-freigabe": ("POST", None, {"planner", "publisher", "kreis"}),
    "/lieferungen/{number}/veroeffentlichen": ("POST", {"stempel": "x"}, {"publisher", "kreis"}),
    "/plaene/{plan}": ("GET", None, READERS - {"office"}),
    "/plaene/{plan}/zurueckziehen": ("POST", {"grund": "x"}, {"publisher", "kreis"}),
    "/plaene/{plan}/wiederherstellen": ("POST", {"grund": "x", "fassung": 9}, {"publisher", "kreis"}),
    "/plaene/{plan}/bearbeiten": ("POST", None, {"planner", "kreis"}),
    "/fassungen/{version}": ("GET", None, READERS - {"office"}),
    "/fassungen/{version}/angaben": ("POST", {"stempel": "x", "werte": {}}, {"planner", "kreis"}),
    "/fassungen/{version}/dokumente": ("POST", {"stempel": "x", "dokumente": []}, {"planner", "kreis"}),
    "/fassungen/{version}/dokumente/x.pdf": ("PUT", b"x", {"planner", "kreis"}),
    # a file whose words are our own has no columns: who may ask is told so
    "/lieferungen/{number}/spalten": ("GET", None, READERS - {"office"}),
    "/lieferungen/{number}/spalten#": ("POST", {"spalten": {"x": "-"}}, {"planner", "kreis"}),
    "/gemeinden/06534008/profil": ("GET", None, READERS),
    "/gemeinden/06534008/lieferungen/x.gml": ("PUT", b"x", {"office", "planner", "kreis"}),
    "/lieferungen/{number}/original": ("GET", None, READERS - {"office"}),
    "/lieferungen/{number}/weitergeben": ("POST", None, READERS - {"office"}),
    "/lieferungen/{number}/zurueckgeben": ("POST", {"grund": "x"}, {"publisher", "kreis"}),
    "/plaene/{plan}/vergleich?neu=1": ("GET", None, READERS - {"office"}),
    "/plaene/{plan}/zusammenfuehren": ("POST", {"mit": str(UUID(int=1))}, {"planner", "publisher", "kreis"}),
    "/plaene/{plan}/beteiligungen": ("POST", PERIOD, {"planner", "publisher", "kreis"}),
    "/beteiligungen/{participation}": ("GET", None, READERS - {"office"}),
    "/beteiligungen/{participation}/angaben": ("POST", PERIOD | {"fassung": 1}, {"planner", "publisher", "kreis"}),
    "/beteiligungen/{participation}/bekanntmachen": ("POST", {"fassung": 1}, {"publisher", "kreis"}),
    # the last ones take the delivery back
    "/lieferungen/{number}/noch-einmal": ("POST", None, {"planner", "kreis"}),
    "/lieferungen/{number}/verwerfen": ("POST", None, {"planner", "kreis"}),
}


@pytest.mark.parametrize("path", CALLS)
def test_every_call_for_every_role_here_and_elsewhere(
    api: Api, delivered: tuple[int, UUID], drafted: UUID, path: str
) -> None:
    number, plan_id = delivered
    method, body, may = CALLS[path]
    address = path.format(number=number, plan=plan_id, version=1, participation=drafted).rstrip("#")
    for role in Role:
        for ags, scope in ((OWN, OWN), (OTHER, OTHER)):
            program = api.program(role, ags, scope, name="-stranger")
            status = program.ask(method, address, body).status_code
            opened = role.value in may and scope == OWN
            if opened:
                absent = status == 404 and path.startswith("/plaene") and method == "POST"  # no version 9, none public
                unsaid = (status == 404 and path.endswith("profil")) or (status == 422 and path.endswith("pdf"))
                unsaid |= status == 400 and path.endswith("spalten")
                unsaid |= status == 404 and path.endswith("neu=1")  # there is nothing before the first version
                assert status in {200, 201, 202, 409} or absent or unsaid, (address, role, scope, status)
            else:
                assert status in {403, 404}, (address, role, scope, status)


def test_every_route_is_asked_and_documented(api: Api) -> None:
    every = [rule for rule in api.office.app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
    served = {(re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
              for rule in every for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}  # fmt: skip
    told = {(path, method) for path, item in description.document("")["paths"].items() for method in item}
    assert told == served
    names = {
        operation["operationId"] for item in description.document("")["paths"].values() for operation in item.values()
    }
    assert names == {rule.endpoint.removeprefix("api.") for rule in every}
    asked = {
        re.sub(r"\{\w+\}|06534008|x\.gml|x\.pdf|bekanntmachen", "*", path.partition("?")[0].rstrip("#"))
        for path in CALLS
    }
    asked |= {"/openapi.json", "/lieferungen", "/uebersicht", "/beteiligungen"}
    asked = {re.sub(r"bericht\.\w+", "bericht", path) for path in asked}
    assert {re.sub(r"\{\w+\}", "*", path).replace("bericht.*", "bericht") for path, _ in served} == asked


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/lieferung", 404), ("POST", "/lieferungen/99999999999999999999/zur-freigabe", 404),
     ("GET", "/plaene/kein-plan", 404), ("DELETE", "/lieferungen", 405), ("GET", "/lieferungen/1/verwerfen", 405)],
)  # fmt: skip
def test_a_program_that_goes_astray_is_told_so_and_gets_no_page(api: Api, method: str, path: str, status: int) -> None:
    answer = api.program(Role.PLANNER).ask(method, path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert "openapi.json" in answer.json["detail"]  # type: ignore[index]
    assert answer.headers["Cache-Control"] == "no-store"
    assert bool(answer.allow) == (status == 405)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp4", f"Bearer gp_{'a' * 10}_{'A' * 43}"])
def test_without_a_good_token_nothing_is_told(api: Api, header: str) -> None:
    answer = api.office.app.test_client().get("/api/v1/lieferungen", headers={"Authorization": header})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_opens_nothing_here_and_a_token_nothing_there(api: Api) -> None:
    browser = api.office.as_role(Role.AUDITOR)
    assert browser.get("/api/v1/lieferungen").status_code == 401
    program = api.program(Role.KREIS)
    there = program.client.get("/werkbank/konto", headers={"Authorization": f"Bearer {program.token}"})
    assert there.status_code == 303


def test_a_revoked_or_expired_token_opens_nothing(api: Api) -> None:
    program = api.program(Role.PLANNER, name="-gone")
    assert program.ask("GET", "/lieferungen").status_code == 200
    now = api.office.clock.now
    api.office.clock.now = now + timedelta(days=31)
    assert program.ask("GET", "/lieferungen").status_code == 401
    api.office.clock.now = now
    with api.office.owner.begin() as connection:
        connection.execute(
            text("UPDATE desk.token SET revoked_at = now() WHERE id = :id"), {"id": program.token.split("_")[1]}
        )
    assert program.ask("GET", "/lieferungen").status_code == 401
