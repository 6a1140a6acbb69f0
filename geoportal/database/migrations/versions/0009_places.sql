-- Schema `places`: where things are. Addresses, parcels and boundaries come from official files (`geoportal import`), the
-- search's targets follow from them, from the published plans and from the layers. EPSG:25832 throughout.
CREATE SCHEMA places;

-- The form in which names are compared, for what is stored and for what is asked: Cölbe, Coelbe and Colbe are one, and
-- so are Straße, Strasse and Str. The two letters of a written-out umlaut become the first of them, so that whoever
-- types letter by letter always has a beginning of the stored form.
CREATE FUNCTION ogc.suchform(roh text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT trim(regexp_replace(regexp_replace(
        replace(replace(replace(
            public.unaccent('public.unaccent', replace(translate(lower(roh), 'äöü', 'aou'), 'ß', 'ss')),
            'ae', 'a'), 'oe', 'o'), 'ue', 'u'),
        '[^a-z0-9]+', ' ', 'g'), 'str(a|as|ass|asse|ase)\M', 'str', 'g'))
$$;

CREATE TABLE places.target (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    art text NOT NULL CHECK (art IN ('gemeinde', 'ortsteil', 'strasse', 'plan', 'objekt', 'gemarkung')),
    -- who brought it and takes it away again: gemeinden, addresses, parcels, boundaries, plaene, or a layer's id
    quelle text NOT NULL,
    -- AGS, UUID of a plan, key of a feature; what its own page is found by
    schluessel text NOT NULL,
    titel text NOT NULL,
    zusatz text NOT NULL DEFAULT '',
    -- found by these words too, although they are not shown
    stichworte text NOT NULL DEFAULT '',
    ags text,
    geom geometry(Point, 25832) NOT NULL,
    rang smallint GENERATED ALWAYS AS (
        array_position(ARRAY['gemeinde', 'ortsteil', 'strasse', 'plan', 'objekt', 'gemarkung'], art)) STORED,
    name text GENERATED ALWAYS AS (ogc.suchform(titel)) STORED,
    suche text GENERATED ALWAYS AS (ogc.suchform(titel || ' ' || zusatz)) STORED,
    -- the name in one word too: many write Marburgerstr. for Marburger Straße
    woerter tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig,
        ogc.suchform(titel || ' ' || zusatz || ' ' || stichworte) || ' '
        || replace(ogc.suchform(titel), ' ', ''))) STORED,
    UNIQUE (quelle, art, schluessel)
);
CREATE INDEX target_woerter ON places.target USING gin (woerter);
CREATE INDEX target_suche ON places.target USING gin (suche public.gin_trgm_ops);

CREATE TABLE places.address (
    -- the official identifier, else made of AGS, Ortsteil, street and number: the same after each import
    id text PRIMARY KEY,
    street_id bigint NOT NULL REFERENCES places.target ON DELETE CASCADE,
    nummer integer NOT NULL,
    buchstabe text NOT NULL,
    geom geometry(Point, 25832) NOT NULL
);
CREATE INDEX address_street ON places.address (street_id, nummer, buchstabe);
CREATE INDEX address_geom ON places.address USING gist (geom);

CREATE TABLE places.flurstueck (
    kennzeichen text PRIMARY KEY,
    gemarkung_id bigint NOT NULL REFERENCES places.target ON DELETE CASCADE,
    flur integer NOT NULL,
    zaehler integer NOT NULL,
    nenner integer,
    geom geometry(MultiPolygon, 25832) NOT NULL
);
CREATE INDEX flurstueck_nummer ON places.flurstueck (gemarkung_id, zaehler, nenner, flur);
CREATE INDEX flurstueck_geom ON places.flurstueck USING gist (geom);

CREATE TABLE places.grenze (
    ags text PRIMARY KEY,
    name text NOT NULL,
    bezeichnung text NOT NULL,
    geom geometry(MultiPolygon, 25832) NOT NULL
);
CREATE INDEX grenze_geom ON places.grenze USING gist (geom);

CREATE VIEW ogc.suchziele AS
SELECT
    id, art, quelle, schluessel, titel, zusatz, ags, rang, name, suche, woerter,
    ST_X(ST_Transform(geom, 4326)) AS lon, ST_Y(ST_Transform(geom, 4326)) AS lat, geom
FROM places.target;

CREATE VIEW ogc.adressen AS
SELECT
    address.id, address.street_id, strasse.titel || ' ' || address.nummer || address.buchstabe AS titel,
    strasse.zusatz, strasse.ags, address.nummer, address.buchstabe,
    ST_X(ST_Transform(address.geom, 4326)) AS lon, ST_Y(ST_Transform(address.geom, 4326)) AS lat, address.geom
FROM places.address JOIN places.target AS strasse ON strasse.id = address.street_id;

CREATE VIEW ogc.flurstuecke AS
SELECT
    kennzeichen, gemarkung_id,
    'Gemarkung ' || gemarkung.titel || ', Flur ' || flur || ', Flurstück ' || zaehler || coalesce('/' || nenner, '')
        AS titel,
    gemarkung.ags, flur, zaehler, nenner,
    ST_X(ST_Transform(ST_PointOnSurface(flurstueck.geom), 4326)) AS lon,
    ST_Y(ST_Transform(ST_PointOnSurface(flurstueck.geom), 4326)) AS lat,
    flurstueck.geom
FROM places.flurstueck JOIN places.target AS gemarkung ON gemarkung.id = gemarkung_id;

CREATE VIEW ogc.verwaltungsgrenzen AS SELECT ags, name, bezeichnung, geom FROM places.grenze;

-- No writer of plans can forget the search: a row follows whatever is published of its plan.
CREATE FUNCTION places.index_plan(wanted uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM places.target WHERE quelle = 'plaene' AND schluessel = wanted::text;
    INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, stichworte, ags, geom)
    SELECT 'plan', 'plaene', id::text, coalesce(name, 'Plan Nr. ' || nummer, 'Plan ohne Namen'),
           concat_ws(', ', nullif(ortsteil, gemeinde), gemeinde),
           concat_ws(' ', nummer, CASE planwerk WHEN 'BP' THEN 'Bebauungsplan BPlan BP Plan Nr'
                                  ELSE 'Flächennutzungsplan FNP FPlan Plan' END),
           ags, ST_PointOnSurface(geom)
    FROM ogc.plaene WHERE id = wanted
$$;
CREATE FUNCTION places.follow_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.plan_id <> NEW.plan_id THEN
        PERFORM places.index_plan(OLD.plan_id);
    END IF;
    PERFORM places.index_plan(NEW.plan_id);
    RETURN NULL;
END $$;
-- Deferred to the end of the transaction: between two states a plan may have no published version, or two of them.
CREATE CONSTRAINT TRIGGER version_is_found AFTER INSERT OR UPDATE OF state, plan_id ON plans.version
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION places.follow_version();

CREATE FUNCTION places.follow_gemeinde() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, ags, geom)
    VALUES ('gemeinde', 'gemeinden', NEW.ags, NEW.name, NEW.plz, NEW.ags, NEW.sitz)
    ON CONFLICT (quelle, art, schluessel)
        DO UPDATE SET titel = excluded.titel, zusatz = excluded.zusatz, geom = excluded.geom;
    RETURN NULL;
END $$;
CREATE TRIGGER gemeinde_is_found AFTER INSERT OR UPDATE ON plans.gemeinde
    FOR EACH ROW EXECUTE FUNCTION places.follow_gemeinde();

INSERT INTO places.target (art, quelle, schluessel, titel, zusatz, ags, geom)
SELECT 'gemeinde', 'gemeinden', ags, name, plz, ags, sitz FROM plans.gemeinde;
SELECT places.index_plan(id) FROM ogc.plaene;

GRANT SELECT ON ogc.suchziele, ogc.adressen, ogc.flurstuecke, ogc.verwaltungsgrenzen TO geoportal_read;
GRANT EXECUTE ON FUNCTION ogc.suchform(text) TO geoportal_read;
