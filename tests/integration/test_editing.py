"""What is filled in beside a plan's file: who may, where it is kept, and what the next delivery makes of it."""

import io
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from geoportal import amending, deliveries, operations, workflow
from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import NotAllowed, Principal, Role
from geoportal.editing.drafts import Draft, Paper
from geoportal.editing.fields import Unfit
from geoportal.operations import NotFound
from geoportal.settings import Settings
from geoportal.states import IllegalTransition
from geoportal.virus_scan import ScannerAway
from plans_ingest.errors import UnreadableFile, UnsupportedFormat
from tests.desk import OTHER, OWN
from tests.files import archive, pdf, plan, prop, xplangml
from tests.house import OBJEKT, House, housed

IN_FORCE = prop("rechtsstand", "4000")
_numbers = itertools.count(100)


@pytest.fixture(scope="module")
def house(module_database: Settings) -> Iterator[House]:
    """One for all tests here; each delivers plans of its own (`fresh`)."""
    with housed(module_database) as opened:
        yield opened


def fresh(name: str = "Am Hang", extra: str = "") -> Callable[..., str]:
    """Writes deliveries of a plan that no other test has."""
    number = str(next(_numbers))
    return lambda *features, more="": xplangml(plan(nummer=number, name=name, extra=extra + more), *features)


@pytest.fixture(scope="module")
def version(house: House) -> int:
    """A draft that nothing is changed of."""
    return draft_of(house, house.checked(house.somebody(Role.PLANNER), fresh()()))


def draft_of(house: House, upload: int) -> int:
    with house.owner.connect() as connection:
        [found] = [v for v in deliveries.versions(connection, house.one(upload).delivery_id) if v.state == "in_review"]
    return found.id


def look(house: House, version: int) -> Draft:
    return amending.look(house.engine, house.somebody(Role.KREIS), version).draft


def papers(house: House, version: int) -> list[Paper]:
    return list(amending.look(house.engine, house.somebody(Role.KREIS), version).papers)


def add(house: House, who: Principal, version: int, content: bytes, file: str = "B.pdf", **values: Any) -> None:
    scanner = values.pop("scanner", None)
    source = io.BytesIO(content)
    amending.add_document(house.engine, house.archive, scanner, who, version, source, len(content), file, values)


def public(house: House, version: int, column: str = "name") -> Any:
    """What the public reads of the plan to which a version belongs."""
    with house.owner.connect() as connection:
        asked = f"SELECT {column} FROM ogc.plaene WHERE id = (SELECT plan_id FROM plans.version WHERE id = :id)"
        return connection.scalar(text(asked), {"id": version})


def public_documents(house: House, version: int) -> list[str]:
    with house.owner.connect() as connection:
        asked = """SELECT name FROM ogc.plandokumente WHERE plan_id = (SELECT plan_id FROM plans.version WHERE id = :id)
            ORDER BY position"""
        return list(connection.scalars(text(asked), {"id": version}))


def findings(house: House, upload: int) -> dict[str, str]:
    with house.owner.connect() as connection:
        rows = connection.execute(
            text("SELECT code, detail FROM plans.issue WHERE delivery_id = :id"), {"id": house.one(upload).delivery_id}
        )
        return {row.code: row.detail for row in rows}


def test_what_is_filled_in_becomes_public_and_the_file_stays_as_it_was(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    number = house.checked(planner, fresh(extra=IN_FORCE)(OBJEKT))
    version, before = draft_of(house, number), house.one(number).sha256
    given = {"inkrafttretens_datum": "2024-04-01", "beschreibung": "Am Südhang"}
    changed = amending.fill_in(house.engine, planner, version, given, mark="")
    assert changed == {"inkrafttretens_datum": [None, "2024-04-01"], "beschreibung": [None, "Am Südhang"]}
    assert look(house, version).form == {"inkrafttretens_datum": None, "beschreibung": None}
    workflow.submit(house.engine, planner, number)
    house.publish(house.somebody(Role.PUBLISHER), number)
    assert str(public(house, version, "inkrafttretens_datum")) == "2024-04-01"
    assert public(house, version, "status") == "in_kraft"
    assert house.one(number).sha256 == before
    with house.owner.connect() as connection:
        [entry] = audit.search(connection, action="filled_in", limit=1)
    assert entry.actor.startswith("planner")
    assert entry.detail["changes"]["beschreibung"] == [None, "Am Südhang"]
    with pytest.raises(IllegalTransition):
        amending.fill_in(house.engine, planner, version, {"name": "Zu spät"}, mark=None)


def test_a_value_put_back_to_what_the_file_says_is_the_files_again(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    version = draft_of(house, house.checked(planner, fresh()()))
    amending.fill_in(house.engine, planner, version, {"name": "Am Berg"}, mark="")
    amending.fill_in(house.engine, planner, version, {"name": "Am Tal"}, mark=None)
    assert look(house, version).form == {"name": "Am Hang"}
    amending.fill_in(house.engine, planner, version, {"name": "Am Hang"}, mark=None)
    assert look(house, version).form == {}


def test_two_people_do_not_undo_each_other_unseen(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    version = draft_of(house, house.checked(planner, fresh()()))
    amending.fill_in(house.engine, planner, version, {"name": "Am Berg"}, mark="")
    with pytest.raises(workflow.Changed):
        amending.fill_in(house.engine, planner, version, {"name": "Am Tal"}, mark="")


def test_a_publisher_publishes_only_what_was_seen(house: House) -> None:
    planner, publisher = house.somebody(Role.PLANNER), house.somebody(Role.PUBLISHER)
    number = house.checked(planner, fresh()())
    workflow.submit(house.engine, planner, number)
    seen = house.stamp(number)
    amending.fill_in(house.engine, planner, draft_of(house, number), {"name": "Am Berg"}, mark=None)
    with pytest.raises(workflow.Changed):
        house.publish(publisher, number, seen=seen)


def test_who_has_edited_counts_as_one_of_the_four_eyes(house: House) -> None:
    planner, kreis = house.somebody(Role.PLANNER), house.somebody(Role.KREIS)
    workflow.require_four_eyes(house.engine, kreis, OWN, wanted=True)
    number = house.checked(planner, fresh()())
    amending.fill_in(house.engine, kreis, draft_of(house, number), {"name": "Am Berg"}, mark=None)
    workflow.submit(house.engine, planner, number)
    with pytest.raises(workflow.FourEyes):
        house.publish(kreis, number)
    house.publish(house.somebody(Role.PUBLISHER), number)
    workflow.require_four_eyes(house.engine, kreis, OWN, wanted=False)


def test_a_later_delivery_keeps_what_it_says_nothing_new_about(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    document = fresh()
    number = house.checked(planner, document())
    version = draft_of(house, number)
    amending.fill_in(
        house.engine, planner, version, {"beschreibung": "Von Hand", "inkrafttretens_datum": "2024-04-01"}, mark=None
    )
    add(house, planner, version, pdf("Begruendung"), "Begründung.pdf", typ="1010")
    again = house.checked(planner, document(OBJEKT))
    new = draft_of_newest(house, again)
    draft = look(house, new)
    assert draft.values["beschreibung"] == "Von Hand"
    assert draft.values["inkrafttretens_datum"] == "2024-04-01"
    assert [each.name for each in papers(house, new)] == ["Begründung"]
    assert findings(house, again)["form_kept"] == "beschreibung, inkrafttretens_datum, dokumente"
    report = house.archive.path(report_of(house, again)).read_text("utf-8")
    assert "form_kept" in report, "the planner reads it on the page"


def test_a_later_delivery_that_says_something_new_is_right_and_it_is_told(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    document = fresh()
    version = draft_of(house, house.checked(planner, document()))
    amending.fill_in(house.engine, planner, version, {"name": "Am Berg", "beschreibung": "Von Hand"}, mark=None)
    again = house.checked(planner, document(more=prop("beschreibung", "Aus der Datei")))
    draft = look(house, draft_of_newest(house, again))
    assert draft.values["beschreibung"] == "Aus der Datei"
    assert draft.values["name"] == "Am Berg"
    assert findings(house, again)["form_overruled"] == "beschreibung"
    assert dict(draft.form) == {"name": "Am Hang"}


def test_the_same_file_again_changes_nothing_of_it(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    document = fresh()()
    number = house.checked(planner, document)
    version = draft_of(house, number)
    amending.fill_in(house.engine, planner, version, {"name": "Am Berg"}, mark=None)
    workflow.submit(house.engine, planner, number)
    house.publish(house.somebody(Role.PUBLISHER), number)
    again = house.checked(planner, document)
    assert public(house, version) == "Am Berg"
    with house.owner.connect() as connection:
        assert deliveries.versions(connection, house.one(again).delivery_id) == []


def test_documents_are_added_ordered_described_and_taken_out(house: House, tmp_path: Path) -> None:
    office = house.somebody(Role.OFFICE)
    reference = prop(
        "externeReferenz",
        "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Satzung</xplan:referenzName>"
        "<xplan:referenzURL>satzung.pdf</xplan:referenzURL><xplan:typ>1060</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )
    file = archive(tmp_path / "p.zip", {"plan.gml": fresh(extra=reference)(), "satzung.pdf": pdf("Satzung")})
    data = file.read_bytes()
    number = workflow.deliver(house.engine, house.archive, office, OWN, "p.zip", io.BytesIO(data), len(data))
    operations.process(house.owner, house.archive, number)
    version = draft_of(house, number)
    add(house, office, version, pdf("Begruendung des Plans"), "Begründung.pdf", typ="1010")
    add(house, office, version, pdf("Ein Umweltbericht, lang"), "c:\\x\\Umwelt.pdf", name="Umweltbericht", typ=1050)
    first, second, third = papers(house, version)
    assert [first.from_form, second.from_form, second.name, third.name] == [False, True, "Begründung", "Umweltbericht"]
    changed = [
        {"id": third.id, "typ": 1050, "name": "Umweltbericht 2024", "beschreibung": "Teil 2", "datum": "2024-01-02"},
        {"id": first.id, "typ": 1060, "name": "Satzung", "beschreibung": "", "datum": ""},
    ]
    amending.arrange(house.engine, office, version, changed, mark=look(house, version).mark)
    workflow.submit(house.engine, office, number)
    house.publish(house.somebody(Role.PUBLISHER), number)
    assert public_documents(house, version) == ["Umweltbericht 2024", "Satzung"]


@pytest.mark.parametrize(
    "named",
    [
        [{"id": 4711, "name": "x"}],
        [{"id": "mine", "name": "x"}, {"id": "mine", "name": "x"}],
        [{"id": "mine", "name": ""}],
        [{"id": "mine", "name": "x", "typ": "4711"}],
        [{"id": "mine", "name": "x", "datum": "gestern"}],
        [{"id": "mine", "name": "x", "sha256": "0" * 64}],
    ],
    ids=str,
)
def test_documents_that_cannot_be_arranged_so_stay_as_they_are(
    house: House, version: int, named: list[dict[str, Any]]
) -> None:
    planner = house.somebody(Role.PLANNER)
    if not papers(house, version):
        add(house, planner, version, pdf("Begruendung des Plans"))
    before = papers(house, version)
    mine = [each | ({"id": before[0].id} if each["id"] == "mine" else {}) for each in named]
    with pytest.raises(Unfit):
        amending.arrange(house.engine, planner, version, mine, mark=None)
    assert papers(house, version) == before


def test_a_public_plan_gets_a_document_without_being_delivered_again(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    first = house.published(planner, fresh()(OBJEKT))
    with house.owner.connect() as connection:
        [known] = deliveries.versions(connection, house.one(first).delivery_id)
    plan_id = known.plan_id
    upload = amending.begin(house.engine, planner, plan_id)
    assert amending.begin(house.engine, planner, plan_id) == upload, "one draft at a time"
    assert house.one(upload).edits == plan_id
    version = draft_of(house, upload)
    with house.owner.connect() as connection:
        counted = connection.execute(
            text("SELECT count(*) FROM plans.planobjekt WHERE version_id IN (:one, :two) GROUP BY version_id"),
            {"one": known.id, "two": version},
        ).scalars()
        assert list(counted) == [1, 1]
    assert public_documents(house, version) == []
    add(house, planner, version, pdf("Begruendung des Plans"), "Begründung.pdf")
    amending.fill_in(house.engine, planner, version, {"name": "Am Hang (neu)"}, mark=None)
    workflow.submit(house.engine, planner, upload)
    house.publish(house.somebody(Role.PUBLISHER), upload)
    assert public_documents(house, version) == ["Begründung"]
    assert public(house, version) == "Am Hang (neu)"
    assert house.one(first).state.value == "superseded"
    workflow.restore(house.engine, house.somebody(Role.PUBLISHER), plan_id, 1, "doch nicht")
    assert public(house, version) == "Am Hang"


HOSTILE: dict[str, tuple[bytes, type[Exception]]] = {
    "no PDF": (b"MZ\x90\0", UnsupportedFormat),
    "cut short": (pdf("x")[:150], UnreadableFile),
    "a script": (
        pdf("x").replace(b"/Type /Catalog", b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> /Type /Catalog"),
        UnreadableFile,
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_document_that_citizens_must_not_open_is_refused(house: House, version: int, what: str) -> None:
    planner, before = house.somebody(Role.PLANNER), papers(house, version)
    content, fault = HOSTILE[what]
    with pytest.raises(fault):
        add(house, planner, version, content)
    assert papers(house, version) == before


def test_a_document_is_looked_at_for_people_and_for_text(house: House) -> None:
    planner = house.somebody(Role.PLANNER)
    version = draft_of(house, house.checked(planner, fresh()()))
    add(house, planner, version, pdf("Herr Meier, Tel. 06421 12345, a.meier@web.de; info@kreis.de"))
    add(house, planner, version, pdf("Die Planung dient dem Wohnungsbau; Fragen an rathaus@gemeinde.de"))
    add(house, planner, version, pdf(" "))
    told = [[each["german"] for each in (paper.examined or {})["findings"]] for paper in papers(house, version)]
    people = ["E-Mail-Adresse auf Seite 1", "Name einer Person auf Seite 1", "Telefonnummer auf Seite 1"]
    assert told[0] == [f"Vielleicht personenbezogene Daten: {each}" for each in people]
    assert told[1] == []
    assert told[2][0].startswith("Seiten ohne Text")
    assert "Meier" not in str(papers(house, version)[0].examined), "what was found is not kept a second time"


def public_plan(house: House) -> UUID:
    with house.owner.connect() as connection:
        found: UUID = connection.execute(text("SELECT max(id::text)::uuid FROM ogc.plaene")).scalar_one()
    return found


EDITS: dict[str, Callable[[House, Principal, int], object]] = {
    "fill_in": lambda house, who, version: amending.fill_in(house.engine, who, version, {"name": "x"}, mark=None),
    "add": lambda house, who, version: add(house, who, version, pdf("Begruendung")),
    "arrange": lambda house, who, version: amending.arrange(house.engine, who, version, [], mark=None),
    "begin": lambda house, who, _: amending.begin(house.engine, who, public_plan(house)),
}


def test_only_who_may_edit_edits_here_and_elsewhere(house: House) -> None:
    deliverer = house.somebody(Role.OFFICE, OWN, "deliverer")
    house.published(house.somebody(Role.PLANNER), fresh()())
    version = draft_of(house, house.checked(deliverer, fresh()()))
    wrong = []
    for verb, act in EDITS.items():
        for role, ags in [*((role, place) for role in Role for place in (OWN, OTHER))]:
            inside = ags == OWN or role in {Role.KREIS, Role.AUDITOR}
            try:
                act(house, house.somebody(role, ags), version)
                done = True
            except (NotAllowed, NotFound):
                done = False
            if done != (inside and role in {Role.PLANNER, Role.KREIS}):
                wrong.append((verb, role.value, ags, done))
    assert wrong == []
    assert amending.fill_in(house.engine, deliverer, version, {"name": "Eigenes"}, mark=None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plans.version SET name = 'x' WHERE state = 'published'",
        "UPDATE plans.version SET form = '{}' WHERE state = 'published'",
        "UPDATE plans.version SET state = 'published', published_at = now() WHERE state = 'in_review'",
        "UPDATE plans.dokument SET sha256 = repeat('0', 64)",
        "INSERT INTO plans.dokument (version_id, position, from_form) SELECT id, 1, true FROM plans.version "
        "WHERE state = 'published'",
        "SELECT plans.draft_of(id) FROM plans.version WHERE state = 'in_review'",
    ],
)
def test_the_database_alone_keeps_a_planner_to_drafts(house: House, version: int, statement: str) -> None:
    planner = house.somebody(Role.PLANNER)
    if "published" in statement and not house.public():
        house.published(planner, fresh()())

    def changed() -> int:
        with acting(house.engine, planner) as connection:
            return connection.execute(text(statement)).rowcount

    with suppress(ProgrammingError):  # refused, or it sees no row that it could change
        assert changed() == 0


def test_what_nobody_could_scan_is_not_taken(house: House, version: int, tmp_path: Path) -> None:
    planner, before = house.somebody(Role.PLANNER), papers(house, version)
    with pytest.raises(ScannerAway):
        add(house, planner, version, pdf("x"), scanner=f"unix:{tmp_path / 'nobody'}")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            line, _ = listener.accept()
            with line:
                while not line.recv(65536).endswith(struct.pack(">I", 0)):
                    pass
                line.sendall(b"INSTREAM size limit exceeded. ERROR\0")

        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(ScannerAway, match="size limit"):
            add(house, planner, version, pdf("x"), scanner=f"127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert papers(house, version) == before


def draft_of_newest(house: House, upload: int) -> int:
    with house.owner.connect() as connection:
        return deliveries.versions(connection, house.one(upload).delivery_id)[-1].id


def report_of(house: House, upload: int) -> str:
    with house.owner.connect() as connection:
        found = deliveries.report(connection, upload, "json")
    assert found is not None
    return found
