-- Scanned sheets are a collection of their own: with the address of the picture, and in vector tiles.

CREATE OR REPLACE VIEW ogc.rasterplaene AS
SELECT
    rasterplan.id,
    version.plan_id,
    version.name AS plan_name,
    plan.planwerk,
    plan.ags,
    version.status,
    rasterplan.position,
    rasterplan.name,
    rasterplan.sha256,
    rasterplan.size,
    rasterplan.epsg,
    rasterplan.aufloesung,
    rasterplan.breite,
    rasterplan.hoehe,
    rasterplan.baender,
    rasterplan.geom,
    -- of the picture, below the portal
    '/plan/' || version.plan_id || '/blatt/' || rasterplan.position || '.tif' AS adresse
FROM plans.rasterplan
JOIN plans.version ON version.id = rasterplan.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id;

-- What is public of the plans, as far as tiles show it.
CREATE OR REPLACE VIEW plans.tile_source AS
SELECT CASE plan.planwerk WHEN 'BP' THEN 'bebauungsplaene' ELSE 'flaechennutzungsplaene' END AS source,
    plan.id::text AS key, version.id AS of_version, version.geom
FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
WHERE version.state = 'published' AND NOT ST_IsEmpty(version.geom)
UNION ALL
SELECT 'planinhalte', planobjekt.id::text, version.id, planobjekt.geom
FROM plans.planobjekt JOIN plans.version ON version.id = planobjekt.version_id
WHERE version.state = 'published' AND NOT ST_IsEmpty(planobjekt.geom)
UNION ALL
SELECT 'rasterplaene', rasterplan.id::text, version.id, rasterplan.geom
FROM plans.rasterplan JOIN plans.version ON version.id = rasterplan.version_id
WHERE version.state = 'published' AND NOT ST_IsEmpty(rasterplan.geom);

-- Brings all that is kept of one version of a plan in step with what is public of it.
CREATE OR REPLACE FUNCTION plans.renew_tiles(version bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    gone bigint[];
    made bigint[];
BEGIN
    -- two that change neighbours at once would each decide without the other
    PERFORM pg_advisory_xact_lock(hashtext('plans.tile_feature'));
    FOREACH wanted IN ARRAY ARRAY['bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte', 'rasterplaene'] LOOP
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

-- Everything of a source anew: a layer whose rows were replaced (its first column is its key), or plans that were there
-- before.
CREATE OR REPLACE FUNCTION plans.rebuild_tiles(wanted text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rows text := CASE WHEN wanted IN ('bebauungsplaene', 'flaechennutzungsplaene', 'planinhalte', 'rasterplaene')
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

SELECT plans.rebuild_tiles('rasterplaene');
