-- Figures about the public plans of each Gemeinde, for who has business there. Counted by the owner: the reports of what
-- the operator delivered are nobody's at the desk, and neither rows nor reports are shown.
CREATE FUNCTION desk.stock() RETURNS TABLE (
    ags text, public bigint, drawn bigint, documented bigint, dated bigint, level_a bigint, level_b bigint,
    level_c bigint, level_d bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT plan.ags, count(*),
           count(*) FILTER (WHERE EXISTS (SELECT FROM plans.planobjekt WHERE planobjekt.version_id = version.id)
                               OR EXISTS (SELECT FROM plans.rasterplan WHERE rasterplan.version_id = version.id)),
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM plans.dokument WHERE dokument.version_id = version.id AND dokument.sha256 IS NOT NULL)),
           count(*) FILTER (WHERE version.status <> 'in_kraft'
               OR coalesce(version.inkrafttretens_datum, version.wirksamkeits_datum) IS NOT NULL),
           count(*) FILTER (WHERE right(reached, 1) = 'A'), count(*) FILTER (WHERE right(reached, 1) = 'B'),
           count(*) FILTER (WHERE right(reached, 1) = 'C'), count(*) FILTER (WHERE right(reached, 1) = 'D')
    FROM plans.plan
    JOIN plans.version ON version.plan_id = plan.id AND version.state = 'published'
    JOIN plans.delivery ON delivery.id = version.delivery_id
    CROSS JOIN LATERAL (SELECT delivery.report -> 'levels' ->> plan.id::text AS reached) AS level
    WHERE desk.reaches(plan.ags, 'office', 'planner', 'publisher', 'kreis', 'auditor')
    GROUP BY plan.ags
$$;
REVOKE EXECUTE ON FUNCTION desk.stock FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.stock TO geoportal_desk;
