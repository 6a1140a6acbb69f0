"""Files that strangers add to their statements: which we take, and how each is looked at before it is kept.

Three kinds, told by their first bytes, never by their name: PDF, JPEG, PNG. A PDF is opened in a process of its own
that can reach nothing (plans_ingest.confine) and held against what a document must not hold. Pictures are not opened at
all: only their size and their dimensions are read. Nothing is ever shown by this portal: planners save the files.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import plans_ingest

MOST: Final = 5
MAX_SIZE: Final = 10_000_000
MAX_ALL: Final = 25_000_000
MAX_PIXELS: Final = 100_000_000
_SECONDS: Final = 15
_TURNS: Final = threading.BoundedSemaphore(2)  # of this process: each may take a processor for ten seconds
_CHUNK: Final = 65_536
_CHILD: Final = ("-P", "-s", "-m", "geoportal.participation.child")
_ROOT: Final = Path(plans_ingest.__file__).resolve().parent.parent


class Refused(Exception):
    """A file that we do not take; the message says why, German first, for who has sent it."""


@dataclass(frozen=True, slots=True)
class Datei:
    """A file that we take: a name to show, and what it is."""

    name: str
    media_type: str
    content: bytes


def screen(files: Sequence[tuple[str, IO[bytes]]]) -> list[Datei]:
    """The files with their plain names, if all of them are good. Raises Refused."""
    if len(files) > MOST:
        raise Refused(f"Bitte höchstens {MOST} Dateien. / At most {MOST} files, please.")
    taken, left = [], MAX_ALL
    for name, stream in files:
        content = stream.read(MAX_SIZE + 1)
        left -= len(content)
        if len(content) > MAX_SIZE or left < 0:
            raise Refused(
                f"{name}: zu groß; je Datei höchstens {MAX_SIZE // 10**6} MB, alle {MAX_ALL // 10**6} MB. / Too large."
            )
        taken.append(_screened(name, content))
    return taken


def _screened(name: str, content: bytes) -> Datei:
    if content.startswith(b"%PDF-"):
        return Datei(name, "application/pdf", _screened_pdf(name, content))
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        width, height = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
        return Datei(name, "image/png", _of_size(name, content, width, height))
    if content.startswith(b"\xff\xd8\xff"):
        return Datei(name, "image/jpeg", _of_size(name, content, *_jpeg_size(content)))
    raise Refused(f"{name}: bitte nur PDF, JPG oder PNG. / PDF, JPG or PNG only, please.")


def _of_size(name: str, content: bytes, width: int, height: int) -> bytes:
    if not 0 < width * height <= MAX_PIXELS:
        raise Refused(f"{name}: das Bild ist beschädigt oder zu groß. / The picture is damaged or too large.")
    return content


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height from the frame header (ITU T.81 B.2.2); (0, 0) where there is none."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        at += 2 + max(length, 2)
    return 0, 0


def _screened_pdf(name: str, content: bytes) -> bytes:
    """The document, or the same without what it would do by itself when opened."""
    with tempfile.TemporaryDirectory(prefix="geoportal-anlage-") as folder:
        file = Path(folder, "anlage.pdf")
        file.write_bytes(content)
        environment = {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "TMPDIR": folder}
        if not _TURNS.acquire(timeout=_SECONDS):
            raise Refused("Zurzeit werden viele Dateien geprüft; bitte gleich noch einmal. / Busy, please try again.")
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter, with arguments of our own
                [sys.executable, *_CHILD, str(file), str(os.getpid())],
                env=environment, cwd=folder, capture_output=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
            verdict = json.loads(done.stdout) if done.returncode == 0 else {}
        except (subprocess.TimeoutExpired, ValueError):
            verdict = {}
        finally:
            _TURNS.release()
        if "fault" in verdict:
            raise Refused(f"{name}: {verdict['fault']}")
        if "file" not in verdict:
            raise Refused(f"{name}: das PDF lässt sich nicht prüfen. / The PDF cannot be checked.")
        cleaned = Path(folder, Path(verdict["file"]).name)
        if cleaned.is_symlink() or cleaned.stat().st_size > MAX_SIZE:
            raise Refused(f"{name}: das PDF ist zu groß. / The PDF is too large.")
        return cleaned.read_bytes()
