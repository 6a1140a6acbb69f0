"""Groups of plan contents are named in four places; they must not drift apart."""

import re

from geoportal.settings import CHECKOUT
from geoportal.web.words import GRUPPE
from plans_ingest import codelists

STATIC = CHECKOUT / "geoportal" / "web" / "static"
# Präsentationsobjekte are labels of other objects: the map does not draw them, the plan's page does not list them.
NOT_DRAWN = {"praesentation"}


def groups() -> set[str]:
    klassen = {klasse for version in codelists.VERSIONS for klasse in codelists.classes(version)}
    return {codelists.class_group(klasse) for klasse in klassen} - NOT_DRAWN


def test_every_group_is_known_to_the_pages() -> None:
    assert groups() == {gruppe.partition("-")[0] for gruppe in GRUPPE}


def test_every_group_has_a_colour_and_a_swatch() -> None:
    style = (STATIC / "css" / "map.css").read_text("utf-8")
    assert set(re.findall(r"^  --gruppe-([\w-]+):", style, re.MULTILINE)) == GRUPPE
    assert set(re.findall(r"^\.gruppe--([\w-]+) \{", style, re.MULTILINE)) | {"sonstiges"} == GRUPPE


def test_every_group_has_a_place_in_the_order_of_drawing() -> None:
    script = (STATIC / "js" / "contents.js").read_text("utf-8")
    found = re.search(r"const ORDER = \[(.*?)\];", script, re.DOTALL)
    assert found is not None
    assert set(re.findall(r'"(\w+)"', found[1])) == groups()
