"""Pages inside the pages of the towns: `?embed` leaves out what belongs to a whole page, and lets the origins that the
operator names show it in a frame.
"""

from typing import Any, Final

from flask import Response, request, url_for

from geoportal.content_policy import content_policy
from geoportal.web.portal import portal

_PARAMETER: Final = "embed"
# None of these takes anything from a reader: what a frame could trick somebody into is not on them.
_PAGES: Final = frozenset(
    {"map.show", "plans.page", "gemeinden.overview", "gemeinden.beteiligung", "gemeinden.plaene", "hier.show"}
)


def embedded() -> bool:
    """Whether the current request asks for a page without its surroundings."""
    return request.endpoint in _PAGES and _PARAMETER in request.args


def whole_page() -> str:
    """The address of the same page with its surroundings."""
    rest: dict[str, Any] = {name: values for name, values in request.args.lists() if name != _PARAMETER}
    return url_for(request.endpoint or "map.show", **(request.view_args or {}), **rest)


def allow(response: Response) -> Response:
    """After a request: who may show the answer in a frame."""
    if embedded() and response.status_code < 400:
        config = portal().config
        response.headers["Content-Security-Policy"] = content_policy(config.picture_origins, config.embedding)
    return response
