-- What somebody may see is asked of the thing itself, and no longer of all there are: to look at one draft asked for each
-- delivery of all years whether it may be seen. The rights are the same.

-- The Gemeinden in which who acts has one of these roles.
CREATE FUNCTION desk.reached(VARIADIC roles text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT gemeinde.ags), '{}')
    FROM desk.membership JOIN desk.account ON account.id = membership.account_id
    JOIN plans.gemeinde ON membership.ags IN (gemeinde.ags, '*')
    WHERE membership.account_id = desk.me() AND account.locked_at IS NULL AND membership.role = ANY ($1)
      AND gemeinde.ags = coalesce(nullif(current_setting('app.ags', true), ''), gemeinde.ags)
$$;
REVOKE EXECUTE ON FUNCTION desk.reached FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.reached TO geoportal_desk;

-- Lists and counts go over all deliveries: the Gemeinden are looked up once for all rows.
ALTER POLICY upload_seen ON plans.upload USING (
    ags = ANY ((SELECT desk.reached('planner', 'publisher', 'kreis', 'auditor'))::text[])
    OR (delivered_by = desk.me() AND ags = ANY ((SELECT desk.reached('office'))::text[]))
    OR id IN (SELECT upload_id FROM desk.report_link));

ALTER POLICY report_seen ON desk.report USING (
    EXISTS (SELECT FROM plans.upload WHERE upload.id = report.upload_id));
ALTER POLICY report_link_made ON desk.report_link WITH CHECK (
    made_by = desk.me() AND EXISTS (SELECT FROM plans.upload WHERE upload.id = report_link.upload_id));
ALTER POLICY delivery_seen ON plans.delivery USING (
    EXISTS (SELECT FROM plans.upload WHERE upload.delivery_id = delivery.id));
ALTER POLICY issue_seen ON plans.issue USING (
    EXISTS (SELECT FROM plans.upload WHERE upload.delivery_id = issue.delivery_id));
ALTER POLICY version_seen ON plans.version USING (
    state IN ('published', 'superseded')
    OR EXISTS (SELECT FROM plans.upload WHERE upload.delivery_id = version.delivery_id)
    OR EXISTS (SELECT FROM plans.plan
               WHERE plan.id = version.plan_id AND desk.reaches(ags, 'planner', 'publisher', 'kreis', 'auditor')));
ALTER POLICY version_moved ON plans.version USING (
    EXISTS (SELECT FROM plans.plan WHERE plan.id = version.plan_id AND desk.reaches(ags, 'publisher', 'kreis'))
    OR (state IN ('in_review', 'withdrawn') AND published_at IS NULL
        AND EXISTS (SELECT FROM plans.plan WHERE plan.id = version.plan_id AND desk.reaches(ags, 'office', 'planner'))
        AND EXISTS (SELECT FROM plans.upload WHERE upload.delivery_id = version.delivery_id)));
ALTER POLICY version_restored ON plans.version WITH CHECK (
    restored_from IS NOT NULL AND state = 'in_review'
    AND EXISTS (SELECT FROM plans.plan WHERE plan.id = version.plan_id AND desk.reaches(ags, 'publisher', 'kreis')));

-- Drafts are few among all versions (plans.editable).
CREATE INDEX version_draft ON plans.version (delivery_id) WHERE state = 'in_review' AND published_at IS NULL;
