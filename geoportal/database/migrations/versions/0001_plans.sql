-- Schema `plans`: everything that was delivered, all versions. Only the owner's role sees it.
-- Storage CRS is EPSG:25832 throughout; the unit is the metre.

CREATE TABLE plans.gemeinde (
    ags text PRIMARY KEY CHECK (ags ~ '^[0-9]{8}$'),
    name text NOT NULL,
    typ text NOT NULL,
    plz text NOT NULL,
    sitz geometry(Point, 25832) NOT NULL
);

-- The official code tables of XPlanung, filled from plans_ingest.codelists at each migration.
CREATE TABLE plans.code (
    enumeration text,
    code text,
    label text NOT NULL,
    kuerzel text,
    PRIMARY KEY (enumeration, code)
);

CREATE TABLE plans.klasse (
    klasse text PRIMARY KEY,
    label text NOT NULL,
    gruppe text NOT NULL
);

CREATE TABLE plans.delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 text NOT NULL,
    filename text NOT NULL,
    format text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    report jsonb NOT NULL
);
CREATE INDEX delivery_sha256 ON plans.delivery (sha256);

CREATE TABLE plans.plan (
    id uuid PRIMARY KEY,
    planwerk text NOT NULL CHECK (planwerk IN ('BP', 'FP')),
    ags text,
    schluessel text NOT NULL UNIQUE,
    -- found to be another plan under a new name: its versions went there, its address leads there
    merged_into uuid REFERENCES plans.plan
);

-- All natural keys under which a plan was ever delivered: after a renaming the old one and the new one lead to it.
CREATE TABLE plans.plan_key (
    schluessel text PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES plans.plan
);
CREATE INDEX plan_key_plan ON plans.plan_key (plan_id);
CREATE INDEX plan_ags ON plans.plan (ags);

CREATE TABLE plans.version (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES plans.plan,
    version integer NOT NULL,
    delivery_id bigint NOT NULL REFERENCES plans.delivery,
    fingerprint text NOT NULL,
    state text NOT NULL CHECK (state IN ('in_review', 'published', 'superseded', 'withdrawn')),
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    published_until timestamptz,
    reason text,
    restored_from integer,
    xplan_version text NOT NULL,
    gml_id text,
    name text,
    nummer text,
    internal_id text,
    beschreibung text,
    gemeinden jsonb NOT NULL,
    planart integer[] NOT NULL,
    rechtsstand integer,
    status text NOT NULL CHECK (status IN ('in_aufstellung', 'in_kraft', 'archiviert', 'unbekannt')),
    verfahren integer,
    aufstellungsbeschluss_datum date,
    entwurfsbeschluss_datum date,
    satzungsbeschluss_datum date,
    planbeschluss_datum date,
    genehmigungs_datum date,
    rechtsverordnungs_datum date,
    ausfertigungs_datum date,
    inkrafttretens_datum date,
    wirksamkeits_datum date,
    untergangs_datum date,
    aenderungen_bis_datum date,
    techn_herstell_datum date,
    auslegungen jsonb NOT NULL,
    traegerbeteiligungen jsonb NOT NULL,
    erstellungsmassstab integer,
    bezuege jsonb NOT NULL,
    attribute jsonb NOT NULL,
    geom geometry(MultiPolygon, 25832),
    UNIQUE (plan_id, version),
    -- what is public has an outline and an interval
    CHECK (state <> 'published' OR (geom IS NOT NULL AND published_at IS NOT NULL AND published_until IS NULL))
);
-- at most one version of a plan is public at a time
CREATE UNIQUE INDEX version_published ON plans.version (plan_id) WHERE state = 'published';
CREATE INDEX version_geom ON plans.version USING gist (geom) WHERE state = 'published';
CREATE INDEX version_status ON plans.version (status) WHERE state = 'published';
CREATE INDEX version_delivery ON plans.version (delivery_id);

CREATE TABLE plans.bereich (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES plans.version,
    gml_id text,
    nummer text,
    name text,
    attribute jsonb NOT NULL,
    geom geometry(MultiPolygon, 25832)
);
CREATE INDEX bereich_version ON plans.bereich (version_id);

CREATE TABLE plans.planobjekt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES plans.version,
    klasse text NOT NULL,
    gml_id text,
    bereich text,
    ebene integer NOT NULL,
    flaechenschluss boolean,
    rechtscharakter integer,
    art text,
    art_text text,
    beschriftung text,
    attribute jsonb NOT NULL,
    geom geometry(Geometry, 25832),
    original geometry(Geometry, 25832)
);
CREATE INDEX planobjekt_version ON plans.planobjekt (version_id);
CREATE INDEX planobjekt_geom ON plans.planobjekt USING gist (geom);
CREATE INDEX planobjekt_klasse ON plans.planobjekt (klasse);

CREATE TABLE plans.textabschnitt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES plans.version,
    gml_id text,
    art text NOT NULL,
    schluessel text,
    gesetzliche_grundlage text,
    text text,
    attribute jsonb NOT NULL
);
CREATE INDEX textabschnitt_version ON plans.textabschnitt (version_id);

CREATE TABLE plans.dokument (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES plans.version,
    position integer NOT NULL,
    typ integer,
    art text,
    name text,
    url text,
    media_type text,
    beschreibung text,
    datum date,
    sha256 text,
    size bigint
);
CREATE INDEX dokument_version ON plans.dokument (version_id);
CREATE INDEX dokument_sha256 ON plans.dokument (sha256);

CREATE TABLE plans.issue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES plans.delivery,
    plan_gml_id text,
    code text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning', 'info')),
    file text NOT NULL,
    element text,
    gml_id text,
    line integer,
    detail text NOT NULL,
    geom geometry(Geometry, 25832)
);
CREATE INDEX issue_delivery ON plans.issue (delivery_id);
