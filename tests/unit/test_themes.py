"""What the map makes of the catalogue's manifests."""

import shutil
from pathlib import Path

import pytest

from geoportal.catalogue import Layer, Words
from geoportal.web.errors import PortalSetupError
from geoportal.web.themes import Catalogue, for_script, headings, symbol
from tests.ogc import LAYERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LAYERS, tmp_path / "layers"))


def add_brunnen(folder: Path, text: str = "") -> None:
    shutil.copytree(folder / "schulen", folder / "trinkbrunnen")
    manifest = folder / "trinkbrunnen" / "layer.yml"
    manifest.write_text(
        manifest.read_text("utf-8")
        .replace("id: schulen", "id: trinkbrunnen")
        .replace("theme: bildung\ntheme_title: {de: Bildung, en: Education}\n", "theme: stadt_natur\n")
        + text,
        "utf-8",
    )


def test_schools_are_a_theme_and_plans_are_not(folder: Path) -> None:
    assert [layer.id for layer in Catalogue(folder).themes()] == ["schulen"]


def test_a_new_folder_is_a_new_theme_without_a_restart(folder: Path) -> None:
    catalogue = Catalogue(folder)
    assert len(catalogue.themes()) == 1
    add_brunnen(folder)
    schools, wells = catalogue.themes()
    assert (schools.id, wells.id) == ("schulen", "trinkbrunnen")
    assert headings([schools, wells], "de") == {"bildung": "Bildung", "stadt_natur": "Stadt Natur"}


def test_a_mistake_in_a_manifest_leaves_the_themes_that_were_read_before(folder: Path) -> None:
    catalogue = Catalogue(folder)
    before = catalogue.themes()
    add_brunnen(folder, text="\nfarbe: blau\n")
    assert catalogue.themes() == before


def test_a_mistake_in_a_theme_does_not_keep_the_map_from_starting(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_brunnen(folder, text="\nfarbe: blau\n")
    assert [layer.id for layer in Catalogue(folder).themes()] == ["schulen"]
    assert "farbe: unbekannter Schlüssel" in caplog.text


def test_a_mistake_in_a_layer_of_the_map_itself_is_told_at_the_start(folder: Path) -> None:
    manifest = folder / "planinhalte" / "layer.yml"
    manifest.write_text(manifest.read_text("utf-8") + "\nfarbe: blau\n", "utf-8")
    with pytest.raises(PortalSetupError, match="farbe"):
        Catalogue(folder).layers()


def test_the_map_cannot_be_without_its_own_layers(folder: Path) -> None:
    shutil.rmtree(folder / "planinhalte")
    with pytest.raises(PortalSetupError, match="planinhalte"):
        Catalogue(folder).layers()


def test_a_category_takes_from_the_layer_what_it_does_not_say(folder: Path) -> None:
    layer = Catalogue(folder).layers()["bebauungsplaene"]
    drawn = symbol(layer, "in_aufstellung")
    assert drawn["dash"]
    assert drawn["width"] == layer.style.width
    assert symbol(layer)["dash"] is None


def test_legal_states_differ_in_more_than_colour(folder: Path) -> None:
    layer = Catalogue(folder).layers()["bebauungsplaene"]
    dashes = [symbol(layer, category.value)["dash"] for category in layer.style.categories]
    assert len(set(dashes)) == len(dashes) == 4


def test_a_theme_is_drawn_on_the_map_as_the_one_source_of_styles_says(folder: Path) -> None:
    told = for_script(Catalogue(folder).layers()["schulen"], "de")
    assert told["popup"][0] == "name"
    assert told["title"] == "Schulen"
    [rule] = told["rules"]
    assert rule["point"] == [{"disc": "#7a1fa2", "radius": 7.0, "stroke": "#ffffff", "width": 1.5, "growth": None}]
    outlines = for_script(Catalogue(folder).layers()["bebauungsplaene"], "en")
    assert {"status": "in_kraft"} in [rule["when"] for rule in outlines["rules"]]


def test_a_theme_is_drawn_from_the_zoom_at_which_its_scale_is_reached(folder: Path) -> None:
    add_brunnen(folder)
    manifest = folder / "trinkbrunnen" / "layer.yml"
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace("style: {", "style: {scale: {farthest: 60000}, label: name, "), "utf-8")
    schools, wells = Catalogue(folder).themes()
    assert (for_script(schools, "de")["label"], for_script(wells, "de")["label"]) == (None, "name")
    assert for_script(schools, "de")["minZoom"] == 0
    # at zoom 12 a screen at 51° N shows 1:86 000, at zoom 13 1:43 000
    assert 12 < for_script(wells, "de")["minZoom"] < 13


def test_a_theme_stands_in_the_tree_as_the_first_of_its_layers_spells_it() -> None:
    def layer(theme: str, title: Words | None = None) -> Layer:
        return Layer.model_construct(theme=theme, theme_title=title)

    words = Words(de="Mobilität", en="Mobility")
    layers = [layer("mobilitaet"), layer("mobilitaet", words), layer("mobilitaet", Words(de="Anders", en="Other"))]
    assert headings([*layers, layer("neue_energie")], "de") == {
        "mobilitaet": "Mobilität",
        "neue_energie": "Neue Energie",
    }
    assert headings(layers, "en") == {"mobilitaet": "Mobility"}
