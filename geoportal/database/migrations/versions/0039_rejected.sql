-- At most 1000 of a layer in an hour: the reason is told often enough, and no disk fills with the rest.
CREATE OR REPLACE FUNCTION sensors.reject(layers text[], reasons text[], raws text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO sensors.rejected (layer, reason, raw)
    SELECT told.layer, told.reason, left(told.raw, 2000)
    FROM (
        SELECT given.layer, given.reason, given.raw, row_number() OVER (PARTITION BY given.layer) AS place
        FROM unnest(layers, reasons, raws) AS given (layer, reason, raw)) AS told
    LEFT JOIN (
        SELECT known.layer, count(*) AS number FROM sensors.rejected AS known
        WHERE known.received_at > now() - interval '1 hour' GROUP BY known.layer) AS there
        ON there.layer IS NOT DISTINCT FROM told.layer
    WHERE told.place + coalesce(there.number, 0) <= 1000
$$;
