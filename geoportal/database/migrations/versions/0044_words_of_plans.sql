-- The words by which plans are looked for, kept as they are compared: small, without accents. To fold those of all plans
-- for each question took most of its time.

-- unaccent() is only stable, for its dictionary could change; that of a release of PostgreSQL does not.
CREATE FUNCTION plans.folded(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(public.unaccent('public.unaccent', words))
$$;

-- The last column: rows are inserted without naming columns (plans.renew_publication), and this one writes itself.
ALTER TABLE plans.publication ADD COLUMN gesucht text GENERATED ALWAYS AS (plans.folded(
    coalesce(name, '') || ' ' || coalesce(nummer, '') || ' ' || coalesce(gemeinde, '') || ' ' || coalesce(ortsteil, '')
)) STORED;
CREATE INDEX publication_gesucht ON plans.publication USING gin (gesucht public.gin_trgm_ops);

CREATE OR REPLACE VIEW ogc.plaene AS
SELECT
    id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, of_version AS version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab,
    geom, written.geojson, beteiligungen, mitreden, gesucht
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id);
