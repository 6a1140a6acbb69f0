-- A tile looks only at what its zoom shows, also between zoom 9 and 13: without these, the planner finds reading all
-- features of the layer no dearer than reading those of an index that holds twice as many as the tile needs.
CREATE INDEX tile_feature_geom_10 ON plans.tile_feature USING gist (source, geom) WHERE min_zoom <= 10;
CREATE INDEX tile_feature_geom_11 ON plans.tile_feature USING gist (source, geom) WHERE min_zoom <= 11;
CREATE INDEX tile_feature_geom_13 ON plans.tile_feature USING gist (source, geom) WHERE min_zoom <= 13;
