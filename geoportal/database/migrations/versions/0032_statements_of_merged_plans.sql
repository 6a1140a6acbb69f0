-- A plan that turns out to be another one brings its participations along. One that runs at the same time as one of the
-- other stays where it is: its statements are read and weighed there, and their writers reach them as before.
CREATE FUNCTION participation.follow_merge() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE participation.beteiligung AS mine SET plan_id = NEW.merged_into, version = version + 1
    WHERE plan_id = NEW.id AND NOT EXISTS (
        SELECT FROM participation.beteiligung AS theirs
        WHERE theirs.plan_id = NEW.merged_into AND theirs.announced AND mine.announced
            AND daterange(theirs.beginn, theirs.ende, '[]') && daterange(mine.beginn, mine.ende, '[]'));
    RETURN NULL;
END $$;
CREATE TRIGGER plan_follow_merge AFTER UPDATE OF merged_into ON plans.plan
    FOR EACH ROW WHEN (NEW.merged_into IS NOT NULL) EXECUTE FUNCTION participation.follow_merge();

UPDATE participation.beteiligung AS mine SET plan_id = plan.merged_into
FROM plans.plan
WHERE plan.id = mine.plan_id AND plan.merged_into IS NOT NULL AND NOT EXISTS (
    SELECT FROM participation.beteiligung AS theirs
    WHERE theirs.plan_id = plan.merged_into AND theirs.announced AND mine.announced
        AND daterange(theirs.beginn, theirs.ende, '[]') && daterange(mine.beginn, mine.ende, '[]'));

-- What the statement whose link was shown is about, as it is called, or was called when it was public last.
CREATE FUNCTION participation.plan_of_shown(
    OUT id uuid, OUT name text, OUT gemeinde text, OUT ags text, OUT is_public boolean
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT beteiligung.plan_id, coalesce(known.name, 'Plan ohne Namen'), gemeinde.name, beteiligung.ags,
        EXISTS (SELECT FROM plans.publication WHERE publication.id = beteiligung.plan_id)
    FROM participation.stellungnahme
    JOIN participation.beteiligung ON beteiligung.id = stellungnahme.beteiligung_id
    JOIN plans.gemeinde ON gemeinde.ags = beteiligung.ags
    LEFT JOIN plans.plan ON plan.id = beteiligung.plan_id
    LEFT JOIN LATERAL (
        SELECT version.name FROM plans.version
        WHERE version.plan_id = coalesce(plan.merged_into, plan.id)
            AND version.published_at IS NOT NULL
        ORDER BY version.state = 'published' DESC, version.id DESC LIMIT 1) AS known ON true
    WHERE stellungnahme.link = participation.shown()
$$;
REVOKE EXECUTE ON FUNCTION participation.follow_merge, participation.plan_of_shown FROM PUBLIC;
GRANT EXECUTE ON FUNCTION participation.plan_of_shown TO geoportal_participation;
