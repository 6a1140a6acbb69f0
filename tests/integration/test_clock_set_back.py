"""The clock was a day ahead and is set right: what was written meanwhile is from the future, and holds nothing up.

That the clock goes back and that all that is recorded moves forward is the same to whoever compares the two.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from geoportal import filing, health, operations
from geoportal.accounts import attempts
from geoportal.archive import Archive
from geoportal.database import desk_engine, owner_engine, reader_engine
from geoportal.health import Level
from geoportal.layers import life
from geoportal.layers.sources import Places
from geoportal.layers.watch import Watch
from geoportal.mail import Letter, put, queue
from geoportal.settings import Settings
from tests.files import plan, prop, write, xplangml
from tests.ogc import LAYERS

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def owner(database: Settings) -> Iterator[Engine]:
    engine = owner_engine(database.require_database_url())
    yield engine
    engine.dispose()


def test_a_letter_written_or_leased_tomorrow_goes_out_today(owner: Engine) -> None:
    with owner.begin() as connection:
        put(connection, Letter("test", "erika@muster.example", "Betreff", "Text\n"), "geoportal.example", NOW + DAY)
    first = queue.take(owner, NOW)
    assert first is not None
    assert queue.take(owner, NOW) is None, "it is being sent"
    second = queue.take(owner, NOW - DAY)
    assert second is not None
    assert second.id == first.id


def test_tries_of_tomorrow_do_not_lock_anybody_out_today(database: Settings) -> None:
    desk = desk_engine(database.require_desk_url())
    for _ in range(attempts.LIMITS["pair"]):
        attempts.count(desk, "erika@muster.example", "192.0.2.1", NOW + DAY)
    with pytest.raises(attempts.TooOften):
        attempts.count(desk, "erika@muster.example", "192.0.2.1", NOW + DAY)
    for _ in range(attempts.LIMITS["pair"]):
        attempts.count(desk, "erika@muster.example", "192.0.2.1", NOW)
    with pytest.raises(attempts.TooOften):
        attempts.count(desk, "erika@muster.example", "192.0.2.1", NOW)
    desk.dispose()


def test_a_plan_published_tomorrow_is_followed_today_and_no_interval_is_inside_out(
    database: Settings, owner: Engine, tmp_path: Path
) -> None:
    archive = Archive(database.archive)

    def deliver(name: str) -> None:
        extra = prop("rechtsstand", "4000")
        file = write(tmp_path / "plan.gml", xplangml(plan(name=name, nummer="7", extra=extra)))
        operations.deliver(owner, archive, file)

    deliver("Erste Fassung")
    with owner.begin() as connection:
        connection.execute(text("UPDATE plans.version SET published_at = published_at + interval '1 day'"))
    deliver("Zweite Fassung")
    with owner.connect() as connection:
        first, second = connection.execute(
            text("SELECT name, state, published_at, published_until FROM plans.version ORDER BY version")
        )
    assert (first.state, second.state) == ("superseded", "published")
    assert first.published_at == first.published_until == second.published_at
    with owner.begin() as connection:
        connection.execute(text("UPDATE plans.data_version SET changed_at = changed_at + interval '1 day'"))
    read = reader_engine(database.require_read_url())
    with read.connect() as connection:
        assert connection.scalar(text("SELECT name FROM ogc.plaene")) == "Zweite Fassung"
    made = filing.refresh_downloads(read, database)
    assert "bebauungsplaene" in made, "files wait for stillness, not for tomorrow"
    read.dispose()


def test_a_layer_that_was_read_tomorrow_is_read_again_today(database: Settings, owner: Engine) -> None:
    watch = Watch(owner, LAYERS, Places.of(database))
    watch._round()
    for future in watch._running.values():
        future.result()
    with owner.begin() as connection:
        connection.execute(
            text("""
            UPDATE plans.layer_state SET checked_at = checked_at + interval '1 day', due_at = now() + interval '2 days'
            WHERE layer = 'schulen'""")
        )
    watch._round()
    watch.close()
    with owner.connect() as connection:
        [schulen] = [state for state in life.states(connection) if state.layer == "schulen"]
    assert schulen.checked_at is not None
    assert schulen.checked_at < datetime.now(UTC) + timedelta(minutes=1)


def test_operators_are_told_of_entries_from_the_future(database: Settings, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("SELECT plans.touch_data('schulen')"))
        connection.execute(text("UPDATE plans.data_version SET changed_at = changed_at + interval '1 day'"))
    found = {each.subject: each for each in health.examine(database.require_read_url(), database.data, []).findings}
    assert found["clock"].level is Level.WARNING
    assert "23 Stunden" in found["clock"].text
