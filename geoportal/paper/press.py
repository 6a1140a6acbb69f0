"""The press of this server process: one PDF at a time, each in a process of its own that ends after it.

Laying out takes a second and more of CPU and cannot be interrupted: in the server's own process it would hold up
whoever reads a page meanwhile.
"""

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from geoportal.painting.wire import PipeClosed, receive, send

LOGGER = logging.getLogger(__name__)

WAIT_SECONDS: Final = 6.0  # for the press to become free
PRESS_SECONDS: Final = 30.0  # for a PDF


class PaperBusy(Exception):
    """The press did not become free in time, or the PDF took too long."""


class PaperFailed(Exception):
    """The PDF could not be made."""


@dataclass(frozen=True, slots=True)
class Sheets:
    """A page to be laid out: HTML that needs nothing but the styles and the pictures that come with it.

    `pictures`: PNG by name; the page shows them as `picture:NAME`. Relative links lead to `base_url`.
    """

    page: str
    style: str
    base_url: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class Press:
    """Thread-safe."""

    def __init__(self, wait: float = WAIT_SECONDS, seconds: float = PRESS_SECONDS) -> None:
        self._free = threading.BoundedSemaphore()
        self._wait = wait
        self._seconds = seconds

    def pdf(self, sheets: Sheets) -> bytes:
        """A PDF/UA-1 (ISO 14289-1). Raises PaperBusy, PaperFailed."""
        if not self._free.acquire(timeout=self._wait):
            raise PaperBusy
        try:
            return self._pressed(sheets)
        finally:
            self._free.release()

    def _pressed(self, sheets: Sheets) -> bytes:
        asked = io.BytesIO()
        document = {"page": sheets.page, "style": sheets.style, "base_url": sheets.base_url}
        send(asked, {**document, "pictures": list(sheets.pictures)}, list(sheets.pictures.values()))
        try:
            done = subprocess.run(
                # With an environment of its own: what it lays out needs nothing that we know.
                [sys.executable, "-m", "geoportal.paper.child"],
                input=asked.getvalue(),
                capture_output=True,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                timeout=self._seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            LOGGER.warning("a PDF took longer than %s s", self._seconds)
            raise PaperBusy from error
        try:
            _, [content] = receive(io.BytesIO(done.stdout))
        except PipeClosed as error:
            LOGGER.exception("no PDF was made: %s", done.stderr.decode(errors="replace")[-500:])
            raise PaperFailed from error
        return content
