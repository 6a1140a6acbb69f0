-- A file that was sent in, from its arrival to what became of it. Its job is in schema `jobs`, inserted with the row.
CREATE TABLE plans.upload (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 text NOT NULL,
    filename text NOT NULL,
    size bigint NOT NULL,
    ags text REFERENCES plans.gemeinde,
    state text NOT NULL DEFAULT 'received'
        CHECK (state IN ('received', 'checking', 'checked', 'failed', 'published', 'withdrawn')),
    step text NOT NULL DEFAULT 'waiting' CHECK (step IN ('waiting', 'reading', 'saving', 'done')),
    percent integer NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    attempts integer NOT NULL DEFAULT 0,
    fault_code text,
    fault text,
    delivery_id bigint REFERENCES plans.delivery,
    job_id bigint,
    received_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'failed') = (fault_code IS NOT NULL))
);
CREATE INDEX upload_sha256 ON plans.upload (sha256);
CREATE INDEX upload_received_at ON plans.upload (received_at);
CREATE INDEX upload_delivery ON plans.upload (delivery_id);

-- Whoever shows progress listens; no writer can forget to tell.
CREATE FUNCTION plans.tell_upload() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('geoportal_upload', json_build_object(
        'id', NEW.id, 'state', NEW.state, 'step', NEW.step, 'percent', NEW.percent)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER upload_tell AFTER INSERT OR UPDATE ON plans.upload FOR EACH ROW EXECUTE FUNCTION plans.tell_upload();
