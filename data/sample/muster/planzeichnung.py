"""The plan drawing as a PDF: areas in the colours of the PlanZV, building windows, borders, legend."""

from muster.entwurf import Inhalt
from muster.flaechen import Punkt, ringe
from muster.pdf import ZEICHENFLAECHE, Pfad, zeichnung
from muster.plan import Plan

type Farbe = tuple[float, float, float]

_GRAU: Farbe = (0.35, 0.35, 0.35)
_BLAU: Farbe = (0.10, 0.36, 0.66)
_ROT: Farbe = (0.85, 0.15, 0.10)

# The PlanZV names colours without measuring them ("Rot mittel", "Braun mittel"); these are our mixtures.
_NUTZUNGEN: dict[str, tuple[Farbe, str]] = {
    "1000": ((0.91, 0.66, 0.58), "Wohnbaufläche"),
    "2000": ((0.82, 0.66, 0.42), "Gemischte Baufläche"),
    "3000": ((0.68, 0.70, 0.71), "Gewerbliche Baufläche"),
    "4000": ((0.98, 0.68, 0.28), "Sonderbaufläche"),
}
_ARTEN: dict[str, tuple[Farbe, str]] = {
    "strasse": ((0.98, 0.82, 0.30), "Verkehrsfläche"),
    "weg": ((0.99, 0.91, 0.62), "Verkehrsfläche bes. Zweckbest."),
    "gruen": ((0.56, 0.78, 0.40), "Grünfläche"),
    "spielplatz": ((0.70, 0.86, 0.50), "Spiel- und Sportfläche"),
    "gemeinbedarf": ((0.93, 0.55, 0.72), "Gemeinbedarf"),
    "wald": ((0.27, 0.66, 0.58), "Wald"),
    "landwirtschaft": ((0.85, 0.92, 0.60), "Landwirtschaft"),
    "gewaesser": ((0.60, 0.82, 0.92), "Wasserfläche"),
    "versorgung": ((0.99, 0.97, 0.55), "Ver- und Entsorgung"),
}
_LINIEN: dict[str, tuple[Farbe, float]] = {"baufenster": (_BLAU, 0.5), "baulinie": (_ROT, 0.8)}


def planzeichnung(plan: Plan) -> bytes:
    """One page; north is up, the scale is what fits."""
    x0, y0, x1, y1 = plan.zeichnung.geltungsbereich.bounds
    px0, py0, px1, py1 = ZEICHENFLAECHE
    massstab = min((px1 - px0) / (x1 - x0), (py1 - py0) / (y1 - y0))

    def blatt(punkt: Punkt) -> Punkt:
        return px0 + (punkt[0] - x0) * massstab, py0 + (punkt[1] - y0) * massstab

    pfade: list[Pfad] = []
    legende: dict[str, Pfad] = {}
    for inhalt in plan.zeichnung.inhalte:
        linien = _linien(inhalt)
        gezeichnet = tuple(tuple(map(blatt, linie)) for linie in linien)
        if not inhalt.ueberlagert:
            farbe, name = _NUTZUNGEN[inhalt.werte["allg"]] if inhalt.art == "baugebiet" else _ARTEN[inhalt.art]
            pfade.append(Pfad(gezeichnet, farbe, _GRAU, 0.3))
            legende[name] = pfade[-1]
        elif inhalt.art in _LINIEN:
            strich, staerke = _LINIEN[inhalt.art]
            pfade.append(Pfad(gezeichnet, strich=strich, staerke=staerke))
    rand = tuple(tuple(map(blatt, ring)) for ring in ringe(plan.zeichnung.geltungsbereich))
    pfade.append(Pfad(rand, strich=(0.1, 0.1, 0.1), staerke=1.6))
    meter = 72 / 0.0254 / massstab
    return zeichnung(
        f"{plan.name}",
        f"{plan.gemeinde.name} · Maßstab etwa 1 : {round(meter, -2):.0f}, Norden oben",
        pfade,
        [(pfad, name) for name, pfad in legende.items()],
    )


def _linien(inhalt: Inhalt) -> list[list[Punkt]]:
    if inhalt.geometrie.geom_type == "Polygon":
        return list(ringe(inhalt.geometrie))
    return [[(x, y) for x, y in inhalt.geometrie.coords]]
