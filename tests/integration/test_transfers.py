"""Files on their way in, in pieces (tus): across broken lines, ended sessions and closed browsers, for nobody else."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.settings import Settings
from tests.desk import ORIGIN, OTHER, OWN, Browser, Office, office
from tests.files import plan, xplangml

DATA = xplangml(plan()).encode()
PIECE = {"Content_Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def opened(module_database: Settings) -> Iterator[Office]:
    with office(module_database) as own:
        operations.prepare(own.owner)
        yield own


@pytest.fixture
def desk(opened: Office) -> Office:
    with opened.owner.begin() as connection:
        for table in ("attempt", "transfer", "session"):
            connection.execute(text(f"DELETE FROM desk.{table}"))
    for file in opened.settings.transfers.glob("*"):
        file.unlink()
    return opened


@pytest.fixture
def planner(desk: Office) -> Browser:
    return desk.as_role(Role.PLANNER)


def metadata(ags: str = OWN, name: str = "plan.gml", **more: str) -> str:
    told = {"filename": name, "gemeinde": ags} | more
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def tus(browser: Browser, method: str, path: str, **headers: Any) -> TestResponse:
    data = headers.pop("data", b"")
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    kept = {"Origin": ORIGIN, "X-Form-Key": browser.form_key, "Tus-Resumable": "1.0.0"} | named
    return browser.client.open(path, method=method, data=data, headers=kept)


def begin(browser: Browser, size: int, told: str = "") -> TestResponse:
    answer = tus(browser, "POST", "/werkbank/tus/", Upload_Length=size, Upload_Metadata=told or metadata())
    assert answer.status_code == 201
    return answer


def create(browser: Browser, size: int) -> str:
    return begin(browser, size).location


def patch(browser: Browser, path: str, data: bytes, offset: int, **headers: Any) -> TestResponse:
    return tus(browser, "PATCH", path, data=data, Upload_Offset=offset, **{**PIECE, **headers})


def delivered(desk: Office) -> list[tuple[str, str]]:
    """Names and hashes of all that was delivered."""
    with desk.owner.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT filename, sha256 FROM plans.upload ORDER BY id"))]


def test_a_file_arrives_in_pieces_and_goes_on_where_it_broke_off(desk: Office, planner: Browser) -> None:
    path = create(planner, len(DATA))
    assert patch(planner, path, DATA[:700], 0).headers["Upload-Offset"] == "700"
    assert patch(planner, path, DATA[:700], 0).status_code == 409
    head = tus(planner, "HEAD", path)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("700", str(len(DATA)))
    wrong = "sha256 " + base64.b64encode(b"x" * 32).decode()
    assert patch(planner, path, DATA[700:900], 700, Upload_Checksum=wrong).status_code == 460
    right = "sha256 " + base64.b64encode(hashlib.sha256(DATA[700:]).digest()).decode()
    done = patch(planner, path, DATA[700:], 700, Upload_Checksum=right)
    assert done.status_code == 204
    assert delivered(desk)[-1] == ("plan.gml", hashlib.sha256(DATA).hexdigest())
    assert patch(planner, path, b"x", len(DATA)).status_code == 409
    assert tus(planner, "HEAD", path).headers["Upload-Delivery"] == done.headers["Upload-Delivery"]
    assert list(desk.settings.transfers.iterdir()) == []


def test_a_session_that_ends_in_the_middle_costs_nothing_and_shows_nobody_else_what_came(
    desk: Office, planner: Browser
) -> None:
    told = metadata(name="mitten.gml", lastmodified="1764000000000")
    path = begin(planner, len(DATA), told).location
    patch(planner, path, DATA[:700], 0)
    key = planner.form_key
    desk.clock.now += timedelta(hours=9)
    assert patch(planner, path, DATA[700:900], 700).status_code == 401
    assert tus(planner, "HEAD", path).status_code == 303  # to the sign-in

    # a colleague at the same machine: the address is in the browser's history, the file was in the same folder
    planner.get("/werkbank/anmelden")
    desk.as_role(Role.OFFICE)
    planner.sign_in(f"office-{OWN}@example.org")
    assert tus(planner, "HEAD", path).status_code == 404
    assert patch(planner, path, DATA[700:], 700).status_code == 404
    assert tus(planner, "DELETE", path).status_code == 404
    assert "mitten.gml" not in planner.get("/werkbank/liefern").text
    theirs = begin(planner, len(DATA), told)
    assert theirs.location != path
    assert theirs.headers["Upload-Offset"] == "0"

    again = desk.browser()
    again.sign_in(f"planner-{OWN}@example.org")
    page = again.get("/werkbank/liefern").text
    assert "mitten.gml" in page
    rest = again.form_key
    again.form_key = key
    assert patch(again, path, DATA[700:], 700).status_code == 403, "the key is that of the session that has ended"
    again.form_key = rest
    begun = begin(again, len(DATA), told)
    assert (begun.location, begun.headers["Upload-Offset"]) == (path, "700")
    assert "Upload-Delivery" in patch(again, path, DATA[700:], 700).headers
    assert delivered(desk)[-1] == ("mitten.gml", hashlib.sha256(DATA).hexdigest())
    assert "mitten.gml" not in again.get("/werkbank/liefern").text


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (len(DATA), metadata(lastmodified="1764000000001")),
        (len(DATA) + 1, metadata(lastmodified="1764000000000")),
        (len(DATA), metadata(name="plan2.gml", lastmodified="1764000000000")),
        (len(DATA), metadata()),
        (len(DATA), metadata(lastmodified="-1")),
        (len(DATA), metadata(lastmodified="9" * 30)),
    ],
    ids=["changed since", "longer", "named otherwise", "of no date", "of an impossible date", "of no number"],
)
def test_a_file_that_may_be_another_begins_anew(planner: Browser, size: int, told: str) -> None:
    known = begin(planner, len(DATA), metadata(lastmodified="1764000000000")).location
    patch(planner, known, DATA[:700], 0)
    other = begin(planner, size, told)
    assert other.location != known
    assert other.headers["Upload-Offset"] == "0"


def test_two_pages_that_send_one_file_deliver_it_once(desk: Office, planner: Browser) -> None:
    told = metadata(name="zweimal.gml", lastmodified="1764000000000")
    first, second = (begin(planner, len(DATA), told).location for _ in range(2))
    assert first == second
    patch(planner, first, DATA[:700], 0)
    assert patch(planner, second, DATA[:700], 0).status_code == 409
    done = patch(planner, second, DATA[700:], 700)
    assert patch(planner, first, DATA[700:], 700).status_code == 409
    assert tus(planner, "HEAD", first).headers["Upload-Delivery"] == done.headers["Upload-Delivery"]
    assert [name for name, _ in delivered(desk)].count("zweimal.gml") == 1
    later = begin(planner, len(DATA), told)
    assert later.location != first, "what is delivered is sent again only as a new file"


def test_what_is_not_wanted_any_more_is_dropped_by_a_form(desk: Office, planner: Browser) -> None:
    path = begin(planner, len(DATA), metadata(lastmodified="1764000000000")).location
    patch(planner, path, DATA[:700], 0)
    stranger = desk.as_role(Role.KREIS)
    stranger.get("/werkbank/liefern")
    assert stranger.post(f"{path}/verwerfen").status_code == 404
    assert (desk.settings.transfers / Path(path).name).exists()
    planner.get("/werkbank/liefern")
    assert planner.post(f"{path}/verwerfen").status_code == 303
    assert list(desk.settings.transfers.iterdir()) == []
    assert "Angefangen" not in planner.get("/werkbank/liefern").text


def test_a_transfer_is_its_senders_alone(desk: Office, planner: Browser) -> None:
    path = create(planner, 100)
    for role in (Role.KREIS, Role.PUBLISHER, Role.OFFICE, Role.AUDITOR):
        other = desk.as_role(role)
        shut = 403 if role in {Role.PUBLISHER, Role.AUDITOR} else 404
        assert tus(other, "HEAD", path).status_code == shut
        assert patch(other, path, b"x", 0).status_code == shut
        assert tus(other, "DELETE", path).status_code == shut
    assert tus(planner, "DELETE", path).status_code == 204
    assert tus(planner, "HEAD", path).status_code == 404


def test_a_transfer_takes_no_more_than_was_said(planner: Browser) -> None:
    path = create(planner, 10)
    assert patch(planner, path, b"x" * 11, 0).status_code == 413
    assert tus(planner, "HEAD", path).headers["Upload-Offset"] == "0"
    assert patch(planner, path, b"x", 0, Content_Type="text/plain").status_code == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Length": 500_000_001}, 413),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "x"}, 400),
        ({"Upload_Length": 0}, 400),
        ({"Upload_Length": 5, "Upload_Metadata": "filename !!!"}, 400),
        ({"Upload_Length": 5, "Upload_Metadata": metadata(OTHER)}, 403),
        ({"Upload_Length": 5, "X_Form_Key": "0" * 64}, 403),
        ({"Upload_Length": 5, "Origin": "https://evil.example"}, 403),
    ],
    ids=str,
)
def test_a_transfer_that_must_not_begin_does_not(planner: Browser, headers: dict[str, Any], status: int) -> None:
    answer = tus(planner, "POST", "/werkbank/tus/", **{"Upload_Metadata": metadata()} | headers)
    assert answer.status_code == status


def test_nobody_opens_transfers_without_end(planner: Browser) -> None:
    for _ in range(20):
        create(planner, 5)
    assert tus(planner, "POST", "/werkbank/tus/", Upload_Length=5, Upload_Metadata=metadata()).status_code == 429


def test_what_has_ended_is_forgotten_and_the_log_is_not(desk: Office, planner: Browser) -> None:
    now = desk.clock.now
    path = create(planner, 5)
    file = desk.settings.transfers / Path(path).name
    with desk.owner.connect() as connection:
        entries = connection.scalar(text("SELECT count(*) FROM desk.audit"))
        sessions = connection.scalar(text("SELECT count(*) FROM desk.session"))
    operations.forget(desk.owner, desk.settings.transfers, now)
    assert file.exists()
    assert planner.get("/werkbank/konto").status_code == 200, "who is here stays"
    later = now + timedelta(days=3)
    (desk.settings.transfers / "ended").symlink_to("nowhere")  # as one that has ended since the list was made
    assert operations.forget(desk.owner, desk.settings.transfers, later) >= (sessions or 0) + 1
    assert not file.exists()
    with desk.owner.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM desk.session")) == 0
        assert connection.scalar(text("SELECT count(*) FROM desk.transfer")) == 0
        assert connection.scalar(text("SELECT count(*) FROM desk.audit")) == entries
