"""The map on paper: true to scale, tagged, and never more at once than the machine bears."""

import ctypes
import io
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import numpy
import pypdfium2
import pytest
from flask import Flask
from PIL import Image
from pypdfium2 import raw

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.paper import PaperBusy, PaperFailed, Press, Sheets
from geoportal.settings import Settings
from geoportal.web import create_portal
from geoportal.web.portal import Portal
from tests.files import plan, prop, write, xplangml
from tests.waiting import wait_until

TODAY = date(2026, 11, 22)
MILLIMETRE = 72 / 25.4
SMALL = Sheets("<html lang=de><title>x</title><p>Ein Blatt.", "", "http://localhost/")


@pytest.fixture(scope="module")
def app(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """With one plan of 100 m by 100 m around 480050, 5630050."""
    engine = owner_engine(module_furnished.require_database_url())
    document = xplangml(plan(name="Am Hang", nummer="5", extra=prop("rechtsstand", "4000")))
    file = write(tmp_path_factory.mktemp("delivered") / "plan.gml", document)
    operations.deliver(engine, Archive(module_furnished.archive), file)
    engine.dispose()
    return create_portal(module_furnished, today=lambda: TODAY)


@pytest.fixture(scope="module")
def plan_id(app: Flask) -> str:
    [found] = set(re.findall(r'href="/plan/([0-9a-f-]{36})"', app.test_client().get("/plaene").text))
    return found


@pytest.fixture(scope="module")
def printed(app: Flask, plan_id: str) -> Iterator[pypdfium2.PdfDocument]:
    answer = app.test_client().get(f"/drucken.pdf?plan={plan_id}&massstab=1000")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    with pypdfium2.PdfDocument(answer.data) as document:
        yield document


def test_the_sheet_names_plan_scale_date_source_and_corners(printed: pypdfium2.PdfDocument) -> None:
    assert len(printed) == 1, "map, foot and a short legend fit on it"
    page = printed[0]
    assert [round(side / MILLIMETRE) for side in page.get_size()] == [210, 297]
    text = page.get_textpage().get_text_bounded()
    for said in ("Am Hang", "Maßstab 1 : 1.000", "22. November 2026", "Quelle", "EPSG:25832", "Geltungsbereichs"):
        assert said in text, said
    west, _, east, _ = (
        int(number.replace(".", "")) for number in re.findall(r"\d{3}\.\d{3}|\d\.\d{3}\.\d{3}", text)[:4]
    )
    assert east - west == 190, "190 mm of the sheet are as many metres"


def test_a_hundred_metres_are_ten_centimetres_at_one_to_a_thousand(printed: pypdfium2.PdfDocument) -> None:
    per_millimetre = 8
    picture = numpy.asarray(printed[0].render(scale=per_millimetre / MILLIMETRE).to_pil().convert("L"))
    middle = picture[95 * per_millimetre : 110 * per_millimetre, 15 * per_millimetre : 195 * per_millimetre]
    dark = numpy.flatnonzero((middle < 90).all(axis=0))
    width = (dark.max() - dark.min()) / per_millimetre
    assert width == pytest.approx(100, abs=2.5), "the outline is drawn on both sides of the edge"


def test_a_screen_reader_can_read_the_sheet(printed: pypdfium2.PdfDocument) -> None:
    assert raw.FPDFCatalog_IsTagged(printed)
    length = raw.FPDF_GetMetaText(printed, b"Title", None, 0)
    buffer = ctypes.create_string_buffer(length)
    raw.FPDF_GetMetaText(printed, b"Title", buffer, length)
    assert buffer.raw.decode("utf-16-le").startswith("Am Hang, 1 : 1.000")


def test_a3_across_with_a_theme_and_a_former_day(app: Flask) -> None:
    asked = "karte=15/50.82183/8.71677&format=A3&lage=quer&ebenen=bebauungsplaene,schulen&stand=2020-01-01"
    answer = app.test_client().get(f"/drucken.pdf?{asked}")
    assert answer.status_code == 200
    page = pypdfium2.PdfDocument(answer.data)[0]
    assert [round(side / MILLIMETRE) for side in page.get_size()] == [420, 297]
    assert "Stand vom 1. Januar 2020" in page.get_textpage().get_text_bounded()


def test_the_form_works_without_scripts(app: Flask, plan_id: str) -> None:
    page = app.test_client().get(f"/drucken?plan={plan_id}").text
    assert '<option value="1000" selected>' in page or '<option value="500" selected>' in page
    assert 'formaction="/drucken.pdf"' in page
    assert re.search(r'<img src="/drucken\.png\?[^"]*ebenen=flaechennutzungsplaene[^"]+" width="560"', page)
    assert len(re.findall(r'<a href="/drucken\?plan=[^"]+lon=', page)) == 4
    english = app.test_client().get(f"/drucken?plan={plan_id}&lang=en").text
    assert len(re.findall(r'<a href="/drucken\?plan=[^"]+lon=[^"]+&amp;lang=en"', english)) == 4


def ink(app: Flask, query: str) -> float:
    """How dark the preview is around the plan's outline, 0 to 255."""
    answer = app.test_client().get(f"/drucken.png?lon=8.71677&lat=50.82183&massstab=1000&{query}")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    with Image.open(io.BytesIO(answer.data)) as picture:
        return float(255 - numpy.asarray(picture.convert("L")).mean())


def test_the_sheet_shows_what_the_map_shows(app: Flask) -> None:
    whole = ink(app, "")
    half = ink(app, "deckkraft=bebauungsplaene:50")
    assert half == pytest.approx(whole / 2, rel=0.15)
    assert ink(app, "recht=in_kraft") == pytest.approx(whole)
    assert ink(app, "recht=in_kraft,archiviert,in_aufstellung,unbekannt") == pytest.approx(whole)
    assert ink(app, "recht=archiviert") == 0
    assert 0 < ink(app, "zeichnung=aus") != whole


def test_the_form_keeps_what_the_map_showed(app: Flask) -> None:
    asked = "lon=8.71677&lat=50.82183&ebenen=schulen,bebauungsplaene&deckkraft=schulen:60&recht=in_kraft&zeichnung=aus"
    page = app.test_client().get(f"/drucken?{asked}").text
    assert '<input type="hidden" name="deckkraft" value="schulen:60">' in page
    assert '<input type="hidden" name="recht" value="in_kraft">' in page
    assert re.findall(r'name="ebenen" value="(\w+)" checked', page) == ["schulen", "bebauungsplaene"], "in their order"
    assert "Schulen (60 %)" in page
    preview = re.search(r'<img src="(/drucken\.png\?[^"]+)"', page)
    assert preview is not None
    assert "nur Umringe; In Kraft" in page
    for part in ("deckkraft=schulen:60", "recht=in_kraft", "zeichnung=aus", "ebenen=schulen,bebauungsplaene"):
        assert part in unquote(preview[1])


def test_an_empty_sheet_says_that_it_is_empty(app: Flask) -> None:
    client = app.test_client()
    somewhere, elsewhere = "lon=8.71677&lat=50.82183&massstab=1000", "lon=8.9&lat=50.9&massstab=1000"
    said = "In diesem Ausschnitt liegt nichts"
    assert said not in client.get(f"/drucken?{somewhere}").text
    for query in (
        elsewhere,
        f"{somewhere}&recht=archiviert",
        f"{somewhere}&stand=2020-01-01",
        f"{somewhere}&ebenen=schulen",
    ):
        assert said in client.get(f"/drucken?{query}").text, query
    assert "Nothing of what you chose" in client.get(f"/drucken?{elsewhere}&lang=en").text
    text = pypdfium2.PdfDocument(client.get(f"/drucken.pdf?{elsewhere}").data)[0].get_textpage().get_text_bounded()
    assert "ist nichts veröffentlicht von: Flächennutzungspläne, Bebauungspläne" in " ".join(text.split())


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("ebenen=geheim", 400),
        ("recht=keiner", 400),
        ("deckkraft=schulen:0", 400),
        ("deckkraft=schulen:101", 400),
        ("grund=fern", 400),
        ("zeichnung=halb", 400),
        ("lon=x", 400),
        ("plan=00000000-0000-0000-0000-000000000000", 404),
    ],
)
def test_what_cannot_be_printed_is_a_friendly_page(app: Flask, query: str, status: int) -> None:
    for path in ("/drucken", "/drucken.png", "/drucken.pdf"):
        assert app.test_client().get(f"{path}?{query}").status_code == status


def test_a_press_at_work_asks_the_next_one_to_come_again(app: Flask, plan_id: str) -> None:
    own: Portal = app.extensions[Portal.KEY]
    app.extensions[Portal.KEY] = replace(own, press=Press(wait=0, seconds=0.01))
    try:
        answer = app.test_client().get(f"/drucken.pdf?plan={plan_id}")
    finally:
        app.extensions[Portal.KEY] = own
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Gerade wird viel gedruckt" in answer.text


def test_one_pdf_at_a_time() -> None:
    outcomes: list[str] = []

    class Patient(Press):
        """Prints when the others have asked as well."""

        def _pressed(self, sheets: Sheets) -> bytes:
            wait_until(lambda: outcomes.count("busy") == 2)
            return super()._pressed(sheets)

    press = Patient(wait=0)

    def ask() -> None:
        try:
            press.pdf(SMALL)
            outcomes.append("printed")
        except PaperBusy:
            outcomes.append("busy")

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy", "busy", "printed"]
    assert press.pdf(SMALL).startswith(b"%PDF"), "and then it is free again"


@pytest.mark.parametrize("source", ["http://127.0.0.1:1/x.png", "file:///etc/hostname", "picture:away"])
def test_nothing_is_fetched_for_a_sheet(source: str, tmp_path: Path) -> None:
    with pytest.raises(PaperFailed):
        Press().pdf(replace(SMALL, page=f'<html lang=de><title>x</title><img src="{source}" alt="">'))
