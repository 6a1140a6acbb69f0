"""Themes as pages: lists, features, opening hours of the day shown, and what sensors told."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from flask.testing import FlaskClient

from geoportal import operations
from geoportal.opening_hours import BERLIN
from geoportal.sensors.readings import Reading
from geoportal.settings import CHECKOUT, Settings
from geoportal.web.app import create_portal
from tests.files import write
from tests.sensors import NOW, Bins, level

POOLS = dedent("""\
    id: baeder
    title: {de: Bäder, en: Pools}
    description: {de: Bäder, en: Pools}
    keywords: {de: [Bad], en: [pool]}
    theme: freizeit
    publisher: Landkreis
    licence: {name: Zero, url: https://www.govdata.de/dl-de/zero-2-0}
    source: {path: data/baeder.csv, separator: ";", x: X, y: Y, crs: EPSG:25832}
    geometry: Point
    key: nr
    fields:
      nr: {type: integer, label: {de: Nummer, en: Number}}
      name: {type: text, label: {de: Name, en: Name}}
      art:
        type: text
        label: {de: Art, en: Kind}
        codes: {halle: {de: Hallenbad, en: indoor}, frei: {de: Freibad, en: outdoor}}
      zeiten: {type: text, format: opening_hours, label: {de: Öffnungszeiten, en: Hours}}
      seite: {type: text, format: url, label: {de: Internetseite, en: Website}}
    headline: "{name} ({art})"
    popup: [name, art, zeiten, seite]
    search: [name]
    expect: {min: 1, max: 500}
""")
OPEN, SHUT = "24/7", "off"


@pytest.fixture(scope="module")
def bins(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bins]:
    home = tmp_path_factory.mktemp("themes") / "home"
    made = Bins(module_database, home)
    for folder in (CHECKOUT / "tests" / "layers").iterdir():
        shutil.copytree(folder, home / "layers" / folder.name)
    for name in ("config", "node_modules"):
        (home / name).symlink_to(CHECKOUT / name)
    (home / "layers" / "baeder").mkdir()
    write(home / "layers" / "baeder" / "layer.yml", POOLS)
    more = "".join(f"{n};Weiher {n};frei;{SHUT};;48{n:04d};5628000\n" for n in range(100, 170))
    write(
        home / "data" / "baeder.csv",
        "nr;name;art;zeiten;seite;X;Y\n"
        f"1;Aquamar <b>;halle;{OPEN};https://www.example.org/bad;483000;5628000\n"
        f"2;Bergsee;frei;{SHUT};javascript:alert(1);483100;5628000\n{more}",
    )
    told = {each.layer: each.fault for each in operations.sync_layers(made.owner, made.settings)}
    assert told["baeder"] is None
    yield made
    made.close()


@pytest.fixture
def client(bins: Bins) -> FlaskClient:
    return create_portal(bins.settings).test_client()


def test_the_list_of_themes_leads_to_each_of_them(client: FlaskClient) -> None:
    page = client.get("/themen/").text
    assert 'href="/thema/baeder/"' in page
    assert 'href="/thema/bebauungsplaene/"' not in page
    assert client.get("/thema/bebauungsplaene/").status_code == 404
    assert client.get("/thema/nichts/").status_code == 404


def test_a_list_is_searched_narrowed_and_turned_over(client: FlaskClient) -> None:
    whole = client.get("/thema/baeder/").text
    assert "72 Einträge" in whole
    assert "Aquamar &lt;b&gt; (Hallenbad)" in whole
    assert 'href="/thema/baeder/?seite=2"' in whole
    assert "1 Eintrag" in client.get("/thema/baeder/?q=bergs").text
    assert "71 Einträge" in client.get("/thema/baeder/?wert=frei").text
    now = client.get("/thema/baeder/?offen=1").text
    assert ("1 Eintrag" in now, "Aquamar" in now, "Bergsee" in now) == (True, True, False)
    for bad in ("wert=x", "seite=0", "seite=x", "seite=9999999", "seite=1000000", f"seite={'1' * 5000}"):
        assert client.get(f"/thema/baeder/?{bad}").status_code == 400, bad
    assert "72 entries" in client.get("/thema/baeder/?lang=en").text


def test_a_feature_tells_its_fields_and_whether_it_is_open(client: FlaskClient) -> None:
    page = client.get("/thema/baeder/1").text
    assert "Jetzt geöffnet, den ganzen Tag" in page
    assert '<a href="https://www.example.org/bad"' in page
    other = client.get("/thema/baeder/2?am=2026-12-25").text
    assert "Freitag, 25. Dezember 2026 (1. Weihnachtstag): geschlossen" in other
    assert 'href="javascript' not in other
    for gone in ("3", "x", "9" * 30, "1'"):
        assert client.get(f"/thema/baeder/{gone}").status_code == 404
    assert client.get("/thema/baeder/1?am=gestern").status_code == 400


def test_readings_are_drawn_and_stand_in_a_table(client: FlaskClient, bins: Bins) -> None:
    bins.take(*(level(10 * step, 60 * 24 * (6 - step)) for step in range(7)))
    states = ((5, "an"), (4, "an"), (2, "defekt"))
    bins.take(*(Reading("tonnen", "1", "zustand", NOW - timedelta(days=ago), word=word) for ago, word in states))
    bins.take(Reading("tonnen", "1", "leerung", NOW - timedelta(days=3)))
    page = client.get("/thema/tonnen/1").text
    assert "Füllstand zwischen 0 und 60 %" in page
    assert page.count('class="verlauf__dot"') == 7 + 1  # a reading a day is no line, and one emptying
    assert page.count('class="verlauf__band"') == 2  # from "an" to "defekt", which was said once
    day = (NOW - timedelta(days=6)).astimezone(BERLIN)
    assert f'<th scope="row">{day.day}. ' in page
    assert "letzte 7 Tage" in page
    assert 'tage=30"' in page
    assert 'tage=90"' not in page  # longer than readings are kept
    for bad in ("90", "70000", "7" * 5000):
        assert client.get(f"/thema/tonnen/1?tage={bad}").status_code == 400, bad[:9]
    assert "Keine Messwerte in dieser Zeit" in client.get("/thema/tonnen/2?tage=1").text


def test_a_fault_is_told_with_its_age_and_the_longest_comes_first(client: FlaskClient, bins: Bins) -> None:
    for feature, days in (("10", 2), ("11", 9), ("12", 4)):
        bins.take(Reading("tonnen", feature, "zustand", datetime.now(UTC) - timedelta(days=days), word="defekt"))
    page = client.get("/thema/tonnen/?wert=defekt").text
    places = [page.index(f'/thema/tonnen/{feature}"') for feature in ("11", "12", "10")]
    assert places == sorted(places)


def test_a_theme_that_was_never_loaded_has_no_entries_and_no_fault(bins: Bins, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(bins.settings.home / "layers", home / "layers")
    for name in ("config", "node_modules"):
        (home / name).symlink_to(CHECKOUT / name)
    (home / "layers" / "teiche").mkdir()
    write(home / "layers" / "teiche" / "layer.yml", POOLS.replace("id: baeder", "id: teiche"))
    client = create_portal(replace(bins.settings, home=home)).test_client()
    assert "0 Einträge" in client.get("/thema/teiche/").text
    assert client.get("/thema/teiche/1").status_code == 404
