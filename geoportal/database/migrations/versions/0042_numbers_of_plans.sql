-- In vector tiles, the number of what has a UUID is the beginning of it: who knows the one knows the other, and a map need
-- not be told both. 48 bits are enough to tell plans apart; versions 6 and 7 of UUIDs begin with the time, and would not.

CREATE OR REPLACE FUNCTION plans.tile_fid(key text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE
        WHEN key ~ '^(0|[1-9][0-9]{0,14})$' THEN key::bigint
        WHEN key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$'
            THEN ('x' || left(key, 8) || substr(key, 10, 4))::bit(48)::bigint
        ELSE hashtextextended(key, 0) & 4503599627370495 END
$$;

UPDATE plans.tile_feature SET fid = plans.tile_fid(key) WHERE key LIKE '________-____-____-____-____________';
