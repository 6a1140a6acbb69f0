"""When two deliveries are the same plan, and when they say the same."""

from dataclasses import replace

import pytest
from shapely.geometry import MultiPolygon, Point, box

from plans_ingest.model import Bereich, GemeindeRef, Plan, Planobjekt, Planwerk

PLAN = Plan(
    gml_id="x",
    planwerk=Planwerk.BEBAUUNGSPLAN,
    xplan_version="5.4",
    name="Am Hang",
    nummer="5",
    gemeinden=(GemeindeRef("06534008"),),
    geltungsbereich=MultiPolygon([box(0, 0, 1, 1)]),
)


@pytest.mark.parametrize(
    "change",
    [
        {"nummer": "Nr. 5"},
        {"nummer": " 5 "},
        {"name": "Am Hang (neu gezeichnet)"},
        {"gml_id": "y"},
        {"xplan_version": "6.0"},
        {"rechtsstand": 4000},
    ],
)
def test_the_address_survives(change: dict[str, object]) -> None:
    assert replace(PLAN, **change).id == PLAN.id  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"nummer": "6"},
        {"nummer": "5, 1. Änderung"},
        {"name": "Am Hang, 1. Änderung"},
        {"gemeinden": (GemeindeRef("06534001"),)},
        {"gemeinden": (GemeindeRef("06534008", None, "Dreihausen"),)},
        {"planwerk": Planwerk.FLAECHENNUTZUNGSPLAN},
    ],
)
def test_another_plan_has_another_address(change: dict[str, object]) -> None:
    assert replace(PLAN, **change).id != PLAN.id  # type: ignore[arg-type]


@pytest.mark.parametrize("spelling", ["5 - 2. Änd.", "5 (2. Aenderung)", "5, 2. vereinfachte Änderung"])
def test_spellings_of_an_aenderung_are_one(spelling: str) -> None:
    assert replace(PLAN, nummer=spelling).id == replace(PLAN, nummer="5, 2. Änderung").id


def test_the_address_of_a_known_plan_never_changes() -> None:
    assert str(PLAN.id) == "62268820-ccac-53f4-8e2d-c3d64340fac9"


def test_the_fingerprint_sees_content_not_order() -> None:
    a, b = (Planobjekt("BP_HoehenMass", name, None, Point(i, 0)) for i, name in enumerate("ab"))
    plan = replace(PLAN, objekte=(a, b))
    assert plan.fingerprint() == replace(PLAN, objekte=(b, a)).fingerprint()
    assert plan.fingerprint() != replace(PLAN, objekte=(a,)).fingerprint()
    assert plan.fingerprint() != replace(PLAN, objekte=(a, replace(b, geometry=Point(1, 0.001)))).fingerprint()


def test_a_new_export_with_new_ids_says_the_same() -> None:
    objekt = Planobjekt("BP_GruenFlaeche", "o1", "b1", Point(0, 0), attribute={"refTextInhalt": ["#t1"]})
    first = replace(PLAN, bereiche=(Bereich("b1", "0", None, None),), objekte=(objekt,))
    again = replace(objekt, gml_id="o9", bereich="b9", attribute={"refTextInhalt": ["#t9"]})
    second = replace(PLAN, gml_id="p9", bereiche=(Bereich("b9", "0", None, None),), objekte=(again,))
    assert first.fingerprint() == second.fingerprint()
    moved = replace(second, bereiche=(Bereich("b9", "1", None, None),))
    assert first.fingerprint() != moved.fingerprint()
