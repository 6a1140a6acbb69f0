"""OGC API - Records: a catalogue of the data sets, services and plans; as GeoJSON, page, ISO 19139 and DCAT-AP.de."""
