-- What a page of plans says of each is written once, when the plan is published, and not by every request. It lies beside
-- the row and not in it: who counts or looks for plans reads rows of a few hundred bytes, and only those that are sent have
-- their texts fetched.

CREATE TABLE plans.publication_text (
    id uuid PRIMARY KEY,
    geojson text NOT NULL,
    umriss_geojson text,
    eigenschaften text NOT NULL
)
-- texts that are read together lie together: only a row longer than a page is taken apart
WITH (toast_tuple_target = 8160);

-- Properties: the columns of the view that shows the plan, in its order.
CREATE FUNCTION plans.write_publication_text(plan plans.publication) RETURNS plans.publication_text LANGUAGE plpgsql
SET timezone = 'UTC' AS $$
DECLARE
    written plans.publication_text;
BEGIN
    written.id := plan.id;
    written.geojson := plans.crs84_geojson(plan.geom);
    written.umriss_geojson := plans.crs84_geojson(plan.umriss);
    written.eigenschaften := CASE plan.planwerk
        WHEN 'BP' THEN (SELECT row_to_json(shown)::text FROM (SELECT
            plan.name, plan.nummer, plan.gemeinde, plan.ags, plan.ortsteil, plan.planart, plan.planart_text,
            plan.rechtsstand, plan.rechtsstand_text, plan.status, plan.verfahren, plan.verfahren_text,
            plan.aufstellungsbeschluss_datum, plan.satzungsbeschluss_datum, plan.rechtsverordnungs_datum,
            plan.genehmigungs_datum, plan.ausfertigungs_datum, plan.inkrafttretens_datum, plan.untergangs_datum,
            plan.auslegung_start_datum, plan.auslegung_end_datum, plan.gueltig_von, plan.gueltig_bis,
            plan.beschreibung, plan.version, plan.veroeffentlicht_am, plan.xplan_version
        ) AS shown)
        ELSE (SELECT row_to_json(shown)::text FROM (SELECT
            plan.name, plan.nummer, plan.gemeinde, plan.ags, plan.planart, plan.planart_text, plan.rechtsstand,
            plan.rechtsstand_text, plan.status, plan.verfahren, plan.verfahren_text, plan.aufstellungsbeschluss_datum,
            plan.entwurfsbeschluss_datum, plan.planbeschluss_datum, plan.genehmigungs_datum, plan.wirksamkeits_datum,
            plan.untergangs_datum, plan.auslegung_start_datum, plan.auslegung_end_datum, plan.gueltig_von,
            plan.gueltig_bis, plan.beschreibung, plan.version, plan.veroeffentlicht_am, plan.xplan_version
        ) AS shown)
    END;
    RETURN written;
END $$;

-- Of some versions, or of all when none are named.
CREATE OR REPLACE FUNCTION plans.renew_publication(VARIADIC versions bigint[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF versions IS NULL THEN
        DELETE FROM plans.publication_text;
        DELETE FROM plans.publication;
        -- neighbours lie beside each other: who asks for a box reads few pages
        INSERT INTO plans.publication SELECT * FROM plans.publication_source ORDER BY geom;
    ELSE
        DELETE FROM plans.publication_text AS old USING plans.publication AS plan
        WHERE plan.id = old.id AND plan.of_version = ANY (versions);
        DELETE FROM plans.publication WHERE of_version = ANY (versions);
        INSERT INTO plans.publication SELECT * FROM plans.publication_source WHERE version_id = ANY (versions);
    END IF;
    INSERT INTO plans.publication_text
    SELECT written.* FROM plans.publication AS plan CROSS JOIN LATERAL plans.write_publication_text(plan) AS written
    WHERE versions IS NULL OR plan.of_version = ANY (versions);
END $$;

-- An outer join, which the planner leaves out where nobody asks for a text.
CREATE OR REPLACE VIEW ogc.plaene AS
SELECT
    id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, of_version AS version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab,
    geom, written.geojson
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id);

CREATE OR REPLACE VIEW ogc.bebauungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, satzungsbeschluss_datum, rechtsverordnungs_datum,
    genehmigungs_datum, ausfertigungs_datum, inkrafttretens_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom, written.geojson, written.eigenschaften
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id)
WHERE planwerk = 'BP';

CREATE OR REPLACE VIEW ogc.flaechennutzungsplaene AS
SELECT
    id, name, nummer, gemeinde, ags, planart, planart_text, rechtsstand, rechtsstand_text, status,
    verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum, planbeschluss_datum,
    genehmigungs_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, beschreibung, version, veroeffentlicht_am,
    xplan_version, geom, written.geojson, written.eigenschaften
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id)
WHERE planwerk = 'FP';

CREATE OR REPLACE VIEW ogc.geltungsbereiche AS
SELECT
    id, name, nummer, planwerk, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    gueltig_von, gueltig_bis,
    -- of the plan's page, below the portal
    '/plan/' || id AS adresse,
    coalesce(umriss, geom) AS geom, coalesce(written.umriss_geojson, written.geojson) AS geojson
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id);

CREATE OR REPLACE VIEW ogc.plandokumente AS
SELECT
    dokument.id, plan.id AS plan_id, dokument.position, dokument.typ,
    typ.label AS typ_text,
    dokument.name, dokument.beschreibung, dokument.url, dokument.datum, dokument.media_type, dokument.size,
    dokument.sha256,
    coalesce(dokument.name, typ.label, 'Dokument') AS titel,
    plan.name AS plan_name, plan.planwerk, plan.gemeinde, plan.ags, plan.status,
    -- the language of authorities (HVwVfG § 23 (1)), in which the documents of a plan are displayed
    'de' AS sprache,
    CASE
        -- below the portal
        WHEN dokument.sha256 IS NOT NULL THEN '/dokument/' || dokument.sha256 || '/'
            || regexp_replace(plans.dateiname(dokument.name), '\.pdf$', '', 'i')
            || CASE dokument.media_type WHEN 'application/pdf' THEN '.pdf' ELSE '' END
        WHEN dokument.url ~ '^https?://[^/\s]+(/\S*)?$' THEN dokument.url
    END AS adresse,
    coalesce(plan.umriss, plan.geom) AS geom, coalesce(written.umriss_geojson, written.geojson) AS geojson
FROM plans.dokument
JOIN plans.publication AS plan ON plan.of_version = dokument.version_id
LEFT JOIN plans.publication_text AS written ON written.id = plan.id
LEFT JOIN plans.code AS typ ON typ.enumeration = 'XP_ExterneReferenzTyp' AND typ.code = dokument.typ::text;

CREATE OR REPLACE VIEW ogc.plantexte AS
SELECT
    textabschnitt.id, plan.id AS plan_id, textabschnitt.art, textabschnitt.schluessel,
    textabschnitt.gesetzliche_grundlage, textabschnitt.text,
    plan.name AS plan_name, plan.planwerk, plan.gemeinde, plan.ags, plan.status,
    coalesce(plan.umriss, plan.geom) AS geom, coalesce(written.umriss_geojson, written.geojson) AS geojson
FROM plans.textabschnitt
JOIN plans.publication AS plan ON plan.of_version = textabschnitt.version_id
LEFT JOIN plans.publication_text AS written ON written.id = plan.id;

ALTER TABLE plans.publication DROP COLUMN geojson, DROP COLUMN umriss_geojson;
SELECT plans.renew_publication();

-- The two that are asked for together: what a plan is, and whether it holds.
DROP INDEX plans.publication_rechtsstand;
CREATE INDEX publication_rechtsstand ON plans.publication (rechtsstand, planart, planwerk, nummer, id);
