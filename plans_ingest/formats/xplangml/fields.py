"""What one feature says, in our fields; what finds none stays among the rest."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

import shapely

from plans_ingest import codelists, geometry, spellings
from plans_ingest.codelists import Rechtscharakter
from plans_ingest.formats.placing import Placed
from plans_ingest.formats.records import Record
from plans_ingest.formats.xplangml.values import plain
from plans_ingest.model import Issue, Json, Planobjekt, Severity

_NACHRICHTLICH: Final = "gehoertNachrichtlichZuBereich"
OBJECT_TO_BEREICH: Final = (
    "gehoertZuBereich", "gehoertZuBP_Bereich", "gehoertZuFP_Bereich", "gehoertZuSO_Bereich", "gehoertZuLP_Bereich",
    "gehoertZuRP_Bereich", _NACHRICHTLICH,
)  # fmt: skip
_REMEMBERED: Final = 1_000
_MOST_DIGITS: Final = 10  # a database holds no longer numbers


class Fields:
    """Takes values out of records of one version; what cannot be taken as it is becomes an issue."""

    def __init__(self, version: str, issues: list[Issue]) -> None:
        self._version = version
        self._issues = issues
        self._charaktere: dict[tuple[str, str], int] = {}  # of a class, as written: most objects say the same

    def objekt(self, record: Record, placed: Sequence[Placed]) -> Planobjekt:
        """An object that does not know its Bereich yet: that may be said by the Bereich alone, at the end of a file."""
        shape = next((item for item in placed if item.name == "position"), None)
        ebene = self.integer(record, "ebene", lowest=-(2**15))
        schluss = {"true": True, "false": False}.get(str(record.one("flaechenschluss")).lower())
        if schluss is not None:
            record.take("flaechenschluss")
        nachrichtlich = _NACHRICHTLICH in record.values and "rechtscharakter" not in record.values
        # until 4.1 the link alone said so
        charakter = Rechtscharakter.NACHRICHTLICHE_UEBERNAHME if nachrichtlich else self._rechtscharakter(record)
        _take_bereich(record, is_understood=nachrichtlich or _NACHRICHTLICH not in record.values)
        return Planobjekt(
            klasse=record.klasse,
            gml_id=record.gml_id,
            bereich=None,
            geometry=None if shape is None else shape.geometry,
            original=None if shape is None else shape.original,
            ebene=0 if ebene is None else ebene,
            flaechenschluss=schluss,
            rechtscharakter=charakter,
            attribute=self.rest(record, placed),
        )

    def _rechtscharakter(self, record: Record) -> int | None:
        """In the numbers of 6.0, whatever the version (XP_Rechtscharakter)."""
        said = record.values.get("rechtscharakter")
        if said is None:
            return None
        key = (record.klasse, str(said))
        found = self._charaktere.get(key)
        if found is None:
            found = self._read_rechtscharakter(record)
            if found is not None and "rechtscharakter" not in record.values and len(self._charaktere) < _REMEMBERED:
                self._charaktere[key] = found
        else:
            del record.values["rechtscharakter"]
        return found

    def _read_rechtscharakter(self, record: Record) -> int | None:
        code = self.code(record, "rechtscharakter", keep=True)
        prefix = record.klasse.partition("_")[0]
        if code is None or self._version in {"6.0", "6.1"}:
            if code is not None:
                record.take("rechtscharakter")
            return code
        mapped = codelists.rechtscharakter_from_54(prefix, code) if prefix in {"BP", "FP", "SO"} else None
        if mapped is not None:
            record.take("rechtscharakter")
        return mapped

    def codes(self, record: Record, name: str) -> tuple[int, ...]:
        """The official numbers; what is none of them stays in the rest (and code_unknown has told it)."""
        known, unknown = [], []
        attribute = codelists.attributes(record.klasse, self._version).get(name)
        for value in record.values.get(name, []):
            text = str(value.get("wert") if isinstance(value, dict) else value)  # with the address of its list
            valid = attribute is None or not attribute.type or codelists.is_valid(attribute.type, text, self._version)
            if valid and text.isdecimal() and len(text) < _MOST_DIGITS:
                known.append(int(text))
            else:
                unknown.append(value)
        if unknown:
            record.values[name] = unknown
        else:
            record.take_all(name)
        return tuple(known)

    def code(self, record: Record, name: str, *, keep: bool = False) -> int | None:
        before = record.values.get(name)
        found = self.codes(record, name)
        if keep and before is not None:
            record.values[name] = before
        return next(iter(found), None)

    def integer(self, record: Record, name: str, *, lowest: int = 1) -> int | None:
        """What is no number, or none that a database holds, is told; that and what is below `lowest` stays kept."""
        value = record.one(name)
        if value is None:
            return None
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value):  # of a class that no table types
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
            self.tell("value_mistyped", Severity.WARNING, record, f"{name} = {str(value)[:80]!r}")
            return None
        if value < lowest:  # a scale of 0, say: valid by the schema, and means that nobody knows it
            return None
        record.take(name)
        return value

    def label(self, record: Record, name: str) -> str | None:
        """What people call a thing; what cannot be one is told, and stays as it was among the rest."""
        text = text_of(record.take(name))
        if text is None:
            return None
        label, told = spellings.label(text)
        for code, number in told:
            self.tell(code, Severity.WARNING, record, f"{name} ({number})")
            record.values[name] = [text]
        return label

    def rest(self, record: Record, placed: Iterable[Placed]) -> dict[str, Json]:
        """Everything that found no field of ours, further geometries as GeoJSON geometry objects in the target CRS."""
        rest = plain(record, self._version)
        areas = {"raeumlicherGeltungsbereich", "geltungsbereich"}
        taken: set[str] = set()
        further: dict[str, list[Json]] = {}
        for item in placed:
            is_used = item.name == "position" or (item.name in areas and geometry.outline(item.geometry) is not None)
            if is_used and item.name not in taken:
                taken.add(item.name)
                continue
            further.setdefault(item.name, []).append(json.loads(shapely.to_geojson(item.geometry)))
        return {**rest, **further}

    def tell(self, code: str, severity: Severity, record: Record, detail: str = "") -> None:
        self._issues.append(Issue(code, severity, record.where, detail))


def _take_bereich(record: Record, *, is_understood: bool) -> None:
    """Takes out what the object's one Bereich will say; what says more stays: a second one, or how it belongs there."""
    names = record.values.keys() & set(OBJECT_TO_BEREICH)
    if len(names) == 1 and is_understood and len(record.values[next(iter(names))]) == 1:  # nearly all
        record.take_all(names.pop())
        return
    if len({str(value) for name in names for value in record.values[name]}) > 1:
        return
    for name in names:
        if is_understood or name != _NACHRICHTLICH:
            record.take_all(name)


def text_of(value: Json) -> str | None:
    if isinstance(value, dict):
        value = value.get("wert")
    return None if value is None or value == "" else str(value).strip() or None
