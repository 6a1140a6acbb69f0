"""The desk's API with a delivery that was checked, and a participation that nobody outside knows of."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from tests.desk import office
from tests.programs import PERIOD, Api


@pytest.fixture(scope="module")
def api(module_database: Settings) -> Iterator[Api]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        yield Api(opened)


@pytest.fixture(scope="module")
def drafted(api: Api, delivered: tuple[int, UUID]) -> UUID:
    """A participation that nobody outside knows of."""
    made = api.program(Role.PLANNER).ask("POST", f"/plaene/{delivered[1]}/beteiligungen", PERIOD)
    return UUID(made.json["id"])  # type: ignore[index]


@pytest.fixture(scope="module")
def delivered(api: Api) -> tuple[int, UUID]:
    """A checked delivery of an office, and the address of its plan."""
    answer = api.program(Role.OFFICE).deliver()
    assert answer.status_code == 202, answer.text
    api.process(answer.json["id"])  # type: ignore[index]  # an object, as the status says
    with api.office.owner.connect() as connection:
        return answer.json["id"], connection.scalar(text("SELECT id FROM plans.plan"))  # type: ignore[index]
