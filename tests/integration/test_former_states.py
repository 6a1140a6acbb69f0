"""What was public on a day: the list and the page of a plan as they were, and the way back to today."""

import re
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.web import create_portal
from tests.files import archive, feature, pdf, plan, polygon, prop, xplangml

TODAY = date(2026, 11, 22)
WIDER = polygon("0 0 200 0 200 200 0 200 0 0")


def delivered(name: str, rechtsstand: int, document: str, *features: str, outline: str | None = None) -> str:
    reference = prop(
        "externeReferenz",
        f"<xplan:XP_SpezExterneReferenz><xplan:referenzName>{document}</xplan:referenzName>"
        f"<xplan:referenzURL>{document}.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
        "</xplan:XP_SpezExterneReferenz>",
    )
    extra = prop("rechtsstand", str(rechtsstand)) + prop("internalId", "EG-5") + reference
    return xplangml(plan(name=name, nummer="5", outline=outline, extra=extra), *features)


@pytest.fixture(scope="module")
def client(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A plan that was public as a draft from January, and as a by-law from March; another that ended in June."""
    folder = tmp_path_factory.mktemp("delivered")
    engine = owner_engine(module_furnished.require_database_url())
    contents = feature("BP_BaugebietsTeilFlaeche", "b1", prop("position", polygon()) + prop("GRZ", "0.4"))
    drafts = (
        ("draft.zip", delivered("Am Hang (Entwurf)", 2400, "Entwurf", contents), "Entwurf.pdf"),
        ("law.zip", delivered("Am Hang", 4000, "Satzung", outline=WIDER), "Satzung.pdf"),
    )
    for name, document, attached in drafts:
        file = archive(folder / name, {"xplan.gml": document, attached: pdf(attached)})
        operations.deliver(engine, Archive(module_furnished.archive), file)
    ended = xplangml(plan("p2", name="Alte Mühle", nummer="7", extra=prop("rechtsstand", "4000")))
    operations.deliver(engine, Archive(module_furnished.archive), archive(folder / "old.zip", {"xplan.gml": ended}))
    with engine.begin() as connection:
        # deliveries are of now; the states of the past are put there
        for when in (
            "published_at = '2026-01-10 12:00+01', published_until = '2026-03-01 12:00+01'"
            " WHERE version = 1 AND nummer = '5'",
            "published_at = '2026-03-01 12:00+01' WHERE version = 2",
            "published_at = '2026-01-10 12:00+01', published_until = '2026-06-01 12:00+02', state = 'superseded'"
            " WHERE nummer = '7'",
        ):
            connection.execute(text(f"UPDATE plans.version SET {when}"))
    engine.dispose()
    return create_portal(module_furnished, today=lambda: TODAY).test_client()


def names(page: str) -> list[str]:
    return re.findall(r'<h2 class="plan-entry__name"><a href="[^"]+">(.*?)</a>', page)


@pytest.fixture(scope="module")
def address(client: FlaskClient) -> dict[str, str]:
    page = client.get("/plaene?stand=2026-02-01").text
    found = re.findall(r'<a href="(/plan/[^?"]+)\?stand=2026-02-01">(.*?)</a>', page)
    return {name: path for path, name in found}


@pytest.mark.parametrize(
    ("stand", "found"),
    [
        ("2026-01-09", []),
        ("2026-01-10", ["Alte Mühle", "Am Hang (Entwurf)"]),
        ("2026-02-28", ["Alte Mühle", "Am Hang (Entwurf)"]),
        ("2026-03-01", ["Alte Mühle", "Am Hang"]),
        ("2026-06-01", ["Am Hang"]),
        ("2026-11-22", ["Am Hang"]),
    ],
)
def test_the_list_holds_what_was_public_at_the_end_of_a_day(client: FlaskClient, stand: str, found: list[str]) -> None:
    assert names(client.get(f"/plaene?stand={stand}").text) == found


def test_the_list_of_a_former_day_says_so_and_leads_back_with_its_filters(client: FlaskClient) -> None:
    page = client.get("/plaene?stand=2026-02-01&planwerk=BP").text
    assert "Stand vom" in page
    assert "1. Februar 2026" in page
    assert '<a class="button" href="/plaene?planwerk=BP">Zum heutigen Stand</a>' in page
    assert "Stand vom" not in client.get("/plaene").text


def test_the_page_of_a_former_day_tells_what_replaced_it(client: FlaskClient, address: dict[str, str]) -> None:
    path = address["Am Hang (Entwurf)"]
    page = client.get(f"{path}?stand=2026-02-01").text
    assert "<h1>Am Hang (Entwurf)</h1>" in page
    assert "Stand vom" in page
    assert f'An ihre Stelle trat <a href="{path}?fassung=2">Fassung 2</a>' in page
    assert f'<a class="button" href="{path}">Zum heutigen Stand</a>' in page
    assert "Dieser Plan wird noch aufgestellt." not in page, "only today's page says what a plan means today"
    assert "data-plan-map" not in page, "the scripts would draw today's plan"
    assert "Baugebiet" in page, "its contents are those of the day"
    today = client.get(path).text
    assert "<h1>Am Hang</h1>" in today
    assert "Stand vom" not in today
    assert "Baugebiet" not in today


def test_a_version_is_found_by_its_number_and_drawn_beside_the_present_one(
    client: FlaskClient, address: dict[str, str]
) -> None:
    path = address["Am Hang (Entwurf)"]
    page = client.get(f"{path}?fassung=1").text
    assert "Frühere Fassung 1" in page
    assert f"{path}?fassung=1 (abgerufen am" in page, "what is cited is this version"
    drawing = client.get(path).text.partition('class="compared"')[2]
    assert "Damals (gestrichelt) 1,0 ha, heute (durchgezogen) 4,0 ha" in drawing


def test_a_document_that_no_present_plan_has_is_named_and_not_served(
    client: FlaskClient, address: dict[str, str]
) -> None:
    path = address["Am Hang (Entwurf)"]
    page = client.get(f"{path}?fassung=1").text
    assert "Entwurf" in page.partition("Unterlagen")[2]
    assert "wird hier nicht mehr bereitgestellt" in page
    assert "/dokument/" not in page
    assert "/dokument/" in client.get(path).text


def test_a_plan_that_ended_says_until_when_it_was_there(client: FlaskClient, address: dict[str, str]) -> None:
    path = address["Alte Mühle"]
    gone = client.get(path)
    assert gone.status_code == 410
    assert "nicht mehr veröffentlicht" in gone.text
    assert "1. Juni 2026" in gone.text
    former = client.get(f"{path}?fassung=1")
    assert former.status_code == 200
    assert "Danach war der Plan hier nicht mehr veröffentlicht." in former.text


def test_before_its_first_publication_a_plan_was_not_there(client: FlaskClient, address: dict[str, str]) -> None:
    early = client.get(f"{address['Am Hang (Entwurf)']}?stand=2025-12-31")
    assert early.status_code == 404
    assert "war dieser Plan hier nicht veröffentlicht" in early.text


@pytest.mark.parametrize(
    "asked", ["stand=2027-01-01", "stand=gestern", "fassung=0", "fassung=x", f"fassung={'1' * 5000}"]
)
def test_a_day_to_come_or_no_day_is_refused_kindly(client: FlaskClient, address: dict[str, str], asked: str) -> None:
    assert client.get(f"{address['Am Hang (Entwurf)']}?{asked}").status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("planart=BP-1000", ["Am Hang"]),
        ("planart=BP-3000", []),
        ("von=2026-01-01", []),
        ("sortierung=inkrafttreten", ["Am Hang"]),
    ],
)
def test_the_list_is_filtered_by_kind_and_by_the_day_of_coming_into_force(
    client: FlaskClient, query: str, found: list[str]
) -> None:
    assert names(client.get(f"/plaene?{query}").text) == found


def test_a_former_state_is_a_file_too(client: FlaskClient, address: dict[str, str]) -> None:
    path = address["Am Hang (Entwurf)"]
    assert f'href="{path}/xplan.gml?stand=2026-02-01"' in client.get(f"{path}?stand=2026-02-01").text
    former = client.get(f"{path}/xplan.gml?stand=2026-02-01")
    assert "Am Hang (Entwurf)" in former.text
    assert "2026-02-01.gml" in former.headers["Content-Disposition"]
    assert "Am Hang (Entwurf)" not in client.get(f"{path}/xplan.gml?stand=2026-03-01").text
    assert client.get(f"{path}/xplan.gml?stand=2026-01-09").status_code == 404
    assert client.get(f"{path}/xplan.gml?stand=2099-01-01").status_code == 400
