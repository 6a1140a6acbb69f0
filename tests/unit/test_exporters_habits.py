"""What programs write into XPlanGML beside the book: understood where only one thing can be meant, and told."""

from pathlib import Path

import pytest

from plans_ingest.errors import UnreadableFile
from tests.files import GEMEINDE, bereich, feature, plan, polygon, prop, xplangml
from tests.reading import details, only, read_text


@pytest.mark.parametrize("kind", ["MultiPoint", "MultiCurve", "MultiGeometry"])
def test_a_collection_of_nothing_is_no_geometry(tmp_path: Path, kind: str) -> None:
    nothing = f'<gml:{kind} srsName="EPSG:25832"/>'
    batch = read_text(tmp_path, xplangml(plan(), feature("BP_GruenFlaeche", "o", prop("position", nothing))))
    [objekt] = only(batch).objekte
    assert objekt.geometry is None
    assert details(batch, "geometry_empty") == [kind]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda text: text[: len(text) // 2], "bricht mitten im Dokument ab"),
        (lambda text: text.replace("Am Hang", "Haupt & Neben"), "&amp;"),
        (lambda text: text.replace("Am Hang", "Hauptstra&szlig;e"), "das Zeichen selbst"),
        (lambda text: text.replace("</xplan:nummer>", "</xplan:nr>"), "unter anderem Namen geschlossen"),
        (lambda text: text.replace("xplan:nummer>", "xp:nummer>"), "nirgends erklärt"),
        (lambda text: text + "<mehr/>", "nach dem Ende"),
        (lambda text: text.replace("UTF-8", "UTF-16"), "nicht die der Datei"),
    ],
)
def test_what_is_no_xml_is_explained_in_german_with_the_line(tmp_path: Path, broken: object, said: str) -> None:
    assert callable(broken)
    with pytest.raises(UnreadableFile) as refused:
        read_text(tmp_path, broken(xplangml(plan())))
    assert said in str(refused.value)
    assert refused.value.where is not None
    assert refused.value.where.line


@pytest.mark.parametrize("klasse", ["BP_Plan", "FP_Plan"])
def test_a_plan_alone_is_read_as_a_wfs_gives_it(tmp_path: Path, klasse: str) -> None:
    declared = 'xmlns:xplan="http://www.xplanung.de/xplangml/5/4" xmlns:gml="http://www.opengis.net/gml/3.2"'
    alone = plan(klasse=klasse).replace(f"<xplan:{klasse} ", f"<xplan:{klasse} {declared} ", 1)
    assert only(read_text(tmp_path, alone)).name == "Am Hang"


@pytest.mark.parametrize("href", ["#{}", "plan.gml#{}", "{}"])
def test_a_link_means_its_object_with_the_name_of_the_file_and_without_its_sign(tmp_path: Path, href: str) -> None:
    features = [plan(name="Am Hang"), plan("zweiter", name="Im Tal", nummer="6")]
    for number, owner in enumerate(["plan", "zweiter"]):
        part = bereich(f"b{number}", "X").replace("#X", href.format(owner))
        holder = f'<xplan:gehoertZuBereich xlink:href="{href.format(f"b{number}")}"/>'
        area = feature("BP_GruenFlaeche", f"o{number}", prop("position", polygon()) + holder)
        features += [part, area]
    batch = read_text(tmp_path, xplangml(*features))
    assert {found.name: [each.gml_id for each in found.objekte] for found in batch.plans} == {
        "Am Hang": ["o0"],
        "Im Tal": ["o1"],
    }
    assert details(batch, "reference_dangling") == []


def test_a_link_written_as_an_address_is_found(tmp_path: Path) -> None:
    part = bereich("Bereich_ä").replace("#plan", "#Pl%C3%A4n")
    assert len(only(read_text(tmp_path, xplangml(plan("Plän"), part))).bereiche) == 1


def test_a_link_into_another_file_is_told(tmp_path: Path) -> None:
    part = bereich().replace("#plan", "nachbar.gml#woanders")
    assert details(read_text(tmp_path, xplangml(plan(), part)), "reference_dangling") == [
        "gehoertZuPlan → nachbar.gml#woanders"
    ]


def test_a_truth_value_in_other_words_is_told(tmp_path: Path) -> None:
    area = feature("BP_GruenFlaeche", "o", prop("position", polygon()) + prop("flaechenschluss", "ja"))
    batch = read_text(tmp_path, xplangml(plan(), area))
    assert details(batch, "value_mistyped") == ["flaechenschluss = 'ja'"]
    [kept] = only(batch).objekte
    assert kept.attribute["flaechenschluss"] == "ja"


def test_a_second_outline_is_told(tmp_path: Path) -> None:
    twice = plan(extra=prop("raeumlicherGeltungsbereich", polygon("0 0 10 0 10 10 0 10 0 0")))
    assert details(read_text(tmp_path, xplangml(twice)), "attribute_repeated") == ["raeumlicherGeltungsbereich (2 ×)"]


def test_a_value_said_to_be_nothing_is_no_mistake(tmp_path: Path) -> None:
    nothing = '<xplan:flaechenschluss xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    area = feature("BP_GruenFlaeche", "o", prop("position", polygon()) + nothing)
    batch = read_text(tmp_path, xplangml(plan(), area))
    assert details(batch, "value_mistyped") == []


@pytest.mark.parametrize("written", ["BP_PlanArt.1000", "BP_PlanArt:1000", "https://example.org/BP_PlanArt/1000"])
def test_a_code_behind_the_name_of_its_list_is_that_code(tmp_path: Path, written: str) -> None:
    batch = read_text(tmp_path, xplangml(plan(planart=written, gemeinde=GEMEINDE)))
    assert only(batch).planart == (1000,)
    assert len(details(batch, "code_by_word")) == 1
