"""Deliveries on their way to the public: who may move them, and what happens when two do so at once."""

import io
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import deliveries, operations, workflow
from geoportal.accounts import audit
from geoportal.accounts.roles import NotAllowed, Principal, Role
from geoportal.operations import NotFound
from geoportal.states import IllegalTransition, State, diagram
from tests.desk import OTHER, OWN
from tests.files import plan, prop, xplangml
from tests.house import OBJEKT, TODAY, House


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
    assert house.one(number).returned == "Der Umring fehlt im Norden"
    workflow.submit(house.engine, office, number)
    assert house.one(number).returned is None, "it is asked anew"
    workflow.send_back(house.engine, publisher, number, "Und im Süden")
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


def test_the_documents_draw_the_states_as_they_are() -> None:
    drawn = (Path(__file__).parents[2] / "docs/planner-desk.md").read_text("utf-8")
    assert diagram() in drawn, "python -c 'from geoportal.states import diagram; print(diagram())'"
