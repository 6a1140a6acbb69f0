-- Für compose.yaml: womit sich die Dienste anmelden. PostgreSQL liest es einmal, solange seine Ablage leer ist; was die
-- Rollen dürfen, sagt `geoportal migrate`.
\getenv read READ_PASSWORD
\getenv desk DESK_PASSWORD
\getenv sensors SENSORS_PASSWORD
\getenv participation PARTICIPATION_PASSWORD
CREATE ROLE geoportal_read LOGIN PASSWORD :'read' CONNECTION LIMIT 40;
CREATE ROLE geoportal_desk LOGIN PASSWORD :'desk' CONNECTION LIMIT 40;
CREATE ROLE geoportal_sensors LOGIN PASSWORD :'sensors' CONNECTION LIMIT 40;
CREATE ROLE geoportal_participation LOGIN PASSWORD :'participation' CONNECTION LIMIT 40;
