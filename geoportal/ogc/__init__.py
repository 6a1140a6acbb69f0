"""The OGC API: the only door to pygeoapi."""
