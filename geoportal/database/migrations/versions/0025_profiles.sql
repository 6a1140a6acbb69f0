-- What the columns and words of a Gemeinde's tables mean, beside what her manifest says.
CREATE TABLE desk.profile (
    ags text PRIMARY KEY REFERENCES plans.gemeinde,
    profile jsonb NOT NULL,
    changed_by bigint NOT NULL REFERENCES desk.account,
    changed_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE desk.profile ENABLE ROW LEVEL SECURITY;
CREATE POLICY profile_seen ON desk.profile FOR SELECT TO geoportal_desk
    USING (desk.reaches(ags, 'office', 'planner', 'publisher', 'kreis', 'auditor'));
CREATE POLICY profile_added ON desk.profile FOR INSERT TO geoportal_desk
    WITH CHECK (changed_by = desk.me() AND desk.reaches(ags, 'office', 'planner', 'kreis'));
CREATE POLICY profile_changed ON desk.profile FOR UPDATE TO geoportal_desk
    USING (desk.reaches(ags, 'office', 'planner', 'kreis')) WITH CHECK (changed_by = desk.me());
GRANT SELECT, INSERT, UPDATE ON desk.profile TO geoportal_desk;
