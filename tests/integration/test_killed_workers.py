"""A worker is killed in each state of the workflow, with the delivery in its hands: nothing is lost or half."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from geoportal import workflow
from geoportal.accounts.roles import Role
from geoportal.states import State
from tests.files import plan, xplangml
from tests.house import OBJEKT, TODAY, House
from tests.integration.test_jobs import Portal, start_worker
from tests.waiting import somebody_waits, wait_until

DOCUMENT = xplangml(plan(), OBJEKT)
ROW = "SELECT FROM plans.upload FOR UPDATE"
TABLE = "LOCK TABLE plans.version IN SHARE MODE"  # readers go on, writers wait


@contextmanager
def killed_at(house: House, obstacle: str, state: State, number: int) -> Iterator[None]:
    """A worker comes as far as the obstacle lets it, which is to be in this state, and is killed there."""
    with house.owner.connect() as connection:
        connection.execute(text(obstacle))
        worker = start_worker(Portal(house.settings, house.owner, house.archive, house.settings.data), parallel=1)
        try:
            wait_until(lambda: somebody_waits(house.owner) and house.one(number).state is state)
        finally:
            worker.kill()
            worker.wait()
        yield
        connection.rollback()


def finished(house: House, number: int, state: State) -> None:
    """The next worker brings it there."""
    worker = start_worker(Portal(house.settings, house.owner, house.archive, house.settings.data), parallel=1)
    try:
        wait_until(lambda: house.one(number).state is state)
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("obstacle", [ROW, TABLE], ids=["received", "checking"])
def test_what_was_not_read_to_the_end_is_read_again(house: House, obstacle: str) -> None:
    state = State.RECEIVED if obstacle == ROW else State.CHECKING
    number = house.deliver(house.somebody(Role.PLANNER), DOCUMENT)
    with killed_at(house, obstacle, state, number):
        assert house.one(number).state is state
    finished(house, number, State.CHECKED)
    assert versions(house) == [("in_review", 1)]


def test_what_was_not_published_to_the_end_is_published_once(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.checked(planner)
    workflow.submit(house.engine, planner, number)
    house.publish(house.somebody(Role.PUBLISHER), number, on=TODAY + timedelta(days=1))
    with house.owner.begin() as connection:
        connection.execute(text("UPDATE plans.upload SET publish_on = '2020-01-01'"))
    with killed_at(house, TABLE, State.SCHEDULED, number):
        assert house.public() == []
    finished(house, number, State.PUBLISHED)
    assert versions(house) == [("published", 1)]
    with house.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM desk.audit WHERE action = 'published'")) == 1


def versions(house: House) -> list[tuple[str, int]]:
    with house.owner.connect() as connection:
        found = connection.execute(text("SELECT state, version FROM plans.version ORDER BY id"))
        return [(row.state, row.version) for row in found]
