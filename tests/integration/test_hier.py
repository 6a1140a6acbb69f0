"""What applies here? The answer as a page, over a real database filled by real deliveries."""

import re
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from flask.testing import FlaskClient

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.places.importing import import_file
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.files import feature, plan, polygon, prop, write, xplangml

TODAY = date(2026, 11, 22)
IN_FORCE = prop("rechtsstand", "4000")
# the middle of the square that tests.files draws: EPSG:25832 480050 5630050
HERE = "/hier?ost=480050&nord=5630050"


def in_force(day: str) -> str:
    return IN_FORCE + prop("inkrafttretensDatum", day)


def changes(name: str) -> str:
    return prop(
        "aendert", f"<xplan:XP_VerbundenerPlan><xplan:planName>{name}</xplan:planName></xplan:XP_VerbundenerPlan>"
    )


def display(start: str, end: str) -> str:
    return prop("rechtsstand", "2400") + prop("auslegungsStartDatum", start) + prop("auslegungsEndDatum", end)


@pytest.fixture(scope="module")
def client(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("delivered")
    engine = owner_engine(module_furnished.require_database_url())
    west = polygon("0 0 50 0 50 100 0 100 0 0")
    old = xplangml(
        plan("p1", name="Am Hang", nummer="5", extra=in_force("1998-02-01")),
        feature(
            "BP_BaugebietsTeilFlaeche",
            "b1",
            prop("position", polygon("0 0 100 0 100 60 0 60 0 0"))
            + prop("GRZ", "0.4")
            + prop("besondereArtDerBaulNutzung", "1200"),
        ),
        feature("BP_GruenFlaeche", "b2", prop("position", polygon("0 60 100 60 100 100 0 100 0 60"))),
    )
    rest = xplangml(
        plan(
            "p2",
            name="Am Hang, 1. Änderung",
            nummer="5.1",
            extra=in_force("2019-05-01") + changes("Am Hang"),
            outline=west,
        ),
        plan("p3", name="Ortsmitte", nummer="9", extra=display("2026-11-09", "2026-12-18")),
        plan("p4", name="Später", nummer="10", extra=display("2027-01-04", "2027-02-05")),
        plan("p5", name="Alte Mühle", nummer="7", extra=prop("rechtsstand", "5000")),
        plan("p6", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=IN_FORCE),
    )
    for name, document in (("old.gml", old), ("rest.gml", rest)):
        operations.deliver(engine, Archive(module_furnished.archive), write(folder / name, document))
    parcel = (
        '{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::25832"}},"features":['
        '{"type":"Feature","properties":{"flstkennz":"061234001000010000","gemarkung":"Dreihausen","gemaschl":"061234",'
        '"gmdschl":"06534008","flur":"1","flstnrzae":"1","flstnrnen":""},"geometry":{"type":"Polygon","coordinates":'
        "[[[480040,5630000],[480060,5630000],[480060,5630100],[480040,5630100],[480040,5630000]]]}}]}"
    )
    import_file(engine, "parcels", write(folder / "parcels.geojson", parcel))
    lines = "AGS;Ort;Ortsteil;PLZ;Strasse;Hausnummer;Zusatz;X;Y\n"
    lines += "06534008;Ebsdorfergrund;Dreihausen;35085;Hangweg;3;;480050,0;5630050,0\n"
    import_file(engine, "addresses", write(folder / "addresses.csv", lines))
    engine.dispose()
    return create_portal(module_furnished, today=lambda: TODAY).test_client()


def text_of(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text[answer.text.index("<main") :]))


def test_the_youngest_plan_comes_first_and_says_what_it_changes(client: FlaskClient) -> None:
    page = text_of(client, "/hier?ost=480020&nord=5630030")
    assert "Hier überlagern sich 2 Pläne" in page
    assert page.index("Am Hang, 1. Änderung") < page.index("seit 1. Februar 1998")
    assert "Dieser Plan ändert Am Hang" in page
    assert "Geändert durch Am Hang, 1. Änderung" in page


def test_what_the_plan_says_at_this_very_spot_is_told_in_plain_words(client: FlaskClient) -> None:
    south, north = text_of(client, "/hier?ost=480080&nord=5630030"), text_of(client, "/hier?ost=480080&nord=5630080")
    assert "40 % des Grundstücks dürfen bebaut werden" in south
    assert "Allgemeines Wohngebiet (WA)" in south
    assert "soll grün bleiben" not in south
    assert "soll grün bleiben" in north
    assert "40 %" not in north
    assert "überlagern" not in north


def test_plans_in_procedure_say_how_long_one_may_still_speak_and_how(client: FlaskClient) -> None:
    page = text_of(client, HERE)
    assert "Jetzt mitreden bis 18. Dezember 2026 (noch 26 Tage)" in page
    assert "Öffentliche Auslegung: 4. Januar 2027 bis" in page
    assert page.index("Ortsmitte") < page.index("Später")
    assert "§ 3 Absatz 2 BauGB" in page


def test_the_plans_know_better_than_a_sketched_outline_whose_land_it_is(client: FlaskClient) -> None:
    page = text_of(client, HERE)  # which the schematic outlines take for Marburg's
    assert "Bauverwaltung von Ebsdorfergrund" in page
    assert "nach schematischem Umriss" not in page


def test_the_land_use_plan_says_that_it_gives_no_right_to_build(client: FlaskClient) -> None:
    assert "ein Baurecht gibt er niemandem" in text_of(client, HERE)


def test_a_parcel_is_told_which_part_of_it_a_rule_covers(client: FlaskClient) -> None:
    page = text_of(client, "/hier?flurstueck=061234001000010000")
    assert "Gemarkung Dreihausen, Flur 1, Flurstück 1" in page
    assert "auf 60 % des Flurstücks" in page
    assert "auf 40 % des Flurstücks" in page
    assert "auf 50 % des Flurstücks" in page  # the Änderung


def test_a_place_is_named_by_its_address(client: FlaskClient) -> None:
    assert "Hangweg 3, 35085 Ebsdorfergrund, Dreihausen nächste Adresse" in text_of(client, HERE)
    assert "nächste Adresse" not in text_of(client, "/hier?adresse=06534008-ebsdorfergrund-dreihausen-hangweg-3")


def test_where_no_plan_is_the_answer_is_the_law(client: FlaskClient) -> None:
    page = text_of(client, "/hier?lon=8.857&lat=50.7278")  # Dreihausen
    assert "Kein Bebauungsplan" in page
    assert "§ 34 BauGB" in page
    assert "§ 35 BauGB" in page
    assert "Ebsdorfergrund" in page


def test_a_town_that_takes_no_part_is_not_said_to_have_no_plans(client: FlaskClient) -> None:
    page = text_of(client, "/hier?lon=8.769147&lat=50.809004")
    assert "Marburg ist nicht dabei" in page
    assert "heißt nicht, dass dort nichts gilt" in page
    assert "§ 34" not in page


def test_outside_of_the_district_nothing_is_claimed(client: FlaskClient) -> None:
    page = text_of(client, "/hier?lon=10.0&lat=51.5")
    assert "Außerhalb des Gebiets" in page
    assert "§ 34" not in page


def test_in_english(client: FlaskClient) -> None:
    page = client.get(HERE + "&lang=en")
    assert '<html lang="en">' in page.text
    text = text_of(client, HERE + "&lang=en")
    assert "40 % of the plot may be built on" in text
    assert "until 18 December 2026 (26 days left)" in text
    assert "Hier gilt" not in text
    assert 'href="/plaene?lang=en"' in page.text


def test_the_answer_can_be_printed_and_a_screen_reader_can_read_the_paper(client: FlaskClient) -> None:
    answer = client.get("/hier.pdf?ost=480050&nord=5630050")
    assert answer.mimetype == "application/pdf"
    paper = pypdfium2.PdfDocument(answer.data)
    assert paper.is_tagged()
    assert paper.get_metadata_value("Title").startswith("Was gilt hier? Hangweg 3")
    text = " ".join(page.get_textpage().get_text_range() for page in paper)
    assert "40 % des Grundstücks" in text
    assert "Abgerufen unter http://localhost:8080/hier?lon=8.7" in text
    assert client.get("/hier.pdf?lon=x").status_code == 400
    assert client.get("/hier.pdf").status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hier", 200),
        ("/hier?lon=8.7", 400),
        ("/hier?lon=nan&lat=50", 400),
        ("/hier?lon=1e400&lat=50", 400),
        ("/hier?lon=200&lat=95", 400),
        ("/hier?ost=1&nord=x", 400),
        ("/hier?adresse=gibtesnicht", 404),
        ("/hier?flurstueck=gibtesnicht", 404),
    ],
)
def test_what_is_no_place_is_refused_kindly(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_the_search_is_a_page_and_json(client: FlaskClient) -> None:
    page = client.get("/suche?q=hangweg+3").text
    assert 'href="/hier?adresse=06534008-ebsdorfergrund-dreihausen-hangweg-3"' in page
    found = client.get("/suche?q=hangweg+3&f=json")
    assert found.headers["Cache-Control"] == "no-store"
    assert found.json is not None
    [hit, *_] = found.json["hits"]
    assert (hit["kind"], hit["label"], hit["title"]) == ("adresse", "Adresse", "Hangweg 3")
    assert hit["lon"] == pytest.approx(8.7168, abs=1e-3)
    assert "Dazu haben wir nichts gefunden" in client.get("/suche?q=xqzzyw").text


def test_a_school_is_found_by_what_its_manifest_says(client: FlaskClient) -> None:
    found = client.get("/suche?q=gymnasium+stadtallendorf&f=json").json
    assert found is not None
    assert {hit["kind"] for hit in found["hits"]} == {"objekt"}
    assert {hit["label"] for hit in found["hits"]} == {"Schulen"}
    assert "Gymnasium" in found["hits"][0]["detail"]


def test_a_layer_that_was_never_loaded_hinders_no_answer(database: Settings) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    operations.sync_layers(engine, database, ["gemeinden"])  # and none of those that are told as near
    page = create_portal(database, today=lambda: TODAY).test_client().get("/hier?lon=8.857&lat=50.7278")
    assert page.status_code == 200
    assert "In der Nähe" not in page.text
    engine.dispose()


def test_markup_in_a_question_stays_text(client: FlaskClient) -> None:
    page = client.get("/suche", query_string={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_plan_that_is_withdrawn_is_no_longer_found(database: Settings, tmp_path: Path) -> None:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    delivery = operations.deliver(
        engine, Archive(database.archive), write(tmp_path / "p.gml", xplangml(plan(name="Zitronenhain")))
    )
    reader = create_portal(database, today=lambda: TODAY).test_client()
    assert "Zitronenhain" in reader.get("/suche?q=zitronenhain&f=json").text
    operations.withdraw(engine, delivery.outcomes[0].id, "falsch")
    assert "Zitronenhain" not in str(reader.get("/suche?q=zitronenhain&f=json").get_json()["hits"])
    engine.dispose()
