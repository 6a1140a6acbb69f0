-- Who wins the cells of all zooms, and everything of a source anew, with less time and less room on the disk: ten million
-- objects took 13 GB beside their own 5, because each row was carried along while its place was looked for.

-- Of features that come by their cells, the most important one first: the places of those who win a cell, and from which
-- zoom. The others are shown as if nobody was beside them.
-- Who is the first of a cell is the first of one of its quarters, so each level looks only at those who won the one before.
CREATE FUNCTION plans.tile_winners(quads bigint[]) RETURNS TABLE (place bigint, won smallint) LANGUAGE sql IMMUTABLE
SET work_mem = '64MB' AS $$
    WITH RECURSIVE first AS (
        SELECT 15 AS zoom, quad >> 2 AS cell, min(place) AS place
        FROM unnest(quads) WITH ORDINALITY AS given (quad, place) GROUP BY quad >> 2
        UNION ALL
        SELECT zoom, cell, place FROM (
            SELECT DISTINCT ON (cell >> 2) zoom - 1 AS zoom, cell >> 2 AS cell, place
            FROM first WHERE zoom > 0 ORDER BY cell >> 2, place
        ) AS larger
    )
    SELECT place, min(zoom)::smallint FROM first GROUP BY place
$$;

CREATE OR REPLACE FUNCTION plans.thin_all_tiles(wanted text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp SET enable_nestloop = off SET work_mem = '64MB' AS $$
BEGIN
    WITH ranked AS MATERIALIZED (
        SELECT key, quad, row_number() OVER (ORDER BY size DESC, fid, key) AS place
        FROM plans.tile_feature WHERE source = wanted
    ), result AS (
        SELECT key, coalesce(winner.won, 16) AS won
        FROM ranked LEFT JOIN plans.tile_winners(ARRAY(SELECT quad FROM ranked ORDER BY place)) AS winner USING (place)
    )
    UPDATE plans.tile_feature AS feature SET won = result.won
    FROM result WHERE feature.source = wanted AND feature.key = result.key AND feature.won <> result.won;
END $$;

CREATE OR REPLACE FUNCTION plans.rebuild_tiles(wanted text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp SET enable_nestloop = off SET work_mem = '64MB' AS $$
DECLARE
    made bigint;
BEGIN
    DELETE FROM plans.tile_feature WHERE source = wanted;
    EXECUTE format(
        'WITH made AS MATERIALIZED (
            SELECT plans.tile_feature(%L, key, of_version, geom) AS row FROM (%s) AS public
        ), rival AS MATERIALIZED (
            -- without their geometries, or these would be sorted with them
            SELECT (row).key, (row).quad, (row).size, (row).fid FROM made
        ), ranked AS MATERIALIZED (
            SELECT key, quad, row_number() OVER (ORDER BY size DESC, fid, key) AS place FROM rival
        ), winner AS MATERIALIZED (
            SELECT key, won
            FROM ranked JOIN plans.tile_winners(ARRAY(SELECT quad FROM ranked ORDER BY place)) AS winner USING (place)
        )
        INSERT INTO plans.tile_feature
            (source, key, fid, of_version, size, quad, seen, free, won, label, geom, mid, low)
        SELECT (row).source, (row).key, (row).fid, (row).of_version, (row).size, (row).quad, (row).seen, (row).free,
            coalesce(winner.won, (row).won), (row).label, (row).geom, (row).mid, (row).low
        FROM made LEFT JOIN winner ON winner.key = (row).key ORDER BY (row).quad',
        wanted, plans.tile_rows(wanted));
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made > 1000 THEN
        -- or the next change of a few would look for its neighbours among all
        ANALYZE plans.tile_feature;
    END IF;
END $$;

DROP FUNCTION plans.tile_won;
