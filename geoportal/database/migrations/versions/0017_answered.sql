-- Answers of the API by Idempotency-Key: a program that lost the answer asks again, and nothing happens twice.
CREATE TABLE desk.answered (
    account_id bigint NOT NULL REFERENCES desk.account ON DELETE CASCADE,
    key text NOT NULL,
    request text NOT NULL,
    status integer,
    body jsonb,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
ALTER TABLE desk.answered ENABLE ROW LEVEL SECURITY;
CREATE POLICY answered_own ON desk.answered TO geoportal_desk
    USING (account_id = desk.me()) WITH CHECK (account_id = desk.me());
GRANT SELECT, INSERT, DELETE, UPDATE (status, body) ON desk.answered TO geoportal_desk;
