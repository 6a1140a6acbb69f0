"""The map while it is open: a stream of what changes, and the same asked for now and then where there is no stream."""

import json
from http import HTTPStatus

from flask import Blueprint, Response, request

from geoportal.live import different, identifier, known_from
from geoportal.live.handover import OFFERED, PATH
from geoportal.web.portal import portal

bp = Blueprint("live", __name__)

# "no-transform" keeps proxies from compressing it, which would hold events back; the last is nginx's own word.
_STREAM = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


@bp.get(PATH)
def stream() -> Response:
    """Server-Sent Events: `changed` with the ids of collections. 204, which tells a browser to stop asking, where this
    server gives no connections away or has given enough of them: then the map asks for `versions`.
    """
    offer, hub = OFFERED.get(), portal().hub
    if offer is None or request.method != "GET" or hub.is_full:
        return Response(status=HTTPStatus.NO_CONTENT, headers={"Cache-Control": "no-store"})
    # EventSource repeats the header by itself; a page that was in the background says it in the query
    given = request.headers.get("Last-Event-ID") or request.args.get("seit")
    greeting, known = hub.greeting(None if given is None else known_from(given))
    offer.taker = lambda line: hub.take(line, known)
    # as an iterator: of a whole answer the length would be told, and a browser would take this for all
    return Response(iter([greeting]), content_type="text/event-stream", headers=_STREAM)


@bp.get(f"{PATH}.json")
def versions() -> Response:
    """`{"id": …, "changed": [collections]}` since `?seit=`, the id that was told before."""
    given = request.args.get("seit")
    now = portal().hub.now()
    changed = different(known_from(given), now) if given else []
    return Response(
        json.dumps({"id": identifier(now), "changed": changed}),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
