-- All plans at a glance, their documents and texts as collections; what an area is to be used for, in the words of INSPIRE.

-- Enough for a map of the district, or NULL where that would not be much simpler. Small outlines keep their form, none
-- of them vanishes.
CREATE FUNCTION plans.umriss(shape public.geometry) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN public.ST_NPoints(simple) <= 0.75 * public.ST_NPoints(shape) THEN simple END
    FROM (
        -- parts that are simplified one by one may come to overlap
        SELECT public.ST_Multi(public.ST_CollectionExtract(
            public.ST_MakeValid(public.ST_SimplifyPreserveTopology(shape, 2)), 3)) AS simple
    ) AS tried
$$;
ALTER TABLE plans.publication
    ADD COLUMN umriss geometry(MultiPolygon, 25832) GENERATED ALWAYS AS (plans.umriss(geom)) STORED,
    -- of `geom`, not of `umriss`: a generated column cannot be made of another one
    ADD COLUMN umriss_geojson text GENERATED ALWAYS AS (plans.crs84_geojson(plans.umriss(geom))) STORED;
CREATE INDEX publication_umriss ON plans.publication USING gist (coalesce(umriss, geom));

CREATE VIEW ogc.geltungsbereiche AS
SELECT
    id, name, nummer, planwerk, gemeinde, ags, ortsteil, planart, planart_text, rechtsstand, rechtsstand_text, status,
    gueltig_von, gueltig_bis,
    -- of the plan's page, below the portal
    '/plan/' || id AS adresse,
    coalesce(umriss, geom) AS geom, coalesce(umriss_geojson, geojson) AS geojson
FROM plans.publication;

-- The name of a file in an address: letters, digits, and nothing that would have to be escaped.
CREATE FUNCTION plans.dateiname(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(nullif(trim(BOTH '_.' FROM regexp_replace(
    replace(replace(replace(replace(replace(replace(replace(name,
        'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue'), 'ß', 'ss'),
    '[^A-Za-z0-9_.()-]+', '_', 'g')), ''), 'Dokument');

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
    coalesce(plan.umriss, plan.geom) AS geom, coalesce(plan.umriss_geojson, plan.geojson) AS geojson
FROM plans.dokument
JOIN plans.publication AS plan ON plan.of_version = dokument.version_id
LEFT JOIN plans.code AS typ ON typ.enumeration = 'XP_ExterneReferenzTyp' AND typ.code = dokument.typ::text;

CREATE OR REPLACE VIEW ogc.plantexte AS
SELECT
    textabschnitt.id, plan.id AS plan_id, textabschnitt.art, textabschnitt.schluessel,
    textabschnitt.gesetzliche_grundlage, textabschnitt.text,
    plan.name AS plan_name, plan.planwerk, plan.gemeinde, plan.ags, plan.status,
    coalesce(plan.umriss, plan.geom) AS geom, coalesce(plan.umriss_geojson, plan.geojson) AS geojson
FROM plans.textabschnitt
JOIN plans.publication AS plan ON plan.of_version = textabschnitt.version_id;

-- What an area is to be used for (HILUCS), by its class and the code of its main attribute; '' stands for every code
-- that has no row of its own. Filled like the code tables.
CREATE TABLE plans.nutzung (
    klasse text,
    art text,
    hilucs text NOT NULL,
    label text NOT NULL,
    PRIMARY KEY (klasse, art)
);

-- 1000, 2000 and 3000 mean one thing in allgArtDerBaulNutzung and another in besondereArtDerBaulNutzung.
CREATE FUNCTION plans.nutzung_art(art text, attribute jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN attribute ? 'besondereArtDerBaulNutzung' THEN art || 'b' ELSE coalesce(art, '') END;

CREATE OR REPLACE VIEW ogc.planinhalte AS
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
    planobjekt.geom,
    coalesce(genau.planzeichen, allgemein.planzeichen, 'sonstiges') AS planzeichen,
    CASE WHEN ST_Dimension(planobjekt.geom) = 2 THEN coalesce(nutzung.hilucs, sonst.hilucs) END AS hilucs,
    CASE WHEN ST_Dimension(planobjekt.geom) = 2 THEN coalesce(nutzung.label, sonst.label) END AS hilucs_text
FROM plans.planobjekt
JOIN plans.version ON version.id = planobjekt.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.klasse USING (klasse)
LEFT JOIN plans.planzeichen AS genau ON genau.klasse = planobjekt.klasse
    AND genau.art = plans.zeichen_art(planobjekt.art, planobjekt.attribute)
LEFT JOIN plans.planzeichen AS allgemein ON allgemein.klasse = planobjekt.klasse AND allgemein.art = ''
LEFT JOIN plans.nutzung ON nutzung.klasse = planobjekt.klasse
    AND nutzung.art = plans.nutzung_art(planobjekt.art, planobjekt.attribute)
LEFT JOIN plans.nutzung AS sonst ON sonst.klasse = planobjekt.klasse AND sonst.art = ''
LEFT JOIN plans.code AS rechtscharakter
    ON rechtscharakter.enumeration = 'XP_Rechtscharakter' AND rechtscharakter.code = planobjekt.rechtscharakter::text
WHERE planobjekt.geom IS NOT NULL;

CREATE CONSTRAINT TRIGGER nutzung_touch AFTER INSERT OR DELETE ON plans.nutzung
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plans.touch_after_word();
CREATE CONSTRAINT TRIGGER nutzung_touch_changed AFTER UPDATE ON plans.nutzung
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION plans.touch_after_word();

GRANT SELECT ON ogc.geltungsbereiche TO geoportal_read;
