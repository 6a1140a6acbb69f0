"""What is published: one manifest per layer, read into typed objects.

The rows of a layer's source are read by `geoportal.catalogue.rows`; it is no part of this face, because it brings
GDAL and pandas along, which a serving process never needs.
"""

from geoportal.catalogue.base import Words
from geoportal.catalogue.manifest import Contact, Expect, Field, FieldType, Geometry, Layer, Licence, Time
from geoportal.catalogue.reading import ManifestError, all_layers, read_layer
from geoportal.catalogue.sensors import Observed, Sensors
from geoportal.catalogue.shelf import Shelf
from geoportal.catalogue.source import Reason, Source, SourceError
from geoportal.catalogue.style import Category, Scale, Sizes, Style, Symbol

__all__ = [
    "Category",
    "Contact",
    "Expect",
    "Field",
    "FieldType",
    "Geometry",
    "Layer",
    "Licence",
    "ManifestError",
    "Observed",
    "Reason",
    "Scale",
    "Sensors",
    "Shelf",
    "Sizes",
    "Source",
    "SourceError",
    "Style",
    "Symbol",
    "Time",
    "Words",
    "all_layers",
    "read_layer",
]
