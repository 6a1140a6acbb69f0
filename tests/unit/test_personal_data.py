"""Values of a layer that may tell of persons are found, and looking for them ends whatever a source sends."""

import time

import pytest

from geoportal.catalogue import read_layer
from geoportal.catalogue.privacy import suspicions
from geoportal.settings import CHECKOUT

LONG = 200_000


@pytest.mark.parametrize(
    ("value", "is_told"),
    [
        ("Fragen an erika.mustermann@mail.example.org, nachmittags", True),
        ("(e.m+test@example.org)", True),
        ("info@example.org", False),
        ("Herr Mustermann hat den Schlüssel", True),
        ("Eingang im Hof, 2. Stock", False),
        # a geometry in figures, in a column of text
        ("01060000" * (LONG // 8), False),
        ("a." * (LONG // 2), False),
        ("a@" + "b." * (LONG // 2), True),
        ("0 12 " + "3 " * (LONG // 2) + "x", True),
        ("Frau " * (LONG // 5), True),
    ],
)
def test_what_tells_of_persons_is_told_and_found_soon(value: str, *, is_told: bool) -> None:
    layer = read_layer(CHECKOUT / "layers" / "teststellen")
    began = time.thread_time()
    assert bool(suspicions(layer, {"ort": [value]})) == is_told
    assert time.thread_time() - began < 1
