-- Every kind of participation that BauGB §§ 3, 4 and 4a know. Those of authorities are no affair of the public: of them
-- the plan's time line tells the days, and nothing else does. What the law asks of each, participation/arten.py says.
ALTER TABLE participation.beteiligung
    DROP CONSTRAINT beteiligung_art_check,
    ADD CONSTRAINT beteiligung_art_check CHECK (art IN (
        'fruehzeitig', 'veroeffentlichung', 'erneut', 'behoerden_fruehzeitig', 'behoerden', 'behoerden_erneut')),
    ADD COLUMN oeffentlich boolean NOT NULL GENERATED ALWAYS AS (art NOT LIKE 'behoerden%') STORED;
ALTER TABLE participation.beteiligung
    ADD CONSTRAINT beteiligung_online_is_public CHECK (oeffentlich OR NOT online),
    DROP CONSTRAINT beteiligung_plan_id_daterange_excl,
    -- the public and the authorities may be asked at once (§ 4a Abs. 2), neither of them twice
    ADD CONSTRAINT beteiligung_one_at_a_time EXCLUDE USING gist (
        plan_id WITH =, (oeffentlich::integer) WITH =, daterange(beginn, ende, '[]') WITH &&)
        WHERE (state IN ('bekannt', 'unterbrochen', 'abgeschlossen'));
ALTER POLICY announced ON participation.beteiligung USING (announced AND oeffentlich);

CREATE OR REPLACE VIEW ogc.beteiligungen AS
SELECT
    id, plan_id, ags, art, state, bekanntmachung, beginn, ende, erstes_ende, anlass, zugang, stelle, telefon, email,
    datenschutz, name_angabe, anschrift_angabe, mit_ort, mit_anlagen, online, unterbrochen_am, hinweis
FROM participation.beteiligung
WHERE announced AND oeffentlich AND EXISTS (SELECT FROM plans.publication WHERE publication.id = plan_id);

CREATE OR REPLACE FUNCTION participation.follow_merge() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE participation.beteiligung AS mine SET plan_id = NEW.merged_into, version = version + 1
    WHERE plan_id = NEW.id AND NOT EXISTS (
        SELECT FROM participation.beteiligung AS theirs
        WHERE theirs.plan_id = NEW.merged_into AND theirs.announced AND mine.announced
            AND theirs.oeffentlich = mine.oeffentlich
            AND daterange(theirs.beginn, theirs.ende, '[]') && daterange(mine.beginn, mine.ende, '[]'));
    RETURN NULL;
END $$;

-- The kind as which a plan's file tells it: a file knows no second time.
CREATE FUNCTION participation.told_as(art text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE art WHEN 'erneut' THEN 'veroeffentlichung' WHEN 'behoerden_erneut' THEN 'behoerden' ELSE art END
$$;

-- The day with which a text begins, or NULL: what a file says beside the fields of a plan is kept as it was written.
CREATE FUNCTION participation.day(raw text) RETURNS date LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN substring(raw FROM '^\d{4}-\d{2}-\d{2}')::date;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RETURN NULL;
END $$;

-- The periods of which a plan's file tells, each with its kind, in order of time; the early ones since XPlanGML 6.1.
CREATE FUNCTION participation.told(auslegungen jsonb, traegerbeteiligungen jsonb, attribute jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(
        jsonb_build_object('art', art, 'oeffentlich', art NOT LIKE 'behoerden%', 'start', start, 'ende', ende)
        ORDER BY coalesce(start, ende), art), '[]')
    FROM (
        SELECT 'veroeffentlichung', (period ->> 'start')::date, (period ->> 'ende')::date
        FROM jsonb_array_elements(auslegungen) AS period
        UNION ALL
        SELECT 'behoerden', (period ->> 'start')::date, (period ->> 'ende')::date
        FROM jsonb_array_elements(traegerbeteiligungen) AS period
        UNION ALL
        SELECT early.art, participation.day(attribute ->> (early.name || 'StartDatum')),
            participation.day(attribute ->> (early.name || 'EndDatum'))
        FROM (VALUES
            ('fruehzeitig', 'fruehzeitigeOeffentlichkeitsbeteiligungs'),
            ('behoerden_fruehzeitig', 'fruehzeitigeTraegerbeteiligungs')) AS early(art, name)
        WHERE attribute ?| ARRAY[early.name || 'StartDatum', early.name || 'EndDatum']
    ) AS said(art, start, ende)
    WHERE coalesce(start, ende) IS NOT NULL
$$;

-- The days on which the public takes part; what lacks its first or last day says nothing about them.
CREATE FUNCTION participation.mitreden(zeiten jsonb) RETURNS datemultirange
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(range_agg(daterange(start, ende, '[]')), '{}')
    FROM jsonb_to_recordset(zeiten) AS zeit(oeffentlich boolean, start date, ende date)
    WHERE oeffentlich AND start <= ende
$$;

-- What the Gemeinde has announced here holds before what the plan's file says of the same time and kind: list, map,
-- feeds, calendar and all services go by it.
CREATE FUNCTION participation.zeiten(wanted uuid, told jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN NOT EXISTS (
        SELECT FROM participation.beteiligung WHERE plan_id = wanted AND announced)
    THEN told ELSE (
        SELECT coalesce(jsonb_agg(
            jsonb_build_object('art', art, 'oeffentlich', oeffentlich, 'start', start, 'ende', ende)
            ORDER BY coalesce(start, ende), art), '[]')
        FROM (
            SELECT art, oeffentlich, beginn AS start, ende FROM participation.beteiligung
            WHERE plan_id = wanted AND announced AND state <> 'abgebrochen'
            UNION ALL
            SELECT said.art, said.oeffentlich, said.start, said.ende
            FROM jsonb_to_recordset(told) AS said(art text, oeffentlich boolean, start date, ende date)
            WHERE NOT EXISTS (
                SELECT FROM participation.beteiligung AS known
                WHERE known.plan_id = wanted AND known.announced AND participation.told_as(known.art) = said.art
                    AND daterange(known.beginn, known.ende, '[]') && daterange(
                        coalesce(said.start, said.ende), greatest(said.ende, said.start), '[]'))) AS both_of_them) END
$$;

-- Those of one kind, as the file's fields tell them.
CREATE FUNCTION participation.only(zeiten jsonb, kind text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(zeit - ARRAY['art', 'oeffentlich'] ORDER BY position), '[]')
    FROM jsonb_array_elements(zeiten) WITH ORDINALITY AS each_of_them(zeit, position)
    WHERE participation.told_as(zeit ->> 'art') = kind
$$;

CREATE OR REPLACE VIEW ogc.planversionen AS
SELECT
    plan.id AS plan_id,
    plan.planwerk,
    plan.ags,
    coalesce(gemeinde.name, version.gemeinden #>> '{0,name}') AS gemeinde,
    version.gemeinden #>> '{0,ortsteil}' AS ortsteil,
    version.name,
    version.nummer,
    version.beschreibung,
    version.planart[1] AS planart,
    planart.label AS planart_text,
    version.rechtsstand,
    rechtsstand.label AS rechtsstand_text,
    version.status,
    version.verfahren,
    verfahren.label AS verfahren_text,
    version.aufstellungsbeschluss_datum,
    version.entwurfsbeschluss_datum,
    version.satzungsbeschluss_datum,
    version.planbeschluss_datum,
    version.genehmigungs_datum,
    version.rechtsverordnungs_datum,
    version.ausfertigungs_datum,
    version.inkrafttretens_datum,
    version.wirksamkeits_datum,
    version.untergangs_datum,
    -- the last Auslegung is the one that is running, coming, or was the last one
    (version.auslegungen #>> '{-1,start}')::date AS auslegung_start_datum,
    (version.auslegungen #>> '{-1,ende}')::date AS auslegung_end_datum,
    coalesce(version.inkrafttretens_datum, version.wirksamkeits_datum) AS gueltig_von,
    version.untergangs_datum AS gueltig_bis,
    version.version,
    version.state = 'published' AS ist_aktuell,
    version.restored_from AS wiederhergestellt_aus,
    version.published_at AS veroeffentlicht_am,
    version.published_until AS veroeffentlicht_bis,
    version.xplan_version,
    version.id AS version_id,
    version.gemeinden,
    version.auslegungen,
    version.traegerbeteiligungen,
    version.bezuege,
    version.erstellungsmassstab,
    version.geom,
    participation.told(version.auslegungen, version.traegerbeteiligungen, version.attribute) AS beteiligungen,
    participation.mitreden(participation.told(version.auslegungen, '[]', version.attribute)) AS mitreden
FROM plans.version
JOIN plans.plan ON plan.id = version.plan_id
LEFT JOIN plans.gemeinde USING (ags)
LEFT JOIN plans.code AS planart
    ON planart.enumeration = plan.planwerk || '_PlanArt' AND planart.code = version.planart[1]::text
LEFT JOIN plans.code AS rechtsstand
    ON rechtsstand.enumeration = plan.planwerk || '_Rechtsstand' AND rechtsstand.code = version.rechtsstand::text
LEFT JOIN plans.code AS verfahren
    ON verfahren.enumeration = plan.planwerk || '_Verfahren' AND verfahren.code = version.verfahren::text
WHERE version.state IN ('published', 'superseded');

CREATE OR REPLACE VIEW plans.publication_source AS
SELECT
    plan_id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text, rechtsstand,
    rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum, entwurfsbeschluss_datum,
    satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum, rechtsverordnungs_datum, ausfertigungs_datum,
    inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    (auslegung.zeiten #>> '{-1,start}')::date AS auslegung_start_datum,
    (auslegung.zeiten #>> '{-1,ende}')::date AS auslegung_end_datum,
    gueltig_von, gueltig_bis, version, veroeffentlicht_am, xplan_version, version_id, gemeinden,
    auslegung.zeiten AS auslegungen, participation.only(eigene.zeiten, 'behoerden') AS traegerbeteiligungen,
    bezuege, erstellungsmassstab, geom, eigene.zeiten AS beteiligungen,
    participation.mitreden(eigene.zeiten) AS mitreden
FROM ogc.planversionen
-- OFFSET 0: asked once for each plan, however often it is used
CROSS JOIN LATERAL (SELECT participation.zeiten(plan_id, planversionen.beteiligungen) AS zeiten OFFSET 0) AS eigene
CROSS JOIN LATERAL (SELECT participation.only(eigene.zeiten, 'veroeffentlichung') AS zeiten OFFSET 0) AS auslegung
WHERE ist_aktuell;
DROP FUNCTION participation.auslegungen(uuid, jsonb);

ALTER TABLE plans.publication
    ADD COLUMN beteiligungen jsonb,
    ADD COLUMN mitreden datemultirange;
CREATE INDEX publication_mitreden ON plans.publication USING gist (mitreden);

CREATE OR REPLACE FUNCTION plans.renew_publication(VARIADIC versions bigint[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- in the order of the source; what the table makes of them itself is not among them
    names text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = 'plans.publication'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '');
BEGIN
    IF versions IS NULL THEN
        DELETE FROM plans.publication_text;
        DELETE FROM plans.publication;
    ELSE
        DELETE FROM plans.publication_text AS old USING plans.publication AS plan
        WHERE plan.id = old.id AND plan.of_version = ANY (versions);
        DELETE FROM plans.publication WHERE of_version = ANY (versions);
    END IF;
    EXECUTE format('INSERT INTO plans.publication (%s) SELECT * FROM plans.publication_source %s', names,
        -- neighbours lie beside each other: who asks for a box reads few pages
        CASE WHEN versions IS NULL THEN 'ORDER BY geom' ELSE 'WHERE version_id = ANY ($1)' END) USING versions;
    INSERT INTO plans.publication_text
    SELECT written.* FROM plans.publication AS plan CROSS JOIN LATERAL plans.write_publication_text(plan) AS written
    WHERE versions IS NULL OR plan.of_version = ANY (versions);
END $$;

CREATE OR REPLACE VIEW ogc.plaene AS
SELECT
    id, planwerk, ags, gemeinde, ortsteil, name, nummer, beschreibung, planart, planart_text,
    rechtsstand, rechtsstand_text, status, verfahren, verfahren_text, aufstellungsbeschluss_datum,
    entwurfsbeschluss_datum, satzungsbeschluss_datum, planbeschluss_datum, genehmigungs_datum,
    rechtsverordnungs_datum, ausfertigungs_datum, inkrafttretens_datum, wirksamkeits_datum, untergangs_datum,
    auslegung_start_datum, auslegung_end_datum, gueltig_von, gueltig_bis, version, veroeffentlicht_am,
    xplan_version, of_version AS version_id, gemeinden, auslegungen, traegerbeteiligungen, bezuege, erstellungsmassstab,
    geom, written.geojson, beteiligungen, mitreden
FROM plans.publication LEFT JOIN plans.publication_text AS written USING (id);

SELECT plans.renew_publication();
SELECT plans.touch_plans(ARRAY['BP', 'FP']);
