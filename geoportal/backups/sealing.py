"""Sealed files: whoever has no key can neither read nor change, shorten, reorder or exchange what is in them.

AES-256-GCM over pieces of 1 MiB. Each file has a key of its own, derived from the operator's and a salt; the number of
a piece and whether it is the last one are its nonce (the STREAM construction), so none can be left out or moved.
"""

import base64
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PIECE: Final = 1024**2
_MARK: Final = b"geoportal-sealed-1\n"
_SALT, _TAG = 32, 16


class NotOurs(Exception):
    """The file was not sealed with this key, or was changed since."""


class Seal:
    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("a key of 32 bytes")
        self._key = key

    @classmethod
    def from_file(cls, file: Path) -> Self:
        """The file holds the key in base64, as `openssl rand -base64 32` writes it. Raises ValueError, OSError."""
        return cls(base64.b64decode(file.read_text("ascii").strip(), validate=True))

    @property
    def name(self) -> str:
        """Tells keys apart and nothing about them."""
        return HKDF(SHA256(), length=8, salt=None, info=b"geoportal-key-name").derive(self._key).hex()

    def close(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """`pieces` of any length."""
        salt = os.urandom(_SALT)
        cipher = self._cipher(salt)
        yield _MARK + salt
        before: bytes | None = None
        number = 0
        for piece in _even(pieces, PIECE):
            if before is not None:
                yield cipher.encrypt(_nonce(number, last=False), before, None)
                number += 1
            before = piece
        yield cipher.encrypt(_nonce(number, last=True), before or b"", None)

    def open(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Raises NotOurs; what was yielded before that is genuine, but not all."""
        stream = _Reader(pieces)
        if stream.read(len(_MARK)) != _MARK:
            raise NotOurs("not sealed")
        cipher = self._cipher(stream.read(_SALT))
        number = 0
        while True:
            piece = stream.read(PIECE + _TAG)
            last = stream.is_at_end()
            try:
                yield cipher.decrypt(_nonce(number, last=last), piece, None)
            except (InvalidTag, ValueError) as fault:
                raise NotOurs(f"piece {number}") from fault
            if last:
                return
            number += 1

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), length=32, salt=salt, info=_MARK).derive(self._key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _even(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of this size, the last one shorter."""
    stream = _Reader(pieces)
    while not stream.is_at_end():
        yield stream.read(size)


class _Reader:
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, None)) is not None:
            self._left += piece
        found = bytes(self._left[:size])
        del self._left[:size]
        return found

    def is_at_end(self) -> bool:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return True
            self._left += piece
        return False
