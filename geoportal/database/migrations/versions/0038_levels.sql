-- Which levels a version has reached (A to D, as letters), by the report with which it came. The report names plans by
-- the address that their own name would give them; a plan that was renamed has another one.
ALTER TABLE plans.version ADD COLUMN levels text NOT NULL DEFAULT '';
-- nothing that is public says so: no need to write all of it anew
ALTER TABLE plans.version DISABLE TRIGGER USER;
UPDATE plans.version SET levels = coalesce(
    told.levels ->> version.plan_id::text,
    (SELECT told.levels ->> plan.id::text FROM plans.plan
     WHERE plan.merged_into = version.plan_id AND told.levels ? plan.id::text LIMIT 1),
    -- a delivery of one plan: it can be no other
    (SELECT min(reached) FROM jsonb_each_text(told.levels) AS each_of_them(id, reached) HAVING count(*) = 1), '')
FROM (
    SELECT id, report -> 'levels' AS levels FROM plans.delivery
    WHERE jsonb_typeof(report -> 'levels') = 'object') AS told
WHERE told.id = version.delivery_id;
ALTER TABLE plans.version ENABLE TRIGGER USER;

CREATE OR REPLACE FUNCTION desk.stock() RETURNS TABLE (
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
           count(*) FILTER (WHERE right(levels, 1) = 'A'), count(*) FILTER (WHERE right(levels, 1) = 'B'),
           count(*) FILTER (WHERE right(levels, 1) = 'C'), count(*) FILTER (WHERE right(levels, 1) = 'D')
    FROM plans.plan
    JOIN plans.version ON version.plan_id = plan.id AND version.state = 'published'
    WHERE desk.reaches(plan.ags, 'office', 'planner', 'publisher', 'kreis', 'auditor')
    GROUP BY plan.ags
$$;

-- Two addresses were one plan under two names: the first one's versions go on the second, and the newest public one of
-- both is then the public one. False when one of them is no plan, was merged before, or they are of two Gemeinden or
-- Planwerke; then nothing has changed.
CREATE FUNCTION plans.merge_plans(address uuid, target uuid) RETURNS boolean LANGUAGE plpgsql
SET search_path = plans, public, pg_temp AS $$
DECLARE
    shift integer;
BEGIN
    PERFORM FROM plan WHERE id IN (address, target) ORDER BY id FOR UPDATE;
    IF NOT EXISTS (
        SELECT FROM plan AS one JOIN plan AS other
            ON one.planwerk = other.planwerk AND one.ags IS NOT DISTINCT FROM other.ags AND one.id <> other.id
        WHERE one.id = address AND other.id = target AND one.merged_into IS NULL AND other.merged_into IS NULL)
    THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM version WHERE plan_id = address AND state = 'published') THEN
        UPDATE version SET state = 'superseded', published_until = greatest(now(), published_at),
            reason = 'merged with ' || address
        WHERE plan_id = target AND state = 'published';
    END IF;
    shift := (SELECT coalesce(max(version), 0) FROM version WHERE plan_id = target);
    UPDATE version SET plan_id = target, version = version + shift, restored_from = restored_from + shift
    WHERE plan_id = address;
    UPDATE plan_key SET plan_id = target WHERE plan_id = address;
    UPDATE plan SET merged_into = target WHERE id = address;
    RETURN true;
END $$;

-- At the desk: while the one was never public, by who plans for its Gemeinde; then by who publishes there.
CREATE FUNCTION desk.merge_plans(address uuid, target uuid) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = plans, public, pg_temp AS $$
DECLARE
    whose text := (SELECT ags FROM plan WHERE id = address);
    was_public boolean := EXISTS (SELECT FROM version WHERE plan_id = address AND published_at IS NOT NULL);
BEGIN
    IF whose IS NULL
        OR NOT desk.reaches(whose, 'publisher', 'kreis') AND (was_public OR NOT desk.reaches(whose, 'planner'))
    THEN
        RAISE EXCEPTION 'not open to this account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN plans.merge_plans(address, target);
END $$;
REVOKE EXECUTE ON FUNCTION plans.merge_plans, desk.merge_plans FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.merge_plans TO geoportal_desk;
