"""What a file says beside what we have a field for stays with the plan; what cannot be read is told."""

import io
from pathlib import Path

import pytest

from plans_ingest import Batch, ingest
from plans_ingest.export import xplangml as export
from plans_ingest.model import Plan
from tests.files import bereich, feature, link, plan, polygon, positions, prop, write, xplangml

POINT = f'<gml:Point srsName="EPSG:25832"><gml:pos>{positions("30 30")}</gml:pos></gml:Point>'


def read(tmp_path: Path, document: str) -> Batch:
    workdir = tmp_path / "work"
    workdir.mkdir()
    return ingest(write(tmp_path / "plan.gml", document), workdir, srid=25832)


def only(batch: Batch) -> Plan:
    [found] = batch.plans
    return found


def told(batch: Batch, code: str) -> list[str]:
    return [issue.detail for issue in batch.report.issues if issue.code == code]


def written(plan: Plan) -> str:
    out = io.BytesIO()
    export.write(plan, out)
    return out.getvalue().decode()


def gemeinde(**values: str) -> str:
    inner = "".join(prop(name, value) for name, value in values.items())
    return f"<xplan:XP_Gemeinde>{inner}</xplan:XP_Gemeinde>"


def test_the_regionalschluessel_stays_beside_the_ags_and_is_written_again(tmp_path: Path) -> None:
    said = gemeinde(ags="06534008", rs="065340008008", gemeindeName="Ebsdorfergrund")
    found = only(read(tmp_path, xplangml(plan(gemeinde=prop("gemeinde", said)))))
    assert [(each.ags, each.name) for each in found.gemeinden] == [("06534008", "Ebsdorfergrund")]
    assert "065340008008" in str(found.attribute["gemeinde"])
    assert written(found).count("XP_Gemeinde>") == 2
    assert "<xplan:rs>065340008008</xplan:rs>" in written(found)


def test_an_ags_that_is_none_is_kept_as_it_was_written(tmp_path: Path) -> None:
    batch = read(tmp_path, xplangml(plan(gemeinde=prop("gemeinde", gemeinde(ags="asdf", gemeindeName="Dort")))))
    assert only(batch).ags is None
    assert "asdf" in str(only(batch).attribute["gemeinde"])
    assert told(batch, "ags_invalid") == ["asdf"]


def test_two_gemeinden_in_one_property_are_two(tmp_path: Path) -> None:
    both = gemeinde(ags="06534008") + gemeinde(ags="06534014")
    found = only(read(tmp_path, xplangml(plan(gemeinde=prop("gemeinde", both)))))
    assert [each.ags for each in found.gemeinden] == ["06534008", "06534014"]
    assert "gemeinde" not in found.attribute


def test_a_gemeinde_that_is_only_a_word_is_kept(tmp_path: Path) -> None:
    found = only(read(tmp_path, xplangml(plan(gemeinde=prop("gemeinde", "Ebsdorfergrund")))))
    assert found.attribute["gemeinde"] == ["Ebsdorfergrund"]


@pytest.mark.parametrize(("charakter", "expected"), [("", 2000), (prop("rechtscharakter", "5000"), 7000)])
def test_until_4_1_a_link_said_what_is_taken_over(tmp_path: Path, charakter: str, expected: int) -> None:
    taken = feature(
        "SO_Denkmalschutzrecht",
        "d",
        charakter + link("gehoertNachrichtlichZuBereich", "b") + prop("position", polygon()),
    )
    whole = bereich("b", extra=link("nachrichtlich", "d"))
    found = only(read(tmp_path, xplangml(plan(extra=link("bereich", "b")), whole, taken, version="4.1")))
    [objekt] = found.objekte
    assert (objekt.bereich, objekt.rechtscharakter) == ("b", expected)
    assert ("gehoertNachrichtlichZuBereich" in objekt.attribute) == bool(charakter)


def test_an_object_of_two_bereiche_names_both(tmp_path: Path) -> None:
    links = link("gehoertZuBP_Bereich", "b") + link("gehoertZuBP_Bereich", "c")
    area = feature("BP_GruenFlaeche", "g", links + prop("position", polygon()))
    found = only(read(tmp_path, xplangml(plan(), bereich("b"), bereich("c"), area, version="4.1")))
    [objekt] = found.objekte
    assert objekt.attribute["gehoertZuBP_Bereich"] == ["#b", "#c"]
    assert objekt.bereich in {"b", "c"}


@pytest.mark.parametrize("prefix", ["SO", "LP", "RP"])
def test_an_object_is_told_to_be_of_another_kind_of_plan(tmp_path: Path, prefix: str) -> None:
    other = plan("other", klasse=f"{prefix}_Plan", name="Anderes", nummer="9")
    part = feature(f"{prefix}_Bereich", "c", prop("nummer", "0") + link("gehoertZuPlan", "other"))
    theirs = feature(
        "SO_Denkmalschutzrecht", "d", link(f"gehoertZu{prefix}_Bereich", "c") + prop("position", polygon())
    )
    found = only(read(tmp_path, xplangml(plan(), bereich("b"), other, part, theirs, version="4.1")))
    assert list(found.objekte) == []


def test_every_geometry_of_a_property_is_kept_and_told(tmp_path: Path) -> None:
    area = feature("BP_GruenFlaeche", "g", prop("position", polygon() + POINT))
    batch = read(tmp_path, xplangml(plan(), area))
    [objekt] = only(batch).objekte
    assert objekt.geometry is not None
    assert objekt.geometry.area == pytest.approx(10_000)
    assert str(objekt.attribute["position"]).startswith("[{'type': 'Point'")
    assert told(batch, "attribute_repeated") == ["position (2 ×)"]


def test_a_geometry_of_a_kind_that_we_do_not_read_is_told(tmp_path: Path) -> None:
    body = '<gml:Solid srsName="EPSG:25832"><gml:exterior/></gml:Solid>'
    batch = read(tmp_path, xplangml(plan(), feature("BP_GruenFlaeche", "g", prop("position", body))))
    [objekt] = only(batch).objekte
    assert "gml:Solid" in str(objekt.attribute["position"])
    assert len(told(batch, "geometry_unreadable")) == 1


def test_the_name_that_gml_gives_a_feature_is_not_the_name_of_the_plan(tmp_path: Path) -> None:
    named = plan().replace("<xplan:name>", "<gml:name>BP_Plan.1</gml:name><xplan:name>", 1)
    batch = read(tmp_path, xplangml(named))
    assert only(batch).name == "Am Hang"
    assert only(batch).attribute == {"gml:name": "BP_Plan.1"}
    assert told(batch, "attribute_unknown") + told(batch, "attribute_repeated") == []
