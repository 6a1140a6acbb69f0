"""Writes the derived tables of plans_ingest/tables from the official schemas and the collected code lists.

    python scripts/derive_tables.py SCHEMAS CORPUS [INTO]

SCHEMAS holds one folder XPlanGML_<major>_<minor> of XSDs per version, CORPUS the folder `codelists`. What is hand-made
here (labels where the source has none, six classes of 6.1) is told in plans_ingest/tables/README.md.
"""

import ast
import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

PREFIXES = ("BP_", "FP_", "XP_", "SO_")
XSD = "{http://www.w3.org/2001/XMLSchema}"
TARGET = "{http://www.opengis.net/gml/3.2}targetElement"
TABLES = Path(__file__).parent.parent / "plans_ingest" / "tables"

# Schema types whose kind says it all or nearly all; the second word is what the column `type` keeps of them.
PLAIN = {
    "string": ("text", ""),
    "duration": ("text", "duration"),
    "boolean": ("boolean", ""),
    "int": ("integer", ""),
    "integer": ("integer", ""),
    "double": ("number", ""),
    "date": ("date", ""),
    "anyURI": ("uri", ""),
    "gml:CodeType": ("code", ""),  # an open code list; its codeSpace is named in the document
    "gml:GeometryPropertyType": ("geometry", ""),
    "gml:AngleType": ("measure", "Angle"),
    "gml:AreaType": ("measure", "Area"),
    "gml:LengthType": ("measure", "Length"),
    "gml:MeasureType": ("measure", "Measure"),
    "gml:ScaleType": ("measure", "Scale"),
    "gml:VolumeType": ("measure", "Volume"),
    # the UML names in which the list of 6.1 speaks
    "CharacterString": ("text", ""),
    "Boolean": ("boolean", ""),
    "Integer": ("integer", ""),
    "Decimal": ("number", ""),
    "Date": ("date", ""),
}

# Planning objects that the attribute list of 6.1 names and 6.0 does not have; their bases as in the published model.
NEW_IN_6_1 = {
    "BP_GebaeudeTyp": "BP_Objekt",
    "BP_HoehenFestsetzung": "BP_Geometrieobjekt",
    "BP_ImmissionsortLaerm": "BP_Punktobjekt",
    "BP_NatuerlicherKlimaschutz": "BP_Geometrieobjekt",
    "FP_NatuerlicherKlimaschutz": "FP_Geometrieobjekt",
    "SO_Festpunkt": "SO_Punktobjekt",
}

# Official labels with a slip of the pen, and codes that changed their meaning, whose label must say both because it is
# looked up without a version.
BETTER_LABEL = {
    ("BP_BebauungsArt", "5000"): "Einzelhäuser und Hausgruppen",
    ("BP_Rechtsstand", "2100"): "Frühzeitige Trägerbeteiligung",
    ("SO_KlassifizGelaendemorphologie", "1000"): "Terrassenkante",
    ("SO_KlassifizNachBodenschutzrecht", "3000"): "Schadstoffbelasteter Boden",
    ("SO_KlassifizNachDenkmalschutzrecht", "1500"): "Archäologisches Denkmal",
    ("XP_ExterneReferenzTyp", "2400"): "Erschließungsvertrag",
    ("XP_ExterneReferenzTyp", "2900"): "Vorhaben- und Erschließungsplan",
    ("SO_KlassifizGewaesser", "2000"): "Fließgewässer (bis Version 5.4: Hafen)",
    ("SO_KlassifizNachWasserrecht", "1000"): "Gewässer (bis Version 4.1: Gewässer 1. Ordnung)",
    ("XP_BedeutungenBereich", "2000"): "Informationen außerhalb des Geltungsbereichs (bis Version 4.1: Nebenzeichnung)",
    ("XP_BedeutungenBereich", "3000"): "Anderes Verfahren (bis Version 4.1: Vertikale Gliederung)",
    ("XP_ZweckbestimmungVerEntsorgung", "26001"): "Mobilfunkanlage (bis Version 5.1: Mobilfunkstrecke)",
}

# Names without an official label that cutting at capital letters would not make German.
BY_HAND = {
    "AndereGesetzlicheBestimmung": "Andere gesetzliche Bestimmung",
    "EinzelhaeuserDoppelhaeuserHausgruppen": "Einzelhäuser, Doppelhäuser und Hausgruppen",
    "FahrLeitungsrecht": "Fahr- und Leitungsrecht",
    "FeldWaldWiese": "Feld, Wald und Wiese",
    "GebietGemeinschaftlicherBedeutung": "Gebiet gemeinschaftlicher Bedeutung",
    "GehFahrLeitungsrecht": "Geh-, Fahr- und Leitungsrecht",
    "GehFahrrecht": "Geh- und Fahrrecht",
    "GehLeitungsrecht": "Geh- und Leitungsrecht",
    "GeschuetzterLandschaftsBestandteil": "Geschützter Landschaftsbestandteil",
    "GesetzlichGeschuetztesBiotop": "Gesetzlich geschütztes Biotop",
    "Gewaesser3Odrnung": "Gewässer 3. Ordnung",
    "InhaltLPlan": "Inhalt des Landschaftsplans",
    "Natura2000": "Natura 2000",
    "RadFussweg": "Rad- und Fußweg",
    "SonstErneuerbareEnergie": "Sonstige erneuerbare Energie",
    "SonstigeAbwasserBehandlungsanlage": "Sonstige Abwasserbehandlungsanlage",
    "SonstigeOeffentlicheVerwaltung": "Sonstige öffentliche Verwaltung",
    "SonstigesBildungForschung": "Sonstiges (Bildung und Forschung)",
    "SonstigeSicherheitOrdnung": "Sonstiges (Sicherheit und Ordnung)",
    "SonstigesGesundheit": "Sonstiges (Gesundheit)",
    "SonstigesKirche": "Sonstiges (Kirche)",
    "SonstigeSozialeEinrichtung": "Sonstige soziale Einrichtung",
    "Version_1962": "BauNVO 1962",
    "Version_1968": "BauNVO 1968",
    "Version_1977": "BauNVO 1977",
    "Version_1990": "BauNVO 1990",
}

# Word parts of those names whose umlaut or ß is beyond doubt.
WORD_PARTS = {
    "Aenderung": "Änderung",
    "beschraenkung": "beschränkung",
    "bevoelkerung": "bevölkerung",
    "Biosphaere": "Biosphäre",
    "Ergaenzung": "Ergänzung",
    "Europaeisch": "Europäisch",
    "flaeche": "fläche",
    "Fliess": "Fließ",
    "Fuss": "Fuß",
    "Gebaeude": "Gebäude",
    "gewaesser": "gewässer",
    "hoehe": "höhe",
    "Staedt": "Städt",
    "Strasse": "Straße",
}


# --- code lists -----------------------------------------------------------------------------------


def codes(codelists: Path, versions: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Rows of codes.tsv: enumeration, code, versions, name, label, kuerzel."""
    with (codelists / "enumerations_4.0-6.1.tsv").open(encoding="utf-8", newline="") as file:
        source = [row for row in csv.DictReader(file, delimiter="\t") if row["enumeration"].startswith(PREFIXES)]
    for row in source:
        row["name"] = row["name"].split(" | ")[0]  # the newest; older spellings follow
        row["label_6.1"] = BETTER_LABEL.get((row["enumeration"], row["code"]), row["label_6.1"])

    # 4.0 publishes bare numbers; four of its enumerations live on under the prefix XP_, with names.
    named = {(row["enumeration"], row["code"]): row["name"] for row in source}
    for row in source:
        row["name"] = row["name"] or named["XP_" + row["enumeration"][3:], row["code"]]

    official: dict[str, set[str]] = {}
    for row in source:
        if row["label_6.1"] and (row["enumeration"], row["code"]) not in BETTER_LABEL:
            official.setdefault(row["name"], set()).add(row["label_6.1"])

    for row in source:
        label = row["label_6.1"] or readable(row["name"], official.get(row["name"], set()))
        covered = compact(row["versions"].split(","), versions)
        yield row["enumeration"], row["code"], covered, row["name"], label, row["kuerzel_6.1"]


def readable(name: str, official: set[str]) -> str:
    """A German label for a name without: its namesakes' if they agree, else ours, else the name cut into words."""
    if len(official) == 1:
        return next(iter(official))
    if name in BY_HAND:
        return BY_HAND[name]
    words = re.sub(r"(?<=[a-zß])(?=[A-Z])|_", " ", name)
    for spelt, meant in WORD_PARTS.items():
        words = words.replace(spelt, meant)
    return words


# --- schemas --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attribute:
    """The columns of attributes.tsv from `type` on; max is "*" where the schema says unbounded."""

    type: str
    min: str
    max: str
    kind: str


@dataclass(frozen=True)
class Klasse:
    """A class of one version with its own attributes; sort is feature, abstract (feature) or datatype."""

    base: str
    sort: str
    own: dict[str, Attribute] = field(default_factory=dict)


type Model = dict[str, Klasse]


def read_model(folder: Path) -> Model:
    """The classes of one version. The abstract hooks _GenericApplicationPropertyOf… carry no facts and are left out."""
    elements: dict[str, etree._Element] = {}
    types: dict[str, etree._Element] = {}
    enumerations: set[str] = set()
    for file in sorted(folder.glob("XPlanGML_*.xsd")):
        schema = etree.parse(file).getroot()
        if not schema.get("targetNamespace", "").startswith("http://www.xplanung.de/xplangml/"):
            continue  # an extension of one Land
        for node in schema.iterchildren(f"{XSD}element"):
            if node.get("name", "").startswith(PREFIXES):
                elements[node.get("name", "")] = node
        types |= {node.get("name", ""): node for node in schema.iterchildren(f"{XSD}complexType")}
        enumerations |= {node.get("name", "") for node in schema.iterchildren(f"{XSD}simpleType")}

    def is_feature(name: str) -> bool:
        head = elements[name].get("substitutionGroup", "")
        return is_feature(head.removeprefix("xplan:")) if head.startswith("xplan:") else head == "gml:AbstractFeature"

    model: Model = {}
    for name, element in elements.items():
        base = element.get("substitutionGroup", "")
        sort = "abstract" if element.get("abstract") == "true" else "feature"
        own = {
            node.get("name", ""): attribute(node, enumerations)
            for node in types[element.get("type", "").removeprefix("xplan:")].iter(f"{XSD}element")
            if node.get("name")
        }
        model[name] = Klasse(
            base=base.removeprefix("xplan:") if base.startswith("xplan:") else "",
            sort=sort if is_feature(name) else "datatype",
            own=own,
        )
    return model


def attribute(node: etree._Element, enumerations: set[str]) -> Attribute:
    schema_type = node.get("type", "")
    name = schema_type.removeprefix("xplan:")
    if name in enumerations:
        # 4.0 says XP_RechtsstandType, all others XP_Rechtsstand
        kind, meant = "code", name.removesuffix("Type")
    elif name.endswith("PropertyType") and name != schema_type:
        kind, meant = "complex", name.removesuffix("PropertyType")
    elif schema_type == "gml:ReferenceType":
        kind, meant = "reference", (node.findtext(f".//{TARGET}") or "").removeprefix("xplan:")
    else:
        kind, meant = PLAIN[schema_type]
    return Attribute(meant, node.get("minOccurs", "1"), node.get("maxOccurs", "1").replace("unbounded", "*"), kind)


# --- 6.1 ------------------------------------------------------------------------------------------


def extend_to_6_1(model: Model, attribute_list: str, enumerations: set[str]) -> Model:
    """6.0 plus what the attribute list of 14 classes calls new; raises ValueError if it tells any other change."""
    extended = {name: Klasse(old.base, old.sort, dict(old.own)) for name, old in model.items()}
    for name, base in NEW_IN_6_1.items():
        extended[name] = Klasse(base, "feature")
    for line in attribute_list.splitlines():
        if line.startswith("##") or "_GenericApplicationPropertyOf" in line:
            continue
        name, versions, history, owner = line.strip().split("\t")
        if "6.0" in versions and ("6.1" not in versions or "6_1:" in history):
            raise ValueError(f"6.1 changes or drops an attribute: {line}")
        # `id` stands for gml:id, it is no element of XPlanGML
        if versions != "[6.1]" or name == "id":
            continue
        occurs, listed = history.removeprefix("6_1:").split(" ", 1)
        minimum, maximum = occurs.split("..")
        if listed.startswith("["):
            known = {one for one in ast.literal_eval(listed) if one.startswith(PREFIXES)}
            if unknown := known - extended.keys():
                raise ValueError(f"classes of 6.1 without a base: {', '.join(sorted(unknown))}")
            kind, meant = "reference", ""
        elif listed in PLAIN:
            kind, meant = PLAIN[listed]
        elif listed in enumerations:
            kind, meant = "code", listed
        else:
            kind, meant = "complex" if extended[listed].sort == "datatype" else "reference", listed
        extended[owner].own[name] = Attribute(meant, minimum, maximum, kind)
    return extended


# --- tables ---------------------------------------------------------------------------------------


def compact(covered: Iterable[str], versions: tuple[str, ...]) -> str:
    """{"4.0", "4.1", "6.0"} -> "4.0-4.1,6.0": runs of the published versions."""
    runs: list[list[str]] = []
    for before, version in zip(("", *versions), versions, strict=False):
        if version not in covered:
            continue
        if runs and runs[-1][-1] == before:
            runs[-1].append(version)
        else:
            runs.append([version])
    return ",".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def attribute_rows(models: Mapping[str, Model]) -> Iterator[tuple[str, ...]]:
    """Rows of attributes.tsv: klasse, attribute, versions, type, min, max, kind; one row per variant.

    The attributes of a class stand in the order in which 6.0 wants them written; those that 6.0 lacks follow by name.
    """
    wanted = {(name, own): place for name, klasse in models["6.0"].items() for place, own in enumerate(klasse.own)}
    spans: dict[tuple[str, str, Attribute], list[str]] = {}
    for version, model in models.items():
        for name, klasse in model.items():
            for own, what in klasse.own.items():
                spans.setdefault((name, own, what), []).append(version)

    def order(item: tuple[tuple[str, str, Attribute], list[str]]) -> tuple[str, float, str, list[str]]:
        (name, own, _), covered = item
        return name, wanted.get((name, own), float("inf")), own, covered

    for (name, own, what), covered in sorted(spans.items(), key=order):
        yield name, own, compact(covered, tuple(models)), what.type, what.min, what.max, what.kind


def inheritance_rows(models: Mapping[str, Model]) -> Iterator[tuple[str, ...]]:
    """Rows of inheritance.tsv: klasse, versions, base, sort; one row per variant."""
    spans: dict[tuple[str, str, str], list[str]] = {}
    for version, model in models.items():
        for name, klasse in model.items():
            spans.setdefault((name, klasse.base, klasse.sort), []).append(version)
    for (name, base, sort), covered in sorted(spans.items(), key=lambda item: (item[0][0], item[1])):
        yield name, compact(covered, tuple(models)), base, sort


def write(file: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    lines = [header.replace(" ", "\t"), *("\t".join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{file.name}: {len(lines) - 1} rows")


def main(schemas: Path, corpus: Path, into: Path) -> None:
    codelists = corpus / "codelists"
    folders = sorted(schemas.glob("XPlanGML_*_*"))
    models = {".".join(folder.name.split("_")[1:]): read_model(folder) for folder in folders}
    code_rows = list(codes(codelists, (*models, "6.1")))
    attribute_list = (codelists / "attributes_by_version.txt").read_text("utf-8")
    models["6.1"] = extend_to_6_1(models["6.0"], attribute_list, {row[0] for row in code_rows})
    write(into / "codes.tsv", "enumeration code versions name label kuerzel", code_rows)
    write(into / "attributes.tsv", "klasse attribute versions type min max kind", attribute_rows(models))
    write(into / "inheritance.tsv", "klasse versions base sort", inheritance_rows(models))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) == 4 else TABLES)
