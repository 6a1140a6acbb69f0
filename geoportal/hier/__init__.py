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
)
from geoportal.hier.dictionary import Language, Sentence
from geoportal.hier.document import as_document

__all__ = [
    "Answer",
    "Lage",
    "Language",
    "Place",
    "PlanHere",
    "Relation",
    "Sentence",
    "answer",
    "as_document",
    "place_at",
    "place_of_address",
    "place_of_parcel",
    "place_of_utm",
]
