-- What belongs to each version that is or was public, so that a plan can be read as it was on a day. A version that was
-- withdrawn is not in here.

CREATE VIEW ogc.fassungsinhalte AS
SELECT
    version.id AS version_id,
    planobjekt.klasse,
    klasse.label AS klasse_text,
    klasse.gruppe,
    planobjekt.art_text,
    planobjekt.beschriftung,
    planobjekt.geom
FROM plans.planobjekt
JOIN plans.version ON version.id = planobjekt.version_id AND version.state IN ('published', 'superseded')
LEFT JOIN plans.klasse USING (klasse)
WHERE planobjekt.geom IS NOT NULL;

CREATE VIEW ogc.fassungstexte AS
SELECT
    version.id AS version_id, textabschnitt.id, textabschnitt.art, textabschnitt.schluessel,
    textabschnitt.gesetzliche_grundlage, textabschnitt.text
FROM plans.textabschnitt
JOIN plans.version ON version.id = textabschnitt.version_id AND version.state IN ('published', 'superseded');

-- That a version had a document stays public; the document itself only while a plan that is public now has it too. What
-- lay open during a procedure is taken off the net when that is over, and an old version is no way around this.
CREATE VIEW ogc.fassungsdokumente AS
SELECT
    version.id AS version_id, version.plan_id, dokument.id, dokument.position, dokument.typ,
    typ.label AS typ_text,
    dokument.name, dokument.beschreibung, dokument.url, dokument.datum, dokument.media_type, dokument.size,
    CASE WHEN EXISTS (SELECT FROM ogc.plandokumente AS heute WHERE heute.sha256 = dokument.sha256)
        THEN dokument.sha256 END AS sha256
FROM plans.dokument
JOIN plans.version ON version.id = dokument.version_id AND version.state IN ('published', 'superseded')
LEFT JOIN plans.code AS typ ON typ.enumeration = 'XP_ExterneReferenzTyp' AND typ.code = dokument.typ::text;

GRANT SELECT ON ogc.fassungsinhalte, ogc.fassungstexte, ogc.fassungsdokumente TO geoportal_read;
