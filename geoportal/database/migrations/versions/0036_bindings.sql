-- Whose a participation is follows from its plan: with another Gemeinde's key somebody could announce periods of plans
-- that are not theirs. Beside all other policies, and none of them can widen it; later nobody may change either.
CREATE POLICY beteiligung_of_its_plan ON participation.beteiligung AS RESTRICTIVE FOR INSERT TO geoportal_desk
    WITH CHECK (EXISTS (
        SELECT FROM plans.plan WHERE plan.id = beteiligung.plan_id AND plan.ags = beteiligung.ags));
REVOKE UPDATE ON participation.beteiligung FROM geoportal_desk;
DO $$ BEGIN
    EXECUTE (
        SELECT format('GRANT UPDATE (%s) ON participation.beteiligung TO geoportal_desk',
            string_agg(quote_ident(attname), ', ' ORDER BY attnum))
        FROM pg_attribute
        WHERE attrelid = 'participation.beteiligung'::regclass AND attnum > 0 AND NOT attisdropped
            AND attname NOT IN ('id', 'plan_id', 'ags', 'created_at'));
END $$;

-- The words of one Gemeinde's tables stay hers.
ALTER POLICY profile_changed ON desk.profile
    WITH CHECK (changed_by = desk.me() AND desk.reaches(ags, 'office', 'planner', 'kreis'));
REVOKE UPDATE ON desk.profile FROM geoportal_desk;
GRANT UPDATE (profile, changed_by, changed_at) ON desk.profile TO geoportal_desk;

-- Parts of an outline that come to overlap when they are simpler are one area: made valid together, an overlap was
-- outside of it. What nothing would be left of has no simpler form.
CREATE OR REPLACE FUNCTION plans.umriss(shape public.geometry) RETURNS public.geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN public.ST_NPoints(simple) BETWEEN 1 AND 0.75 * public.ST_NPoints(shape) THEN simple END
    FROM (
        SELECT public.ST_Multi(public.ST_UnaryUnion(public.ST_Collect(
            public.ST_CollectionExtract(public.ST_MakeValid(part.geom), 3)))) AS simple
        FROM public.ST_Dump(public.ST_SimplifyPreserveTopology(shape, 2)) AS part
    ) AS tried
$$;
-- only of several parts, or of none, was anything kept that is different now
SELECT plans.renew_publication(of_version), plans.touch_plans(ARRAY[planwerk])
FROM plans.publication
WHERE umriss IS NOT NULL AND (ST_IsEmpty(umriss)
    OR (ST_NumGeometries(geom) > 1 AND ST_Equals(umriss, plans.umriss(geom)) IS NOT TRUE));

-- What the last sync of a layer left out or doubted, for the operators.
ALTER TABLE plans.layer_state
    ADD COLUMN unplaced text[] NOT NULL DEFAULT '{}',   -- addresses that are not known: the first of them, spelt out
    ADD COLUMN unplaced_count integer NOT NULL DEFAULT 0,
    ADD COLUMN unnamed text[] NOT NULL DEFAULT '{}',    -- columns that the manifest does not name
    ADD COLUMN personal text[] NOT NULL DEFAULT '{}';   -- public fields that seem to tell of persons, and why
