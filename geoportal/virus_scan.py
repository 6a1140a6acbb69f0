"""Asks the virus scanner of the machine, clamd, about a file: by its own protocol (clamd(8), INSTREAM), which sends the
content, so that the scanner needs no right to read ours.
"""

import socket
import struct
from pathlib import Path
from typing import Final

_PIECE: Final = 256 * 1024
_PATIENCE: Final = 120.0  # seconds of silence
_LONGEST: Final = 1000  # bytes of an answer


class Infected(Exception):
    """The scanner knows the file as harmful; the text is what it calls it."""


class ScannerAway(Exception):
    """The scanner does not answer, or not about this file. What was not looked at is not taken."""


class BeyondScanner(ScannerAway):
    """The file is larger than the scanner takes (clamd.conf, StreamMaxLength)."""


def require_clean(scanner: str, file: Path) -> None:
    """`scanner` is `unix:/path` or `host:port`. Raises Infected, ScannerAway, BeyondScanner."""
    try:
        with _connected(scanner) as line, file.open("rb") as content:
            line.settimeout(_PATIENCE)
            line.sendall(b"zINSTREAM\0")
            try:
                while piece := content.read(_PIECE):
                    line.sendall(struct.pack(">I", len(piece)) + piece)
                line.sendall(struct.pack(">I", 0))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has seen enough, and says why
            answer = _answer(line)
    except OSError as fault:
        raise ScannerAway(type(fault).__name__) from fault
    if answer == "stream: OK":
        return
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        raise Infected(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    if "size limit exceeded" in answer:
        raise BeyondScanner(answer)
    raise ScannerAway(answer or "no answer")


def _connected(scanner: str) -> socket.socket:
    if scanner.startswith("unix:"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(5)
        line.connect(scanner.removeprefix("unix:"))
        return line
    host, _, port = scanner.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _answer(line: socket.socket) -> str:
    found = b""
    while b"\0" not in found and len(found) < _LONGEST and (more := line.recv(_LONGEST)):
        found += more
    return found.partition(b"\0")[0].decode("utf-8", "replace").strip()
