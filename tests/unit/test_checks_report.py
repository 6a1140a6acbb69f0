"""Reports for other people, and `geoportal check FILE` that writes them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result

from geoportal.cli import main
from tests.files import archive, feature, link, plan, polygon, prop, write, xplangml

ROOT = Path(__file__).parents[2]
NAME = 'Am <b>Hang</b> & "Tal"'
FAULTY = xplangml(
    plan(name=NAME.replace("&", "&amp;").replace("<", "&lt;")),
    feature("BP_Bereich", "b", prop("nummer", "0") + link("gehoertZuPlan", "plan")),
    feature(
        "BP_GruenFlaeche",
        "o",
        link("gehoertZuBereich", "b") + prop("position", polygon("0 0 200 0 200 100 0 100 0 0 0 0"))
        + prop("flaechenschluss", "true"),
    ),
)  # fmt: skip
CLEAN = xplangml(plan(planart="10000"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        main, ["check", *map(str, arguments)], env={"GEOPORTAL_DATABASE_URL": "", "XPLAN_SCHEMAS": ""}
    )


def test_a_clean_file_ends_with_0_and_a_faulty_one_with_1(tmp_path: Path) -> None:
    assert run(write(tmp_path / "clean.gml", CLEAN)).exit_code == 0
    result = run(write(tmp_path / "faulty.gml", FAULTY))
    assert result.exit_code == 1
    assert "FEHLER 2.2.3.1 objekt_outside: " in result.output
    assert "Stufen A B" in result.output


def test_what_lies_in_collections_of_collections_is_drawn_and_an_empty_one_is_not(tmp_path: Path) -> None:
    point = '<gml:Point srsName="EPSG:25832"><gml:pos>480050 5630050</gml:pos></gml:Point>'
    shape = point + point.replace("480050", "480060")
    for _ in range(4):
        members = "".join(f"<gml:geometryMember>{part}</gml:geometryMember>" for part in (shape, ""))
        shape = f'<gml:MultiGeometry srsName="EPSG:25832">{members}</gml:MultiGeometry>'
    objects = [
        feature("BP_GruenFlaeche", f"g{number}", prop("position", each))
        for number, each in enumerate((shape, '<gml:MultiGeometry srsName="EPSG:25832"/>'))
    ]
    file = write(tmp_path / "nested.gml", xplangml(plan(), *objects))
    assert isinstance(run(file, "--report", tmp_path / "out").exception, SystemExit | None)
    page = (tmp_path / "out" / "nested.gml.html").read_text("utf-8")
    assert page.count("l6,6m0,-6l-6,6") >= 2
    _, _, points, _ = pyogrio.raw.read(tmp_path / "out" / "nested.gml.gpkg", layer="befunde_punkte")
    assert shapely.get_num_geometries(shapely.from_wkb(points)).tolist() == [2]


@pytest.mark.parametrize(
    "content", [b"", b"\0\xff", b"<a", b"PK\x03\x04", b"%PDF-1.7", b"{}", b"<?xml version='1.0'?><!DOCTYPE a><a/>"]
)
def test_whatever_the_file_is_there_is_a_sentence_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "plan.gml"
    file.write_bytes(content)
    result = run(file, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "NICHT LESBAR" in result.output
    found = json.loads((tmp_path / "out" / "plan.gml.json").read_text("utf-8"))
    validator().validate(found)
    assert found["readable"] is False


def test_without_files_it_checks_the_installation_as_before() -> None:
    result = run()
    assert result.exit_code == 1
    assert "GEOPORTAL_DATABASE_URL" in result.output


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(write(tmp_path / "p.gml", CLEAN), "--report", tmp_path / "file" / "out")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_a_folder_of_schemas_that_is_none(tmp_path: Path) -> None:
    file = write(tmp_path / "p.gml", CLEAN)
    result = CliRunner().invoke(main, ["check", str(file)], env={"XPLAN_SCHEMAS": str(tmp_path / "nowhere")})
    assert result.exit_code == 1
    assert "XPLAN_SCHEMAS" in result.output


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_json_follows_its_schema_and_carries_the_geometry(tmp_path: Path) -> None:
    files = [write(tmp_path / "a.gml", FAULTY), archive(tmp_path / "b.zip", {"xplan.gml": CLEAN}), tmp_path / "c.gml"]
    files[2].write_bytes(b"nothing")
    result = run(*files, "--format", "json")
    assert result.exit_code == 1
    faulty, clean, unreadable = json.loads(result.output)
    for each in (faulty, clean, unreadable):
        validator().validate(each)
    assert [each["readable"] for each in (faulty, clean, unreadable)] == [True, True, False]
    [finding] = [each for each in faulty["findings"] if each["code"] == "objekt_outside"]
    assert (finding["rule"], finding["gml_id"], finding["plan"]) == ("2.2.3.1", "o", "plan")
    assert finding["line"] > 1
    assert shapely.from_geojson(json.dumps(finding["geometry"])).area == pytest.approx(9999.8, abs=0.1)
    assert faulty["plans"][0]["levels"] == ["A", "B"]
    assert clean["counts"]["errors"] == 0


def test_geopackage_has_the_findings_as_layers(tmp_path: Path) -> None:
    run(write(tmp_path / "p.gml", FAULTY), "--report", tmp_path / "out")
    file = tmp_path / "out" / "p.gml.gpkg"
    layers = dict(pyogrio.list_layers(file))
    assert layers == {
        "befunde_flaechen": "MultiPolygon",
        "befunde_linien": "MultiLineString",
        "befunde_punkte": "MultiPoint",
        "befunde_ohne_ort": None,
        "geltungsbereiche": "MultiPolygon",
    }
    meta, _, geometry, values = pyogrio.raw.read(file, layer="befunde_flaechen")
    rows = [dict(zip(meta["fields"], row, strict=True)) for row in zip(*values, strict=True)]
    assert meta["crs"] == "EPSG:25832"
    [row] = [row for row in rows if row["code"] == "objekt_outside"]
    assert (row["regel"], row["schwere"], row["gml_id"]) == ("2.2.3.1", "error", "o")
    assert row["zeile"] > 1
    assert all(shapely.is_valid(shapely.from_wkb(geometry)))
    points = pyogrio.read_info(file, layer="befunde_punkte")
    assert points["features"] == 1, "the double point"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_stands_alone_and_shows_where(tmp_path: Path) -> None:
    run(write(tmp_path / "p.gml", FAULTY), "--report", tmp_path / "out")
    text = (tmp_path / "out" / "p.gml.html").read_text("utf-8")
    page = Page(text)
    names = [name for name, _ in page.tags]
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert not re.search(r"(?:https?:)?//[a-z]", text.replace("http-equiv", "")), "no other host"
    assert NAME not in text, "what a file says is text, never markup"
    assert "Am &lt;b&gt;Hang&lt;/b&gt; &amp; &quot;Tal&quot;" in text
    assert ("html", {"lang": "de"}) in page.tags
    rows = {attributes["id"] for name, attributes in page.tags if name == "tr" and "id" in attributes}
    targets = {str(attributes["href"])[1:] for name, attributes in page.tags if name == "a"}
    assert targets
    assert targets <= rows
    assert names.count("svg") == 1
    assert {"caption", "thead", "h1", "h2", "main"} <= set(names)


def test_two_files_of_one_name_get_two_reports(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    files = [write(tmp_path / folder / "p.gml", CLEAN) for folder in ("a", "b")]
    run(*files, "--report", tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").glob("*.json")} == {"p.gml.1.json", "p.gml.2.json"}
