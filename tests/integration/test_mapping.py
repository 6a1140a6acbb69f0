"""A table whose columns nobody has explained yet: seen, guessed, said once, and read so from then on."""

import io
import json
from collections.abc import Iterator, Mapping

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import mapping, operations, workflow
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import NotAllowed, Role
from geoportal.operations import NotFound
from geoportal.settings import Settings
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Planwerk
from tests.desk import OTHER, OWN
from tests.house import House, housed


@pytest.fixture(scope="module")
def house(module_database: Settings) -> Iterator[House]:
    with housed(module_database) as opened:
        yield opened


def table(*rows: Mapping[str, object]) -> str:
    square = [[[8.75, 50.75], [8.76, 50.75], [8.76, 50.76], [8.75, 50.76], [8.75, 50.75]]]
    features = [
        {"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": square}} for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


ROWS = (
    {
        "Plan_Nr": "12",
        "Bezeichnung": "Am Hang",
        "Zustand": "rechtskraeftig seit",
        "Art": "Qualif. Plan",
        "Tag": "01.04.2024",
    },
    {"Plan_Nr": "13", "Bezeichnung": "Am Tal", "Zustand": "im Gange", "Art": "Qualif. Plan", "Tag": ""},
)


def test_a_mapping_is_said_once_and_holds_from_then_on(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.deliver(planner, table(*ROWS), name="bestand.geojson")
    operations.process(house.owner, house.archive, number)
    found = mapping.look(house.engine, house.archive, planner, number)
    columns = {each.column.name: each for each in found.columns}
    assert columns["Zustand"].column.words == ("rechtskraeftig seit", "im Gange")
    assert {name: (each.meaning, each.is_said) for name, each in columns.items()} == {
        "Plan_Nr": ("nummer", False),
        "Bezeichnung": ("name", False),
        "Zustand": ("rechtsstand", False),
        "Art": ("", False),
        "Tag": ("", False),
    }
    meanings = {"Plan_Nr": "nummer", "Bezeichnung": "name", "Zustand": "rechtsstand", "Art": "planart", "Tag": "-"}
    mapping.save(house.engine, planner, number, meanings, {})
    asked = mapping.look(house.engine, house.archive, planner, number)
    words = {(each.feld, each.word): each.codes[Planwerk.BEBAUUNGSPLAN] for each in asked.words}
    assert words["planart", "Qualif. Plan"] == (None, False)
    meanings["Tag"] = "inkrafttretens_datum"
    said = {
        "rechtsstand": {"BP": {"rechtskraeftig seit": 4000, "im Gange": 2000}},
        "planart": {"BP": {"Qualif. Plan": 10001, "10001": 10001}},
    }
    mapping.save(house.engine, planner, number, meanings, said)
    again = mapping.read_again(house.engine, house.archive, planner, number)
    assert house.one(number).state.value == "withdrawn"
    operations.process(house.owner, house.archive, again)
    with house.owner.connect() as connection:
        rows = connection.execute(
            text("""SELECT name, nummer, rechtsstand, planart, inkrafttretens_datum::text AS tag FROM plans.version
                    WHERE delivery_id = :id ORDER BY nummer"""),
            {"id": house.one(again).delivery_id},
        ).all()
    assert [tuple(row) for row in rows] == [
        ("Am Hang", "12", 4000, [10001], "2024-04-01"),
        ("Am Tal", "13", 2000, [10001], None),
    ]
    manifest = mapping.manifest(house.engine, planner, OWN)
    assert manifest is not None
    assert manifest["columns"]["Zustand"] == "rechtsstand"
    assert manifest["planart"]["BP"] == {"Qualif. Plan": 10001}, "what is official needs no saying"
    place = {"ags": OWN, "name": "A", "typ": "Gemeinde", "plz": "35085", "sitz": {"lon": 8.8, "lat": 50.7}}
    read_back = yaml.safe_load(yaml.safe_dump(place | {"lieferung": manifest}))
    assert Gemeinde.model_validate(read_back).lieferung is not None


def test_the_operators_delivery_is_read_so_too(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    from plans_ingest.gemeinden import gemeinde_of

    file = tmp_path_factory.mktemp("table") / "bestand.geojson"
    row = dict(ROWS[0], Plan_Nr="99")
    file.write_text(table(row), "utf-8")
    done = operations.deliver(house.owner, house.archive, file, gemeinde_of(OWN))
    assert [each.name for each in done.outcomes] == ["Am Hang"]
    assert done.outcomes[0].is_published


def test_the_words_of_one_gemeinde_cannot_be_made_those_of_another(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    with house.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.profile"))
        connection.execute(
            text("INSERT INTO desk.profile (ags, profile, changed_by) VALUES (:ags, '{}', :account)"),
            {"ags": OWN, "account": planner.account_id},
        )
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|row-level security"),
        acting(house.engine, planner) as connection,
    ):
        connection.execute(text("UPDATE desk.profile SET ags = :other"), {"other": OTHER})
    with house.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.profile"))


def test_only_who_may_edit_says_what_columns_mean(house: House) -> None:
    deliverer = house.somebody(Role.OFFICE, OWN, "deliverer")
    data = table(ROWS[0]).encode()
    number = workflow.deliver(house.engine, house.archive, deliverer, OWN, "t.geojson", io.BytesIO(data), len(data))
    wrong = []
    for role in Role:
        for ags in (OWN, OTHER):
            try:
                mapping.save(house.engine, house.somebody(role, ags), number, {"Tag": "-"}, {})
                done = True
            except (NotAllowed, NotFound):
                done = False
            if done != (role is Role.KREIS or (role is Role.PLANNER and ags == OWN)):
                wrong.append((role.value, ags, done))
    assert wrong == []
    mapping.save(house.engine, deliverer, number, {"Tag": "-"}, {})
    with pytest.raises(ValueError):
        mapping.save(house.engine, deliverer, number, {"Tag": "geheim"}, {})
    with pytest.raises(ValueError):
        mapping.save(house.engine, deliverer, number, {"Tag": "planart"}, {"planart": {"XX": {"a": 1}}})
