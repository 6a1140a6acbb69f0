-- Schema `desk`: who may sign in, as what, and what they did. The role geoportal_desk is what the signed-in side of the
-- web server connects as. It holds no right over the data of others: row-level security asks, for each row, what the
-- account named in `app.user` may do. That is the second of two walls; the first is geoportal.accounts.roles.

CREATE SCHEMA desk;
GRANT USAGE ON SCHEMA desk TO geoportal_desk;

CREATE TABLE desk.account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND email ~ '^[^@\s]+@[^@\s]+$' AND length(email) <= 254),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password text,                              -- argon2id; NULL until chosen, or for who signs in at a provider
    totp_secret text,
    totp_used bigint NOT NULL DEFAULT 0,        -- the last time step that was accepted: a code is good once
    recovery_codes text[] NOT NULL DEFAULT '{}',    -- SHA-256
    issuer text,
    subject text,
    locked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, subject),
    CHECK (subject IS NULL OR issuer IS NOT NULL)
);

-- `*` is the whole Kreis: for the roles that reach over all Gemeinden, and only for them.
CREATE TABLE desk.membership (
    account_id bigint NOT NULL REFERENCES desk.account ON DELETE CASCADE,
    ags text NOT NULL CHECK (ags = '*' OR ags ~ '^[0-9]{8}$'),
    role text NOT NULL CHECK (role IN ('office', 'planner', 'publisher', 'kreis', 'auditor')),
    granted_by text NOT NULL CHECK (granted_by IN ('operator', 'provider')),
    PRIMARY KEY (account_id, ags, role),
    CHECK ((role IN ('kreis', 'auditor')) = (ags = '*'))
);

-- Secrets are kept as SHA-256: they have 256 random bits, so nothing slower is needed.
CREATE TABLE desk.session (
    hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES desk.account ON DELETE CASCADE,
    origin text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_account ON desk.session (account_id);

CREATE TABLE desk.ticket (
    hash bytea PRIMARY KEY,
    account_id bigint REFERENCES desk.account ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('invitation', 'reset', 'second_factor', 'provider')),
    detail jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK ((account_id IS NULL) = (purpose = 'provider'))
);
CREATE INDEX ticket_account ON desk.ticket (account_id);

CREATE TABLE desk.token (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]{10}$'),
    hash bytea NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES desk.account ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    ags text NOT NULL CHECK (ags ~ '^[0-9]{8}$'),
    actions text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    CHECK (expires_at <= created_at + interval '366 days')
);
CREATE INDEX token_account ON desk.token (account_id);

-- Failed sign-ins, by the hash of what is counted: no addresses are kept here.
CREATE TABLE desk.attempt (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    began_at timestamptz NOT NULL
);

-- Every change, for ever. Each row holds the hash of the one before it, so that none can be changed or taken out unseen.
CREATE TABLE desk.audit (
    id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    account_id bigint,
    actor text NOT NULL,
    origin text NOT NULL,
    action text NOT NULL,
    ags text,
    object text NOT NULL,
    before_hash text,
    after_hash text,
    detail jsonb NOT NULL DEFAULT '{}',
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_ags ON desk.audit (ags, id DESC);
CREATE INDEX audit_object ON desk.audit (object, id DESC);

CREATE FUNCTION desk.audit_digest(entry desk.audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(entry.previous || convert_to(jsonb_build_array(
        entry.id, extract(epoch FROM entry.at)::text, entry.account_id, entry.actor, entry.origin, entry.action,
        entry.ags, entry.object, entry.before_hash, entry.after_hash, entry.detail)::text, 'UTF8'))
$$;

-- Number, time and hashes are never the writer's to choose. One entry at a time, or two would follow the same one.
CREATE FUNCTION desk.chain_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    last desk.audit;
BEGIN
    PERFORM pg_advisory_xact_lock(1634886004);
    SELECT * INTO last FROM desk.audit ORDER BY id DESC LIMIT 1;
    NEW.id := coalesce(last.id, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.previous := coalesce(last.hash, '\x'::bytea);
    NEW.hash := desk.audit_digest(NEW);
    RETURN NEW;
END $$;
CREATE TRIGGER audit_chain BEFORE INSERT ON desk.audit FOR EACH ROW EXECUTE FUNCTION desk.chain_audit();

CREATE FUNCTION desk.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON desk.audit
    FOR EACH STATEMENT EXECUTE FUNCTION desk.refuse_change();

-- Who acts: set for the length of a transaction by geoportal.accounts.acting. `app.ticket` is the hash of the secret
-- that a request has shown, `app.email` the address with which somebody wants to sign in, `app.subject` who a provider
-- says that it is.
CREATE FUNCTION desk.me() RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.user', true), '')::bigint $$;
CREATE FUNCTION desk.shown() RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT decode(nullif(current_setting('app.ticket', true), ''), 'hex') $$;
CREATE FUNCTION desk.claimed() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.email', true), '') $$;

CREATE FUNCTION desk.told() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.subject', true), '') $$;

-- Whether the acting account has one of the roles in a Gemeinde (`*`: in the whole Kreis). `app.ags` narrows it to the
-- Gemeinde for which a token was made.
CREATE FUNCTION desk.reaches(ags text, VARIADIC roles text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT coalesce(nullif(current_setting('app.ags', true), ''), $1) = $1 AND EXISTS (
        SELECT FROM desk.membership JOIN desk.account ON account.id = membership.account_id
        WHERE membership.account_id = desk.me() AND account.locked_at IS NULL
          AND membership.role = ANY ($2) AND membership.ags IN ($1, '*'))
$$;

CREATE FUNCTION desk.name_of(account bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS
$$ SELECT name FROM desk.account WHERE id = $1 $$;

ALTER TABLE desk.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.token ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.audit ENABLE ROW LEVEL SECURITY;

CREATE POLICY account_seen ON desk.account FOR SELECT TO geoportal_desk
    USING (id = desk.me() OR email = desk.claimed() OR subject = desk.told());
CREATE POLICY account_own ON desk.account FOR UPDATE TO geoportal_desk USING (id = desk.me());
CREATE POLICY membership_seen ON desk.membership FOR SELECT TO geoportal_desk USING (account_id = desk.me());
-- What a provider says of the groups of an account that signs in there; nobody else's, and nothing that we granted.
CREATE POLICY membership_added ON desk.membership FOR INSERT TO geoportal_desk WITH CHECK (
    account_id = desk.me() AND granted_by = 'provider'
    AND EXISTS (SELECT FROM desk.account WHERE account.id = account_id AND account.subject IS NOT NULL));
CREATE POLICY membership_removed ON desk.membership FOR DELETE TO geoportal_desk
    USING (account_id = desk.me() AND granted_by = 'provider');
CREATE POLICY session_own ON desk.session TO geoportal_desk
    USING (hash = desk.shown() OR account_id = desk.me()) WITH CHECK (account_id = desk.me());
CREATE POLICY ticket_seen ON desk.ticket FOR SELECT TO geoportal_desk USING (hash = desk.shown());
CREATE POLICY ticket_used ON desk.ticket FOR UPDATE TO geoportal_desk USING (hash = desk.shown());
CREATE POLICY ticket_made ON desk.ticket FOR INSERT TO geoportal_desk WITH CHECK (
    account_id IS NULL OR account_id = desk.me()
    OR EXISTS (SELECT FROM desk.account WHERE account.id = account_id AND account.email = desk.claimed()));
CREATE POLICY token_own ON desk.token TO geoportal_desk
    USING (hash = desk.shown() OR account_id = desk.me()) WITH CHECK (account_id = desk.me() OR hash = desk.shown());
CREATE POLICY audit_written ON desk.audit FOR INSERT TO geoportal_desk
    WITH CHECK (account_id IS NOT DISTINCT FROM desk.me());
CREATE POLICY audit_read ON desk.audit FOR SELECT TO geoportal_desk
    USING (account_id = desk.me() OR desk.reaches(coalesce(ags, '*'), 'publisher', 'kreis', 'auditor'));

GRANT SELECT ON desk.account, desk.membership, desk.session, desk.ticket, desk.token, desk.attempt, desk.audit
    TO geoportal_desk;
GRANT UPDATE (password, totp_secret, totp_used, recovery_codes, subject) ON desk.account TO geoportal_desk;
GRANT INSERT, DELETE ON desk.membership TO geoportal_desk;
GRANT INSERT, DELETE, UPDATE (seen_at) ON desk.session TO geoportal_desk;
GRANT INSERT, UPDATE (used_at) ON desk.ticket TO geoportal_desk;
GRANT INSERT, UPDATE (last_used_at, revoked_at) ON desk.token TO geoportal_desk;
GRANT INSERT, UPDATE, DELETE ON desk.attempt TO geoportal_desk;
GRANT INSERT ON desk.audit TO geoportal_desk;
