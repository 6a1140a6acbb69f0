-- What the Kreis may see and change of other people's accounts: these functions, and nothing else of the tables. None of
-- them shows a hash or a secret. Nobody locks themselves out, or makes themselves more.
CREATE FUNCTION desk.require_kreis() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    IF NOT desk.reaches('*', 'kreis') THEN
        RAISE EXCEPTION 'permission denied: accounts are managed by the Kreis' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION desk.people() RETURNS TABLE (
    id bigint, email text, name text, at_provider boolean, is_ready boolean, has_second_factor boolean,
    locked_at timestamptz, roles jsonb, sessions bigint, seen_at timestamptz, tokens jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    RETURN QUERY SELECT account.id, account.email, account.name, account.issuer IS NOT NULL,
        account.password IS NOT NULL OR account.subject IS NOT NULL, account.totp_secret IS NOT NULL, account.locked_at,
        coalesce((SELECT jsonb_agg(jsonb_build_object('role', role, 'ags', ags, 'by', granted_by) ORDER BY ags, role)
                  FROM desk.membership WHERE account_id = account.id), '[]'),
        (SELECT count(*) FROM desk.session WHERE account_id = account.id AND expires_at > now()),
        (SELECT max(session.seen_at) FROM desk.session WHERE account_id = account.id),
        coalesce((SELECT jsonb_agg(jsonb_build_object('id', token.id, 'name', token.name, 'ags', token.ags,
                      'expires_at', token.expires_at, 'last_used_at', token.last_used_at) ORDER BY token.created_at)
                  FROM desk.token WHERE account_id = account.id AND revoked_at IS NULL AND expires_at > now()), '[]')
    FROM desk.account ORDER BY account.email;
END $$;

CREATE FUNCTION desk.add_account(email text, name text, issuer text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    added bigint;
BEGIN
    PERFORM desk.require_kreis();
    INSERT INTO desk.account AS known (email, name, issuer) VALUES ($1, $2, $3)
    ON CONFLICT ON CONSTRAINT account_email_key DO NOTHING RETURNING known.id INTO added;
    RETURN added;
END $$;

-- A link with which the person, and nobody else, chooses a password; the Kreis hands it over.
CREATE FUNCTION desk.add_ticket(target bigint, hash bytea, purpose text, expires timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    IF purpose NOT IN ('invitation', 'reset') THEN
        RAISE EXCEPTION 'no such purpose' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO desk.ticket (hash, account_id, purpose, expires_at) VALUES ($2, $1, $3, $4);
END $$;

CREATE FUNCTION desk.set_role(target bigint, ags text, role text, wanted boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    IF target = desk.me() THEN
        RAISE EXCEPTION 'permission denied: not one''s own roles' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF wanted THEN
        INSERT INTO desk.membership (account_id, ags, role, granted_by) VALUES ($1, $2, $3, 'operator')
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM desk.membership WHERE account_id = $1 AND membership.ags = $2 AND membership.role = $3
            AND granted_by = 'operator';
    END IF;
    RETURN FOUND;
END $$;

CREATE FUNCTION desk.set_locked(target bigint, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    IF target = desk.me() THEN
        RAISE EXCEPTION 'permission denied: not oneself' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE desk.account SET locked_at = moment WHERE id = target AND (locked_at IS NULL) <> (moment IS NULL);
    RETURN FOUND;
END $$;

CREATE FUNCTION desk.end_sessions(target bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    ended bigint;
BEGIN
    PERFORM desk.require_kreis();
    DELETE FROM desk.session WHERE account_id = target;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

CREATE FUNCTION desk.drop_second_factor(target bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    UPDATE desk.account SET totp_secret = NULL, totp_used = 0, recovery_codes = '{}'
    WHERE id = target AND totp_secret IS NOT NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION desk.revoke_token(token text, moment timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM desk.require_kreis();
    UPDATE desk.token SET revoked_at = moment WHERE id = $1 AND revoked_at IS NULL;
    RETURN FOUND;
END $$;
