"""A mail server for tests: aiosmtpd on a port of this machine, which takes letters, refuses them, or is slow."""

import email
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from geoportal.settings import Smtp

SENDER = "geoportal@kreis.example"


@dataclass
class Box:
    """What has arrived; `answers` are given in turn to DATA, then 250, as soon as `answering` is set."""

    letters: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    answering: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.answering.set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return f"550 5.1.1 {address} is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.answering.wait()
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            content = envelope.content or b""
            assert isinstance(content, bytes)
            self.letters.append(email.message_from_bytes(content, policy=default))
        return answer

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]


def smtp_at(port: int, **changes: Any) -> Smtp:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "user": "",
        "password": "",
        "sender": SENDER,
    }
    return Smtp(**(values | changes))


@contextmanager
def mail_server(box: Box, port: int, **options: Any) -> Iterator[Controller]:
    server = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=120, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
