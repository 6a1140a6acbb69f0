"""In the demo a participation runs, so that its form can be tried."""

from datetime import date

from sqlalchemy import text

from geoportal import operations, sample_participation, sample_people
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import CHECKOUT, Settings

TODAY = date(2026, 11, 26)


def test_a_newcomer_finds_a_participation_that_runs_for_a_month(database: Settings) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    sample = CHECKOUT / "data/sample/plaene/06534008_ebsdorfergrund_satzung14.zip"
    operations.deliver(engine, Archive(database.archive), sample)
    sample_participation.announce(engine, TODAY)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ogc.beteiligungen")) == 0, "nobody is there to announce it"
    sample_people.welcome(engine, database)
    for _ in range(2):  # at the next start not once more
        sample_participation.announce(engine, TODAY)
    with engine.connect() as connection:
        [row] = connection.execute(text("SELECT state, beginn, ende, online FROM ogc.beteiligungen")).all()
    assert tuple(row) == ("bekannt", TODAY, date(2026, 12, 28), True)
    for day in (date(2026, 12, 28), date(2026, 12, 29)):  # its last day, and the day after
        sample_participation.announce(engine, day)
    with engine.connect() as connection:
        days = connection.execute(text("SELECT beginn, ende FROM ogc.beteiligungen ORDER BY beginn")).all()
    assert [tuple(each) for each in days][1:] == [(date(2026, 12, 29), date(2027, 1, 29))]
    engine.dispose()
