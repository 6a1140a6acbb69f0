"""Level C: the official schema by namespace, from a folder, and nothing outside it."""

from pathlib import Path

import pytest

from plans_ingest import Batch, ingest
from plans_ingest.checks import schema
from tests.files import GEMEINDE, feature, link, plan, polygon, prop, write, xplangml
from tests.reading import read_features

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"
  xmlns:x="http://www.xplanung.de/xplangml/5/4" targetNamespace="http://www.xplanung.de/xplangml/5/4">{content}
  <xs:element name="BP_Plan"><xs:complexType><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded"
  processContents="skip"/></xs:sequence><xs:anyAttribute processContents="skip"/></xs:complexType></xs:element>
</xs:schema>"""


def read(tmp_path: Path, schemas: Path | None, *features: str, version: str = "5.4") -> Batch:
    return read_features(tmp_path, *features, version=version, schemas=schemas)


def told(batch: Batch) -> dict[str, str]:
    return {issue.code: issue.detail for issue in batch.report.issues}


def folder(tmp_path: Path, content: str = "") -> Path:
    root = tmp_path / "schemas"
    (root / "any name").mkdir(parents=True)
    (root / "any name" / "XPlanung-Operationen.xsd").write_text(XSD.format(content=content))
    return root


def test_the_set_is_chosen_by_namespace_not_by_name(tmp_path: Path) -> None:
    batch = read(tmp_path, folder(tmp_path), plan())
    assert batch.report.schema == "XPlanGML 5.4"
    assert "C" in batch.report.levels[str(batch.plans[0].id)]
    assert read(tmp_path, tmp_path / "schemas", plan(), version="5.3").report.schema is None


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1:9/x.xsd", "../../outside.xsd"])
def test_a_schema_reaches_nothing_outside_its_folder(tmp_path: Path, address: str) -> None:
    (tmp_path / "outside.xsd").write_text(XSD.format(content=""))
    batch = read(tmp_path, folder(tmp_path, f'<xs:include schemaLocation="{address}"/>'), plan())
    assert "schema_unusable" in told(batch)
    assert batch.report.schema is None
    assert len(batch.plans) == 1, "the operator's fault is not the planner's"


def test_what_a_document_calls_its_schema_is_not_asked(tmp_path: Path) -> None:
    hint = (
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://x http://127.0.0.1:9/x.xsd"'
    )
    document = xplangml(plan()).replace('gml:id="doc"', f'gml:id="doc" {hint}')
    batch = ingest(write(tmp_path / "plan.gml", document), tmp_path, srid=25832, schemas=folder(tmp_path))
    assert batch.report.schema == "XPlanGML 5.4"


@pytest.mark.corpus
class TestOfficialSchemas:
    GOOD = (
        plan(extra=link("bereich", "b")),
        feature("BP_Bereich", "b", prop("nummer", "0") + link("gehoertZuPlan", "plan")),
    )

    @staticmethod
    def whole(content: str = "") -> str:
        position = prop("position", polygon().replace("<gml:Polygon", '<gml:Polygon gml:id="g"'))
        return feature(
            "BP_BaugebietsTeilFlaeche",
            "o",
            link("gehoertZuBereich", "b") + prop("rechtscharakter", "1000") + position
            + prop("flaechenschluss", "true") + content,
        )  # fmt: skip

    def outline(self, gml_id: str = "pg") -> str:
        return polygon().replace("<gml:Polygon", f'<gml:Polygon gml:id="{gml_id}"')

    def test_every_official_set_compiles_offline(self, xplan_schemas: Path) -> None:
        issues: list[object] = []
        for version in ("4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0"):
            assert schema.SchemaCheck.of(xplan_schemas, version, "x", issues) is not None  # type: ignore[arg-type]
        assert issues == []

    def test_a_valid_plan_reaches_c(self, tmp_path: Path, xplan_schemas: Path) -> None:
        batch = read(
            tmp_path,
            xplan_schemas,
            plan(outline=self.outline(), extra=link("bereich", "b")),
            self.GOOD[1],
            self.whole(),
        )
        assert {code for code in told(batch) if code.startswith("schema_")} == set()
        assert "C" in batch.report.levels[str(batch.plans[0].id)]

    @pytest.mark.parametrize(
        ("content", "code", "words"),
        [
            (prop("GRZ", "viel"), "value_mistyped", "GRZ"),
            (prop("GFZ", "0.8") + prop("MaxZahlWohnungen", "2"), "schema_element_unexpected", "MaxZahlWohnungen"),
            (prop("GR", "12"), "schema_xml_attribute", "uom"),
            (prop("ganzNeu", "1"), "attribute_unknown", "ganzNeu"),
            (prop("besondereArtDerBaulNutzung", "77"), "code_unknown", "77"),
        ],
    )
    def test_violations_are_told_once_in_words_with_element_line_and_object(
        self, tmp_path: Path, xplan_schemas: Path, content: str, code: str, words: str
    ) -> None:
        batch = read(
            tmp_path,
            xplan_schemas,
            plan(outline=self.outline(), extra=link("bereich", "b")),
            self.GOOD[1],
            self.whole(content),
        )
        [issue] = [issue for issue in batch.report.issues if issue.code == code]
        assert words in issue.detail
        assert issue.where.gml_id == "o"
        assert issue.where.line is not None
        assert issue.plan == "plan"
        assert "C" not in batch.report.levels[str(batch.plans[0].id)]

    def test_what_is_missing_is_named(self, tmp_path: Path, xplan_schemas: Path) -> None:
        bare = plan(outline=self.outline(), gemeinde="")
        said = told(read(tmp_path, xplan_schemas, bare, self.GOOD[1]))
        assert "gemeinde" in said["schema_element_unexpected"]
        assert "attribute_missing" not in said
        bare = feature("BP_Bereich", "b", prop("nummer", "0"))
        assert "gehoertZuPlan" in told(read(tmp_path, xplan_schemas, self.GOOD[0], bare))["attribute_missing"]

    def test_a_geometry_id_used_twice(self, tmp_path: Path, xplan_schemas: Path) -> None:
        batch = read(
            tmp_path,
            xplan_schemas,
            plan(outline=self.outline("g"), extra=link("bereich", "b")),
            self.GOOD[1],
            self.whole(),
        )
        assert told(batch)["schema_id_twice"] == "g"

    def test_two_hundred_are_told_and_the_rest_counted(self, tmp_path: Path, xplan_schemas: Path) -> None:
        wrong = [feature("BP_Bereich", f"b{i}", link("gehoertZuPlan", "plan")) for i in range(250)]
        batch = read(tmp_path, xplan_schemas, plan(outline=self.outline(), gemeinde=GEMEINDE), *wrong)
        assert sum(issue.code == "schema_element_unexpected" for issue in batch.report.issues) == schema.MAX_TOLD
        assert told(batch)["schema_more"] == "50"
