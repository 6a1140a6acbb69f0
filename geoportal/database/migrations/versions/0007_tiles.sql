-- What vector tiles are cut from: each public feature once more, in Web Mercator, with simpler forms for low zooms and
-- the zoom from which it is shown. Attributes are not kept here; a tile takes them from the views of schema `ogc`.
--
-- Three rules decide from which zoom a feature is shown, so that no tile holds more than can be seen in it:
--   seen   from here it is as large as a pixel (of tiles of 256 pixels)
--   free   from here it is as large as four pixels, and shown whatever is beside it
--   won    between these, only the largest feature of each cell of 4 x 4 pixels is shown; cells are a quadtree, and a
--          feature that is the largest of a cell is the largest of all smaller cells around it too
-- Points are of no size: they are seen always, and free from zoom 16.

CREATE TABLE plans.tile_feature (
    source text NOT NULL,               -- the view of schema `ogc` that holds it
    key text NOT NULL,                  -- its id there, as text
    fid bigint NOT NULL,                -- its id as a number that JavaScript can hold
    of_version bigint,                  -- of a plan: the version that it belongs to
    size real NOT NULL,                 -- metres of the projection
    quad bigint NOT NULL,               -- the cell of its label, at the depth of zoom 16
    seen smallint NOT NULL,
    free smallint NOT NULL,
    won smallint NOT NULL DEFAULT 16,
    min_zoom smallint NOT NULL GENERATED ALWAYS AS (greatest(seen, least(free, won))) STORED,
    label geometry(Point, 3857) NOT NULL,
    geom geometry(Geometry, 3857) NOT NULL,
    mid geometry(Geometry, 3857),       -- for zoom 11 to 14, if that saves anything
    low geometry(Geometry, 3857),       -- for zoom 0 to 10, if that saves anything
    PRIMARY KEY (source, key)
);
CREATE INDEX tile_feature_version ON plans.tile_feature (of_version) WHERE of_version IS NOT NULL;
CREATE INDEX tile_feature_quad ON plans.tile_feature (source, won, quad);
-- a tile of a low zoom must not look at all that it does not show
CREATE INDEX tile_feature_geom ON plans.tile_feature USING gist (source, geom);
CREATE INDEX tile_feature_geom_12 ON plans.tile_feature USING gist (source, geom) WHERE min_zoom <= 12;
CREATE INDEX tile_feature_geom_9 ON plans.tile_feature USING gist (source, geom) WHERE min_zoom <= 9;

-- An id as a number below 2^52: the number that it is, else one made of it.
CREATE FUNCTION plans.tile_fid(key text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN key ~ '^(0|[1-9][0-9]{0,14})$' THEN key::bigint
        ELSE hashtextextended(key, 0) & 4503599627370495 END
$$;

-- Every second bit of the result is one of the number's 22.
CREATE FUNCTION plans.tile_spread(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (d | (d << 1)) & x'5555555555555555'::bigint FROM (
    SELECT (c | (c << 2)) & x'3333333333333333'::bigint AS d FROM (
    SELECT (b | (b << 4)) & x'0f0f0f0f0f0f0f0f'::bigint AS c FROM (
    SELECT (a | (a << 8)) & x'00ff00ff00ff00ff'::bigint AS b FROM (
    SELECT (n | (n << 16)) & x'0000ffff0000ffff'::bigint AS a) AS s1) AS s2) AS s3) AS s4
$$;

-- The cell of a place in the quadtree, at depth 22: 64 x 64 cells in a tile of zoom 16.
CREATE FUNCTION plans.tile_quad(place geometry) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT plans.tile_spread(least(greatest(floor((ST_X(place) + 20037508.342789244) / 40075016.68557849 * 4194304), 0), 4194303)::bigint)
        | (plans.tile_spread(least(greatest(floor((20037508.342789244 - ST_Y(place)) / 40075016.68557849 * 4194304), 0), 4194303)::bigint) << 1)
$$;

-- The first zoom at which so many metres are as many pixels as said.
CREATE FUNCTION plans.tile_zoom(metres double precision, pixels double precision, most integer)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN metres <= 0 THEN most
        ELSE least(greatest(ceil(ln(156543.03392804097 * pixels / metres) / ln(2.0::double precision)), 0), most) END::smallint
$$;

-- A simpler form, or NULL where it would not be much simpler.
CREATE FUNCTION plans.tile_simpler(shape geometry, metres double precision)
RETURNS geometry LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN ST_NPoints(shape) > 8 AND ST_NPoints(simple) < 0.75 * ST_NPoints(shape) THEN simple END
    FROM (SELECT ST_Simplify(shape, metres, true) AS simple) AS tried
$$;

-- One feature, as it is kept. `shape` is in any CRS.
CREATE FUNCTION plans.tile_feature(wanted text, id text, version bigint, shape geometry)
RETURNS plans.tile_feature LANGUAGE plpgsql STABLE AS $$
DECLARE
    made plans.tile_feature;
BEGIN
    made.source := wanted;
    made.key := id;
    made.fid := plans.tile_fid(id);
    made.of_version := version;
    made.geom := ST_Transform(shape, 3857);
    made.label := CASE ST_Dimension(shape) WHEN 0 THEN ST_GeometryN(made.geom, 1) ELSE ST_PointOnSurface(made.geom) END;
    made.quad := plans.tile_quad(made.label);
    made.size := CASE ST_Dimension(shape)
        WHEN 0 THEN 0
        WHEN 1 THEN greatest(ST_XMax(made.geom) - ST_XMin(made.geom), ST_YMax(made.geom) - ST_YMin(made.geom)) / 2
        ELSE sqrt(ST_Area(made.geom)) END;
    made.seen := CASE ST_Dimension(shape) WHEN 0 THEN 0 ELSE plans.tile_zoom(made.size, 1, 20) END;
    made.free := plans.tile_zoom(made.size, 4, 16);
    made.won := 16;
    made.mid := plans.tile_simpler(made.geom, 4);
    made.low := plans.tile_simpler(coalesce(made.mid, made.geom), 60);
    RETURN made;
END $$;

CREATE TYPE plans.tile_rank AS (key text, quad bigint, size real, fid bigint, won smallint);

-- Decides anew who wins the cells around these quads; around all of the source when none are given.
-- Level by level, from the smallest cells to the largest: whoever wins a cell stands for it in the next larger one.
CREATE FUNCTION plans.thin_tiles(wanted text, quads bigint[]) RETURNS void LANGUAGE plpgsql AS $$
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
            FROM cell JOIN plans.tile_feature AS feature
                ON feature.source = wanted AND feature.won = ANY (levels)
                AND feature.quad >= cell.id << (2 * (16 - zoom)) AND feature.quad < (cell.id + 1) << (2 * (16 - zoom))
            WHERE NOT EXISTS (SELECT FROM known WHERE known.id = feature.quad >> (2 * (15 - zoom)))
            UNION ALL
            SELECT key, quad, size, fid, won FROM plans.tile_feature
            WHERE quads IS NULL AND zoom = 15 AND source = wanted
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

-- What is public of the plans, as far as tiles show it.
CREATE VIEW plans.tile_source AS
SELECT CASE plan.planwerk WHEN 'BP' THEN 'bebauungsplaene' ELSE 'flaechennutzungsplaene' END AS source,
    plan.id::text AS key, version.id AS of_version, version.geom
FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
WHERE version.state = 'published' AND NOT ST_IsEmpty(version.geom)
UNION ALL
SELECT 'planinhalte', planobjekt.id::text, version.id, planobjekt.geom
FROM plans.planobjekt JOIN plans.version ON version.id = planobjekt.version_id
WHERE version.state = 'published' AND NOT ST_IsEmpty(planobjekt.geom);

-- Brings all that is kept of one version of a plan in step with what is public of it.
CREATE FUNCTION plans.renew_tiles(version bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    gone bigint[];
    made bigint[];
BEGIN
    -- two that change neighbours at once would each decide without the other
    PERFORM pg_advisory_xact_lock(hashtext('plans.tile_feature'));
    FOREACH wanted IN ARRAY ARRAY['bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte'] LOOP
        WITH deleted AS (
            -- of the plan also what is kept of another version: at the commit it is no longer public
            DELETE FROM plans.tile_feature WHERE source = wanted AND (of_version = version OR key IN (
                SELECT key FROM plans.tile_source AS public WHERE public.of_version = version AND public.source = wanted))
            RETURNING quad)
        SELECT array_agg(quad) INTO gone FROM deleted;
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

-- Everything of a source anew: a layer whose rows were replaced (its first column is its key), or plans that were there
-- before.
CREATE FUNCTION plans.rebuild_tiles(wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rows text := CASE WHEN wanted IN ('bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte')
        THEN format('SELECT key, of_version, geom FROM plans.tile_source WHERE source = %L', wanted)
        -- the whole table: what its view shows only from some day on has to be there on that day
        ELSE format('SELECT %I::text AS key, NULL::bigint AS of_version, geom FROM layers.%I WHERE NOT ST_IsEmpty(geom)',
            (SELECT attname FROM pg_attribute WHERE attrelid = format('layers.%I', wanted)::regclass AND attnum = 1), wanted)
        END;
BEGIN
    DELETE FROM plans.tile_feature WHERE source = wanted;
    EXECUTE format(
        'INSERT INTO plans.tile_feature
            (source, key, fid, of_version, size, quad, seen, free, won, label, geom, mid, low)
        SELECT (row).source, (row).key, (row).fid, (row).of_version, (row).size, (row).quad, (row).seen, (row).free,
            (row).won, (row).label, (row).geom, (row).mid, (row).low
        FROM (SELECT plans.tile_feature(%L, key, of_version, geom) AS row FROM (%s) AS public OFFSET 0) AS made',
        wanted, rows);
    PERFORM plans.thin_tiles(wanted, NULL);
END $$;

-- Publications: at the commit, when nobody holds a row that another one may be waiting for. Whoever publishes need not
-- have the right to write here.
CREATE FUNCTION plans.tiles_after_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM plans.renew_tiles(CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER version_tiles_insert AFTER INSERT ON plans.version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'published')
    EXECUTE FUNCTION plans.tiles_after_version();
CREATE CONSTRAINT TRIGGER version_tiles_update AFTER UPDATE OF state, plan_id, geom ON plans.version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state = 'published' OR NEW.state = 'published')
    EXECUTE FUNCTION plans.tiles_after_version();
CREATE CONSTRAINT TRIGGER version_tiles_delete AFTER DELETE ON plans.version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state = 'published')
    EXECUTE FUNCTION plans.tiles_after_version();

CREATE VIEW ogc.tile_feature AS
SELECT source, key, fid, size, min_zoom, label, geom, mid, low FROM plans.tile_feature;
GRANT SELECT ON ogc.tile_feature TO geoportal_read;

SELECT plans.rebuild_tiles(source)
FROM unnest(ARRAY['bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte']
    || ARRAY(SELECT tablename::text FROM pg_tables WHERE schemaname = 'layers')) AS source;
