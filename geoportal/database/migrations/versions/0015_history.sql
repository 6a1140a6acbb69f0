-- The indexes of what plans are filtered by hold all that counting and ordering need: neither looks at a row for it.
DROP INDEX plans.publication_ags, plans.publication_nummer, plans.publication_gueltig_von;
CREATE INDEX publication_ags ON plans.publication (ags, planwerk, id);
CREATE INDEX publication_nummer ON plans.publication (nummer, planwerk, id);
CREATE INDEX publication_status ON plans.publication (status, planwerk, id);
CREATE INDEX publication_rechtsstand ON plans.publication (rechtsstand, planwerk, id);
CREATE INDEX publication_gueltig_von ON plans.publication (gueltig_von, planwerk, id);

-- The same collections with all that was ever public: what was public at a moment is what had begun and not yet ended.
CREATE VIEW ogc.bebauungsplaene_historie AS
SELECT
    plan_id AS id, name, nummer, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, satzungsbeschluss_datum, rechtsverordnungs_datum,
    genehmigungs_datum, ausfertigungs_datum, inkrafttretens_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    veroeffentlicht_bis, xplan_version, geom
FROM ogc.planversionen
WHERE planwerk = 'BP';

CREATE VIEW ogc.flaechennutzungsplaene_historie AS
SELECT
    plan_id AS id, name, nummer, gemeinde, ags, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum, planbeschluss_datum,
    genehmigungs_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    veroeffentlicht_bis, xplan_version, geom
FROM ogc.planversionen
WHERE planwerk = 'FP';

GRANT SELECT ON ogc.bebauungsplaene_historie, ogc.flaechennutzungsplaene_historie TO geoportal_read;
