"""The answer to "what applies here?" as programs get it."""

from datetime import date

import pytest

from geoportal.hier import Answer, Lage, Place, as_document
from geoportal.places import Coordinates

AT = Coordinates.of_utm(493_500, 5_630_000)
ADDRESS = "Bahnhofstraße 12, 35274 Kirchhain"
PARCEL = "Gemarkung Langenstein, Flur 3, Flurstück 12/4"


def answer(place: Place, lage: Lage = Lage.BETEILIGT) -> Answer:
    return Answer(place, lage, None, binding=(), preparing=(), coming=(), unknown=(), former=(), near=())


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (Place(AT, "Bahnhofstraße 12", "35274 Kirchhain", "", named=True), (ADDRESS, True, None)),
        (Place(AT, PARCEL, "", "", is_area=True, named=True), (None, True, PARCEL)),
        (Place(AT, ADDRESS, PARCEL, ""), (ADDRESS, False, PARCEL)),
        (Place(AT, "", "", ""), (None, False, None)),
    ],
)  # fmt: skip
def test_an_address_is_no_parcel_and_a_parcel_no_address(
    place: Place, told: tuple[str | None, bool, str | None]
) -> None:
    ort = as_document(answer(place), date(2026, 1, 1), "de")["ort"]
    assert isinstance(ort, dict)
    assert (ort["adresse"], ort["genau"], ort["flurstueck"]) == told


def test_without_a_plan_the_law_is_named_only_where_the_portal_can_know() -> None:
    place = Place(AT, "", "", "")
    paragraphs = [as_document(answer(place, lage), date(2026, 1, 1), "de")["ohne_bebauungsplan"] for lage in Lage]
    assert paragraphs == [["§ 34 BauGB", "§ 35 BauGB"], None, None]
