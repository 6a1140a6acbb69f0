"""Handing letters to the mail server (RFC 5321), over TLS with the server's name checked."""

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine

from geoportal import metrics
from geoportal.mail import queue
from geoportal.mail.queue import Leased
from geoportal.settings import Smtp

log = logging.getLogger(__name__)

# What Python's parser of headers says of an address that it cannot make sense of.
_UNWRITABLE: Final = (AttributeError, LookupError, TypeError, ValueError, MessageError)
TIMEOUT: Final = 30.0  # seconds for each answer of the server


class ServerAway(Exception):
    """The mail server cannot be asked, or does not let us in; the message is a code."""


class _Session(Protocol):
    def send_message(self, msg: EmailMessage, from_addr: str, to_addrs: Sequence[str], /) -> Any: ...


class _Folder:
    """In place of a server, to try the portal out: each letter is a file that any editor opens."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # links that open what people wrote
        self._folder = folder

    def send_message(self, msg: EmailMessage, _from_addr: str, _to_addrs: Sequence[str], /) -> None:
        written = parsedate_to_datetime(msg["Date"]).astimezone()
        # one that is sent twice is one file
        file = self._folder / f"{written:%Y-%m-%d_%H-%M-%S}_{msg['Message-ID'].strip('<>').partition('@')[0][:8]}.txt"
        file.write_text(f"An: {msg['To']}\nBetreff: {msg['Subject']}\n\n{msg.get_content()}", "utf-8")


class Postman:
    """Sends what is due. `context` is who is trusted to be the server; None: whom this machine trusts."""

    def __init__(
        self,
        engine: Engine,
        smtp: Smtp,
        *,
        context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout: float = TIMEOUT,
    ) -> None:
        self._engine, self._smtp, self._now, self._timeout = engine, smtp, now, timeout
        self._context = context or ssl.create_default_context()

    def send_due(self, most: int = 100) -> int:
        """Sends up to `most` letters over one connection; returns how many went out. Raises ServerAway."""
        letter = queue.take(self._engine, self._now())
        if letter is None:
            return 0
        count = 0
        try:
            with self._session() as session:
                while letter is not None:
                    count += self._send(session, letter)
                    letter = queue.take(self._engine, self._now()) if count < most else None
        except ServerAway as fault:
            if letter is not None:
                queue.untried(self._engine, letter, str(fault))
            raise
        return count

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        """Raises ServerAway."""
        smtp = self._smtp
        if smtp.security == "folder":
            try:
                yield _Folder(Path(smtp.host))
            except OSError as fault:
                raise ServerAway(_code(fault)) from fault
            return
        try:
            if smtp.security == "tls":
                session: smtplib.SMTP = smtplib.SMTP_SSL(
                    smtp.host, smtp.port, timeout=self._timeout, context=self._context
                )
            else:
                session = smtplib.SMTP(smtp.host, smtp.port, timeout=self._timeout)
        except (OSError, smtplib.SMTPException) as fault:
            raise ServerAway(_code(fault)) from fault
        try:
            try:
                if smtp.security == "starttls":
                    session.starttls(context=self._context)
                if smtp.user:
                    session.login(smtp.user, smtp.password)
            except (OSError, smtplib.SMTPException) as fault:
                raise ServerAway(_code(fault)) from fault
            yield session
        finally:
            _leave(session)

    def _send(self, session: _Session, letter: Leased) -> bool:
        """Raises ServerAway where the server would not take anybody's letter."""
        try:
            message = _message(letter, self._smtp.sender)
        except _UNWRITABLE:
            queue.refused(self._engine, letter, "unwritable", self._now(), for_good=True)
            metrics.LETTERS.labels(letter.kind, "failed").inc()
            log.warning("letter %s (%s) has an address that cannot be written", letter.id, letter.kind)
            return False
        try:
            session.send_message(message, self._smtp.sender, [letter.recipient])
        except smtplib.SMTPRecipientsRefused as fault:
            [(code, _)] = fault.recipients.values()
            self._refused(letter, code)
        except smtplib.SMTPDataError as fault:
            self._refused(letter, fault.smtp_code)
        except smtplib.SMTPSenderRefused as fault:
            raise ServerAway(_code(fault)) from fault
        except (smtplib.SMTPException, OSError) as fault:
            # in the middle of a letter: it may be the letter, so this counts
            queue.refused(self._engine, letter, _code(fault), self._now(), for_good=False)
            metrics.LETTERS.labels(letter.kind, "later").inc()
            raise ServerAway(_code(fault)) from fault
        else:
            if not queue.sent(self._engine, letter, self._now()):
                log.warning("letter %s was sent, but its lease had ended: it may have gone out twice", letter.id)
            metrics.LETTERS.labels(letter.kind, "sent").inc()
            return True
        return False

    def _refused(self, letter: Leased, code: int) -> None:
        if code == 421:  # RFC 5321 3.8: the server closes
            raise ServerAway("421")
        for_good = code >= 500
        queue.refused(self._engine, letter, str(code), self._now(), for_good=for_good)
        metrics.LETTERS.labels(letter.kind, "failed" if for_good else "later").inc()
        # without the server's words: they repeat the address
        log.warning("letter %s (%s) was refused: %s", letter.id, letter.kind, code)


def _message(letter: Leased, sender: str) -> EmailMessage:
    """The same bytes each time that the letter is sent."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Geoportal <{sender}>"
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at.astimezone(UTC))
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine shall answer
    message.set_content(letter.body, charset="utf-8", cte="quoted-printable")
    return message


def _code(fault: Exception) -> str:
    """What went wrong without anybody's words: the server's code, or the kind of the fault."""
    if isinstance(fault, smtplib.SMTPResponseException):
        return str(fault.smtp_code)
    return type(fault).__name__


def _leave(session: smtplib.SMTP) -> None:
    try:
        session.quit()
    except (OSError, smtplib.SMTPException):
        session.close()
