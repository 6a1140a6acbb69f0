-- Scanned sheets of plans, as Cloud Optimized GeoTIFF in the archive; the picture stays in its own CRS.

CREATE TABLE plans.rasterplan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id bigint NOT NULL REFERENCES plans.version,
    position integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,           -- of the COG
    quelle_sha256 text NOT NULL,    -- of the picture as delivered
    size bigint NOT NULL,
    epsg integer NOT NULL,
    aufloesung double precision NOT NULL CHECK (aufloesung > 0),    -- metres
    breite integer NOT NULL,
    hoehe integer NOT NULL,
    baender integer NOT NULL,
    geom geometry(MultiPolygon, 25832) NOT NULL     -- what the sheet shows
);
CREATE INDEX rasterplan_version ON plans.rasterplan (version_id);
CREATE INDEX rasterplan_geom ON plans.rasterplan USING gist (geom);

CREATE VIEW ogc.rasterplaene AS
SELECT
    rasterplan.id,
    version.plan_id,
    version.name AS plan_name,
    plan.planwerk,
    plan.ags,
    version.status,
    rasterplan.position,
    rasterplan.name,
    rasterplan.sha256,
    rasterplan.size,
    rasterplan.epsg,
    rasterplan.aufloesung,
    rasterplan.breite,
    rasterplan.hoehe,
    rasterplan.baender,
    rasterplan.geom
FROM plans.rasterplan
JOIN plans.version ON version.id = rasterplan.version_id AND version.state = 'published'
JOIN plans.plan ON plan.id = version.plan_id;

GRANT SELECT ON ogc.rasterplaene TO geoportal_read;
