-- They ask who acts, and believe it: so only the role may call them in which that is always said (accounts.acting).
REVOKE EXECUTE ON FUNCTION
    desk.require_kreis, desk.people, desk.add_account, desk.add_ticket, desk.set_role, desk.set_locked,
    desk.end_sessions, desk.drop_second_factor, desk.revoke_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    desk.require_kreis, desk.people, desk.add_account, desk.add_ticket, desk.set_role, desk.set_locked,
    desk.end_sessions, desk.drop_second_factor, desk.revoke_token TO geoportal_desk;

-- Who signs in at the provider has no password here, and gets none.
CREATE OR REPLACE FUNCTION desk.add_ticket(target bigint, hash bytea, purpose text, expires timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    IF purpose NOT IN ('invitation', 'reset') OR EXISTS (
        SELECT FROM desk.account WHERE account.id = target AND account.issuer IS NOT NULL) THEN
        RAISE EXCEPTION 'no such purpose for this account' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO desk.ticket (hash, account_id, purpose, expires_at) VALUES ($2, $1, $3, $4);
END $$;

-- A letter that nobody can read any more needs nobody's attention either: it would hide the next ones.
CREATE OR REPLACE VIEW ogc.mail AS
SELECT
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    min(created_at) FILTER (WHERE state = 'waiting') AS waiting_since,
    count(*) FILTER (WHERE state = 'failed' AND body IS NOT NULL) AS failed,
    count(*) FILTER (WHERE state = 'sent') AS sent,
    (SELECT fault FROM mail.letter WHERE state = 'waiting' AND fault IS NOT NULL ORDER BY id LIMIT 1) AS fault
FROM mail.letter;

-- Strangers' statements are counted apart from sign-ins: the role that everybody uses has no business in the desk.
CREATE TABLE participation.attempt (LIKE desk.attempt INCLUDING ALL);
GRANT SELECT, INSERT, UPDATE ON participation.attempt TO geoportal_participation;
REVOKE ALL ON desk.attempt FROM geoportal_participation;
REVOKE USAGE ON SCHEMA desk FROM geoportal_participation;
