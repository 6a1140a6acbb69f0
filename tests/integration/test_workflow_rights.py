"""Every verb of the workflow for every role, here and elsewhere: by the verbs, and by the database alone."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import workflow
from geoportal.accounts.acting import acting, say
from geoportal.accounts.roles import NotAllowed, Principal, Role
from geoportal.operations import NotFound
from tests.desk import OTHER, OWN
from tests.files import plan, xplangml
from tests.house import House

VERBS: dict[str, Callable[[House, Principal, int], object]] = {
    "submit": lambda house, who, number: workflow.submit(house.engine, who, number),
    "send_back": lambda house, who, number: workflow.send_back(house.engine, who, number, "x"),
    "discard": lambda house, who, number: workflow.discard(house.engine, who, number),
    "publish": lambda house, who, number: house.publish(who, number),
    "share": lambda house, who, number: workflow.share_report(house.engine, who, number, house.now),
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


@pytest.mark.parametrize("role", Role)
def test_the_gemeinden_that_are_reached_are_all_of_which_each_is(house: House, role: Role) -> None:
    """Lists ask for all at once, the others for one: both are the same right."""
    both = text("""
        SELECT desk.reached(VARIADIC :roles) AS reached,
               array(SELECT ags FROM plans.gemeinde WHERE desk.reaches(ags, VARIADIC :roles) ORDER BY ags) AS each""")
    found = set()
    for scope in ("", OWN, OTHER):
        for asked in ([role.value], [each.value for each in Role if each is not role], [each.value for each in Role]):
            with house.engine.begin() as connection:
                say(connection, account=house.somebody(role).account_id, ags=scope)
                row = connection.execute(both, {"roles": asked}).one()
            assert sorted(row.reached) == row.each
            found.add(tuple(row.each))
    assert (OWN,) in found
    assert () in found
    with house.owner.begin() as owner:
        owner.execute(text("UPDATE desk.account SET locked_at = now()"))
    with house.engine.begin() as connection:
        say(connection, account=house.somebody(role).account_id)
        assert connection.execute(both, {"roles": [each.value for each in Role]}).one() == ([], [])


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
