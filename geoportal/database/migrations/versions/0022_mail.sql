-- Letters by e-mail. Whoever causes one writes it here in the transaction of its cause, so that neither is without the
-- other; the worker sends it (geoportal.mail). What a letter says and to whom is gone as soon as it is sent.
CREATE SCHEMA mail;

CREATE TABLE mail.letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- the same however often the letter is sent: servers and readers know a double by it (RFC 5322 3.6.4)
    message_id text NOT NULL UNIQUE CHECK (message_id ~ '^<[A-Za-z0-9._-]+@[A-Za-z0-9.-]+>$'),
    kind text NOT NULL CHECK (kind ~ '^[a-z_]+$'),
    recipient text CHECK (recipient ~ '^[^@\s<>]+@[^@\s<>]+$' AND length(recipient) <= 254),
    subject text CHECK (length(subject) <= 200 AND subject !~ '[[:cntrl:]]'),
    body text CHECK (length(body) <= 20000),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    leased_until timestamptz,           -- somebody is sending it
    fault text,                         -- what the server said, as a code; never its words, which may name people
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state <> 'waiting' OR num_nulls(recipient, subject, body) = 0),
    CHECK (state <> 'sent' OR num_nonnulls(recipient, subject, body) = 0)
);
CREATE INDEX letter_due ON mail.letter (next_at) WHERE state = 'waiting';
CREATE INDEX letter_state ON mail.letter (state, ended_at);

-- All that others may do: put a letter in.
CREATE FUNCTION mail.put(
    message_id text, kind text, recipient text, subject text, body text, now timestamptz
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO mail.letter (message_id, kind, recipient, subject, body, next_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6)
$$;
REVOKE EXECUTE ON FUNCTION mail.put FROM PUBLIC;
GRANT USAGE ON SCHEMA mail TO geoportal_desk;
GRANT EXECUTE ON FUNCTION mail.put TO geoportal_desk;

-- For the operators' page: numbers and times, nobody's address.
CREATE VIEW ogc.mail AS
SELECT
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    min(created_at) FILTER (WHERE state = 'waiting') AS waiting_since,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'sent') AS sent,
    (SELECT fault FROM mail.letter WHERE state = 'waiting' AND fault IS NOT NULL ORDER BY id LIMIT 1) AS fault
FROM mail.letter;
GRANT SELECT ON ogc.mail TO geoportal_read;
