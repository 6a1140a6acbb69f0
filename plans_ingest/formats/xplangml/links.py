"""Who belongs to whom in a document. Versions name the links differently and files set them in either direction.

Features go by their number in the file. Of the objects, which may be a million, nothing is kept here but numbers and
the references that they write.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest.checks import references
from plans_ingest.errors import UnsafeFile
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import MAX_FEATURES, MAX_OBJECTS, Record
from plans_ingest.formats.xplangml.fields import OBJECT_TO_BEREICH
from plans_ingest.formats.xplangml.kinds import kind
from plans_ingest.model import Issue, Severity, Where

BEREICH_TO_PLAN: Final = ("gehoertZuPlan",)
BEREICH_TO_OBJECT: Final = (
    "planinhalt", "inhaltBPlan", "inhaltFPlan", "inhaltSoPlan", "inhaltLPlan", "inhaltRPlan", "nachrichtlich",
    "fachobjekt", "praesentationsobjekt", "rasterBasis", "rasterAenderung",
)  # fmt: skip
_PLAN_TO_BEREICH: Final = ("bereich",)
_TO_TEXT: Final = ("texte", "begruendungsTexte", "refTextInhalt", "refBegruendungInhalt")
_TO_OBJECT: Final = ("dientZurDarstellungVon", "wirdDargestelltDurch")
_PLAN, _BEREICH, _TEXT, _DOKUMENT, _OBJEKT = range(5)
_KINDS: Final = {"plan": _PLAN, "bereich": _BEREICH, "text": _TEXT, "dokument": _DOKUMENT, "objekt": _OBJEKT}
_NOBODY: Final = -1

_LINKS: Final = frozenset(
    {*BEREICH_TO_PLAN, *BEREICH_TO_OBJECT, *OBJECT_TO_BEREICH, *_PLAN_TO_BEREICH, *_TO_TEXT, *_TO_OBJECT}
)

type Shape = Callable[[int], BaseGeometry | None]  # of an object, by its number in the file


class Lines:
    """The line in which a feature begins, by its gml:id; the first of several with the same.

    Ids are known by their hashes, which nobody outside this process can foresee: eight bytes each.
    """

    def __init__(self, ids: array[int], lines: array[int]) -> None:
        every = np.array(ids, dtype=np.int64)
        self._lines = np.array(lines, dtype=np.int32)
        self._order = np.argsort(every, kind="stable").astype(np.int32)
        self._sorted = every[self._order]

    def numbers(self, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The features that have these ids, -1 where none has."""
        if not len(self._sorted):
            return np.full(len(hashes), _NOBODY, dtype=np.int32)
        at = np.minimum(np.searchsorted(self._sorted, hashes), len(self._sorted) - 1)
        found = (self._sorted[at] == hashes) & (hashes != _id(None))
        return np.where(found, self._order[at], _NOBODY).astype(np.int32)

    def repeated(self) -> list[int]:
        """The features whose id another one before them has, in the order of the file."""
        again = np.flatnonzero((self._sorted[1:] == self._sorted[:-1]) & (self._sorted[1:] != _id(None))) + 1
        return sorted(self._order[again].tolist())

    def get(self, gml_id: str, /) -> int | None:
        number = int(self.numbers(np.array([_id(gml_id)]))[0])
        line = 0 if number == _NOBODY else int(self._lines[number])
        return line or None


class Links:
    """The features of a document by kind, by gml:id and by owner: first add() each, then settle()."""

    def __init__(self, file: str, version: str, issues: list[Issue]) -> None:
        self._file = file
        self._version = version
        self._issues = issues
        self._klassen: dict[str, int] = {}
        self._klasse, self._kind, self._ids, self._line = array("i"), array("b"), array("q"), array("i")
        self._kept: dict[int, Record] = {}  # all but the objects
        self._placed: dict[int, Sequence[Placed]] = {}
        # a reference is its holder, the number of its property's name, and what it names
        self._names: dict[str, int] = {}
        self._holder, self._name, self._target = array("i"), array("i"), array("q")
        self._written: list[str] = []

    def __len__(self) -> int:
        return len(self._klasse)

    @property
    def klassen(self) -> Iterable[str]:
        return self._klassen.keys()

    def add(self, record: Record, placed: Sequence[Placed]) -> bool:
        """Takes up the next feature; False for an object, which is its caller's to keep. Raises UnsafeFile."""
        number = len(self)
        if number == MAX_OBJECTS:  # those inside others are not counted before
            raise UnsafeFile(
                f"mehr als {MAX_OBJECTS} Objekte; bitte in Teilen liefern", "too many objects in one file", record.where
            )
        what = _KINDS[kind(record.klasse)]
        self._klasse.append(self._klassen.setdefault(record.klasse, len(self._klassen)))
        self._kind.append(what)
        self._ids.append(_id(record.gml_id))
        self._line.append(record.where.line or 0)
        for name, values in record.values.items():
            for value in values:
                if isinstance(value, str) and (target := _named(name, value)) is not None:
                    self._holder.append(number)
                    self._name.append(self._names.setdefault(name, len(self._names)))
                    self._target.append(_id(target))
                    self._written.append(value)
        if what == _OBJEKT:
            if any(item.name == "geltungsbereich" for item in placed):  # the sheets of older versions
                self._placed[number] = placed
            return False
        if len(self._kept) == MAX_FEATURES:
            raise UnsafeFile(
                f"mehr als {MAX_FEATURES} Pläne, Bereiche, Texte und Dokumente; bitte in Teilen liefern",
                "too many plans, parts of plans, texts and documents in one file",
                record.where,
            )
        self._kept[number] = record
        self._placed[number] = placed
        return True

    def settle(self, id_of: Callable[[int], str | None], shape_of: Shape) -> Lines:
        """Decides what belongs to which plan. `id_of` and `shape_of` tell of the objects what their keeper knows."""
        self._id_of, self._shape_of = id_of, shape_of
        self._klassennamen = list(self._klassen)
        self._kinds = np.array(self._kind, dtype=np.int8)  # the same, to be asked for many at once
        lines = Lines(self._ids, self._line)
        for number in lines.repeated():
            self._tell("gml_id_twice", number, self._gml_id(number) or "")
        self._found = lines.numbers(np.array(self._target, dtype=np.int64))
        self._check_references()
        self._owner = np.full(len(self), _NOBODY, dtype=np.int32)
        self._plans = [number for number in self._kept if self._kind[number] == _PLAN]
        self._find_owners()
        self._bereich = self._find_bereiche()
        self._by_owner = np.argsort(self._owner, kind="stable")
        return lines

    @property
    def plans(self) -> Sequence[int]:
        return self._plans

    def record(self, number: int) -> Record:
        """Any feature that is no object."""
        return self._kept[number]

    def of(self, plan: int, what: str) -> npt.NDArray[np.intp]:
        """The Bereiche, texts or objects ("bereich", "text", "objekt") that belong to a plan."""
        first, end = np.searchsorted(self._owner, [plan, plan + 1], sorter=self._by_owner)
        belongings: npt.NDArray[np.intp] = self._by_owner[first:end]
        found: npt.NDArray[np.intp] = belongings[self._kinds[belongings] == _KINDS[what]]
        return found

    def owner_of(self, number: int) -> int:
        """The plan to which something belongs, -1 where it belongs to none; a plan's is itself."""
        return number if self._kind[number] == _PLAN else int(self._owner[number])

    def bereich_of(self, objekte: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
        """For each object the Bereich to which it belongs, -1 where no link says."""
        return self._bereich[objekte]

    def placed(self, number: int) -> Sequence[Placed]:
        """The geometries of a feature that is no object."""
        return self._placed[number]

    def dokumente(self) -> Iterator[tuple[int, str, Record]]:
        """The references to features that are themselves references to documents: holder, property, that feature."""
        for holder, name, target in self._linked(self._names):
            if self._kind[target] == _DOKUMENT:
                yield holder, name, self._kept[target]

    def _find_owners(self) -> None:
        """Links are believed in either direction."""
        for holder, _, target in self._linked(_PLAN_TO_BEREICH):
            if self._kind[holder] == _PLAN and self._kind[target] == _BEREICH:
                self._own(target, holder)
        for holder, _, target in self._linked(BEREICH_TO_PLAN):
            if self._kind[holder] == _BEREICH and self._kind[target] == _PLAN:
                self._own(holder, target)
        self._adopt(_BEREICH, "bereich_without_plan")
        for holder, _, target in self._linked(BEREICH_TO_OBJECT):
            if self._kind[holder] == _BEREICH:
                self._own(target, self._owner[holder])
        for holder, _, target in self._linked(OBJECT_TO_BEREICH):
            if self._kind[holder] == _OBJEKT:
                self._own(holder, self._owner[target])
        for holder, _, target in self._linked(_TO_OBJECT):  # a Präsentationsobjekt may know only what it draws
            if self._kind[holder] == _OBJEKT:
                self._own(holder, self._owner[target])
        self._adopt(_OBJEKT, "objekt_without_bereich")
        for holder, _, target in self._linked(_TO_TEXT):
            self._own(target, holder if self._kind[holder] == _PLAN else self._owner[holder])
        self._adopt(_TEXT, "text_without_plan")

    def _own(self, number: int, plan: int) -> None:
        if plan != _NOBODY and self._owner[number] == _NOBODY and self._kind[number] != _PLAN:
            self._owner[number] = plan

    def _find_bereiche(self) -> npt.NDArray[np.int32]:
        found = np.full(len(self), _NOBODY, dtype=np.int32)
        for holder, _, target in self._linked(BEREICH_TO_OBJECT):
            if found[target] == _NOBODY and self._is_bereich_of(holder, target):
                found[target] = holder
        for holder, _, target in self._linked(OBJECT_TO_BEREICH):
            if self._is_bereich_of(target, holder):
                found[holder] = target
        return found

    def _is_bereich_of(self, bereich: int, objekt: int) -> bool:
        plan = self._owner[objekt]
        return bool(self._kind[bereich] == _BEREICH and plan != _NOBODY and self._owner[bereich] == plan)

    def _linked(self, names: Iterable[str]) -> Iterator[tuple[int, str, int]]:
        """Holder, property and target of the references of these names that lead to a feature."""
        numbers = {self._names[name]: name for name in names if name in self._names}
        named = np.array(self._name, dtype=np.int32)
        some = np.flatnonzero(np.isin(named, list(numbers)) & (self._found != _NOBODY))
        holders = np.array(self._holder, dtype=np.int32)[some].tolist()
        for holder, name, target in zip(holders, named[some].tolist(), self._found[some].tolist(), strict=True):
            yield holder, numbers[name], target

    def _adopt(self, what: int, code: str) -> None:
        """What no link ties to a plan goes to the only plan, or to the one in which it lies; told either way."""
        if not self._plans:
            return
        for number in np.flatnonzero((self._kinds == what) & (self._owner == _NOBODY)).tolist():
            plan = self._plans[0]
            if len(self._plans) > 1:
                shape = self._place_of(number)
                plan = max(self._plans, key=lambda each: _shared(self._area_of(each), shape))
            self._owner[number] = plan
            self._tell(code, number, self._kept[plan].gml_id or "")

    def _area_of(self, plan: int) -> BaseGeometry | None:
        return next((i.geometry for i in self._placed[plan] if i.name == "raeumlicherGeltungsbereich"), None)

    def _place_of(self, number: int) -> BaseGeometry | None:
        shape = self._shape_of(number) if self._kind[number] == _OBJEKT else None
        areas = (item.geometry for item in self._placed.get(number, ()) if item.name == "geltungsbereich")
        return shape if shape is not None else next(areas, None)

    def _check_references(self) -> None:
        """What leads nowhere, and what leads to a class that must not stand there: asked once for all of a kind."""
        klassen, names = self._klassennamen, list(self._names)
        klasse = np.array(self._klasse, dtype=np.int32)
        holder, named = np.array(self._holder, dtype=np.int32), np.array(self._name, dtype=np.int32)
        triples = np.stack([klasse[holder], named, np.where(self._found < 0, -1, klasse[self._found])], axis=1)
        kinds, which = np.unique(triples, axis=0, return_inverse=True)
        wanted = [
            None if target < 0 else references.expected(klassen[of], names[name], klassen[target], self._version)
            for of, name, target in kinds.tolist()
        ]
        is_faulty = np.array([one is not None or target < 0 for one, (_, _, target) in zip(wanted, kinds, strict=True)])
        for at in np.flatnonzero(is_faulty[which.ravel()] if len(kinds) else []).tolist():
            of, name, target = triples[at].tolist()
            where = self._where(int(holder[at]), f"{klassen[of]}.{names[name]}")
            written = self._written[at][:81]
            if target < 0:
                self._issues.append(Issue("reference_dangling", Severity.WARNING, where, f"{names[name]} → {written}"))
            else:
                detail = f"{names[name]} → {klassen[target]} {written} ({wanted[which.ravel()[at]]})"
                self._issues.append(references.MISTYPED.issue(where, detail))

    def _gml_id(self, number: int) -> str | None:
        return self._id_of(number) if self._kind[number] == _OBJEKT else self._kept[number].gml_id

    def _where(self, number: int, element: str) -> Where:
        return Where(self._file, element, self._gml_id(number), self._line[number] or None)

    def _tell(self, code: str, number: int, detail: str = "") -> None:
        where = self._where(number, self._klassennamen[self._klasse[number]])
        self._issues.append(Issue(code, Severity.WARNING, where, detail))


def _named(name: str, value: str) -> str | None:
    """The gml:id that a value refers to, None for what is no reference.

    Some exporters write the name of their own file before it, leave the # away, or write it as an address is written
    (RFC 3986 2.1); in a link of XPlanung nothing else can be meant.
    """
    if value[:1] == "#":
        target = value[1:]
    elif value and name in _LINKS and value[:4] != "urn:":
        target = value.rpartition("#")[2]
    else:
        return None
    return unquote(target) if "%" in target else target


def _id(gml_id: str | None) -> int:
    """The id's hash, which starts from a number of this process's own; the same one for all features without an id."""
    return hash(gml_id or "")


def _shared(area: BaseGeometry | None, shape: BaseGeometry | None) -> float:
    if area is None or shape is None:
        return 0.0
    shared = shapely.intersection(area, shape)
    return float(shared.area or shared.length or (0.0 if shared.is_empty else 1e-9))
