"""The form for citizens: what it takes, refuses, asks again, and how much of it."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import text

from geoportal.accounts.roles import Role
from geoportal.participation import attachments, beteiligungen, forms, stellungnahmen
from geoportal.participation.bekannt import Angabe
from geoportal.web.desk import room
from tests.files import pdf, picture
from tests.participation import AFTER, ANGABEN, DURING, PNG, Town


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
    photo = picture("JPEG", comment=b"taken at home") + b"PK\x03\x04"
    files = [(io.BytesIO(pdf()), "brief.pdf"), (io.BytesIO(PNG), "../../bild.png"), (io.BytesIO(photo), "foto.pdf.jpg")]
    link = erika.confirmed(dateien=files)
    page = erika.get(link).text
    assert "../" not in page.split("Anlagen")[1].split("Ändern")[0]
    [first, _, third] = dict.fromkeys(re.findall(rf'href="({link}/anlage/\d+)"', page))
    shown = erika.get(third)
    assert shown.mimetype == "image/jpeg"
    assert shown.headers["Content-Disposition"].startswith("attachment")
    assert b"taken at home" not in shown.data
    assert shown.data.endswith(b"\xff\xd9"), "and nothing behind it"
    saved = erika.get(first)
    assert saved.headers["Content-Disposition"] == "attachment; filename=brief.pdf"
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert saved.data.startswith(b"%PDF-")


def test_the_form_says_what_leaves_a_photo_and_how_long_it_is_kept(opened: Town) -> None:
    opened.announce()
    page = opened.citizen().get(opened.citizen().form).text
    assert "Aus JPG und PNG entfernen wir, bevor wir sie speichern, wo, wann und womit sie aufgenommen sind" in page
    # the period ends on 18 December 2026; the sample configuration keeps statements for 1825 days
    assert "unbestätigt sieben Tage, sonst nach heutigem Stand bis zum 17. Dezember 2031" in page


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_where_and_with_what_a_photo_was_taken_is_never_kept(opened: Town, kind: str) -> None:
    opened.announce()
    erika = opened.citizen()
    said = Image.Exif()
    said[0x010F], said[0x0110] = "Kamerawerk", "Modell 7"
    said.get_ifd(0x8825).update({1: "N", 2: (50.0, 48.0, 36.0), 3: "E", 4: (8.0, 46.0, 12.0)})  # GPS
    said.get_ifd(0x8769).update({0x9003: "2026:12:01 08:15:00"})
    photo = picture(kind, exif=said)
    assert b"Kamerawerk" in photo
    link = erika.confirmed(dateien=[(io.BytesIO(photo), "foto.jpg")])
    [path] = re.findall(rf'href="({link}/anlage/\d+)"', erika.get(link).text)
    saved = erika.get(path).data
    with Image.open(io.BytesIO(saved)) as opened_picture:
        assert dict(opened_picture.getexif()) == {}
    with opened.office.owner.connect() as connection:
        kept = connection.scalar(text("SELECT content FROM participation.anlage"))
    for hidden in (b"Kamerawerk", b"Modell 7", b"2026:12:01"):
        assert hidden not in kept


def acting(action: bytes) -> bytes:
    """A PDF that does this by itself when it is opened."""
    return pdf().replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << " + action + b" >>")


EMBEDDING = pdf().replace(
    b"/Type /Catalog",
    b"/Type /Catalog /Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (a.exe) >>] >> >>",
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (acting(b"/S /JavaScript /JS (app.alert(1))"), "PDF"),
        (acting(b"/S /Launch /F (cmd.exe)"), "PDF"),
        (EMBEDDING, "PDF"),
        (b"%PDF-1.7\nnothing of a PDF", "beschädigt"),
        (b"<html><script>alert(1)</script>", "nur PDF, JPG oder PNG"),
        (b"MZ\x90\0" + bytes(100), "nur PDF, JPG oder PNG"),
        (b"PK\x03\x04" + bytes(100), "nur PDF, JPG oder PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "nur PDF, JPG oder PNG"),
        (b"GIF89a" + bytes(100), "nur PDF, JPG oder PNG"),
        (b"GIF89a/*" + pdf(), "nur PDF, JPG oder PNG"),
        (PNG[:-12], "beschädigt oder zu groß"),
        (PNG[:16] + b"\x7f\xff\xff\xff" * 2 + PNG[24:], "beschädigt oder zu groß"),
        (b"\xff\xd8\xff\xe0", "beschädigt oder zu groß"),
        (PNG + bytes(10_000_000), "zu groß"),
    ],
    ids=[
        "script",
        "launch",
        "files",
        "broken",
        "html",
        "exe",
        "zip",
        "svg",
        "gif",
        "both",
        "half",
        "pixels",
        "cut",
        "large",
    ],
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

    monkeypatch.setattr(attachments, "screen", end_meanwhile)
    answer = opened.citizen().send(dateien=[(io.BytesIO(PNG), "a.png")])
    assert answer.status_code == 409
    assert "keine Stellungnahmen angenommen" in answer.text
    assert opened.count("participation.stellungnahme") == opened.count("mail.letter") == 0
