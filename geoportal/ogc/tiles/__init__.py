"""OGC API - Tiles: vector tiles of every collection, and of all plans together."""
