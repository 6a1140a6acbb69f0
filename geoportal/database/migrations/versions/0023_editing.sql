-- What a person has filled in beside the file. `form` says of each such field what the file says, so that it is always
-- clear where a value comes from, and the next delivery can be held against both. The delivered file is never changed.
ALTER TABLE plans.version
    ADD COLUMN form jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN edited_by bigint REFERENCES desk.account,
    ADD COLUMN edited_at timestamptz;
-- `examined` is what was found in a document that somebody added: pages, text, personal data. Never public.
ALTER TABLE plans.dokument
    ADD COLUMN from_form boolean NOT NULL DEFAULT false,
    ADD COLUMN examined jsonb;

-- A delivery that changes what is said about a public plan, without a file of its own.
ALTER TABLE plans.upload ADD COLUMN edits uuid REFERENCES plans.plan;

-- The drafts that the acting account may edit: an office what it delivered itself, planners all of their Gemeinde.
CREATE FUNCTION plans.editable() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = plans, pg_temp AS $$
    SELECT version.id FROM plans.version JOIN plans.plan ON plan.id = version.plan_id
    JOIN plans.upload ON upload.delivery_id = version.delivery_id
    WHERE version.state = 'in_review' AND version.published_at IS NULL AND upload.state IN ('checked', 'in_review')
      AND (desk.reaches(plan.ags, 'planner', 'kreis')
           OR (upload.delivered_by = desk.me() AND desk.reaches(plan.ags, 'office')))
$$;

-- Only a draft is edited, by who may; what is or was public stays what it was, whoever asks.
CREATE FUNCTION plans.keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'in_review' OR OLD.published_at IS NOT NULL
       OR (current_user = 'geoportal_desk' AND NOT OLD.id IN (SELECT plans.editable())) THEN
        RAISE EXCEPTION 'permission denied: only a draft is edited' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_keep BEFORE UPDATE OF name, beschreibung, planart, rechtsstand, status, verfahren,
    aufstellungsbeschluss_datum, entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum,
    genehmigungs_datum, rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum,
    untergangs_datum, auslegungen, form, edited_by, edited_at ON plans.version
    FOR EACH ROW EXECUTE FUNCTION plans.keep_version();

CREATE POLICY version_edited ON plans.version FOR UPDATE TO geoportal_desk
    USING (id IN (SELECT plans.editable())) WITH CHECK (state = 'in_review' AND published_at IS NULL);
CREATE POLICY dokument_edited ON plans.dokument FOR UPDATE TO geoportal_desk
    USING (version_id IN (SELECT plans.editable()));
CREATE POLICY dokument_added ON plans.dokument FOR INSERT TO geoportal_desk
    WITH CHECK (from_form AND version_id IN (SELECT plans.editable()));
CREATE POLICY dokument_removed ON plans.dokument FOR DELETE TO geoportal_desk
    USING (version_id IN (SELECT plans.editable()));
GRANT UPDATE (name, beschreibung, planart, rechtsstand, status, verfahren, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum, rechtsverordnungs_datum,
    ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum, auslegungen, form, edited_by,
    edited_at) ON plans.version TO geoportal_desk;
GRANT UPDATE (position, typ, name, beschreibung, datum), DELETE ON plans.dokument TO geoportal_desk;

-- A new draft of what is public, to be edited: a delivery of its own without a new file. One copy of a version and all
-- that belongs to it, made here because nobody but the owner may write versions.
CREATE FUNCTION plans.draft_of(public_version bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = plans, public, pg_temp AS $$
DECLARE
    old plans.version;
    source plans.delivery;
    ags text;
    delivery bigint;
    upload bigint;
    draft bigint;
    part record;
BEGIN
    SELECT * INTO old FROM plans.version WHERE id = public_version AND state = 'published';
    SELECT plan.ags INTO ags FROM plans.plan WHERE id = old.plan_id FOR UPDATE;
    IF ags IS NULL OR NOT desk.reaches(ags, 'planner', 'kreis') THEN
        RAISE EXCEPTION 'not open to this account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO source FROM plans.delivery WHERE id = old.delivery_id;
    INSERT INTO plans.delivery (sha256, filename, format, report)
    VALUES (source.sha256, source.filename, source.format, source.report) RETURNING id INTO delivery;
    INSERT INTO plans.upload (sha256, filename, size, ags, state, step, percent, delivery_id, delivered_by, edits)
    VALUES (source.sha256, source.filename, 0, ags, 'checked', 'done', 100, delivery, desk.me(), old.plan_id)
    RETURNING id INTO upload;
    SELECT string_agg(format('%I', attname), ', ') AS names INTO part FROM pg_attribute
    WHERE attrelid = 'plans.version'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN (
        'id', 'version', 'delivery_id', 'state', 'created_at', 'published_at', 'published_until', 'reason',
        'restored_from') AND attgenerated = '';
    EXECUTE format('INSERT INTO plans.version (version, delivery_id, state, %1$s)
        SELECT (SELECT max(version) + 1 FROM plans.version WHERE plan_id = $2), $3, ''in_review'', %1$s
        FROM plans.version WHERE id = $1 RETURNING id', part.names) INTO draft USING old.id, old.plan_id, delivery;
    FOR part IN
        SELECT attrelid, string_agg(format('%I', attname), ', ') AS names FROM pg_attribute
        WHERE attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname NOT IN ('id', 'version_id')
          AND attrelid IN (
            SELECT attrelid FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'plans'::regnamespace AND relkind = 'r' AND attname = 'version_id'
              AND NOT attisdropped)
        GROUP BY attrelid
    LOOP
        EXECUTE format('INSERT INTO %1$s (version_id, %2$s) SELECT $2, %2$s FROM %1$s WHERE version_id = $1',
            part.attrelid::regclass, part.names) USING old.id, draft;
    END LOOP;
    RETURN upload;
END $$;
REVOKE ALL ON FUNCTION plans.draft_of(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plans.draft_of(bigint) TO geoportal_desk;
