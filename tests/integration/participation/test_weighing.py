"""Statements read, weighed and exported by the Gemeinde."""

import io
import json
import re
import threading
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Role
from geoportal.web.desk import room
from tests.desk import OWN
from tests.participation import PNG, Town, seen, signed_in, statement, weigh
from tests.waiting import somebody_waits, wait_until


def test_a_statement_is_weighed_and_a_second_hand_is_told(opened: Town) -> None:
    opened.announce()
    opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    planner.get(path)
    given = {
        "ergebnis": "teilweise",
        "abwaegung": "Eine Wand gegen den\xa0Lärm.\x00\u202e",
        "notiz": "Gutachten fragen",
        "gesehen": seen(planner, path),
    }
    assert planner.post(path, given).status_code == 303
    second = planner.post(path, given | {"abwaegung": "Anders.", "ergebnis": "nicht"})
    assert second.status_code == 409
    assert "Nicht gespeichert" in second.text
    assert "Gespeichert ist" in second.text
    assert "wird teilweise gefolgt" in second.text
    assert re.search(
        r'<textarea id="begruendung"[^>]*>Anders.</textarea>', second.text
    )  # what was typed is still there
    assert 'value="nicht" checked' in second.text
    page = planner.get(path).text
    assert "Eine Wand gegen den\xa0Lärm." in page
    assert "Anders." not in page


def test_from_one_statement_the_next_open_one_is_a_click_away(opened: Town) -> None:
    opened.announce()
    for name in ("eins", "zwei", "drei"):
        opened.citizen().confirmed(f"{name}@muster.example")
    with opened.office.owner.connect() as connection:
        order = "SELECT id FROM participation.stellungnahme ORDER BY eingang, id"
        first, second, third = connection.scalars(text(order))
    planner = signed_in(opened, Role.PLANNER)

    def onward(number: object) -> str:
        page = planner.get(f"/werkbank/stellungnahme/{number}?gespeichert=ja").text
        found = re.search(r'<a class="button" href="/werkbank/stellungnahme/([^"]+)">Weiter', page)
        return found[1] if found else "none"

    weigh(planner, first, "gefolgt", "Ja.")
    assert onward(first) == str(second)
    weigh(planner, third, "nicht", "Nein.")
    assert onward(third) == str(second), "what was left out before comes last"
    weigh(planner, second, "kenntnis", "Gelesen.")
    assert onward(second) == "none"
    assert (
        "Zu jeder Stellungnahme steht nun ein Ergebnis."
        in planner.get(f"/werkbank/stellungnahme/{second}?gespeichert=ja").text
    )


def test_a_weighing_is_of_the_text_that_was_read(opened: Town) -> None:
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    read = seen(planner, path)
    opened.citizen().post(f"{link}/berichtigen", {"text": "Doch etwas ganz anderes."})
    given = {"ergebnis": "nicht", "abwaegung": "Zum Lärm.", "notiz": "", "gesehen": read}
    answer = planner.post(path, given)
    assert answer.status_code == 409
    assert "Zum Lärm." in answer.text
    assert "Doch etwas ganz anderes." in answer.text
    assert opened.count("participation.bearbeitung") == 0
    weigh(planner, number, "gefolgt", "Zum anderen.")
    opened.office.clock.now += timedelta(minutes=5)
    opened.citizen().post(f"{link}/berichtigen", {"text": "Zum dritten Mal."})
    page = planner.get(path).text
    assert "ist wieder offen" in page
    assert "Zum früheren Text hieß es: <strong>wird gefolgt" in page
    assert 'value="offen" checked' in page
    weigh(planner, number, "nicht", "Zum dritten.")
    assert "ist wieder offen" not in planner.get(path).text


def test_with_a_withdrawal_goes_what_was_said_of_it(opened: Town) -> None:
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    planner = signed_in(opened, Role.PLANNER)
    path = f"/werkbank/stellungnahme/{number}"
    weigh(planner, number, "nicht", "Frau Muster stört der Lärm.")
    given = {"ergebnis": "nicht", "abwaegung": "Frau Muster noch einmal.", "notiz": "", "gesehen": seen(planner, path)}
    opened.citizen().post(f"{link}/zurueckziehen", {"wirklich": "ja"})
    assert opened.count("participation.bearbeitung") == 0
    answer = planner.post(path, given)
    assert answer.status_code == 409
    assert "wurde die Stellungnahme zurückgezogen" in answer.text
    who = opened.principal(Role.PLANNER)
    engine = opened.office.app.extensions[room.Desk.KEY].engine
    with (
        pytest.raises(IntegrityError, match="does not stand"),
        acting(engine, who) as connection,
    ):  # and the database takes nothing either
        connection.execute(
            text("INSERT INTO participation.bearbeitung VALUES (:id, 'nicht', 'x', '', 1, :who, now())"),
            {"id": number, "who": who.account_id},
        )


def test_who_corrects_while_a_weighing_is_kept_waits_and_opens_it_again(opened: Town) -> None:
    """Whichever comes first, no weighing stands for a text that nobody has read."""
    opened.announce()
    link = opened.citizen().confirmed(dateien=[(io.BytesIO(PNG), "a.png")])
    number, _ = statement(opened)
    engine, who = opened.office.app.extensions[room.Desk.KEY].engine, opened.principal(Role.PLANNER)
    done: list[int] = []
    citizen = opened.citizen()
    hand = threading.Thread(
        target=lambda: done.append(citizen.post(f"{link}/berichtigen", {"text": "Anders."}).status_code)
    )
    with acting(engine, who) as connection:
        connection.execute(
            text("INSERT INTO participation.bearbeitung VALUES (:id, 'nicht', 'x', '', 1, :who, now())"),
            {"id": number, "who": who.account_id},
        )
        hand.start()
        wait_until(lambda: somebody_waits(opened.office.owner))
        assert done == []
    hand.join()
    assert done == [303]
    assert opened.count("participation.bearbeitung WHERE ergebnis = 'offen' AND frueher = 'nicht'") == 1


def test_exports_are_whole_in_order_and_harmless(opened: Town) -> None:
    number = opened.announce()
    formula = '=HYPERLINK("https://evil.example","x")'
    opened.citizen().confirmed("b@muster.example", text=formula, name="@SUM(A1)")
    opened.office.clock.now += timedelta(minutes=5)
    first = opened.citizen().confirmed("a@muster.example", text="Zweite <script>alert(1)</script>")
    opened.citizen().post(f"{first}/zurueckziehen", {"wirklich": "ja"})
    opened.office.clock.now += timedelta(minutes=5)
    opened.citizen().confirmed("c@muster.example", text="Dritte")
    planner = signed_in(opened, Role.PLANNER)
    root = f"/werkbank/beteiligung/{number}/stellungnahmen"
    document = json.loads(planner.get(f"{root}.json").text)
    assert [each["nummer"] for each in document["stellungnahmen"]] == [1, 2, 3]
    assert [each["text"] for each in document["stellungnahmen"]] == [formula, "", "Dritte"]
    assert document["stellungnahmen"][1]["stand"] == "zurueckgezogen"
    with zipfile.ZipFile(io.BytesIO(planner.get(f"{root}.xlsx").data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in words
    assert planner.get(f"{root}.pdf").data.startswith(b"%PDF-")
    listed = planner.get(root).text
    assert "alert(1)" not in listed
    assert listed.index("Stellungnahme 1 lesen") < listed.index("Stellungnahme 3 lesen")


def test_two_hundred_and_one_statements_are_all_there(opened: Town) -> None:
    """One more than a page of the export."""
    number = opened.announce()
    with opened.office.owner.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO participation.stellungnahme (beteiligung_id, ags, nummer, form, link, state, eingang,
                verspaetet, bestaetigt_am, text, email)
            SELECT :id, :ags, n, sha256(n::text::bytea), sha256(('l' || n)::bytea), 'bestaetigt', now(), false, now(),
                'Text ' || n, 'x@y.example' FROM generate_series(1, 201) AS n"""),
            {"id": number, "ags": OWN},
        )
    planner = signed_in(opened, Role.PLANNER)
    document = json.loads(planner.get(f"/werkbank/beteiligung/{number}/stellungnahmen.json").text)
    assert {each["nummer"] for each in document["stellungnahmen"]} == set(range(1, 202))
