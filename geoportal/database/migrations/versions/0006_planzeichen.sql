-- Which symbol (geoportal/cartography/planzeichen.yml) an object has, by its class and the code of its main attribute;
-- '' stands for every code that has no row of its own. `rang` is the order of drawing. Filled like the code tables.
CREATE TABLE plans.planzeichen (
    klasse text,
    art text,
    planzeichen text NOT NULL,
    rang integer NOT NULL,
    PRIMARY KEY (klasse, art)
);

-- Präsentationsobjekte name what they stand for by its gml:id.
DROP INDEX plans.planobjekt_version;
CREATE INDEX planobjekt_version ON plans.planobjekt (version_id, gml_id);
CREATE INDEX planobjekt_praesentation ON plans.planobjekt (version_id, klasse)
    WHERE klasse IN ('XP_PPO', 'XP_PTO', 'XP_Nutzungsschablone');

-- 2000 and 3000 are gemischte and gewerbliche Bauflächen in allgArtDerBaulNutzung, and kinds of Sondergebiet in
-- besondereArtDerBaulNutzung.
CREATE FUNCTION plans.zeichen_art(art text, attribute jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN art IN ('2000', '3000') AND attribute ? 'besondereArtDerBaulNutzung' THEN art || 'b'
    ELSE coalesce(art, '')
END;

-- The text of a Präsentationsobjekt that brings none: the attribute `art` of the object that it stands for.
CREATE FUNCTION plans.bezugstext(art jsonb, attribute jsonb, beschriftung text, art_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT CASE
        WHEN jsonb_typeof(attribute -> name) = 'number' THEN concat_ws(' ', name, replace(attribute ->> name, '.', ','))
        WHEN jsonb_typeof(attribute -> name -> 'wert') = 'number'
            THEN concat_ws(' ', name, replace(attribute -> name ->> 'wert', '.', ','))
        ELSE coalesce(beschriftung, art_text)
    END
    FROM (SELECT regexp_replace(coalesce(art ->> 0, ''), '^.*:|\[.*$', '', 'g') AS name) AS asked
);

-- What a map draws of the plans, all versions that are or were public: the symbol, its place in the order of drawing,
-- and the text. Texts that we compose, and symbols in the middle of areas, only where the plan brings none of its own.
CREATE VIEW ogc.planzeichnung AS
SELECT
    objekt.id,
    version.plan_id,
    plan.planwerk,
    plan.ags,
    version.status,
    version.state = 'published' AS ist_aktuell,
    version.published_at AS veroeffentlicht_am,
    version.published_until AS veroeffentlicht_bis,
    coalesce(version.inkrafttretens_datum, version.wirksamkeits_datum) AS gueltig_von,
    coalesce(genau.planzeichen, allgemein.planzeichen, 'sonstiges') AS planzeichen,
    coalesce(genau.rang, allgemein.rang, 0) AS rang,
    CASE
        WHEN objekt.klasse IN ('XP_PTO', 'XP_LTO', 'XP_Nutzungsschablone') THEN coalesce(
            objekt.attribute ->> 'schriftinhalt',
            plans.bezugstext(objekt.attribute -> 'art', bezug.attribute, bezug.beschriftung, bezug.art_text))
        WHEN objekt.beschriftung IS NOT NULL AND NOT EXISTS (
            SELECT FROM plans.planobjekt AS eigen
            WHERE eigen.version_id = objekt.version_id AND eigen.klasse IN ('XP_PTO', 'XP_Nutzungsschablone'))
            THEN objekt.beschriftung
    END AS beschriftung,
    CASE WHEN jsonb_typeof(objekt.attribute #> '{drehwinkel,wert}') = 'number'
        THEN -(objekt.attribute #>> '{drehwinkel,wert}')::double precision ELSE 0 END AS drehung,
    objekt.klasse = 'XP_PPO' OR ST_Dimension(objekt.geom) = 0 OR NOT EXISTS (
        SELECT FROM plans.planobjekt AS eigen
        WHERE eigen.version_id = objekt.version_id AND eigen.klasse = 'XP_PPO') AS mit_symbol,
    objekt.geom
FROM plans.planobjekt AS objekt
JOIN plans.version ON version.id = objekt.version_id AND version.state IN ('published', 'superseded')
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN LATERAL (
    SELECT gemeint.klasse, gemeint.art, gemeint.attribute, gemeint.beschriftung, gemeint.art_text
    FROM plans.planobjekt AS gemeint
    WHERE objekt.klasse IN ('XP_PPO', 'XP_PTO', 'XP_LTO', 'XP_Nutzungsschablone')
        AND gemeint.version_id = objekt.version_id
        AND gemeint.gml_id = ltrim(objekt.attribute #>> '{dientZurDarstellungVon,0}', '#')
    LIMIT 1
) AS bezug ON true
LEFT JOIN plans.planzeichen AS genau
    ON genau.klasse = CASE objekt.klasse WHEN 'XP_PPO' THEN bezug.klasse ELSE objekt.klasse END
    AND genau.art = CASE objekt.klasse WHEN 'XP_PPO' THEN plans.zeichen_art(bezug.art, bezug.attribute)
        ELSE plans.zeichen_art(objekt.art, objekt.attribute) END
LEFT JOIN plans.planzeichen AS allgemein
    ON allgemein.klasse = CASE objekt.klasse WHEN 'XP_PPO' THEN bezug.klasse ELSE objekt.klasse END
    AND allgemein.art = ''
WHERE objekt.geom IS NOT NULL;

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
    coalesce(genau.planzeichen, allgemein.planzeichen, 'sonstiges') AS planzeichen
FROM plans.planobjekt
JOIN plans.version ON version.id = planobjekt.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.klasse USING (klasse)
LEFT JOIN plans.planzeichen AS genau ON genau.klasse = planobjekt.klasse
    AND genau.art = plans.zeichen_art(planobjekt.art, planobjekt.attribute)
LEFT JOIN plans.planzeichen AS allgemein ON allgemein.klasse = planobjekt.klasse AND allgemein.art = ''
LEFT JOIN plans.code AS rechtscharakter
    ON rechtscharakter.enumeration = 'XP_Rechtscharakter' AND rechtscharakter.code = planobjekt.rechtscharakter::text
WHERE planobjekt.geom IS NOT NULL;

GRANT SELECT ON ogc.planzeichnung TO geoportal_read;

-- As with the other words (0004): the symbol stands in every object.
CREATE CONSTRAINT TRIGGER planzeichen_touch AFTER INSERT OR DELETE ON plans.planzeichen
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plans.touch_after_word();
CREATE CONSTRAINT TRIGGER planzeichen_touch_changed AFTER UPDATE ON plans.planzeichen
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION plans.touch_after_word();
