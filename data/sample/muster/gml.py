"""Writes geometry as GML 3.2 in the subset that XPlanung allows (specification 2.1.3 and 2.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import shapely
from lxml import etree
from pyproj import Transformer
from shapely.geometry import LineString, Point, Polygon

from muster.entwurf import Geometrie
from muster.flaechen import Bogen, Punkt, abschnitte, ringe, runden

GML = "http://www.opengis.net/gml/3.2"

# EPSG:25832 to EPSG:31467 by the published seven parameters (EPSG operation 1777). Written out, because a search by
# codes would take a grid on machines that have one, and the files would differ by a metre from place to place.
_NACH_GAUSS_KRUEGER = (
    "+proj=pipeline +step +inv +proj=utm +zone=32 +ellps=GRS80 +step +proj=push +v_3 +step +proj=cart +ellps=GRS80 "
    "+step +inv +proj=helmert +x=598.1 +y=73.7 +z=418.2 +rx=0.202 +ry=0.045 +rz=-2.455 +s=6.7 "
    "+convention=position_vector +step +inv +proj=cart +ellps=bessel +step +proj=pop +v_3 "
    "+step +proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +y_0=0 +ellps=bessel"
)


@dataclass(frozen=True)
class Koordinaten:
    """How the document names its CRS, and how to get there from EPSG:25832."""

    srs_name: str
    umrechnen: Callable[[Punkt], Punkt]


def koordinaten(srs_name: str) -> Koordinaten:
    if srs_name == "EPSG:31467":
        rechner = Transformer.from_pipeline(_NACH_GAUSS_KRUEGER)
        return Koordinaten(srs_name, lambda p: rechner.transform(*p))
    return Koordinaten(srs_name, lambda p: p)


def huelle(eltern: etree._Element, crs: Koordinaten, flaechen: Sequence[Polygon]) -> None:
    """gml:boundedBy around the areas, in the document's CRS."""
    punkte = [crs.umrechnen(p) for flaeche in flaechen for ring in ringe(flaeche) for p in ring]
    xs, ys = [x for x, _ in punkte], [y for _, y in punkte]
    rahmen = etree.SubElement(etree.SubElement(eltern, f"{{{GML}}}boundedBy"), f"{{{GML}}}Envelope")
    rahmen.set("srsName", crs.srs_name)
    etree.SubElement(rahmen, f"{{{GML}}}lowerCorner").text = f"{min(xs):.3f} {min(ys):.3f}"
    etree.SubElement(rahmen, f"{{{GML}}}upperCorner").text = f"{max(xs):.3f} {max(ys):.3f}"


class Geometrieschreiber:
    """Appends geometry to property elements; knows the arcs of the drawing and hands out ids."""

    def __init__(self, crs: Koordinaten, boegen: Sequence[Bogen], neue_id: Callable[[str], str]) -> None:
        self._crs = crs
        self._boegen = boegen
        self._neue_id = neue_id

    def schreiben(self, eltern: etree._Element, geometrie: Geometrie) -> None:
        if isinstance(geometrie, Point):
            pos = etree.SubElement(self._objekt(eltern, "Point"), f"{{{GML}}}pos")
            pos.text = self._liste([runden(geometrie.x, geometrie.y)])
        elif isinstance(geometrie, LineString):
            self._linie(eltern, [runden(*p) for p in geometrie.coords])
        else:
            self._polygon(eltern, geometrie)

    def multiflaeche(self, eltern: etree._Element, flaeche: Polygon) -> None:
        multi = self._objekt(eltern, "MultiSurface")
        self._polygon(etree.SubElement(multi, f"{{{GML}}}surfaceMember"), flaeche)

    def _polygon(self, eltern: etree._Element, flaeche: Polygon) -> None:
        polygon = self._objekt(eltern, "Polygon")
        # Exterior counter-clockwise, holes clockwise: the area lies to the left.
        for nr, ring in enumerate(ringe(shapely.orient_polygons(flaeche))):
            rand = etree.SubElement(polygon, f"{{{GML}}}{'interior' if nr else 'exterior'}")
            stuecke = abschnitte(ring, self._boegen)
            if any(art == "bogen" for art, _ in stuecke):
                glied = etree.SubElement(etree.SubElement(rand, f"{{{GML}}}Ring"), f"{{{GML}}}curveMember")
                self._kurve(glied, stuecke)
            else:
                linear = etree.SubElement(rand, f"{{{GML}}}LinearRing")
                etree.SubElement(linear, f"{{{GML}}}posList").text = self._liste(ring)

    def _linie(self, eltern: etree._Element, punkte: list[Punkt]) -> None:
        stuecke = abschnitte(punkte, self._boegen)
        if any(art == "bogen" for art, _ in stuecke):
            self._kurve(eltern, stuecke)
        else:
            linie = self._objekt(eltern, "LineString")
            etree.SubElement(linie, f"{{{GML}}}posList").text = self._liste(punkte)

    def _kurve(self, eltern: etree._Element, stuecke: Sequence[tuple[str, list[Punkt]]]) -> None:
        segmente = etree.SubElement(self._objekt(eltern, "Curve"), f"{{{GML}}}segments")
        for art, punkte in stuecke:
            segment = etree.SubElement(segmente, f"{{{GML}}}{'Arc' if art == 'bogen' else 'LineStringSegment'}")
            etree.SubElement(segment, f"{{{GML}}}posList").text = self._liste(punkte)

    def _objekt(self, eltern: etree._Element, art: str) -> etree._Element:
        objekt = etree.SubElement(eltern, f"{{{GML}}}{art}")
        objekt.set("srsName", self._crs.srs_name)
        objekt.set(f"{{{GML}}}id", self._neue_id(art))
        return objekt

    def _liste(self, punkte: Sequence[Punkt]) -> str:
        return " ".join(f"{x:.3f} {y:.3f}" for x, y in map(self._crs.umrechnen, punkte))
