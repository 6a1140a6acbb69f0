"""A version before it is public: drawn as the maps will draw it, held against the present one, for nobody else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2
import pytest
from pypdfium2 import raw
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import operations
from geoportal.accounts import people
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Principal, Role
from geoportal.archive import Archive
from geoportal.database import desk_engine, reader_engine
from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.desk import OTHER, OWN, Browser, Office, membership, office, send
from tests.files import ORIGIN, bereich, feature, plan, polygon, prop, xplangml
from tests.integration.test_maps import pixels
from tests.ogc import LAYERS

LEFT, RIGHT = "0 0 50 0 50 100 0 100 0 0", "50 0 100 0 100 100 50 100 50 0"
WEST, SOUTH = ORIGIN
UTM = "http://www.opengis.net/def/crs/EPSG/0/25832"
FRAME = f"bbox={WEST - 20},{SOUTH - 20},{WEST + 120},{SOUTH + 120}&bbox-crs={UTM}&crs={UTM}&width=280&height=280"


def area(gml_id: str, outline: str, art: str, grz: str) -> str:
    values = prop("position", polygon(outline)) + prop("GRZ", grz) + prop("besondereArtDerBaulNutzung", art)
    return feature("BP_BaugebietsTeilFlaeche", gml_id, values)


def document(*features: str, name: str = "Am Hang") -> str:
    return xplangml(plan(name=name), bereich(), *features)


BEFORE = document(area("l", LEFT, "1200", "0.4"), area("r", RIGHT, "1700", "0.8"))
AFTER = document(
    area("l", LEFT, "1200", "0.6"),
    feature("BP_StrassenVerkehrsFlaeche", "s", prop("position", polygon(RIGHT))),
    name="Am Hang Süd",
)


@dataclass
class Draft:
    """A plan that is public, and a second version of it that waits to be published."""

    office: Office
    publisher: Browser
    path: str
    delivery: int
    version: int


@pytest.fixture(scope="module")
def draft(module_database: Settings) -> Iterator[Draft]:
    with office(module_database) as opened:
        operations.prepare(opened.owner)
        planner, publisher = opened.as_role(Role.PLANNER), opened.as_role(Role.PUBLISHER)
        for text_ in (BEFORE, AFTER):
            number = int(send(planner, text_).location.rpartition("/")[2])
            operations.process(opened.owner, Archive(opened.settings.archive), number)
            delivery = f"/werkbank/lieferung/{number}"
            planner.get(delivery)
            assert planner.post(f"{delivery}/zur-freigabe").status_code == 303
            if text_ == BEFORE:
                publish(publisher, number)
        with opened.owner.connect() as connection:
            row = connection.execute(text("SELECT id, plan_id FROM plans.version WHERE version = 2")).one()
        yield Draft(opened, publisher, f"/werkbank/plan/{row.plan_id}", number, row.id)


def publish(publisher: Browser, number: int) -> None:
    page = publisher.get(f"/werkbank/lieferung/{number}").text
    stamp = re.search(r'name="stand" value="([^"]+)"', page)
    assert stamp
    path = f"/werkbank/lieferung/{number}/veroeffentlichen"
    assert publisher.post(path, {"stand": stamp[1], "wann": "jetzt"}).status_code == 303


def test_who_wants_a_day_and_names_none_publishes_nothing(draft: Draft) -> None:
    page = draft.publisher.get(f"/werkbank/lieferung/{draft.delivery}").text
    stamp = re.search(r'name="stand" value="([^"]+)"', page)
    assert stamp
    path = f"/werkbank/lieferung/{draft.delivery}/veroeffentlichen"
    for day, status in (("", 422), ("bald", 400), ("2026-W48-1", 400), ("9999-01-01", 400)):
        assert draft.publisher.post(path, {"stand": stamp[1], "wann": "tag", "tag": day}).status_code == status
    assert f'action="{path}"' in draft.publisher.get(f"/werkbank/lieferung/{draft.delivery}").text


def test_the_page_says_what_differs_and_shows_both_versions(draft: Draft) -> None:
    page = draft.publisher.get(f"{draft.path}/vergleich?neu=2").text
    assert "Am Hang Süd" in page
    assert re.search(r"GRZ:</span> 0,4 → 0,6", page)
    kinds = re.findall(r'desk-key desk-key--(\w+)">(?:Neu|Geändert|Entfallen)<', page)
    assert kinds == ["added", "changed", "removed"]
    pictures = re.findall(r'desk-picture__frame">\s*<img src="([^"]+)"', page)
    assert ["/fassung/1/" in pictures[0], "/fassung/2/" in pictures[1]] == [True, True]
    assert all(draft.publisher.get(each.replace("&amp;", "&")).mimetype == "image/png" for each in pictures)
    # each side has outlined what is different there: new and changed on the one, changed and gone on the other
    assert re.findall(r'<path class="desk-mark desk-mark--(\w+)"', page) == ["changed", "removed", "added", "changed"]


def test_the_legend_names_the_signs_that_occur_and_what_comes_or_goes(draft: Draft) -> None:
    page = draft.publisher.get(f"{draft.path}/vergleich?neu=2").text
    listed = re.search(r'<ul class="desk-signs">(.+?)</ul>', page, re.DOTALL)
    assert listed
    signs = [
        (re.sub("<[^>]+>", "", each).strip(), 'class="swatch"' in each)
        for each in re.findall(r"<li>(.+?)</li>", listed[1], re.DOTALL)
    ]
    assert signs == [
        ("Wohnbaufläche und Wohngebiete (W, WS, WR, WA, WB)", True),
        ("Gewerbliche Baufläche, Gewerbe- und Industriegebiet (G, GE, GI) entfallen", True),
        ("Straßenverkehrsfläche neu", True),
        ("Grenze des räumlichen Geltungsbereichs", True),
    ]
    alone = draft.publisher.get(f"{draft.path}/vergleich?neu=1").text
    assert "Gewerbliche Baufläche" in alone
    assert "entfallen" not in alone


def test_one_difference_fills_the_pictures(draft: Draft) -> None:
    page = draft.publisher.get(f"{draft.path}/vergleich?neu=2&bei=1").text
    found = re.search(r"bbox=([\d.]+)%2C([\d.]+)%2C([\d.]+)%2C([\d.]+)", page)
    assert found
    west, _, east, _ = map(float, found.groups())
    assert west < WEST + 50 < WEST + 100 < east < west + 160
    assert draft.publisher.get(f"{draft.path}/vergleich?neu=2&bei=99").status_code == 404
    assert draft.publisher.get(f"{draft.path}/vergleich?neu=2&bei=x").status_code == 400


def test_a_first_version_is_shown_alone(draft: Draft) -> None:
    page = draft.publisher.get(f"{draft.path}/vergleich?neu=1").text
    assert "Eine frühere Fassung gibt es nicht" in page
    assert len(re.findall('class="desk-picture"', page)) == 1
    assert draft.publisher.get(f"{draft.path}/vergleich.json?neu=1").get_json()["changes"]["features"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "width=100",
        f"{FRAME}&f=jpeg",
        f"{FRAME}&stand=2026-01-01",
        "bbox=8,50,9,51&width=4096&height=4096",
        "bbox=1,2",
    ],
)
def test_a_picture_is_asked_for_rightly_or_not_drawn(draft: Draft, query: str) -> None:
    assert draft.publisher.get(f"{draft.path}/fassung/2/bild.png?{query}").status_code == 400


def test_no_other_role_reads_a_drawing_that_is_not_public(draft: Draft) -> None:
    own = draft.office
    asked = text("SELECT count(*) FROM plans.planzeichnung WHERE version_id = :version")
    reader = reader_engine(own.settings.require_read_url())
    with reader.connect() as connection, pytest.raises(ProgrammingError):
        connection.execute(asked, {"version": draft.version})
    reader.dispose()
    engine = desk_engine(own.settings.require_desk_url())
    seen = {}
    for ags in (OWN, OTHER):
        email = own.hire(f"looker-{ags}@example.org", membership(Role.PLANNER, ags))
        number = next(each.id for each in people.everybody(own.owner) if each.email == email)
        with acting(engine, Principal(number, email, email, (membership(Role.PLANNER, ags),), "-")) as connection:
            seen[ags] = connection.scalar(asked, {"version": draft.version})
    engine.dispose()
    assert seen == {OWN: 2, OTHER: 0}


def test_the_report_on_paper_says_and_shows_what_was_found(draft: Draft) -> None:
    bowtie = area("l", "0 0 50 50 50 0 0 50 0 0", "1200", "0.4")
    browser = draft.office.as_role(Role.PLANNER)
    number = int(send(browser, xplangml(plan(name="Im Feld", nummer="77"), bowtie)).location.rpartition("/")[2])
    operations.process(draft.office.owner, Archive(draft.office.settings.archive), number)
    answer = browser.get(f"/werkbank/lieferung/{number}/bericht.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    with pypdfium2.PdfDocument(answer.data) as paper:
        said = " ".join(page.get_textpage().get_text_range() for page in paper).replace("\r\n", " ")
        pictures = [each for each in paper[0].get_objects() if each.type == raw.FPDF_PAGEOBJ_IMAGE]
    for ags, role in ((OWN, Role.OFFICE), (OTHER, Role.PLANNER), (OTHER, Role.PUBLISHER)):  # it is not their delivery
        stranger = draft.office.as_role(role, ags)
        assert stranger.get(f"/werkbank/lieferung/{number}/bericht.pdf").status_code == 404
    assert draft.office.browser().get(f"/werkbank/lieferung/{number}/bericht.pdf").status_code == 303
    assert "Im Feld" in said
    assert "Ungültige Geometrie wurde repariert" in said
    assert "Die Zahlen sind die Nummern der Befunde" in said
    assert len(pictures) == 1


def test_the_preview_is_the_picture_that_the_public_gets(draft: Draft) -> None:
    """Last here, for it publishes."""
    preview = pixels(draft.publisher.get(f"{draft.path}/fassung/2/bild.png?{FRAME}"))
    public = create_ogc(draft.office.settings, LAYERS).test_client()
    asked = f"/collections/bebauungsplaene/styles/planzv/map?{FRAME}&bgcolor=0xFFFFFF&f=png"
    former = pixels(public.get(asked))
    publish(draft.publisher, draft.delivery)
    present = pixels(create_ogc(draft.office.settings, LAYERS).test_client().get(asked))  # which has kept no picture

    def different(one: np.ndarray, other: np.ndarray) -> float:
        return float((np.abs(one[..., :3].astype(int) - other[..., :3]).max(axis=2) > 24).mean())

    assert different(former, preview) > 0.2
    assert different(present, preview) < 0.001
