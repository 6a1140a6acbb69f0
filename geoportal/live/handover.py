"""The seam between an answer that never ends and the server: the connection changes hands, the thread works on.

A server that can give a connection away puts an Offer where the application finds it; one that cannot, leaves it empty.
"""

import socket
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

type Taker = Callable[[socket.socket], None]

# The path whose answer ends with its connection: a server must not frame it, because it does not write the end.
PATH = "/aktuell"


@dataclass(slots=True)
class Offer:
    """Of the connection of one request: whoever is put in here gets it when the answer has been written so far."""

    taker: Taker | None = None


OFFERED: ContextVar[Offer | None] = ContextVar("geoportal_offered_connection", default=None)
