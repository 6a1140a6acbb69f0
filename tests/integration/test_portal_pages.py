"""The portal's pages over a real database, filled by real deliveries."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import Client

from geoportal import operations, wsgi
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.published import PlanFilter, plaene
from geoportal.settings import Settings
from geoportal.web import PortalSetupError, create_portal, vendor
from tests.files import archive, feature, link, pdf, plan, polygon, prop, write, xplangml
from tests.homes import home_with

TODAY = date(2026, 11, 22)
EBSDORFERGRUND, AMOENEBURG, MARBURG = "06534008", "06534001", "06534014"
HOSTILE = "<script>alert(1)</script> & \"Söhne'"


def gemeinde(ags: str) -> str:
    return prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{ags}</xplan:ags></xplan:XP_Gemeinde>")


def reference(name: str, url: str, typ: int) -> str:
    return prop(
        "externeReferenz",
        f"<xplan:XP_SpezExterneReferenz><xplan:referenzName>{name}</xplan:referenzName>"
        f"<xplan:referenzURL>{url}</xplan:referenzURL><xplan:typ>{typ}</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )


def changes(name: str, nummer: str) -> str:
    return prop(
        "aendert",
        f"<xplan:XP_VerbundenerPlan><xplan:planName>{name}</xplan:planName>"
        f"<xplan:nummer>{nummer}</xplan:nummer></xplan:XP_VerbundenerPlan>",
    )


def escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


IN_FORCE = prop("rechtsstand", "4000") + prop("inkrafttretensDatum", "2019-11-28")
ON_DISPLAY = (
    prop("rechtsstand", "2400")
    + prop("aufstellungsbeschlussDatum", "2026-02-03")
    + prop("auslegungsStartDatum", "2026-11-09")
    + prop("auslegungsEndDatum", "2026-12-18")
)
TEXT = feature("XP_TextAbschnitt", "t1", prop("schluessel", "1.1") + prop("text", "Tankstellen sind nicht zulässig."))
HANG = xplangml(
    plan(
        name="Am Hang",
        nummer="5",
        extra=IN_FORCE
        + reference("Begründung", "begruendung.pdf", 1010)
        + reference("Karte", "https://www.example.org/karte.pdf", 1070)
        + reference("Satzung", "javascript:alert(1)", 1060)
        + reference("Anlage", "anlage.html", 9999)
        + link("texte", "t1"),
    ),
    feature("BP_BaugebietsTeilFlaeche", "b1", prop("position", polygon()) + prop("besondereArtDerBaulNutzung", "1200")),
    TEXT,
)


@pytest.fixture(scope="module")
def settings(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("delivered")
    engine = owner_engine(module_furnished.require_database_url())
    documents = xplangml(
        plan("p6", name="Am Hang, 1. Änderung", nummer="5, 1. Änderung", extra=ON_DISPLAY + changes("Am Hang", "5")),
        plan("p7", name="Alte Mühle", nummer="7", extra=prop("rechtsstand", "5000")),
        plan("p8", name=escaped(HOSTILE), nummer="8", gemeinde=gemeinde(AMOENEBURG)),
        plan("p9", klasse="FP_Plan", name="Flächennutzungsplan", nummer="1", extra=prop("rechtsstand", "4000")),
    )
    many = [plan(f"m{number}", name=f"Nr. {number:02}", nummer=str(100 + number)) for number in range(60)]
    archives = (
        archive(folder / "hang.zip", {"xplan.gml": HANG, "begruendung.pdf": pdf(), "anlage.html": "<p>x"}),
        write(folder / "more.gml", documents),
        write(folder / "many.gml", xplangml(*[each.replace(EBSDORFERGRUND, "06534013") for each in many])),
    )
    for file in archives:
        delivery = operations.deliver(engine, Archive(module_furnished.archive), file)
        assert all(outcome.is_published for outcome in delivery.outcomes)
    engine.dispose()
    return module_furnished


@pytest.fixture(scope="module")
def client(settings: Settings) -> FlaskClient:
    return create_portal(settings, today=lambda: TODAY).test_client()


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[dict[str, str]]:
    """The paths of the plans' pages, by name."""
    engine = reader_engine(settings.require_read_url())
    with engine.connect() as connection:
        found = plaene(connection, PlanFilter(), limit=100).plaene
    yield {each.name: f"/plan/{each.id}" for each in found}
    engine.dispose()


def names(page: str) -> list[str]:
    return re.findall(r'<h[23] class="plan-entry__name"><a href="[^"]+">(.*?)</a>', page)


def test_the_list_shows_every_published_plan_sorted_and_paged(client: FlaskClient) -> None:
    first = client.get("/plaene").text
    assert "65 Pläne, Seite 1 von 3" in first
    assert len(names(first)) == 25
    assert names(first)[:2] == ["&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;Söhne&#39;", "Alte Mühle"]
    assert len(names(client.get("/plaene?seite=3").text)) == 15
    assert client.get("/plaene?seite=4").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=muhle", ["Alte Mühle"]),
        ("q=hang+ebsdorf", ["Am Hang", "Am Hang, 1. Änderung"]),
        ("q=%25", []),
        ("status=archiviert", ["Alte Mühle"]),
        ("planwerk=FP", ["Flächennutzungsplan"]),
        ("beteiligung=laufend", ["Am Hang, 1. Änderung"]),
        (f"gemeinde={EBSDORFERGRUND}&status=in_kraft&planwerk=BP", ["Am Hang"]),
    ],
)
def test_filters(client: FlaskClient, query: str, found: list[str]) -> None:
    assert names(client.get(f"/plaene?{query}").text) == found


def test_pages_of_a_filtered_list_keep_the_filter(client: FlaskClient) -> None:
    page = client.get("/plaene?gemeinde=06534013&q=nr").text
    assert 'href="/plaene?q=nr&amp;gemeinde=06534013&amp;seite=2"' in page
    english = client.get("/plaene?gemeinde=06534013&q=nr&lang=en").text
    assert 'href="/plaene?q=nr&amp;gemeinde=06534013&amp;seite=2&amp;lang=en"' in english
    assert '<option value="06534013" selected>Lohra</option>' in page


def test_nothing_found_is_said(client: FlaskClient) -> None:
    assert "Dazu ist kein Plan veröffentlicht." in client.get("/plaene?q=gibtesnicht").text


def test_a_value_that_does_not_exist_is_a_friendly_400(client: FlaskClient) -> None:
    answer = client.get("/plaene?status=g%C3%BCltig")
    assert answer.status_code == 400
    assert "status: in_kraft, in_aufstellung" in answer.text


def test_the_page_of_a_plan_tells_what_it_is_without_scripts(client: FlaskClient, address: dict[str, str]) -> None:
    page = client.get(address["Am Hang"]).text
    for expected in (
        "<h1>Am Hang</h1>",
        "Dieser Plan gilt.",
        '<time datetime="2019-11-28">28. November 2019</time>',
        "Tankstellen sind nicht zulässig.",
        "Baugebiet: Allgemeines Wohngebiet",
        "1,0 ha",
        '<path class="plan-shape',
        'rel="alternate" type="application/geo+json"',
    ):
        assert expected in page
    assert "Jetzt mitreden" not in page


def test_a_running_auslegung_says_how_long(client: FlaskClient, address: dict[str, str]) -> None:
    page = client.get(address["Am Hang, 1. Änderung"]).text
    assert "Jetzt mitreden: noch 26 Tage" in page
    assert "Dieser Plan wird noch aufgestellt. Er gilt noch nicht." in page


def test_a_change_links_the_plan_that_it_changes(client: FlaskClient, address: dict[str, str]) -> None:
    page = client.get(address["Am Hang, 1. Änderung"]).text
    assert f'Ändert: <a href="{address["Am Hang"]}">Am Hang</a>' in page


def test_a_plan_without_rechtsstand_is_not_called_valid(client: FlaskClient, address: dict[str, str]) -> None:
    page = client.get(address["Nr. 00"]).text
    assert "Rechtsstand unbekannt" in page
    assert "Dieser Plan gilt." not in page


def test_markup_in_a_name_stays_text(client: FlaskClient, address: dict[str, str]) -> None:
    for path in (address[HOSTILE], "/plaene", f"/gemeinde/{AMOENEBURG}/"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_documents_link_the_archive_or_the_web_and_nothing_else(client: FlaskClient, address: dict[str, str]) -> None:
    page = client.get(address["Am Hang"]).text
    assert re.search(r'href="/dokument/[0-9a-f]{64}/Begr%C3%BCndung.pdf" hreflang="de">Begründung</a>', page)
    assert '<a href="https://www.example.org/karte.pdf" rel="external noopener noreferrer">Karte</a>' in page
    assert "javascript:" not in page
    assert "liegt hier nicht vor" in page


def test_a_pdf_is_shown_and_anything_else_is_a_download_and_both_are_harmless(
    client: FlaskClient, address: dict[str, str]
) -> None:
    page = client.get(address["Am Hang"]).text
    document, html = re.findall(r'href="(/dokument/[^"]+)"', page)
    for path, disposition, content in ((document, "inline", pdf()), (html, "attachment", b"<p>x")):
        answer = client.get(path)
        assert answer.data == content
        assert answer.headers["Content-Disposition"].startswith(disposition)
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert client.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_a_file_that_no_published_plan_names_is_not_there(client: FlaskClient, settings: Settings) -> None:
    original = next(path for path in settings.archive.glob("*/*") if path.read_bytes().startswith(b"PK"))
    for path in (f"/dokument/{original.name}/x.zip", f"/dokument/{'0' * 64}/x.pdf", "/dokument/..%2F..%2Fx/x"):
        assert client.get(path).status_code == 404


def test_the_documents_of_several_plans_at_once(client: FlaskClient, address: dict[str, str]) -> None:
    wanted = [address[name].removeprefix("/plan/") for name in ("Am Hang", "Alte Mühle")]
    found = client.get(f"/dokumente.json?plan={wanted[0]}&plan={wanted[1]}").json
    assert found is not None
    assert [each["title"] for each in found[wanted[0]]] == ["Begründung", "Karte", "Satzung", "Informell: Anlage"]
    assert found[wanted[1]] == []
    assert client.get("/dokumente.json?plan=x").status_code == 400


def test_every_gemeinde_that_takes_part_has_its_page(client: FlaskClient) -> None:
    links = re.findall(r'<h2><a href="(/gemeinde/\d+/)">', client.get("/gemeinden/").text)
    assert len(links) == 21
    assert all(client.get(link).status_code == 200 for link in links)
    assert client.get(f"/gemeinde/{MARBURG}/").status_code == 404


def test_a_gemeinde_shows_its_plans_by_state(client: FlaskClient) -> None:
    page = client.get(f"/gemeinde/{EBSDORFERGRUND}/").text
    assert names(page) == ["Am Hang, 1. Änderung", "Am Hang, 1. Änderung", "Am Hang", "Flächennutzungsplan"]


def test_the_stable_addresses_that_the_state_portal_links(client: FlaskClient) -> None:
    at = f"/gemeinde/{EBSDORFERGRUND}"
    assert names(client.get(f"{at}/bebauungsplaene/").text) == ["Alte Mühle", "Am Hang", "Am Hang, 1. Änderung"]
    assert names(client.get(f"{at}/bebauungsplaene/?status=in_kraft").text) == ["Am Hang"]
    assert names(client.get(f"{at}/flaechennutzungsplaene/").text) == ["Flächennutzungsplan"]
    assert names(client.get(f"{at}/beteiligung/").text) == ["Am Hang, 1. Änderung"]
    assert client.get(f"{at}/bebauungsplaene").headers["Location"].endswith("/bebauungsplaene/")


@pytest.mark.parametrize(
    "path", ["/gibtesnicht", "/plan/00000000-0000-0000-0000-000000000000", "/plan/x", "/gemeinde/00000000/"]
)
def test_what_is_not_there_is_a_friendly_404(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [("/gibtesnicht", 404, "There is no such page"), ("/plaene?gemeinde=x", 400, "We do not understand this")],
)
def test_in_english_what_went_wrong_is_told_in_english(client: FlaskClient, path: str, status: int, said: str) -> None:
    answer = client.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert answer.status_code == status
    assert f"<h1>{said}</h1>" in answer.text
    assert f"<title>{said} –" in answer.text


def test_a_plan_that_was_withdrawn_is_no_longer_there(database: Settings, tmp_path: Path) -> None:
    with two_plans(database, tmp_path) as (engine, first, second):
        client = create_portal(database).test_client()
        assert client.get(f"/plan/{first}").status_code == 200
        operations.withdraw(engine, first, "falsch")
        assert client.get(f"/plan/{first}").status_code == 404
        assert client.get(f"/plan/{second}").status_code == 200


def test_lists_remember_nothing_that_is_no_longer_so(furnished: Settings, tmp_path: Path) -> None:
    lists = ("/plaene", "/gemeinde/06534008/", "/gemeinde/06534008/bebauungsplaene/", "/abo/plaene.atom")
    with two_plans(furnished, tmp_path) as (engine, first, _):
        client = create_portal(furnished).test_client()
        for _ in range(2):
            assert all("Am Hang" in client.get(path).text for path in lists)
        operations.withdraw(engine, first, "falsch")
        for path in lists:
            assert "Am Hang" not in client.get(path).text, path
            assert "Am Bach" in client.get(path).text, path


def test_a_page_after_the_last_is_not_there_for_words_either(client: FlaskClient) -> None:
    assert client.get("/plaene?q=hang").status_code == 200
    assert client.get("/plaene?q=hang&seite=900").status_code == 404


def test_an_address_that_a_plan_once_had_leads_to_it(database: Settings, tmp_path: Path) -> None:
    with two_plans(database, tmp_path) as (engine, first, second):
        operations.merge(engine, first, second)
        answer = create_portal(database).test_client().get(f"/plan/{first}")
        assert (answer.status_code, answer.headers["Location"]) == (301, f"/plan/{second}")


@contextmanager
def two_plans(settings: Settings, folder: Path) -> Iterator[tuple[Engine, UUID, UUID]]:
    engine = owner_engine(settings.require_database_url())
    operations.prepare(engine)
    file = write(folder / "two.gml", xplangml(plan("a"), plan("b", name="Am Bach", nummer="6")))
    first, second = (outcome.id for outcome in operations.deliver(engine, Archive(settings.archive), file).outcomes)
    yield engine, first, second
    engine.dispose()


def test_pages_can_only_be_read(client: FlaskClient) -> None:
    answer = client.post("/plaene")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "Diese Adresse kann man nur ansehen." in answer.text


@pytest.mark.parametrize("path", ["/impressum/", "/datenschutz/", "/barrierefreiheit/"])
def test_the_operators_pages(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_the_map_page_has_a_way_for_readers_without_scripts(client: FlaskClient) -> None:
    page = client.get("/").text
    noscript = page[page.index("<noscript>") : page.index("</noscript>")]
    assert 'href="/plaene"' in noscript
    assert 'href="/gemeinden/"' in noscript


def test_the_map_page_is_there_in_both_languages(client: FlaskClient) -> None:
    assert "<legend>Bebauungspläne</legend>" in client.get("/").text
    english = client.get("/?lang=en").text
    assert "<legend>Local development plans</legend>" in english
    assert "de=" not in english
    for path in ("/plaene", "/gemeinden/", f"/gemeinde/{EBSDORFERGRUND}/", f"/gemeinde/{EBSDORFERGRUND}/beteiligung/"):
        page = client.get(path + "?lang=en").text
        assert '<html lang="en">' in page
        assert "Municipalities" in page


def test_no_page_has_inline_script_or_style_or_another_host(client: FlaskClient, address: dict[str, str]) -> None:
    for path in ("/", "/plaene", address["Am Hang"], f"/gemeinde/{EBSDORFERGRUND}/", "/impressum/", "/gibtesnicht"):
        page = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", page), path
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page), path
        assert not re.search(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//(?!localhost)', page), path


def test_every_answer_carries_the_policy_and_no_cookie(settings: Settings, address: dict[str, str]) -> None:
    served = Client(wsgi.create(settings))
    for path in ("/", address["Am Hang"], "/gibtesnicht", "/healthz", "/service-worker.js", "/ogc/", "/ogc/x"):
        answer = served.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers


def test_a_configured_basemap_is_offered_and_only_its_host_allowed(settings: Settings, tmp_path: Path) -> None:
    grau = {
        "id": "grau", "title": "Karte in Grau", "kind": "xyz", "url": "https://{s}.example.org/{z}/{y}/{x}.png",
        "attribution": "© Amt",
    }  # fmt: skip
    answer = Client(wsgi.create(home_with(settings, tmp_path, basemaps=[grau]))).get("/")
    assert "img-src 'self' data: blob: https://*.example.org;" in answer.headers["Content-Security-Policy"]
    assert '<input type="radio" name="basemap" value="grau">Karte in Grau' in answer.text


def test_only_the_files_that_pages_use_are_served_of_leaflet(client: FlaskClient) -> None:
    assert client.get("/static/vendor/leaflet/leaflet.js").status_code == 200
    for name in ("leaflet-src.js", "../package.json", "..%2Fpackage.json"):
        assert client.get(f"/static/vendor/leaflet/{name}").status_code == 404


def test_who_holds_a_page_is_told_so_until_it_says_something_else(
    client: FlaskClient, settings: Settings, address: dict[str, str]
) -> None:
    for path in (
        "/", "/plaene", "/plaene?q=Hang", address["Am Hang"], "/gemeinden/", f"/gemeinde/{AMOENEBURG}/",
        f"/gemeinde/{AMOENEBURG}/beteiligung/", "/hier?lon=8.71677&lat=50.82183", "/impressum/", "/abo/plaene.atom",
    ):  # fmt: skip
        answer = client.get(path)
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
        assert client.head(path).headers["ETag"] == answer.headers["ETag"]
    held = client.get("/plaene").headers["ETag"]
    assert client.get("/plaene?lang=en", headers={"If-None-Match": held}).status_code == 200
    assert client.get("/plaene?seite=2", headers={"If-None-Match": held}).status_code == 200
    later = create_portal(settings, today=lambda: date(2026, 12, 19)).test_client()
    held = client.get(address["Am Hang, 1. Änderung"]).headers["ETag"]
    assert later.get(address["Am Hang, 1. Änderung"], headers={"If-None-Match": held}).status_code == 200, "another day"
    assert "ETag" not in client.get("/suche?q=Hang&f=json").headers, "nobody keeps what somebody looked for"


def test_without_its_front_end_packages_the_portal_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(PortalSetupError, match="npm ci"):
        vendor.blueprint(tmp_path)


def test_without_a_database_pages_say_so_and_the_map_page_stands(settings: Settings, address: dict[str, str]) -> None:
    away = replace(settings, read_database_url="postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    client = create_portal(away, today=lambda: TODAY).test_client()
    for path in ("/plaene", address["Am Hang"], "/gemeinden/"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert "Im Augenblick nicht erreichbar" in answer.text
        assert "psycopg" not in answer.text
    assert client.get("/").status_code == 200
    assert client.get("/healthz").text == "ok\n"


def test_a_fault_shows_no_traceback(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("geoportal.published.gemeinden", broken)
    answer = create_portal(settings).test_client().get("/gemeinden/")
    assert answer.status_code == 500
    assert "Das hat nicht geklappt" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/plaene?q=%00", 400), ("/plaene?q=a%00b", 400), ("/gemeinde/%00/", 404), (f"/dokument/{'%00' * 64}/x", 404)],
)
def test_a_nul_is_no_fault_of_ours(client: FlaskClient, address: str, status: int) -> None:
    assert client.get(address).status_code == status


def test_whoever_finds_a_weakness_learns_whom_to_tell(client: FlaskClient) -> None:
    answer = client.get("/.well-known/security.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert lines["Contact"].startswith(("mailto:", "http"))
    assert lines["Expires"] == "2027-05-21T00:00:00Z"


@pytest.mark.parametrize("words", ["%", "_", "\\", "H%g"])
def test_signs_of_patterns_are_looked_for_as_they_are(client: FlaskClient, words: str) -> None:
    assert "Am Hang" in client.get("/plaene?q=HÁNG").text
    assert "Am Hang" not in client.get("/plaene", query_string={"q": words}).text
