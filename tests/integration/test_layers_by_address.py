"""Layers whose rows have addresses in place of coordinates: where they stand, and what is told of the others."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from geoportal import watch
from geoportal.layers.watch import Watch
from tests.fountains import MANIFEST, Home


def by_address(least_found: int) -> str:
    address = f"{{street: Strasse, postcode: PLZ, place: Ort, least_found: {least_found}}}"
    head = MANIFEST.replace("x: X, y: Y, crs: EPSG:25832}", f"address: {address}}}").split("fields:")[0]
    return (
        head + "fields:\n  nr: {type: integer, source: Nr, label: {de: Nummer, en: Number}}\nexpect: {min: 1, max: 9}\n"
    )


ADDRESSES = """\
Nr;Strasse;PLZ;Ort
1;Bahnhofstr. 12 a;35274;Kirchhain
2;BAHNHOFSTRASSE 12;;Kirchhain
3;Bahnhofstraße 3;35274;Kirchhain
4;Bahnhofstrase 12;35274;Kirchhain
5;Banhofstraße 12;35274;Kirchhain
6;Bahnhofstraße 12;35037;Marburg
7;Hauptstraße 1;35274;Kirchhain
8;;;
"""


@pytest.fixture
def streets(home: Home) -> Home:
    """A street with two houses in each of two towns, and one of the same name in two villages of one of them."""
    streets = (
        ("Bahnhofstraße", "35274 Kirchhain"), ("Bahnhofstraße", "35037 Marburg"),
        ("Hauptstraße", "35274 Kirchhain, Anzefahr"), ("Hauptstraße", "35274 Kirchhain, Betziesdorf"),
    )  # fmt: skip
    with home.engine.begin() as connection:
        for number, (street, place) in enumerate(streets):
            values = {"n": number, "titel": street, "zusatz": place, "schluessel": f"{street}/{place}"}
            connection.execute(
                text("""
                    WITH street AS (
                        INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, geom)
                        VALUES ('strasse', 'addresses', :schluessel, :titel, :zusatz,
                            ST_SetSRID(ST_MakePoint(490000 + :n, 5630000), 25832)) RETURNING id)
                    INSERT INTO places.address (id, street_id, nummer, buchstabe, geom)
                    SELECT :schluessel || nummer || buchstabe, id, nummer, buchstabe,
                        ST_SetSRID(ST_MakePoint(490000 + 100 * :n + nummer + 0.5 * length(buchstabe), 5630000), 25832)
                    FROM street, (VALUES (1, ''), (12, ''), (12, 'a')) AS house (nummer, buchstabe)"""),
                values,
            )
    return home


def test_rows_with_addresses_stand_where_the_official_addresses_are_and_others_are_told(streets: Home) -> None:
    streets.manifest(by_address(30))
    streets.data(ADDRESSES)
    synced = streets.sync()
    assert synced.fault is None
    places = {row[0]: row[1] for row in streets.public("id, ST_X(geom)")}
    assert {key: place for key, place in places.items() if place is not None} == {
        1: 490012.5,
        2: 490012,
        4: 490012,
        6: 490112,
    }
    assert len(places) == 8
    told = str(synced)
    assert "4 von 8 Anschriften nicht gefunden" in told
    assert "3: Bahnhofstraße 3, 35274 Kirchhain (Hausnummer unbekannt" in told
    assert "5: Banhofstraße 12, 35274 Kirchhain (nächste bekannte Straße / nearest known street: Bahnhofstr" in told
    assert "7: Hauptstraße 1, 35274 Kirchhain" in told  # of which there are two


def test_a_source_whose_addresses_are_not_known_changes_nothing(streets: Home) -> None:
    streets.manifest(by_address(30))
    streets.data(ADDRESSES)
    streets.sync()
    before = streets.public()
    streets.manifest(by_address(60))
    assert "4 von 8 Anschriften gefunden, erwartet 60 %" in (streets.sync().fault or "")
    assert streets.public() == before


def watched(home: Home) -> None:
    """One round, and what it began."""
    layers = Watch(home.engine, home.folder / "layers", home.places)
    layers.look()
    for running in layers._running.values():
        running.result()
    layers.close()


def test_addresses_without_a_place_are_told_to_the_operators_until_they_are_known(
    streets: Home, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    streets.manifest(by_address(30))
    streets.data(ADDRESSES.replace("Nr;", "Telefon;Nr;").replace("\n", "\n;").removesuffix(";"))
    page = watch.create(replace(streets.settings, home=streets.folder)).test_client()
    watched(streets)
    assert "4 von 8 Anschriften nicht gefunden" in caplog.text
    told = page.get("/").get_data(as_text=True)
    assert "4: 3: Bahnhofstraße 3, 35274 Kirchhain (Hausnummer unbekannt" in told
    assert "<td>Telefon</td>" in told
    caplog.clear()
    watched(streets)
    assert "Anschriften" not in caplog.text  # nothing was read again
    with streets.engine.begin() as connection:
        connection.execute(
            text("UPDATE places.address SET nummer = 3 WHERE nummer = 1 AND id = 'Bahnhofstraße/35274 Kirchhain1'")
        )
        connection.execute(text("SELECT plans.touch_data('adressen')"))  # as an import does
    watched(streets)
    assert "3 von 8 Anschriften nicht gefunden" in caplog.text
    assert "Bahnhofstraße 3, 35274" not in page.get("/").get_data(as_text=True)
