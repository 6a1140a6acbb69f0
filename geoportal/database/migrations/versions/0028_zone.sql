-- In which zone of UTM this installation stores. migrate() puts the number of another zone in the place of 25832, here
-- as in all migrations; statements ask this function, which the planner replaces by its number.
CREATE FUNCTION ogc.storage_srid() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 25832;
GRANT EXECUTE ON FUNCTION ogc.storage_srid() TO geoportal_read, geoportal_desk;
