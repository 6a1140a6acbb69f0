"""Files that strangers add to their statements: which we take, and how each is looked at before it is kept.

Three kinds, told by their first bytes, never by their name: PDF, JPEG, PNG. A PDF is opened as the documents of plans
are, in a process of its own that can reach nothing. Pictures are not opened at all: they are cut down to what they show
(`pictures`). Nothing is ever shown by this portal: planners save the files.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from geoportal import sandbox, virus_scan
from geoportal.editing import examining
from geoportal.participation import pictures
from plans_ingest import PlanFileError

MOST: Final = 5
MAX_SIZE: Final = 10_000_000
MAX_ALL: Final = 25_000_000
MAX_PIXELS: Final = 100_000_000
_SECONDS: Final = 15  # for one; strangers get less patience than offices


class Refused(Exception):
    """A file that we do not take; the message says why, German first, for who has sent it."""


@dataclass(frozen=True, slots=True)
class Datei:
    """A file that we take: a name to show, and what it is."""

    name: str
    media_type: str
    content: bytes


def screen(files: Sequence[tuple[str, IO[bytes]]], scanner: str | None) -> list[Datei]:
    """The files with their plain names, if all are good. `scanner`: where a virus scanner is. Raises Refused."""
    require_few(len(files))
    taken, left = [], MAX_ALL
    for name, stream in files:
        content = stream.read(MAX_SIZE + 1)
        left -= len(content)
        if len(content) > MAX_SIZE:
            raise Refused(f"{name}: zu groß; je Datei höchstens {MAX_SIZE // 10**6} MB. / Too large.")
        require_small(MAX_ALL - left)
        taken.append(_screened(name, content, scanner))
    return taken


def require_few(count: int) -> None:
    """Of one statement. Raises Refused."""
    if count > MOST:
        raise Refused(f"Bitte höchstens {MOST} Dateien. / At most {MOST} files, please.")


def require_small(size: int) -> None:
    """Bytes of all files of one statement. Raises Refused."""
    if size > MAX_ALL:
        raise Refused(f"Alle Dateien zusammen höchstens {MAX_ALL // 10**6} MB. / All files together are too large.")


def _screened(name: str, content: bytes, scanner: str | None) -> Datei:
    with tempfile.TemporaryDirectory(prefix="geoportal-anlage-") as folder:
        file = Path(folder, "anlage")
        file.write_bytes(content)
        if scanner is not None:
            _require_clean(scanner, file, name)
        if content.startswith(b"%PDF-"):
            return Datei(name, "application/pdf", _screened_pdf(name, file))
    try:
        picture = pictures.bare(content)
    except pictures.Damaged:
        raise _bad_picture(name) from None
    if picture is None:
        raise Refused(f"{name}: bitte nur PDF, JPG oder PNG. / PDF, JPG or PNG only, please.")
    if not 0 < picture.width * picture.height <= MAX_PIXELS:
        raise _bad_picture(name)
    return Datei(name, picture.media_type, picture.content)


def _bad_picture(name: str) -> Refused:
    return Refused(f"{name}: das Bild ist beschädigt oder zu groß. / The picture is damaged or too large.")


def _require_clean(scanner: str, file: Path, name: str) -> None:
    try:
        virus_scan.require_clean(scanner, file)
    except virus_scan.Infected as fault:
        raise Refused(f"{name}: der Virenscanner hält die Datei für schädlich. / Taken for a virus.") from fault
    except virus_scan.ScannerAway as fault:
        raise Refused(
            "Zurzeit können keine Dateien geprüft werden; bitte ohne Dateien senden oder später noch einmal. "
            "/ Files cannot be checked right now."
        ) from fault


def _screened_pdf(name: str, file: Path) -> bytes:
    """The document, or the same without what it would do by itself when opened."""
    workdir = file.with_name("work")
    workdir.mkdir()
    deadline = time.monotonic() + _SECONDS
    try:
        with examining.turn():
            paper = examining.opened(file, name, workdir, cancelled=lambda: time.monotonic() > deadline)
            content = paper.path.read_bytes()
    except PlanFileError as fault:
        raise Refused(str(fault)) from fault
    except sandbox.ReadingCancelled as fault:
        raise Refused(f"{name}: das PDF lässt sich nicht prüfen. / The PDF cannot be checked.") from fault
    except examining.ExaminersBusy as fault:
        raise Refused(
            "Zurzeit werden viele Dateien geprüft; bitte gleich noch einmal. / Busy, please try again."
        ) from fault
    if len(content) > MAX_SIZE:
        raise Refused(f"{name}: das PDF ist zu groß. / The PDF is too large.")
    return content
