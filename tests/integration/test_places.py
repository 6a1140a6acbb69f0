"""Official files in, and the search over them: on a real PostgreSQL, through the reader's role."""

from collections.abc import Iterator
from pathlib import Path

import geopandas
import pytest
from shapely.geometry import Polygon, box
from sqlalchemy import Connection, text

from geoportal import operations, places
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.places.importing import import_file
from geoportal.places.tables import ImportFault
from geoportal.settings import Settings
from tests.files import plan, write, xplangml

KIRCHHAIN, EBSDORFERGRUND, MARBURG = "06534011", "06534008", "06534014"


def hk_line(number: int, ags: str, street: str, house: str, place: str, part: str = "", x: float = 492_000) -> str:
    """A line of the official file: 18 fields, east with its zone, decimal comma."""
    land, bezirk, kreis, gemeinde = ags[:2], ags[2], ags[3:5], ags[5:]
    digits, letter = house.rstrip("abc"), house.lstrip("0123456789")
    east = f"{32_000_000 + x:.3f}".replace(".", ",")
    key = f"N;DEHE{number:012};A;{land};{bezirk};{kreis};{gemeinde};0000;00100"
    return f"{key};{digits};{letter};{east};5630000,000;{street};35274;{place};;{part}"


@pytest.fixture(scope="module")
def found_in(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder = tmp_path_factory.mktemp("official")
    engine = owner_engine(module_database.require_database_url())
    operations.prepare(engine)
    lines = [
        hk_line(1, KIRCHHAIN, "Bahnhofstraße", "12", "Kirchhain"),
        hk_line(2, KIRCHHAIN, "Bahnhofstraße", "12a", "Kirchhain"),
        hk_line(3, KIRCHHAIN, "Bahnhofstraße", "120", "Kirchhain"),
        hk_line(4, MARBURG, "Bahnhofstraße", "12", "Marburg"),
        hk_line(5, KIRCHHAIN, "Marburger Straße", "3", "Kirchhain", "Langenstein", 493_500),
        hk_line(6, KIRCHHAIN, "Straße des 17. Juni", "5", "Kirchhain"),
        hk_line(7, KIRCHHAIN, "Öhrchenweg", "1", "Kirchhain"),
        "N;DEHE7;A;06;5;34;011;0000;1;keine;;32492000,0;5630000,0;Kaputt;35274;Kirchhain;;",
    ]
    file = folder / "hk.txt"
    file.write_text("\n".join(lines), "latin-1")
    done = import_file(engine, "addresses", file)
    assert (done.rows, done.left_out) == (7, 1)
    assert "Zeile / line 8" in done.faults[0]
    parcels = geopandas.GeoDataFrame(
        {
            "flstkennz": ["061234003000120004", "061234003000120005"],
            "gemarkung": ["Langenstein"] * 2,
            "gemaschl": ["061234"] * 2,
            "gmdschl": [KIRCHHAIN] * 2,
            "flur": ["Flur 3"] * 2,
            "flstnrzae": ["12"] * 2,
            "flstnrnen": ["4", "5"],
        },
        geometry=[box(493_500, 5_630_000, 493_520, 5_630_030), box(493_520, 5_630_000, 493_540, 5_630_030)],
        crs="EPSG:25832",
    )
    parcels.to_file(folder / "alkis.gpkg")
    assert import_file(engine, "parcels", folder / "alkis.gpkg").rows == 2
    plans = write(folder / "plan.gml", xplangml(plan("p", name="Am Bahnhof", nummer="17")))
    operations.deliver(engine, Archive(module_database.archive), plans)
    engine.dispose()
    reader = reader_engine(module_database.require_read_url())
    with reader.connect() as connection:
        yield connection
    reader.dispose()


def titles(connection: Connection, question: str) -> list[str]:
    return [hit.title for hit in places.search(connection, question)]


@pytest.mark.parametrize(
    "question",
    [
        "Bahnhofstraße 12 Kirchhain",
        "bahnhofstr. 12, Kirchhain",
        "Bahnhof Str 12 35274 kirchhain",
        "Kirchhain Bahnhofstrasse 12",
        "BAHNHOFSTRASSE 12 KIRCHHAIN",
        "Banhofstraße 12 Kirchain",
        "Bahnhofstr.12-14 Kirchhain",
        "Bahnhofstraße 12 - 14, D-35274 Kirchhain",
        "Bahnhofstr. 12/14 Kirchhain",
        "Bahnhofstraße Nr. 12, 35274 Kirchhain",
        "12 Bahnhofstraße Kirchhain",
        "Kirchhain, Bahnhofstr12",
        "Stadt Kirchhain, Bahnhof-Strasse 12",
        "Bahnhofstraße 12, 35274 Kirchhain, Deutschland",
    ],
)
def test_an_address_is_found_however_it_is_spelt(found_in: Connection, question: str) -> None:
    first = places.search(found_in, question)[0]
    assert (first.kind, first.title, first.detail) == ("adresse", "Bahnhofstraße 12", "35274 Kirchhain")
    assert first.key == "DEHE000000000001"


def test_the_very_house_comes_before_its_neighbours(found_in: Connection) -> None:
    expected = ["Bahnhofstraße 12", "Bahnhofstraße 12a", "Bahnhofstraße 120"]
    assert titles(found_in, "Bahnhofstr 12 Kirchhain") == expected
    assert titles(found_in, "Bahnhofstr 12 a Kirchhain")[0] == "Bahnhofstraße 12a"


def test_an_import_of_addresses_has_a_number_of_its_own(found_in: Connection) -> None:
    number = text("SELECT version FROM ogc.data_version WHERE collection = 'adressen'")
    assert found_in.scalar(number) == 1


def test_a_number_in_the_name_of_a_street_is_no_house_number(found_in: Connection) -> None:
    assert titles(found_in, "Straße des 17. Juni 5")[0] == "Straße des 17. Juni 5"


def test_umlauts_may_be_written_out_or_left_away(found_in: Connection) -> None:
    for question in ("Öhrchenweg", "Oehrchenweg", "Ohrchenweg", "öhrch"):
        assert titles(found_in, question)[0] == "Öhrchenweg"


def test_the_larger_place_comes_first(found_in: Connection) -> None:
    kinds = [hit.kind for hit in places.search(found_in, "Kirchhain")]
    assert kinds[0] == "gemeinde"
    assert {"ortsteil", "strasse"} & set(kinds[1:])
    assert [hit.kind for hit in places.search(found_in, "Marburg")][:2] == ["gemeinde", "strasse"]
    for question in ("Stadt Kirchhain", "kirchain", "Kirchhein"):
        assert places.search(found_in, question)[0].kind == "gemeinde", question


def test_a_gemeinde_that_takes_no_part_is_found_by_its_addresses(found_in: Connection) -> None:
    [first, *_] = places.search(found_in, "Marburg")
    assert (first.kind, first.key) == ("gemeinde", MARBURG)


def test_plans_are_found_by_name_number_and_kind(found_in: Connection) -> None:
    for question in ("Am Bahnhof", "Bebauungsplan 17", "BPlan Nr. 17", "am bahnhoff"):
        assert "Am Bahnhof" in titles(found_in, question), question


@pytest.mark.parametrize(
    "question",
    [
        "Gemarkung Langenstein Flur 3 Flurstück 12/4",
        "Langenstein, Flur 3, 12/4",
        "Langenstein 3 12/4",
        "langenstein flst 12/4",
        "061234003000120004",
        "061234003000120004__",
        "061234-003-00012/0004",
        "06 1234 3 12/4",
        "Flur 3 Flurstück 12/4, Langenstein",
        "12/4 Flur 3 Langenstein",
        "Gmk. Langenstein Fl.3 Flst.12/4",
        "Gemarkung Langenstein, Flur-Nr. 3, Flurstück-Nr. 12 / 4",
        "Kirchhain-Langenstein, Flur 3, Nr. 12/4",
        "langenstein flur3 flst12/4",
        "Langenstein, 3, 12/4",
        "Langenstein 3-12/4",
        "Flur 3 Flurstück 12/4",
        "Gemarkung Langestein Flur 3 Flurstück 12/4",
    ],
)
def test_a_parcel_is_found_by_what_the_land_register_calls_it(found_in: Connection, question: str) -> None:
    first = places.search(found_in, question)[0]
    assert first.title == "Gemarkung Langenstein, Flur 3, Flurstück 12/4"


def test_of_a_parcel_that_is_not_there_the_gemarkung_is_found(found_in: Connection) -> None:
    for question in (
        "Gemarkung Langenstein Flur 3 Flurstück 99/1",
        "Langenstein Flur 9 Nr. 12/4",
        "Flst. 99 Langenstein",
    ):
        hits = places.search(found_in, question)
        assert "gemarkung" in {hit.kind for hit in hits}, question
        assert not {"adresse", "flurstueck"} & {hit.kind for hit in hits}, question


def test_a_place_has_its_parcel_and_its_nearest_address(found_in: Connection) -> None:
    address, parcel = places.around(found_in, 493_530, 5_630_010)
    assert (address, parcel) == (
        "Marburger Straße 3, 35274 Kirchhain, Langenstein",
        "Gemarkung Langenstein, Flur 3, Flurstück 12/5",
    )
    assert places.around(found_in, 480_000, 5_640_000) == ("", "")


def test_what_nobody_can_mean_finds_nothing(found_in: Connection) -> None:
    for question in ("", " ", "x", "§§§", "xqzzyw", "'; DROP TABLE x; --", "a" * 5000, "( & | !", "%_%"):
        assert isinstance(places.search(found_in, question), tuple)
    assert titles(found_in, "xqzzyw") == []


def test_a_second_import_replaces_the_first(database: Settings, tmp_path: Path) -> None:
    engine = owner_engine(database.require_database_url())
    file = tmp_path / "hk.csv"
    for street in ("Altweg", "Neuweg"):
        file.write_text(hk_line(1, KIRCHHAIN, street, "1", "Kirchhain"), "utf-8")
        import_file(engine, "addresses", file)
    with engine.connect() as connection:
        assert titles(connection, "Neuweg 1")[0] == "Neuweg 1"
        assert "Altweg" not in titles(connection, "Altweg")
    file.write_text("kein;einziges;brauchbares;Feld\n", "utf-8")
    with pytest.raises(ImportFault, match="Profil"):
        import_file(engine, "addresses", file)
    with engine.connect() as connection:
        assert titles(connection, "Neuweg 1")[0] == "Neuweg 1"
    engine.dispose()


def test_of_a_file_with_several_layers_the_one_that_is_meant_is_read(database: Settings, tmp_path: Path) -> None:
    engine, file = owner_engine(database.require_database_url()), tmp_path / "DE_VG250.gpkg"
    for layer, ags, name in (("vg250_lan", "06", "Hessen"), ("vg250_gem", KIRCHHAIN, "Kirchhain")):
        area = {"AGS": [ags], "GEN": [name], "BEZ": ["-"], "GF": [4]}
        square = [box(480_000, 5_620_000, 500_000, 5_640_000)]
        geopandas.GeoDataFrame(area, geometry=square, crs="EPSG:25832").to_file(file, layer=layer)
    done = import_file(engine, "boundaries", file)
    assert (done.rows, done.left_out) == (1, 0)
    parcel = {
        "flstkennz": ["061234003000120004"], "gemarkung": ["Langenstein"], "gemaschl": ["061234"],
        "gmdschl": [KIRCHHAIN], "flur": ["Flur 3"], "flstnrzae": ["12"], "flstnrnen": ["4"],
    }  # fmt: skip
    file = tmp_path / "alkis.gpkg"
    for layer, columns in (("GebaeudeBauwerk", {"oid": ["1"]}), ("Flurstueck", parcel)):
        geopandas.GeoDataFrame(columns, geometry=square, crs="EPSG:25832").to_file(file, layer=layer)
    assert import_file(engine, "parcels", file).rows == 1
    engine.dispose()


def test_boundaries_come_without_their_waters(database: Settings, tmp_path: Path) -> None:
    square = Polygon([(480_000, 5_630_000), (481_000, 5_630_000), (481_000, 5_631_000), (480_000, 5_631_000)])
    frame = geopandas.GeoDataFrame(
        {"AGS": [KIRCHHAIN, KIRCHHAIN], "GEN": ["Kirchhain"] * 2, "BEZ": ["Stadt"] * 2, "GF": [4, 2]},
        geometry=[square, square.buffer(5000)],
        crs="EPSG:25832",
    )
    frame.to_crs("EPSG:4326").to_file(tmp_path / "VG250_GEM.shp")
    engine = owner_engine(database.require_database_url())
    assert import_file(engine, "boundaries", tmp_path / "VG250_GEM.shp").rows == 1
    with engine.connect() as connection:
        area = connection.exec_driver_sql("SELECT ST_Area(geom) FROM ogc.verwaltungsgrenzen").scalar()
    assert area == pytest.approx(1_000_000, rel=1e-3)
    engine.dispose()
