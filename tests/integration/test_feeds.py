"""What is published can be followed: Atom feeds and calendars, over a real database."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from lxml import etree
from sqlalchemy import text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.feeds import ATOM, atom_faults, calendar_faults
from tests.files import plan, polygon, prop, write, xplangml

TODAY = date(2026, 11, 22)
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
    for query in (
        "",
        "?lang=en",
        "?gemeinde=06534001",
        "?planwerk=BP&beteiligung=laufend",
        "?lon=8.7&lat=50.8&umkreis=9",
    ):
        assert atom_faults(client.get(f"/abo/plaene.atom{query}").data) == []
    feed = etree.fromstring(client.get("/abo/plaene.atom").data)
    entries = list(feed.iter(f"{ATOM}entry"))
    assert all(entry.findtext(f"{ATOM}id", "").startswith("urn:uuid:") for entry in entries)
    newest_first = [entry.findtext(f"{ATOM}updated", "") for entry in entries]
    assert newest_first == sorted(newest_first, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == newest_first[0]
    answer = client.get("/abo/plaene.atom")
    assert client.get("/abo/plaene.atom", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_no_name_takes_the_feed_away_from_everybody(client: FlaskClient, module_furnished: Settings) -> None:
    """One of before names were put right, from a table: XML itself cannot say it."""
    assert "Längst vorbei" in titles(client)
    engine, odd = owner_engine(module_furnished.require_database_url()), "Längst \x01vor\x1bbei\ufffe"
    for before, after in (("Längst vorbei", odd), (odd, "Längst vorbei")):
        for statement in (
            "ALTER TABLE plans.version DISABLE TRIGGER version_keep",
            "UPDATE plans.version SET name = :after WHERE name = :before",
            "ALTER TABLE plans.version ENABLE TRIGGER version_keep",
        ):
            with engine.begin() as connection:
                connection.execute(text(statement), {"before": before, "after": after})
        listed = create_portal(module_furnished, today=lambda: TODAY).test_client()
        assert ("\x1b" in listed.get("/plaene").text) == (after == odd)
        assert "Längst vorbei" in titles(listed)
    engine.dispose()


def test_a_feed_leads_to_the_list_that_holds_what_it_holds(client: FlaskClient) -> None:
    feed = etree.fromstring(client.get("/abo/plaene.atom?planwerk=FP&lon=8.7&lat=50.8&umkreis=50000").data)
    [page] = [link.get("href", "") for link in feed.iterfind(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert page.endswith("/plaene?planwerk=FP")
    assert client.get(page).status_code == 200


BROKEN_FEEDS = {
    "4.1.1": ("<title>Bauleitpläne", "<title>Zweimal</title><title>Bauleitpläne"),
    "4.1.2": ("<id>urn:uuid:", "<id>urn:uuid:1</id><id>urn:uuid:"),
    "3.3": ("T", " "),
    "4.2.6": ("<id>urn:uuid:", "<id>nur-ein-wort"),
    "4.2.7.1": ('href="', 'href="" title="'),
    "4.2.2.1": ('term="', 'label="x" scheme="'),
    "6.3": ("<summary>", '<summary farbe="rot">'),
    "3.2": ("<author>", "<author><name>Noch jemand</name>"),
}


@pytest.mark.parametrize("clause", BROKEN_FEEDS)
def test_what_breaks_rfc_4287_is_told(client: FlaskClient, clause: str) -> None:
    good = client.get("/abo/plaene.atom").text
    before, after = BROKEN_FEEDS[clause]
    if clause == "3.3":
        broken = re.sub(r"(<updated>[0-9-]+)T", r"\1 ", good)
    elif clause == "4.2.2.1":
        broken = re.sub(r'<category term="\w+" label="[^"]*"', "<category", good)
    else:
        broken = good.replace(before, after)
    assert broken != good
    assert clause in {fault.partition(":")[0] for fault in atom_faults(broken.encode())}


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


def test_a_calendar_is_what_rfc_5545_asks_for(client: FlaskClient) -> None:
    for query in ("", "?lang=en", "?gemeinde=06534001", "?lon=8.71677&lat=50.82183&umkreis=500"):
        content = client.get(f"/abo/termine.ics{query}").data
        assert calendar_faults(content) == []
        read = Calendar.from_ical(content)
        assert [component.errors for component in read.walk() if component.errors] == []
    events = Calendar.from_ical(client.get("/abo/termine.ics").data).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in events} == {
        f"Öffentliche Auslegung: {name} (Ebsdorfergrund)" for name in (LONG, "Weit weg")
    }
    first = next(event for event in events if LONG in str(event["SUMMARY"]))
    assert (first.decoded("DTSTART"), first.decoded("DTEND")) == (date(2026, 11, 9), date(2026, 12, 19))


BROKEN_CALENDARS = {
    "3.1": ("SUMMARY:", "SUMMARY"),
    "3.6": ("PRODID:-//Geoportal//Bauleitplanung//DE\r\n", ""),
    "3.6.1": ("BEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nUID:noch-einer\r\n"),
    "3.8.2.2": ("DTEND;VALUE=DATE:2026", "DTEND;VALUE=DATE:2016"),
    "3.8.7.2": ("Z\r\nDTSTART", "\r\nDTSTART"),
    "3.3.11": ("\\,", ","),
    "3.3.4, 3.3.5": ("DTSTART;VALUE=DATE:202611", "DTSTART;VALUE=DATE:202613"),
    "3.8.8.2": ("TRANSP:", "DURCHSICHTIG:"),
    "3.2.19": ("DTSTART;VALUE=DATE:", "DTSTART;TZID=Europe/Paris;VALUE=DATE:"),
}


@pytest.mark.parametrize("clause", BROKEN_CALENDARS)
def test_what_breaks_rfc_5545_is_told(client: FlaskClient, clause: str) -> None:
    good = client.get("/abo/termine.ics").text
    broken = good.replace(*BROKEN_CALENDARS[clause])
    assert broken != good
    assert clause in {fault.partition(":")[0] for fault in calendar_faults(broken.encode())}


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
