"""What goes through the pipe: a JSON document, then bytes; both with their lengths before them."""

import json
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")

type Document = dict[str, Any]


class PipeClosed(Exception):
    """The other side has gone."""


def send(stream: BinaryIO, document: Document, blobs: Sequence[bytes] = ()) -> None:
    head = json.dumps({**document, "blobs": [len(blob) for blob in blobs]}).encode()
    stream.write(_LENGTH.pack(len(head)) + head + b"".join(blobs))
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Document, list[bytes]]:
    """Raises PipeClosed."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    document: Document = json.loads(_exactly(stream, length))
    return document, [_exactly(stream, size) for size in document.pop("blobs")]


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if data is None or len(data) < size:
        raise PipeClosed
    return data
