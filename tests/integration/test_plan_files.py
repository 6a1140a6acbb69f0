"""A public plan as XPlanGML 6.0, from the database."""

import hashlib
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import Engine

from geoportal import cli, operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.settings import Settings
from geoportal.web.app import create_portal
from plans_ingest import Plan, ingest
from tests.files import archive, bereich, feature, link, pdf, plan, polygon, prop, write, xplangml
from tests.hostile.documents import reference

OBJEKT = feature(
    "BP_BaugebietsTeilFlaeche",
    "g1",
    link("gehoertZuBereich", "b") + prop("rechtscharakter", "1000") + prop("position", polygon())
    + prop("flaechenschluss", "true") + prop("GRZ", "0.4") + prop("allgArtDerBaulNutzung", "1000"),
)  # fmt: skip
TEXT = feature("BP_TextAbschnitt", "t1", prop("schluessel", "1.1") + prop("text", "Je Haus ein Baum."))


@dataclass(frozen=True, slots=True)
class Office:
    engine: Engine
    settings: Settings
    client: FlaskClient
    folder: Path

    def deliver(self, name: str = "Am Hang") -> tuple[str, Plan]:
        """Address of the plan, and the plan as it was delivered."""
        whole = plan(name=name, extra=link("texte", "t1") + link("bereich", "b"))
        file = write(self.folder / "in.gml", xplangml(whole, bereich("b"), OBJEKT, TEXT))
        [outcome] = operations.deliver(self.engine, Archive(self.settings.archive), file).outcomes
        (self.folder / name).mkdir()
        return str(outcome.id), ingest(file, self.folder / name, srid=25832).plans[0]


@pytest.fixture
def office(database: Settings, tmp_path: Path) -> Iterator[Office]:
    engine = owner_engine(database.require_database_url())
    operations.prepare(engine)
    yield Office(engine, database, create_portal(database).test_client(), tmp_path)
    engine.dispose()


def test_the_file_says_what_was_delivered(office: Office) -> None:
    address, delivered = office.deliver()
    answer = office.client.get(f"/plan/{address}/xplan.gml")
    assert (answer.status_code, answer.mimetype) == (200, "application/gml+xml")
    write(office.folder / "out.gml", answer.text)
    [again] = ingest(office.folder / "out.gml", office.folder, srid=25832).plans
    assert again.xplan_version == "6.0"
    for name in ("name", "nummer", "planart", "gemeinden", "geltungsbereich", "id"):
        assert getattr(again, name) == getattr(delivered, name), name
    [objekt] = again.objekte
    assert (objekt.klasse, objekt.attribute["GRZ"], objekt.bereich) == ("BP_BaugebietsTeilFlaeche", 0.4, "b")
    assert [text.text for text in again.texte] == ["Je Haus ein Baum."]


def test_length_hash_and_validator_are_of_the_file_and_it_is_written_once(office: Office) -> None:
    address, _ = office.deliver()
    url = f"/plan/{address}/xplan.gml"
    first = office.client.get(url)
    assert int(first.headers["Content-Length"]) == len(first.data)
    digest = first.headers["Repr-Digest"].removeprefix("sha-256=:").removesuffix(":")
    assert b64decode(digest) == hashlib.sha256(first.data).digest()
    [kept] = office.settings.plan_files.iterdir()
    again = office.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    part = office.client.get(url, headers={"Range": "bytes=5-20"})
    assert (part.status_code, part.data) == (206, first.data[5:21])
    assert [*office.settings.plan_files.iterdir()] == [kept]


def test_files_that_another_process_takes_away_meanwhile_harm_nobody(office: Office) -> None:
    address, _ = office.deliver()
    url = f"/plan/{address}/xplan.gml"
    first = office.client.get(url)
    folder = office.settings.plan_files
    [kept] = folder.iterdir()
    kept.unlink()
    (folder / f"{kept.name.partition('.')[0]}.0.gml").symlink_to(
        folder / "gone"
    )  # still listed, and not there any more
    again = office.client.get(url)
    assert (again.status_code, again.data) == (200, first.data)


def test_a_new_version_is_another_file_and_what_is_withdrawn_is_none(office: Office) -> None:
    address, _ = office.deliver()
    url = f"/plan/{address}/xplan.gml"
    first = office.client.get(url)
    office.deliver("Am Hang (Süd)")
    second = office.client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert "Am Hang (Süd)" in second.text
    operations.withdraw(office.engine, UUID(address), "Irrtum")
    assert office.client.get(url, headers={"If-None-Match": second.headers["ETag"]}).status_code == 404


def test_references_lead_to_the_public_documents(office: Office) -> None:
    referring = plan(extra=reference("Anlagen/b.pdf") + reference("fehlt.pdf"))
    file = archive(office.folder / "in.zip", {"xplan.gml": xplangml(referring), "Anlagen/b.pdf": pdf()})
    [outcome] = operations.deliver(office.engine, Archive(office.settings.archive), file).outcomes
    written = office.client.get(f"/plan/{outcome.id}/xplan.gml").text
    [named] = re.findall(r"<xplan:referenzURL>(http[^<]+)</xplan:referenzURL>", written)
    assert named.startswith(f"{office.settings.public_url}/dokument/")
    assert office.client.get(named.removeprefix(office.settings.public_url)).data == pdf()
    assert "<xplan:referenzURL>fehlt.pdf</xplan:referenzURL>" in written


def test_the_page_of_the_plan_names_the_file(office: Office) -> None:
    address, _ = office.deliver()
    assert f'href="/plan/{address}/xplan.gml"' in office.client.get(f"/plan/{address}").text


def test_the_command_line_writes_a_public_plan(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    address, _ = office.deliver()
    monkeypatch.setenv("GEOPORTAL_DATABASE_URL", office.settings.require_database_url())
    done = CliRunner().invoke(cli.main, ["export", address, str(office.folder / "aus")])
    assert done.exit_code == 0, done.output
    assert (office.folder / "aus" / f"{address}.gml").read_text("utf-8") == office.client.get(
        f"/plan/{address}/xplan.gml"
    ).text
    for called in ("in.gml", "in-2.gml"):  # like the file that was delivered, and nothing is overwritten
        again = CliRunner().invoke(cli.main, ["export", address, str(office.folder / "aus"), "--delivered-names"])
        assert str(office.folder / "aus" / called) in again.output
        assert (office.folder / "aus" / called).read_text("utf-8").count("Am Hang") == 1
    nothing = CliRunner().invoke(cli.main, ["export", "7b7a0f0e-0000-4000-8000-000000000000", str(office.folder)])
    assert (nothing.exit_code, "Traceback" in nothing.output) == (1, False)
    assert CliRunner().invoke(cli.main, ["export", "gibt-es-nicht.gml", str(office.folder)]).exit_code == 2
