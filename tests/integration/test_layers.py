"""From a folder with a manifest to a table, a view and a collection; and nothing is lost when a source fails."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import geopandas
import pytest
import xlsxwriter
from shapely.geometry import MultiPolygon, Point, Polygon
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import operations
from geoportal.catalogue import Reason, SourceError, read_layer
from geoportal.catalogue.rows import read
from geoportal.layers.life import check, states
from geoportal.layers.reading import Reading
from geoportal.layers.tables import lock, replace_rows
from geoportal.ogc import service
from geoportal.ogc.app import create_ogc
from geoportal.opening_hours import BERLIN
from tests.files import write
from tests.fountains import CSV, MANIFEST, Home


def test_a_csv_becomes_typed_public_rows_and_unnamed_columns_stay_private(home: Home) -> None:
    result = home.sync()
    assert (result.rows, result.unnamed, result.fault) == (2, ("Telefon",), None)
    assert "Telefon" in str(result)
    assert home.public("id, nr, name, liter, seit, offen, ST_X(geom), ST_Y(geom), ST_SRID(geom)") == [
        (1, 1, "Marktplatz", 2.5, date(2019, 5, 31), True, 483000.25, 5628000.75, 25832),
        (2, 2, 'Am "Tor"; Süd', None, date(2020, 6, 1), False, 483100.0, 5628100.0, 25832),
    ]


def test_the_reader_sees_the_view_and_not_the_table(home: Home) -> None:
    home.sync()
    with home.reader.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT * FROM layers.brunnen"))


def test_the_table_has_a_key_and_a_spatial_index(home: Home) -> None:
    home.sync()
    with home.engine.connect() as connection:
        indexes = connection.scalars(text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'layers'")).all()
    assert sorted("gist" if "gist (geom)" in each else each.rsplit("btree ")[-1] for each in indexes) == [
        "(nr)",
        "gist",
    ]


def test_another_sync_replaces_the_rows_and_readers_never_wait(home: Home) -> None:
    home.sync()
    with home.reader.begin() as reading:
        reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        assert reading.scalar(text("SELECT count(*) FROM ogc.brunnen")) == 2
        home.data(CSV.replace("1;Marktplatz", "3;Marktplatz") + "4;Vier;;;;483000;5628000;\n")
        assert home.sync().rows == 3  # while somebody reads
        assert reading.scalar(text("SELECT count(*) FROM ogc.brunnen")) == 2
    assert home.public("id") == [(2,), (3,), (4,)]


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("31.05.2019", "31.02.2019", "no date"),
        ("\n2;", "\n1;", "Schlüssel doppelt / key occurs twice: nr 1"),
        (CSV.split("\n", 1)[1], "", "0 Zeilen, erwartet / rows, expected 1–5"),
    ],
)
def test_a_broken_source_leaves_the_old_rows(home: Home, good: str, bad: str, said: str) -> None:
    home.sync()
    before = home.public()
    assert good in CSV
    home.data(CSV.replace(good, bad, 1))
    result = home.sync()
    assert result.rows is None
    assert said in (result.fault or "")
    assert home.public() == before
    with home.engine.connect() as connection:
        [state] = states(connection)
    assert (state.is_stale, state.reason, state.rows) == (True, Reason.UNEXPECTED, 2)
    with home.reader.connect() as connection:
        row = connection.execute(text("SELECT ist_veraltet, fault_kind FROM ogc.layer_state")).one()
    assert tuple(row) == (True, "unexpected")
    home.data(CSV)
    assert home.sync().fault is None
    with home.engine.connect() as connection:
        assert [state.is_stale for state in states(connection)] == [False]


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("2,5", "viel", "kein Wert der Art / no number: Zeile / row 2: 'viel'"),
        ("31.05.2019", "05/31/2019", "no date"),
        (";ja;", ";vielleicht;", "no boolean"),
        ("\n2;", "\n;", "Schlüssel nr ist leer"),
        ("\n2;", "\nzwei;", "no integer"),
        ("Liter", "Menge", "Spalten fehlen / columns missing: Liter"),
        (";X;", ";Rechtswert;", "Spalten fehlen / columns missing: X"),
        ("483000,25", "Marburg", "nicht lesbar / not readable: brunnen.csv: X: keine Zahl / no number: Zeile / row 2"),
        ("483000,25", "5628900,0", "x und y vertauscht, oder falsches `crs`?"),
        (";Liter;", ";LITER;", "gemeint ist wohl / probably meant: LITER"),
        (CSV, CSV.replace(";", "\t"), "`separator` stimmt wohl nicht"),
        ("Marktplatz", "MarktplÃ¤tze", "Umlaute falsch gelesen, `encoding` angeben"),
        ('Süd"', "Süd", "Zeile / row 3: ein Anführungszeichen wird nicht geschlossen"),
        ("483000,25;5628000,75", "483000,25;5628000,75;1;2", "mehr Werte als Spalten"),
        (CSV, "", "die Datei ist leer"),
        ("483000,25", "inf", "Geometrie ungültig"),
        (CSV, "\x00\xff", "nicht lesbar"),
    ],
)
def test_a_fault_in_a_source_is_told_with_its_place(tmp_path: Path, good: str, bad: str, said: str) -> None:
    (tmp_path / "brunnen").mkdir()
    write(tmp_path / "brunnen" / "layer.yml", MANIFEST)
    file = write(tmp_path / "brunnen.csv", CSV.replace(good, bad, 1))
    with pytest.raises(SourceError) as caught:
        list(read(read_layer(tmp_path / "brunnen"), file))
    assert said in str(caught.value)


def test_empty_rows_of_a_spreadsheet_are_no_rows(home: Home) -> None:
    home.data(CSV.replace("\n2;", "\n;;;;;;;\n\n2;") + ";;;;;;;\n")
    assert home.sync().rows == 2


def test_a_check_finds_keys_that_occur_twice(home: Home) -> None:
    home.data(CSV.replace("\n2;", "\n1;"))
    assert "Schlüssel doppelt / key occurs twice: nr 1" in (check(home.layer(), home.places).fault or "")


def test_a_file_that_is_nearly_named_is_guessed(home: Home) -> None:
    home.manifest(MANIFEST.replace("brunnen.csv", "Brunnen.csv"))
    assert "gemeint ist wohl / probably meant: brunnen.csv" in (home.sync().fault or "")


def test_a_workbook_is_read_by_its_sheet_with_dates_as_an_office_writes_them(home: Home) -> None:
    noon = 45474 + 12.5 / 24  # 1 July 2024, 12:30, as a workbook keeps it
    rows = [["Nr", "Seit", "Zeit", "X", "Y"], [1, date(2024, 5, 1), noon, 483000.5, 5628000]]
    with xlsxwriter.Workbook(home.folder / "data" / "brunnen.xlsx", {"default_date_format": "dd.mm.yyyy"}) as workbook:
        workbook.add_worksheet("Hinweise").write(0, 0, "Stand Mai")
        sheet = workbook.add_worksheet("Brunnen 2024")
        for number, row in enumerate([*rows, [2, "02.05.2024", "1.7.2024 14:00", "483001,5", "5628000"]]):
            sheet.write_row(number, 0, row)
    source = 'source: {path: data/brunnen.xlsx, layer: Brunnen 2024, decimal: ",", x: X, y: Y, crs: EPSG:25832}'
    fields = dedent("""\
        geometry: Point
        key: nr
        fields:
          nr: {type: integer, source: Nr, label: {de: Nummer, en: Number}}
          seit: {type: date, source: Seit, label: {de: Seit, en: Since}}
          zeit: {type: datetime, source: Zeit, label: {de: Zeit, en: Time}}
    """)
    home.manifest(MANIFEST.split("source:")[0] + f"{source}\n{fields}")
    assert home.sync().fault is None
    assert home.public("seit, zeit, ST_X(geom)") == [
        (date(2024, 5, 1), datetime(2024, 7, 1, 10, 30, tzinfo=UTC), 483000.5),
        (date(2024, 5, 2), datetime(2024, 7, 1, 12, 0, tzinfo=UTC), 483001.5),
    ]
    home.manifest(MANIFEST.split("source:")[0] + f"{source.replace('2024', '2023')}\n{fields}")
    assert "vorhanden: Hinweise, Brunnen 2024" in (home.sync().fault or "")


def test_a_missing_file_and_a_broken_layer_hinder_no_other(home: Home) -> None:
    home.manifest(MANIFEST.replace("id: brunnen", "id: anderes").replace("brunnen.csv", "fehlt.csv"), "anderes")
    settings = replace(home.settings, home=home.folder)
    results = operations.sync_layers(home.engine, settings)
    assert [(result.layer, result.rows) for result in results] == [("anderes", None), ("brunnen", 2)]
    assert "Datei fehlt" in (results[0].fault or "")


def test_a_changed_manifest_makes_the_table_anew(home: Home) -> None:
    home.sync()
    fewer = "".join(line for line in MANIFEST.splitlines(keepends=True) if "liter:" not in line)
    home.manifest(fewer.replace("nr: {type: integer", "nr: {type: text"))
    result = home.sync()
    assert set(result.unnamed) == {"Liter", "Telefon"}
    assert home.public("id, name") == [("1", "Marktplatz"), ("2", 'Am "Tor"; Süd')]


def test_a_layer_cannot_take_the_name_of_a_view_of_the_plans(home: Home) -> None:
    home.manifest(MANIFEST.replace("id: brunnen", "id: plandokumente"), "plandokumente")
    assert "der Name ist vergeben" in (home.sync("plandokumente").fault or "")
    assert home.sync().fault is None
    assert home.public("count(*) OVER ()", "brunnen") == [(2,), (2,)]


def test_a_source_in_another_crs_and_of_single_polygons_fits(home: Home) -> None:
    square = Polygon([(8.7, 50.8), (8.7, 50.9), (8.8, 50.9), (8.8, 50.8)])  # clockwise
    frame = geopandas.GeoDataFrame(
        {
            "nr": [1, 2, 3],
            "aktuell": [datetime(2026, 1, 31, 12, tzinfo=UTC), None, None],
            "mehr": ['{"a": [1]}', None, None],
        },
        geometry=[square, MultiPolygon([square]), None],
        crs=4326,
    )
    frame.to_file(home.folder / "data" / "flaechen.gpkg")
    home.manifest(
        MANIFEST.split("source:")[0]
        + dedent("""\
            source: {path: data/flaechen.gpkg}
            geometry: MultiPolygon
            key: nr
            fields:
              nr: {type: integer, label: {de: Nummer, en: Number}}
              aktuell: {type: datetime, label: {de: Stand, en: As of}}
              mehr: {type: json, label: {de: Mehr, en: More}}
        """)
    )
    assert home.sync().fault is None
    rows = home.public("aktuell, mehr, GeometryType(geom), round(ST_Area(geom)), ST_IsPolygonCCW(geom)")
    assert rows[0][:3] == (datetime(2026, 1, 31, 12, tzinfo=UTC), {"a": [1]}, "MULTIPOLYGON")
    assert rows[0][3:] == rows[1][3:]
    assert rows[0][4] is True
    assert rows[2] == (None, None, None, None, None)


def test_geometries_of_another_kind_are_refused(home: Home) -> None:
    frame = geopandas.GeoDataFrame({"nr": [1, 2]}, geometry=[Point(0, 0), Point(1, 1).buffer(1)], crs=25832)
    frame.to_file(home.folder / "data" / "gemischt.geojson", driver="GeoJSON")
    fields = "fields:\n  nr: {type: integer, label: {de: Nummer, en: Number}}\n"
    home.manifest(
        MANIFEST.split("source:")[0] + f"source: {{path: data/gemischt.geojson}}\ngeometry: Point\nkey: nr\n{fields}"
    )
    assert "Polygon statt / instead of Point" in (home.sync().fault or "")


def test_an_odd_source_is_read_by_its_own_function(home: Home) -> None:
    write(
        home.folder / "layers" / "brunnen" / "load.py",
        dedent("""\
            import geopandas

            def load(source):
                values = dict(pair.split("=") for pair in source.read_text("utf-8").split())
                frame = {"Nr": [7], "Name": [values["name"]], "Liter": [None], "Seit": [None], "Offen": [True]}
                return geopandas.GeoDataFrame(frame, geometry=geopandas.points_from_xy([483000], [5628000]), crs=25832)
        """),
    )
    home.data("name=Rathaus")
    assert home.sync().fault is None
    assert home.public("id, name, offen") == [(7, "Rathaus", True)]


def test_a_second_layer_is_one_more_folder_in_the_running_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LOOK_AGAIN_SECONDS", 0.0)
    home.sync()
    client = create_ogc(home.settings, home.folder / "layers").test_client()
    assert client.get("/collections/baenke/items").status_code == 404
    home.manifest(MANIFEST.replace("id: brunnen", "id: baenke").replace("brunnen.csv", "baenke.csv"), "baenke")
    home.data(CSV, "baenke.csv")
    home.sync("baenke")
    read = json.loads(client.get("/collections/baenke/items?offen=true").data)
    assert [item["properties"]["name"] for item in read["features"]] == ["Marktplatz"]
    assert json.loads(client.get("/collections/baenke").data)["itemCount"] == 2


def test_a_source_that_has_not_changed_makes_no_work_and_a_changed_one_only_for_what_differs(home: Home) -> None:
    home.sync()
    before = data_version(home)
    assert (home.sync().written, data_version(home)) == (None, before)
    home.data(CSV)  # written anew, with the same content
    assert (home.sync().written, data_version(home)) == (0, before)
    home.data(CSV.replace("2,5", "3,5"))
    assert home.sync().written == 1
    assert data_version(home) != before
    assert home.public("id, liter") == [(1, 3.5), (2, None)]


def data_version(home: Home) -> int:
    with home.reader.connect() as connection:
        found: int = connection.execute(
            text("SELECT version FROM ogc.data_version WHERE collection = 'brunnen'")
        ).scalar_one()
    return found


def test_an_internal_field_never_reaches_the_public_view(home: Home) -> None:
    home.sync()
    home.manifest(MANIFEST.replace("offen: {type: boolean,", "offen: {type: boolean, visibility: internal,"))
    assert home.sync().fault is None
    with home.engine.connect() as connection:
        assert connection.scalars(text("SELECT offen FROM layers.brunnen ORDER BY nr")).all() == [True, False]
        names = connection.scalars(text("SELECT attname FROM pg_attribute WHERE attrelid = 'ogc.brunnen'::regclass"))
        assert set(names) >= {"id", "liter", "geom"}
    with home.reader.connect() as connection, pytest.raises(ProgrammingError, match="does not exist"):
        connection.execute(text("SELECT offen FROM ogc.brunnen"))


def test_what_does_not_hold_today_is_not_public(home: Home) -> None:
    today = datetime.now(BERLIN).date()
    days = {name: (today + timedelta(days=step)).isoformat() for name, step in (("g", -1), ("h", 0), ("m", 1))}
    rows = ("1;{g};{g}", "2;{g};{h}", "3;{h};", "4;{m};", "5;;{m}", "6;;")
    home.data("Nr;Von;Bis;X;Y\n" + "".join(f"{row};483000;5628000\n".format(**days) for row in rows))
    head, _ = MANIFEST.split("fields:")
    home.manifest(
        head
        + dedent("""\
            fields:
              nr: {type: integer, source: Nr, label: {de: Nummer, en: Number}}
              von: {type: date, source: Von, label: {de: von, en: from}}
              bis: {type: date, source: Bis, label: {de: bis, en: until}}
            time: {start: von, end: bis, only_current: true}
        """)
    )
    assert home.sync().rows == 6
    assert home.public("id") == [(2,), (3,), (5,), (6,)]


def test_only_named_values_of_a_column_are_taken(home: Home) -> None:
    home.manifest(MANIFEST.replace("crs: EPSG:25832}", 'crs: EPSG:25832, only: {Offen: ["ja"]}}'))
    assert home.sync().rows == 1


def test_search_fields_and_filters_get_their_indexes_and_lose_them(home: Home) -> None:
    home.manifest(MANIFEST + "search: [name]\ntime: {start: seit}\n")
    home.sync()
    assert purposes(home) == {"search name", "filter seit"}
    home.manifest(MANIFEST)
    home.sync()
    assert purposes(home) == set()


def purposes(home: Home) -> set[str]:
    query = """SELECT obj_description(indexrelid, 'pg_class') FROM pg_index
        WHERE indrelid = 'layers.brunnen'::regclass AND obj_description(indexrelid, 'pg_class') IS NOT NULL"""
    with home.engine.connect() as connection:
        return set(connection.scalars(text(query)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('weg')", "load.py: KeyError"),
        ("import os; os._exit(3)", "das Lesen ist abgebrochen"),
        ("import os; os.kill(os.getppid(), 9)", "PermissionError"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("bytearray(3 * 1024**3)", "MemoryError"),
        ("return 'nichts'", "keinen GeoDataFrame"),
    ],
)
def test_a_broken_loader_hurts_only_its_layer(home: Home, body: str, said: str) -> None:
    write(home.folder / "layers" / "brunnen" / "load.py", f"def load(source):\n    {body}\n")
    assert said in (home.sync().fault or "")


def test_two_syncs_at_once_end_in_one_stock(home: Home) -> None:
    home.sync()
    with ThreadPoolExecutor(2) as threads:
        with home.engine.begin() as first:
            lock(first, "brunnen")
            replace_rows(first, home.layer(), Reading(home.layer(), home.folder / "data" / "brunnen.csv"))
            second = threads.submit(home.sync)
            with pytest.raises(TimeoutError):  # it waits for the first to end
                second.result(timeout=0.5)
        assert second.result(timeout=120).fault is None
    assert home.public("id") == [(1,), (2,)]
