"""Writes plans as XPlanGML 4.1, 5.4 or 6.0: elements in the order of the schema, ids that are the same at every run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID, uuid5

from lxml import etree

from muster.entwurf import Geometrie
from muster.gml import GML, Geometrieschreiber, huelle, koordinaten
from muster.klassen import Klasse, klasse
from muster.plan import MUSTERHINWEIS, Dokument, Plan, Version, Verweis
from muster.texte import FESTSETZUNGEN, begruendungstext
from muster.verfahren import BAUNVO_41, Rechtsgrundlage, baugb, baunvo

_XLINK = "http://www.w3.org/1999/xlink"
_WFS = "http://www.opengis.net/wfs/2.0"
_NAMENSRAUM = UUID("0b1c8d3e-7f5a-4d83-9a52-3f6f5d0c65a1")
_V41, _V54, _V60 = Version.V41, Version.V54, Version.V60

# XP_ExterneReferenzTyp -> the attribute that 4.1 has for it.
_REFERENZ_41 = {1010: "refBegruendung", 1030: "refRechtsplan", 1050: "refUmweltbericht", 1060: "refSatzung"}


def schreiben(plaene: Sequence[Plan], *, als_wfs: bool = False) -> bytes:
    """One document with the plans, which must be of the same version; root XPlanAuszug or wfs:FeatureCollection."""
    erster = plaene[0]
    ns = erster.version.namensraum
    kuerzel = {"xplan": ns, "gml": GML, "xlink": _XLINK}
    if als_wfs:
        wurzel = etree.Element(f"{{{_WFS}}}FeatureCollection", nsmap={"wfs": _WFS, **kuerzel})
        wurzel.set("timeStamp", f"{erster.hergestellt.isoformat()}T12:00:00Z")
        glied = f"{{{_WFS}}}member"
    else:
        wurzel = etree.Element(f"{{{ns}}}XPlanAuszug", nsmap=kuerzel)
        wurzel.set(f"{{{GML}}}id", _id("/".join(p.schluessel for p in plaene), "auszug"))
        gebiete = [p.zeichnung.geltungsbereich for p in plaene]
        huelle(wurzel, koordinaten(erster.crs), gebiete)
        glied = f"{{{GML}}}featureMember"
    anzahl = 0
    for plan in plaene:
        for objekt in _Planschreiber(plan, {p.name: _id(p.schluessel, "plan") for p in plaene}).objekte():
            etree.SubElement(wurzel, glied).append(objekt)
            anzahl += 1
    if als_wfs:
        wurzel.set("numberMatched", str(anzahl))
        wurzel.set("numberReturned", str(anzahl))
    etree.indent(wurzel, " ")
    dokument: bytes = etree.tostring(wurzel, xml_declaration=True, encoding="utf-8")
    return dokument


def _id(schluessel: str, was: str) -> str:
    return f"GML_{uuid5(_NAMENSRAUM, f'{schluessel}/{was}')}"


class _Planschreiber:
    """Writes the features of one plan."""

    def __init__(self, plan: Plan, plan_ids: dict[str, str]) -> None:
        self.plan = plan
        self.version = plan.version
        self.plan_ids = plan_ids
        self.plan_id = plan_ids[plan.name]
        self.bereich_id = _id(plan.schluessel, "bereich")
        self._zaehler: Counter[str] = Counter()
        self.crs = koordinaten(plan.crs)
        self.geometrie = Geometrieschreiber(self.crs, plan.zeichnung.boegen, self._neue_id)
        paare = [(i, klasse(i, plan.planwerk, plan.version)) for i in plan.zeichnung.inhalte]
        self.inhalte = [(self._neue_id("objekt"), i, k) for i, k in paare if k is not None]
        self.text_ids = {key: _id(plan.schluessel, f"text {key}") for key in plan.textschluessel}
        self.begruendung_id = _id(plan.schluessel, "begruendung")

    def objekte(self) -> Iterable[etree._Element]:
        yield self._plan()
        yield self._bereich()
        for gml_id, inhalt, art in self.inhalte:
            yield self._inhalt(gml_id, inhalt.texte, art, inhalt.geometrie)
        for key, gml_id in self.text_ids.items():
            yield self._text(key, gml_id)
        abschnitt = self._objekt("XP_BegruendungAbschnitt", self.begruendung_id)
        self._werte(abschnitt, ("schluessel", "1"), ("text", begruendungstext(self.plan)))
        yield abschnitt

    def _neue_id(self, was: str) -> str:
        self._zaehler[was] += 1
        return _id(self.plan.schluessel, f"{was} {self._zaehler[was]}")

    def _objekt(self, name: str, gml_id: str) -> etree._Element:
        objekt = etree.Element(f"{{{self.version.namensraum}}}{name}", nsmap={"xplan": self.version.namensraum})
        objekt.set(f"{{{GML}}}id", gml_id)
        return objekt

    def _kind(self, eltern: etree._Element, name: str, text: str | None = None) -> etree._Element:
        kind = etree.SubElement(eltern, f"{{{self.version.namensraum}}}{name}")
        kind.text = text
        return kind

    def _werte(self, eltern: etree._Element, *paare: tuple[str, str | int | bool | date | None]) -> None:
        """One element for each pair that has a value."""
        for name, wert in paare:
            if isinstance(wert, bool):
                self._kind(eltern, name, str(wert).lower())
            elif isinstance(wert, date):
                self._kind(eltern, name, wert.isoformat())
            elif wert is not None:
                self._kind(eltern, name, str(wert))

    def _verweis(self, eltern: etree._Element, name: str, gml_id: str) -> None:
        self._kind(eltern, name).set(f"{{{_XLINK}}}href", f"#{gml_id}")

    # The plan

    def _plan(self) -> etree._Element:
        plan, v = self.plan, self.plan.verfahren
        x = self._objekt(f"{plan.planwerk}_Plan", self.plan_id)
        huelle(x, self.crs, [plan.zeichnung.geltungsbereich])
        self._werte(
            x,
            ("name", plan.name),
            ("nummer", plan.nummer),
            ("beschreibung", MUSTERHINWEIS),
            ("technHerstellDatum", plan.hergestellt),
            ("genehmigungsDatum", v.genehmigung),
            ("untergangsDatum", v.untergang),
        )
        neu = self.version is _V60
        self._plan_verweis(x, "aendertPlan" if neu else "aendert", plan.aendert)
        self._plan_verweis(x, "wurdeGeaendertVonPlan" if neu else "wurdeGeaendertVon", plan.geaendert_von)
        self._werte(x, ("erstellungsMassstab", plan.massstab))
        if self.version is _V41:
            self._werte(x, ("xPlanGMLVersion", "4.1"))
        self.geometrie.multiflaeche(self._kind(x, "raeumlicherGeltungsbereich"), plan.zeichnung.geltungsbereich)
        self._referenzen(x, 1010, 1030) if self.version is _V41 else self._referenzen(x)
        for gml_id in self.text_ids.values():
            self._verweis(x, "texte", gml_id)
        self._verweis(x, "begruendungsTexte", self.begruendung_id)
        gemeinde = self._kind(self._kind(x, "gemeinde"), "XP_Gemeinde")
        self._werte(
            gemeinde,
            ("ags", plan.gemeinde.ags),
            ("gemeindeName", plan.gemeinde.name),
            ("ortsteilName", plan.ortsteil),
        )
        geber = self._kind(self._kind(x, "plangeber"), "XP_Plangeber")
        self._werte(geber, ("name", f"{plan.gemeinde.typ} {plan.gemeinde.name}"), ("kennziffer", plan.gemeinde.ags))
        self._werte(x, ("planArt", plan.planart))
        if self.version is not _V60 or plan.planwerk == "FP":
            self._werte(x, ("verfahren", plan.verfahrensart))
        self._werte(x, ("rechtsstand", v.rechtsstand))
        self._bp_daten(x) if plan.planwerk == "BP" else self._fp_daten(x)
        self._verweis(x, "bereich", self.bereich_id)
        return x

    def _bp_daten(self, x: etree._Element) -> None:
        v = self.plan.verfahren
        self._werte(x, ("aenderungenBisDatum", v.aenderungen_bis), ("aufstellungsbeschlussDatum", v.aufstellung))
        self._beteiligung(x)
        self._werte(
            x,
            ("satzungsbeschlussDatum", v.beschluss),
            ("inkrafttretensDatum", v.inkrafttreten),
            ("ausfertigungsDatum", v.ausfertigung),
        )
        if self.version is not _V60:
            self._werte(x, ("veraenderungssperre", False))
        vorhaben = self.plan.planart in {3000, 3100}
        self._werte(
            x,
            ("staedtebaulicherVertrag", vorhaben),
            ("erschliessungsVertrag", vorhaben),
            ("durchfuehrungsVertrag", vorhaben),
            ("gruenordnungsplan", False),
        )
        self._referenzen(x, 1050, 1060) if self.version is _V41 else self._rechtsgrundlagen(x)

    def _fp_daten(self, x: etree._Element) -> None:
        v = self.plan.verfahren
        self._werte(x, ("aufstellungsbeschlussDatum", v.aufstellung))
        self._beteiligung(x)
        self._werte(
            x,
            ("aenderungenBisDatum", v.aenderungen_bis),
            ("entwurfsbeschlussDatum", v.entwurfsbeschluss),
            ("planbeschlussDatum", v.beschluss),
            ("wirksamkeitsDatum", v.inkrafttreten),
        )
        self._referenzen(x, 1050) if self.version is _V41 else self._rechtsgrundlagen(x)

    def _beteiligung(self, x: etree._Element) -> None:
        v = self.plan.verfahren
        einzeln = self.plan.planwerk == "FP" and self.version is _V41
        for name, zeitraeume in (("auslegungs", v.auslegungen), ("traegerbeteiligungs", v.traegerbeteiligungen)):
            gewaehlt = zeitraeume[-1:] if einzeln else zeitraeume
            self._werte(x, *((f"{name}StartDatum", start) for start, _ in gewaehlt))
            self._werte(x, *((f"{name}EndDatum", ende) for _, ende in gewaehlt))

    def _rechtsgrundlagen(self, x: etree._Element) -> None:
        for name, gesetz in self._gesetze():
            if self.version is _V60:
                grund = self._kind(self._kind(x, f"version{name}"), "XP_GesetzlicheGrundlage")
                self._werte(grund, ("name", gesetz.name), ("datum", gesetz.datum), ("detail", gesetz.fundstelle))
            else:
                text = f"{gesetz.name} vom {gesetz.datum:%d.%m.%Y} ({gesetz.fundstelle})"
                self._werte(x, (f"version{name}Datum", gesetz.datum), (f"version{name}Text", text))

    def _gesetze(self) -> list[tuple[str, Rechtsgrundlage]]:
        tag = self.plan.verfahren.massgebend
        return [("BauNVO", baunvo(tag)), ("BauGB", baugb(tag))]

    def _plan_verweis(self, x: etree._Element, name: str, verweis: Verweis | None) -> None:
        if verweis is None:
            return
        v = self._kind(self._kind(x, name), "XP_VerbundenerPlan")
        self._werte(v, ("planName", verweis.name))
        self._werte(
            v, ("aenderungsArt" if self.version is _V60 else "rechtscharakter", "1000"), ("nummer", verweis.nummer)
        )
        if self.version is _V60:
            self._werte(v, ("aenderungsdatum", verweis.datum))
        if verweis.name in self.plan_ids and self.version is not _V41:
            self._verweis(v, "verbundenerPlan", self.plan_ids[verweis.name])

    def _referenzen(self, x: etree._Element, *typen: int) -> None:
        """The documents; with `typen` only those, in that order, as 4.1 wants them."""
        gewaehlt = [d for typ in typen for d in self.plan.dokumente if d.typ == typ] if typen else self.plan.dokumente
        for dokument in gewaehlt:
            self._referenz(x, dokument)

    def _referenz(self, x: etree._Element, dokument: Dokument) -> None:
        if self.version is _V41:
            r = self._kind(self._kind(x, _REFERENZ_41[dokument.typ]), "XP_ExterneReferenz")
        else:
            r = self._kind(self._kind(x, "externeReferenz"), "XP_SpezExterneReferenz")
        self._werte(
            r,
            ("art", "Dokument"),
            ("referenzName", dokument.titel),
            ("referenzURL", dokument.datei),
            ("referenzMimeType", "application/pdf"),
            ("beschreibung", MUSTERHINWEIS),
            ("datum", dokument.datum),
        )
        if self.version is not _V41:
            self._werte(r, ("typ", dokument.typ))

    # Bereich, contents, texts

    def _bereich(self) -> etree._Element:
        x = self._objekt(f"{self.plan.planwerk}_Bereich", self.bereich_id)
        self._werte(x, ("nummer", 0), ("name", "Geltungsbereich"))
        self._werte(x, ("erstellungsMasstab" if self.version is _V41 else "erstellungsMassstab", self.plan.massstab))
        self.geometrie.schreiben(self._kind(x, "geltungsbereich"), self.plan.zeichnung.geltungsbereich)
        if self.version is _V41:
            (_, nvo), (_, gb) = self._gesetze()
            self._werte(x, ("versionBauNVO", BAUNVO_41[nvo.datum.year]), ("versionBauGB", gb.datum))
        else:
            self._inhaltsliste(x, "planinhalt")
        if self.version is _V60 and self.plan.planwerk == "BP":
            self._werte(x, ("verfahren", self.plan.verfahrensart))
        self._verweis(x, "gehoertZuPlan", self.plan_id)
        if self.version is _V41:
            self._inhaltsliste(x, f"inhalt{self.plan.planwerk[0]}Plan")
        return x

    def _inhaltsliste(self, x: etree._Element, name: str) -> None:
        for gml_id, _, _ in self.inhalte:
            self._verweis(x, name, gml_id)

    def _inhalt(self, gml_id: str, texte: Sequence[str], art: Klasse, geometrie: Geometrie) -> etree._Element:
        x = self._objekt(art.name, gml_id)
        self._werte(x, ("ebene", 0))
        if self.version is not _V41:
            self._verweis(x, "gehoertZuBereich", self.bereich_id)
            self._werte(x, ("rechtscharakter", art.rechtscharakter))
        for key in texte:
            self._verweis(x, "refTextInhalt", self.text_ids[key])
        if self.version is _V41:
            self._werte(x, ("rechtscharakter", art.rechtscharakter))
            self._verweis(x, f"gehoertZu{self.plan.planwerk}_Bereich", self.bereich_id)
        self.geometrie.schreiben(self._kind(x, "position"), geometrie)
        self._werte(x, ("flaechenschluss", art.flaechenschluss))
        for name, wert in art.attribute:
            if isinstance(wert, str):
                self._kind(x, name, wert)
            else:
                datentyp, eigenschaft, code = wert
                self._kind(self._kind(self._kind(x, name), datentyp), eigenschaft, code)
        return x

    def _text(self, key: str, gml_id: str) -> etree._Element:
        grundlage, text = FESTSETZUNGEN[key]
        bp = self.plan.planwerk == "BP"
        x = self._objekt("XP_TextAbschnitt" if self.version is _V60 else f"{self.plan.planwerk}_TextAbschnitt", gml_id)
        self._werte(x, ("schluessel", key), ("gesetzlicheGrundlage", grundlage), ("text", text))
        self._werte(x, ("rechtscharakter", "1000" if bp or self.version is not _V60 else "3000"))
        return x
