"""The tables of plans_ingest against each other, against the official schemas and against the test plans."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile, is_zipfile

import pytest
from lxml import etree

from plans_ingest import codelists
from plans_ingest.codelists import VERSIONS

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "plans_ingest" / "tables"
PREFIXES = ("BP_", "FP_", "XP_", "SO_")
XSD = "{http://www.w3.org/2001/XMLSchema}"
THEMES = {
    *("baugebiet", "ueberbaubare_flaeche", "baulinie_baugrenze", "verkehr", "gruen", "wald_landwirtschaft"),
    *("gewaesser", "gemeinbedarf_spiel_sport", "versorgung", "natur_ausgleich", "schutz_denkmal"),
    *("grenze", "praesentation", "sonstiges"),
}
KLASSE_AT = [(klasse, version) for version in VERSIONS for klasse in sorted(codelists.classes(version))]


def test_every_class_has_a_label_and_a_known_theme() -> None:
    lines = [line.split("\t") for line in (TABLES / "classes.tsv").read_text("utf-8").splitlines()[1:]]
    named = {klasse for klasse, _, _ in lines}
    assert {group for _, _, group in lines} == THEMES
    assert len(named) == len(lines)
    assert all(label and not label.startswith(PREFIXES) for _, label, _ in lines)
    assert named == {klasse for klasse, _ in KLASSE_AT}


def test_every_type_that_an_attribute_names_is_in_the_tables() -> None:
    missing = set()
    for klasse, version in KLASSE_AT:
        for attribute in codelists.attributes(klasse, version).values():
            if attribute.kind == "code" and attribute.type:
                known = any(version in code.versions for code in codelists.codes(attribute.type).values())
            else:
                known = attribute.kind != "complex" or bool(codelists.attributes(attribute.type, version))
            if not known:
                missing.add((klasse, attribute.name, attribute.type, version))
    assert missing == set()


def test_the_readme_counts_right() -> None:
    readme = (TABLES / "README.md").read_text("utf-8")
    for table in TABLES.glob("*.tsv"):
        [told] = re.findall(rf"`{table.name}` \| ([\d,]+) ", readme)
        assert int(told.replace(",", "")) == len(table.read_text("utf-8").splitlines()) - 1, table.name


@pytest.mark.corpus
def test_the_tables_are_in_step_with_their_sources(xplan_schemas: Path, xplan_corpus: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "derive_tables.py"
    subprocess.run([sys.executable, script, xplan_schemas, xplan_corpus, tmp_path], check=True, capture_output=True)
    for fresh in sorted(tmp_path.iterdir()):
        assert (TABLES / fresh.name).read_text("utf-8") == fresh.read_text("utf-8"), "run scripts/derive_tables.py"
    assert {file.name for file in tmp_path.iterdir()} == {"codes.tsv", "attributes.tsv", "inheritance.tsv"}


@pytest.mark.corpus
def test_the_land_uses_are_in_step_with_the_official_tables(xplan_corpus: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "derive_hilucs.py"
    subprocess.run([sys.executable, script, xplan_corpus, tmp_path], check=True, capture_output=True, cwd=ROOT)
    assert (TABLES / "hilucs.tsv").read_text("utf-8") == (tmp_path / "hilucs.tsv").read_text("utf-8")


def test_every_land_use_is_of_a_known_class_and_has_german_words() -> None:
    klassen = {klasse for klasse, _ in KLASSE_AT}
    for klasse, attribute, code, hilucs in codelists.land_uses():
        assert klasse in klassen
        assert bool(attribute) == bool(code)
        assert codelists.land_use_label(hilucs)


@pytest.mark.corpus
@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_the_codes_are_those_of_the_schema(xplan_schemas: Path, version: str) -> None:
    official = {
        (declared.get("name", "").removesuffix("Type"), value.get("value"))
        for schema in _schema_files(xplan_schemas, version)
        for declared in schema.iterchildren(f"{XSD}simpleType")
        for value in declared.iter(f"{XSD}enumeration")
        if declared.get("name", "").startswith(PREFIXES)
    }
    assert official == {(name, code.code) for name, code in codelists.all_codes() if version in code.versions}


@pytest.mark.corpus
@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_every_concrete_element_of_the_schema_is_a_class_or_a_data_type(xplan_schemas: Path, version: str) -> None:
    concrete = {
        element.get("name", "")
        for schema in _schema_files(xplan_schemas, version)
        for element in schema.iterchildren(f"{XSD}element")
        if element.get("name", "").startswith(PREFIXES) and element.get("abstract") != "true"
    }
    assert codelists.classes(version) <= concrete
    assert {name for name in concrete if not codelists.attributes(name, version)} == set()


@pytest.mark.corpus
def test_the_attributes_agree_with_a_list_that_others_made(xplan_corpus: Path) -> None:
    klasse = ""
    for line in (xplan_corpus / "codelists" / "attributes_by_version.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            klasse = line.removeprefix("## ")
            continue
        name, versions, history, _ = line.strip().split("\t")
        if name.startswith("xplan:") or name == "id":
            continue
        told = set(VERSIONS) if versions == "[all]" else set(versions.strip("[]").split(","))
        ours = {version for version in VERSIONS if name in codelists.attributes(klasse, version)}
        assert ours == told, (klasse, name)
        for since, minimum, maximum in re.findall(r"(\d_\d):(\d)\.\.(\d|\*)", history):
            attribute = codelists.attributes(klasse, since.replace("_", "."))[name]
            assert (str(attribute.min), str(attribute.max or "*")) == (minimum, maximum), (klasse, name, since)


@pytest.mark.corpus
def test_the_test_plans_hold_nothing_that_the_tables_lack_but_their_known_faults(xplan_corpus: Path) -> None:
    seen: Counter[str] = Counter()
    strange: set[str] = set()
    for root in _documents(xplan_corpus / "files"):
        seen["document"] += 1
        for member in root.iter("{*}featureMember", "{*}member"):
            for feature in member:
                if _name(feature).startswith(PREFIXES):
                    _compare(feature, seen, strange)
    assert seen["document"] > 150
    assert seen["attribute"] > 200_000
    # one plan with a deliberate error in its syntax, one with a document of a made-up kind
    assert strange == {"4.1 XP_VerbundenerPlan.rechtscharakters", "5.1 XP_ExterneReferenzArt Gruen"}


def _schema_files(schemas: Path, version: str) -> Iterator[etree._Element]:
    for file in (schemas / f"XPlanGML_{version.replace('.', '_')}").glob("XPlanGML_*.xsd"):
        schema = etree.parse(file).getroot()
        if schema.get("targetNamespace", "").startswith("http://www.xplanung.de/xplangml/"):
            yield schema


def _documents(folder: Path) -> Iterator[etree._Element]:
    """The roots of all well-formed XPlanGML documents of a version that the tables cover, archives opened."""
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".gml":
            texts = [file.read_bytes()]
        elif file.suffix == ".zip" and is_zipfile(file):
            with ZipFile(file) as archive:
                texts = [archive.read(name) for name in archive.namelist() if name.endswith(".gml")]
        else:
            continue
        for text in texts:
            namespace = re.search(rb"http://www.xplanung.de/xplangml/(\d)/(\d)", text)
            if namespace is None or b"<!DOCTYPE" in text or b".".join(namespace.groups()).decode() not in VERSIONS:
                continue
            with suppress(etree.XMLSyntaxError):
                yield etree.fromstring(text, etree.XMLParser(huge_tree=True, resolve_entities=False))


def _compare(element: etree._Element, seen: Counter[str], strange: set[str]) -> None:
    """Counts what the tables know of an element and its data types, and notes what they do not."""
    namespace = etree.QName(element).namespace or ""
    klasse, version = _name(element), ".".join(namespace.split("/")[-2:])
    known = codelists.attributes(klasse, version)
    if not known:
        strange.add(f"{version} {klasse}")
        return
    for child in element.iterchildren(f"{{{namespace}}}*"):
        attribute = known.get(_name(child))
        if attribute is None:
            strange.add(f"{version} {klasse}.{_name(child)}")
            continue
        seen["attribute"] += 1
        code = (child.text or "").strip()
        if attribute.kind == "code" and attribute.type and code:
            if not codelists.is_valid(attribute.type, code, version):
                strange.add(f"{version} {attribute.type} {code}")
        elif attribute.kind == "complex":
            for data in child:
                _compare(data, seen, strange)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
