-- Participation of the public in plans (BauGB § 3 Abs. 2). Who writes a statement works as the role
-- geoportal_participation, which sees the one statement whose link was shown, and nothing else; the desk sees those of
-- the Gemeinden in which the account is planner or publisher, nobody's else: not the Kreis's, not the auditor's.
CREATE SCHEMA participation;

CREATE TABLE participation.beteiligung (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    plan_id uuid NOT NULL REFERENCES plans.plan,
    ags text NOT NULL REFERENCES plans.gemeinde,
    art text NOT NULL CHECK (art IN ('veroeffentlichung', 'erneut')),
    state text NOT NULL DEFAULT 'entwurf'
        CHECK (state IN ('entwurf', 'bekannt', 'unterbrochen', 'abgebrochen', 'abgeschlossen')),
    bekanntmachung date NOT NULL,
    beginn date NOT NULL,
    ende date NOT NULL,
    erstes_ende date,                   -- as it was announced first, where it was extended since
    grund text NOT NULL DEFAULT '',     -- why an `erneut` one is shorter than a month
    anlass text NOT NULL DEFAULT '',    -- what it is about, in plain German
    zugang text NOT NULL DEFAULT '',    -- where else one can look at the documents (§ 3 Abs. 2 Satz 2)
    stelle text NOT NULL DEFAULT '',    -- who answers questions and takes statements, with its address
    telefon text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    datenschutz text NOT NULL DEFAULT '',   -- the Gemeinde's data protection officer
    name_angabe text NOT NULL DEFAULT 'freiwillig' CHECK (name_angabe IN ('noetig', 'freiwillig', 'nein')),
    anschrift_angabe text NOT NULL DEFAULT 'freiwillig' CHECK (anschrift_angabe IN ('noetig', 'freiwillig', 'nein')),
    mit_ort boolean NOT NULL DEFAULT true,
    mit_anlagen boolean NOT NULL DEFAULT true,
    online boolean NOT NULL DEFAULT true,
    unterbrochen_am date,
    hinweis text NOT NULL DEFAULT '',   -- why it was interrupted, extended or ended, for citizens
    geleert_am timestamptz,             -- when its statements were deleted
    version integer NOT NULL DEFAULT 1, -- who changes it says which one they have looked at
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (ende >= beginn),
    CHECK ((state = 'unterbrochen') = (unterbrochen_am IS NOT NULL)),
    -- two announced ones of a plan never run at once
    EXCLUDE USING gist (plan_id WITH =, daterange(beginn, ende, '[]') WITH &&)
        WHERE (state IN ('bekannt', 'unterbrochen', 'abgeschlossen'))
);
CREATE INDEX beteiligung_plan ON participation.beteiligung (plan_id);
CREATE INDEX beteiligung_ags ON participation.beteiligung (ags);

CREATE TABLE participation.stellungnahme (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    beteiligung_id uuid NOT NULL REFERENCES participation.beteiligung,
    ags text NOT NULL,
    nummer integer,                     -- given when it is confirmed
    form bytea NOT NULL UNIQUE,         -- a form that is sent twice is one statement
    link bytea NOT NULL UNIQUE,         -- SHA-256 of the secret in the letter
    state text NOT NULL DEFAULT 'unbestaetigt' CHECK (state IN ('unbestaetigt', 'bestaetigt', 'zurueckgezogen')),
    eingang timestamptz NOT NULL,
    verspaetet boolean NOT NULL,
    bestaetigt_am timestamptz,
    geaendert_am timestamptz,
    zurueckgezogen_am timestamptz,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    anschrift text NOT NULL DEFAULT '' CHECK (length(anschrift) <= 500),
    email text NOT NULL DEFAULT '' CHECK (length(email) <= 254),
    text text NOT NULL DEFAULT '' CHECK (length(text) <= 20000),
    ost double precision,               -- EPSG:25832
    nord double precision,
    gegenstand text NOT NULL DEFAULT '' CHECK (length(gegenstand) <= 200),
    UNIQUE (beteiligung_id, nummer),
    CHECK ((ost IS NULL) = (nord IS NULL)),
    CHECK ((state = 'unbestaetigt') = (nummer IS NULL)),
    -- what was withdrawn is no longer there; that there was something remains in the order of receipt
    CHECK (state <> 'zurueckgezogen' OR concat(name, anschrift, email, text, gegenstand) = '' AND ost IS NULL)
);
CREATE INDEX stellungnahme_beteiligung ON participation.stellungnahme (beteiligung_id, eingang);

-- In the database and not in the archive: who may see a row may see the file, and they are deleted together.
CREATE TABLE participation.anlage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stellungnahme_id uuid NOT NULL REFERENCES participation.stellungnahme ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 10000000),
    content bytea NOT NULL
);
CREATE INDEX anlage_stellungnahme ON participation.anlage (stellungnahme_id);

CREATE TABLE participation.bearbeitung (
    stellungnahme_id uuid PRIMARY KEY REFERENCES participation.stellungnahme ON DELETE CASCADE,
    ergebnis text NOT NULL CHECK (ergebnis IN ('offen', 'gefolgt', 'teilweise', 'nicht', 'kenntnis')),
    abwaegung text NOT NULL CHECK (length(abwaegung) <= 20000),
    notiz text NOT NULL CHECK (length(notiz) <= 5000),
    version integer NOT NULL,
    changed_by bigint NOT NULL REFERENCES desk.account,
    changed_at timestamptz NOT NULL
);

-- With it forms are signed that nobody has signed in for. 244 random bits.
CREATE TABLE participation.form_key (key bytea NOT NULL);
INSERT INTO participation.form_key
SELECT sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

CREATE FUNCTION participation.shown() RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT decode(nullif(current_setting('app.ticket', true), ''), 'hex') $$;

-- The numbers follow the order of confirmation without a gap: one at a time.
CREATE FUNCTION participation.next_nummer(wanted uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM participation.beteiligung WHERE id = wanted FOR UPDATE;
    RETURN (SELECT coalesce(max(nummer), 0) + 1 FROM participation.stellungnahme WHERE beteiligung_id = wanted);
END $$;

-- How many letters went to an address lately, so that nobody is flooded by our forms.
CREATE FUNCTION participation.unconfirmed(address text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM participation.stellungnahme WHERE state = 'unbestaetigt' AND lower(email) = lower($1)
$$;

ALTER TABLE participation.beteiligung ENABLE ROW LEVEL SECURITY;
ALTER TABLE participation.stellungnahme ENABLE ROW LEVEL SECURITY;
ALTER TABLE participation.anlage ENABLE ROW LEVEL SECURITY;
ALTER TABLE participation.bearbeitung ENABLE ROW LEVEL SECURITY;

CREATE POLICY announced ON participation.beteiligung FOR SELECT TO geoportal_participation USING (state <> 'entwurf');
CREATE POLICY shown ON participation.stellungnahme FOR SELECT TO geoportal_participation
    USING (link = participation.shown());
CREATE POLICY sent ON participation.stellungnahme FOR INSERT TO geoportal_participation WITH CHECK (
    link = participation.shown() AND state = 'unbestaetigt' AND EXISTS (
        SELECT FROM participation.beteiligung WHERE beteiligung.id = beteiligung_id AND beteiligung.ags = stellungnahme.ags
            AND beteiligung.online AND beteiligung.state IN ('bekannt', 'unterbrochen')));
CREATE POLICY changed ON participation.stellungnahme FOR UPDATE TO geoportal_participation
    USING (link = participation.shown()) WITH CHECK (link = participation.shown());
CREATE POLICY anlage_of_shown ON participation.anlage TO geoportal_participation
    USING (stellungnahme_id IN (SELECT id FROM participation.stellungnahme))
    WITH CHECK (stellungnahme_id IN (SELECT id FROM participation.stellungnahme));

CREATE POLICY beteiligung_seen ON participation.beteiligung FOR SELECT TO geoportal_desk
    USING (desk.reaches(ags, 'planner', 'publisher', 'kreis', 'auditor'));
CREATE POLICY beteiligung_made ON participation.beteiligung FOR INSERT TO geoportal_desk
    WITH CHECK (state = 'entwurf' AND desk.reaches(ags, 'planner', 'publisher', 'kreis'));
-- what the public sees changes by the hand of a publisher only
CREATE POLICY beteiligung_changed ON participation.beteiligung FOR UPDATE TO geoportal_desk
    USING (desk.reaches(ags, 'publisher', 'kreis') OR (state = 'entwurf' AND desk.reaches(ags, 'planner')))
    WITH CHECK (desk.reaches(ags, 'publisher', 'kreis')
        OR (state IN ('entwurf', 'abgebrochen') AND desk.reaches(ags, 'planner')));
CREATE POLICY stellungnahme_read ON participation.stellungnahme FOR SELECT TO geoportal_desk
    USING (state <> 'unbestaetigt' AND desk.reaches(ags, 'planner', 'publisher'));
CREATE POLICY anlage_read ON participation.anlage FOR SELECT TO geoportal_desk
    USING (stellungnahme_id IN (SELECT id FROM participation.stellungnahme));
CREATE POLICY bearbeitung_own ON participation.bearbeitung TO geoportal_desk
    USING (stellungnahme_id IN (SELECT id FROM participation.stellungnahme))
    WITH CHECK (changed_by = desk.me() AND stellungnahme_id IN (SELECT id FROM participation.stellungnahme));

GRANT USAGE ON SCHEMA participation TO geoportal_desk, geoportal_participation;
GRANT SELECT ON participation.beteiligung, participation.stellungnahme, participation.anlage TO geoportal_desk;
GRANT INSERT, UPDATE ON participation.beteiligung TO geoportal_desk;
GRANT SELECT, INSERT, UPDATE ON participation.bearbeitung TO geoportal_desk;

REVOKE EXECUTE ON FUNCTION participation.next_nummer, participation.unconfirmed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION participation.next_nummer, participation.unconfirmed TO geoportal_participation;
GRANT SELECT ON participation.beteiligung, participation.stellungnahme, participation.form_key TO geoportal_participation;
GRANT INSERT (beteiligung_id, ags, form, link, eingang, verspaetet, name, anschrift, email, text, ost, nord, gegenstand),
    UPDATE (state, nummer, bestaetigt_am, geaendert_am, zurueckgezogen_am, name, anschrift, email, text, ost, nord,
        gegenstand) ON participation.stellungnahme TO geoportal_participation;
GRANT SELECT, INSERT, DELETE ON participation.anlage TO geoportal_participation;
-- counts of tries, by hashes that name nobody
GRANT USAGE ON SCHEMA desk TO geoportal_participation;
GRANT SELECT, INSERT, UPDATE ON desk.attempt TO geoportal_participation;
GRANT USAGE ON SCHEMA mail TO geoportal_participation;
GRANT EXECUTE ON FUNCTION mail.put TO geoportal_participation;

-- What citizens see of it; nothing of a plan that is not public.
CREATE VIEW ogc.beteiligungen AS
SELECT
    id, plan_id, ags, art, state, bekanntmachung, beginn, ende, erstes_ende, anlass, zugang, stelle, telefon, email,
    datenschutz, name_angabe, anschrift_angabe, mit_ort, mit_anlagen, online, unterbrochen_am, hinweis
FROM participation.beteiligung
WHERE state <> 'entwurf' AND EXISTS (SELECT FROM plans.publication WHERE publication.id = plan_id);
GRANT SELECT ON ogc.beteiligungen TO geoportal_read;

-- What the Gemeinde has announced here holds before what the plan's file says of the same time: list, map, feeds,
-- calendar and all services go by it.
CREATE FUNCTION participation.auslegungen(wanted uuid, told jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH announced AS (
        SELECT beginn, ende, state FROM participation.beteiligung WHERE plan_id = wanted AND state <> 'entwurf')
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

CREATE OR REPLACE VIEW plans.publication_source AS
SELECT
    plan_id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text, rechtsstand,
    rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum,
    satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum, rechtsverordnungs_datum, ausfertigungs_datum,
    inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    (eigene.auslegungen #>> '{-1,start}')::date AS auslegung_start_datum,
    (eigene.auslegungen #>> '{-1,ende}')::date AS auslegung_end_datum,
    gueltig_von, gueltig_bis, version, veroeffentlicht_am, xplan_version, version_id, gemeinden, eigene.auslegungen,
    traegerbeteiligungen, bezuege, erstellungsmassstab, geom
FROM ogc.planversionen
CROSS JOIN LATERAL (SELECT participation.auslegungen(plan_id, planversionen.auslegungen) AS auslegungen) AS eigene
WHERE ist_aktuell;

CREATE FUNCTION participation.publish_after_beteiligung() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    public_version bigint;
BEGIN
    SELECT id INTO public_version FROM plans.version WHERE plan_id = NEW.plan_id AND state = 'published';
    IF public_version IS NOT NULL AND NEW.state <> 'entwurf' THEN
        PERFORM plans.renew_publication(public_version);
        PERFORM plans.touch_plans(ARRAY(SELECT planwerk FROM plans.plan WHERE id = NEW.plan_id));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER beteiligung_publish AFTER INSERT OR UPDATE ON participation.beteiligung
    FOR EACH ROW EXECUTE FUNCTION participation.publish_after_beteiligung();
