"""A planner of one Gemeinde who knows the numbers of another one's things, and names them beside her own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts import people, tokens
from geoportal.accounts.roles import Principal, Role
from geoportal.settings import Settings
from tests.desk import OTHER, OWN, Browser, hire, membership, office
from tests.files import pdf, plan, prop, xplangml
from tests.programs import Api, Program


def gemeinde(ags: str) -> str:
    return prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{ags}</xplan:ags></xplan:XP_Gemeinde>")


@dataclass(frozen=True)
class Things:
    """What a Gemeinde has at the desk: a delivery that is checked, its plan, its draft with a document."""

    program: Program
    number: int
    plan: str
    version: int
    paper: int
    stamp: str


@dataclass
class Two:
    """`mine` are the thief's, `theirs` the other Gemeinde's, where `planner` works."""

    api: Api
    mine: Things
    theirs: Things
    thief: Browser
    planner: Browser

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> int:
        return self.mine.program.ask(method, path, body, **headers).status_code

    def state_of_theirs(self) -> list[Any]:
        """All that a thief could have changed or added to."""
        with self.api.office.owner.connect() as connection:
            return [
                connection.execute(text(statement), {"plan": self.theirs.plan, "ags": OWN}).all()
                for statement in (
                    "SELECT to_jsonb(plan) FROM plans.plan WHERE id = :plan",
                    "SELECT to_jsonb(version) FROM plans.version WHERE plan_id = :plan ORDER BY id",
                    "SELECT to_jsonb(dokument) FROM plans.dokument JOIN plans.version ON version.id = version_id "
                    "WHERE plan_id = :plan ORDER BY dokument.id",
                    "SELECT to_jsonb(upload) FROM plans.upload WHERE ags = :ags ORDER BY id",
                    "SELECT to_jsonb(profile) FROM desk.profile WHERE ags = :ags",
                )
            ]


def things(api: Api, ags: str) -> Things:
    program = api.program(Role.PLANNER, ags, ags)
    document = xplangml(plan(name=f"Plan {ags}", gemeinde=gemeinde(ags), extra=prop("internalId", f"eigen-{ags}")))
    number = program.deliver(document, ags).json["id"]  # type: ignore[index]
    api.process(number)
    delivery = program.ask("GET", f"/lieferungen/{number}").json
    assert delivery is not None
    [draft] = delivery["plaene"]
    added = program.ask("PUT", f"/fassungen/{draft['id']}/dokumente/B.pdf?typ=1010", pdf(f"Vertraulich {ags}"))
    [paper] = added.json["dokumente"]  # type: ignore[index]
    stamp = program.ask("GET", f"/lieferungen/{number}").json["stempel"]  # type: ignore[index]
    return Things(program, number, draft["plan"], draft["id"], paper["id"], stamp)


@pytest.fixture(scope="module")
def two(module_database: Settings) -> Iterator[Two]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        api = Api(opened)
        # with a password before they have a token
        thief, planner = (opened.as_role(Role.PLANNER, ags) for ags in (OTHER, OWN))
        yield Two(api, things(api, OTHER), things(api, OWN), thief, planner)


def test_a_document_of_theirs_is_neither_read_nor_taken_beside_a_draft_of_mine(two: Two) -> None:
    before = two.state_of_theirs()
    path = f"/fassungen/{two.mine.version}"
    stamp = two.mine.program.ask("GET", path).json["stempel"]  # type: ignore[index]
    wanted = {"id": two.theirs.paper, "name": "Meins", "typ": 1010}
    assert two.ask("POST", f"{path}/dokumente", {"stempel": stamp, "dokumente": [wanted]}) == 422
    for version in (two.mine.version, two.theirs.version):
        assert two.thief.get(f"/werkbank/fassung/{version}/dokument/{two.theirs.paper}").status_code == 404
    assert two.thief.get(f"/werkbank/fassung/{two.mine.version}/dokument/{two.mine.paper}").status_code == 200
    assert two.state_of_theirs() == before


def test_what_somebody_has_looked_at_elsewhere_opens_nothing(two: Two) -> None:
    publisher = two.api.program(Role.PUBLISHER, OTHER, OTHER)
    before = two.state_of_theirs()
    theirs = {"stempel": two.theirs.stamp}
    assert publisher.ask("POST", f"/lieferungen/{two.theirs.number}/veroeffentlichen", theirs).status_code == 404
    assert two.ask("POST", f"/lieferungen/{two.mine.number}/zur-freigabe") == 200
    assert publisher.ask("POST", f"/lieferungen/{two.mine.number}/veroeffentlichen", theirs).status_code == 409
    given = theirs | {"werte": {"beschreibung": "x"}}
    assert two.ask("POST", f"/fassungen/{two.theirs.version}/angaben", given) == 404
    assert two.ask("POST", f"/fassungen/{two.mine.version}/angaben", given) == 409
    assert two.state_of_theirs() == before


def test_no_plan_of_theirs_becomes_one_with_mine_whichever_is_named_first(two: Two) -> None:
    before = two.state_of_theirs()
    for role in (Role.PLANNER, Role.PUBLISHER):
        program = two.api.program(role, OTHER, OTHER)
        for one, other in ((two.mine.plan, two.theirs.plan), (two.theirs.plan, two.mine.plan)):
            status = program.ask("POST", f"/plaene/{one}/zusammenfuehren", {"mit": other}).status_code
            assert status in {403, 404, 409}, (role, status)
    assert two.state_of_theirs() == before


@pytest.mark.parametrize("said", ["their AGS", "their own id", "their AGS below mine"])
def test_no_file_of_mine_becomes_a_version_of_a_plan_of_theirs(two: Two, said: str) -> None:
    before = two.state_of_theirs()
    own_id = prop("internalId", f"eigen-{OWN}")
    if said == "their AGS":
        document = xplangml(plan(name=f"Plan {OWN}", gemeinde=gemeinde(OWN), extra=own_id))
    elif said == "their own id":
        document = xplangml(plan(name="Nachgemacht", gemeinde=gemeinde(OTHER), extra=own_id, nummer="99"))
    else:
        document = xplangml(plan(name=f"Plan {OWN}", gemeinde=gemeinde(OTHER) + gemeinde(OWN), extra=own_id))
    number = two.mine.program.deliver(document, OTHER).json["id"]  # type: ignore[index]
    two.api.process(number)
    found = two.mine.program.ask("GET", f"/lieferungen/{number}").json
    assert found is not None
    assert (found["stand"] == "failed") == (said == "their AGS")
    assert two.theirs.plan not in [each["plan"] for each in found["plaene"]]
    assert two.state_of_theirs() == before
    refused = two.mine.program.deliver(document, OWN)
    assert refused.status_code == 403


@pytest.fixture(scope="module")
def narrow(two: Two) -> tuple[Program, Program]:
    """Of one account with roles in both Gemeinden: a token for theirs, and one for mine."""
    email = "beide@example.org"
    now = datetime.now(UTC)
    hire(two.api.office.settings, email, membership(Role.PLANNER, OWN), membership(Role.PLANNER, OTHER))
    [number] = [each.id for each in people.everybody(two.api.office.owner) if each.email == email]
    places = (membership(Role.PLANNER, OWN), membership(Role.PLANNER, OTHER))
    who = Principal(number, "Beide", email, places, "-")
    engine = two.api.office.app.extensions["geoportal.desk"].engine
    made = []
    for ags in (OWN, OTHER):
        may = [each for each in tokens.GRANTABLE if who.may(each, ags, number)]
        token = tokens.make(engine, who, f"nur {ags}", ags, may, 30, now)
        made.append(Program(two.api.office.app.test_client(), token))
    return made[0], made[1]


def test_a_token_for_one_gemeinde_reaches_no_other_of_its_account(two: Two, narrow: tuple[Program, Program]) -> None:
    wide, lost = narrow
    path = f"/lieferungen/{two.theirs.number}"
    assert wide.ask("GET", path).status_code == 200
    for asked in (path, f"{path}/bericht.json", f"{path}/original", f"/fassungen/{two.theirs.version}"):
        assert lost.ask("GET", asked).status_code in {403, 404}, asked
    listed = lost.ask("GET", "/lieferungen").json["lieferungen"]  # type: ignore[index]
    assert {each["ags"] for each in listed} == {OTHER}
    assert lost.ask("GET", f"/plaene/{two.theirs.plan}").status_code in {403, 404}


def test_an_answer_that_was_kept_for_one_token_is_not_repeated_to_a_narrower_one(
    two: Two, narrow: tuple[Program, Program]
) -> None:
    wide, lost = narrow
    path = f"/lieferungen/{two.theirs.number}/weitergeben"
    first = wide.ask("POST", path, Idempotency_Key="weiter")
    assert "/werkbank/bericht/" in first.json["adresse"]  # type: ignore[index]
    assert wide.ask("POST", path, Idempotency_Key="weiter").json == first.json
    stolen = lost.ask("POST", path, Idempotency_Key="weiter")
    assert stolen.status_code in {403, 404}
    assert "/werkbank/bericht/" not in stolen.text


def test_nobody_ends_the_token_of_another_account(two: Two, narrow: tuple[Program, Program]) -> None:
    wide, _ = narrow
    page = two.thief.get("/werkbank/konto").text
    assert wide.token.split("_")[1] not in page
    two.thief.post(f"/werkbank/konto/schluessel/{wide.token.split('_')[1]}")
    assert wide.ask("GET", "/lieferungen").status_code == 200


def test_a_file_on_its_way_is_nobody_elses_and_goes_to_no_other_gemeinde(two: Two) -> None:
    told = {
        "Upload-Length": "9",
        "Upload-Metadata": "filename eC5nbWw=,gemeinde MDY1MzQwMDg=",
        "Tus-Resumable": "1.0.0",
    }
    begun = two.planner.post("/werkbank/tus/", headers=told | {"X-Form-Key": two.planner.form_key})
    assert begun.status_code == 201
    key = {"X-Form-Key": two.thief.form_key, "Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    piece = {"data": b"x" * 9, "content_type": "application/offset+octet-stream"}
    own = {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}
    assert two.thief.client.patch(begun.location, headers=key | own, **piece).status_code == 404
    assert two.thief.client.head(begun.location).status_code == 404
    assert two.thief.client.delete(begun.location, headers=key | own).status_code == 404
    assert two.thief.post(f"{begun.location}/verwerfen").status_code == 404
    assert two.thief.post("/werkbank/tus/", headers=told | key).status_code == 403


def test_the_progress_of_their_delivery_is_not_told(two: Two) -> None:
    for number in (two.theirs.number, 10**9):
        assert two.thief.get(f"/werkbank/lieferung/{number}/fortschritt").status_code == 404
