"""Columns and words: what a profile knows is understood, what none knows is told, and nothing is guessed."""

import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pydantic
import pyogrio
import pytest
import xlsxwriter
from shapely.geometry import MultiPolygon

from plans_ingest import profiles, templates
from plans_ingest.formats.recognise import VECTORS
from plans_ingest.formats.vector import fields, workbook
from plans_ingest.gemeinden import Gemeinde
from plans_ingest.model import Level, Planwerk, Severity
from tests.files import ORIGIN
from tests.reading import details, only, read
from tests.tables import ROW, SQUARE, drawing, far, parts, table, zipped

BAYERN = {
    "PLANID": "bp_5", "NAME": "Am Hang", "NUMMER": "5", "PLANART": 2000, "RECHTSSTA": 4000, "AUFSTELLUN": "01.02.2018",
    "INKRAFTTRE": "2019-03-01", "GKZ": "6534008", "STADT": "Ebsdorfergrund", "AENDERID": "bp_1", "ERSTELLUNG": 1000,
    "BEGRURL": "https://example.org/b.pdf",
}  # fmt: skip
OWN: dict[str, Any] = {
    "ags": "06534008", "name": "Ebsdorfergrund", "typ": "Gemeinde", "plz": "35085", "sitz": {"lon": 8.8, "lat": 50.7},
    "lieferung": {
        "title": "Bauamt Ebsdorfergrund",
        "columns": {"BPLAN_NR": "nummer", "BEZEICHNG": "name", "ART": "planart", "STATUS": "rechtsstand", "PDF": 1010},
        "rechtsstand": {"i. V.": 2000},
        "planart": {"BP": {"einf.": 10000}},
        "ebenen": ["0815-*"],
    },
}  # fmt: skip


def test_the_bavarian_schema(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "bplan.shp", [BAYERN]))
    found = only(batch)
    assert (found.internal_id, found.nummer, found.planart, found.rechtsstand) == ("bp_5", "5", (10001,), 4000)
    assert (found.aufstellungsbeschluss_datum, found.inkrafttretens_datum) == (date(2018, 2, 1), date(2019, 3, 1))
    assert (found.ags, found.erstellungsmassstab) == ("06534008", 1000)
    assert [(bezug.art, bezug.nummer) for bezug in found.bezuege] == [("aendert", "bp_1")]
    assert [(dokument.typ, dokument.url) for dokument in found.dokumente] == [(1010, "https://example.org/b.pdf")]
    assert "Bayerisches" in details(batch, "profile_used")[0]
    assert details(batch, "ags_zero_lost") == ["6534008"]


def test_the_bavarian_schema_of_a_flaechennutzungsplan(tmp_path: Path) -> None:
    row = {
        "NUMMER": "1",
        "NAME": "FNP",
        "PLANART": 1000,
        "WIRKSAMKEI": "2019-03-01",
        "PLANBESCHL": "2018-03-01",
        "GKZ": "06534008",
    }
    batch = read(table(tmp_path / "x.shp", [row]))
    assert (only(batch).planwerk, only(batch).planart) == (Planwerk.FLAECHENNUTZUNGSPLAN, (1000,))
    assert details(batch, "planwerk_assumed") == ["FP"]


def test_a_number_means_what_its_profile_says_and_no_other(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.shp", [BAYERN | {"PLANART": 9999}]))
    assert only(batch).planart == ()
    assert only(batch).attribute["PLANART"] == 9999
    assert details(batch, "word_unknown") == ["planart = '9999'"]


@pytest.mark.parametrize("word", ["4000", "In Kraft getreten", "in kraft GETRETEN", "rechtskräftig", "InKraftGetreten"])
def test_words_of_the_official_list_and_of_offices(tmp_path: Path, word: str) -> None:
    assert only(read(table(tmp_path / "p.gpkg", [ROW | {"rechtsstan": word}]))).rechtsstand == 4000


@pytest.mark.parametrize("word", ["i. V.", "in Arbeit", "4001", "-1", "4000.5"])
def test_no_word_is_guessed(tmp_path: Path, word: str) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW | {"rechtsstan": word}]))
    assert only(batch).rechtsstand is None
    assert only(batch).attribute["rechtsstan"] == word
    assert details(batch, "word_unknown") == [f"rechtsstand = {word!r}"]


def test_what_is_told_names_the_row_and_its_plan(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW, ROW | {"nummer": "6", "rechtsstan": "?"}], [SQUARE, far()]))
    [issue] = [issue for issue in batch.report.issues if issue.code == "word_unknown"]
    assert (issue.where.line, issue.plan) == (2, "6")


def test_an_unknown_column_is_told_with_the_nearest_known_name(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW | {"rechtstand": "4000", "xyz": "1", "shape_area": 7.5}]))
    assert details(batch, "column_unknown") == ["rechtstand (ähnlich: rechtsstand)", "xyz"]
    assert only(batch).attribute == {"rechtstand": "4000", "xyz": "1"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019-03-01", date(2019, 3, 1)), ("01.03.2019", date(2019, 3, 1)), ("1.3.2019", date(2019, 3, 1)),
        ("20190301", date(2019, 3, 1)), (20190301, date(2019, 3, 1)), (43525, date(2019, 3, 1)),
        ("2019-03-01T00:00:00", date(2019, 3, 1)), ("2019/03/01", date(2019, 3, 1)), ("01.03.19", None),
        ("2019", None), (2019, None), ("31.02.2019", None), ("bald", None), (True, None),
    ],
)  # fmt: skip
def test_dates_are_read_where_they_can_mean_one_day_only(value: Any, expected: date | None) -> None:
    assert fields.parse_date(value) == expected


def test_the_manifest_of_a_gemeinde_names_its_columns_and_words(tmp_path: Path) -> None:
    gemeinde = Gemeinde.model_validate(OWN)
    row = {
        "BPLAN_NR": "7",
        "BEZEICHNG": "Bahnhof",
        "ART": "einf.",
        "STATUS": "i. V.",
        "PDF": "https://example.org/x.pdf",
    }
    batch = read(table(tmp_path / "p.shp", [row]), gemeinde)
    found = only(batch)
    assert (found.nummer, found.name, found.planart, found.rechtsstand) == ("7", "Bahnhof", (10000,), 2000)
    assert (found.ags, found.level) == ("06534008", Level.PUBLISHABLE)
    assert details(batch, "profile_used") == ["Bauamt Ebsdorfergrund"]


def test_its_words_hold_in_the_template_too(tmp_path: Path) -> None:
    batch = read(table(tmp_path / "p.gpkg", [ROW | {"rechtsstan": "i. V."}]), Gemeinde.model_validate(OWN))
    assert only(batch).rechtsstand == 2000


def test_its_layers_of_a_drawing(tmp_path: Path) -> None:
    file = tmp_path / "p.dxf"
    file.write_text(drawing(("0815-Grenze", [(0, 0), (9, 0), (9, 9)], True)))
    assert only(read(file, Gemeinde.model_validate(OWN))).geltungsbereich is not None


@pytest.mark.parametrize("change", [{"columns": {"A": "farbe"}}, {"spalten": {}}, {"rechtsstand": {"x": "viel"}}])
def test_a_manifest_refuses_what_it_does_not_know(change: Mapping[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Gemeinde.model_validate(OWN | {"lieferung": {"title": "x"} | dict(change)})


@pytest.mark.parametrize("name", ["vorlage", "bayern"])
def test_codes_of_the_shipped_profiles_are_official(name: str) -> None:
    profile = profiles.shipped(name)
    for feld in ("planart", "rechtsstand", "verfahren"):
        for planwerk, words in getattr(profile, feld).items():
            for word in words:
                assert profiles.code_of(profile, feld, Planwerk(planwerk), word) is not None


def test_the_template_as_geopackage_filled_in_by_gdal_is_the_right_plan(tmp_path: Path) -> None:
    file = templates.write(templates.Kind.GPKG, tmp_path / "vorlage.gpkg")
    assert {name for name, _ in pyogrio.list_layers(file)} == {"plaene", "objekte", "werte"}
    row = {
        "planwerk": "BP",
        "nummer": "5",
        "name": "Am Hang",
        "ags": "06534008",
        "planart": "1000",
        "rechtsstand": "4000",
    }
    row |= {"inkrafttretens_datum": "2019-03-01", "begruendung": "https://example.org/b.pdf"}
    append(file, "plaene", row, MultiPolygon([SQUARE]))
    append(
        file,
        "objekte",
        {"plan": "5", "klasse": "BP_BaugebietsTeilFlaeche", "code": "1200", "beschriftung": "WA"},
        SQUARE,
    )
    batch = read(file)
    found = only(batch)
    assert (found.name, found.planart, found.rechtsstand, found.level) == ("Am Hang", (1000,), 4000, Level.PUBLISHABLE)
    assert found.inkrafttretens_datum == date(2019, 3, 1)
    [objekt] = found.objekte
    assert (objekt.klasse, objekt.attribute["besondereArtDerBaulNutzung"]) == ("BP_BaugebietsTeilFlaeche", "1200")
    assert [issue.code for issue in batch.report.issues if issue.severity is not Severity.INFO] == []


def test_the_template_explains_itself_in_the_geopackage(tmp_path: Path) -> None:
    file = templates.write(templates.Kind.GPKG, tmp_path / "v.gpkg")
    connection = sqlite3.connect(file)
    told = dict(
        connection.execute("SELECT column_name, description FROM gpkg_data_columns WHERE table_name = 'plaene'")
    )
    columns = {row[1] for row in connection.execute("PRAGMA table_info(plaene)")} - {"fid", "geom"}
    assert set(told) == columns
    assert all(told.values())
    assert ("rechtsstand", "BP", "4000", "In Kraft getreten") in set(
        connection.execute("SELECT spalte, planwerk, code, text FROM werte")
    )
    connection.close()


def test_the_template_as_shapefile(tmp_path: Path) -> None:
    file = templates.write(templates.Kind.SHP, tmp_path / "v.shp")
    assert file.suffix == ".zip"
    empty = geopandas.read_file(f"zip://{file}")
    row = dict(
        zip(("PLANWERK", "NUMMER", "NAME", "AGS", "PLANART"), ("BP", "5", "Am Hang", "06534008", "BPlan"), strict=True)
    )
    assert set(row) <= set(empty.columns)
    filled = table(tmp_path / "voll.shp", [dict.fromkeys(empty.columns.drop("geometry"), "") | row])
    assert only(read(filled)).level is Level.PUBLISHABLE


def test_the_template_as_workbook_joins_a_geometry_file_by_number(tmp_path: Path) -> None:
    file = templates.write(templates.Kind.XLSX, tmp_path / "v.xlsx")
    heads = workbook.read(file, "v.xlsx").columns
    rows: list[dict[str, str | int]] = [
        {"planwerk": "BP", "nummer": "5", "name": "Am Hang", "ags": "06534008", "planart": "1000",
         "inkrafttretens_datum": 43525},
        {"planwerk": "BP", "nummer": "Nr. 6", "name": "Unten", "ags": "06534008", "planart": "1000"},
        {"planwerk": "BP", "nummer": "7", "name": "Ohne Umring", "ags": "06534008", "planart": "1000"},
    ]  # fmt: skip
    filled = tmp_path / "voll.xlsx"
    with xlsxwriter.Workbook(filled) as book:
        sheet = book.add_worksheet("plaene")
        sheet.write_row(0, 0, heads)
        for number, row in enumerate(rows, start=1):
            for name, value in row.items():
                sheet.write(number, heads.index(name), value)
    table(tmp_path / "u.shp", [{"NUMMER": "5"}, {"NUMMER": "6"}], [SQUARE, far()])
    batch = read(zipped(tmp_path / "u.shp", parts(tmp_path / "u.shp") | {"voll.xlsx": filled.read_bytes()}))
    assert {found.nummer: (found.name, found.level) for found in batch.plans} == {
        "5": ("Am Hang", Level.PUBLISHABLE),
        "6": ("Unten", Level.PUBLISHABLE),
    }
    assert batch.plans[0].inkrafttretens_datum == date(2019, 3, 1)
    assert details(batch, "outline_missing") == ["7"]


def test_a_drawing_takes_its_attributes_from_the_row_of_its_name(tmp_path: Path) -> None:
    filled = tmp_path / "v.xlsx"
    with xlsxwriter.Workbook(filled) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["nummer", "name", "ags", "planart"])
        sheet.write_row(1, 0, ["5", "Am Hang", "06534008", "1000"])
        sheet.write_row(2, 0, ["6", "Unten", "06534008", "1000"])
    outline = drawing(("Geltungsbereich", [(0, 0), (100, 0), (100, 100)], True))
    batch = read(zipped(tmp_path / "d.dxf", {"Nr. 6.dxf": outline.encode(), "v.xlsx": filled.read_bytes()}))
    assert (only(batch).name, only(batch).level) == ("Unten", Level.PUBLISHABLE)


def test_a_filled_in_file_is_never_written_over(tmp_path: Path) -> None:
    file = templates.write(templates.Kind.XLSX, tmp_path / "v.xlsx")
    with pytest.raises(FileExistsError):
        templates.write(templates.Kind.XLSX, file)


def append(file: Path, layer: str, row: Mapping[str, Any], shape: Any) -> None:
    frame = geopandas.GeoDataFrame([row], geometry=[shape], crs=25832)
    frame.to_file(file, layer=layer, driver="GPKG", engine="pyogrio", mode="a")
    assert ORIGIN[0] <= shape.bounds[0]


def test_the_document_explains_every_column_and_format() -> None:
    text = Path("docs/plan-formats.md").read_text("utf-8")
    for name, column in profiles.shipped("vorlage").columns.items():
        assert f"| `{name}` | `{column.kurz}` | {'ja' if column.pflicht else ''} | {column.hilfe} |" in text
    for kind in VECTORS:
        assert kind.value in text


def test_columns_of_the_template_fit_a_shapefile() -> None:
    short = [column.kurz for column in profiles.shipped("vorlage").columns.values()]
    assert None not in short
    assert len(set(short)) == len(short)
