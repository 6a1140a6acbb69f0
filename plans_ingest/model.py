"""What a plan file says, in our own words. Everything here is a value; nothing knows where it came from or goes to.

Geometries are shapely, two-dimensional, in the CRS that `ingest()` was asked for (EPSG:25832 in this house), in metres.
Nouns are spelt as XPlanGML spells them, in snake_case.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

# Any fixed UUID will do, but it must never change: every published plan address hangs on it.
_PLAN_NAMESPACE = UUID("6f0c7c1e-5d0b-5b8e-9a53-4d1f0a6534aa")

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None


class Planwerk(StrEnum):
    """The two kinds of Bauleitplan (BauGB § 1 (2)); the value is the class prefix in XPlanGML."""

    BEBAUUNGSPLAN = "BP"
    FLAECHENNUTZUNGSPLAN = "FP"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Level(StrEnum):
    """What a plan has reached. Only B decides on publication; the others say how good the data are."""

    READABLE = "A"
    PUBLISHABLE = "B"
    SCHEMA_VALID = "C"
    RULES_PASSED = "D"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the delivered file: which member of an archive, which element, which object, which line (1-based)."""

    file: str
    element: str | None = None
    gml_id: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.line is not None:
            parts.append(f"Zeile {self.line}")
        if self.element:
            parts.append(self.element)
        if self.gml_id:
            parts.append(f"gml:id {self.gml_id}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Issue:
    """A fault in the data. `code` is a key of messages.TEXTS; `plan` is the gml:id of the plan it belongs to."""

    code: str
    severity: Severity
    where: Where
    detail: str = ""
    plan: str | None = None
    geometry: BaseGeometry | None = None


@dataclass(frozen=True, slots=True)
class GemeindeRef:
    """A Gemeinde as the plan names it; AGS is text of eight digits (XP_Gemeinde)."""

    ags: str | None
    name: str | None = None
    ortsteil: str | None = None


@dataclass(frozen=True, slots=True)
class Zeitraum:
    """A period, both days included; one end may be unknown."""

    start: date | None
    ende: date | None


@dataclass(frozen=True, slots=True)
class Dokument:
    """A document that the plan refers to (XP_ExterneReferenz).

    `attachment` names a file of the same delivery, `attachment_sha256` is of its content: another text under the same
    name is another document.
    """

    typ: int | None
    name: str | None
    url: str | None
    art: str | None = None
    media_type: str | None = None
    beschreibung: str | None = None
    datum: date | None = None
    attachment: str | None = None
    attachment_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Textabschnitt:
    """A textual Festsetzung or a piece of the Begründung."""

    gml_id: str | None
    art: str
    schluessel: str | None
    gesetzliche_grundlage: str | None
    text: str | None
    attribute: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planbezug:
    """A link between plans: `art` is the property that said so (`aendert`, `wurdeGeaendertVon`, …)."""

    art: str
    name: str | None
    nummer: str | None
    attribute: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bereich:
    """A part of a plan with its own rules (XP_Bereich)."""

    gml_id: str | None
    nummer: str | None
    name: str | None
    geltungsbereich: MultiPolygon | None
    attribute: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planobjekt:
    """One object of the plan: a Festsetzung, Darstellung, Kennzeichnung, or a Präsentationsobjekt.

    `original` is the geometry as delivered, in the target CRS, kept only where mending changed it.
    """

    klasse: str
    gml_id: str | None
    bereich: str | None
    geometry: BaseGeometry | None
    original: BaseGeometry | None = None
    ebene: int = 0
    flaechenschluss: bool | None = None
    rechtscharakter: int | None = None
    attribute: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rasterplan:
    """A sheet of the plan as a picture in its place ("Umring + Scan"), made a Cloud Optimized GeoTIFF.

    `quelle_sha256` is the delivered picture's; `attachment` names the COG among the attachments of the batch. The
    picture stays in its own CRS, EPSG:`epsg`; `umriss` is the extent of what it shows, in the target CRS, and
    `aufloesung` the size of a pixel in metres.
    """

    name: str
    quelle_sha256: str
    attachment: str
    epsg: int
    umriss: MultiPolygon
    aufloesung: float
    breite: int
    hoehe: int
    baender: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One Bauleitplan, whole: what the law needs as fields, the rest of what was delivered in `attribute`."""

    gml_id: str | None
    planwerk: Planwerk
    xplan_version: str
    name: str | None
    nummer: str | None = None
    internal_id: str | None = None
    beschreibung: str | None = None
    gemeinden: tuple[GemeindeRef, ...] = ()
    planart: tuple[int, ...] = ()
    rechtsstand: int | None = None
    verfahren: int | None = None
    aufstellungsbeschluss_datum: date | None = None
    entwurfsbeschluss_datum: date | None = None
    satzungsbeschluss_datum: date | None = None
    planbeschluss_datum: date | None = None
    genehmigungs_datum: date | None = None
    rechtsverordnungs_datum: date | None = None
    ausfertigungs_datum: date | None = None
    inkrafttretens_datum: date | None = None
    wirksamkeits_datum: date | None = None
    untergangs_datum: date | None = None
    aenderungen_bis_datum: date | None = None
    techn_herstell_datum: date | None = None
    auslegungen: tuple[Zeitraum, ...] = ()
    traegerbeteiligungen: tuple[Zeitraum, ...] = ()
    erstellungsmassstab: int | None = None
    geltungsbereich: MultiPolygon | None = None
    bereiche: tuple[Bereich, ...] = ()
    objekte: Collection[Planobjekt] = ()
    texte: tuple[Textabschnitt, ...] = ()
    dokumente: tuple[Dokument, ...] = ()
    bezuege: tuple[Planbezug, ...] = ()
    raster: tuple[Rasterplan, ...] = ()
    attribute: Mapping[str, Json] = field(default_factory=dict)

    @property
    def ags(self) -> str | None:
        """The Gemeinde under which the plan is filed: the first that it names with an AGS."""
        return next((g.ags for g in self.gemeinden if g.ags), None)

    @property
    def schluessel(self) -> str:
        """The natural key: Planwerk, AGS, Ortsteil, Nummer (else name, else an id), Änderung.

        Numbers are reused for a plan and its Änderungen ("Nr. 5", "Nr. 5, 1. Änderung"), so the Änderung is read from
        number and name and made part of the key; and Hessian towns number their plans anew in every Ortsteil.
        """
        label = _bounded(self.nummer or self.name or self.internal_id or self.gml_id or self.fingerprint())
        stem, change = _split_change(label)
        if not change:
            _, change = _split_change(_bounded(self.name or ""))
        ortsteil = next((g.ortsteil for g in self.gemeinden if g.ags == self.ags and g.ortsteil), "")
        return "|".join([self.planwerk.value, self.ags or "", _fold(ortsteil), _fold(stem) or _fold(label), change])

    @property
    def id(self) -> UUID:
        """The plan's permanent address; the same for every delivery of the same plan."""
        return uuid5(_PLAN_NAMESPACE, self.schluessel)

    @property
    def level(self) -> Level:
        """B needs Geltungsbereich, name, AGS and planArt; without them a publication would be meaningless."""
        whole = self.geltungsbereich is not None and self.name and self.ags and self.planart
        return Level.PUBLISHABLE if whole else Level.READABLE

    def fingerprint(self) -> str:
        """SHA-256 over everything that the plan says; equal for two deliveries exactly when nothing changed.

        The order of objects carries no meaning in GML, and exporters give new gml:ids each time, so neither counts; nor
        do references to them. (To which Bereich an object belongs does: by the number of the Bereich.)
        """
        digest = hashlib.sha256()
        unordered = {"bereiche", "texte"}
        for item in fields(self):
            if item.name == "gml_id":
                continue
            digest.update(item.name.encode())
            if item.name == "objekte":
                for row in self._objekte_in_order():
                    digest.update(b"\0" + row)
                continue
            value = getattr(self, item.name)
            parts = sorted(map(_canonical, value)) if item.name in unordered else [_canonical(value)]
            for part in parts:
                digest.update(b"\0" + part.encode())
        return digest.hexdigest()

    def _objekte_in_order(self) -> list[bytes]:
        """What each object says, in an order of its own; of very many only the digests, 32 bytes for each."""
        bereiche = {bereich.gml_id: bereich.nummer for bereich in self.bereiche}
        said = (_canonical(replace(objekt, bereich=bereiche.get(objekt.bereich))).encode() for objekt in self.objekte)
        if len(self.objekte) > _SAID_IN_FULL:
            said = (hashlib.sha256(row).digest() for row in said)
        return sorted(said)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with the plan, unpacked under the working folder."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was read, and what was not understood and where.

    `levels` maps the id of each plan to the letters of the levels it has reached; `schema` names the official schema
    that the documents were held against, None where our own tables had to do.
    """

    file: str
    format: str
    xplan_version: str | None
    features: int
    objekte: int
    geometrien: int
    mended: int
    issues: tuple[Issue, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    schema: str | None = None

    def count(self, severity: Severity) -> int:
        return sum(issue.severity is severity for issue in self.issues)


@dataclass(frozen=True, slots=True)
class Batch:
    """All plans of one delivered file, with their documents and the report."""

    plans: tuple[Plan, ...]
    attachments: tuple[Attachment, ...]
    report: Report

    def __iter__(self) -> Iterator[Plan]:
        return iter(self.plans)


_CHANGE = re.compile(
    r"(?P<nr>\d+)\s*\.?\s*(?:\(?\s*(?:vereinfachte|vorhabenbezogene|punktuelle|förmliche)\s*\)?\s*)?"
    r"(?P<what>änderung|aenderung|änd|aend|erweiterung|ergänzung|ergaenzung|aufhebung|teilaufhebung|fortschreibung)\b\.?",
    re.IGNORECASE,
)
_LONGEST_LABEL = 2_000  # characters
_SAID_IN_FULL = 200_000  # objects; must never change, or all larger plans would seem to have changed
_WORDS = {"aenderung": "änderung", "aend": "änderung", "änd": "änderung", "ergaenzung": "ergänzung"}


def _bounded(label: str) -> str:
    """What is too long for a name, and would take the patterns below an hour, is known by its content."""
    return label if len(label) <= _LONGEST_LABEL else hashlib.sha256(label.encode()).hexdigest()


def _split_change(label: str) -> tuple[str, str]:
    """("Nr. 5, 1. Änderung") -> ("Nr. 5, ", "1änderung"); the second part is empty for a plan that changes none."""
    text = unicodedata.normalize("NFC", label)
    found = _CHANGE.search(text)
    if found is None:
        return text, ""
    what = found["what"].lower()
    return text[: found.start()] + text[found.end() :], f"{int(found['nr'])}{_WORDS.get(what, what)}"


def _fold(label: str) -> str:
    """Spelling that does not make another plan: case, blanks, quotes, dashes and a leading "Nr." are left out."""
    text = unicodedata.normalize("NFKC", label).casefold()
    text = re.sub(r"^\s*(bebauungsplan|b-?plan|flächennutzungsplan|f-?plan)?\s*nr\.?\s*", "", text)
    return re.sub(r"[^\w]+", " ", text).strip()


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """As JSON, without gml:ids and references to them."""
    if isinstance(value, str):
        return "#" if value.startswith("#") else value
    if isinstance(value, BaseGeometry):
        return shapely.to_wkb(shapely.normalize(value), hex=True)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != "_id"}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name != "gml_id"}
    return value
