"""Where things are: addresses, parcels, boundaries, and the search over all that has a name and a place."""

from geoportal.places.coordinates import Coordinates, parse
from geoportal.places.search import (
    MAX_LENGTH,
    Address,
    Hit,
    HitKind,
    Parcel,
    address,
    around,
    parcel,
    search,
)

__all__ = [
    "MAX_LENGTH",
    "Address",
    "Coordinates",
    "Hit",
    "HitKind",
    "Parcel",
    "address",
    "around",
    "parcel",
    "parse",
    "search",
]
