"""What can go wrong in a request, and the one table that says which status it has.

OgcProblem
├── InvalidParameter
├── NotFound
└── Unavailable
"""

from http import HTTPStatus
from typing import NamedTuple

RETRY_AFTER_SECONDS = 10


class OgcProblem(Exception):
    """The request cannot be answered; the message is for the client, in German and English."""


class InvalidParameter(OgcProblem):
    """A parameter is unknown, or its value cannot be used."""


class NotFound(OgcProblem):
    """There is no such collection, feature or page."""


class Unavailable(OgcProblem):
    """The database does not answer, or not in time. Never told as 404: harvesters would delete plans."""


class Answer(NamedTuple):
    status: HTTPStatus
    code: str


# OGC API - Common 1 leaves the codes open; these are the ones that OWS clients know.
ANSWERS: dict[type[OgcProblem], Answer] = {
    InvalidParameter: Answer(HTTPStatus.BAD_REQUEST, "InvalidParameterValue"),
    NotFound: Answer(HTTPStatus.NOT_FOUND, "NotFound"),
    Unavailable: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "NoApplicableCode"),
}
