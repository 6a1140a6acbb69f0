-- Which state of the data is public, as one number per collection: whoever holds an answer asks only whether the number
-- is still the same. It changes in the transaction that changes the data, by triggers, so that no writer can forget it.

CREATE TABLE plans.data_version (
    collection text PRIMARY KEY,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Once per transaction and collection. Whoever changes plans waits here for another who does, until that one commits:
-- therefore plans are told of at the commit (deferred triggers), and the lock keeps two of them from a deadlock.
CREATE FUNCTION plans.touch_data(VARIADIC names text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('plans.data_version'));
    INSERT INTO plans.data_version AS known (collection, version, changed_at)
    SELECT name, 1, clock_timestamp() FROM unnest(names) AS name
    ON CONFLICT (collection) DO UPDATE SET version = known.version + 1, changed_at = excluded.changed_at
    WHERE known.xmin <> pg_current_xact_id()::xid;
END $$;

-- All that shows something of a plan.
CREATE FUNCTION plans.touch_plans(werke text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    names text[] := ARRAY['plaene', 'planversionen', 'planinhalte', 'plandokumente', 'plantexte', 'rasterplaene',
        'geltungsbereiche', 'planadressen'];
BEGIN
    IF 'BP' = ANY (werke) THEN names := names || text 'bebauungsplaene'; END IF;
    IF 'FP' = ANY (werke) THEN names := names || text 'flaechennutzungsplaene'; END IF;
    PERFORM plans.touch_data(VARIADIC names);
END $$;

CREATE FUNCTION plans.touch_after_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- a version that waits for its review is nobody's business, nor is one that was withdrawn before
    IF (TG_OP <> 'INSERT' AND OLD.state IN ('published', 'superseded'))
        OR (TG_OP <> 'DELETE' AND NEW.state IN ('published', 'superseded')) THEN
        PERFORM plans.touch_plans(ARRAY(
            SELECT planwerk FROM plans.plan
            WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.plan_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.plan_id END)));
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER version_touch AFTER INSERT OR UPDATE OR DELETE ON plans.version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plans.touch_after_version();

CREATE FUNCTION plans.touch_after_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM plans.touch_plans(ARRAY[OLD.planwerk, NEW.planwerk]);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER plan_touch AFTER UPDATE ON plans.plan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION plans.touch_after_plan();

-- What belongs to a version comes before its publication, which tells of it. Only what changes later has to be told.
CREATE FUNCTION plans.touch_after_belonging() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    werke text[];
BEGIN
    SELECT array_agg(DISTINCT plan.planwerk) INTO werke
    FROM (SELECT DISTINCT version_id FROM changed) AS touched
    JOIN plans.version ON version.id = touched.version_id AND version.state IN ('published', 'superseded')
    JOIN plans.plan ON plan.id = version.plan_id;
    IF werke IS NOT NULL THEN
        PERFORM plans.touch_plans(werke);
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    belonging text;
BEGIN
    FOREACH belonging IN ARRAY ARRAY['bereich', 'planobjekt', 'textabschnitt', 'dokument', 'rasterplan'] LOOP
        EXECUTE format($trigger$
            CREATE TRIGGER %1$I_touch_insert AFTER INSERT ON plans.%1$I REFERENCING NEW TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION plans.touch_after_belonging();
            CREATE TRIGGER %1$I_touch_update AFTER UPDATE ON plans.%1$I REFERENCING NEW TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION plans.touch_after_belonging();
            CREATE TRIGGER %1$I_touch_delete AFTER DELETE ON plans.%1$I REFERENCING OLD TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION plans.touch_after_belonging();
        $trigger$, belonging);
    END LOOP;
END $$;

-- Labels and the names of Gemeinden stand in every plan.
CREATE FUNCTION plans.touch_after_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM plans.version WHERE state IN ('published', 'superseded')) THEN
        PERFORM plans.touch_plans(ARRAY['BP', 'FP']);
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    words text;
BEGIN
    FOREACH words IN ARRAY ARRAY['code', 'klasse', 'gemeinde'] LOOP
        EXECUTE format($trigger$
            CREATE CONSTRAINT TRIGGER %1$I_touch AFTER INSERT OR DELETE ON plans.%1$I
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION plans.touch_after_word();
            CREATE CONSTRAINT TRIGGER %1$I_touch_changed AFTER UPDATE ON plans.%1$I
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
                EXECUTE FUNCTION plans.touch_after_word();
        $trigger$, words);
    END LOOP;
END $$;

-- What stands already when the numbers begin.
SELECT plans.touch_plans(ARRAY['BP', 'FP']);
SELECT plans.touch_data(VARIADIC array_agg(tablename::text)) FROM pg_tables WHERE schemaname = 'layers'
HAVING count(*) > 0;

CREATE VIEW ogc.data_version AS SELECT collection, version, changed_at FROM plans.data_version;
GRANT SELECT ON ogc.data_version TO geoportal_read;
