"""Deliveries on their way to the public: who may move them, and what happens when two do so at once."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from geoportal import deliveries, operations, workflow
from geoportal.accounts import audit, people
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import NotAllowed, Principal, Role
from geoportal.archive import Archive
from geoportal.database import desk_engine, owner_engine
from geoportal.deliveries import Delivered
from geoportal.operations import NotFound
from geoportal.settings import Settings
from geoportal.states import IllegalTransition, State, diagram
from tests.desk import OTHER, OWN, membership
from tests.files import feature, plan, polygon, prop, xplangml

TODAY = date(2026, 11, 26)
OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche", "o", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
)


@dataclass
class House:
    settings: Settings
    owner: Engine
    engine: Engine
    archive: Archive
    people: dict[str, Principal] = field(default_factory=dict)

    def somebody(self, role: Role, ags: str = OWN, name: str = "") -> Principal:
        email = f"{role}-{ags}{name}@example.org"
        if email not in self.people:
            place = membership(role, ags)
            people.invite(self.owner, email, f"{role} {name}", [place], self.now)
            number = next(each.id for each in people.everybody(self.owner) if each.email == email)
            self.people[email] = Principal(number, str(role), email, (place,), "10.0.0.0/24")
        return self.people[email]

    @property
    def now(self):  # type: ignore[no-untyped-def]
        from datetime import UTC, datetime

        return datetime.now(UTC)

    def deliver(self, who: Principal, document: str, ags: str = OWN, name: str = "plan.gml") -> int:
        data = document.encode()
        return workflow.deliver(self.engine, self.archive, who, ags, name, io.BytesIO(data), len(data))

    def checked(self, who: Principal, document: str | None = None) -> int:
        number = self.deliver(who, document or xplangml(plan(), OBJEKT))
        operations.process(self.owner, self.archive, number)
        return number

    def one(self, number: int) -> Delivered:
        with self.owner.connect() as connection:
            found = deliveries.one(connection, number)
        assert found is not None
        return found

    def stamp(self, number: int) -> str:
        with self.owner.connect() as connection:
            found = self.one(number)
            return workflow.stamp(found.sha256, deliveries.versions(connection, found.delivery_id))

    def publish(self, who: Principal, number: int, on: date | None = None, seen: str = "") -> None:
        seen = seen or self.stamp(number)
        workflow.publish(self.engine, self.archive, who, number, seen=seen, on=on, today=TODAY)

    def published(self, who: Principal, document: str | None = None) -> int:
        number = self.checked(who, document)
        workflow.submit(self.engine, who, number)
        self.publish(self.somebody(Role.PUBLISHER), number)
        return number

    def public(self) -> list[str]:
        with self.owner.connect() as connection:
            return list(connection.scalars(text("SELECT name FROM ogc.plaene ORDER BY name")))

    def plan_id(self):  # type: ignore[no-untyped-def]
        with self.owner.connect() as connection:
            return connection.scalar(text("SELECT plan_id FROM plans.version ORDER BY id LIMIT 1"))


@pytest.fixture
def house(database: Settings) -> Iterator[House]:
    owner, engine = owner_engine(database.require_database_url()), desk_engine(database.require_desk_url())
    operations.prepare(owner)
    yield House(database, owner, engine, Archive(database.archive))
    owner.dispose()
    engine.dispose()


def test_a_delivery_is_public_only_when_a_publisher_says_so(house: House) -> None:
    office, publisher = house.somebody(Role.OFFICE), house.somebody(Role.PUBLISHER)
    number = house.checked(office)
    assert house.one(number).state is State.CHECKED
    assert house.public() == []
    with pytest.raises(IllegalTransition):
        house.publish(publisher, number)
    workflow.submit(house.engine, office, number)
    assert house.public() == []
    with pytest.raises(NotAllowed):
        house.publish(office, number)
    house.publish(publisher, number)
    assert house.one(number).state is State.PUBLISHED
    assert house.public() == ["Am Hang"]
    with house.owner.connect() as connection:
        said = [(entry.action, entry.ags) for entry in audit.search(connection) if entry.ags]
        assert said == [("published", OWN), ("submitted", OWN), ("delivered", OWN)]
        assert audit.verify(connection).broken is None


def test_the_operators_delivery_is_public_at_once(house: House, tmp_path: Path) -> None:
    file = tmp_path / "plan.gml"
    file.write_text(xplangml(plan()), "utf-8")
    operations.process(house.owner, house.archive, operations.receive(house.owner, house.archive, file))
    assert house.public() == ["Am Hang"]


def test_plans_of_another_gemeinde_are_refused(house: House) -> None:
    foreign = xplangml(
        plan(gemeinde=prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{OTHER}</xplan:ags></xplan:XP_Gemeinde>"))
    )
    found = house.one(house.checked(house.somebody(Role.PLANNER), foreign))
    assert found.state is State.FAILED
    assert OTHER in (found.fault or "")
    with house.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM plans.version")) == 0


def test_a_report_is_kept_in_each_form_and_survives_the_sweep(house: House) -> None:
    number = house.checked(house.somebody(Role.PLANNER))
    with house.owner.connect() as connection:
        digests = [deliveries.report(connection, number, kind) for kind in ("json", "html", "gpkg")]
    assert all(digests)
    operations.sweep(house.owner, house.archive, -60)
    assert all(house.archive.path(digest or "").is_file() for digest in digests)


def test_the_same_file_again_has_a_report_too(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    house.checked(planner)
    again = house.checked(planner)
    with house.owner.connect() as connection:
        assert deliveries.report(connection, again, "json")
        assert deliveries.versions(connection, house.one(again).delivery_id) == []


def test_a_date_to_come_waits_for_its_day(house: House) -> None:
    planner, publisher = house.somebody(Role.PLANNER), house.somebody(Role.PUBLISHER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    house.publish(publisher, number, on=TODAY + timedelta(days=3))
    assert house.one(number).state is State.SCHEDULED
    assert workflow.publish_due(house.owner, house.archive, TODAY + timedelta(days=2)) == []
    assert house.public() == []
    assert workflow.publish_due(house.owner, house.archive, TODAY + timedelta(days=3)) == []
    assert house.public() == ["Am Hang"]
    assert workflow.publish_due(house.owner, house.archive, TODAY + timedelta(days=3)) == []


def test_what_is_due_but_tampered_with_goes_back(house: House) -> None:
    planner, publisher = house.somebody(Role.PLANNER), house.somebody(Role.PUBLISHER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    house.publish(publisher, number, on=TODAY + timedelta(days=1))
    house.archive.path(house.one(number).sha256).write_text("something else")
    assert workflow.publish_due(house.owner, house.archive, TODAY + timedelta(days=1)) == [number]
    assert house.one(number).state is State.IN_REVIEW
    assert house.public() == []


def test_a_file_that_was_swapped_after_the_check_is_not_published(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    house.archive.path(house.one(number).sha256).write_text("something else")
    with pytest.raises(workflow.Tampered):
        house.publish(house.somebody(Role.PUBLISHER), number)
    assert house.public() == []


def test_only_what_was_looked_at_is_published(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    with pytest.raises(workflow.Changed):
        house.publish(house.somebody(Role.PUBLISHER), number, seen="0" * 64)


def test_an_older_delivery_does_not_overwrite_a_newer_one(house: House) -> None:
    planner, publisher = house.somebody(Role.PLANNER), house.somebody(Role.PUBLISHER)
    old, new = house.checked(planner, xplangml(plan(name="Alt"))), house.checked(planner, xplangml(plan(name="Neu")))
    for number in (old, new):
        workflow.submit(house.engine, planner, number)
    house.publish(publisher, new)
    with pytest.raises(workflow.NewerIsPublic):
        house.publish(publisher, old)
    assert house.public() == ["Neu"]


def test_where_the_gemeinde_wants_it_four_eyes_see(house: House) -> None:
    publisher, kreis = house.somebody(Role.PUBLISHER), house.somebody(Role.KREIS)
    workflow.require_four_eyes(house.engine, publisher, OWN, wanted=True)
    number = house.checked(kreis)
    workflow.submit(house.engine, publisher, number)
    for same in (publisher, kreis):
        with pytest.raises(workflow.FourEyes):
            house.publish(same, number)
    house.publish(house.somebody(Role.PUBLISHER, name="b"), number)
    assert house.public() == ["Am Hang"]


def test_two_publishers_at_once_publish_once(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    both = [house.somebody(Role.PUBLISHER, name=name) for name in "ab"]
    seen, faults = house.stamp(number), []

    def go(who: Principal) -> None:
        try:
            house.publish(who, number, seen=seen)
        except (IllegalTransition, workflow.Changed) as fault:
            faults.append(fault)

    threads = [threading.Thread(target=go, args=(who,)) for who in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 1
    with house.owner.connect() as connection:
        assert [entry.action for entry in audit.search(connection, action="published")] == ["published"]
        assert connection.scalar(text("SELECT count(*) FROM plans.version WHERE state = 'published'")) == 1


def test_taking_back_and_restoring(house: House) -> None:
    planner, publisher = house.somebody(Role.PLANNER), house.somebody(Role.PUBLISHER)
    first = house.published(planner, xplangml(plan(name="Eins"), OBJEKT))
    second = house.published(planner, xplangml(plan(name="Zwei"), OBJEKT))
    assert (house.one(first).state, house.one(second).state) == (State.SUPERSEDED, State.PUBLISHED)
    address = house.plan_id()
    with pytest.raises(workflow.ReasonMissing):
        workflow.restore(house.engine, publisher, address, 1, "  ")
    workflow.restore(house.engine, publisher, address, 1, "Fassung zwei war falsch")
    assert house.public() == ["Eins"]
    assert (house.one(first).state, house.one(second).state) == (State.PUBLISHED, State.SUPERSEDED)
    with house.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ogc.planinhalte")) == 1, "with its objects"
    workflow.withdraw(house.engine, publisher, address, "Irrtum")
    assert house.public() == []
    assert house.one(first).state is State.SUPERSEDED, "its first publication ended by the second one, not by this"
    with pytest.raises(NotFound):
        workflow.withdraw(house.engine, publisher, address, "noch einmal")
    workflow.restore(house.engine, publisher, address, 2, "doch")
    assert house.public() == ["Zwei"]
    with house.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM plans.version")) == 4, "nothing is deleted"


def test_sending_back_and_discarding(house: House) -> None:
    office, publisher = house.somebody(Role.OFFICE), house.somebody(Role.PUBLISHER)
    number = house.checked(office)
    workflow.submit(house.engine, office, number)
    workflow.send_back(house.engine, publisher, number, "Der Umring fehlt im Norden")
    assert house.one(number).state is State.CHECKED
    workflow.discard(house.engine, office, number)
    assert house.one(number).state is State.WITHDRAWN
    with house.owner.connect() as connection:
        assert list(connection.scalars(text("SELECT state FROM plans.version"))) == ["withdrawn"]
    public = house.published(house.somebody(Role.PLANNER), xplangml(plan(name="Anders", nummer="9")))
    with pytest.raises(IllegalTransition):
        workflow.discard(house.engine, house.somebody(Role.KREIS), public)


def test_a_delivery_that_is_still_read_can_be_taken_back(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.deliver(planner, xplangml(plan()))
    workflow.discard(house.engine, planner, number)
    operations.process(house.owner, house.archive, number)
    assert house.one(number).state is State.WITHDRAWN
    with house.owner.connect() as connection:
        assert connection.scalar(text("SELECT status::text FROM jobs.procrastinate_jobs")) == "cancelled"


def test_a_quota_is_kept(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    with house.owner.begin() as connection:
        connection.execute(text("INSERT INTO desk.gemeinde (ags, quota) VALUES (:ags, 3000)"), {"ags": OWN})
    document = xplangml(plan())
    assert len(document) * 2 > 1500
    assert len(document) < 3000
    house.deliver(planner, document)
    with pytest.raises(workflow.TooMuch):
        house.deliver(planner, document + " " * 2500)
    with pytest.raises(workflow.TooMuch):
        workflow.deliver(house.engine, house.archive, planner, OWN, "x", io.BytesIO(b"x" * 4000), 1)


def test_an_account_delivers_no_files_without_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "MAX_DELIVERIES", 2)
    planner, another = house.somebody(Role.PLANNER), house.somebody(Role.OFFICE)
    for name in ("A", "B"):
        house.deliver(planner, xplangml(plan(name=name)))
    with pytest.raises(workflow.TooMuch):
        house.deliver(planner, xplangml(plan(name="C")))
    house.deliver(another, xplangml(plan(name="C")))
    with house.owner.begin() as connection:
        connection.execute(text("UPDATE plans.upload SET received_at = received_at - interval '31 days'"))
    house.deliver(planner, xplangml(plan(name="D")))


VERBS: dict[str, Callable[[House, Principal, int], None]] = {
    "submit": lambda house, who, number: workflow.submit(house.engine, who, number),
    "send_back": lambda house, who, number: workflow.send_back(house.engine, who, number, "x"),
    "discard": lambda house, who, number: workflow.discard(house.engine, who, number),
    "publish": lambda house, who, number: house.publish(who, number),
    "share": lambda house, who, number: workflow.share_report(house.engine, who, number, house.now) and None,
    "withdraw": lambda house, who, _: workflow.withdraw(house.engine, who, house.plan_id(), "x"),
    "restore": lambda house, who, _: workflow.restore(house.engine, who, house.plan_id(), 1, "x"),
    "configure": lambda house, who, _: workflow.require_four_eyes(house.engine, who, OWN, wanted=False),
}
MAY = {
    "submit": {"office*", "planner", "publisher", "kreis"},
    "send_back": {"publisher", "kreis"},
    "discard": {"office*", "planner", "kreis"},
    "publish": {"publisher", "kreis"},
    "share": {"office*", "planner", "publisher", "kreis", "auditor"},
    "withdraw": {"publisher", "kreis"},
    "restore": {"publisher", "kreis"},
    "configure": {"publisher", "kreis"},
}


def test_every_verb_for_every_role_here_and_elsewhere(house: House) -> None:
    """`office*`: only the office that delivered it. From elsewhere nobody may anything, but the whole Kreis."""
    deliverer = house.somebody(Role.OFFICE)
    house.published(house.somebody(Role.PLANNER))
    number = house.checked(deliverer, xplangml(plan(nummer="77")))
    delivery = house.one(number).delivery_id

    def begin_anew(verb: str) -> None:
        """The delivery as the verb needs it, and the other plan public."""
        state = "in_review" if verb in {"send_back", "publish"} else "checked"
        with house.owner.begin() as connection:
            for statement in (
                "UPDATE plans.upload SET state = :state, submitted_by = NULL WHERE id = :number",
                "UPDATE plans.version SET state = 'in_review', published_at = NULL WHERE delivery_id = :delivery",
                "UPDATE plans.version SET state = 'superseded', published_until = now() WHERE delivery_id <> :delivery",
                "UPDATE plans.version SET state = 'published', published_until = NULL "
                "WHERE version = 1 AND delivery_id <> :delivery",
            ):
                connection.execute(text(statement), {"state": state, "number": number, "delivery": delivery})

    wrong = []
    for verb, act in VERBS.items():
        for role in Role:
            for name, ags in (("", OWN), ("b", OWN), ("", OTHER)):
                begin_anew(verb)
                who = house.somebody(role, ags, name)
                may = role.value in MAY[verb] and (ags == OWN or role in {Role.KREIS, Role.AUDITOR})
                may = may or (f"{role}*" in MAY[verb] and who == deliverer)
                try:
                    act(house, who, number)
                    done = True
                except (NotAllowed, NotFound):
                    done = False
                if done != may:
                    wrong.append((verb, role.value, ags, name, done))
    assert wrong == []


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("ags", [OWN, OTHER])
def test_the_database_alone_keeps_them_apart(house: House, role: Role, ags: str) -> None:
    """What each role could see and change if no line of Python had asked."""
    deliverer = house.somebody(Role.OFFICE, OWN, "deliverer")
    number = house.checked(deliverer)
    workflow.submit(house.engine, deliverer, number)
    who = house.somebody(role, ags)
    inside = ags == OWN or role in {Role.KREIS, Role.AUDITOR}
    sees = inside and role is not Role.OFFICE
    with acting(house.engine, who) as connection:
        for table in ("plans.upload", "plans.version", "plans.delivery", "plans.planobjekt", "desk.report"):
            assert (
                (connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0) > 0
                if sees
                else (connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0)
            ), table
    publishes = inside and role in {Role.PUBLISHER, Role.KREIS}
    for statement in (
        "UPDATE plans.upload SET state = 'published'",
        "UPDATE plans.version SET state = 'published', published_at = now() WHERE state = 'in_review'",
    ):
        try:
            with acting(house.engine, who) as connection:
                changed = connection.execute(text(statement)).rowcount
                assert (changed > 0) == publishes, statement
                connection.rollback()
        except ProgrammingError:
            assert not publishes, statement
    edits = inside and role in {Role.PLANNER, Role.KREIS}
    try:
        with acting(house.engine, who) as connection:
            changed = connection.execute(text("UPDATE plans.version SET name = 'x'")).rowcount
            assert (changed > 0) == edits
            connection.rollback()
    except ProgrammingError:
        assert not edits
    for statement in ("DELETE FROM plans.version", "UPDATE plans.version SET geom = NULL", "DELETE FROM plans.upload"):
        with pytest.raises(ProgrammingError, match="permission denied"), acting(house.engine, who) as connection:
            connection.execute(text(statement))


def test_the_documents_draw_the_states_as_they_are() -> None:
    drawn = (Path(__file__).parents[2] / "docs/planner-desk.md").read_text("utf-8")
    assert diagram() in drawn, "python -c 'from geoportal.states import diagram; print(diagram())'"
