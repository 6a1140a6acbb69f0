"""Every class of every version with every attribute that it may have: nothing is refused, nothing gets lost."""

from pathlib import Path

import pytest

from plans_ingest import codelists, ingest
from plans_ingest.codelists import Attribute
from plans_ingest.export import xplangml as export
from plans_ingest.model import Plan
from tests.files import feature, link, plan, polygon, prop, write, xplangml

_OWN_FIELDS = {"position": "geometry", "ebene": "ebene", "flaechenschluss": "flaechenschluss",
               "rechtscharakter": "rechtscharakter"}  # fmt: skip
_PLAIN = {"text": "Wort", "boolean": "true", "integer": "3", "number": "0.5", "date": "2020-05-04",
          "uri": "https://www.example.org/x.pdf"}  # fmt: skip
_UNITS = {"Area": "m2", "Volume": "m3", "Angle": "grad"}
_DEEPEST = 2  # data types in data types


def data_of(base: str, version: str, *, depth: int) -> str:
    """An element of the first data type that may stand for `base`, which may be abstract; nothing where none may."""
    types = (k for (k, at), (_, sort) in codelists._inheritance().items() if (at, sort) == (version, "datatype"))
    for klasse in types if depth <= _DEEPEST else ():
        if codelists.is_a(klasse, base, version) and (inner := content(klasse, version, depth=depth)):
            return f"<xplan:{klasse}>{inner}</xplan:{klasse}>"
    return ""


def content(klasse: str, version: str, *, depth: int = 0) -> str:
    return "".join(
        written(attribute, version, depth=depth) for attribute in codelists.attributes(klasse, version).values()
    )


def written(attribute: Attribute, version: str, *, depth: int) -> str:
    """The attribute with a value that its type allows; nothing for a reference, which needs something to refer to."""
    name, kind, meant = attribute.name, attribute.kind, attribute.type
    if kind == "measure":
        return f'<xplan:{name} uom="{_UNITS.get(meant, "m")}">1.5</xplan:{name}>'
    if kind == "code":
        known = [code.code for code in codelists.codes(meant).values() if version in code.versions] if meant else []
        return prop(name, known[0] if known else "1000")
    if kind == "geometry":
        return prop(name, polygon())
    if kind == "complex":
        inner = data_of(meant, version, depth=depth + 1)
        return prop(name, inner) if inner else ""
    return prop(name, _PLAIN[kind]) if kind in _PLAIN else ""


def contents_of(planwerk: str, version: str) -> dict[str, str]:
    """gml:id -> class, of all that can lie in a plan of that kind."""
    prefixes = ("FP_",) if planwerk == "FP" else ("BP_", "SO_", "XP_")
    holders = ("_Plan", "_Bereich", "Abschnitt")  # plans, their parts and their texts have fields of their own
    found = sorted(k for k in codelists.classes(version) if k.startswith(prefixes) and not k.endswith(holders))
    return {f"o{number}": klasse for number, klasse in enumerate(found)}


@pytest.mark.parametrize("planwerk", ["BP", "FP"])
@pytest.mark.parametrize("version", ["3.0", *codelists.VERSIONS])
def test_every_class_is_read_with_all_its_attributes(tmp_path: Path, version: str, planwerk: str) -> None:
    known = "4.0" if version == "3.0" else version  # of 3.0 there are no tables, of most classes no other names
    classes = contents_of(planwerk, known)
    assert len(classes) > 20
    objects = [feature(k, i, link("gehoertZuBereich", "b") + content(k, known)) for i, k in classes.items()]
    document = xplangml(
        plan(klasse=f"{planwerk}_Plan", extra=link("bereich", "b")),
        feature(f"{planwerk}_Bereich", "b", prop("nummer", "0") + link("gehoertZuPlan", "plan")),
        *objects,
        version=version,
    )
    [found] = read(tmp_path / "plan.gml", document)
    assert {objekt.gml_id: objekt.klasse for objekt in found.objekte} == classes
    lost = [
        f"{objekt.klasse}.{attribute.name}"
        for objekt in found.objekte
        for attribute in codelists.attributes(objekt.klasse, known).values()
        if written(attribute, known, depth=0)
        and attribute.name not in objekt.attribute
        and getattr(objekt, _OWN_FIELDS.get(attribute.name, ""), None) is None
    ]
    assert lost == []
    if version == "6.0":  # written again, all of it is there
        with (tmp_path / "again.gml").open("wb") as sink:
            assert export.write(found, sink, 25832) == ()
        [again] = read(tmp_path / "again.gml")
        assert {o.gml_id: len(o.attribute) for o in again.objekte} == {
            o.gml_id: len(o.attribute) for o in found.objekte
        }


def read(path: Path, document: str | None = None) -> tuple[Plan, ...]:
    if document is not None:
        write(path, document)
    workdir = path.with_suffix(".work")
    workdir.mkdir()
    return ingest(path, workdir, srid=25832).plans
