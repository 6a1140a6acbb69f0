"""The one source of how things look on a map, and its translations for those who draw: see `sheets` for the styles."""
