-- One publication shall not look at all features to find its own.

-- Brings all that is kept of one version of a plan in step with what is public of it.
CREATE OR REPLACE FUNCTION plans.renew_tiles(version bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    gone bigint[];
    made bigint[];
BEGIN
    -- two that change neighbours at once would each decide without the other
    PERFORM pg_advisory_xact_lock(hashtext('plans.tile_feature'));
    FOREACH wanted IN ARRAY ARRAY['bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte'] LOOP
        WITH deleted AS (
            DELETE FROM plans.tile_feature WHERE source = wanted AND of_version = version RETURNING quad
        ), other AS (
            -- of the plan also what is kept of another version: at the commit it is no longer public
            DELETE FROM plans.tile_feature WHERE source = wanted AND of_version <> version AND key = (
                SELECT plan_id::text FROM plans.version AS known WHERE known.id = renew_tiles.version AND known.state = 'published')
            RETURNING quad
        )
        SELECT array_agg(quad) INTO gone FROM (SELECT quad FROM deleted UNION ALL SELECT quad FROM other) AS quads;
        WITH inserted AS (
            INSERT INTO plans.tile_feature
                (source, key, fid, of_version, size, quad, seen, free, won, label, geom, mid, low)
            SELECT (row).source, (row).key, (row).fid, (row).of_version, (row).size, (row).quad, (row).seen, (row).free,
                (row).won, (row).label, (row).geom, (row).mid, (row).low
            FROM (
                SELECT plans.tile_feature(source, key, of_version, geom) AS row FROM plans.tile_source AS public
                WHERE public.of_version = version AND public.source = wanted OFFSET 0
            ) AS made
            RETURNING quad)
        SELECT array_agg(quad) INTO made FROM inserted;
        IF gone IS NOT NULL OR made IS NOT NULL THEN
            PERFORM plans.thin_tiles(wanted, coalesce(gone, '{}') || coalesce(made, '{}'));
        END IF;
    END LOOP;
END $$;
