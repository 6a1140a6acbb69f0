-- The same rows. To find an order for nine joins took the planner 10 ms of each request, to read a hundred objects 1 ms.
-- What is looked up by a unique key is a subquery now, which is planned by itself; only the class stays joined, because
-- objects are asked for by its group.
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
    (SELECT label FROM plans.code
        WHERE enumeration = 'XP_Rechtscharakter' AND code = planobjekt.rechtscharakter::text) AS rechtscharakter_text,
    planobjekt.ebene,
    planobjekt.attribute,
    planobjekt.geom,
    coalesce(
        (SELECT planzeichen FROM plans.planzeichen WHERE planzeichen.klasse = planobjekt.klasse
            AND planzeichen.art = plans.zeichen_art(planobjekt.art, planobjekt.attribute)),
        (SELECT planzeichen FROM plans.planzeichen WHERE planzeichen.klasse = planobjekt.klasse AND planzeichen.art = ''),
        'sonstiges') AS planzeichen,
    CASE WHEN ST_Dimension(planobjekt.geom) = 2 THEN coalesce(
        (SELECT hilucs FROM plans.nutzung WHERE nutzung.klasse = planobjekt.klasse
            AND nutzung.art = plans.nutzung_art(planobjekt.art, planobjekt.attribute)),
        (SELECT hilucs FROM plans.nutzung WHERE nutzung.klasse = planobjekt.klasse AND nutzung.art = '')) END AS hilucs,
    CASE WHEN ST_Dimension(planobjekt.geom) = 2 THEN coalesce(
        (SELECT label FROM plans.nutzung WHERE nutzung.klasse = planobjekt.klasse
            AND nutzung.art = plans.nutzung_art(planobjekt.art, planobjekt.attribute)),
        (SELECT label FROM plans.nutzung WHERE nutzung.klasse = planobjekt.klasse AND nutzung.art = '')) END AS hilucs_text
FROM plans.planobjekt
JOIN plans.version ON version.id = planobjekt.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.klasse USING (klasse)
WHERE planobjekt.geom IS NOT NULL;
