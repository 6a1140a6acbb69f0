-- Deliveries through the desk wait for somebody to publish them. What the role geoportal_desk may see and change of the
-- plans is said here, row by row; the owner, and the views of schema `ogc`, are not touched by it.

ALTER TABLE plans.upload
    ADD COLUMN delivered_by bigint REFERENCES desk.account,
    ADD COLUMN submitted_by bigint REFERENCES desk.account,
    ADD COLUMN publish_on date,
    DROP CONSTRAINT upload_state_check,
    ADD CONSTRAINT upload_state_check CHECK (state IN (
        'received', 'checking', 'checked', 'failed', 'in_review', 'scheduled', 'published', 'withdrawn', 'superseded')),
    ADD CHECK ((state = 'scheduled') = (publish_on IS NOT NULL)),
    -- whoever delivers through the desk says for whom
    ADD CHECK (delivered_by IS NULL OR ags IS NOT NULL);
CREATE INDEX upload_ags ON plans.upload (ags, id DESC);

CREATE TABLE desk.report (
    upload_id bigint NOT NULL REFERENCES plans.upload,
    kind text NOT NULL CHECK (kind IN ('json', 'html', 'gpkg')),
    sha256 text NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (upload_id, kind)
);
CREATE INDEX report_sha256 ON desk.report (sha256);

-- A link with which somebody without an account reads one report.
CREATE TABLE desk.report_link (
    hash bytea PRIMARY KEY,
    upload_id bigint NOT NULL REFERENCES plans.upload,
    made_by bigint NOT NULL REFERENCES desk.account,
    expires_at timestamptz NOT NULL
);
CREATE INDEX report_link_upload ON desk.report_link (upload_id);

CREATE TABLE desk.gemeinde (
    ags text PRIMARY KEY REFERENCES plans.gemeinde,
    four_eyes boolean NOT NULL DEFAULT false,
    quota bigint NOT NULL DEFAULT 5000000000 CHECK (quota > 0)    -- bytes in thirty days
);

-- A file on its way (tus 1.0): how much of it has arrived is the size of the file itself.
CREATE TABLE desk.transfer (
    id text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9_-]{43}$'),
    account_id bigint NOT NULL REFERENCES desk.account ON DELETE CASCADE,
    ags text NOT NULL REFERENCES plans.gemeinde,
    filename text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    upload_id bigint REFERENCES plans.upload,
    expires_at timestamptz NOT NULL
);
CREATE INDEX transfer_account ON desk.transfer (account_id);

ALTER TABLE plans.upload ENABLE ROW LEVEL SECURITY;
ALTER TABLE plans.delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE plans.issue ENABLE ROW LEVEL SECURITY;
ALTER TABLE plans.plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE plans.version ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.report ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.report_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.gemeinde ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.transfer ENABLE ROW LEVEL SECURITY;

-- An office sees what it delivered itself; who has been shown a report sees that one.
CREATE POLICY upload_seen ON plans.upload FOR SELECT TO geoportal_desk USING (
    desk.reaches(ags, 'planner', 'publisher', 'kreis', 'auditor')
    OR (delivered_by = desk.me() AND desk.reaches(ags, 'office'))
    OR id IN (SELECT upload_id FROM desk.report_link));
CREATE POLICY upload_delivered ON plans.upload FOR INSERT TO geoportal_desk WITH CHECK (
    delivered_by = desk.me() AND state = 'received' AND desk.reaches(ags, 'office', 'planner', 'kreis'));
CREATE POLICY upload_moved ON plans.upload FOR UPDATE TO geoportal_desk USING (
    desk.reaches(ags, 'planner', 'publisher', 'kreis') OR (delivered_by = desk.me() AND desk.reaches(ags, 'office')))
    -- what the public sees changes by the hand of a publisher only
    WITH CHECK (desk.reaches(ags, 'publisher', 'kreis') OR state NOT IN ('scheduled', 'published', 'superseded'));
CREATE POLICY report_link_seen ON desk.report_link FOR SELECT TO geoportal_desk
    USING (hash = desk.shown() AND expires_at > now());
CREATE POLICY report_link_made ON desk.report_link FOR INSERT TO geoportal_desk
    WITH CHECK (made_by = desk.me() AND upload_id IN (SELECT id FROM plans.upload));
CREATE POLICY report_seen ON desk.report FOR SELECT TO geoportal_desk
    USING (upload_id IN (SELECT id FROM plans.upload));
CREATE POLICY delivery_seen ON plans.delivery FOR SELECT TO geoportal_desk
    USING (id IN (SELECT delivery_id FROM plans.upload));
CREATE POLICY issue_seen ON plans.issue FOR SELECT TO geoportal_desk
    USING (delivery_id IN (SELECT delivery_id FROM plans.upload));

-- What is or was public is no secret; a draft is seen by who sees its delivery.
CREATE POLICY plan_seen ON plans.plan FOR SELECT TO geoportal_desk USING (true);
CREATE POLICY plan_held ON plans.plan FOR UPDATE TO geoportal_desk
    USING (desk.reaches(ags, 'publisher', 'kreis')) WITH CHECK (merged_into IS NULL);
CREATE POLICY version_seen ON plans.version FOR SELECT TO geoportal_desk USING (
    state IN ('published', 'superseded')
    OR delivery_id IN (SELECT delivery_id FROM plans.upload)
    OR plan_id IN (SELECT id FROM plans.plan WHERE desk.reaches(ags, 'planner', 'publisher', 'kreis', 'auditor')));
CREATE POLICY version_moved ON plans.version FOR UPDATE TO geoportal_desk USING (
    plan_id IN (SELECT id FROM plans.plan WHERE desk.reaches(ags, 'publisher', 'kreis'))
    -- a draft goes with its delivery, which who has delivered it may take back
    OR (state IN ('in_review', 'withdrawn') AND published_at IS NULL
        AND plan_id IN (SELECT id FROM plans.plan WHERE desk.reaches(ags, 'office', 'planner'))
        AND delivery_id IN (SELECT delivery_id FROM plans.upload)));
CREATE POLICY version_restored ON plans.version FOR INSERT TO geoportal_desk WITH CHECK (
    restored_from IS NOT NULL AND state = 'in_review'
    AND plan_id IN (SELECT id FROM plans.plan WHERE desk.reaches(ags, 'publisher', 'kreis')));

DO $$
DECLARE
    belonging text;
BEGIN
    FOREACH belonging IN ARRAY ARRAY['bereich', 'planobjekt', 'textabschnitt', 'dokument', 'rasterplan'] LOOP
        EXECUTE format('ALTER TABLE plans.%1$I ENABLE ROW LEVEL SECURITY;
            CREATE POLICY %1$I_seen ON plans.%1$I FOR SELECT TO geoportal_desk
                USING (version_id IN (SELECT id FROM plans.version));
            CREATE POLICY %1$I_restored ON plans.%1$I FOR INSERT TO geoportal_desk
                WITH CHECK (version_id IN (
                    SELECT version.id FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
                    WHERE version.state = ''in_review'' AND version.restored_from IS NOT NULL
                      AND desk.reaches(plan.ags, ''publisher'', ''kreis'')));
            GRANT SELECT, INSERT ON plans.%1$I TO geoportal_desk;', belonging);
    END LOOP;
END $$;

CREATE POLICY gemeinde_seen ON desk.gemeinde FOR SELECT TO geoportal_desk
    USING (desk.reaches(ags, 'office', 'planner', 'publisher', 'kreis', 'auditor'));
CREATE POLICY gemeinde_changed ON desk.gemeinde FOR UPDATE TO geoportal_desk
    USING (desk.reaches(ags, 'publisher', 'kreis'));
CREATE POLICY gemeinde_added ON desk.gemeinde FOR INSERT TO geoportal_desk
    WITH CHECK (desk.reaches(ags, 'publisher', 'kreis'));
CREATE POLICY transfer_own ON desk.transfer TO geoportal_desk
    USING (account_id = desk.me()) WITH CHECK (account_id = desk.me() AND desk.reaches(ags, 'office', 'planner', 'kreis'));

GRANT USAGE ON SCHEMA plans, jobs TO geoportal_desk;
GRANT SELECT ON plans.gemeinde, plans.code, plans.klasse, plans.upload, plans.delivery, plans.issue, plans.plan,
    plans.version, desk.report, desk.report_link, desk.gemeinde, desk.transfer TO geoportal_desk;
GRANT INSERT (sha256, filename, size, ags, delivered_by),
    UPDATE (state, step, job_id, submitted_by, publish_on, changed_at) ON plans.upload TO geoportal_desk;
GRANT INSERT ON desk.report_link TO geoportal_desk;
GRANT INSERT, DELETE, UPDATE (upload_id) ON desk.transfer TO geoportal_desk;
GRANT INSERT (ags, four_eyes), UPDATE (four_eyes) ON desk.gemeinde TO geoportal_desk;
GRANT UPDATE (merged_into) ON plans.plan TO geoportal_desk;
GRANT INSERT, UPDATE (state, published_at, published_until, reason) ON plans.version TO geoportal_desk;

-- Putting a job into the queue and taking it out are all that the desk may do there.
ALTER FUNCTION jobs.procrastinate_defer_jobs_v1(jobs.procrastinate_job_to_defer_v1[])
    SECURITY DEFINER SET search_path = jobs, pg_temp;
ALTER FUNCTION jobs.procrastinate_cancel_job_v1(bigint, boolean, boolean)
    SECURITY DEFINER SET search_path = jobs, pg_temp;

-- What follows a publication is not the publisher's to write: such triggers run as their owner.
ALTER FUNCTION places.follow_version() SECURITY DEFINER SET search_path = public, pg_temp;
