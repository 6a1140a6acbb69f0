-- What a map draws of a version, whatever its state: seen by whoever may see its objects, so by the desk's role row by row.
-- The public drawing is the part of it that is or was public. It is said once and made twice: a view that asks as its
-- invoker does so also inside one that does not, and readers may not see the tables.
DO $$
DECLARE
    drawing text := $drawing$
        SELECT
            objekt.id,
            objekt.version_id,
            version.state,
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
        JOIN plans.version ON version.id = objekt.version_id
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
        WHERE objekt.geom IS NOT NULL
    $drawing$;
BEGIN
    EXECUTE 'CREATE VIEW plans.planzeichnung WITH (security_invoker) AS' || drawing;
    EXECUTE format('CREATE OR REPLACE VIEW ogc.planzeichnung AS
        SELECT id, plan_id, planwerk, ags, status, ist_aktuell, veroeffentlicht_am, veroeffentlicht_bis, gueltig_von,
               planzeichen, rang, beschriftung, drehung, mit_symbol, geom
        FROM (%s) AS drawn WHERE state IN (''published'', ''superseded'')', drawing);
END $$;

GRANT SELECT ON plans.planzeichnung, plans.planzeichen TO geoportal_desk;
