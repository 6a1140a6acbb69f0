"""What happens to a plan after its first publication: renaming, withdrawal, restoration, complete deliveries."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from geoportal import operations, published
from tests.files import plan, polygon, prop, write, xplangml
from tests.integration.test_delivery import OBJEKT, Portal, portal

__all__ = ["portal"]

SHIFTED = polygon(origin=(481000, 5631000))


def names(portal: Portal) -> list[object]:
    return [row[0] for row in portal.public("SELECT name FROM ogc.plaene ORDER BY name")]


def test_the_gemeindes_own_id_survives_a_new_number_and_name(portal: Portal) -> None:
    own = prop("internalId", "EG-17")
    [first] = portal.deliver(xplangml(plan(extra=own))).outcomes
    [second] = portal.deliver(xplangml(plan(nummer="17", name="Am Sonnenhang", extra=own))).outcomes
    assert (second.id, second.version) == (first.id, 2)
    [third] = portal.deliver(xplangml(plan(nummer="17", name="Sonnenhang"))).outcomes
    assert (third.id, third.version) == (first.id, 3), "the new number leads to the plan too"


def test_a_plan_on_the_same_ground_is_a_question_and_merging_is_the_answer(portal: Portal) -> None:
    [old] = portal.deliver(xplangml(plan())).outcomes
    [new] = portal.deliver(xplangml(plan(nummer="77", name="Am Sonnenhang"), OBJEKT)).outcomes
    assert new.similar == (old.id,)
    with portal.engine.connect() as connection:
        asked = connection.execute(text("SELECT detail FROM plans.issue WHERE code = 'plan_renamed_perhaps'")).scalars()
        assert list(asked) == [f"/plan/{new.id} = /plan/{old.id}"], "who delivers in the background is asked too"
    operations.merge(portal.engine, new.id, old.id)
    assert portal.public("SELECT id, name, version FROM ogc.plaene") == [(old.id, "Am Sonnenhang", 2)]
    assert portal.public("SELECT id, neue_id FROM ogc.planadressen") == [(new.id, old.id)]
    [again] = portal.deliver(xplangml(plan(nummer="77", name="Am Sonnenhang II"))).outcomes
    assert (again.id, again.version) == (old.id, 3)


def test_an_aenderung_on_the_same_ground_is_no_question(portal: Portal) -> None:
    portal.deliver(xplangml(plan()))
    [outcome] = portal.deliver(xplangml(plan(nummer="5, 1. Änderung"))).outcomes
    assert outcome.similar == ()
    assert len(names(portal)) == 2


def test_a_withdrawn_plan_is_gone_from_every_view_and_comes_back_with_the_next_delivery(portal: Portal) -> None:
    [outcome] = portal.deliver(xplangml(plan(), OBJEKT)).outcomes
    operations.withdraw(portal.engine, outcome.id, "Namen von Eigentümern im Plan")
    for view in ("plaene", "planinhalte", "planversionen", "bebauungsplaene"):
        assert portal.public(f"SELECT 1 FROM ogc.{view}") == []
    with pytest.raises(operations.NotFound):
        operations.withdraw(portal.engine, outcome.id, "noch einmal")
    [again] = portal.deliver(xplangml(plan(), OBJEKT)).outcomes
    assert (again.id, again.version, again.is_new) == (outcome.id, 2, True)


def test_restoring_publishes_an_earlier_version_as_a_new_one(portal: Portal) -> None:
    [first] = portal.deliver(xplangml(plan(), OBJEKT)).outcomes
    portal.deliver(xplangml(plan(name="Falsch")))
    operations.restore(portal.engine, first.id, 1, "Version 2 war ein Irrtum")
    assert portal.public("SELECT name, version FROM ogc.plaene") == [("Am Hang", 3)]
    assert portal.public("SELECT count(*) FROM ogc.planinhalte") == [(1,)]
    assert portal.public("SELECT version, wiederhergestellt_aus FROM ogc.planversionen ORDER BY 1") == [
        (1, None),
        (2, None),
        (3, 1),
    ]
    with pytest.raises(operations.NotFound):
        operations.restore(portal.engine, first.id, 99, "gibt es nicht")


def test_what_was_public_on_a_day(portal: Portal) -> None:
    portal.deliver(xplangml(plan()))
    with portal.engine.begin() as connection:
        connection.execute(text("UPDATE plans.version SET published_at = '2020-01-01'"))
    portal.deliver(xplangml(plan(name="Neu")))
    with portal.engine.begin() as connection:
        connection.execute(text("UPDATE plans.version SET published_until = '2024-01-01' WHERE state = 'superseded'"))
        connection.execute(text("UPDATE plans.version SET published_at = '2024-01-01' WHERE state = 'published'"))
    on_the_day = (
        "SELECT name FROM ogc.planversionen WHERE veroeffentlicht_am <= '{0}' "
        "AND (veroeffentlicht_bis IS NULL OR veroeffentlicht_bis > '{0}')"
    )
    assert portal.public(on_the_day.format("2019-12-31")) == []
    assert portal.public(on_the_day.format("2023-06-01")) == [("Am Hang",)]
    assert portal.public(on_the_day.format("2024-01-01")) == [("Neu",)]


def test_a_complete_delivery_ends_what_is_not_in_it_after_it_was_shown(portal: Portal) -> None:
    portal.deliver(xplangml(plan("a", nummer="1", name="A"), plan("b", nummer="2", name="B", outline=SHIFTED)))
    whole: Path = write(portal.folder / "whole.gml", xplangml(plan("a", nummer="1", name="A")))
    shown = operations.endings(portal.engine, whole)
    assert list(shown.values()) == ["B"]
    with pytest.raises(operations.EndingsChanged):
        operations.deliver(portal.engine, portal.archive, whole, complete=[uuid4()])
    assert names(portal) == ["A", "B"]
    operations.deliver(portal.engine, portal.archive, whole, complete=shown)
    assert names(portal) == ["A"]
    assert portal.public("SELECT name, veroeffentlicht_bis IS NULL FROM ogc.planversionen ORDER BY 1") == [
        ("A", True),
        ("B", False),
    ]


def test_a_partial_delivery_ends_nothing(portal: Portal) -> None:
    portal.deliver(xplangml(plan("a", nummer="1", name="A")))
    portal.deliver(xplangml(plan("b", nummer="2", name="B", outline=SHIFTED)))
    assert names(portal) == ["A", "B"]


def test_an_old_plan_knows_what_changed_it_though_its_file_does_not(portal: Portal) -> None:
    link = prop(
        "aendert",
        "<xplan:XP_VerbundenerPlan><xplan:planName>Am Hang</xplan:planName><xplan:nummer>5</xplan:nummer>"
        "</xplan:XP_VerbundenerPlan>",
    )
    [old] = portal.deliver(xplangml(plan())).outcomes
    [new] = portal.deliver(xplangml(plan(name="Am Hang, 1. Änderung", nummer="5", extra=link))).outcomes
    with portal.reader.connect() as connection:
        seen = {address: published.plan(connection, address) for address in (old.id, new.id)}
    links = {address: [(b.art, b.plan_id) for b in page.bezuege] for address, page in seen.items() if page}
    assert links == {old.id: [("wurdeGeaendertVon", new.id)], new.id: [("aendert", old.id)]}


def test_two_plans_with_one_internal_id_stay_two(portal: Portal) -> None:
    own = prop("internalId", "X1")
    [first] = portal.deliver(xplangml(plan(nummer="5", extra=own))).outcomes
    both = xplangml(plan("a", nummer="5", extra=own), plan("b", nummer="6", name="B", outline=SHIFTED, extra=own))
    outcomes = portal.deliver(both).outcomes
    assert len({outcome.id for outcome in outcomes}) == 2
    assert names(portal) == ["Am Hang", "B"]
    assert first.id in {outcome.id for outcome in outcomes}


def test_what_cannot_be_one_plan_is_not_merged(portal: Portal) -> None:
    [a, b, c] = portal.deliver(
        xplangml(
            plan("a", nummer="1", name="A"),
            plan("b", nummer="2", name="B", outline=SHIFTED),
            plan("c", klasse="FP_Plan", nummer="3", name="C"),
        )
    ).outcomes
    operations.merge(portal.engine, a.id, b.id)
    for address, into in ((b.id, a.id), (a.id, b.id), (c.id, b.id), (b.id, b.id), (uuid4(), b.id)):
        with pytest.raises(operations.NotMergeable):
            operations.merge(portal.engine, address, into)


def test_a_plan_that_never_was_public_is_not_restored(portal: Portal) -> None:
    [outcome] = portal.deliver(xplangml(plan(gemeinde=""))).outcomes
    with pytest.raises(operations.NotFound):
        operations.restore(portal.engine, outcome.id, 1, "ohne Gemeinde")
    assert portal.public("SELECT 1 FROM ogc.plaene") == []
