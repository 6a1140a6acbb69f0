"""Objects by the million: the first of them in memory, all in files without a name when they become more.

A plan sees its own through `Objekte`, which can be gone through again and again, in blocks, or asked for some.
"""

import json
import os
import struct
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, overload, override

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest.model import Planobjekt

IN_MEMORY: Final = 20_000  # objects; no plan that we know has more, and none pays for those that might
BLOCK: Final = 20_000
_LENGTHS: Final = struct.Struct(">III")  # of the words, of the geometry and of the original as WKB

type Shapes = npt.NDArray[np.object_]
type Numbers = npt.NDArray[np.int32]


@dataclass(slots=True)
class _Heap:
    """Rows one behind the other in a file that nobody else can open; `starts` has the end of the last one, too."""

    file: BinaryIO
    starts: array[int]

    def row(self, number: int) -> bytes:
        start = self.starts[number]
        return os.pread(self.file.fileno(), self.starts[number + 1] - start, start)


class Stock:
    """Objects in the order in which they came, by number. Only grows.

    Its files take room in `folder`, None for where this process has its temporary files, and are closed with it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._most = IN_MEMORY
        self._fresh: list[Planobjekt] = []
        self._heaps: list[_Heap] = []  # of that many objects each

    def __len__(self) -> int:
        return len(self._heaps) * self._most + len(self._fresh)

    @property
    def is_in_memory(self) -> bool:
        return not self._heaps

    def append(self, objekt: Planobjekt) -> None:
        self._fresh.append(objekt)
        if len(self._fresh) == self._most:
            heap = _put_away(self._fresh, self._folder)
            weakref.finalize(self, heap.file.close)
            self._heaps.append(heap)
            self._fresh = []

    def some(self, numbers: Numbers) -> list[Planobjekt]:
        """The objects of these numbers, in this order."""
        found: list[Planobjekt] = []
        rows: list[bytes] = []
        for number in numbers.tolist():
            heap, at = divmod(number, self._most)
            if heap < len(self._heaps):
                rows.append(self._heaps[heap].row(at))
            else:
                if rows:  # in order, or nearly: what is in memory comes behind what is not
                    found += _read(rows)
                    rows = []
                found.append(self._fresh[at])
        return found + _read(rows) if rows else found

    def shapes(self, numbers: Numbers) -> Shapes:
        """Their geometries alone, None for an object without."""
        shapes = np.full(len(numbers), None, dtype=object)
        filed = len(self._heaps) * self._most
        places, packed = [], []
        for place, number in enumerate(numbers.tolist()):
            if number >= filed:
                shapes[place] = self._fresh[number - filed].geometry
                continue
            heap, at = divmod(number, self._most)
            row = self._heaps[heap].row(at)
            words, length, _ = _LENGTHS.unpack_from(row)
            if length:
                start = _LENGTHS.size + words
                places.append(place)
                packed.append(row[start : start + length])
        if packed:
            shapes[places] = shapely.from_wkb(np.array(packed, dtype=object))
        return shapes


class Objekte(Sequence[Planobjekt]):
    """The objects of one plan: those of a stock with these numbers, each in the Bereich that is named for it.

    `bereiche` are numbers into `namen` (gml:ids), -1 for none; without them each object's own word holds.
    """

    def __init__(
        self, stock: Stock, numbers: Numbers, bereiche: Numbers | None = None, namen: Sequence[str] = ()
    ) -> None:
        self._stock, self._numbers = stock, numbers
        self._bereiche, self._namen = bereiche, namen

    def settled(self) -> Sequence[Planobjekt]:
        """A plain tuple of them where they are in memory anyway."""
        return tuple(self) if self._stock.is_in_memory else self

    @override
    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Planobjekt: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Planobjekt]: ...
    @override
    def __getitem__(self, index: int | slice) -> Planobjekt | Sequence[Planobjekt]:
        if isinstance(index, slice):
            bereiche = None if self._bereiche is None else self._bereiche[index]
            return Objekte(self._stock, self._numbers[index], bereiche, self._namen)
        place = range(len(self))[index]
        return self._some(slice(place, place + 1))[0]

    @override
    def __iter__(self) -> Iterator[Planobjekt]:
        for start in range(0, len(self), BLOCK):
            yield from self._some(slice(start, start + BLOCK))

    def shapes(self, indices: npt.NDArray[np.intp]) -> Shapes:
        return self._stock.shapes(self._numbers[indices])

    def _some(self, places: slice) -> list[Planobjekt]:
        found = self._stock.some(self._numbers[places])
        if self._bereiche is None:
            return found
        names = [None if number < 0 else self._namen[number] for number in self._bereiche[places].tolist()]
        return [
            objekt if objekt.bereich == name else _in_bereich(objekt, name)
            for objekt, name in zip(found, names, strict=True)
        ]


def shapes_of(objekte: Sequence[Planobjekt], indices: npt.NDArray[np.intp]) -> Shapes:
    """The geometries of some of the objects, wherever they are."""
    if isinstance(objekte, Objekte):
        return objekte.shapes(indices)
    shapes = np.empty(len(indices), dtype=object)
    shapes[:] = [objekte[index].geometry for index in indices.tolist()]
    return shapes


def _in_bereich(o: Planobjekt, bereich: str | None) -> Planobjekt:
    """As replace() does, which takes three times as long; this is done to every object."""
    return Planobjekt(
        o.klasse, o.gml_id, bereich, o.geometry, o.original, o.ebene, o.flaechenschluss, o.rechtscharakter, o.attribute
    )


def _put_away(objekte: Sequence[Planobjekt], folder: Path | None) -> _Heap:
    shapes = np.full((len(objekte), 2), None, dtype=object)
    shapes[:, 0] = [objekt.geometry for objekt in objekte]
    shapes[:, 1] = [objekt.original for objekt in objekte]
    packed = shapely.to_wkb(shapes)
    heap = _Heap(tempfile.TemporaryFile(dir=folder), array("q", [0]))  # noqa: SIM115 - the stock closes it
    end = 0
    for objekt, (geometry, original) in zip(objekte, packed, strict=True):
        said = (
            objekt.klasse, objekt.gml_id, objekt.bereich, objekt.ebene, objekt.flaechenschluss, objekt.rechtscharakter,
            objekt.attribute,
        )  # fmt: skip
        words = json.dumps(said, default=_mapping, separators=(",", ":")).encode("ascii")
        geometry, original = geometry or b"", original or b""
        head = _LENGTHS.pack(len(words), len(geometry), len(original))
        heap.file.writelines((head, words, geometry, original))
        end += len(head) + len(words) + len(geometry) + len(original)
        heap.starts.append(end)
    heap.file.flush()
    return heap


def _read(rows: Sequence[bytes]) -> list[Planobjekt]:
    words, packed = [], np.full((len(rows), 2), None, dtype=object)
    for place, row in enumerate(rows):
        length, geometry, original = _LENGTHS.unpack_from(row)
        start = _LENGTHS.size + length
        words.append(json.loads(row[_LENGTHS.size : start]))
        if geometry:
            packed[place, 0] = row[start : start + geometry]
        if original:
            packed[place, 1] = row[start + geometry :]
    shapes: list[tuple[BaseGeometry | None, BaseGeometry | None]] = shapely.from_wkb(packed).tolist()
    return [
        Planobjekt(klasse, gml_id, bereich, geometry, original, ebene, schluss, charakter, attribute)
        for (klasse, gml_id, bereich, ebene, schluss, charakter, attribute), (geometry, original) in zip(
            words, shapes, strict=True
        )
    ]


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")
