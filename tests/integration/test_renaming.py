"""A plan under a new name: who plans for the Gemeinde is asked, answers at the desk, and all that is counted stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import operations, oversight
from geoportal.accounts import people
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Principal, Role
from geoportal.archive import Archive
from geoportal.database import desk_engine
from geoportal.settings import Settings
from tests.desk import OTHER, OWN, Browser, Office, membership, office, send
from tests.files import plan, polygon, prop, xplangml
from tests.integration.test_preview import publish

QUESTION = "Ist das derselbe Plan wie"


@dataclass
class Town:
    office: Office
    planner: Browser
    publisher: Browser

    def deliver(self, document: str) -> int:
        number = int(send(self.planner, document).location.rpartition("/")[2])
        operations.process(self.office.owner, Archive(self.office.settings.archive), number)
        return number

    def make_public(self, number: int) -> None:
        assert self.planner.post(f"/werkbank/lieferung/{number}/zur-freigabe").status_code == 303
        publish(self.publisher, number)

    def plan_of(self, number: int) -> UUID:
        with self.office.owner.connect() as connection:
            asked = text(
                "SELECT plan_id FROM plans.version JOIN plans.upload USING (delivery_id) WHERE upload.id = :id"
            )
            found = connection.scalar(asked, {"id": number})
        assert isinstance(found, UUID)
        return found

    def levels(self) -> int:
        """How many public plans of the Gemeinde have a level in the overview."""
        engine = desk_engine(self.office.settings.require_desk_url())
        with acting(engine, self.who(Role.PUBLISHER, OWN)) as connection:
            found = sum(oversight.stock(connection, [OWN])[OWN].levels.values())
        engine.dispose()
        return found

    def who(self, role: Role, ags: str) -> Principal:
        email = f"acting-{role}-{ags}@example.org"
        if email not in {each.email for each in people.everybody(self.office.owner)}:
            self.office.hire(email, membership(role, ags))
        number = next(each.id for each in people.everybody(self.office.owner) if each.email == email)
        return Principal(number, email, email, (membership(role, ags),), "-")


@pytest.fixture(scope="module")
def town(module_database: Settings) -> Iterator[Town]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        yield Town(opened, opened.as_role(Role.PLANNER), opened.as_role(Role.PUBLISHER))


def named(name: str, nummer: str, internal_id: str | None = None, **more: str) -> str:
    extra = prop("internalId", internal_id) if internal_id else ""
    return xplangml(plan(name=name, nummer=nummer, extra=prop("rechtsstand", "3000") + extra, **more))


def test_the_planner_answers_and_the_plan_keeps_its_address_its_versions_and_its_level(town: Town) -> None:
    first = town.deliver(named("Am Hang", "5"))
    town.make_public(first)
    old = town.plan_of(first)
    second = town.deliver(named("Am Sonnenhang", "77"))
    new = town.plan_of(second)
    assert new != old
    page = town.planner.get(f"/werkbank/lieferung/{second}").text
    assert QUESTION in page
    assert f"/plan/{old}" in page
    answer = town.planner.post(f"/werkbank/plan/{new}/zusammenfuehren", {"mit": str(old)})
    assert (answer.status_code, answer.location) == (303, f"/werkbank/plan/{old}")
    page = town.planner.get(f"/werkbank/lieferung/{second}").text
    assert QUESTION not in page
    assert f"/werkbank/plan/{old}/vergleich?neu=2" in page  # what was asked for comes as a second version
    assert town.levels() == 1
    town.make_public(second)
    assert town.levels() == 1
    with town.office.owner.connect() as connection:
        public = connection.execute(text("SELECT id, name, version FROM ogc.plaene")).all()
    assert [tuple(row) for row in public] == [(old, "Am Sonnenhang", 2)]
    again = town.planner.post(f"/werkbank/plan/{new}/zusammenfuehren", {"mit": str(old)})
    assert again.status_code == 404  # there is no such plan any more
    assert "hat zwei Adressen zu einem Plan gemacht" in town.publisher.get("/werkbank/protokoll").text


def test_a_plan_that_its_own_id_leads_to_keeps_its_level(town: Town) -> None:
    """The report names plans by their present name, and the address is that of the former one."""
    shifted = polygon(origin=(481000, 5631000))
    before = town.levels()
    first = town.deliver(named("Im Tal", "6", "EG-6", outline=shifted))
    town.make_public(first)
    assert town.levels() == before + 1
    second = town.deliver(named("Im Wiesental", "60", "EG-6", outline=shifted))
    assert town.plan_of(second) == town.plan_of(first)
    assert QUESTION not in town.planner.get(f"/werkbank/lieferung/{second}").text
    town.make_public(second)
    assert town.levels() == before + 1


def test_what_was_public_is_merged_by_who_publishes_and_by_nobody_of_elsewhere(town: Town) -> None:
    ground = polygon(origin=(482000, 5632000))
    numbers = [town.deliver(named(name, nummer, outline=ground)) for name, nummer in (("Alt", "8"), ("Neu", "9"))]
    for number in numbers:
        town.make_public(number)
    old, new = (town.plan_of(number) for number in numbers)
    assert town.planner.post(f"/werkbank/plan/{new}/zusammenfuehren", {"mit": str(old)}).status_code == 403
    engine = desk_engine(town.office.settings.require_desk_url())
    for role, ags in ((Role.PLANNER, OWN), (Role.PUBLISHER, OTHER), (Role.AUDITOR, OWN), (Role.OFFICE, OWN)):
        with pytest.raises(ProgrammingError, match="not open"), acting(engine, town.who(role, ags)) as connection:
            connection.execute(text("SELECT desk.merge_plans(:a, :b)"), {"a": new, "b": old})
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            acting(engine, town.who(role, ags)) as connection,
        ):
            connection.execute(text("SELECT plans.merge_plans(:a, :b)"), {"a": new, "b": old})
    engine.dispose()
    elsewhere = town.publisher.post(f"/werkbank/plan/{new}/zusammenfuehren", {"mit": str(new)})
    assert elsewhere.status_code == 409
    assert town.publisher.post(f"/werkbank/plan/{new}/zusammenfuehren", {"mit": str(old)}).status_code == 303
    with town.office.owner.connect() as connection:
        states = connection.execute(
            text("SELECT version, state FROM plans.version WHERE plan_id = :id ORDER BY version"), {"id": old}
        ).all()
    assert [tuple(row) for row in states] == [(1, "superseded"), (2, "published")]
