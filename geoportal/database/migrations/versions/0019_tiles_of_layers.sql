-- A layer of many points: what computes one row costs microseconds, who wins the cells of all zooms is found in one pass
-- instead of level by level through arrays, every row is written once, and a sync computes only the rows that it moved.

-- Every second bit of the result is one of the number's 22. In PL/pgSQL, because an SQL function with a FROM is never
-- inlined, and is planned anew at each call: half a millisecond for a point.
CREATE OR REPLACE FUNCTION plans.tile_spread(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    n := (n | (n << 16)) & x'0000ffff0000ffff'::bigint;
    n := (n | (n << 8)) & x'00ff00ff00ff00ff'::bigint;
    n := (n | (n << 4)) & x'0f0f0f0f0f0f0f0f'::bigint;
    n := (n | (n << 2)) & x'3333333333333333'::bigint;
    RETURN (n | (n << 1)) & x'5555555555555555'::bigint;
END $$;

-- The cell of a place in the quadtree, at depth 22: 64 x 64 cells in a tile of zoom 16.
CREATE OR REPLACE FUNCTION plans.tile_quad(place public.geometry) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT plans.tile_spread(least(greatest(floor((public.ST_X(place) + 20037508.342789244) / 40075016.68557849 * 4194304), 0), 4194303)::bigint)
        | (plans.tile_spread(least(greatest(floor((20037508.342789244 - public.ST_Y(place)) / 40075016.68557849 * 4194304), 0), 4194303)::bigint) << 1)
$$;

-- A simpler form, or NULL where it would not be much simpler.
CREATE OR REPLACE FUNCTION plans.tile_simpler(shape public.geometry, metres double precision)
RETURNS public.geometry LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    simple public.geometry;
BEGIN
    IF public.ST_NPoints(shape) <= 8 THEN
        RETURN NULL;
    END IF;
    simple := public.ST_Simplify(shape, metres, true);
    RETURN CASE WHEN public.ST_NPoints(simple) < 0.75 * public.ST_NPoints(shape) THEN simple END;
END $$;

-- One feature, as it is kept. `shape` is in any CRS.
CREATE OR REPLACE FUNCTION plans.tile_feature(wanted text, id text, version bigint, shape public.geometry)
RETURNS plans.tile_feature LANGUAGE plpgsql STABLE AS $$
DECLARE
    made plans.tile_feature;
BEGIN
    made.source := wanted;
    made.key := id;
    made.fid := plans.tile_fid(id);
    made.of_version := version;
    made.geom := public.ST_Transform(shape, 3857);
    made.won := 16;
    IF public.GeometryType(shape) = 'POINT' THEN
        -- there is nothing to measure and nothing to simplify, and these come by the million
        made.label := made.geom;
        made.quad := plans.tile_quad(made.geom);
        made.size := 0;
        made.seen := 0;
        made.free := 16;
        RETURN made;
    END IF;
    made.label := CASE public.ST_Dimension(shape) WHEN 0 THEN public.ST_GeometryN(made.geom, 1)
        ELSE public.ST_PointOnSurface(made.geom) END;
    made.quad := plans.tile_quad(made.label);
    made.size := CASE public.ST_Dimension(shape)
        WHEN 0 THEN 0
        WHEN 1 THEN greatest(public.ST_XMax(made.geom) - public.ST_XMin(made.geom),
            public.ST_YMax(made.geom) - public.ST_YMin(made.geom)) / 2
        ELSE sqrt(public.ST_Area(made.geom)) END;
    made.seen := CASE public.ST_Dimension(shape) WHEN 0 THEN 0 ELSE plans.tile_zoom(made.size, 1, 20) END;
    made.free := plans.tile_zoom(made.size, 4, 16);
    made.mid := plans.tile_simpler(made.geom, 4);
    made.low := plans.tile_simpler(coalesce(made.mid, made.geom), 60);
    RETURN made;
END $$;

-- From which zoom each of these features wins its cell. They come by their cells, the most important one first, and
-- the result is in the same order. Nobody can be the first of a cell who is not the first of all smaller ones around
-- him, so that no level needs the one below.
CREATE FUNCTION plans.tile_won(quads bigint[]) RETURNS smallint[] LANGUAGE sql IMMUTABLE
SET work_mem = '64MB' AS $$
    WITH feature AS MATERIALIZED (
        SELECT quad, place FROM unnest(quads) WITH ORDINALITY AS given (quad, place)
    ), first AS (
        SELECT 16 AS zoom, place FROM feature
        UNION ALL
        SELECT zoom, min(place) FROM feature, generate_series(0, 15) AS zoom GROUP BY zoom, quad >> (2 * (16 - zoom))
    )
    SELECT coalesce(array_agg(zoom ORDER BY place), '{}')
    FROM (SELECT place, min(zoom)::smallint AS zoom FROM first GROUP BY place) AS won
$$;

-- Decides anew who wins the cells around these quads.
-- Level by level, from the smallest cells to the largest: whoever wins a cell stands for it in the next larger one.
CREATE FUNCTION plans.thin_tiles_around(wanted text, quads bigint[]) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    standing plans.tile_rank[] := '{}';
    decided plans.tile_rank[] := '{}';
    beaten plans.tile_rank[];
    levels smallint[];
BEGIN
    FOR zoom IN REVERSE 15..0 LOOP
        levels := ARRAY(SELECT generate_series(0, zoom + 1));
        WITH cell AS MATERIALIZED (
            SELECT DISTINCT quad >> (2 * (16 - zoom)) AS id FROM unnest(quads) AS quad
        ), known AS MATERIALIZED (
            -- the cells of the level below, whose winners are standing already
            SELECT DISTINCT quad >> (2 * (15 - zoom)) AS id FROM unnest(quads) AS quad WHERE zoom < 15
        ), rival AS (
            SELECT each.key, each.quad, each.size, each.fid, each.won FROM unnest(standing) AS each
            UNION ALL
            SELECT feature.key, feature.quad, feature.size, feature.fid, feature.won
            FROM cell CROSS JOIN LATERAL (
                -- cell by cell through the index, whatever the planner expects
                SELECT key, quad, size, fid, won FROM plans.tile_feature
                WHERE source = wanted AND won = ANY (levels)
                    AND quad >= cell.id << (2 * (16 - zoom)) AND quad < (cell.id + 1) << (2 * (16 - zoom))
                OFFSET 0
            ) AS feature
            WHERE NOT EXISTS (SELECT FROM known WHERE known.id = feature.quad >> (2 * (15 - zoom)))
        ), ranked AS (
            SELECT rival, row_number() OVER (PARTITION BY quad >> (2 * (16 - zoom)) ORDER BY size DESC, fid, key) AS place
            FROM rival
        )
        SELECT coalesce(array_agg(ROW(key, quad, size, fid, won)::plans.tile_rank) FILTER (WHERE place = 1), '{}'),
            coalesce(array_agg(ROW(key, quad, size, fid, zoom + 1)::plans.tile_rank) FILTER (WHERE place > 1), '{}')
        INTO standing, beaten
        FROM (SELECT (rival).*, place FROM ranked) AS ranked;
        decided := decided || beaten;
    END LOOP;
    UPDATE plans.tile_feature AS feature SET won = result.won
    FROM (
        SELECT key, won FROM unnest(decided)
        UNION ALL SELECT key, 0::smallint FROM unnest(standing)
    ) AS result
    WHERE feature.source = wanted AND feature.key = result.key AND feature.won <> result.won;
END $$;

-- The same for all of the source. What was written in this transaction has no statistics yet, and a planner that expects
-- a handful of rows compares each with each: hence no nested loops.
CREATE FUNCTION plans.thin_all_tiles(wanted text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp SET enable_nestloop = off SET work_mem = '64MB' AS $$
BEGIN
    WITH ranked AS MATERIALIZED (
        SELECT key, quad, row_number() OVER (ORDER BY size DESC, fid, key) AS place
        FROM plans.tile_feature WHERE source = wanted
    ), result AS (
        SELECT won, place
        FROM unnest(plans.tile_won(ARRAY(SELECT quad FROM ranked ORDER BY place))) WITH ORDINALITY AS each (won, place)
    )
    UPDATE plans.tile_feature AS feature SET won = result.won
    FROM ranked JOIN result USING (place)
    WHERE feature.source = wanted AND feature.key = ranked.key AND feature.won <> result.won;
END $$;

-- Decides anew who wins: around these quads, or everywhere when none are given, or so many that it is less work.
CREATE OR REPLACE FUNCTION plans.thin_tiles(wanted text, quads bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF quads IS NULL OR cardinality(quads) > 10000 THEN
        PERFORM plans.thin_all_tiles(wanted);
    ELSE
        PERFORM plans.thin_tiles_around(wanted, quads);
    END IF;
END $$;

-- A query for (key, of_version, geom) of all that a source has.
CREATE FUNCTION plans.tile_rows(wanted text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN wanted IN ('bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte', 'rasterplaene')
        THEN format('SELECT key, of_version, geom FROM plans.tile_source WHERE source = %L', wanted)
        -- the whole table, whose first column is its key: what its view shows only from some day on has to be there on
        -- that day
        ELSE format(
            'SELECT %I::text AS key, NULL::bigint AS of_version, geom FROM layers.%I WHERE NOT public.ST_IsEmpty(geom)',
            (SELECT attname FROM pg_attribute WHERE attrelid = format('layers.%I', wanted)::regclass AND attnum = 1), wanted)
        END
$$;

-- Everything of a source anew: a layer whose table was made anew, or plans that were there before. Each row is written
-- once, when it is known where it wins, and beside its neighbours.
CREATE OR REPLACE FUNCTION plans.rebuild_tiles(wanted text) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp SET enable_nestloop = off SET work_mem = '64MB' AS $$
DECLARE
    made bigint;
BEGIN
    DELETE FROM plans.tile_feature WHERE source = wanted;
    EXECUTE format(
        'WITH made AS MATERIALIZED (
            SELECT plans.tile_feature(%L, key, of_version, geom) AS row FROM (%s) AS public
        ), ranked AS MATERIALIZED (
            SELECT row, (row).quad, row_number() OVER (ORDER BY (row).size DESC, (row).fid, (row).key) AS place FROM made
        ), result AS (
            SELECT won, place FROM unnest(plans.tile_won(ARRAY(SELECT quad FROM ranked ORDER BY place)))
                WITH ORDINALITY AS each (won, place)
        )
        INSERT INTO plans.tile_feature
            (source, key, fid, of_version, size, quad, seen, free, won, label, geom, mid, low)
        SELECT (row).source, (row).key, (row).fid, (row).of_version, (row).size, quad, (row).seen, (row).free,
            result.won, (row).label, (row).geom, (row).mid, (row).low
        FROM ranked JOIN result USING (place) ORDER BY quad',
        wanted, plans.tile_rows(wanted));
    GET DIAGNOSTICS made = ROW_COUNT;
    IF made > 1000 THEN
        -- or the next change of a few would look for its neighbours among all
        ANALYZE plans.tile_feature;
    END IF;
END $$;

-- What is kept of a layer in step with its table, when no rows but these are new, gone or elsewhere.
CREATE FUNCTION plans.renew_layer_tiles(wanted text, keys text[]) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint[];
    made bigint[];
BEGIN
    IF cardinality(keys) = 0 THEN
        RETURN;
    END IF;
    IF 3 * cardinality(keys) > (SELECT count(*) FROM plans.tile_feature WHERE source = wanted) THEN
        PERFORM plans.rebuild_tiles(wanted);
        RETURN;
    END IF;
    WITH deleted AS (DELETE FROM plans.tile_feature WHERE source = wanted AND key = ANY (keys) RETURNING quad)
    SELECT coalesce(array_agg(quad), '{}') INTO gone FROM deleted;
    EXECUTE format(
        'WITH inserted AS (
            INSERT INTO plans.tile_feature
                (source, key, fid, of_version, size, quad, seen, free, won, label, geom, mid, low)
            SELECT (row).source, (row).key, (row).fid, (row).of_version, (row).size, (row).quad, (row).seen, (row).free,
                (row).won, (row).label, (row).geom, (row).mid, (row).low
            FROM (
                SELECT plans.tile_feature(%L, key, of_version, geom) AS row FROM (%s) AS public
                WHERE key = ANY ($1) OFFSET 0
            ) AS made
            RETURNING quad)
        SELECT coalesce(array_agg(quad), ''{}'') FROM inserted',
        wanted, plans.tile_rows(wanted)) INTO made USING keys;
    PERFORM plans.thin_tiles(wanted, gone || made);
END $$;
