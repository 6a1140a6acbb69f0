-- What is public of the plans now, once more and ready to be read: one row per plan with its labels and its outline as
-- GeoJSON. A reader's filter, order and page need no join and no transformation. The rows follow the versions in the
-- transaction that changes them; before its end they are as public as the versions are.

-- RFC 7946: longitude first, outer rings counter-clockwise; eight decimals keep a millimetre.
CREATE FUNCTION plans.crs84_geojson(shape geometry) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Transform(shape, 4326)), 8, 0)
$$;

CREATE TABLE plans.publication AS SELECT * FROM ogc.plaene WITH NO DATA;
-- not `version_id`: the row belongs to the plan, and is not copied with a version
ALTER TABLE plans.publication RENAME version_id TO of_version;
ALTER TABLE plans.publication
    ADD PRIMARY KEY (id),
    ADD UNIQUE (of_version),
    ADD COLUMN geojson text NOT NULL GENERATED ALWAYS AS (plans.crs84_geojson(geom)) STORED;
CREATE INDEX publication_page ON plans.publication (planwerk, id);
CREATE INDEX publication_geom ON plans.publication USING gist (geom);
CREATE INDEX publication_ags ON plans.publication (ags);
CREATE INDEX publication_nummer ON plans.publication (nummer);
CREATE INDEX publication_gueltig_von ON plans.publication (gueltig_von);

CREATE VIEW plans.publication_source AS
SELECT
    plan_id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text, rechtsstand,
    rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum,
    satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum, rechtsverordnungs_datum, ausfertigungs_datum,
    inkrafttretens_datum, wirksamkeits_datum, untergangs_datum, auslegung_start_datum, auslegung_end_datum,
    gueltig_von, gueltig_bis, version, veroeffentlicht_am, xplan_version, version_id, gemeinden, auslegungen,
    traegerbeteiligungen, bezuege, erstellungsmassstab, geom
FROM ogc.planversionen
WHERE ist_aktuell;

-- Of some versions, or of all when none are named.
CREATE FUNCTION plans.renew_publication(VARIADIC versions bigint[] DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF versions IS NULL THEN
        DELETE FROM plans.publication;
        INSERT INTO plans.publication SELECT * FROM plans.publication_source;
    ELSE
        DELETE FROM plans.publication WHERE of_version = ANY (versions);
        INSERT INTO plans.publication SELECT * FROM plans.publication_source WHERE version_id = ANY (versions);
    END IF;
END $$;
SELECT plans.renew_publication();

-- Whoever publishes needs no right to write here.
CREATE FUNCTION plans.publish_after_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM plans.renew_publication(CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE TRIGGER version_publish_insert AFTER INSERT ON plans.version
    FOR EACH ROW WHEN (NEW.state = 'published') EXECUTE FUNCTION plans.publish_after_version();
CREATE TRIGGER version_publish_update AFTER UPDATE ON plans.version
    FOR EACH ROW WHEN (OLD.state = 'published' OR NEW.state = 'published')
    EXECUTE FUNCTION plans.publish_after_version();
CREATE TRIGGER version_publish_delete AFTER DELETE ON plans.version
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION plans.publish_after_version();

CREATE FUNCTION plans.publish_after_plan() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM plans.renew_publication(id) FROM plans.version WHERE plan_id = NEW.id AND state = 'published';
    RETURN NULL;
END $$;
CREATE TRIGGER plan_publish AFTER UPDATE ON plans.plan
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION plans.publish_after_plan();

-- A changed word changes many plans, and many words change together: all of them once, at the end of the transaction.
CREATE OR REPLACE FUNCTION plans.touch_after_word() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    now_in text := pg_current_xact_id()::text;
BEGIN
    IF current_setting('plans.words_renewed_in', true) IS DISTINCT FROM now_in THEN
        PERFORM set_config('plans.words_renewed_in', now_in, true);
        IF EXISTS (SELECT FROM plans.version WHERE state IN ('published', 'superseded')) THEN
            PERFORM plans.renew_publication();
            PERFORM plans.touch_plans(ARRAY['BP', 'FP']);
        END IF;
    END IF;
    RETURN NULL;
END $$;
ALTER FUNCTION plans.touch_after_version() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION plans.touch_after_plan() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION plans.touch_after_belonging() SECURITY DEFINER SET search_path = public, pg_temp;

CREATE OR REPLACE VIEW ogc.plaene AS
SELECT
    id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, of_version AS version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab,
    geom, geojson
FROM plans.publication;

CREATE OR REPLACE VIEW ogc.bebauungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, satzungsbeschluss_datum, rechtsverordnungs_datum,
    genehmigungs_datum, ausfertigungs_datum, inkrafttretens_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom, geojson
FROM ogc.plaene
WHERE planwerk = 'BP';

CREATE OR REPLACE VIEW ogc.flaechennutzungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum, planbeschluss_datum,
    genehmigungs_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom, geojson
FROM ogc.plaene
WHERE planwerk = 'FP';
