"""What is published: one manifest per layer, read into typed objects.

The rows of a layer's source are read by `geoportal.catalogue.rows`; it is no part of this face, because it brings
GDAL and pandas along, which a serving process never needs.
"""

from geoportal.catalogue.manifest import Category, Field, FieldType, Geometry, Layer, Source, Style, Symbol, Words
from geoportal.catalogue.reading import ManifestError, all_layers, read_layer

__all__ = [
    "Category",
    "Field",
    "FieldType",
    "Geometry",
    "Layer",
    "ManifestError",
    "Source",
    "Style",
    "Symbol",
    "Words",
    "all_layers",
    "read_layer",
]
