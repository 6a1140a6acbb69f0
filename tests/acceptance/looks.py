"""Pictures of pages, small enough to be kept beside the tests, and what is different between two of them.

A picture is a thumbnail: coarse enough that another way to smooth letters is the same grey, and fine enough that a
button that is gone, moved or of another colour is seen.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy
import numpy.typing as npt
from PIL import Image, ImageFilter

Marks = npt.NDArray[numpy.bool_]

SHRINK = 5  # CSS pixels of a page in one of a picture, each way
TALLEST = 3000  # CSS pixels of a page that are kept
NEAR = 1  # pixels of a picture within which an edge may lie elsewhere
FAR = 32  # of 255: another colour
FEW = 40  # pixels that may be otherwise: a word that is shorter or longer, less than any button

_MARK = (214, 0, 98)
_GAP = 8


def thumbnail(screenshot: bytes) -> Image.Image:
    """`screenshot` has one pixel for each CSS pixel."""
    with Image.open(io.BytesIO(screenshot)) as shot:
        whole = shot.convert("RGB").crop((0, 0, shot.width, min(shot.height, TALLEST)))
    return whole.resize((round(whole.width / SHRINK), round(whole.height / SHRINK)), Image.Resampling.BOX)


def load(file: Path) -> Image.Image:
    with Image.open(file) as kept:
        return kept.convert("RGB")


def keep(picture: Image.Image, file: Path) -> None:
    picture.save(file, "WEBP", quality=80, method=6)
    if Difference.between(load(file), picture).marks.any():  # bright letters on black lose their colour by that
        picture.save(file, "WEBP", lossless=True, method=6)


@dataclass(frozen=True, slots=True)
class Difference:
    """Which pixels of two pictures are not alike; of two sizes, all that only one of them has."""

    kept: Image.Image
    now: Image.Image
    marks: Marks

    @classmethod
    def between(cls, kept: Image.Image, now: Image.Image) -> "Difference":
        size = max(kept.width, now.width), max(kept.height, now.height)
        one, other = (_soft(_on(size, picture)) for picture in (kept, now))
        marks = numpy.abs(one - other).max(axis=2) > FAR
        for picture in (kept, now):
            marks[picture.height :] = marks[:, picture.width :] = True
        return cls(kept, now, marks)

    @property
    def is_small(self) -> bool:
        return int(self.marks.sum()) <= FEW

    @property
    def words(self) -> str:
        """How much is otherwise, and where on the page."""
        rows, columns = numpy.nonzero(self.marks)
        x, y = (f"{SHRINK * int(axis.min())}–{SHRINK * (int(axis.max()) + 1)}" for axis in (columns, rows))
        return f"{self.marks.mean():.1%} of it are otherwise, between x {x} and y {y} (CSS pixels)"

    def save(self, file: Path) -> None:
        """As it was, as it is, and as it is with what is otherwise marked, beside each other."""
        height, width = self.marks.shape
        grey = self.now.convert("L").convert("RGB")
        marked = _on((width, height), grey)
        marked.paste(_MARK, mask=Image.fromarray(self.marks.astype(numpy.uint8) * 255))
        sheet = Image.new("RGB", (3 * width + 2 * _GAP, height), _MARK)
        for number, picture in enumerate((self.kept, self.now, marked)):
            sheet.paste(picture, (number * (width + _GAP), 0))
        sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST).save(file)


def _on(size: tuple[int, int], picture: Image.Image) -> Image.Image:
    ground = Image.new("RGB", size, "white")
    ground.paste(picture, (0, 0))
    return ground


def _soft(picture: Image.Image) -> npt.NDArray[numpy.int16]:
    return numpy.asarray(picture.filter(ImageFilter.BoxBlur(NEAR)), numpy.int16)
