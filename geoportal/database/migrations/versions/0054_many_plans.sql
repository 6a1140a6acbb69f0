-- What is asked of very many plans is answered from indexes: lists in the order in which people read them, the catalogue
-- by its words, and which plans say that they change another one.

-- The words by which the catalogue finds a plan. Made in the index and kept nowhere else: a row stays as long as it was.
CREATE FUNCTION plans.catalogue_words(
    name text, nummer text, gemeinde text, ortsteil text, ags text, planart text, rechtsstand text, beschreibung text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.german'::regconfig, coalesce(name, '') || ' ' || coalesce(nummer, '') || ' '
        || coalesce(gemeinde, '') || ' ' || coalesce(ortsteil, '') || ' ' || coalesce(ags, '') || ' '
        || coalesce(planart, '') || ' ' || coalesce(rechtsstand, '') || ' ' || coalesce(beschreibung, ''))
$$;
CREATE INDEX publication_woerter ON plans.publication USING gin (plans.catalogue_words(
    name, nummer, gemeinde, ortsteil, ags, planart_text, rechtsstand_text, beschreibung));

-- The orders of the lists, a page of which is read and no more: all plans, those of a Gemeinde, by name (and the
-- catalogue), the newest, those in force last.
CREATE INDEX publication_liste ON plans.publication (gemeinde COLLATE "de-x-icu", name COLLATE "de-x-icu", id);
CREATE INDEX publication_ags_name ON plans.publication (ags, name COLLATE "de-x-icu", id);
CREATE INDEX publication_name ON plans.publication (name COLLATE "de-x-icu", id);
CREATE INDEX publication_veroeffentlicht ON plans.publication (veroeffentlicht_am, id);
CREATE INDEX publication_inkrafttreten ON plans.publication (gueltig_von DESC NULLS LAST, planwerk, id);

-- Few plans refer to another one.
CREATE INDEX publication_bezuege ON plans.publication USING gin (bezuege jsonb_path_ops) WHERE bezuege <> '[]';

CREATE OR REPLACE VIEW ogc.plaene AS
SELECT
    id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, of_version AS version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab,
    geom, written.geojson, beteiligungen, mitreden, gesucht,
    plans.catalogue_words(
        name, nummer, gemeinde, ortsteil, ags, planart_text, rechtsstand_text, beschreibung) AS woerter
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id);
