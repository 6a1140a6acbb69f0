"""What is published can be followed: Atom feeds and calendars, over a real database."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from lxml import etree

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.files import plan, polygon, prop, write, xplangml

TODAY = date(2026, 11, 22)
ATOM = "{http://www.w3.org/2005/Atom}"
LONG = "Am Hang, mit einem Namen, der länger ist als eine Zeile; und Größe \\ Maß"


def display(start: str, end: str) -> str:
    return prop("rechtsstand", "2400") + prop("auslegungsStartDatum", start) + prop("auslegungsEndDatum", end)


@pytest.fixture(scope="module")
def client(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("delivered")
    engine = owner_engine(module_furnished.require_database_url())
    far = polygon(origin=(500000, 5640000))
    document = xplangml(
        plan("p1", name=LONG, nummer="5", extra=display("2026-11-09", "2026-12-18")),
        plan("p2", name="Längst vorbei", nummer="6", extra=display("2019-01-07", "2019-02-08")),
        plan("p3", name="Weit weg", nummer="7", extra=display("2027-01-04", "2027-02-05"), outline=far),
        plan("p4", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=prop("rechtsstand", "4000")),
    )
    archive = Archive(module_furnished.archive)
    operations.deliver(engine, archive, write(folder / "plans.gml", document))
    smaller = polygon("0 0 100 0 100 50 0 50 0 0")
    in_force = prop("rechtsstand", "4000")
    half = xplangml(
        plan("p4", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=in_force, outline=smaller)
    )
    operations.deliver(engine, archive, write(folder / "half.gml", half))
    engine.dispose()
    return create_portal(module_furnished, today=lambda: TODAY).test_client()


def titles(client: FlaskClient, query: str = "") -> set[str]:
    answer = client.get(f"/abo/plaene.atom{query}")
    assert answer.mimetype == "application/atom+xml"
    feed = etree.fromstring(answer.data)
    return {entry.findtext(f"{ATOM}title", "").removesuffix(" (Ebsdorfergrund)") for entry in feed.iter(f"{ATOM}entry")}


def test_a_feed_holds_what_the_list_would_hold(client: FlaskClient) -> None:
    assert titles(client) == {LONG, "Längst vorbei", "Weit weg", "Flächennutzungsplan"}
    assert titles(client, "?planwerk=FP") == {"Flächennutzungsplan"}
    assert titles(client, "?gemeinde=06534001") == set()
    assert titles(client, "?beteiligung=laufend") == {LONG}


def test_a_feed_can_be_about_a_place(client: FlaskClient) -> None:
    here = "?lon=8.71677&lat=50.82183"
    assert "Weit weg" not in titles(client, f"{here}&umkreis=500")
    assert "Weit weg" in titles(client, f"{here}&umkreis=30000")
    for wrong in ("?lon=x&lat=1", "?lon=8.7", f"{here}&umkreis=0", f"{here}&umkreis=1e9", f"{here}&umkreis=nan"):
        assert client.get(f"/abo/plaene.atom{wrong}").status_code == 400


def test_a_feed_is_what_rfc_4287_asks_for(client: FlaskClient) -> None:
    feed = etree.fromstring(client.get("/abo/plaene.atom").data)
    for name in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{name}")
    entry = next(feed.iter(f"{ATOM}entry"))
    assert re.match(r"urn:uuid:", entry.findtext(f"{ATOM}id", ""))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", entry.findtext(f"{ATOM}updated", ""))
    answer = client.get("/abo/plaene.atom")
    assert client.get("/abo/plaene.atom", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_calendar_has_the_displays_of_the_last_year_and_those_to_come(client: FlaskClient) -> None:
    answer = client.get("/abo/termine.ics")
    assert answer.mimetype == "text/calendar"
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    unfolded = answer.text.replace("\r\n ", "")
    assert unfolded.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert unfolded.count("BEGIN:VEVENT") == 2
    assert "DTSTART;VALUE=DATE:20261109\r\nDTEND;VALUE=DATE:20261219\r\n" in unfolded  # the last day belongs to it
    assert r"Am Hang\, mit einem Namen\, der länger ist als eine Zeile\; und Größe \\ Maß" in unfolded
    assert "Längst vorbei" not in unfolded
    empty = client.get("/abo/termine.ics?gemeinde=06534001").text
    assert "BEGIN:VEVENT" not in empty
    assert "BEGIN:VTIMEZONE" in empty, "RFC 5545, 3.6: a calendar without a component is none"
    # what any reader of calendars must be able to read: names, parameters, and what begins ends (3.1)
    opened: list[str] = []
    for line in unfolded.removesuffix("\r\n").split("\r\n"):
        found = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^:;,]+)*):(.*)", line)
        assert found is not None, line
        if found[1] == "BEGIN":
            opened.append(found[3])
        elif found[1] == "END":
            assert opened.pop() == found[3]
    assert opened == []


def test_pages_name_their_feeds(client: FlaskClient) -> None:
    for path in ("/plaene?gemeinde=06534008", "/gemeinde/06534008/"):
        [href] = re.findall(r'rel="alternate" type="application/atom\+xml"[^>]*href="([^"]+)"', client.get(path).text)
        assert href == "/abo/plaene.atom?gemeinde=06534008"
    assert "/abo/termine.ics?" in client.get("/hier?lon=8.71677&lat=50.82183").text


def test_a_plan_shows_how_its_outline_has_changed_and_how_to_cite_it(client: FlaskClient) -> None:
    [path] = re.findall(r'href="(/plan/[^"]+)"[^>]*>Flächennutzungsplan', client.get("/plaene?planwerk=FP").text)
    page = client.get(path).text
    assert "Umriss vergleichen" in page
    assert page.count('class="compared__then"') == 1
    assert "1,0 ha" in page
    assert "Fassung 2, veröffentlicht am" in page
    picture = client.get(f"{path}/qr.svg")
    assert picture.mimetype == "image/svg+xml"
    assert picture.data.startswith(b"<?xml")
    assert client.get("/plan/00000000-0000-0000-0000-000000000000/qr.svg").status_code == 404
