"""What may be filled in of a plan by hand, and what the rules say of it."""

from typing import Any

import pytest

from geoportal.editing import fields
from geoportal.editing.fields import Unfit
from plans_ingest.model import Planwerk

BP, FP = Planwerk.BEBAUUNGSPLAN, Planwerk.FLAECHENNUTZUNGSPLAN


def needed(planwerk: Planwerk, rechtsstand: int | None) -> set[str]:
    return {field.name for field in fields.fields_of(planwerk, rechtsstand) if field.is_needed}


def test_only_what_the_procedure_has_reached_is_asked_for() -> None:
    always = {"name", "planart", "rechtsstand"}
    assert needed(BP, None) == always
    assert needed(BP, 1000) == always | {"aufstellungsbeschluss_datum"}
    in_kraft = {"aufstellungsbeschluss_datum", "auslegungen", "satzungsbeschluss_datum", "ausfertigungs_datum"}
    assert needed(BP, 4000) == always | in_kraft | {"inkrafttretens_datum"}
    assert "untergangs_datum" not in needed(BP, 45000), "partly repealed is still in force"
    assert "untergangs_datum" in needed(BP, 50001)
    assert {"wirksamkeits_datum", "genehmigungs_datum"} <= needed(FP, 4000)
    assert "inkrafttretens_datum" not in {field.name for field in fields.fields_of(FP, 4000)}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"rechtsstand": "4711"}, "rechtsstand"),
        ({"rechtsstand": True}, "rechtsstand"),
        ({"planart": ["1000", "x"]}, "planart"),
        ({"planart": "1000"}, "planart"),
        ({"inkrafttretens_datum": "31.12.2024"}, "inkrafttretens_datum"),
        ({"inkrafttretens_datum": "0001-01-01"}, "inkrafttretens_datum"),
        ({"wirksamkeits_datum": "2024-01-01"}, "wirksamkeits_datum"),
        ({"name": "x" * 301}, "name"),
        ({"name": " \u202e "}, "name"),
        ({"auslegungen": [{"start": "2024-01-01", "mehr": 1}]}, "auslegungen"),
        ({"version": 7}, "version"),
    ],
    ids=str,
)
def test_what_no_plan_can_say_is_refused_by_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        fields.checked(BP, given)
    assert set(refused.value.faults) == {field}


def test_values_are_kept_as_a_file_would_have_given_them() -> None:
    given = {
        "planart": ["1000", "1000"],
        "rechtsstand": "4000",
        "verfahren": "",
        "auslegungen": [{"start": "", "ende": ""}],
    }
    assert fields.checked(BP, given) == {"planart": [1000], "rechtsstand": 4000, "verfahren": None, "auslegungen": []}


def test_dates_are_held_against_each_other_as_in_a_delivery() -> None:
    values = {"rechtsstand": 4000, "satzungsbeschluss_datum": "2024-05-01", "inkrafttretens_datum": "2024-04-01"}
    assert [issue.code for issue in fields.findings(BP, values)] == ["dates_out_of_order"]
    reversed_period = [{"start": "2024-05-01", "ende": "2024-04-01"}]
    with pytest.raises(Unfit, match="endet"):
        fields.require_sound(BP, {"name": "A", "planart": [1000], "auslegungen": reversed_period})
