"""Maps: the same pictures by OGC API - Maps, as map tiles and by WMS."""
