-- Whoever holds the link to a report reads it without an account. So it ends when the delivery is taken back, when one of
-- its plans is withdrawn from the public, when the account that gave it away is locked, or has no role there any more. It
-- ends for good: what comes back is shown by a new link.

-- The delivery is taken back, also before anything of it was read.
CREATE FUNCTION desk.end_links_of_upload() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM desk.report_link WHERE upload_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_links AFTER UPDATE OF state ON plans.upload FOR EACH ROW
    WHEN (NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn') EXECUTE FUNCTION desk.end_links_of_upload();

-- A plan is withdrawn, by whom and how ever.
CREATE FUNCTION desk.end_links_of_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM desk.report_link WHERE upload_id IN (SELECT id FROM plans.upload WHERE delivery_id = NEW.delivery_id);
    RETURN NULL;
END $$;
CREATE TRIGGER end_links AFTER UPDATE OF state ON plans.version FOR EACH ROW
    WHEN (NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn') EXECUTE FUNCTION desk.end_links_of_version();

CREATE FUNCTION desk.end_links_of_account() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM desk.report_link WHERE made_by = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_links AFTER UPDATE OF locked_at ON desk.account FOR EACH ROW
    WHEN (NEW.locked_at IS NOT NULL) EXECUTE FUNCTION desk.end_links_of_account();

-- Asked at the end of the transaction: a provider takes all roles away at each sign-in, and gives them again.
CREATE FUNCTION desk.end_links_of_role() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM desk.report_link AS link USING plans.upload
    WHERE link.made_by = OLD.account_id AND upload.id = link.upload_id AND NOT EXISTS (
        SELECT FROM desk.membership AS role
        WHERE role.account_id = link.made_by AND role.ags IN (upload.ags, '*'));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER end_links AFTER DELETE ON desk.membership DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION desk.end_links_of_role();

-- Who shares a report while somebody takes the delivery back comes before, and the link ends, or comes too late.
CREATE FUNCTION desk.link_to_what_stands() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM plans.upload WHERE id = NEW.upload_id AND state <> 'withdrawn' FOR SHARE;
    RETURN CASE WHEN FOUND THEN NEW END;  -- no row else
END $$;
CREATE TRIGGER to_what_stands BEFORE INSERT ON desk.report_link FOR EACH ROW
    EXECUTE FUNCTION desk.link_to_what_stands();

DELETE FROM desk.report_link USING plans.upload WHERE upload.id = report_link.upload_id AND upload.state = 'withdrawn';
DELETE FROM desk.report_link USING desk.account WHERE account.id = report_link.made_by AND locked_at IS NOT NULL;
