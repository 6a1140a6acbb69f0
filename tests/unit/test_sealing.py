"""Sealed backups: only with the key, only whole, only unchanged."""

import os
from pathlib import Path

import pytest

from geoportal.backups.sealing import PIECE, NotOurs, Seal

KEY = bytes(range(32))


def sealed(content: bytes) -> bytes:
    return b"".join(Seal(KEY).close([content[:7], content[7:]]))


def opened(content: bytes, key: bytes = KEY) -> bytes:
    return b"".join(Seal(key).open([content]))


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_was_sealed_comes_back(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed(content)) == content


def test_the_same_content_never_looks_the_same() -> None:
    assert sealed(b"plan") != sealed(b"plan")
    assert b"plan" not in sealed(b"plan")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(NotOurs):
        opened(sealed(b"plan"), bytes(32))


def test_whatever_is_changed_left_out_or_moved_is_noticed() -> None:
    content = sealed(os.urandom(3 * PIECE))
    head, piece = 19 + 32, PIECE + 16
    first, second, third = (content[head + n * piece : head + (n + 1) * piece] for n in range(3))
    for changed in (
        content[:-1],
        content[: head + 2 * piece],
        content[:head] + second + first + third,
        content[:head] + first + third,
        content + b"x",
        content[:100] + bytes([content[100] ^ 1]) + content[101:],
        b"plain",
    ):
        with pytest.raises(NotOurs):
            opened(changed)


def test_a_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("c2hvcnQ=\n", "ascii")
    with pytest.raises(ValueError, match="32 bytes"):
        Seal.from_file(file)
