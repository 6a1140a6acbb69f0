"""Real and official test plans, where they lie: nothing is lost between the XML and the plans.

The expectation is counted here independently, with ElementTree and nothing of ours.
"""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from plans_ingest import PlanFileError, ingest
from tests.corpus import entries

pytestmark = pytest.mark.corpus

READABLE = {"3.0", "4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0", "6.1"}
MEMBERS = {"featureMember", "featureMembers", "member", "additionalObjects"}
NO_OBJECT = ("_Plan", "_Bereich", "_TextAbschnitt", "_BegruendungAbschnitt")


def carries_a_plan(entry: dict[str, str]) -> bool:
    well_formed = "not well-formed" not in entry["intent"]
    ours = any(word in entry["main_plan_types"] for word in ("BP_Plan", "FP_Plan"))
    return well_formed and ours and entry["xplanung_version"] in READABLE


def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def expected(file: Path) -> tuple[int, int, int]:
    """Plans, objects and geometries of the document, by walking the XML."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as opened:
            root = ElementTree.fromstring(opened.read("xplan.gml"))
    else:
        root = ElementTree.parse(file).getroot()
    features = [item for node in root.iter() if local(node.tag) in MEMBERS for item in node if "xplangml" in item.tag]
    names = [local(item.tag) for item in features]
    plans = sum(name in {"BP_Plan", "FP_Plan"} for name in names)
    objects = sum(not name.endswith(NO_OBJECT) and "ExterneReferenz" not in name for name in names)
    geometries = sum(
        len(prop) > 0 and "opengis.net/gml" in prop[0].tag and local(prop.tag) != "boundedBy"
        for item in features
        for prop in item
    )
    return plans, objects, geometries


@pytest.mark.parametrize(
    "entry", [e for e in entries() if carries_a_plan(e)], ids=lambda e: e["file"].removeprefix("files/")
)
def test_every_plan_object_and_geometry_arrives(entry: dict[str, str], xplan_corpus: Path, tmp_path: Path) -> None:
    file = xplan_corpus / entry["file"]
    plans, objects, geometries = expected(file)
    batch = ingest(file, tmp_path, srid=25832)
    twins = sum(issue.code == "plan_twice" for issue in batch.report.issues)
    assert len(batch.plans) + twins == plans
    if not twins:
        assert batch.report.objekte == objects
    unreadable = sum(issue.code == "geometry_unreadable" for issue in batch.report.issues)
    assert batch.report.geometrien + unreadable == geometries
    for plan in batch.plans:
        shapes = [
            plan.geltungsbereich,
            *(b.geltungsbereich for b in plan.bereiche),
            *(o.geometry for o in plan.objekte),
        ]
        assert all(shape.is_valid and not shape.is_empty for shape in shapes if shape is not None)
    mended = sum(issue.code in {"geometry_mended", "geometry_collapsed"} for issue in batch.report.issues)
    assert batch.report.mended == mended, "every mending is told"


@pytest.mark.parametrize(
    "entry", [e for e in entries() if not carries_a_plan(e)], ids=lambda e: e["file"].removeprefix("files/")
)
def test_what_is_no_plan_of_ours_is_refused_with_a_reason(
    entry: dict[str, str], xplan_corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(PlanFileError) as caught:
        ingest(xplan_corpus / entry["file"], tmp_path, srid=25832)
    assert len(str(caught.value)) > 40
