"""Which XPlanGML class and attributes each content has, version by version (object catalogues 4.1, 5.4, 6.0)."""

from dataclasses import dataclass
from typing import Literal

from muster.entwurf import Inhalt, Werte
from muster.plan import Version

type Wert = str | tuple[str, str, str]
"""Plain text, or (data type, property, code) for a complex value: <type><property>code</property></type>."""

_V41, _V54, _V60 = Version.V41, Version.V54, Version.V60


@dataclass(frozen=True)
class Klasse:
    name: str
    attribute: tuple[tuple[str, Wert], ...]
    flaechenschluss: bool | None
    """None where the class has no such attribute or the geometry is no area."""
    rechtscharakter: str


def klasse(inhalt: Inhalt, planwerk: Literal["BP", "FP"], version: Version) -> Klasse | None:
    """The class for a content, or None where the version has none that fits."""
    if inhalt.art == "wasserschutz":
        return _wasserschutz(version)
    werte = inhalt.werte
    if version is _V60 and inhalt.art in {"strasse", "weg", "gewaesser"}:
        name, attribute = _so_60(inhalt)
    elif planwerk == "BP":
        name, attribute = _bp_name(inhalt.art, version), _bp_attribute(inhalt, version)
    else:
        name, attribute = _fp_name(inhalt.art, version), _fp_attribute(inhalt.art, werte, version)
    schluss = not inhalt.ueberlagert if inhalt.geometrie.geom_type == "Polygon" else None
    festsetzung = "3000" if planwerk == "FP" and version is _V60 else "1000"
    return Klasse(name, tuple(attribute), schluss, festsetzung)


def _zweck(werte: Werte, version: Version, datentyp: str, name: str = "zweckbestimmung") -> tuple[str, Wert]:
    """The purpose of an area. 4.1 knows only the general codes (the first four digits), 6.0 nests them."""
    code = werte["zweck"]
    if version is _V41:
        return name, code[:4]
    return (name, (datentyp, "allgemein", code)) if version is _V60 else (name, code)


_BP_NAMEN = {
    "strasse": "BP_StrassenVerkehrsFlaeche",
    "weg": "BP_VerkehrsflaecheBesondererZweckbestimmung",
    "baugebiet": "BP_BaugebietsTeilFlaeche",
    "gruen": "BP_GruenFlaeche",
    "spielplatz": "BP_SpielSportanlagenFlaeche",
    "gemeinbedarf": "BP_GemeinbedarfsFlaeche",
    "wald": "BP_WaldFlaeche",
    "landwirtschaft": "BP_LandwirtschaftsFlaeche",
    "gewaesser": "BP_GewaesserFlaeche",
    "versorgung": "BP_VerEntsorgung",
    "baufenster": "BP_UeberbaubareGrundstuecksFlaeche",
    "baugrenze": "BP_BauGrenze",
    "baulinie": "BP_BauLinie",
    "strassenbegrenzung": "BP_StrassenbegrenzungsLinie",
    "pflanzung": "BP_AnpflanzungBindungErhaltung",
    "massnahme": "BP_SchutzPflegeEntwicklungsFlaeche",
    "stellplatz": "BP_NebenanlagenFlaeche",
}
_ZWECK_ENDUNG = {
    "gruen": "Gruen",
    "spielplatz": "SpielSportanlage",
    "gemeinbedarf": "Gemeinbedarf",
    "wald": "Wald",
    "landwirtschaft": "Landwirtschaft",
    "versorgung": "VerEntsorgung",
    "stellplatz": "Nebenanlagen",
}


def _bp_name(art: str, version: Version) -> str:
    return "BP_Landwirtschaft" if art == "landwirtschaft" and version is _V41 else _BP_NAMEN[art]


def _bp_attribute(inhalt: Inhalt, version: Version) -> list[tuple[str, Wert]]:
    """In the order of the schema."""
    werte = inhalt.werte
    match inhalt.art:
        case "strasse":
            return [("nutzungsform", "2000")]
        case "weg":
            return [("zweckbestimmung", werte["bp"]), ("nutzungsform", "2000")]
        case "baugebiet":
            return _baugebiet(werte, version)
        case "gewaesser":
            return [("zweckbestimmung", werte["bp"])]
        case "pflanzung":
            return [("massnahme", werte["massnahme"]), ("gegenstand", werte["gegenstand"])]
        case "massnahme":
            daten = ("XP_SPEMassnahmenDaten", "klassifizMassnahme", werte["klassifikation"])
            return [("ziel", werte["ziel"]), ("massnahme", daten)]
        case art if art in _ZWECK_ENDUNG:
            zweck = _zweck(werte, version, f"BP_KomplexeZweckbest{_ZWECK_ENDUNG[art]}")
            return [zweck, *((name, werte[name]) for name in ("nutzungsform",) if name in werte)]
        case _:
            return []


_MASS = ("GFZ", "GRZ", "Z")


def _baugebiet(werte: Werte, version: Version) -> list[tuple[str, Wert]]:
    attribute: list[tuple[str, Wert]] = [(name, werte[name]) for name in _MASS if name in werte]
    attribute += [("allgArtDerBaulNutzung", werte["allg"]), ("besondereArtDerBaulNutzung", werte["besondere"])]
    if "sonder" in werte:
        sonder: Wert = (
            ("BP_KomplexeSondernutzung", "allgemein", werte["sonder"]) if version is _V60 else werte["sonder"]
        )
        attribute.append(("sondernutzung", sonder))
    namen = (("bauweise", "bauweise"), ("bebauungsArt", "hausform"))
    return attribute + [(name, werte[unser]) for name, unser in namen if unser in werte]


_FP_NAMEN = {
    "strasse": "FP_Strassenverkehr",
    "baugebiet": "FP_BebauungsFlaeche",
    "gruen": "FP_Gruen",
    "gemeinbedarf": "FP_Gemeinbedarf",
    "wald": "FP_WaldFlaeche",
    "landwirtschaft": "FP_Landwirtschaft",
    "gewaesser": "FP_Gewaesser",
    "versorgung": "FP_VerEntsorgung",
}


def _fp_name(art: str, version: Version) -> str:
    return "FP_LandwirtschaftsFlaeche" if art == "landwirtschaft" and version is _V41 else _FP_NAMEN[art]


def _fp_attribute(art: str, werte: Werte, version: Version) -> list[tuple[str, Wert]]:
    if art in {"strasse", "gewaesser"}:
        return [("zweckbestimmung", werte["fp"])]
    if art != "baugebiet":
        return [_zweck(werte, version, f"FP_KomplexeZweckbest{_ZWECK_ENDUNG[art]}")]
    attribute: list[tuple[str, Wert]] = [("allgArtDerBaulNutzung", werte["allg"])]
    if "sonder" in werte and version is _V60:
        attribute.append(("sondernutzung", ("FP_KomplexeSondernutzung", "allgemein", werte["sonder"])))
    elif "sonder" in werte:
        attribute.append(("sonderNutzung", werte["sonder"]))
    return attribute


def _so_60(inhalt: Inhalt) -> tuple[str, list[tuple[str, Wert]]]:
    """Streets and waters of 6.0, the same for both kinds of plan."""
    code = inhalt.werte.get("so")
    if inhalt.art == "gewaesser":
        return "SO_Gewaesser", [("artDerFestlegung", ("SO_KomplexeFestlegungGewaesser", "allgemein", str(code)))]
    attribute: list[tuple[str, Wert]] = []
    if code is not None:
        attribute.append(("artDerFestlegung", ("SO_KomplexeZweckbestStrassenverkehr", "allgemein", code)))
    if inhalt.art == "strasse" and code is None:
        attribute.append(("einteilung", "1400"))
    besonders = "true" if inhalt.art == "weg" else "false"
    attribute += [("nutzungsform", "2000"), ("hatDarstellungMitBesondZweckbest", besonders)]
    return "SO_Strassenverkehr", attribute


def _wasserschutz(version: Version) -> Klasse | None:
    """Drinking-water protection, taken over for information. In 4.1 a plan's Bereich would have to list it apart."""
    if version is _V41:
        return None
    return Klasse("SO_SchutzgebietWasserrecht", (("artDerFestlegung", "1000"), ("zone", "1200")), False, "2000")
