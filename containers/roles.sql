-- Womit sich die Dienste anmelden, bei jedem Start der Datenbank; was die Rollen dürfen, sagt `geoportal migrate`.
\getenv owner OWNER_PASSWORD
\getenv read READ_PASSWORD
\getenv desk DESK_PASSWORD
\getenv sensors SENSORS_PASSWORD
\getenv participation PARTICIPATION_PASSWORD
SELECT format('CREATE ROLE %I', name)
FROM unnest('{geoportal,geoportal_read,geoportal_desk,geoportal_sensors,geoportal_participation}'::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SET log_min_error_statement = panic;
ALTER ROLE geoportal LOGIN PASSWORD :'owner' CONNECTION LIMIT 40;
ALTER ROLE geoportal_read LOGIN PASSWORD :'read' CONNECTION LIMIT 40;
ALTER ROLE geoportal_desk LOGIN PASSWORD :'desk' CONNECTION LIMIT 40;
ALTER ROLE geoportal_sensors LOGIN PASSWORD :'sensors' CONNECTION LIMIT 40;
ALTER ROLE geoportal_participation LOGIN PASSWORD :'participation' CONNECTION LIMIT 40;
GRANT geoportal_read, geoportal_desk, geoportal_sensors, geoportal_participation TO geoportal;
-- die zweite ist für die Probe der Sicherung
SELECT format('CREATE DATABASE %I OWNER geoportal ENCODING ''UTF8'' TEMPLATE template0', name)
FROM unnest('{geoportal,geoportal_drill}'::text[]) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
SET client_min_messages = warning;
\connect geoportal
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gist;
\connect geoportal_drill
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gist;
