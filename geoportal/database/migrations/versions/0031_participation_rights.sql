-- A draft that is dropped was never announced: it has a state of its own, and one column says for everybody what was
-- announced.
ALTER TABLE participation.beteiligung
    DROP CONSTRAINT beteiligung_state_check,
    ADD CONSTRAINT beteiligung_state_check CHECK (
        state IN ('entwurf', 'verworfen', 'bekannt', 'unterbrochen', 'abgebrochen', 'abgeschlossen'));

-- Those that were dropped as drafts, and public since. Whether one was announced is in the log, which is never changed.
CREATE TEMPORARY TABLE dropped ON COMMIT DROP AS
SELECT id, plan_id FROM participation.beteiligung
WHERE state = 'abgebrochen' AND NOT EXISTS (
        SELECT FROM desk.audit WHERE action = 'participation_announced' AND object = 'participation ' || beteiligung.id)
    AND EXISTS (
        SELECT FROM desk.audit WHERE action = 'participation_drafted' AND object = 'participation ' || beteiligung.id);
UPDATE participation.beteiligung SET state = 'verworfen' WHERE id IN (SELECT id FROM dropped);
-- a draft that was old had been taken for emptied: what comes in after it is announced must be deleted too
UPDATE participation.beteiligung SET geleert_am = NULL WHERE state IN ('entwurf', 'verworfen');

ALTER TABLE participation.beteiligung
    ADD COLUMN announced boolean NOT NULL GENERATED ALWAYS AS (state NOT IN ('entwurf', 'verworfen')) STORED;

ALTER POLICY announced ON participation.beteiligung USING (announced);
-- a planner makes and drops drafts; whatever is announced is so by a publisher
ALTER POLICY beteiligung_changed ON participation.beteiligung
    USING (desk.reaches(ags, 'publisher', 'kreis') OR (state = 'entwurf' AND desk.reaches(ags, 'planner')))
    WITH CHECK (desk.reaches(ags, 'publisher', 'kreis') OR (NOT announced AND desk.reaches(ags, 'planner')));

-- Nobody makes public what was only dropped, and what was public does not become a draft again.
CREATE FUNCTION participation.keep_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'verworfen' AND NEW.state <> 'verworfen'
        OR OLD.state = 'entwurf' AND NEW.state NOT IN ('entwurf', 'verworfen', 'bekannt')
        OR OLD.state NOT IN ('entwurf', 'verworfen') AND NEW.state IN ('entwurf', 'verworfen')
    THEN
        RAISE EXCEPTION 'participation %: % cannot become %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER beteiligung_keep_announced BEFORE UPDATE OF state ON participation.beteiligung
    FOR EACH ROW EXECUTE FUNCTION participation.keep_announced();

CREATE OR REPLACE VIEW ogc.beteiligungen AS
SELECT
    id, plan_id, ags, art, state, bekanntmachung, beginn, ende, erstes_ende, anlass, zugang, stelle, telefon, email,
    datenschutz, name_angabe, anschrift_angabe, mit_ort, mit_anlagen, online, unterbrochen_am, hinweis
FROM participation.beteiligung
WHERE announced AND EXISTS (SELECT FROM plans.publication WHERE publication.id = plan_id);

CREATE OR REPLACE FUNCTION participation.auslegungen(wanted uuid, told jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH announced AS (
        SELECT beginn, ende, state FROM participation.beteiligung WHERE plan_id = wanted AND announced)
    SELECT CASE WHEN NOT EXISTS (SELECT FROM announced) THEN told ELSE coalesce((
        SELECT jsonb_agg(period ORDER BY coalesce(period ->> 'start', period ->> 'ende'))
        FROM (
            SELECT jsonb_build_object('start', beginn, 'ende', ende) AS period FROM announced WHERE state <> 'abgebrochen'
            UNION ALL
            SELECT period FROM jsonb_array_elements(told) AS period
            WHERE NOT EXISTS (
                SELECT FROM announced
                WHERE daterange(announced.beginn, announced.ende, '[]') && daterange(
                    coalesce(period ->> 'start', period ->> 'ende')::date,
                    greatest(period ->> 'ende', period ->> 'start')::date, '[]'))) AS both_of_them), '[]') END
$$;

CREATE OR REPLACE FUNCTION participation.publish_after_beteiligung() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    public_version bigint;
BEGIN
    SELECT id INTO public_version FROM plans.version WHERE plan_id = NEW.plan_id AND state = 'published';
    IF public_version IS NOT NULL AND NEW.announced THEN
        PERFORM plans.renew_publication(public_version);
        PERFORM plans.touch_plans(ARRAY(SELECT planwerk FROM plans.plan WHERE id = NEW.plan_id));
    END IF;
    RETURN NULL;
END $$;

-- A display period that such a draft had covered is told again.
SELECT plans.renew_publication(version.id) FROM plans.version
WHERE version.state = 'published' AND version.plan_id IN (SELECT plan_id FROM dropped);
SELECT plans.touch_plans(ARRAY(SELECT DISTINCT planwerk FROM plans.plan WHERE id IN (SELECT plan_id FROM dropped)));

-- The days to confirm are counted from when the letter went out: nobody loses a statement to a mail server.
ALTER TABLE participation.stellungnahme ADD COLUMN letter text;  -- the Message-ID of the one that asks to confirm
GRANT UPDATE (letter) ON participation.stellungnahme TO geoportal_participation;
CREATE INDEX stellungnahme_unbestaetigt ON participation.stellungnahme (lower(email)) WHERE state = 'unbestaetigt';

-- Whether nobody can confirm any more. While the letter waits, or has failed and can be sent again, its statement stays;
-- one that was never told its letter counts from when it came in.
CREATE FUNCTION participation.has_lapsed(letter text, eingang timestamptz, days integer, now timestamptz)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT known.body IS NULL AND known.ended_at + make_interval(hours => 24 * days) < now
         FROM mail.letter AS known WHERE known.message_id = $1),
        eingang + make_interval(hours => 24 * days) < now)
$$;

-- For the operators' page: how many statements wait for their letter.
CREATE OR REPLACE VIEW ogc.mail AS
SELECT
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    min(created_at) FILTER (WHERE state = 'waiting') AS waiting_since,
    count(*) FILTER (WHERE state = 'failed' AND body IS NOT NULL) AS failed,
    count(*) FILTER (WHERE state = 'sent') AS sent,
    (SELECT fault FROM mail.letter WHERE state = 'waiting' AND fault IS NOT NULL ORDER BY id LIMIT 1) AS fault,
    count(*) FILTER (WHERE body IS NOT NULL AND kind = 'statement') AS statements
FROM mail.letter;

-- How many statements of a day wait under an address, so that nobody is flooded by our forms, or shut out by others.
DROP FUNCTION participation.unconfirmed(text);
CREATE FUNCTION participation.unconfirmed(address text, since timestamptz) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM participation.stellungnahme
    WHERE state = 'unbestaetigt' AND lower(email) = lower($1) AND eingang > since
$$;

-- The bytes of files that strangers have sent and nobody has confirmed: of a participation and in all. Whoever asks adds
-- some, one at a time until the transaction ends.
CREATE FUNCTION participation.unconfirmed_bytes(wanted uuid, OUT here bigint, OUT everywhere bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('participation.unconfirmed_bytes', 0));
    SELECT coalesce(sum(anlage.size) FILTER (WHERE stellungnahme.beteiligung_id = wanted), 0),
        coalesce(sum(anlage.size), 0)
    INTO here, everywhere
    FROM participation.stellungnahme JOIN participation.anlage ON anlage.stellungnahme_id = stellungnahme.id
    WHERE stellungnahme.state = 'unbestaetigt';
END $$;

-- What is to be done before a participation is closed. Who closes it may not see the statements, and learns no more.
CREATE FUNCTION participation.unsettled(wanted uuid, OUT open boolean, OUT unconfirmed boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT
        coalesce(bool_or(stellungnahme.state = 'bestaetigt' AND coalesce(bearbeitung.ergebnis, 'offen') = 'offen'), false),
        coalesce(bool_or(stellungnahme.state = 'unbestaetigt'), false)
    FROM participation.stellungnahme
    LEFT JOIN participation.bearbeitung ON bearbeitung.stellungnahme_id = stellungnahme.id
    WHERE stellungnahme.beteiligung_id = wanted AND desk.reaches(stellungnahme.ags, 'publisher', 'kreis')
$$;

-- After a correction the result is open again; what it was of the former text stays to be seen beside it.
ALTER TABLE participation.bearbeitung
    ADD COLUMN frueher text CHECK (frueher IN ('gefolgt', 'teilweise', 'nicht', 'kenntnis'));

CREATE FUNCTION participation.weigh_anew() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.state = 'zurueckgezogen' THEN  -- what was said of it repeats it
        DELETE FROM participation.bearbeitung WHERE stellungnahme_id = NEW.id;
    ELSIF NEW.geaendert_am IS DISTINCT FROM OLD.geaendert_am THEN
        UPDATE participation.bearbeitung SET ergebnis = 'offen', version = version + 1,
            frueher = CASE ergebnis WHEN 'offen' THEN frueher ELSE ergebnis END
        WHERE stellungnahme_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stellungnahme_weigh_anew AFTER UPDATE ON participation.stellungnahme
    FOR EACH ROW EXECUTE FUNCTION participation.weigh_anew();
DELETE FROM participation.bearbeitung USING participation.stellungnahme
WHERE stellungnahme.id = stellungnahme_id AND stellungnahme.state = 'zurueckgezogen';

-- Only what is there is weighed. The lock holds off who corrects or withdraws until the weighing is kept, or refused.
CREATE FUNCTION participation.weigh_what_stands() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM participation.stellungnahme WHERE id = NEW.stellungnahme_id AND state = 'bestaetigt' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'statement % does not stand', NEW.stellungnahme_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bearbeitung_of_what_stands';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bearbeitung_of_what_stands BEFORE INSERT OR UPDATE ON participation.bearbeitung
    FOR EACH ROW EXECUTE FUNCTION participation.weigh_what_stands();

REVOKE EXECUTE ON FUNCTION participation.has_lapsed, participation.unconfirmed, participation.unconfirmed_bytes,
    participation.unsettled, participation.weigh_anew, participation.weigh_what_stands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION participation.has_lapsed, participation.unconfirmed, participation.unconfirmed_bytes
    TO geoportal_participation;
GRANT EXECUTE ON FUNCTION participation.unsettled TO geoportal_desk;
