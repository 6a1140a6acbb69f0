"""What happens at a desk: a session ends while somebody writes, a button is pressed twice."""

import html
import re
from datetime import timedelta

from sqlalchemy import text

from geoportal import operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from tests.desk import OWN, send
from tests.files import plan, xplangml
from tests.participation import Town, form, signed_in

HELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
WORDS = 'Erste Zeile\nzweite "Zeile" <script>alert(1)</script> & Schluss'


def held(page: str) -> dict[str, str]:
    """What the page holds for sending it once more."""
    [box] = re.findall(r'<form method="post" action="[^"]+">(.*?)</form>', page.split('class="problem"')[1], re.DOTALL)
    return {name: html.unescape(value) for name, value in HELD.findall(box)}


def test_what_was_typed_outlives_the_session(opened: Town) -> None:
    planner = signed_in(opened, Role.PLANNER)
    address = f"/werkbank/plan/{opened.plan_id}/beteiligung"
    given = form(planner, address) | {"anlass": WORDS}
    opened.office.clock.now += timedelta(hours=9)
    ended = planner.post(address, given)
    assert ended.status_code == 401
    assert "Was Sie eingegeben haben, ist noch da." in ended.text
    assert "<script>alert" not in ended.text
    assert held(ended.text)["anlass"] == WORDS
    planner.sign_in(f"planner-{OWN}@example.org")
    stale = planner.post(address, held(ended.text))
    assert stale.status_code == 403, "the key is that of the session that has ended"
    done = planner.post(address, held(stale.text))
    assert done.status_code == 303
    with opened.office.owner.connect() as connection:
        kept = connection.scalar(text("SELECT anlass FROM participation.beteiligung ORDER BY created_at DESC LIMIT 1"))
    assert kept is not None
    assert kept.splitlines() == WORDS.splitlines()


def test_no_stranger_gets_our_key_for_words_of_their_own(opened: Town) -> None:
    planner = signed_in(opened, Role.PLANNER)
    address = f"/werkbank/plan/{opened.plan_id}/beteiligung"
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = planner.post(address, {"form_key": "", "anlass": "Untergeschoben"}, headers=headers)
        assert answer.status_code == 403
        assert "Untergeschoben" not in answer.text
        assert "form_key" not in answer.text.split('class="problem"')[1]


def test_no_secret_is_held_for_later(opened: Town) -> None:
    planner = signed_in(opened, Role.PLANNER)
    opened.office.clock.now += timedelta(hours=9)
    answer = planner.post("/werkbank/konto/passwort", {"alt": "Geheimes eins", "neu": "Geheimes zwei"})
    assert answer.status_code == 401
    assert "Geheimes" not in answer.text
    assert 'href="/werkbank/anmelden"' in answer.text


def test_who_presses_publish_twice_sees_that_it_is_public(opened: Town) -> None:
    kreis = signed_in(opened, Role.KREIS)
    address = send(kreis, xplangml(plan(name="Zweimal", nummer="2x"))).location
    archive = Archive(opened.office.settings.archive)
    operations.process(opened.office.owner, archive, int(address.rpartition("/")[2]))
    kreis.post(f"{address}/zur-freigabe")
    [stamp] = re.findall(r'name="stand" value="([^"]+)"', kreis.get(address).text)
    for _ in range(2):
        answer = kreis.post(f"{address}/veroeffentlichen", {"stand": stamp, "wann": "jetzt"})
        assert (answer.status_code, answer.location) == (303, f"{address}?getan=veroeffentlicht")
    with opened.office.owner.connect() as connection:
        told = "SELECT count(*) FROM desk.audit WHERE action = 'published' AND detail::text LIKE '%Zweimal%'"
        assert connection.scalar(text(told)) == 1
