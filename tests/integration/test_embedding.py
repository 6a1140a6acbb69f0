"""Pages of ours inside the pages of the towns: without their surroundings, and only where the operator allows it."""

import re
from pathlib import Path

import pytest
from werkzeug.test import Client

from geoportal import wsgi
from geoportal.settings import Settings
from geoportal.web import PortalSetupError
from geoportal.web.portal_config import PortalConfig
from tests.homes import home_with

TOWN = "https://www.gemeinde.example"


@pytest.fixture
def client(furnished: Settings, tmp_path: Path) -> Client:
    return Client(wsgi.create(home_with(furnished, tmp_path, embedding=[TOWN, "https://*.stadt.example"])))


def framing(client: Client, path: str) -> str:
    policy = client.get(path).headers["Content-Security-Policy"]
    return policy.partition("frame-ancestors ")[2].partition(";")[0]


def test_only_an_embedded_page_may_be_framed_and_only_by_those_who_are_named(client: Client) -> None:
    for path in ("/?embed", "/hier?embed", "/gemeinde/06534008/?embed", "/gemeinde/06534008/beteiligung/?embed"):
        assert framing(client, path) == f"{TOWN} https://*.stadt.example", path
    # lists and what takes something from a reader, faults, and all that is not asked for in this way
    for path in ("/", "/plaene?embed", "/werkbank/anmelden?embed", "/gemeinde/06539999/?embed", "/ogc/?embed=1"):
        assert framing(client, path) == "'none'", path
    assert "require-trusted-types-for 'script'" in client.get("/?embed").headers["Content-Security-Policy"]


def test_an_embedded_page_has_no_menu_and_a_way_to_the_whole_one(client: Client) -> None:
    page = client.get("/gemeinde/06534008/beteiligung/?embed&lang=en").text
    assert "site-header" not in page
    assert '<base target="_blank">' in page
    assert '<a href="/gemeinde/06534008/beteiligung/?lang=en">Open in the geoportal</a>' in page
    assert "Beteiligung in Ebsdorfergrund" in client.get("/gemeinde/06534008/beteiligung/?embed").text
    assert '<base target="_blank">' not in client.get("/gemeinde/06534008/beteiligung/").text


def test_nobody_may_frame_anything_until_the_operator_says_so(database: Settings, tmp_path: Path) -> None:
    client = Client(wsgi.create(home_with(database, tmp_path, embedding=[])))
    assert framing(client, "/?embed") == "'none'"


@pytest.mark.parametrize(
    "origin", ["*", "https://*", "http://www.gemeinde.example", "https://a.example/pfad", "'self'"]
)
def test_what_is_no_origin_is_refused_at_the_start(database: Settings, tmp_path: Path, origin: str) -> None:
    settings = home_with(database, tmp_path, embedding=[origin])
    with pytest.raises(PortalSetupError, match="embedding"):
        PortalConfig.load(settings.home / "config" / "portal.yml")


def test_the_example_in_the_documents_is_one_that_works(client: Client) -> None:
    text = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text("utf-8")
    paths = re.findall(r"^\| `(/[^`#]*\?embed)[^`]*`", text, re.MULTILINE)
    assert len(paths) == 4
    for path in paths:
        if "Kennung" not in path:
            assert framing(client, path) == f"{TOWN} https://*.stadt.example", path
