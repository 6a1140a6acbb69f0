"""What applies at a place, composed from all that is published there and explained in plain words."""

from geoportal.hier.answer import (
    Answer,
    Lage,
    Place,
    PlanHere,
    Relation,
    answer,
    place_at,
    place_of_address,
    place_of_parcel,
    place_of_utm,
    running,
)
from geoportal.hier.dictionary import Language, Sentence

__all__ = [
    "Answer",
    "Lage",
    "Language",
    "Place",
    "PlanHere",
    "Relation",
    "Sentence",
    "answer",
    "place_at",
    "place_of_address",
    "place_of_parcel",
    "place_of_utm",
    "running",
]
