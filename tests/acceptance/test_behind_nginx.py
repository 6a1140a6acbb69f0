"""The web server behind a real nginx that has the configuration of an installed machine."""

import base64
import gzip
import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest

from geoportal.accounts.hidden import new_secret
from geoportal.accounts.people import AccountExists
from geoportal.accounts.roles import Role
from geoportal.edge import MAX_TARGET
from geoportal.settings import Settings
from tests.desk import KEY, OWN, PASSWORD, hire, membership, token_for
from tests.ogc import publish_stock
from tests.stack import Stack

LARGE = 110 * 1024 * 1024


@pytest.fixture(scope="module")
def stack(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    publish_stock(module_furnished, tmp_path_factory.mktemp("stock"))
    with Stack(module_furnished) as opened:
        yield opened


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/plaene",
        "/ogc/collections?f=json",
        "/ogc/collections/bebauungsplaene/items?f=json",
        "/static/css/pages.css",
    ],
)
def test_text_is_sent_compressed_and_is_the_same(stack: Stack, path: str) -> None:
    plain, packed = stack.get(path), stack.get(path, Accept_Encoding="gzip")
    assert (plain.status, packed.status) == (200, 200)
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)


@pytest.mark.parametrize("length", [2_900, 4_000, 5_500, MAX_TARGET])
def test_the_longest_address_that_the_portal_takes_is_answered_and_kept(stack: Stack, length: int) -> None:
    """As QGIS asks with a long filter: nginx lays the address before the head of the answer, into one buffer."""
    path = "/ogc/collections/flaechennutzungsplaene/items?f=json&filter="  # no other test here asks for these
    wanted = "nummer IN ('0'{})".format("".join(f",'{number:0>70}'" for number in range(length // 100)))
    path += quote(wanted)
    path += f"&limit=2{'&bbox=8,50,9,51.':0<{length - len(path) - 8}}"
    assert len(path) == length
    told = len(how_answered(stack, path, 0))
    for number, how in enumerate(("MISS", "HIT"), 1):
        answer = stack.get(path)
        assert (answer.status, json.loads(answer.body)["numberMatched"]) == (200, 0)
        assert how_answered(stack, path, told + number)[-1] == how
    for path, status in (("/thema/schulen?", 308), ("/werkbank/?", 303)):
        assert stack.get(path + "x" * (length - len(path))).status == status


def test_a_validator_holds_through_the_proxy(stack: Stack) -> None:
    address = "/ogc/collections/bebauungsplaene/items?f=json&limit=3"
    first = stack.get(address, Accept_Encoding="gzip")
    again = stack.get(address, Accept_Encoding="gzip", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    policy = "content-security-policy"
    told = [stack.get(address).headers[policy], again.headers.get(policy, first.headers[policy])]
    assert told == [first.headers[policy]] * 2, "once, and as the portal said it"


@pytest.mark.parametrize("hours", [0, 2, 23])
def test_what_was_read_once_is_there_while_the_web_server_is_not(stack: Stack, hours: int) -> None:
    """Also what is no longer fresh, and what may no longer be told while it is renewed (stale-while-revalidate)."""
    kept = f"/ogc/collections/geltungsbereiche/items?f=json&limit=4&offset={hours}"  # nobody else here asks for these
    told = len(how_answered(stack, kept, 0)) + 1
    before = stack.get(kept)
    how_answered(stack, kept, told)
    stack.stop_web()
    stack.close_door()
    try:
        assert stack.age_copies(hours) > 0
        during = stack.get(kept)
        assert (during.status, during.body) == (200, before.body)
        assert how_answered(stack, kept, told + 1)[-1] == ("HIT" if hours == 0 else "STALE")
        new = stack.get("/ogc/collections/bebauungsplaene/items?f=json&limit=5")
        assert (new.status, new.headers["retry-after"], new.headers["cache-control"]) == (503, "30", "no-store")
    finally:
        stack.open_door()
        stack.start_web()


def how_answered(stack: Stack, path: str, number: int) -> list[str]:
    """How nginx came to its answers of this path, whatever was behind the ?, in their order; to at least so many, for
    it writes of them after it has given them.
    """
    deadline = time.monotonic() + 60
    while True:
        lines = (stack.folder / "geoportal.log").read_text("utf-8").splitlines()
        told = [line for line in map(json.loads, lines) if line["path"] == path.partition("?")[0]]
        if len(told) >= number:
            return [line["cache"] for line in told]
        assert time.monotonic() < deadline, "nginx has written nothing"
        time.sleep(0.02)


def test_one_network_is_held_back_and_this_machine_is_not(stack: Stack) -> None:
    other = [stack.get("/healthz", source="127.0.0.2") for _ in range(60)]
    refused = [answer for answer in other if answer.status == 429]
    assert refused
    assert all(answer.headers["retry-after"] for answer in refused)
    assert {stack.get("/healthz").status for _ in range(100)} == {200}


def test_who_is_refused_is_told_by_address_and_nothing_of_what_they_looked_for(stack: Stack) -> None:
    """Also where the web server fails: nginx's own words for it would hold the whole request, and whence it came."""
    secret, source = new_secret(), "127.0.0.4"
    link = f"/beteiligung/stellungnahme/{secret}"
    asked = [
        stack.get(path, source=source, Referer=f"{stack.url}/suche?q=Nebenan")
        for path in 30 * ("/suche?q=Musterweg", link)
    ]
    assert 429 in {answer.status for answer in asked}
    stack.stop_web()
    stack.close_door()
    try:
        assert {stack.get(path).status for path in ("/suche?q=Musterweg", link, f"{link}/eingang.pdf")} <= {
            502,
            503,
            504,
        }
    finally:
        stack.open_door()
        stack.start_web()
    written = {file.name: file.read_text("utf-8") for file in stack.folder.glob("*.log")}
    assert {name for name, text in written.items() if re.search(f"Musterweg|Nebenan|{secret}", text)} == set()
    refused = [json.loads(line) for line in written["geoportal-security.log"].splitlines()]
    told = {(line["address"], line["path"], line["status"]) for line in refused}
    assert (source, "/suche", 429) in told
    assert (source, "/beteiligung/stellungnahme/-", 429) in told
    assert {name for name, text in written.items() if source in text} == {"geoportal-security.log"}


def resident(pid: int) -> int:
    """Kilobytes that the process had at most, since it was asked to count anew."""
    return int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))[0])


def counted_anew(pid: int) -> int:
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")  # proc(5): the peak begins with what is there now
    return resident(pid)


@contextmanager
def answering_alone(stack: Stack, pid: int) -> Iterator[None]:
    """The other processes of the web server are stopped meanwhile, and take no request."""
    others = [other for other in stack.web_workers() if other != pid]
    for other in others:
        os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


def by_program(stack: Stack) -> Callable[[Path], int]:
    token = token_for(stack.settings, name="programm-das-liefert")

    def send(file: Path) -> int:
        with file.open("rb") as body:
            return stack.ask(
                "PUT", f"/api/v1/gemeinden/{OWN}/lieferungen/{file.name}", body, Content_Type="application/gml+xml",
                Authorization=f"Bearer {token}", Content_Length=str(file.stat().st_size),
            ).status  # fmt: skip

    return send


def by_form(stack: Stack) -> Callable[[Path], int]:
    """Signed in before anybody counts: a password costs 64 MB while it is looked at."""
    session = signed_in(stack)
    [key] = set(KEY.findall(stack.get("/werkbank/liefern", **session).body.decode()))
    head = "".join(
        f'--rand\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("form_key", key), ("gemeinde", OWN))
    )
    head += '--rand\r\nContent-Disposition: form-data; name="dateien"; filename="plan.gml"\r\n\r\n'
    end = "\r\n--rand--\r\n"

    def body(file: Path) -> Iterator[bytes]:
        yield head.encode()
        with file.open("rb") as opened:
            while piece := opened.read(1024**2):
                yield piece
        yield end.encode()

    def send(file: Path) -> int:
        return stack.ask(
            "POST", "/werkbank/liefern", body(file), Content_Type="multipart/form-data; boundary=rand",
            Content_Length=str(len(head) + file.stat().st_size + len(end)), **session,
        ).status  # fmt: skip

    return send


def signed_in(stack: Stack) -> dict[str, str]:
    with suppress(AccountExists):
        hire(stack.settings, "planerin@example.org", membership(Role.PLANNER))
    answer = stack.ask(
        "POST", "/werkbank/anmelden", urlencode({"email": "planerin@example.org", "passwort": PASSWORD, "weiter": "/"}),
        Origin=stack.url, Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert answer.status == 303, answer.body
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sid=")
    assert "Secure" in cookie
    return {"Cookie": cookie.partition(";")[0], "Origin": stack.url}


@pytest.mark.parametrize(("way", "taken"), [(by_program, 202), (by_form, 303)])
def test_a_delivery_of_a_hundred_megabytes_goes_through_as_it_comes(
    stack: Stack, tmp_path: Path, way: Callable[[Stack], Callable[[Path], int]], taken: int
) -> None:
    small, large = tmp_path / "small.gml", tmp_path / "large.gml"
    small.write_bytes(way.__name__.encode())
    with large.open("wb") as file:
        for number in range(LARGE // 1024**2):
            file.write(hashlib.sha256(f"{way.__name__} {number}".encode()).digest() * 32768)
    send = way(stack)
    for pid in stack.web_workers():
        with answering_alone(stack, pid):  # each has seen the like, and loaded what it takes
            assert [send(small), send(small)] == [taken, taken]
    before = {pid: counted_anew(pid) for pid in stack.web_workers()}
    assert send(large) == taken
    digest = hashlib.file_digest(large.open("rb"), "sha256").hexdigest()
    archived = stack.settings.archive / digest[:2] / digest
    assert archived.stat().st_size == LARGE
    grown = {pid: resident(pid) - kilobytes for pid, kilobytes in before.items()}
    assert max(grown.values()) < 60_000, "it goes through in pieces"
    assert not any((stack.folder / "body").rglob("*[0-9]")), "nginx has handed it on as it came"


def test_a_large_file_arrives_in_pieces_by_a_browser_that_has_signed_in(stack: Stack) -> None:
    session = signed_in(stack) | {"Tus_Resumable": "1.0.0"}
    page = stack.get("/werkbank/konto", **session)
    assert "no-store" in page.headers["cache-control"]
    [key] = set(KEY.findall(page.body.decode()))
    told = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}"
        for name, value in (("filename", "plan.gml"), ("gemeinde", OWN))
    )
    pieces = [os.urandom(40 * 1024**2), os.urandom(35 * 1024**2)]
    session["X_Form_Key"] = key
    made = stack.ask(
        "POST", "/werkbank/tus/", Upload_Length=str(sum(map(len, pieces))), Upload_Metadata=told, **session
    )
    assert made.status == 201, made.body
    path, offset = urlsplit(made.headers["location"]).path, 0
    for piece in pieces:
        session |= {"Upload_Offset": str(offset), "Content_Type": "application/offset+octet-stream"}
        sent = stack.ask("PATCH", path, piece, **session)
        assert sent.status == 204, sent.body
        offset += len(piece)
        assert sent.headers["upload-offset"] == str(offset)
    assert sent.headers["upload-delivery"]


def test_a_form_that_never_arrives_holds_no_reader_up(stack: Stack) -> None:
    """More of them than the web server has threads; who is not signed in reaches it with nothing but whole forms."""
    with ExitStack() as stay:
        for path in ("/werkbank/anmelden", "/api/v1/lieferungen/1/zur-freigabe"):
            for _ in range(12):
                slow = stay.enter_context(closing(stack.connection()))
                slow.putrequest("POST", path)
                for name, value in (("Content-Length", "1000"), ("Origin", stack.url)):
                    slow.putheader(name, value)
                slow.endheaders(b"email=")
        reader = stay.enter_context(closing(stack.connection()))
        reader.timeout = 60  # half of the time that nginx waits for the rest of a form
        reader.request("GET", "/healthz", headers={"Host": "localhost"})
        assert reader.getresponse().status == 200


def test_nobody_gets_to_hand_in_more_than_the_portal_takes(stack: Stack) -> None:
    for path, length in (("/plaene", 3 * 1024**2), (f"/api/v1/gemeinden/{OWN}/lieferungen/x.gml", 1024**3 + 1)):
        assert stack.ask("PUT", path, b"", Content_Length=str(length)).status == 413, path


def test_what_citizens_attach_is_not_stopped_at_the_door(stack: Stack) -> None:
    """That there is no such plan, the portal says itself, when it has the request."""
    path = "/beteiligung/00000000-0000-0000-0000-000000000000/stellungnahme"
    for megabytes, status in ((10, 404), (30, 413)):
        answer = stack.ask("POST", path, bytes(megabytes * 1024 * 1024), Origin=stack.url)
        assert answer.status == status
        assert "charset" in answer.headers["content-type"] or status == 413


def test_the_page_of_readiness_is_for_this_machine_alone(stack: Stack) -> None:
    assert json.loads(stack.get("/readyz").body)["status"]
    assert stack.get("/readyz", source="127.0.0.3").status == 403
