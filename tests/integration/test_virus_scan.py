"""A real clamd, with one signature of our own, looks at all that strangers and offices hand in."""

import io
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from geoportal import operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.editing import examining
from geoportal.participation import attachments
from geoportal.settings import Settings
from geoportal.states import State
from geoportal.uploads import Upload
from geoportal.virus_scan import Infected, ScannerAway
from tests.files import pdf, plan, write, xplangml

NOBODY = "127.0.0.1:1"


@pytest.fixture(scope="module")
def clamd(open_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's clamd with one signature of our own: nothing is fetched."""
    folder = tmp_path_factory.mktemp("clamd")
    folder.chmod(0o755)
    (folder / "signatures").mkdir()
    (folder / "signatures" / "own.ndb").write_text(f"Geoportal.Test:0:*:{b'SCHADCODE-MUSTER'.hex()}\n")
    line = open_folder / "clamd"
    config = folder / "clamd.conf"
    config.write_text(
        f"LocalSocket {line}\nDatabaseDirectory {folder / 'signatures'}\nForeground yes\nUser root\n"
        "StreamMaxLength 120M\nOfficialDatabaseOnly no\n"
    )
    program = shutil.which("clamd") or "/usr/sbin/clamd"
    log = folder / "log"
    with log.open("wb") as said:
        server = subprocess.Popen([program, "-c", str(config)], stdout=said, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 300
        while not is_listening(line):
            assert server.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < deadline, log.read_text("utf-8", "replace")
            time.sleep(0.05)
        yield f"unix:{line}"
    finally:
        server.terminate()
        server.wait()


def is_listening(line: Path) -> bool:
    """Its socket is there before it listens, and it listens before it answers."""
    with socket.socket(socket.AF_UNIX) as asking, suppress(OSError):
        asking.settimeout(5)
        asking.connect(str(line))
        asking.sendall(b"zPING\0")
        return asking.recv(100) == b"PONG\0"
    return False


def test_what_the_scanner_knows_is_no_document(clamd: str, tmp_path: Path) -> None:
    archive, file = Archive(tmp_path / "archive"), tmp_path / "b.pdf"
    file.write_bytes(pdf("SCHADCODE-MUSTER"))
    with pytest.raises(Infected, match=r"Geoportal\.Test"):
        examining.examine(archive, clamd, file, "b.pdf")
    file.write_bytes(pdf("Begruendung des Plans"))
    assert examining.examine(archive, clamd, file, "b.pdf").found["scanned"] is True


def test_what_strangers_attach_is_scanned_too(clamd: str) -> None:
    with pytest.raises(attachments.Refused, match="Virenscanner"):
        attachments.screen([("brief.pdf", io.BytesIO(pdf("SCHADCODE-MUSTER")))], clamd)
    assert len(attachments.screen([("brief.pdf", io.BytesIO(pdf("Mein Brief")))], clamd)) == 1
    with pytest.raises(attachments.Refused, match="später noch einmal"):
        attachments.screen([("brief.pdf", io.BytesIO(pdf("Mein Brief")))], "127.0.0.1:1")


def test_what_is_delivered_is_scanned_before_it_is_read(database: Settings, clamd: str, tmp_path: Path) -> None:
    owner, archive = owner_engine(database.require_database_url()), Archive(database.archive)
    operations.prepare(owner)

    def delivered(name: str, scanner: str) -> Upload:
        number = operations.receive(owner, archive, write(tmp_path / "plan.gml", xplangml(plan(name=name))))
        try:
            operations.process(owner, archive, number, scanner=scanner)
        except ScannerAway:
            assert scanner == NOBODY
        return next(each for each in operations.latest_uploads(owner) if each.id == number)

    harmful = delivered("SCHADCODE-MUSTER", clamd)
    assert (harmful.state, harmful.fault_code, harmful.delivery_id) == (State.FAILED, "infected", None)
    assert delivered("Geprueft", clamd).state is State.PUBLISHED
    waiting = delivered("Ungeprueft", NOBODY)
    assert (waiting.state, waiting.attempts) == (State.RECEIVED, 0), "tried again when the scanner is back"
    owner.dispose()
