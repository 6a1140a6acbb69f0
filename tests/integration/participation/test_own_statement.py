"""What citizens do with what they have written: confirm, correct, withdraw; and what is kept of it."""

import io
import re
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import health, operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.mail import queue
from geoportal.participation import attachments, beteiligungen, forgetting
from geoportal.web.desk import room
from tests.desk import OTHER
from tests.files import pdf, plan, prop, write, xplangml
from tests.participation import AFTER, ANGABEN, DURING, JPEG, PNG, Citizen, Town, signed_in, statement


def test_unconfirmed_is_read_by_nobody_and_deleted_after_a_week(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    erika.send()
    link = erika.link()
    assert "Noch nicht bestätigt" in erika.get(link).text  # a look alone, as mail scanners take one, confirms nothing
    assert opened.count("participation.stellungnahme WHERE state = 'unbestaetigt'") == 1
    assert forgetting.forget_unconfirmed(opened.office.owner, opened.office.clock.now + timedelta(days=6)) == 0
    opened.office.clock.now += timedelta(days=7, minutes=1)
    assert erika.get(link).status_code == 410
    assert erika.post(f"{link}/bestaetigen", {}).status_code == 410
    assert forgetting.forget_unconfirmed(opened.office.owner, opened.office.clock.now) == 1
    assert opened.count("participation.stellungnahme") == 0


def test_the_week_to_confirm_begins_when_the_letter_goes_out(opened: Town) -> None:
    opened.announce()
    owner, clock, erika = opened.office.owner, opened.office.clock, opened.citizen()
    erika.send()
    clock.now += timedelta(days=9)  # the mail server was away
    assert forgetting.forget_unconfirmed(owner, clock.now) == 0
    link = erika.link()
    clock.now += timedelta(days=6)
    assert forgetting.forget_unconfirmed(owner, clock.now) == 0
    assert erika.post(f"{link}/bestaetigen", {}).status_code == 303


def test_a_letter_that_failed_keeps_its_statement_as_long_as_it_can_be_sent_again(opened: Town) -> None:
    opened.announce()
    owner, clock, erika = opened.office.owner, opened.office.clock, opened.citizen()
    erika.send()
    letter = queue.take(owner, clock.now)
    assert letter is not None
    queue.refused(owner, letter, "550", clock.now, for_good=True)
    settings = opened.office.settings
    findings = health.examine(settings.require_read_url(), settings.data, ()).findings
    [told] = [each.text for each in findings if each.subject == "mail"]
    assert told == "1 Briefe nimmt der Mailserver nicht an. Darunter 1, ohne die Stellungnahmen nicht zählen."
    clock.now += timedelta(days=6)
    assert forgetting.forget_unconfirmed(owner, clock.now) == 0
    assert queue.again(owner, clock.now) == 1
    link = erika.link()
    clock.now += timedelta(days=6)
    assert "Noch nicht bestätigt" in erika.get(link).text
    clock.now += timedelta(days=2)
    assert erika.get(link).status_code == 410
    assert forgetting.forget_unconfirmed(owner, clock.now) == 1


def test_a_statement_whose_letter_nobody_can_send_any_more_goes_with_it(opened: Town) -> None:
    opened.announce()
    owner, clock = opened.office.owner, opened.office.clock
    opened.citizen().send()
    letter = queue.take(owner, clock.now)
    assert letter is not None
    queue.refused(owner, letter, "550", clock.now, for_good=True)
    clock.now += timedelta(days=8)
    assert forgetting.forget_unconfirmed(owner, clock.now) == 0
    queue.forget(owner, clock.now)  # now nobody can send it any more
    assert forgetting.forget_unconfirmed(owner, clock.now) == 1


def test_a_correction_leaves_nothing_of_what_was_there(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    link = erika.confirmed(text="Das war zu grob.", dateien=[(io.BytesIO(PNG), "a.png"), (io.BytesIO(JPEG), "b.jpg")])
    form = erika.get(f"{link}/berichtigen").text
    assert "Das war zu grob." in form
    assert 'name="email"' not in form  # the address is what the link was sent to
    [first, _] = re.findall(r'name="ohne" value="(\d+)"', form)
    given = {
        "text": "So ist es besser.",
        "ohne": first,
        "dateien": [(io.BytesIO(pdf()), "c.pdf")],
        "email": "x@y.example",
    }
    assert erika.post(f"{link}/berichtigen", given).status_code == 303
    page = erika.get(link).text
    assert "So ist es besser." in page
    assert "berichtigt" in page
    assert "erika@muster.example" in page
    assert re.findall(r">(\w\.\w+)</a>", page) == ["b.jpg", "c.pdf"]
    assert opened.count("participation.stellungnahme WHERE stellungnahme::text LIKE '%zu grob%'") == 0


def test_corrections_are_counted_and_bounded_before_files_are_opened(
    opened: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    link = erika.confirmed(dateien=[(io.BytesIO(PNG), f"{n}.png") for n in range(3)])
    too_many = erika.post(
        f"{link}/berichtigen", {"text": "Neu.", "dateien": [(io.BytesIO(PNG), f"{n}.png") for n in range(3)]}
    )
    assert too_many.status_code == 422
    assert "höchstens 5 Dateien" in too_many.text
    monkeypatch.setattr(attachments, "MAX_ALL", 4 * len(PNG))
    files = [(io.BytesIO(PNG), f"{n}.png") for n in range(2)]
    assert "zusammen höchstens" in erika.post(f"{link}/berichtigen", {"text": "Neu.", "dateien": files}).text
    assert "Bitte weniger Lärm." in erika.get(link).text

    def never(*_: object) -> None:
        raise AssertionError("files were opened")

    for _ in range(2):
        erika.post(f"{link}/berichtigen", {"text": "Neu."})
    monkeypatch.setattr(attachments, "screen", never)
    often = erika.post(f"{link}/berichtigen", {"text": "Noch einmal.", "dateien": [(io.BytesIO(PNG), "a.png")]})
    assert often.status_code == 429
    assert "Noch einmal." in often.text
    clock.now = AFTER
    late = erika.post(f"{link}/berichtigen", {"text": "Spät.", "dateien": [(io.BytesIO(PNG), "a.png")]})
    assert late.status_code == 409


def test_a_withdrawal_deletes_what_was_written_and_keeps_the_number(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    link = erika.confirmed(name="Erika Muster", dateien=[(io.BytesIO(PNG), "a.png")])
    asked = erika.post(f"{link}/zurueckziehen", {})
    assert asked.status_code == 422
    assert "lässt sich nicht rückgängig machen" in asked.text
    assert erika.post(f"{link}/zurueckziehen", {"wirklich": "ja"}).status_code == 303
    page = erika.get(link).text
    assert "Sie haben die Stellungnahme zurückgezogen" in page
    assert "Lärm" not in page
    assert opened.count("participation.anlage") == 0
    assert opened.count("participation.stellungnahme WHERE stellungnahme::text ~ 'Erika|muster.example|Lärm'") == 0
    assert erika.post(f"{link}/zurueckziehen", {"wirklich": "ja"}).status_code == 409
    assert erika.get(f"{link}/eingang.pdf").status_code == 200
    second = opened.citizen().confirmed("max@muster.example")
    assert "Nr. 2" in opened.citizen().get(second).text


def test_two_who_withdraw_at_once_withdraw_once(opened: Town) -> None:
    opened.announce()
    link = opened.citizen().confirmed()
    statuses: list[int] = []

    def withdraw() -> None:
        statuses.append(opened.citizen().post(f"{link}/zurueckziehen", {"wirklich": "ja"}).status_code)

    hands = [threading.Thread(target=withdraw) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(statuses) == [303, 409, 409, 409]


def test_many_who_confirm_at_once_get_numbers_without_a_gap(opened: Town) -> None:
    opened.announce()
    links = []
    for number in range(6):
        opened.citizen().send(f"p{number}@muster.example")
        links.append(opened.citizen().link(f"p{number}@muster.example"))
    hands = [
        threading.Thread(target=lambda link=link: opened.citizen().post(f"{link}/bestaetigen", {}))
        for link in links * 2
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    with opened.office.owner.connect() as connection:
        numbers = connection.scalars(text("SELECT nummer FROM participation.stellungnahme ORDER BY nummer"))
        assert list(numbers) == [1, 2, 3, 4, 5, 6]
    opened.deliver()
    assert len(opened.box.letters) == 12


def test_while_the_mail_server_is_away_statements_are_taken_and_letters_wait(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    assert erika.send().status_code == 303
    assert opened.count("mail.letter WHERE state = 'waiting'") == 1
    assert erika.post(f"{erika.link()}/bestaetigen", {}).status_code == 303


def test_no_page_sets_a_cookie_or_is_kept(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    link = erika.confirmed()
    for path in (erika.form, link, f"{link}/berichtigen", f"{link}/eingang.pdf", f"{erika.form}/abgeschickt"):
        answer = erika.get(path)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["Referrer-Policy"] == "no-referrer", path
        assert "muster.example" not in path


@pytest.mark.parametrize("secret", ["x", "A" * 43, "../..", "' OR 1=1 --", "%00"])
def test_a_guessed_link_opens_nothing(opened: Town, secret: str) -> None:
    opened.announce()
    erika = opened.citizen()
    erika.confirmed()
    for path in ("", "/berichtigen", "/eingang.pdf", "/anlage/1"):
        assert erika.get(f"/beteiligung/stellungnahme/{secret}{path}").status_code in {404, 410, 308}
    for path in ("/bestaetigen", "/zurueckziehen", "/berichtigen"):
        assert erika.post(f"/beteiligung/stellungnahme/{secret}{path}", {"wirklich": "ja"}).status_code in {404, 410}


def test_one_link_opens_no_other_statement_and_no_other_file(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    first = erika.confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    second = erika.confirmed("max@muster.example", text="Anders.")
    [path] = re.findall(rf"{first}(/anlage/\d+)", erika.get(first).text)
    assert erika.get(first + path).status_code == 200
    assert erika.get(second + path).status_code == 410


def test_no_file_of_a_statement_of_theirs_is_read_beside_one_of_mine(opened: Town, tmp_path: Path) -> None:
    """By a planner of another Gemeinde, who has statements of her own."""
    opened.announce()
    opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    theirs, file = statement(opened)
    there = prop("gemeinde", f"<xplan:XP_Gemeinde><xplan:ags>{OTHER}</xplan:ags></xplan:XP_Gemeinde>")
    document = xplangml(plan(name="Drüben", gemeinde=there, extra=prop("rechtsstand", "2400")))
    archive = Archive(opened.office.settings.archive)
    operations.deliver(opened.office.owner, archive, write(tmp_path / "drueben.gml", document))
    with opened.office.owner.connect() as connection:
        number = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = 'Drüben'"))
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER, OTHER)
    made = beteiligungen.create(engine, who, number, ANGABEN)
    beteiligungen.announce(engine, who, made, 1, date(2026, 11, 10))
    opened.office.clock.now = DURING
    elsewhere = Citizen(opened.citizen().client, replace(opened, plan_id=number))
    elsewhere.confirmed("max@muster.example")
    with opened.office.owner.connect() as connection:
        asked = text("SELECT id FROM participation.stellungnahme WHERE beteiligung_id = :made")
        mine = connection.scalar(asked, {"made": made})
    thief = signed_in(opened, Role.PUBLISHER, OTHER)
    assert thief.get(f"/werkbank/stellungnahme/{mine}").status_code == 200
    for of in (mine, theirs):
        assert thief.get(f"/werkbank/stellungnahme/{of}/anlage/{file}").status_code == 404
    given = {"ergebnis": "nicht", "abwaegung": "x", "notiz": "", "gesehen": "x"}
    assert thief.post(f"/werkbank/stellungnahme/{theirs}", given).status_code in {403, 404}
