"""Citizens write, confirm, correct and withdraw statements: without an account, a cookie or a script."""

import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from geoportal import health, operations
from geoportal.accounts.roles import Role
from geoportal.archive import Archive
from geoportal.database import participation_engine
from geoportal.mail import queue
from geoportal.participation import beteiligungen, forgetting, forms, stellungnahmen
from geoportal.participation.bekannt import Angabe
from geoportal.settings import Settings
from geoportal.web import stellungnahme_pages
from geoportal.web.desk import room
from tests.files import pdf, plan, prop, write, xplangml
from tests.participation import AFTER, ANGABEN, DURING, Town, town

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc0\0\x11\x08\0\x10\0\x10\x03" + bytes(9)


@pytest.fixture(scope="module")
def built(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(module_furnished, tmp_path_factory.mktemp("plan")) as own:
        yield own


@pytest.fixture
def opened(built: Town) -> Town:
    built.begin_again()
    return built


def test_from_the_page_to_the_receipt(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    page = erika.get(f"/beteiligung/{opened.plan_id}").text
    assert "noch 12 Tage, bis einschließlich 18. Dezember 2026" in page
    assert "Am Hang sollen zwölf Häuser entstehen." in page
    assert "Zimmer 12" in page
    assert "Art. 6 Abs. 1 Buchst. e DSGVO" in page
    link = erika.confirmed(name="Erika Muster")
    own = erika.get(link).text
    assert "Bitte weniger Lärm." in own
    assert "Nr. 1" in own
    assert erika.get(f"{link}/eingang.pdf").data.startswith(b"%PDF-")
    letters = opened.box.to("erika@muster.example")
    opened.deliver()
    assert [letter["Subject"] for letter in opened.box.letters] == [
        "Bitte bestätigen Sie Ihre Stellungnahme", "Ihre Stellungnahme Nr. 1 ist eingegangen",
    ]  # fmt: skip
    assert all("Lärm" not in str(letter.get_content()) for letter in letters)  # a letter is a postcard


def test_all_pages_lead_there(opened: Town) -> None:
    opened.announce()
    address = f"/beteiligung/{opened.plan_id}"
    erika = opened.citizen()
    here = "/hier?ost=480050&nord=5630050"
    for path in (
        "/beteiligung/",
        f"/plan/{opened.plan_id}",
        "/gemeinde/06534008/",
        "/gemeinde/06534008/beteiligung/",
        here,
    ):
        assert f'href="{address}"' in erika.get(path).text, path
    assert '<a href="/beteiligung/"' in erika.get("/").text
    # what was announced here goes before what the file says, in all services
    assert "18. Dezember 2026" in erika.get("/plaene?beteiligung=laufend").text
    calendar = erika.get("/abo/termine.ics").text
    assert "DTSTART;VALUE=DATE:20261118" in calendar
    assert "DTEND;VALUE=DATE:20261219" in calendar
    assert address in calendar.replace("\r\n ", "")


def test_a_plan_whose_file_alone_is_on_display_has_its_page_without_a_form(opened: Town, tmp_path: Path) -> None:
    on_display = prop("auslegungsStartDatum", "2026-11-09") + prop("auslegungsEndDatum", "2026-12-18")
    document = xplangml(plan(name="Im Tal", nummer="6", extra=prop("rechtsstand", "2400") + on_display))
    archive = Archive(opened.office.settings.archive)
    operations.deliver(opened.office.owner, archive, write(tmp_path / "tal.gml", document))
    with opened.office.owner.connect() as connection:
        number = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = 'Im Tal'"))
    opened.office.clock.now = DURING
    page = opened.citizen().get(f"/beteiligung/{number}")
    assert "noch 12 Tage" in page.text
    assert "Per Brief oder E-Mail" in page.text
    assert "Stellungnahme schreiben" not in page.text
    assert opened.citizen().get(f"/beteiligung/{number}/stellungnahme").status_code == 404


def test_what_is_missing_is_told_beside_its_field_and_nothing_is_lost(opened: Town) -> None:
    opened.announce(replace(ANGABEN, name_angabe=Angabe.NOETIG, anschrift_angabe=Angabe.NEIN))
    answer = opened.citizen().send(text="", email="keine", name="")
    assert answer.status_code == 422
    for sentence in ("Bitte schreiben Sie", "name@beispiel.de", "Die Gemeinde braucht Ihren Namen"):
        assert sentence in answer.text
    assert 'value="keine"' in answer.text
    assert 'name="anschrift"' not in answer.text  # not asked for, so not taken
    assert opened.count("participation.stellungnahme") == opened.count("mail.letter") == 0
    link = opened.citizen().confirmed(name="Erika", anschrift="Hang 1")
    assert "Hang 1" not in opened.citizen().get(link).text


def test_a_click_on_the_picture_sets_the_place_without_a_script(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    given = {"karte.x": "160", "karte.y": "160", "email": "", "absenden": ""}
    answer = erika.send(**given)
    assert answer.status_code == 200
    assert "Bitte weniger Lärm." in answer.text
    found = re.search(r'name="ost" value="([\d.]+)"><input type="hidden" name="nord" value="([\d.]+)"', answer.text)
    assert found is not None
    ost, nord = map(float, found.groups())
    assert abs(ost - 480_050) < 2  # the middle of the square that tests.files draws
    assert abs(nord - 5_630_050) < 2
    assert "Die Stelle ist gesetzt." in answer.text
    assert "Datenschutz: Der Hessische Beauftragte für Datenschutz und Informationsfreiheit." in answer.text
    gone = erika.send(ost=str(ost), nord=str(nord), ort_weg="1")
    assert 'name="ost" value=""' in gone.text
    link = erika.confirmed(ost=str(ost), nord=str(nord), gegenstand="Nordrand")
    assert f"UTM 32 {round(ost)}, {round(nord)}" in erika.get(link).text
    # Enter in a field presses the picture, and browsers then say 0, 0: that is no place, but "send"
    assert erika.send("max@muster.example", **{"karte.x": "0", "karte.y": "0"}).status_code == 303


def test_files_are_looked_at_before_they_are_kept(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    files = [(io.BytesIO(pdf()), "brief.pdf"), (io.BytesIO(PNG), "../../bild.png"), (io.BytesIO(JPEG), "foto.jpg")]
    link = erika.confirmed(dateien=files)
    page = erika.get(link).text
    assert "../" not in page.split("Anlagen")[1].split("Ändern")[0]
    [first, *_] = re.findall(rf'href="({link}/anlage/\d+)"', page)
    saved = erika.get(first)
    assert saved.headers["Content-Disposition"] == "attachment; filename=brief.pdf"
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert saved.data.startswith(b"%PDF-")


SCRIPTED = pdf().replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SCRIPTED, "PDF"),
        (b"%PDF-1.7\nnothing of a PDF", "beschädigt"),
        (b"<html><script>alert(1)</script>", "nur PDF, JPG oder PNG"),
        (b"MZ\x90\0" + bytes(100), "nur PDF, JPG oder PNG"),
        (b"PK\x03\x04" + bytes(100), "nur PDF, JPG oder PNG"),
        (PNG[:16] + b"\x7f\xff\xff\xff" * 2 + PNG[24:], "beschädigt oder zu groß"),
        (b"\xff\xd8\xff\xe0", "beschädigt oder zu groß"),
        (PNG + bytes(10_000_000), "zu groß"),
    ],
    ids=["script", "broken", "html", "exe", "zip", "pixels", "cut", "large"],
)
def test_a_hostile_file_is_refused_in_words(opened: Town, content: bytes, words: str) -> None:
    opened.announce()
    answer = opened.citizen().send(dateien=[(io.BytesIO(content), "datei.pdf")])
    assert answer.status_code == 422
    assert words in answer.text
    assert opened.count("participation.stellungnahme") == 0


def test_six_files_are_too_many_and_a_flood_is_cut_off(opened: Town) -> None:
    opened.announce()
    assert opened.citizen().send(dateien=[(io.BytesIO(PNG), f"{n}.png") for n in range(6)]).status_code == 422
    assert opened.citizen().send(dateien=[(io.BytesIO(bytes(27_000_000)), "x.png")]).status_code == 413


def test_a_form_is_ours_is_for_one_plan_and_counts_once(opened: Town) -> None:
    number = opened.announce()
    erika = opened.citizen()
    token = erika.token()
    given = {"zeichen": token, "text": "Einmal.", "email": "erika@muster.example"}
    for wrong in ("", "x", token[:-4] + "AAAA", forms.new(b"other key" * 4, number, DURING)):
        assert erika.post(erika.form, given | {"zeichen": wrong}).status_code == 403
    assert erika.post(erika.form, given, Origin="https://evil.example").status_code == 403
    assert erika.post(erika.form, given, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert [erika.post(erika.form, given).status_code for _ in range(3)] == [303, 303, 303]
    assert opened.count("participation.stellungnahme") == opened.count("mail.letter") == 1


def test_what_was_open_for_long_or_sent_in_a_wink_is_asked_again(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    token = erika.token()
    given = {"zeichen": token, "text": "Lang überlegt.", "email": "erika@muster.example"}
    clock.now += timedelta(days=2)
    answer = erika.post(erika.form, given)
    assert "noch einmal auf „Absenden“" in answer.text
    assert "Lang überlegt." in answer.text
    assert token not in answer.text
    found = re.search(r'name="zeichen" value="([^"]+)"', answer.text)
    assert found is not None
    hasty = erika.post(erika.form, given | {"zeichen": found[1]})
    assert "sehr schnell" in hasty.text
    clock.now += timedelta(seconds=10)
    assert erika.post(erika.form, given | {"zeichen": found[1]}).status_code == 303


def test_who_fills_in_the_trap_is_asked_again_and_a_human_loses_nothing(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    assert 'name="website"' in erika.get(erika.form).text
    answer = erika.send(website="https://erika.example", text="Mein Widerspruch.")
    assert answer.status_code == 422
    assert "verstecktes Feld" in answer.text
    assert "Mein Widerspruch." in answer.text
    assert 'name="website"' not in answer.text  # a program that fills it in each time shuts nobody out
    assert opened.count("participation.stellungnahme") == opened.count("mail.letter") == 0
    token = re.search(r'name="zeichen" value="([^"]+)"', answer.text)
    assert token is not None
    assert erika.send(zeichen=token[1], text="Mein Widerspruch.").status_code == 303


def test_pasted_text_keeps_its_spaces_and_loses_only_what_is_no_text(opened: Town) -> None:
    opened.announce()
    pasted = (
        "§\xa034 BauGB, 12\u202f000\xa0m²\x00, Bau\xadherr, Zeile\x0bzwei,\r\nein\u2028Absatz\u202etsaL, A\u200dB\ttab"
    )
    link = opened.citizen().confirmed(text=pasted, name="Erika\xa0Muster\u202e")
    with opened.office.owner.connect() as connection:
        row = connection.execute(text("SELECT text, name FROM participation.stellungnahme")).one()
    assert row.text == ("§\xa034 BauGB, 12\u202f000\xa0m², Bau\xadherr, Zeile\nzwei,\nein\nAbsatztsaL, A\u200dB\ttab")
    assert row.name == "Erika Muster"
    assert "§\xa034 BauGB" in opened.citizen().get(link).text


def test_a_form_with_a_fault_that_was_opened_in_time_is_still_in_time(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    clock.now = AFTER.replace(day=18, hour=22, minute=50)
    given = {"zeichen": erika.token(), "text": "", "email": "erika@muster.example"}
    clock.now = AFTER.replace(day=18, hour=23, minute=5)  # the last day is over in Germany
    again = re.search(r'name="zeichen" value="([^"]+)"', erika.post(erika.form, given).text)
    assert again is not None
    answer = erika.post(erika.form, given | {"zeichen": again[1], "text": "Jetzt mit Text."})
    assert answer.status_code == 303


def test_nobodys_box_is_flooded_by_the_form(opened: Town) -> None:
    opened.announce()
    erika = opened.citizen()
    statuses = [erika.send("opfer@muster.example", text=f"{n}").status_code for n in range(6)]
    assert statuses == [303, 303, 303, 303, 429, 429]
    for _ in range(4):  # and not in the long run either
        opened.office.clock.now += timedelta(minutes=16)
        statuses += [erika.send("opfer@muster.example").status_code for _ in range(2)]
    assert statuses.count(303) == 8
    assert opened.count("mail.letter") == 8
    assert "in 24 Stunden wieder" in erika.send("opfer@muster.example").text
    opened.office.clock.now += timedelta(days=1)
    assert erika.send("opfer@muster.example").status_code == 303  # whose address it is may write on the next day


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


def test_strangers_fill_only_so_much_room_and_then_are_told_to_send_without_files(
    opened: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.announce()
    monkeypatch.setattr(stellungnahmen, "_ROOM_HERE", 2 * len(PNG))
    erika = opened.citizen()
    erika.send("a@muster.example", dateien=[(io.BytesIO(PNG), "a.png")])
    full = opened.citizen().send("b@muster.example", dateien=[(io.BytesIO(PNG), "a.png"), (io.BytesIO(PNG), "b.png")])
    assert full.status_code == 422
    assert "ohne Dateien" in full.text
    assert opened.count("participation.stellungnahme") == 1
    assert opened.citizen().send("b@muster.example").status_code == 303
    erika.post(f"{erika.link('a@muster.example')}/bestaetigen", {})  # what is confirmed takes no room from anybody
    files = [(io.BytesIO(PNG), "a.png"), (io.BytesIO(PNG), "b.png")]
    assert opened.citizen().send("c@muster.example", dateien=files).status_code == 303
    monkeypatch.setattr(stellungnahmen, "_ROOM", 2 * len(PNG))  # with all participations
    monkeypatch.setattr(stellungnahmen, "_ROOM_HERE", 9 * len(PNG))
    assert opened.citizen().send("d@muster.example", dateien=[(io.BytesIO(PNG), "a.png")]).status_code == 422


def test_one_that_is_ended_while_files_are_looked_at_takes_nothing_and_says_so(
    opened: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = opened.announce()
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PUBLISHER)

    def end_meanwhile(*_: object) -> list[object]:
        beteiligungen.abort(engine, who, number, 2, "Der Plan ruht.")
        return []

    monkeypatch.setattr(stellungnahme_pages.attachments, "screen", end_meanwhile)
    answer = opened.citizen().send(dateien=[(io.BytesIO(PNG), "a.png")])
    assert answer.status_code == 409
    assert "keine Stellungnahmen angenommen" in answer.text
    assert opened.count("participation.stellungnahme") == opened.count("mail.letter") == 0


def test_sent_on_the_last_evening_and_confirmed_later_is_in_time(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    clock.now = AFTER.replace(day=18, hour=22, minute=58)  # two minutes before midnight in Germany
    erika.send()
    clock.now += timedelta(days=3)
    link = erika.link()
    assert erika.post(f"{link}/bestaetigen", {}).status_code == 303
    page = erika.get(link).text
    assert "18. Dezember 2026, 23:58 Uhr" in page
    assert "nach dem Ende der Frist" not in page
    assert erika.get(f"{link}/berichtigen").status_code == 409


def test_late_is_told_honestly(opened: Town) -> None:
    opened.announce()
    erika, clock = opened.citizen(), opened.office.clock
    clock.now = AFTER.replace(day=18, hour=22, minute=50)
    token = erika.token()
    clock.now = AFTER.replace(day=18, hour=23, minute=10)  # ten past midnight in Germany
    given = {"zeichen": token, "text": "Spät.", "email": "erika@muster.example"}
    answer = erika.post(erika.form, given)
    assert "Die Frist war schon abgelaufen" in erika.get(answer.location).text
    erika.post(f"{erika.link()}/bestaetigen", {})
    opened.deliver()
    assert "nach dem Ende der Frist eingegangen" in str(opened.box.letters[-1].get_content())
    # whoever comes only now finds no form, but is told what is left
    closed = erika.get(erika.form)
    assert closed.status_code == 409
    assert "kann sie unberücksichtigt lassen" in closed.text
    assert "Die Frist ist abgelaufen" in erika.get(f"/beteiligung/{opened.plan_id}").text


def test_before_it_begins_nothing_can_be_sent(opened: Town) -> None:
    opened.announce()
    opened.office.clock.now = DURING.replace(month=11, day=17)
    erika = opened.citizen()
    assert erika.get(erika.form).status_code == 409
    assert "Beginnt am 18. November 2026" in erika.get(f"/beteiligung/{opened.plan_id}").text


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
    monkeypatch.setattr(stellungnahme_pages.attachments, "MAX_ALL", 4 * len(PNG))
    files = [(io.BytesIO(PNG), f"{n}.png") for n in range(2)]
    assert "zusammen höchstens" in erika.post(f"{link}/berichtigen", {"text": "Neu.", "dateien": files}).text
    assert "Bitte weniger Lärm." in erika.get(link).text

    def never(*_: object) -> None:
        raise AssertionError("files were opened")

    for _ in range(2):
        erika.post(f"{link}/berichtigen", {"text": "Neu."})
    monkeypatch.setattr(stellungnahme_pages.attachments, "screen", never)
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


def another(opened: Town, folder: Path, name: str, nummer: str) -> Town:
    """The same town with another plan of its own."""
    document = xplangml(plan(name=name, nummer=nummer, extra=prop("rechtsstand", "2400")))
    owner = opened.office.owner
    operations.deliver(owner, Archive(opened.office.settings.archive), write(folder / f"{nummer}.gml", document))
    with owner.connect() as connection:
        number = connection.scalar(text("SELECT plan_id FROM plans.version WHERE name = :name"), {"name": name})
    return replace(opened, plan_id=number)


def test_what_was_written_stays_its_writers_while_the_plan_is_not_public(opened: Town, tmp_path: Path) -> None:
    grund = another(opened, tmp_path, "Im Grund", "17")
    number = grund.announce()
    erika, max_ = grund.citizen(), grund.citizen()
    link = erika.confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    max_.send("max@muster.example")
    operations.withdraw(opened.office.owner, grund.plan_id, "Fehler in der Zeichnung")
    assert erika.get(f"/beteiligung/{grund.plan_id}").status_code == 404
    page = erika.get(link)
    assert page.status_code == 200
    assert "Im Grund" in page.text
    assert "Der Plan ist zurzeit nicht öffentlich." in page.text
    assert "Bitte weniger Lärm." in page.text
    assert f"{link}/berichtigen" not in page.text  # it would need the map of the plan
    assert erika.get(f"{link}/berichtigen").status_code == 409
    assert erika.post(f"{link}/berichtigen", {"text": "Neu."}).status_code == 409
    assert erika.get(f"{link}/eingang.pdf").status_code == 200
    [file] = re.findall(rf'href="({link}/anlage/\d+)"', page.text)
    assert erika.get(file).status_code == 200
    other = max_.link("max@muster.example")
    assert max_.post(f"{other}/bestaetigen", {}).status_code == 303
    opened.deliver()
    assert "Im Grund" in str(opened.box.to("max@muster.example")[-1].get_content())
    assert erika.post(f"{link}/zurueckziehen", {}).status_code == 422
    assert erika.post(f"{link}/zurueckziehen", {"wirklich": "ja"}).status_code == 303
    assert "Sie haben die Stellungnahme zurückgezogen" in erika.get(link).text
    with opened.office.owner.begin() as connection:
        connection.execute(text("DELETE FROM desk.attempt"))
    planner = opened.office.as_role(Role.PLANNER, "06534008")
    desk = planner.get(f"/werkbank/beteiligung/{number}").text
    assert "Der Plan ist zurzeit nicht öffentlich: Niemand sieht diese Beteiligung" in desk
    assert "Öffentliche Seite" not in desk
    assert "Stellungnahme 2 lesen" in planner.get(f"/werkbank/beteiligung/{number}/stellungnahmen").text


def test_a_plan_that_is_merged_brings_its_participation_along(opened: Town, tmp_path: Path) -> None:
    first, second = another(opened, tmp_path, "Am Rain", "21"), another(opened, tmp_path, "Am Raine", "22")
    number = first.announce()
    erika = first.citizen()
    link = erika.confirmed()
    operations.merge(opened.office.owner, first.plan_id, second.plan_id)
    moved = erika.get(f"/beteiligung/{first.plan_id}")
    assert (moved.status_code, moved.location) == (301, f"/beteiligung/{second.plan_id}")
    assert "noch 12 Tage, bis einschließlich 18. Dezember 2026" in erika.get(moved.location).text
    assert f'href="/beteiligung/{second.plan_id}"' in erika.get(link).text
    assert "zurzeit nicht öffentlich" not in erika.get(link).text
    assert erika.post(f"{link}/berichtigen", {"text": "Geht noch."}).status_code == 303
    assert second.citizen().send("max@muster.example").status_code == 303
    with opened.office.owner.connect() as connection:
        periods = connection.scalar(text("SELECT auslegungen FROM ogc.plaene WHERE id = :id"), {"id": second.plan_id})
    assert periods == [{"start": "2026-11-18", "ende": "2026-12-18"}]
    assert opened.count(f"participation.beteiligung WHERE id = '{number}' AND version = 3") == 1


def test_two_participations_at_once_are_no_reason_not_to_merge_and_nobody_loses_a_statement(
    opened: Town, tmp_path: Path
) -> None:
    first, second = another(opened, tmp_path, "Am See", "31"), another(opened, tmp_path, "Am Seee", "32")
    links = []
    for each, email in ((first, "a@muster.example"), (second, "b@muster.example")):
        each.announce()
        links.append(each.citizen().confirmed(email))
    operations.merge(opened.office.owner, first.plan_id, second.plan_id)
    for link in links:
        page = opened.citizen().get(link)
        assert page.status_code == 200
        assert "Am See" in page.text
    assert opened.citizen().post(f"{links[0]}/zurueckziehen", {"wirklich": "ja"}).status_code == 303


def test_the_role_of_the_form_sees_what_was_shown_and_nothing_else(opened: Town) -> None:
    opened.announce()
    opened.citizen().confirmed()
    engine = participation_engine(opened.office.settings.require_participation_url())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM participation.stellungnahme")) == 0
        connection.rollback()
        for table in ("mail.letter", "desk.account", "desk.audit", "participation.bearbeitung", "plans.version"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(text(f"SELECT * FROM {table}"))
            connection.rollback()
        changed = connection.execute(text("UPDATE participation.stellungnahme SET text = 'x'"))
        assert changed.rowcount == 0
        with pytest.raises(Exception, match="permission denied"):
            connection.execute(text("DELETE FROM participation.stellungnahme"))
    engine.dispose()


def test_retention_leaves_nothing_anywhere_and_tells_it_in_the_log(opened: Town) -> None:
    number = opened.announce()
    opened.citizen().confirmed(
        name="Erika Geheim", text="Ein Satz zum Wiederfinden.", dateien=[(io.BytesIO(PNG), "a.png")]
    )
    opened.deliver()
    owner, today = opened.office.owner, date(2027, 12, 31)
    assert forgetting.forget_old(owner, 378, today, AFTER) == 0
    assert forgetting.forget_old(owner, 377, today, AFTER) == 1
    assert forgetting.forget_old(owner, 377, today, AFTER) == 0
    with owner.connect() as connection:
        tables = connection.execute(
            text("""
            SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname NOT IN ('pg_catalog', 'information_schema')""")
        ).scalars()
        for table in list(tables):
            found = connection.scalar(
                text(f"SELECT count(*) FROM {table} AS t WHERE t::text ~ 'Erika|erika@|Wiederfinden'")
            )
            assert found == 0, table
        entry = connection.execute(
            text("SELECT object, ags, detail FROM desk.audit WHERE action = 'statements_deleted'")
        ).one()
    assert (entry.object, entry.ags) == (f"participation {number}", "06534008")
    assert entry.detail == {"number": 1}
    # nobody goes on with one that was interrupted for a year, and a draft that is announced late is emptied in its time
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM participation.beteiligung"))
    number = opened.announce()
    with opened.office.owner.begin() as connection:
        connection.execute(
            text("UPDATE participation.beteiligung SET state = 'unterbrochen', unterbrochen_am = '2026-12-06'")
        )
    opened.citizen().confirmed(text="Während der Unterbrechung.")
    assert forgetting.forget_old(owner, 30, date(2027, 12, 31), AFTER) == 0
    assert forgetting.forget_old(owner, 30, date(2028, 1, 8), AFTER) == 1
    assert opened.count("participation.stellungnahme") == 0
    assert opened.count("participation.beteiligung WHERE state = 'abgebrochen'") == 1
    archive = b"".join(file.read_bytes() for file in opened.office.settings.archive.rglob("*") if file.is_file())
    assert PNG not in archive


def test_an_extension_moves_the_end_everywhere(opened: Town) -> None:
    number = opened.announce()
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    with opened.office.owner.connect() as connection:
        version = connection.scalar(text("SELECT version FROM participation.beteiligung"))
    beteiligungen.extend(
        engine,
        opened.principal(Role.PUBLISHER),
        number,
        version,
        date(2027, 1, 8),
        "Wegen der Feiertage.",
        DURING.date(),
    )
    page = opened.citizen().get(f"/beteiligung/{opened.plan_id}").text
    assert "bis einschließlich 8. Januar 2027" in page
    assert "Wegen der Feiertage." in page
    assert "zuerst bis" in page
    assert "8. Januar 2027" in opened.citizen().get(f"/plan/{opened.plan_id}").text
    assert json.loads(opened.citizen().get("/dokumente.json").data) == {}
