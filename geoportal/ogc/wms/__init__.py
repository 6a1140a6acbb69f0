"""WMS 1.3.0 and 1.1.1 at /ogc/wms: the pictures of OGC API - Maps for programs that know nothing newer."""
