"""Letters as MapLibre wants them: read back as its own reader does, and looked at."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from geoportal.cartography import glyphs

OUTLINE = 192  # the value on a letter's edge
BORDER = 3


def fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protocol buffer."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            value |= (content[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if content[at - 1] < 128:
                return value

    while at < len(content):
        tag = varint()
        value: Any = varint()
        if tag & 7 == 2:
            at += value
            value = content[at - value : at]
        yield tag >> 3, value


def letters(font: str, first: int = 0) -> dict[str, dict[int, Any]]:
    [(number, stack)] = fields(glyphs.glyph_range(font, first))
    assert number == 1
    told = list(fields(stack))
    assert told[:2] == [(1, font.encode()), (2, f"{first}-{first + 255}".encode())]
    found = [dict(fields(each)) for _, each in told[2:]]
    return {chr(each[1]): each for each in found}


def picture(letter: dict[int, Any]) -> np.ndarray:
    return np.frombuffer(letter[2], np.uint8).reshape(letter[4] + 2 * BORDER, letter[3] + 2 * BORDER)


@pytest.fixture(scope="module", params=list(glyphs.FONTS))
def latin(request: pytest.FixtureRequest) -> dict[str, dict[int, Any]]:
    return letters(request.param)


def test_all_that_stands_on_a_plan_is_there(latin: dict[str, dict[int, Any]]) -> None:
    assert set("WAMRGRZ0,4 IIßÄöü²°") <= latin.keys()
    assert latin[" "].get(2) is None
    assert 5 < latin[" "][7] < 10


def test_the_field_is_high_inside_and_low_outside(latin: dict[str, dict[int, Any]]) -> None:
    drawn = picture(latin["I"])
    stem = drawn[BORDER + 4 : -BORDER - 4]
    assert (stem.max(axis=1) > OUTLINE).all()
    assert (stem[:, [0, -1]] < OUTLINE).all()
    ring = picture(latin["O"])
    middle = ring[ring.shape[0] // 2]
    assert np.count_nonzero(np.diff(middle > OUTLINE)) == 4  # out, in, out, in, out


def test_letters_stand_on_one_line(latin: dict[str, dict[int, Any]]) -> None:
    def signed(value: int) -> int:
        return value >> 1 if value & 1 == 0 else -((value + 1) >> 1)

    foot = {letter: signed(latin[letter][6]) - latin[letter][4] for letter in "HEIWg"}
    assert len({foot[letter] for letter in "HEIW"}) == 1
    assert foot["g"] < foot["H"]
    assert latin["W"][7] > latin["I"][7]


def test_what_a_font_does_not_have_is_left_out() -> None:
    assert letters("DejaVu Sans", 0x4E00) == {}
    with pytest.raises(KeyError):
        glyphs.glyph_range("Comic Sans", 0)


def test_what_was_made_last_is_not_made_again() -> None:
    assert glyphs.glyph_range("DejaVu Sans", 0x4E00) is glyphs.glyph_range("DejaVu Sans", 0x4E00)
