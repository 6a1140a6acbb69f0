"""The pages for people: nothing from another host, odd names as text."""

from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from tests.ogc import (
    ITEMS,
)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.headings: list[str] = []
        self.language: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("script", "style"):
            self.inline.append(tag)
        if tag in ("script", "img", "iframe", "source", "embed"):
            self.loaded.append(given.get("src") or "")
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given.get("href") or "")
        if tag == "h1":
            self.headings.append(tag)
        if tag == "html":
            self.language = given.get("lang")


PAGES = [
    "/",
    "/collections",
    "/conformance",
    "/openapi",
    "/collections/bebauungsplaene",
    "/collections/bebauungsplaene/queryables",
    "/collections/bebauungsplaene/schema",
    "/collections/bebauungsplaene/schemas/feature",
    "/collections/bebauungsplaene/items",
    "/collections/bebauungsplaene/items?limit=3&offset=3",
    "/collections/schulen/items/9001",
    "/collections/unbekannt",
    "/collections/schulen/items?foo=1",
]


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_pages_load_nothing_from_another_host(api: FlaskClient, address: str, language: str) -> None:
    response = api.get(f"{address}{'&' if '?' in address else '?'}f=html&lang={language}")
    assert response.content_type == "text/html; charset=utf-8"
    page = Page(response.get_data(as_text=True))
    assert page.inline == []
    assert page.loaded == ["/ogc/static/ogc.css", "data:,"]
    assert len(page.headings) == 1
    if response.status_code == 200:
        assert page.language == language


def test_pages_show_odd_names_as_text(api: FlaskClient) -> None:
    text = api.get(f"{ITEMS}?f=html&nummer=0").get_data(as_text=True)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_pages_tell_items_by_title_labels_and_meanings(api: FlaskClient) -> None:
    [plan] = api.get(f"{ITEMS}?nummer=3").get_json()["features"]
    page = api.get(f"{ITEMS}/{plan['id']}?f=html").get_data(as_text=True)
    assert f"<h1>{plan['properties']['name']}</h1>" in page
    assert ">Bebauungspläne</a>" in page
    assert "<dt>Rechtsstand</dt>" in page
    english = api.get(f"{ITEMS}?f=html&lang=en&properties=status").get_data(as_text=True)
    assert "in force" in english
    assert f">{plan['id']}</a>" in english  # without the fields of its title there is nothing better
    shown = api.get("/collections/planinhalte/items?f=html&limit=1").get_data(as_text=True)
    [content] = api.get("/collections/planinhalte/items?limit=1").get_json()["features"]
    assert f">{content['properties']['klasse_text']}</a></th>" in shown


def test_browsers_get_pages_and_programs_get_json(api: FlaskClient) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert api.get("/collections", headers={"Accept": browser}).content_type.startswith("text/html")
    for accept in ("*/*", "application/json", "application/geo+json, application/json", ""):
        assert api.get(ITEMS, headers={"Accept": accept}).content_type == "application/geo+json"
    assert api.get("/static/ogc.css").status_code == 200


def test_no_page_tells_the_version_of_its_engine(api: FlaskClient) -> None:
    assert "pygeoapi 0." not in api.get("/?f=html").get_data(as_text=True)
