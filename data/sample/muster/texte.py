"""Texts of the sample plans: textual Festsetzungen, and the documents that a plan refers to. All invented."""

from muster.flaechen import polygone
from muster.plan import MUSTERHINWEIS, Dokument, Plan
from muster.verfahren import STICHTAG, baugb

_GEMEINDEORGAN = {"Stadt": "Stadtverordnetenversammlung", "Gemeinde": "Gemeindevertretung"}

FESTSETZUNGEN: dict[str, tuple[str, str]] = {
    "1": ("§ 5 Abs. 2 Nr. 9 BauGB", "Flächen für die Landwirtschaft sind in ihrem Bestand dargestellt."),
    "1.1": (
        "§ 9 Abs. 1 Nr. 1 BauGB, §§ 3 und 4 BauNVO",
        "Ausnahmen nach § 3 Abs. 3 und § 4 Abs. 3 BauNVO sind nicht Bestandteil des Bebauungsplans. "
        "Je Wohngebäude sind höchstens zwei Wohnungen zulässig.",
    ),
    "1.2": (
        "§ 9 Abs. 1 Nr. 1 BauGB, § 8 BauNVO",
        "Einzelhandel ist nur zulässig, soweit er einem Betrieb räumlich und funktional untergeordnet ist. "
        "Vergnügungsstätten sind ausgeschlossen.",
    ),
    "1.3": (
        "§ 9 Abs. 1 Nr. 1 BauGB, §§ 5, 6 und 6a BauNVO",
        "Im Erdgeschoss entlang des Platzes sind Wohnungen nicht zulässig. Tankstellen sind ausgeschlossen.",
    ),
    "1.4": (
        "§ 9 Abs. 1 Nr. 1 BauGB, § 11 BauNVO",
        "Das Sondergebiet dient der Gewinnung von Strom aus Sonnenenergie. Module dürfen höchstens 3,5 m über Gelände "
        "reichen; die Unterkante liegt mindestens 0,8 m über Gelände. Einfriedungen halten 15 cm Bodenabstand.",
    ),
    "1.5": (
        "§ 9 Abs. 1 Nr. 1 BauGB, § 11 BauNVO",
        "Zulässig ist ein Lebensmittelmarkt mit höchstens 1.200 m² Verkaufsfläche. Das Dach ist zu begrünen.",
    ),
    "1.6": (
        "§ 9 Abs. 1 Nr. 1 BauGB, § 10 BauNVO",
        "Zulässig sind Ferienhäuser mit höchstens 90 m² Grundfläche. Dauerwohnen ist unzulässig.",
    ),
    "2.1": (
        "§ 9 Abs. 1 Nr. 2 BauGB, § 23 BauNVO",
        "Untergeordnete Bauteile dürfen die Baugrenzen um bis zu 1,50 m überschreiten. Garagen und Stellplätze sind "
        "auch außerhalb der überbaubaren Grundstücksflächen zulässig, nicht jedoch in den Vorgärten.",
    ),
    "3.1": (
        "§ 9 Abs. 1 Nr. 4 BauGB",
        "Garagen halten zur Straßenbegrenzungslinie mindestens 5 m Abstand.",
    ),
    "4.1": (
        "§ 9 Abs. 1 Nr. 14 BauGB",
        "Niederschlagswasser ist auf den Grundstücken in Zisternen zurückzuhalten und gedrosselt in das "
        "Regenrückhaltebecken abzuleiten.",
    ),
    "5.1": (
        "§ 9 Abs. 1 Nr. 25 BauGB",
        "Zu pflanzen sind heimische, standortgerechte Laubgehölze: Bäume als Hochstamm mit 16–18 cm Stammumfang, "
        "Hecken dreireihig. Ausfälle sind in der folgenden Pflanzzeit zu ersetzen.",
    ),
    "5.2": (
        "§ 9 Abs. 1 Nr. 20 BauGB",
        "Die Fläche ist als artenreiches Grünland zu entwickeln: zweimal jährlich mähen, nicht vor dem 15. Juni, "
        "Mahdgut abräumen, keine Düngung.",
    ),
    "6.1": (
        "§ 9 Abs. 1 Nr. 24 BauGB",
        "Zulässig sind Betriebe, deren Geräusche tags 60 dB(A) und nachts 45 dB(A) je m² nicht überschreiten.",
    ),
}


def absaetze(plan: Plan, dokument: Dokument) -> list[str]:
    """The paragraphs of a document, without its title."""
    kopf = [f"{plan.gemeinde.name} · {plan.name}", MUSTERHINWEIS + "."]
    if dokument.typ == 1060:
        return [*kopf, *(f"{key}  {text} ({paragraf})" for key, (paragraf, text) in _texte(plan))]
    if dokument.typ == 1050:
        return [*kopf, *_umweltbericht(plan)]
    return [*kopf, *_begruendung(plan)]


def begruendungstext(plan: Plan) -> str:
    """The first paragraph of the Begründung, for XP_BegruendungAbschnitt."""
    return _begruendung(plan)[0]


def _texte(plan: Plan) -> list[tuple[str, tuple[str, str]]]:
    return [(key, FESTSETZUNGEN[key]) for key in plan.textschluessel]


def _hektar(flaeche_m2: float) -> str:
    return f"{flaeche_m2 / 10_000:.2f}".replace(".", ",") + " ha"


def _begruendung(plan: Plan) -> list[str]:
    flaeche = plan.zeichnung.geltungsbereich.area
    organ = _GEMEINDEORGAN[plan.gemeinde.typ]
    gesetz = baugb(plan.verfahren.massgebend).name
    absatz = [
        f"Anlass: Die {organ} hat am {plan.verfahren.aufstellung:%d.%m.%Y} beschlossen, den Plan aufzustellen. "
        f"Der Geltungsbereich umfasst {_hektar(flaeche)}.",
        "Flächenbilanz: " + "; ".join(f"{art} {_hektar(summe)}" for art, summe in _bilanz(plan)) + ".",
        "Abwägung: Die Belange des Umweltschutzes, der Landwirtschaft, des Verkehrs und der Nachbarschaft wurden "
        f"ermittelt und gegeneinander und untereinander gerecht abgewogen (§ 1 Abs. 7 {gesetz}).",
    ]
    for start, ende in plan.verfahren.auslegungen:
        zeitraum = f"vom {start:%d.%m.%Y} bis {ende:%d.%m.%Y}"
        if ende < STICHTAG:
            paragraf = "§ 2a Abs. 6 BBauG" if gesetz == "BBauG" else "§ 3 Abs. 2 BauGB"
            absatz.append(f"Der Entwurf lag {zeitraum} öffentlich aus ({paragraf}).")
        else:
            absatz.append(f"Der Entwurf wird {zeitraum} im Internet veröffentlicht (§ 3 Abs. 2 BauGB).")
    return absatz


def _umweltbericht(plan: Plan) -> list[str]:
    offen = sum(s for art, s in _bilanz(plan) if art in {"Grünflächen", "Wald", "Landwirtschaft", "Gewässer"})
    return [
        f"Boden und Fläche: Von {_hektar(plan.zeichnung.geltungsbereich.area)} bleiben {_hektar(offen)} unbebaut.",
        "Tiere und Pflanzen: Rodungen nur zwischen Oktober und Februar; vor Baubeginn wird auf Brutplätze geprüft.",
        "Klima und Luft: Kaltluftbahnen bleiben frei; Dächer unter 10° Neigung werden begrünt.",
        "Überwachung: Zwei Jahre nach Fertigstellung prüft die Gemeinde die Pflanzungen und die Rückhaltung.",
    ]


_ARTEN = {
    "baugebiet": "Bauflächen",
    "strasse": "Verkehrsflächen",
    "weg": "Verkehrsflächen",
    "gruen": "Grünflächen",
    "spielplatz": "Spiel und Sport",
    "gemeinbedarf": "Gemeinbedarf",
    "wald": "Wald",
    "landwirtschaft": "Landwirtschaft",
    "gewaesser": "Gewässer",
    "versorgung": "Ver- und Entsorgung",
}


def _bilanz(plan: Plan) -> list[tuple[str, float]]:
    """Area (m²) by kind, in the order of the table above."""
    summen: dict[str, float] = dict.fromkeys(_ARTEN.values(), 0.0)
    for inhalt in plan.zeichnung.inhalte:
        if not inhalt.ueberlagert:
            summen[_ARTEN[inhalt.art]] += sum(teil.area for teil in polygone(inhalt.geometrie))
    return [(art, summe) for art, summe in summen.items() if summe > 0]
