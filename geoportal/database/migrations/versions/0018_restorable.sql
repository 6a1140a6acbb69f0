-- A restore has no search path: what a generated column calls has to name the schema of everything.
CREATE OR REPLACE FUNCTION plans.crs84_geojson(shape public.geometry) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT public.ST_AsGeoJSON(public.ST_ForcePolygonCCW(public.ST_Transform(shape, 4326)), 8, 0)
$$;
