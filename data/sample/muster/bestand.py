"""Which plans there are: for every municipality at least three Bebauungspläne and its Flächennutzungsplan."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from random import Random

import shapely
from shapely.geometry import LineString, Point, Polygon

from muster import quartiere as q
from muster.bebauung import bebauen, grundstuecke
from muster.entwurf import Entwurf, Lage, Wunsch, Zeichnung, zeichnen
from muster.flaechen import Punkt, auf_raster, runden
from muster.gemarkung import Gemarkung, flaechennutzungsplan, gemarkung
from muster.gemeinden import TEILNEHMER, Gemeinde
from muster.plan import Dokument, Plan, Version, Verweis
from muster.umrisse import gemeinsame_grenze, sitz
from muster.verfahren import AUSLEGUNGEN, STICHTAG, Verfahren, abgeschlossen, laufend
from muster.vorlagen import (
    AENDERUNGSSTAENDE,
    FP_RECHTSSTAENDE,
    NICHT_41,
    NUR_60,
    RECHTSSTAENDE,
    REIHEN,
    VORLAGEN,
    WOHNEN,
    Vorlage,
)

_VIERTER_AB_EINWOHNERN = 8500


@dataclass(frozen=True)
class Lieferung:
    """The plans of one archive."""

    plaene: tuple[Plan, ...]
    als_wfs: bool = False

    @property
    def datei(self) -> str:
        erster = self.plaene[0]
        return f"{erster.gemeinde.ags}_{erster.gemeinde.slug}_{erster.kuerzel}.zip"


def lieferungen(umrisse: dict[str, Polygon]) -> Iterator[Lieferung]:
    """All archives, municipality by municipality. `umrisse` maps AGS to outline (EPSG:25832)."""
    zaehler = count()
    for nr, gemeinde in enumerate(TEILNEHMER):
        land = _land(gemeinde, umrisse)
        plaene, plaetze = _bebauungsplaene(nr, land, zaehler)
        if nr % 3 == 1:
            ursprung, aenderung = _mit_aenderung(plaene[0], AENDERUNGSSTAENDE[nr // 3])
            if nr == 1:
                yield Lieferung((ursprung, aenderung))
            else:
                yield from (Lieferung((ursprung,)), Lieferung((aenderung,)))
            plaene = plaene[1:]
        for stelle, plan in enumerate(plaene):
            yield Lieferung((plan,), als_wfs=plan.version is not Version.V41 and (nr + stelle) % 4 == 0)
        yield Lieferung((_flaechennutzungsplan(nr, land, plaetze),))


def _land(gemeinde: Gemeinde, umrisse: dict[str, Polygon]) -> Gemarkung:
    """The open country, with roads and brooks that cross the border where the neighbour's do."""
    umriss = umrisse[gemeinde.ags]
    moeglich = (gemeinsame_grenze(umriss, andere) for ags, andere in umrisse.items() if ags != gemeinde.ags)
    grenzen = [grenze for grenze in moeglich if grenze is not None]
    strassen = [_anteil(grenze, 0.5) for grenze in grenzen if grenze.length > 3000]
    baeche = [_anteil(grenze, 0.22) for grenze in grenzen if round(grenze.length) % 2]
    return gemarkung(gemeinde, sitz(gemeinde), umriss, strassen, baeche)


def _anteil(linie: LineString, anteil: float) -> Punkt:
    punkt = linie.interpolate(anteil, normalized=True)
    return runden(punkt.x, punkt.y)


def _bebauungsplaene(
    nr: int, land: Gemarkung, zaehler: Iterator[int]
) -> tuple[list[Plan], list[tuple[Polygon, Wunsch]]]:
    """The Bebauungspläne, the housing scheme first, and what the Flächennutzungsplan shows in their places."""
    z = Random(f"Bestand {land.gemeinde.ags}")
    arten = [reihe[(nr + versatz) % len(reihe)] for versatz, reihe in enumerate(REIHEN)]
    if land.gemeinde.einwohner > _VIERTER_AB_EINWOHNERN:
        arten.append(REIHEN[1][(nr + 3) % len(REIHEN[1])])
    belegt: list[Polygon] = []
    plaene: list[Plan] = []
    plaetze: list[tuple[Polygon, Wunsch]] = []
    for art in arten:
        vorlage, stelle = VORLAGEN[art], next(zaehler)
        lage, platz = _lage(land, vorlage, belegt, z)
        belegt.append(platz)
        entwurf = Entwurf(lage, z)
        zeichnung = bebauen(vorlage.quartier(entwurf), entwurf.achsen, z)
        mit_aenderung = nr % 3 == 1 and not plaene
        rechtsstand = 4000 if mit_aenderung else RECHTSSTAENDE[stelle % len(RECHTSSTAENDE)]
        plaene.append(_plan(land, vorlage, zeichnung, rechtsstand, stelle, z))
        if vorlage.nutzung is not None:
            gebiet = zeichnung.geltungsbereich
            plaetze.append((gebiet, Wunsch(vorlage.nutzung[0], gebiet, vorlage.nutzung[1])))
    return _nummeriert(plaene, z), plaetze


def _lage(land: Gemarkung, vorlage: Vorlage, belegt: Sequence[Polygon], z: Random) -> tuple[Lage, Polygon]:
    """A free place near the seat; the quarter opens away from the village."""
    mitte, dorf = land.orte[0].mitte, land.orte[0].radius
    nah, fern = (radien * dorf for radien in vorlage.weite)
    for versuch in range(900):
        richtung = z.uniform(0, math.tau)
        # Nearby first: the further out, the later it is tried.
        abstand = nah + (fern - nah) * min(1.0, z.random() * (0.05 + versuch / 400))
        ursprung = runden(mitte[0] + abstand * math.cos(richtung), mitte[1] + abstand * math.sin(richtung))
        lage = Lage(ursprung, richtung - math.pi / 2 + z.uniform(-0.4, 0.4))
        platz: Polygon = Point(lage.punkt(0, vorlage.voraus)).buffer(vorlage.radius)
        if land.frei(platz, belegt, vorlage.innerorts):
            return lage, platz
    raise LookupError(f"no room for {vorlage.titel[0]} in {land.gemeinde.name}")


def _plan(land: Gemarkung, vorlage: Vorlage, zeichnung: Zeichnung, rechtsstand: int, stelle: int, z: Random) -> Plan:
    """A Bebauungsplan without its number, which depends on the others."""
    if rechtsstand < 4000:
        verfahren = laufend(rechtsstand, z, AUSLEGUNGEN[stelle % len(AUSLEGUNGEN)])
    else:
        verfahren = abgeschlossen(rechtsstand, z.randrange(vorlage.ab_jahr, 2026), z)
    urban = any(inhalt.werte.get("besondere") == "1550" for inhalt in zeichnung.inhalte)
    version = (Version.V54, Version.V60, Version.V41)[stelle % 3]
    if rechtsstand in NUR_60:
        version = Version.V60
    elif version is Version.V41 and (rechtsstand in NICHT_41 or urban):
        version = Version.V54
    planart = vorlage.planarten[stelle % len(vorlage.planarten)]
    if version is Version.V41 and planart == 3100:
        planart = 3000
    mitten_im_ort = math.dist(zeichnung.geltungsbereich.centroid.coords[0], land.orte[0].mitte) < 900
    return Plan(
        gemeinde=land.gemeinde,
        planwerk="BP",
        nummer=None,
        name=vorlage.titel[stelle % len(vorlage.titel)],
        planart=planart,
        verfahrensart=_verfahrensart(vorlage, verfahren, version),
        verfahren=verfahren,
        version=version,
        crs=_crs(stelle),
        massstab=vorlage.massstab,
        hergestellt=_hergestellt(verfahren, z),
        zeichnung=zeichnung,
        dokumente=(),
        ortsteil=land.gemeinde.kernort if mitten_im_ort else None,
    )


def _verfahrensart(vorlage: Vorlage, verfahren: Verfahren, version: Version) -> int:
    """BP_Verfahren: 13b was open from 2017 to 2023 for housing at the edge, 13a since 2007 inside the village."""
    jahr = verfahren.aufstellung.year
    if vorlage.nutzung == WOHNEN and 2017 <= jahr <= 2021 and version is not Version.V41:
        return 4000
    if vorlage.nutzung is None:
        return 3000 if jahr >= 2007 else 1000
    return 2000 if vorlage.innerorts else 1000


def _crs(stelle: int) -> str:
    if stelle % 9 == 4:
        return "EPSG:31467"
    return "urn:adv:crs:ETRS89_UTM32" if stelle % 7 == 3 else "EPSG:25832"


def _hergestellt(verfahren: Verfahren, z: Random) -> date:
    """When the file was made: in the last two years and a half, but not before the plan."""
    v = verfahren
    zuletzt = v.inkrafttreten or v.beschluss or v.aenderungen_bis or v.aufstellung
    fruehestens = max(zuletzt, STICHTAG - timedelta(days=900))
    return fruehestens + timedelta(days=z.randrange(max(1, (STICHTAG - fruehestens).days)))


_SATZUNGEN = {
    4000: "Innenbereichssatzung",
    40000: "Klarstellungssatzung",
    40001: "Entwicklungssatzung",
    40002: "Ergänzungssatzung",
    5000: "Außenbereichssatzung",
}


def _nummeriert(plaene: list[Plan], z: Random) -> list[Plan]:
    """The same plans, numbered in the order in which they were begun. Satzungen under § 34 and § 35 bear no number."""
    nummer = z.randrange(2, 8)
    nummern: dict[int, int] = {}
    for stelle in sorted(range(len(plaene)), key=lambda s: plaene[s].verfahren.aufstellung):
        nummern[stelle] = nummer
        nummer += z.randrange(1, 6)
    return [_benannt(plan, nummern[stelle]) for stelle, plan in enumerate(plaene)]


def _benannt(plan: Plan, nummer: int) -> Plan:
    if plan.planart in _SATZUNGEN:
        return _mit_dokumenten(
            replace(plan, name=f"{_SATZUNGEN[plan.planart]} „{plan.name}“", kuerzel=f"satzung{nummer}")
        )
    zusatz = " (vorhabenbezogen)" if plan.planart in {3000, 3100} else ""
    name = f"Nr. {nummer} „{plan.name}“{zusatz}"
    return _mit_dokumenten(replace(plan, nummer=str(nummer), name=name, kuerzel=f"bp{nummer}"))


def _mit_dokumenten(plan: Plan) -> Plan:
    v = plan.verfahren
    tag = v.beschluss or v.aenderungen_bis or v.aufstellung
    liste = [(1010, "Begründung"), (1030, "Planzeichnung")]
    if plan.verfahrensart == 1000 and (plan.planwerk == "FP" or v.aufstellung.day % 2):
        liste.append((1050, "Umweltbericht"))
    if plan.planwerk == "BP" and plan.textschluessel and v.rechtsstand >= 2000:
        liste.append((1060, "Textliche Festsetzungen"))
    return replace(
        plan,
        dokumente=tuple(
            Dokument(typ, titel, f"{plan.kuerzel.upper()}_{_ASCII[titel]}.pdf", tag) for typ, titel in liste
        ),
    )


_ASCII = {
    "Begründung": "Begruendung",
    "Planzeichnung": "Planzeichnung",
    "Umweltbericht": "Umweltbericht",
    "Textliche Festsetzungen": "Festsetzungen",
}


def _mit_aenderung(ursprung: Plan, rechtsstand: int) -> tuple[Plan, Plan]:
    """The plan and its first Änderung, which takes one building area inside it; linked both ways once in force."""
    z = Random(f"Änderung {ursprung.schluessel}")
    gebiet = grundstuecke(ursprung.zeichnung)[0]
    schnitt = _haelfte(gebiet)
    wuensche = [
        Wunsch("baugebiet", auf_raster(schnitt), q.WA_DICHT, ("1.1", "2.1", "3.1")),
        Wunsch("baugebiet", gebiet, q.WA1, ("1.1", "2.1", "3.1")),
    ]
    zeichnung = zeichnen(gebiet, wuensche, mindestflaeche=300, boegen=ursprung.zeichnung.boegen)
    if rechtsstand < 4000:
        verfahren = laufend(rechtsstand, z, AUSLEGUNGEN[0])
    else:
        fruehestens = (ursprung.verfahren.inkrafttreten or STICHTAG).year + 3
        verfahren = abgeschlossen(rechtsstand, z.randrange(min(fruehestens, 2024), 2026), z)
    aenderung = replace(
        ursprung,
        nummer=f"{ursprung.nummer}, 1. Änderung",
        name=f"{ursprung.name}, 1. Änderung",
        kuerzel=f"{ursprung.kuerzel}-1ae",
        verfahrensart=2000,
        verfahren=verfahren,
        hergestellt=_hergestellt(verfahren, z),
        zeichnung=bebauen(zeichnung, (), z, umgebung=ursprung.zeichnung),
        aendert=Verweis(ursprung.name, str(ursprung.nummer), verfahren.inkrafttreten),
    )
    if rechtsstand >= 4000:
        verweis = Verweis(aenderung.name, str(aenderung.nummer), verfahren.inkrafttreten)
        ursprung = replace(ursprung, geaendert_von=verweis)
    return ursprung, _mit_dokumenten(aenderung)


def _haelfte(gebiet: Polygon) -> Polygon:
    """One half of an area, cut across its long side."""
    rahmen = shapely.minimum_rotated_rectangle(gebiet).buffer(5, join_style="mitre")
    a, b, c, d, _ = rahmen.exterior.coords
    if math.dist(a, b) < math.dist(b, c):
        a, b, c, d = b, c, d, a
    halb_ab = LineString([a, b]).interpolate(0.5, normalized=True)
    halb_cd = LineString([c, d]).interpolate(0.5, normalized=True)
    return Polygon([a, (halb_ab.x, halb_ab.y), (halb_cd.x, halb_cd.y), d])


def _flaechennutzungsplan(nr: int, land: Gemarkung, plaetze: Sequence[tuple[Polygon, Wunsch]]) -> Plan:
    z = Random(f"FNP {land.gemeinde.ags}")
    rechtsstand = FP_RECHTSSTAENDE.get(nr, 4000)
    if rechtsstand < 4000:
        verfahren = laufend(rechtsstand, z, AUSLEGUNGEN[nr % len(AUSLEGUNGEN)])
    else:
        verfahren = abgeschlossen(rechtsstand, z.randrange(1996, 2024), z, genehmigt=True)
    return _mit_dokumenten(
        Plan(
            gemeinde=land.gemeinde,
            planwerk="FP",
            nummer=None,
            name=f"Flächennutzungsplan der {land.gemeinde.typ} {land.gemeinde.name}",
            planart=1000,
            verfahrensart=1000,
            verfahren=verfahren,
            version=(Version.V60, Version.V41, Version.V54)[nr % 3],
            crs="urn:adv:crs:ETRS89_UTM32" if nr % 7 == 3 else "EPSG:25832",
            massstab=10000,
            hergestellt=_hergestellt(verfahren, z),
            zeichnung=flaechennutzungsplan(land, plaetze),
            dokumente=(),
            kuerzel="fp",
        )
    )
