-- Each version that is or was public, with all that belongs to it, to be written as a plan file. A version that was
-- withdrawn is not in here, nor is the geometry of an object as it was before it was mended.

CREATE VIEW ogc.fassung AS
SELECT
    version.id, version.plan_id, plan.planwerk, version.version, version.state = 'published' AS ist_aktuell,
    version.fingerprint, version.xplan_version, version.gml_id, version.name, version.nummer, version.internal_id,
    version.beschreibung, version.gemeinden, version.planart, version.rechtsstand, version.verfahren,
    version.aufstellungsbeschluss_datum, version.entwurfsbeschluss_datum, version.satzungsbeschluss_datum,
    version.planbeschluss_datum, version.genehmigungs_datum, version.rechtsverordnungs_datum,
    version.ausfertigungs_datum, version.inkrafttretens_datum, version.wirksamkeits_datum, version.untergangs_datum,
    version.aenderungen_bis_datum, version.techn_herstell_datum, version.auslegungen, version.traegerbeteiligungen,
    version.erstellungsmassstab, version.bezuege, version.attribute, version.geom
FROM plans.version
JOIN plans.plan ON plan.id = version.plan_id
WHERE version.state IN ('published', 'superseded');

CREATE VIEW ogc.fassung_bereich AS
SELECT bereich.id, version_id, bereich.gml_id, bereich.nummer, bereich.name, bereich.attribute, bereich.geom
FROM plans.bereich
JOIN ogc.fassung ON fassung.id = bereich.version_id;

CREATE VIEW ogc.fassung_text AS
SELECT
    textabschnitt.id, version_id, textabschnitt.gml_id, art, schluessel, gesetzliche_grundlage, text,
    textabschnitt.attribute
FROM plans.textabschnitt
JOIN ogc.fassung ON fassung.id = textabschnitt.version_id;

CREATE VIEW ogc.fassung_dokument AS
SELECT version_id, position, typ, art, dokument.name, url, media_type, dokument.beschreibung, datum
FROM plans.dokument
JOIN ogc.fassung ON fassung.id = dokument.version_id;

CREATE VIEW ogc.fassung_objekt AS
SELECT
    planobjekt.id, version_id, klasse, planobjekt.gml_id, bereich, ebene, flaechenschluss, rechtscharakter,
    planobjekt.attribute, planobjekt.geom
FROM plans.planobjekt
JOIN ogc.fassung ON fassung.id = planobjekt.version_id;

GRANT SELECT ON ogc.fassung, ogc.fassung_bereich, ogc.fassung_text, ogc.fassung_dokument, ogc.fassung_objekt
TO geoportal_read;
