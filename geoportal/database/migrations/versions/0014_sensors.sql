-- What sensors tell about the features of thematic layers. Whoever brings readings calls sensors.take(); the role
-- geoportal_sensors can do that and nothing else.
CREATE SCHEMA sensors;

CREATE SEQUENCE sensors.reading_id;

-- Every reading once: the same feature, property and time is the same reading. A partition per month.
CREATE TABLE sensors.reading (
    layer text NOT NULL,
    feature text NOT NULL,          -- the feature's key, as text
    property text NOT NULL,
    at timestamptz NOT NULL,        -- when it was measured
    number double precision,
    word text,                      -- of a state; an event has neither
    received_at timestamptz NOT NULL DEFAULT now(),
    id bigint NOT NULL DEFAULT nextval('sensors.reading_id'),  -- by which the history is paged
    PRIMARY KEY (layer, feature, property, at)
) PARTITION BY RANGE (at);
CREATE INDEX ON sensors.reading (layer, id);

-- The newest reading of each property. `since`: when a state began that has not changed until now.
CREATE TABLE sensors.latest (
    layer text NOT NULL,
    property text NOT NULL,
    feature text NOT NULL,
    at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    number double precision,
    word text,
    PRIMARY KEY (layer, property, feature)
) WITH (fillfactor = 60);

-- What remains of a day whose readings are no longer kept one by one.
CREATE TABLE sensors.daily (
    layer text NOT NULL,
    feature text NOT NULL,
    property text NOT NULL,
    day date NOT NULL,              -- in Berlin
    readings integer NOT NULL,
    least double precision,
    greatest double precision,
    mean double precision,
    words jsonb,                    -- of a state: how often each was told
    PRIMARY KEY (layer, feature, property, day)
);

-- What cannot be true, or be read, and why. Kept apart, for whoever looks after the sensors.
CREATE TABLE sensors.rejected (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text,
    reason text NOT NULL,
    raw text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rejected_received_at ON sensors.rejected (received_at);

-- Who may bring readings over HTTP, and for which layers. Of a token only its hash is known.
CREATE TABLE sensors.token (
    name text PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE,
    layers text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_on date,
    revoked_at timestamptz
);

CREATE FUNCTION sensors.ensure_month(month date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'reading_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass('sensors.' || name) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sensors.ensure_month'));
    IF to_regclass('sensors.' || name) IS NOT NULL THEN RETURN; END IF;
    -- attached, not made as a partition: readers and writers of the other months need not wait
    EXECUTE format('CREATE TABLE sensors.%I (LIKE sensors.reading INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE sensors.reading ATTACH PARTITION sensors.%I FOR VALUES FROM (%L) TO (%L)',
        name, date_trunc('month', month)::date::timestamp AT TIME ZONE 'UTC',
        (date_trunc('month', month) + interval '1 month')::date::timestamp AT TIME ZONE 'UTC');
END $$;

-- Takes readings of one layer: in the arrays, one place each. All that is new is kept; a reading that was known is
-- passed over; a feature that is not in the layer's table is told. The caller has seen to it that values are possible.
CREATE FUNCTION sensors.take(
    wanted text, features text[], properties text[], ats timestamptz[], numbers double precision[], words text[],
    OUT kept integer, OUT unknown text[]
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key_column text;
    new_readings sensors.reading[];
    fresh integer;
BEGIN
    SELECT attname INTO key_column FROM pg_attribute
    WHERE attrelid = to_regclass(format('layers.%I', wanted)) AND attnum = 1;
    IF key_column IS NULL THEN
        kept := 0; unknown := ARRAY(SELECT DISTINCT unnest(features)); RETURN;
    END IF;
    EXECUTE format('SELECT coalesce(array_agg(DISTINCT told), ''{}'') FROM unnest($1) AS told
        WHERE NOT EXISTS (SELECT FROM layers.%I AS own WHERE own.%I::text = told)', wanted, key_column)
        INTO unknown USING features;
    PERFORM sensors.ensure_month(month) FROM (
        SELECT DISTINCT date_trunc('month', told AT TIME ZONE 'UTC')::date AS month FROM unnest(ats) AS told) AS months;
    WITH inserted AS (
        INSERT INTO sensors.reading (layer, feature, property, at, number, word)
        SELECT DISTINCT ON (feature, property, at) wanted, feature, property, at, number, word
        FROM unnest(features, properties, ats, numbers, words) AS told (feature, property, at, number, word)
        WHERE feature <> ALL (unknown)
        ORDER BY feature, property, at
        ON CONFLICT DO NOTHING
        RETURNING reading)
    SELECT array_agg(reading), count(*) INTO new_readings, kept FROM inserted;
    IF kept = 0 THEN RETURN; END IF;
    -- one after the other for each state, because `since` follows from the order; of the rest only the newest
    FOR turn IN 1..(
        SELECT max(turns) FROM (
            SELECT count(*) FILTER (WHERE word IS NOT NULL) + 1 AS turns
            FROM unnest(new_readings) AS told GROUP BY feature, property) AS counted) LOOP
        INSERT INTO sensors.latest AS known (layer, property, feature, at, since, number, word)
        SELECT layer, property, feature, at, at, number, word
        FROM (
            SELECT told.*, row_number() OVER (PARTITION BY feature, property ORDER BY at) AS place,
                count(*) OVER (PARTITION BY feature, property) AS places
            FROM unnest(new_readings) AS told) AS ordered
        WHERE CASE WHEN word IS NULL THEN place = places AND turn = 1 ELSE place = turn END
        ORDER BY layer, property, feature
        ON CONFLICT (layer, property, feature) DO UPDATE SET
            at = excluded.at, number = excluded.number, word = excluded.word,
            since = CASE WHEN excluded.word = known.word THEN known.since ELSE excluded.at END
        WHERE excluded.at > known.at;
        GET DIAGNOSTICS fresh = ROW_COUNT;
        EXIT WHEN fresh = 0 AND turn > 1;
    END LOOP;
    PERFORM pg_notify('geoportal_sensors', wanted);
    -- answers that were kept follow from these numbers: the features at once, their history once a minute
    PERFORM plans.touch_data(wanted);
    IF NOT EXISTS (SELECT FROM plans.data_version WHERE collection = wanted || '_messwerte'
        AND changed_at > now() - interval '1 minute') THEN
        PERFORM plans.touch_data(wanted || '_messwerte');
    END IF;
END $$;

CREATE FUNCTION sensors.reject(layers text[], reasons text[], raws text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO sensors.rejected (layer, reason, raw)
    SELECT layer, reason, left(raw, 2000) FROM unnest(layers, reasons, raws) AS told (layer, reason, raw)
$$;

-- The layers for which a token may bring readings; NULL when there is no such token, or no longer.
CREATE FUNCTION sensors.layers_of(wanted bytea) RETURNS text[]
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE sensors.token SET used_on = current_date
    WHERE sha256 = wanted AND revoked_at IS NULL AND used_on IS DISTINCT FROM current_date;
    SELECT layers FROM sensors.token WHERE sha256 = wanted AND revoked_at IS NULL;
$$;

REVOKE ALL ON FUNCTION sensors.take, sensors.reject, sensors.layers_of, sensors.ensure_month FROM PUBLIC;
GRANT USAGE ON SCHEMA sensors TO geoportal_sensors;
GRANT EXECUTE ON FUNCTION sensors.take, sensors.reject, sensors.layers_of TO geoportal_sensors;
