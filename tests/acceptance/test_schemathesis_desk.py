"""Requests that a program makes up from the description of the desk's API: whatever its key may do, none is answered
with 5xx, none otherwise than promised.

Seeded and short here; `make fuzz` makes up many more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from schemathesis.core.result import Ok

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from tests.desk import OWN, office
from tests.files import feature, pdf, plan, polygon, prop, xplangml
from tests.integration.test_mapping import table
from tests.made_up import ask_all
from tests.programs import PERIOD, Api


@schemathesis.serializer("application/pdf")
def _paper(*_: Any) -> bytes:
    return pdf("Begruendung")


@dataclass
class Desk:
    api: Api
    token: str
    places: dict[str, Any]  # what is there, by the name of the parameter that leads to it

    def lead(self, case: Any) -> None:
        case.path_parameters |= {name: there for name, there in self.places.items() if name in case.path_parameters}


@pytest.fixture(scope="module")
def desk(module_database: Settings) -> Iterator[Desk]:
    """A public plan with a draft of its next version, and a participation."""
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        api = Api(opened)
        program = api.program(Role.KREIS)
        first = _delivered(api, xplangml(plan()))
        stamp = program.ask("GET", f"/lieferungen/{first}").json["stempel"]  # type: ignore[index]
        assert program.ask("POST", f"/lieferungen/{first}/zur-freigabe").status_code == 200
        assert program.ask("POST", f"/lieferungen/{first}/veroeffentlichen", {"stempel": stamp}).status_code == 200
        second = _delivered(api, xplangml(plan(), feature("BP_GruenFlaeche", "neu", prop("position", polygon()))))
        [found] = program.ask("GET", f"/lieferungen/{second}").json["plaene"]  # type: ignore[index]
        made = program.ask("POST", f"/plaene/{found['plan']}/beteiligungen", PERIOD).json
        assert made is not None
        _delivered(api, table({"Plan_Nr": "12", "Bezeichnung": "Am Hang"}), "bestand.geojson")
        ids = {"number": second, "version": found["id"], "plan": found["plan"], "beteiligung": made["id"]}
        yield Desk(api, program.token, ids | {"ags": OWN})


def _delivered(api: Api, document: str, name: str = "plan.gml") -> int:
    answer = api.program(Role.KREIS).ask("PUT", f"/gemeinden/{OWN}/lieferungen/{name}", document.encode()).json
    assert answer is not None
    number: int = answer["id"]
    api.process(number)
    return number


def test_every_made_up_request_of_a_program_is_answered_as_promised(desk: Desk) -> None:
    document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", desk.api.office.app)

    @document.auth()
    class Key:
        def get(self, *_: Any) -> str:
            return desk.token

        def set(self, case: Any, data: str, *_: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    read = list(document.get_all_operations())
    found = [operation.ok() for operation in read if isinstance(operation, Ok)]
    assert len(found) == len(read)
    assert len(found) >= 30, "the document is read"
    told, broken = ask_all(found, desk.lead)
    print(f"{len(found)} operations, {told}")
    assert not broken, "\n\n".join(f"{label}: {fault}" for label, fault in broken.items())
