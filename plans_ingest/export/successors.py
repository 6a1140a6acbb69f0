"""What XPlanGML 5.4 and older said, as 6.0 says it. What 6.0 has no word for stays under its old name, for the writer
to tell.
"""

from typing import Final

from plans_ingest import codelists
from plans_ingest.formats.xplangml.dokumente import TYP_OF_PROPERTY
from plans_ingest.model import Json

type Values = dict[str, list[Json]]

_BESONDERE: Final = "BP_VerkehrsflaecheBesondererZweckbestimmung"
_CLASSES: Final = {
    "BP_StrassenVerkehrsFlaeche": "SO_Strassenverkehr",
    "FP_Strassenverkehr": "SO_Strassenverkehr",
    "BP_GewaesserFlaeche": "SO_Gewaesser",
    "FP_Gewaesser": "SO_Gewaesser",
    "BP_WasserwirtschaftsFlaeche": "SO_Wasserwirtschaft",
    "FP_Wasserwirtschaft": "SO_Wasserwirtschaft",
    _BESONDERE: "SO_Strassenverkehr",
    "BP_TextlicheFestsetzungsFlaeche": "BP_TextAbschnittFlaeche",
    "FP_TextlicheDarstellungsFlaeche": "FP_TextAbschnittFlaeche",
    "BP_AbweichungVonUeberbaubererGrundstuecksFlaeche": "BP_AbweichungVonUeberbaubarerGrundstuecksFlaeche",
    "BP_FirstRichtungsLinie": "BP_GebaeudeStellung",
    "BP_Landwirtschaft": "BP_LandwirtschaftsFlaeche",
    "FP_LandwirtschaftsFlaeche": "FP_Landwirtschaft",
    "FP_NutzungsbeschraenkungsFlaeche": "FP_Nutzungsbeschraenkung",
    "BP_Sichtflaeche": "SO_Sichtflaeche",
}
# BP_ZweckbestimmungStrassenverkehr -> SO_ZweckbestimmungStrassenverkehr, by what the two schemas say of each number.
_ZWECK: Final = {
    "1000": "16000", "1100": "14002", "1200": "14000", "1300": "14003", "1400": "14004", "1500": "14005",
    "1550": "14006", "1560": "14007", "1580": "140012", "1600": "16001", "1700": "140010", "1800": "140011",
    "2000": "16002", "2100": "14001", "2200": "14014", "2300": "140013", "2400": "14015", "2500": "14008",
    "2600": "14009", "3000": "16005", "3100": "16006", "3200": "16003", "3300": "16004", "3400": "3400",
    "3500": "3500", "9999": "9999",
}  # fmt: skip
BEZUEGE: Final = {"aendert": "aendertPlan", "wurdeGeaendertVon": "wurdeGeaendertVonPlan"}
# XP_RechtscharakterPlanaenderung -> XP_Aenderungsarten, where the name is the same; 20000 has no counterpart.
_AENDERUNGSARTEN: Final = {"1000": "1000", "1100": "10001", "2000": "2000", "20001": "3000"}
# The same number with another meaning (tables/README.md): told, rather than said wrong.
RENUMBERED: Final = frozenset(
    {
        ("SO_KlassifizGewaesser", "2000"),
        ("SO_KlassifizNachWasserrecht", "1000"),
        ("XP_BedeutungenBereich", "2000"),
        ("XP_BedeutungenBereich", "3000"),
        ("XP_ZweckbestimmungVerEntsorgung", "26001"),
    }
)
_SPERRE: Final = {
    "veraenderungssperreDatum": "startDatum",
    "veraenderungssperreEndDatum": "endDatum",
    "verlaengerungVeraenderungssperre": "verlaengerung",
    "veraenderungssperreBeschlussDatum": "beschlussDatum",
}


def klasse(name: str) -> str:
    """The class of 6.0 for a class of any version."""
    if name.endswith("_TextAbschnitt"):
        return "XP_TextAbschnitt"
    return _CLASSES.get(name, name)


def values(name: str, old: Values) -> Values:
    """The properties of a feature of class `name` (its old name) of 5.4 or older."""
    new = dict(old)
    _referenzen(new)
    if "erstellungsMasstab" in new:
        new.setdefault("erstellungsMassstab", new.pop("erstellungsMasstab"))
    if name.endswith("_TextAbschnitt"):
        _rechtscharakter(name, new)
    if name.endswith("_Plan"):
        _grundlagen(new)
        _sperre(new)
    if name == "BP_StrassenVerkehrsFlaeche":  # the one with a special purpose was a class of its own
        new.setdefault("hatDarstellungMitBesondZweckbest", [False])
    if name == _BESONDERE:
        _besondere_zweckbestimmung(new)
    if name == "BP_FirstRichtungsLinie":
        new.setdefault("typ", ["1000"])
    return new


def bezug(fields: dict[str, Json]) -> dict[str, Json]:
    """An XP_VerbundenerPlan."""
    art = _AENDERUNGSARTEN.get(str(fields.get("rechtscharakter")))
    if art is None or "aenderungsArt" in fields:
        return fields
    return {key: value for key, value in fields.items() if key != "rechtscharakter"} | {"aenderungsArt": art}


def _referenzen(new: Values) -> None:
    """Before 5.0 a property's name said what a document is."""
    for name in new.keys() & TYP_OF_PROPERTY.keys():
        typ = str(int(TYP_OF_PROPERTY[name]))
        moved = [v for v in new[name] if isinstance(v, dict) and v.get("_klasse") == "XP_ExterneReferenz"]
        rest = [value for value in new.pop(name) if value not in moved]
        spez = [{**value, "_klasse": "XP_SpezExterneReferenz", "typ": typ} for value in moved]
        new["externeReferenz"] = [*new.get("externeReferenz", []), *spez]
        if rest:
            new[name] = rest


def _besondere_zweckbestimmung(new: Values) -> None:
    """Until 5.4 a class of its own; what it is for stood beside what it is for in detail."""
    new.setdefault("hatDarstellungMitBesondZweckbest", [True])
    details = new.get("detaillierteZweckbestimmung", [])
    zwecke = new.get("zweckbestimmung", [])
    if len(details) > min(len(zwecke), 1):
        return  # which detail is of which purpose nobody can say
    festlegungen: list[Json] = [
        {"_klasse": "SO_KomplexeZweckbestStrassenverkehr", "allgemein": _ZWECK[str(code)]}
        for code in zwecke
        if str(code) in _ZWECK
    ]
    if len(festlegungen) < len(zwecke) or "artDerFestlegung" in new:
        return
    if festlegungen and details and isinstance(festlegungen[0], dict):
        festlegungen[0]["detail"] = details[0]
        del new["detaillierteZweckbestimmung"]
    if zwecke:
        del new["zweckbestimmung"]
        new["artDerFestlegung"] = festlegungen


def _rechtscharakter(name: str, new: Values) -> None:
    code = str(next(iter(new.get("rechtscharakter", [])), ""))
    prefix = name.partition("_")[0]
    if code.isdecimal() and prefix in {"BP", "FP", "SO"}:
        found = codelists.rechtscharakter_from_54(prefix, int(code))
        if found is not None:
            new["rechtscharakter"] = [str(int(found))]


def _grundlagen(new: Values) -> None:
    for gesetz in ("versionBauNVO", "versionBauGB", "versionSonstRechtsgrundlage"):
        parts = {"datum": new.pop(f"{gesetz}Datum", None), "detail": new.pop(f"{gesetz}Text", None)}
        if any(parts.values()):
            name = gesetz.removeprefix("version")
            fields: dict[str, Json] = {"_klasse": "XP_GesetzlicheGrundlage"}
            fields |= {"name": name} if name.startswith("Bau") else {}
            new[gesetz] = [fields | {key: found[0] for key, found in parts.items() if found}]


def _sperre(new: Values) -> None:
    fields: dict[str, Json] = {"_klasse": "BP_VeraenderungssperreDaten"}
    for theirs, ours in _SPERRE.items():
        if theirs in new:
            fields[ours] = new.pop(theirs)[0]
    if len(fields) > 1:
        fields.setdefault("verlaengerung", "1000")  # none was told
        if new.get("veraenderungssperre") in (None, [True]):
            new["veraenderungssperre"] = [fields]
        else:
            new["veraenderungssperre"] = [*new["veraenderungssperre"], fields]
    elif new.get("veraenderungssperre") == [False]:
        del new["veraenderungssperre"]  # 6.0 says so by saying nothing
