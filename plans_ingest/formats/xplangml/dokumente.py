"""References to documents, wherever a version puts them: at the plan, its Bereiche, texts and rasters."""

from collections.abc import Iterator, Mapping
from typing import Final

from plans_ingest.codelists import ExterneReferenzTyp
from plans_ingest.formats.records import Record
from plans_ingest.formats.xplangml.values import parse_date
from plans_ingest.model import Dokument, Json

# Before 5.0 the property's name said what the document is; since then its `typ` does.
TYP_OF_PROPERTY: Final = {
    "refBeschreibung": ExterneReferenzTyp.BESCHREIBUNG,
    "refBegruendung": ExterneReferenzTyp.BEGRUENDUNG,
    "refLegende": ExterneReferenzTyp.LEGENDE,
    "refRechtsplan": ExterneReferenzTyp.RECHTSPLAN,
    "refPlangrundlage": ExterneReferenzTyp.PLANGRUNDLAGE,
    "refUmweltbericht": ExterneReferenzTyp.UMWELTBERICHT,
    "refSatzung": ExterneReferenzTyp.SATZUNG,
    "refKoordinatenListe": ExterneReferenzTyp.KOORDINATENLISTE,
    "refGrundstuecksverzeichnis": ExterneReferenzTyp.GRUNDSTUECKSVERZEICHNIS,
    "refPflanzliste": ExterneReferenzTyp.PFLANZLISTE,
    "refGruenordnungsplan": ExterneReferenzTyp.GRUENORDNUNGSPLAN,
    "rechtsverbindlich": ExterneReferenzTyp.RECHTSVERBINDLICH,
    "informell": ExterneReferenzTyp.INFORMELL,
}
_CLASSES: Final = ("XP_ExterneReferenz", "XP_SpezExterneReferenz")


def written_in(record: Record) -> Iterator[Dokument]:
    """The documents that a feature refers to by a data type written inside it."""
    for name, values in record.values.items():
        if len(values) == 1 and not isinstance(values[0], dict | list):
            continue
        for fields in _references(values):
            yield _dokument(name, fields)


def of_feature(name: str, referenz: Record) -> Dokument:
    """The document that a feature refers to by its property `name`: 3.0 makes the reference a feature of its own."""
    return _dokument(name, {name: found[0] for name, found in referenz.values.items() if found})


def _references(values: list[Json]) -> Iterator[Mapping[str, Json]]:
    for value in values:
        if isinstance(value, dict) and str(value.get("_klasse", "")).startswith(_CLASSES):
            yield value
        elif isinstance(value, list):
            yield from _references(value)


def _dokument(name: str, fields: Mapping[str, Json]) -> Dokument:
    typ = _text(fields.get("typ"))
    datum = _text(fields.get("datum"))
    return Dokument(
        typ=int(typ) if typ is not None and typ.isdecimal() and len(typ) < 9 else TYP_OF_PROPERTY.get(name),
        name=_text(fields.get("referenzName")),
        url=_text(fields.get("referenzURL")) or _text(fields.get("georefURL")),
        art=_text(fields.get("art")) or ("PlanMitGeoreferenz" if name == "refScan" else None),
        media_type=_text(fields.get("referenzMimeType")),
        beschreibung=_text(fields.get("beschreibung")),
        datum=None if datum is None else parse_date(datum),
    )


def _text(value: Json) -> str | None:
    if isinstance(value, dict):
        value = value.get("wert")
    return None if value is None or isinstance(value, list) else str(value).strip() or None
