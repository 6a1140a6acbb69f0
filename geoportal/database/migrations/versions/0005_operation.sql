-- Backups, drills, upgrades: when they began, when they ended, what came of them. A row without an end is under way, or
-- was ended from outside.
CREATE TABLE plans.maintenance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task text NOT NULL CHECK (task IN ('backup', 'drill', 'restore', 'upgrade')),
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    fault text,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX maintenance_task ON plans.maintenance (task, started_at DESC);

-- One row, for the web server, which reads nothing but this schema: is everything as its programs need it? Numbers and
-- times only; what was delivered and by whom is not among them.
CREATE VIEW ogc.operation AS
SELECT
    (SELECT version_num FROM plans.alembic_version) AS revision,
    (SELECT max(last_heartbeat) FROM jobs.procrastinate_workers) AS worker_seen_at,
    (SELECT count(*) FROM plans.upload WHERE state = 'received') AS waiting,
    (SELECT min(received_at) FROM plans.upload WHERE state = 'received') AS waiting_since,
    (SELECT count(*) FROM plans.upload WHERE state = 'checking') AS working,
    (SELECT max(finished_at) FROM plans.maintenance WHERE task = 'backup' AND fault IS NULL) AS backup_at,
    (SELECT max(finished_at) FROM plans.maintenance WHERE task = 'drill' AND fault IS NULL) AS drill_at;
GRANT SELECT ON ogc.operation TO geoportal_read;
