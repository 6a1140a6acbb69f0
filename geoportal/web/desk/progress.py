"""How far a delivery is, as Server-Sent Events: the database tells, we pass it on."""

import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import psycopg
from flask import Blueprint, Response

from geoportal import deliveries
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.deliveries import Delivered
from geoportal.states import UNREAD
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.delivery_page import seen
from geoportal.web.desk.room import Desk, desk

_BEAT: Final = 10  # seconds between signs of life, by which a listener that went away is noticed
_LONGEST: Final = 20  # events; then the browser asks again, and the thread is free for a moment
_LISTENERS: Final = threading.BoundedSemaphore(3)  # each holds one of the server's eight threads


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/lieferung/<int:number>/fortschritt", "delivery_progress", progress)


@open_to(Action.VIEW)
def progress(number: int) -> Response:
    """At most three listeners for a process: the others ask for the page anew, and the portal stays free."""
    now = seen(number)
    if now.state not in UNREAD:
        return _stream(iter([_event(now)]))
    if not _LISTENERS.acquire(blocking=False):
        return Response(status=HTTPStatus.NO_CONTENT)
    response = _stream(_listen(desk(), who(), number))
    response.call_on_close(_LISTENERS.release)
    return response


def _listen(own: Desk, principal: Principal, number: int) -> Iterator[str]:
    with psycopg.connect(own.settings.require_desk_url(), autocommit=True) as connection:
        connection.execute("LISTEN geoportal_upload")
        for _ in range(_LONGEST):
            # asked only now, so that nothing that happened before we listened is missed
            with acting(own.engine, principal) as asking:
                now = deliveries.one(asking, number)
            if now is None:
                return
            yield _event(now)
            if now.state not in UNREAD:
                return
            _wait_for(connection, number)


def _wait_for(connection: psycopg.Connection, number: int) -> None:
    """Returns when the delivery has moved, or after a while."""
    for notice in connection.notifies(timeout=_BEAT):
        if json.loads(notice.payload)["id"] == number:
            return


def _stream(events: Iterator[str]) -> Response:
    response = Response(events, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _event(now: Delivered) -> str:
    told = {"state": now.state, "step": now.step, "percent": now.percent}
    return f"retry: 2000\ndata: {json.dumps(told)}\n\n"
