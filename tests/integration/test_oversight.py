"""What the overview tells: days that matter, how complete the stock is, what hangs; to whom it concerns."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text

from geoportal import operations, oversight
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Principal, Role
from geoportal.oversight import Due
from geoportal.settings import Settings
from plans_ingest.gemeinden import gemeinde_of
from tests.desk import OTHER, OWN, membership, office
from tests.files import bereich, feature, plan, polygon, prop, write, xplangml
from tests.house import House, housed

TODAY = date(2026, 7, 1)


def made(name: str, nummer: str, rechtsstand: int, *dates: str, drawn: bool = False) -> str:
    extra = prop("rechtsstand", str(rechtsstand)) + "".join(dates)
    use = prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")
    inside = [bereich(), feature("BP_BaugebietsTeilFlaeche", "a", use)] if drawn else []
    return xplangml(plan(name=name, nummer=nummer, extra=extra), *inside)


SATZUNG, KRAFT = prop("satzungsbeschlussDatum", "2025-03-01"), prop("inkrafttretensDatum", "2025-05-01")
AUSLEGUNG = prop("auslegungsStartDatum", "2026-06-15") + prop("auslegungsEndDatum", "2026-07-20")
STOCK = (
    made("Gut", "1", 4000, SATZUNG, KRAFT, drawn=True),
    made("Ohne Tag", "2", 4000),
    made("Liegen geblieben", "3", 3000, SATZUNG),
    made("Ausgelegt", "4", 2400, AUSLEGUNG),
)


@pytest.fixture(scope="module")
def house(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Four public plans that the operator delivered for one Gemeinde, and two deliveries at the desk."""
    with housed(module_database) as found:
        folder = tmp_path_factory.mktemp("stock")
        for number, document in enumerate(STOCK):
            operations.deliver(found.owner, found.archive, write(folder / f"{number}.gml", document), gemeinde_of(OWN))
        planner = found.somebody(Role.PLANNER)
        for name in ("morgen.gml", "haengt.gml"):
            found.deliver(planner, made(name, "9", 2000), name=name)
        with found.owner.begin() as connection:
            connection.execute(
                text("""
            UPDATE plans.upload SET state = 'scheduled', publish_on = '2026-07-02' WHERE filename = 'morgen.gml'""")
            )
            connection.execute(
                text("""
            UPDATE plans.upload SET state = 'checking', attempts = 2, changed_at = now() - interval '1 hour'
            WHERE filename = 'haengt.gml'""")
            )
        yield found


def test_the_nearest_day_comes_first_and_what_is_missing_last(house: House) -> None:
    with acting(house.engine, house.somebody(Role.PUBLISHER)) as connection:
        found = oversight.deadlines(connection, [OWN], TODAY)
    assert [(each.due, each.day, each.name) for each in found] == [
        (Due.SCHEDULED, date(2026, 7, 2), "morgen.gml"),
        (Due.ENDS, date(2026, 7, 20), "Ausgelegt"),
        (Due.NOT_IN_FORCE, date(2025, 3, 1), "Liegen geblieben"),
        (Due.MISSING, found[3].day, "Ohne Tag"),
    ]
    assert oversight.nearest(found)[OWN].due is Due.SCHEDULED


def test_an_auslegung_that_has_not_begun_begins(house: House) -> None:
    with acting(house.engine, house.somebody(Role.PUBLISHER)) as connection:
        found = oversight.deadlines(connection, [OWN], date(2026, 6, 1))
        later = oversight.deadlines(connection, [OWN], date(2026, 7, 21))
    assert (Due.BEGINS, date(2026, 6, 15)) in [(each.due, each.day) for each in found]
    assert "Ausgelegt" not in [each.name for each in later]


def test_the_stock_is_counted_although_the_operator_delivered_it(house: House) -> None:
    with acting(house.engine, house.somebody(Role.PUBLISHER)) as connection:
        stock = oversight.stock(connection, [OWN])[OWN]
    assert (stock.public, stock.drawn, stock.documented, stock.dated) == (4, 1, 0, 3)
    assert stock.share(stock.dated) == 75
    assert sum(stock.levels.values()) == 4


def strangers(house: House) -> Principal:
    return house.somebody(Role.PUBLISHER, OTHER)


def test_a_foreign_gemeinde_learns_of_nothing_that_is_not_public(house: House) -> None:
    with acting(house.engine, strangers(house)) as connection:
        assert oversight.stock(connection, [OWN]) == {}
        assert oversight.hanging(connection, [OWN]) == []
        assert Due.SCHEDULED not in [each.due for each in oversight.deadlines(connection, [OWN], TODAY)]


def test_what_waits_too_long_hangs(house: House) -> None:
    with acting(house.engine, house.somebody(Role.KREIS)) as connection:
        [found] = oversight.hanging(connection, [OWN, OTHER])
    assert (found.filename, found.state, found.attempts) == ("haengt.gml", "checking", 2)


def test_the_kreis_sees_all_on_a_map_and_in_tables(house: House) -> None:
    square = {"type": "Polygon", "coordinates": [[[8.7, 50.7], [8.8, 50.7], [8.8, 50.8], [8.7, 50.8], [8.7, 50.7]]]}
    with house.owner.begin() as connection:
        connection.execute(
            text(
                """
            CREATE VIEW ogc.gemeinden AS SELECT ags, 'Ort ' || ags AS name,
            ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(shape), 4326), ogc.storage_srid()) AS geom
            FROM (VALUES ('06534008', :shape)) AS place (ags, shape)""".replace(":shape", f"'{json.dumps(square)}'")
            )
        )
        connection.execute(text("GRANT SELECT ON ogc.gemeinden TO geoportal_read"))
    with office(house.settings) as opened:
        kreis, publisher = opened.browser(), opened.browser()
        for browser, email, role in (
            (kreis, "karl@x.example", Role.KREIS),
            (publisher, "frieda@x.example", Role.PUBLISHER),
        ):
            opened.hire(email, membership(role))
            assert browser.sign_in(email).status_code == 303
        page = kreis.get("/werkbank/").text
        assert 'aria-label="Ort 06534008: 0 warten"' in page
        assert "02.07.2026: wird veröffentlicht" in page
        assert "haengt.gml" in page
        drawn = kreis.get("/werkbank/?farbe=zeichnung").text
        assert "desk-kreis__place--1" in drawn
        assert "1 von 4" in drawn
        assert kreis.get("/werkbank/?farbe=bunt").status_code == 400
        own = publisher.get("/werkbank/").text
        assert "desk-kreis" not in own
        assert "1 (25 %)" in own
