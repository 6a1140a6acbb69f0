"""A small plan with all that a plan has, and what two writings of it have to say alike."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from plans_ingest import Batch, ingest
from plans_ingest.model import Plan, Planobjekt
from tests.files import bereich, feature, link, plan, polygon, positions, prop, xplangml

XPLAN = "http://www.xplanung.de/xplangml/5/4"
GML = "http://www.opengis.net/gml/3.2"
SRS = ' srsName="EPSG:25832"'
HALF = "0 0 100 0 100 50 0 50 0 0"
HOLED = (
    f"<gml:Polygon{SRS}><gml:exterior><gml:LinearRing><gml:posList>"
    f"{positions('0 50 100 50 100 100 0 100 0 50')}</gml:posList></gml:LinearRing></gml:exterior>"
    "<gml:interior><gml:LinearRing><gml:posList>"
    f"{positions('40 60 40 80 60 80 60 60 40 60')}</gml:posList></gml:LinearRing></gml:interior></gml:Polygon>"
)
LINE = f"<gml:LineString{SRS}><gml:posList>{positions('10 10 50 20 90 10')}</gml:posList></gml:LineString>"
ARC = (
    f"<gml:Curve{SRS}><gml:segments><gml:Arc><gml:posList>{positions('20 20 30 30 40 20')}</gml:posList></gml:Arc>"
    f"<gml:LineStringSegment><gml:posList>{positions('40 20 80 20')}</gml:posList></gml:LineStringSegment>"
    "</gml:segments></gml:Curve>"
)
POINT = f"<gml:Point{SRS}><gml:pos>{positions('30 30')}</gml:pos></gml:Point>"


def objekt(klasse: str, gml_id: str, shape: str, *more: str) -> str:
    return feature(klasse, gml_id, "".join((link("gehoertZuBereich", "bereich"), prop("position", shape), *more)))


REFERENZ = (
    "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>Anlagen/Begründung.pdf</xplan:referenzURL><xplan:typ>1010</xplan:typ>"
    "</xplan:XP_SpezExterneReferenz>"
)
GEMEINDE = (
    "<xplan:XP_Gemeinde><xplan:ags>06534008</xplan:ags><xplan:gemeindeName>Ebsdorfergrund</xplan:gemeindeName>"
    "<xplan:ortsteilName>Dreihausen</xplan:ortsteilName></xplan:XP_Gemeinde>"
)
MEMBERS = (
    plan(
        name="Am Hang – Süd",
        gemeinde=prop("externeReferenz", REFERENZ) + link("texte", "text") + prop("gemeinde", GEMEINDE),
        extra=prop("rechtsstand", "4000") + prop("inkrafttretensDatum", "2021-03-04") + link("bereich", "bereich"),
    ),
    bereich(extra="".join(link("planinhalt", each) for each in ("flaeche", "rest", "linie", "bogen"))),
    feature("BP_TextAbschnitt", "text", prop("schluessel", "§ 1") + prop("text", "Dächer sind zu begrünen. <5° > 3°")
            .replace("<5", "&lt;5").replace("> 3", "&gt; 3")),
    objekt("BP_BaugebietsTeilFlaeche", "flaeche", polygon(HALF), link("refTextInhalt", "text"),
           prop("flaechenschluss", "true"), '<xplan:GF uom="m2">250.5</xplan:GF>', prop("GRZ", "0.40"),
           prop("besondereArtDerBaulNutzung", "1200")),
    objekt("BP_GruenFlaeche", "rest", HOLED, prop("rechtscharakter", "1000"), prop("zweckbestimmung", "1000")),
    objekt("BP_BauGrenze", "linie", LINE, prop("bautiefe", "5")),
    objekt("BP_BauLinie", "bogen", ARC),
    objekt("XP_PTO", "schrift", POINT, link("dientZurDarstellungVon", "flaeche"), prop("art", "GRZ"),
           prop("schriftinhalt", "GRZ 0,4"), '<xplan:drehwinkel uom="grad">12</xplan:drehwinkel>'),
)  # fmt: skip


def document(*members: str) -> str:
    return xplangml(*(members or MEMBERS))


def read(tmp_path: Path, content: str | bytes, name: str = "plan.gml") -> Batch:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    workdir = tmp_path / "work"
    workdir.mkdir()
    return ingest(file, workdir, srid=25832)


def shape(geometry: BaseGeometry | None) -> Any:
    """What is the same of two geometries that cover the same: single or multi, wherever their points are set."""
    if geometry is None:
        return None
    sizes: list[float] = [int(shapely.get_dimensions(geometry)), geometry.area, geometry.length, *geometry.bounds]
    return [round(size, 2) + 0.0 for size in [*sizes, *geometry.centroid.coords[0]]]


def words_of(each: Planobjekt, ids: Callable[[str], str]) -> str:
    words = asdict(each) | {"geometry": shape(each.geometry), "original": None}
    return ids(json.dumps(words, sort_keys=True, default=str, ensure_ascii=False))


def said(plan: Plan, ids: Callable[[str], str] = lambda words: words) -> Any:
    """All that the plan says, in an order of its own."""
    words = asdict(plan) | {
        "geltungsbereich": shape(plan.geltungsbereich),
        "bereiche": [asdict(each) | {"geltungsbereich": shape(each.geltungsbereich)} for each in plan.bereiche],
        "objekte": sorted(words_of(each, ids) for each in plan.objekte),
        "xplan_version": "",
    }
    return json.loads(ids(json.dumps(words, sort_keys=True, default=str, ensure_ascii=False)))


def same(batch: Batch, tmp_path: Path, ids: Callable[[str], str] = lambda words: words) -> bool:
    folder = tmp_path / "usual"
    folder.mkdir()
    [usual] = read(folder, document())
    [found] = batch.plans
    assert said(found, ids) == said(usual, ids)
    return True
