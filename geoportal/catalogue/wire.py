"""What the process that reads a source and the one that waits for it say to each other."""

import json
from collections.abc import Iterator
from typing import IO, Any, Final

from geoportal.catalogue.source import Reason, SourceError

_ROWS, _END, _FAULT = b"R", b"E", b"F"  # a message is its kind, its length in eight bytes, its content
_LENGTH: Final = 8


class Broken(Exception):
    """The other end has fallen silent, or says what it may not say."""


def write_rows(out: IO[bytes], rows: bytes) -> None:
    _write(out, _ROWS, rows)


def write_end(out: IO[bytes], told: dict[str, Any]) -> None:
    _write(out, _END, json.dumps(told).encode())


def write_fault(out: IO[bytes], reason: Reason, message: str) -> None:
    _write(out, _FAULT, json.dumps({"reason": reason, "message": message}).encode())


def answers(stream: IO[bytes]) -> Iterator[bytes | dict[str, Any]]:
    """The rows, piece by piece, and what write_end() told at last. Raises SourceError, Broken."""
    while True:
        kind = _exactly(stream, 1)
        content = _exactly(stream, int.from_bytes(_exactly(stream, _LENGTH), "big"))
        if kind == _ROWS:
            yield content
        elif kind == _END:
            told: dict[str, Any] = json.loads(content)
            yield told
            return
        elif kind == _FAULT:
            fault = json.loads(content)
            raise SourceError(fault["message"], Reason(fault["reason"]))
        else:
            raise Broken


def _write(out: IO[bytes], kind: bytes, content: bytes) -> None:
    out.write(kind + len(content).to_bytes(_LENGTH, "big"))
    out.write(content)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise Broken
    return content
