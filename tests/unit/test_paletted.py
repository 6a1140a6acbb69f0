"""Pictures of at most 256 colours: what is plain stays as it is, what is rare is not lost."""

import io

import numpy as np
from PIL import Image

from geoportal.painting import paletted

RED, GREEN, INK = (200, 30, 30, 255), (40, 160, 60, 255), (28, 28, 28, 255)
CLEAR = (0, 0, 0, 0)
WIDE, HIGH = 300, 200


def painted(colours: np.ndarray) -> paletted.Pixels:
    """From rows of columns of red, green, blue, opacity to what a painter has."""
    return np.ascontiguousarray(colours, np.uint8).view("<u4")[..., 0]


def read(content: bytes) -> np.ndarray:
    """The file as others read it."""
    with Image.open(io.BytesIO(content)) as opened:
        assert (opened.format, opened.mode) == ("PNG", "P")
        return np.asarray(opened.convert("RGBA"))


def few(colours: np.ndarray) -> paletted.Paletted:
    found = paletted.reduced(painted(colours))
    assert found is not None
    return found


def seen(colours: np.ndarray) -> np.ndarray:
    """What of a colour can be seen: nothing of a clear one."""
    return np.concatenate([colours[..., :3].astype(float) * colours[..., 3:] / 255, colours[..., 3:]], axis=-1)


def plain() -> np.ndarray:
    """Nothing, two areas, and a line across them."""
    picture = np.zeros((HIGH, WIDE, 4), np.uint8)
    picture[20:120, 30:200], picture[60:160, 150:280], picture[:, 160:163] = RED, GREEN, INK
    return picture


def blended() -> np.ndarray:
    """The same on which a thousand blends of ink and white lie, each in a few pixels."""
    picture = plain()
    grey, opacity = np.meshgrid(np.linspace(0, 255, 50), np.linspace(10, 255, 40))
    picture[:40, :50] = np.stack([grey, grey, grey, opacity], axis=-1).round()
    return picture


def test_few_colours_stay_exactly_what_they_are() -> None:
    picture = plain()
    assert np.array_equal(read(paletted.png(few(picture))), picture)


def test_of_many_colours_what_is_common_is_exact_and_a_blend_is_near() -> None:
    picture = blended()
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 1000
    found = read(paletted.png(few(picture)))
    assert np.array_equal(found[40:], picture[40:])
    assert np.abs(seen(found) - seen(picture)).max() <= 16


def test_a_single_pixel_of_its_own_colour_is_not_lost() -> None:
    picture = blended()
    picture[199, 299] = (0, 90, 255, 255)
    [blue] = read(paletted.png(few(picture)))[199:, 299]
    assert np.abs(blue.astype(int) - (0, 90, 255, 255)).max() <= 16


def test_what_is_clear_stays_clear_and_what_is_not_stays_opaque() -> None:
    picture = blended()
    found = read(paletted.png(few(picture)))
    for opacity in (0, 255):
        assert (found[picture[..., 3] == opacity][:, 3] == opacity).all()


def test_parts_are_cut_from_one_palette_and_name_only_the_colours_that_they_have() -> None:
    picture = plain()
    found = few(picture)
    empty, area = paletted.png(found.part(0, 0, 20, 20)), paletted.png(found.part(30, 20, 100, 100))
    assert np.array_equal(read(empty), picture[:20, :20])
    assert np.array_equal(read(area), picture[20:120, 30:130])
    with Image.open(io.BytesIO(area)) as opened:
        assert len(opened.getpalette() or ()) == 3  # red alone


def test_webp_has_the_same_pixels() -> None:
    found = few(blended())
    with Image.open(io.BytesIO(paletted.webp(found))) as opened:
        assert opened.format == "WEBP"
        assert np.array_equal(seen(np.asarray(opened.convert("RGBA"))), seen(read(paletted.png(found))))


def test_a_photograph_has_too_many_colours() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (HIGH, WIDE, 4), np.uint8)
    assert paletted.reduced(painted(noise)) is None


def test_the_smallest_picture_is_one() -> None:
    assert tuple(read(paletted.png(few(np.array([[RED]]))))[0, 0]) == RED
    assert tuple(read(paletted.png(few(np.array([[CLEAR]]))))[0, 0]) == CLEAR
