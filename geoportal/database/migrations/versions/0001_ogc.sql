-- Schema `ogc`: what is public, as views. The read role sees this schema and no other, so publishing is a property of
-- the database and not of a query that someone might forget to filter.

-- Labels come by LEFT JOIN on the unique key of plans.code: the planner drops the join where nobody asks for the label.

-- Every version that is or was public, with its interval: what was public on a day is what began before and had not
-- ended. A withdrawn version is gone from here: it was withdrawn because nobody should read it.
CREATE VIEW ogc.planversionen AS
SELECT
    plan.id AS plan_id,
    plan.planwerk,
    plan.ags,
    coalesce(gemeinde.name, version.gemeinden #>> '{0,name}') AS gemeinde,
    version.gemeinden #>> '{0,ortsteil}' AS ortsteil,
    version.name,
    version.nummer,
    version.beschreibung,
    version.planart[1] AS planart,
    planart.label AS planart_text,
    version.rechtsstand,
    rechtsstand.label AS rechtsstand_text,
    version.status,
    version.verfahren,
    verfahren.label AS verfahren_text,
    version.aufstellungsbeschluss_datum,
    version.entwurfsbeschluss_datum,
    version.satzungsbeschluss_datum,
    version.planbeschluss_datum,
    version.genehmigungs_datum,
    version.rechtsverordnungs_datum,
    version.ausfertigungs_datum,
    version.inkrafttretens_datum,
    version.wirksamkeits_datum,
    version.untergangs_datum,
    -- the last Auslegung is the one that is running, coming, or was the last one
    (version.auslegungen #>> '{-1,start}')::date AS auslegung_start_datum,
    (version.auslegungen #>> '{-1,ende}')::date AS auslegung_end_datum,
    coalesce(version.inkrafttretens_datum, version.wirksamkeits_datum) AS gueltig_von,
    version.untergangs_datum AS gueltig_bis,
    version.version,
    version.state = 'published' AS ist_aktuell,
    version.restored_from AS wiederhergestellt_aus,
    version.published_at AS veroeffentlicht_am,
    version.published_until AS veroeffentlicht_bis,
    version.xplan_version,
    version.id AS version_id,
    version.gemeinden,
    version.auslegungen,
    version.traegerbeteiligungen,
    version.bezuege,
    version.erstellungsmassstab,
    version.geom
FROM plans.version
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.gemeinde USING (ags)
LEFT JOIN plans.code AS planart
    ON planart.enumeration = plan.planwerk || '_PlanArt' AND planart.code = version.planart[1]::text
LEFT JOIN plans.code AS rechtsstand
    ON rechtsstand.enumeration = plan.planwerk || '_Rechtsstand' AND rechtsstand.code = version.rechtsstand::text
LEFT JOIN plans.code AS verfahren
    ON verfahren.enumeration = plan.planwerk || '_Verfahren' AND verfahren.code = version.verfahren::text
WHERE version.state IN ('published', 'superseded');

CREATE VIEW ogc.plaene AS
SELECT
    plan_id AS id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab, geom
FROM ogc.planversionen
WHERE ist_aktuell;

CREATE VIEW ogc.bebauungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, satzungsbeschluss_datum, rechtsverordnungs_datum,
    genehmigungs_datum, ausfertigungs_datum, inkrafttretens_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom
FROM ogc.plaene
WHERE planwerk = 'BP';

CREATE VIEW ogc.flaechennutzungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum, planbeschluss_datum,
    genehmigungs_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom
FROM ogc.plaene
WHERE planwerk = 'FP';

CREATE VIEW ogc.planinhalte AS
SELECT
    planobjekt.id,
    version.plan_id,
    version.name AS plan_name,
    plan.planwerk,
    plan.ags,
    version.status,
    planobjekt.klasse,
    klasse.label AS klasse_text,
    klasse.gruppe,
    planobjekt.art,
    planobjekt.art_text,
    planobjekt.beschriftung,
    planobjekt.rechtscharakter,
    rechtscharakter.label AS rechtscharakter_text,
    planobjekt.ebene,
    planobjekt.attribute,
    planobjekt.geom
FROM plans.planobjekt
JOIN plans.version ON version.id = planobjekt.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.klasse USING (klasse)
LEFT JOIN plans.code AS rechtscharakter
    ON rechtscharakter.enumeration = 'XP_Rechtscharakter' AND rechtscharakter.code = planobjekt.rechtscharakter::text
WHERE planobjekt.geom IS NOT NULL;

CREATE VIEW ogc.plandokumente AS
SELECT
    dokument.id, version.plan_id, dokument.position, dokument.typ,
    typ.label AS typ_text,
    dokument.name, dokument.beschreibung, dokument.url, dokument.datum, dokument.media_type, dokument.size,
    dokument.sha256
FROM plans.dokument
JOIN plans.version ON version.id = dokument.version_id AND version.state = 'published'
LEFT JOIN plans.code AS typ ON typ.enumeration = 'XP_ExterneReferenzTyp' AND typ.code = dokument.typ::text;

CREATE VIEW ogc.plantexte AS
SELECT
    textabschnitt.id, version.plan_id, textabschnitt.art, textabschnitt.schluessel,
    textabschnitt.gesetzliche_grundlage, textabschnitt.text
FROM plans.textabschnitt
JOIN plans.version ON version.id = textabschnitt.version_id AND version.state = 'published';

-- Addresses of plans that turned out to be another one under a new name.
CREATE VIEW ogc.planadressen AS
SELECT id, merged_into AS neue_id FROM plans.plan WHERE merged_into IS NOT NULL;

GRANT USAGE ON SCHEMA ogc TO geoportal_read;
GRANT SELECT ON ALL TABLES IN SCHEMA ogc TO geoportal_read;
