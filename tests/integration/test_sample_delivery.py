"""The demo's desk is not empty: something waits there to be looked at and published."""

from sqlalchemy import text

from geoportal import deliveries, operations, sample_delivery, sample_people
from geoportal.database import owner_engine
from geoportal.settings import Settings


def test_a_newcomer_finds_a_report_with_findings_and_something_to_publish(database: Settings) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    assert sample_delivery.leave(engine, database) is None, "nobody is there who could have delivered it"
    sample_people.welcome(engine, database)
    number = sample_delivery.leave(engine, database)
    assert number is not None
    with engine.connect() as connection:
        found = deliveries.one(connection, number)
        assert found is not None
        assert found.state.value == "in_review"
        codes = connection.scalars(text("SELECT code FROM plans.issue WHERE severity <> 'info'")).all()
        assert "rechtsstand_without_date" in codes
    assert sample_delivery.leave(engine, database) is None, "at the next start it is not left once more"
    engine.dispose()
