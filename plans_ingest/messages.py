"""What each issue says to the planner: German first, English too, and how to mend it.

`{detail}` is filled with the issue's own detail. Every code is explained in docs/befunde.md (a test compares).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from plans_ingest.checks.rules import RULES
from plans_ingest.model import Issue

_MEASURE: Final = re.compile(r"(?<=\d)\.(?=\d+ m)")  # of metres, with or without a square


@dataclass(frozen=True, slots=True)
class Text:
    german: str
    english: str
    mend: str


TEXTS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "ags_from_rs": Text(
            "Als Gemeindeschlüssel steht der Regionalschlüssel {detail}; der Gemeindeschlüssel wurde daraus gebildet",
            "the municipality key is the regional key {detail}; the key was made from it",
            "In XP_Gemeinde.ags die acht Ziffern eintragen; der Regionalschlüssel gehört in rs.",
        ),
        "ags_invalid": Text(
            "Amtlicher Gemeindeschlüssel „{detail}“ hat keine acht Ziffern",
            "municipality key {detail!r} has not eight digits",
            "In XP_Gemeinde.ags die acht Ziffern eintragen, z. B. 06534008.",
        ),
        "ags_zero_lost": Text(
            "Amtlicher Gemeindeschlüssel {detail} hat sieben Ziffern; die führende Null wurde ergänzt",
            "municipality key {detail} has seven digits; the leading zero was added",
            "Den Schlüssel als Text führen, damit die Null nicht verloren geht.",
        ),
        "attachment_disguised": Text(
            "Die Datei ist nicht, was ihr Name verspricht; sie wird nicht veröffentlicht",
            "the file is not what its name says; it is not published",
            "Die Datei im Format speichern, das ihre Endung nennt.",
        ),
        "attachment_unreferenced": Text(
            "Die Datei liegt im Archiv, aber kein Plan verweist auf sie; sie wird nicht veröffentlicht",
            "no plan refers to this file of the archive; it is not published",
            "Im Plan eine externe Referenz mit diesem Dateinamen ergänzen oder die Datei weglassen.",
        ),
        "attribute_missing": Text(
            "Pflichtangaben fehlen: {detail}",
            "mandatory attributes are missing: {detail}",
            "Die genannten Attribute ergänzen.",
        ),
        "attribute_repeated": Text(
            "Attribut kommt öfter vor, als XPlanGML erlaubt: {detail}; alle Werte sind aufbewahrt",
            "attribute occurs more often than XPlanGML allows: {detail}; all values are kept",
            "Nur einen Wert angeben.",
        ),
        "attribute_unknown": Text(
            "Attribut {detail} gibt es in dieser XPlanGML-Version nicht; der Wert ist aufbewahrt, aber nicht gedeutet",
            "attribute {detail} does not exist in this version of XPlanGML; its value is kept but not understood",
            "Schreibweise und XPlanGML-Version prüfen.",
        ),
        "axes_swapped": Text(
            "Koordinaten in {detail} stehen als Hochwert, Rechtswert; sie wurden getauscht",
            "coordinates in {detail} come northing first; they were swapped",
            "Koordinaten als Rechtswert, Hochwert exportieren (XPlanung 2.1.3).",
        ),
        "bereich_without_plan": Text(
            "Der Bereich gehört zu keinem Plan; er wurde dem Plan {detail} zugeordnet",
            "the Bereich belongs to no plan; it was filed under plan {detail}",
            "gehoertZuPlan im Bereich oder bereich im Plan setzen.",
        ),
        "class_unknown": Text(
            "Die Objektart {detail} gehört nicht zu BP, FP, SO oder XP dieser Version; das Objekt ist aufbewahrt",
            "class {detail} is none of BP, FP, SO or XP in this version; the object is kept",
            "Objektart und XPlanGML-Version prüfen.",
        ),
        "code_by_word": Text(
            "Statt der amtlichen Nummer steht ein Wort: {detail}",
            "a word stands in place of the official number: {detail}",
            "Die Nummer aus der Codeliste eintragen.",
        ),
        "code_unknown": Text(
            "Wert steht nicht in der Codeliste dieser Version: {detail}; er ist aufbewahrt, wird aber nicht gedeutet",
            "value is not in this version's code list: {detail}; it is kept but not understood",
            "Einen Wert der amtlichen Codeliste verwenden.",
        ),
        "column_twice": Text(
            "Zwei Spalten heißen gleich: {detail}; gedeutet wird die erste",
            "two columns have the same name: {detail}; the first one is understood",
            "Die Spalten verschieden benennen; im Shapefile zählen nur zehn Zeichen.",
        ),
        "column_unknown": Text(
            "Kein Profil kennt die Spalte {detail}; ihre Werte sind aufbewahrt, aber nicht gedeutet",
            "no profile knows the column {detail}; its values are kept but not understood",
            "Die Spalte wie in der Vorlage benennen (geoportal template) oder im Manifest der Gemeinde eintragen.",
        ),
        "crs_assumed": Text(
            "Die Datei nennt kein Koordinatenreferenzsystem; nach der Größe der Koordinaten wurde {detail} angenommen",
            "the file names no coordinate reference system; {detail} was assumed from the size of the coordinates",
            "srsName an den Geometrien oder an gml:Envelope angeben, z. B. EPSG:25832. Lage auf der Karte prüfen!",
        ),
        "crs_inexact": Text(
            "Umrechnung {detail} Genauigkeit, weil das amtliche Gitter (BeTA2007) nicht vorliegt",
            "transformation {detail} accuracy, the national grid (BeTA2007) is not at hand",
            "In EPSG:25832 liefern, oder den Betrieb bitten, das Gitter zu hinterlegen.",
        ),
        "crs_unknown": Text(
            "Koordinatenreferenzsystem {detail} ist unbekannt; diese Geometrien können nicht dargestellt werden",
            "coordinate reference system {detail} is unknown; these geometries cannot be placed",
            "EPSG:25832 oder urn:adv:crs:ETRS89_UTM32 verwenden.",
        ),
        "curve_gap": Text(
            "Linienzug hat eine Lücke von {detail} zwischen zwei Segmenten; sie wurde gerade geschlossen",
            "curve has a gap of {detail} between two segments; it was closed by a straight line",
            "Segmente am selben Punkt beginnen lassen, an dem das vorige endet.",
        ),
        "curve_turned": Text(
            "Stücke eines Linienzugs laufen verkehrt herum; sie wurden gedreht, so dass jedes am vorigen anschließt",
            "pieces of a curve run the wrong way; they were turned so that each goes on from the one before",
            "Jedes Stück am Ende des vorigen beginnen lassen, oder gml:OrientableCurve verwenden.",
        ),
        "document_ambiguous": Text(
            "Das Dokument „{detail}“ liegt mehrfach im Archiv, in verschiedenen Ordnern; keines wurde zugeordnet",
            "document {detail!r} is in several folders of the archive; none was taken",
            "Im Plan den Ordner mit angeben oder die Dateien verschieden benennen.",
        ),
        "document_large": Text(
            "Das Dokument ist groß ({detail}); am Telefon dauert das Laden lange",
            "the document is large ({detail}); it loads slowly on a phone",
            "Bilder mit geringerer Auflösung speichern oder das Dokument teilen.",
        ),
        "document_locked": Text(
            "Das PDF verbietet Kopieren oder Vorlesen; Vorleseprogramme können es nicht wiedergeben",
            "the PDF forbids copying or reading aloud; screen readers cannot render it",
            "Ohne Sicherheitseinstellungen speichern.",
        ),
        "document_missing": Text(
            "Das Dokument „{detail}“ wird genannt, liegt aber nicht im Archiv",
            "document {detail!r} is referred to but not in the archive",
            "Die Datei unter genau diesem Namen ins Archiv legen oder die Referenz entfernen.",
        ),
        "document_not_delivered": Text(
            "Das Dokument „{detail}“ wird genannt, wurde aber nicht mitgeliefert",
            "document {detail!r} is referred to but was not delivered",
            "GML und Dokumente zusammen als ZIP (XPlanArchiv) liefern.",
        ),
        "document_not_searchable": Text(
            "Seiten ohne Text, also nur Bilder: {detail}; niemand kann darin suchen oder sie sich vorlesen lassen",
            "pages without text, pictures only: {detail}; nobody can search them or have them read aloud",
            "Aus der Textverarbeitung als PDF speichern oder eine Texterkennung (OCR) laufen lassen.",
        ),
        "document_personal": Text(
            "Vielleicht personenbezogene Daten: {detail}",
            "perhaps personal data: {detail}",
            "Ansehen und vor der Veröffentlichung schwärzen (DSGVO Art. 6); Namen von Amts wegen dürfen bleiben.",
        ),
        "document_without_plan": Text(
            "Ein PDF, das nicht sagt, wo es liegt, ist ein Dokument, kein Plan; allein wird es nicht veröffentlicht",
            "a PDF that does not say where it lies is a document and no plan by itself; nothing is published",
            "Das PDF mit dem Umring seines Plans (GML, Shapefile, GeoPackage …) zusammen als ZIP liefern.",
        ),
        "dxf_layer_not_read": Text(
            "Ebenen der Zeichnung, die kein Geltungsbereich sind und nicht gelesen wurden: {detail}",
            "layers of the drawing that are no outline and were not read: {detail}",
            "Den Geltungsbereich auf die Ebene GELTUNGSBEREICH legen oder die Ebene im Manifest der Gemeinde nennen.",
        ),
        "dxf_line_open": Text(
            "Linien der Zeichnung sind nicht geschlossen und keine Fläche: Ebene {detail}",
            "lines of the drawing are not closed and no area: layer {detail}",
            "Den Geltungsbereich als geschlossene Polylinie zeichnen.",
        ),
        "dxf_lines_joined": Text(
            "Einzelne Linien der Zeichnung wurden zu Flächen verbunden (Linien, dabei geschlossene Lücken bis 1 cm): "
            "Ebene {detail}",
            "single lines of the drawing were joined to areas (lines, gaps of up to 1 cm that were closed): "
            "layer {detail}",
            "Die Fläche prüfen; besser den Geltungsbereich als eine geschlossene Polylinie zeichnen.",
        ),
        "dxf_not_read": Text(
            "Aus der Zeichnung wurden nur geschlossene Linien gelesen, nicht: {detail}",
            "only closed lines were read from the drawing, not: {detail}",
            "Nichts zu tun, wenn der Geltungsbereich da ist; Blöcke sonst auflösen.",
        ),
        "encoding_guessed": Text(
            "Die Datei nennt ihre Zeichenkodierung nicht; nach ihren Bytes wurde {detail} angenommen",
            "the file names no encoding; {detail} was assumed from its bytes",
            "Eine .cpg-Datei mitliefern; Umlaute in den Namen prüfen.",
        ),
        "encoding_wrong": Text(
            "Die genannte Zeichenkodierung stimmt nicht mit den Bytes überein: {detail}",
            "the named encoding contradicts the bytes: {detail}",
            "Die .cpg-Datei berichtigen; Umlaute in den Namen prüfen.",
        ),
        "export_class_left_out": Text(
            "Objekte der Klasse {detail} fehlen in der Ausgabe: XPlanGML 6.0 hat keine Entsprechung, die wir kennen",
            "objects of class {detail} are not in the export: XPlanGML 6.0 has no counterpart that we know",
            "Nichts zu tun; die gelieferte Datei enthält sie. Für die Abgabe in 6.0 die Objekte neu erfassen.",
        ),
        "export_missing": Text(
            "XPlanGML 6.0 verlangt eine Angabe, die der Plan nicht macht: {detail}",
            "XPlanGML 6.0 demands what the plan does not say: {detail}",
            "Die Angabe im Plan ergänzen und neu liefern.",
        ),
        "export_without_place": Text(
            "Angabe steht nicht in der Ausgabe, weil XPlanGML 6.0 keinen Platz für sie hat: {detail}",
            "not in the export, because XPlanGML 6.0 has no place for it: {detail}",
            "Nichts zu tun; die gelieferte Datei enthält sie. Für die Abgabe in 6.0 die Angabe nach 6.0 umschreiben.",
        ),
        "form_kept": Text(
            "Im Formular ergänzte Angaben gelten weiter, weil die Datei dazu sagt, was sie vorher sagte: {detail}",
            "values filled in by hand still hold, because the file says of them what it said before: {detail}",
            "Nichts zu tun; am besten auch in die Datei übernehmen.",
        ),
        "form_overruled": Text(
            "Die Datei sagt jetzt selbst etwas anderes; die Angabe aus dem Formular gilt nicht mehr: {detail}",
            "the file says something new; the value filled in by hand no longer holds: {detail}",
            "Prüfen, ob die Datei recht hat; sonst die Angabe neu eintragen.",
        ),
        "gemeinde_by_name": Text(
            "Die Gemeinde ist nur mit Namen genannt; ihr amtlicher Schlüssel wurde ergänzt: {detail}",
            "the Gemeinde is given by name only; its key was added: {detail}",
            "Den Amtlichen Gemeindeschlüssel (acht Ziffern) mitliefern.",
        ),
        "gemeinde_differs": Text(
            "Der Plan nennt eine andere Gemeinde als die liefernde ({detail}); er bleibt bei der genannten",
            "the plan names another Gemeinde than the delivering one ({detail}); it stays with the one named",
            "Gemeinde im Plan oder bei der Lieferung berichtigen.",
        ),
        "gemeinde_from_delivery": Text(
            "Der Plan nennt keine Gemeinde; er wurde der liefernden Gemeinde {detail} zugeordnet",
            "the plan names no Gemeinde; it was filed under the delivering one, {detail}",
            "XP_Gemeinde mit ags im Plan angeben.",
        ),
        "findings_more": Text(
            "Weitere Fundstellen dieser Art sind nicht einzeln genannt: {detail}",
            "more findings of this kind are not told one by one: {detail}",
            "Die genannten Fundstellen beheben und erneut prüfen.",
        ),
        "geltungsbereich_from_bereiche": Text(
            "Der Plan hat keinen eigenen Geltungsbereich; er wurde aus seinen Bereichen gebildet",
            "the plan has no outline of its own; it was made from its Bereiche",
            "raeumlicherGeltungsbereich am Plan angeben.",
        ),
        "geometry_collapsed": Text(
            "Fläche oder Linie ohne Ausdehnung; übrig blieb Linie oder Punkt ({detail})",
            "surface or line without extent; a line or point is left ({detail})",
            "Das Objekt löschen oder seine Geometrie neu zeichnen.",
        ),
        "geometry_empty": Text(
            "Geometrie ohne Koordinaten: {detail}",
            "geometry without coordinates: {detail}",
            "Das Objekt zeichnen oder löschen; es ist ohne Geometrie aufgenommen.",
        ),
        "geometry_mended": Text(
            "Ungültige Geometrie wurde repariert, das Original ist aufbewahrt: {detail}",
            "invalid geometry was mended, the original is kept: {detail}",
            "Die Geometrie an der genannten Stelle berichtigen.",
        ),
        "geometry_unplaceable": Text(
            "Koordinaten liegen außerhalb von {detail}; die Geometrie kann nicht dargestellt werden",
            "coordinates lie outside {detail}; the geometry cannot be placed",
            "Koordinatenreferenzsystem und Koordinaten prüfen.",
        ),
        "geometry_unreadable": Text(
            "Geometrie ist nicht lesbar: {detail}",
            "geometry cannot be read: {detail}",
            "Die Geometrie an dieser Stelle neu exportieren; das Objekt ist ohne sie aufgenommen.",
        ),
        "geopackage_unwritten": Text(
            "Neben der GeoPackage liegen Änderungen, die noch nicht in ihr stehen ({detail}); sie wurden nicht gelesen",
            "beside the GeoPackage lie changes that are not yet in it ({detail}); they were not read",
            "Das Programm schließen, das die Datei offen hat, und nur die .gpkg neu packen.",
        ),
        "geopdf_not_read": Text(
            "Das PDF „{detail}“ soll eine Karte sein, sagt aber nicht lesbar, wo es liegt; es bleibt ein Dokument",
            "the PDF {detail!r} should be a map but does not say where it lies; it stays a document",
            "Als georeferenziertes PDF (ISO 32000-2) oder zusätzlich als GeoTIFF liefern.",
        ),
        "gml_id_twice": Text(
            "gml:id {detail} kommt mehrfach vor; Verweise meinen das erste Vorkommen",
            "gml:id {detail} occurs more than once; references mean its first occurrence",
            "Jede gml:id nur einmal vergeben.",
        ),
        "gml_without_plan": Text(
            "Diese GML-Datei neben einem Plan wurde nicht gelesen: {detail}",
            "this GML file beside a plan was not read: {detail}",
            "Weglassen, wenn sie nicht zum Plan gehört.",
        ),
        "height_dropped": Text(
            "Dreidimensionale Koordinaten; die Höhe wurde weggelassen",
            "three-dimensional coordinates; the height was dropped",
            "Zweidimensional exportieren (XPlanung 2.2.1).",
        ),
        "label_cut": Text(
            "Ein Name ist länger als 1 000 Zeichen und wurde gekürzt: {detail}",
            "a name is longer than 1,000 characters and was cut: {detail}",
            "Einen kurzen Namen eintragen; Erläuterungen gehören in die Beschreibung.",
        ),
        "label_invisible": Text(
            "In einem Namen stehen unsichtbare Steuerzeichen; sie wurden weggelassen: {detail}",
            "a name holds invisible control characters; they were left out: {detail}",
            "Den Namen von Hand neu schreiben; er kommt vermutlich aus einem anderen Programm.",
        ),
        "layer_not_read": Text(
            "Tabelle ohne Umringe von Plänen wurde nicht gelesen ({detail} Objekte)",
            "a table without outlines of plans was not read ({detail} features)",
            "Nur die Tabelle mit den Geltungsbereichen liefern, Spalten wie in der Vorlage.",
        ),
        "litter_passed_over": Text(
            "Dateien, die Dateiverwaltungen hinterlassen (__MACOSX, .DS_Store, Thumbs.db), nicht gelesen: {detail}",
            "files that file managers leave behind (__MACOSX, .DS_Store, Thumbs.db) not read: {detail}",
            "Nichts zu tun.",
        ),
        "name_from_file": Text(
            "Der Plan hat weder Nummer noch Namen; er heißt vorerst wie seine Datei: {detail}",
            "the plan has neither number nor name; it is called as its file: {detail}",
            "Name und Nummer des Plans angeben.",
        ),
        "not_publishable": Text(
            "Der Plan kann nicht veröffentlicht werden, es fehlt: {detail}",
            "the plan cannot be published, missing: {detail}",
            "Die genannten Angaben im Plan ergänzen.",
        ),
        "object_without_plan": Text(
            "Das Objekt nennt keinen Plan dieser Lieferung ({detail}) und ist nicht aufgenommen",
            "the object names no plan of this delivery ({detail}) and was left out",
            "In der Spalte plan die Nummer des Plans angeben.",
        ),
        "objekt_without_bereich": Text(
            "Das Objekt gehört zu keinem Bereich; es wurde dem Plan {detail} zugeordnet",
            "the object belongs to no Bereich; it was filed under plan {detail}",
            "gehoertZuBereich am Objekt setzen.",
        ),
        "outline_missing": Text(
            "Zu diesem Plan gibt es keinen Umring {detail}",
            "there is no outline for this plan {detail}",
            "Den Geltungsbereich als Fläche mit derselben Nummer liefern.",
        ),
        "outline_no_area": Text(
            "Der Geltungsbereich ist keine Fläche, sondern {detail}",
            "the outline is no area but a {detail}",
            "Den Geltungsbereich als Fläche (Polygon) liefern.",
        ),
        "outline_parts_merged": Text(
            "Mehrere Zeilen nennen denselben Plan; ihre Flächen wurden vereinigt: {detail}",
            "several rows name the same plan; their areas were merged: {detail}",
            "Nichts zu tun, wenn die Flächen zusammengehören.",
        ),
        "patches_apart": Text(
            "Die {detail} Teilflächen einer Surface hängen nicht zusammen; sie wurden als Mehrfachfläche gelesen",
            "the {detail} patches of a surface do not touch; they were read as several areas",
            "Getrennte Flächen als MultiSurface exportieren (XPlanung 2.2.2.1).",
        ),
        "period_unpaired": Text(
            "Zu jedem Beginn gehört ein Ende: {detail}",
            "every start needs an end: {detail}",
            "Anfangs- und Enddaten paarweise angeben.",
        ),
        "plan_renamed_perhaps": Text(
            "Der Plan ist neu, liegt aber auf demselben Grund oder heißt wie ein bekannter; derselbe Plan? {detail}",
            "the plan is new but shares ground or name with a known one; the same plan? {detail}",
            "Wenn ja, bei der Lieferung in der Werkbank sagen, oder geoportal merge NEU ALT; sonst ist nichts zu tun.",
        ),
        "plan_twice": Text(
            "Zwei Pläne der Datei haben gleiche Gemeinde, Nummer und Änderung („{detail}“); der zweite fehlt daher",
            "two plans of the file share Gemeinde, number and Änderung ({detail!r}); the second was left out",
            "Nummern unterscheiden oder den Ortsteil angeben.",
        ),
        "planwerk_assumed": Text(
            "Die Datei sagt nicht, ob sie Bebauungs- oder Flächennutzungspläne enthält; angenommen wurde {detail}",
            "the file does not say which kind of plan it holds; {detail} was assumed",
            "Eine Spalte planwerk mit BP oder FP liefern.",
        ),
        "planwerk_unsupported": Text(
            "Planart wird nicht geführt und ist nicht aufgenommen (mit Zahl ihrer Objekte): {detail}",
            "this kind of plan is not kept and was left out (with its number of objects): {detail}",
            "Das Portal führt Bebauungspläne (BP_Plan) und Flächennutzungspläne (FP_Plan).",
        ),
        "profile_used": Text(
            "Die Spalten wurden gelesen nach: {detail}",
            "columns were read by the profile: {detail}",
            "Nichts zu tun.",
        ),
        "raster_assigned": Text(
            "Das georeferenzierte Bild wurde dem Plan {detail} zugeordnet",
            "the georeferenced picture was filed under plan {detail}",
            "Das Bild im Plan nennen (refScan, Spalte scan).",
        ),
        "raster_elsewhere": Text(
            "Das georeferenzierte Bild „{detail}“ liegt nicht am Geltungsbereich des Plans",
            "the georeferenced picture {detail!r} does not lie at the plan's outline",
            "Georeferenz und Koordinatenreferenzsystem des Bildes prüfen.",
        ),
        "raster_unassigned": Text(
            "Das georeferenzierte Bild gehört erkennbar zu keinem Plan; es wird nicht veröffentlicht",
            "the georeferenced picture belongs to no plan that could be told; it is not published",
            "Das Bild im Plan nennen oder wie die Plannummer benennen.",
        ),
        "raster_without_georeference": Text(
            "Das Bild „{detail}“ soll die Planzeichnung sein, sagt aber nicht, wo es liegt; es bleibt ein Dokument",
            "the picture {detail!r} should be the plan's sheet but does not say where it lies; it stays a document",
            "Als GeoTIFF liefern oder ein World-File (.tfw, .pgw, .jgw) beilegen.",
        ),
        "raster_without_outline": Text(
            "Das Bild liegt richtig, aber ohne Umring ist es kein Plan; so wird nichts veröffentlicht",
            "the picture is in place, but without an outline it is no plan; nothing is published of it",
            "Den Geltungsbereich als Fläche (GML, GeoPackage, Shapefile) mit dem Bild zusammen als ZIP liefern.",
        ),
        "reference_dangling": Text(
            "Verweis ins Leere: {detail}",
            "reference to nothing: {detail}",
            "Das gemeinte Objekt mitliefern oder den Verweis entfernen.",
        ),
        "ring_open": Text(
            "Ring ist nicht geschlossen, es fehlten {detail}; er wurde geschlossen",
            "ring is not closed, {detail} were missing; it was closed",
            "Letzten Punkt gleich dem ersten setzen.",
        ),
        "ring_reversed": Text(
            "Ring läuft in falscher Richtung ({detail}); er wurde gedreht",
            "ring runs in the wrong direction ({detail}); it was turned",
            "Äußere Ringe gegen, innere mit dem Uhrzeigersinn (XPlanung 2.2.2.1).",
        ),
        "row_deleted": Text(
            "Zeile ist in der Tabelle als gelöscht markiert und nicht aufgenommen: {detail}",
            "row is marked as deleted and was left out: {detail}",
            "Nichts zu tun; die Tabelle packen, um solche Zeilen zu entfernen.",
        ),
        "row_missing": Text(
            "Der Umring findet in der Arbeitsmappe keine Zeile mit seiner Nummer ({detail})",
            "the outline finds no row with its number in the workbook ({detail})",
            "Nummern in Arbeitsmappe und Geometriedatei gleich schreiben.",
        ),
        "table_beside_gml": Text(
            "Neben XPlanGML wurde diese Datei mit Umringen nicht gelesen",
            "beside XPlanGML this file of outlines was not read",
            "Einzeln liefern, wenn sie andere Pläne enthält.",
        ),
        "table_without_outline": Text(
            "Die Datei enthält keine Fläche, die ein Geltungsbereich sein kann; es wird nichts veröffentlicht{detail}",
            "the file holds no area that could be an outline; nothing is published{detail}",
            "Den Geltungsbereich als Fläche liefern; in einer Zeichnung auf der Ebene GELTUNGSBEREICH.",
        ),
        "text_without_plan": Text(
            "Auf den Textabschnitt verweist kein Plan und kein Objekt; er wurde dem Plan {detail} zugeordnet",
            "no plan and no object refers to this text; it was filed under plan {detail}",
            "texte am Plan oder refTextInhalt am Objekt setzen.",
        ),
        "value_binary": Text(
            "Binärer Wert ({detail}) in der Tabelle wurde weggelassen",
            "a binary value ({detail}) of the table was left out",
            "Dokumente als eigene Dateien liefern.",
        ),
        "value_differs": Text(
            "Arbeitsmappe und Geometriedatei widersprechen sich; es gilt die Geometriedatei: {detail}",
            "workbook and geometry file differ; the geometry file counts: {detail}",
            "Den Wert an einer Stelle berichtigen.",
        ),
        "value_mistyped": Text(
            "Wert passt nicht zu seinem Attribut: {detail}; er ist als Text aufbewahrt",
            "value does not fit its attribute: {detail}; it is kept as text",
            "Zahlen mit Punkt, Daten als JJJJ-MM-TT, Wahrheitswerte als true/false schreiben.",
        ),
        "value_respelt": Text(
            "Wert ist anders geschrieben, als der Standard es verlangt; gelesen ist das einzig Mögliche: {detail}",
            "value is not spelt as the standard has it, and read in the only way that it can be meant: {detail}",
            "Zahlen mit Punkt, Koordinaten mit Leerzeichen dazwischen, Daten als JJJJ-MM-TT schreiben.",
        ),
        "word_unknown": Text(
            "Wort oder Nummer ohne amtlichen Code: {detail}; es ist aufbewahrt, wird aber nicht gedeutet",
            "no official code is known for this word or number: {detail}; it is kept but not understood",
            "Die Nummer aus der Werteliste verwenden oder das Wort im Manifest der Gemeinde eintragen.",
        ),
        "zone_in_easting": Text(
            "Rechtswerte tragen die Zonennummer vorn; sie wurde entfernt ({detail})",
            "eastings carry the zone number in front; it was removed ({detail})",
            "In EPSG:25832 mit sechsstelligem Rechtswert liefern.",
        ),
    }
    | {rule.code: Text(rule.german, rule.english, rule.mend) for rule in RULES.values()}
)


def in_general(code: str) -> str:
    """The sentence of a finding without what is particular to it."""
    return TEXTS[code].german.format(detail="…").removesuffix(": …")


def german(issue: Issue) -> str:
    kind, _, number = issue.detail.partition(": ")
    if issue.code == "findings_more" and kind in TEXTS:
        return TEXTS[issue.code].german.format(detail=f"{number}-mal „{in_general(kind)}“")
    return TEXTS[issue.code].german.format(detail=_MEASURE.sub(",", issue.detail))


def english(issue: Issue) -> str:
    return TEXTS[issue.code].english.format(detail=issue.detail)
