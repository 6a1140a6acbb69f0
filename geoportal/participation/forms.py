"""Forms that nobody has signed in for, signed by us: no cookie is needed to know that a form came from this portal.

A form is for one participation, good for a day, and for one statement: whoever sends it twice has sent it once.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

LONGEST: Final = timedelta(hours=24)
SHORTEST: Final = timedelta(seconds=3)  # nobody writes a statement in less
_BYTES: Final = 16 + 8 + 16 + 32  # participation, seconds, random, signature


class NotOurForm(Exception):
    """The form was not made here, or for something else, or it was changed."""


@dataclass(frozen=True, slots=True)
class Form:
    """`digest` names the form; `made_at` is when it was shown."""

    digest: bytes
    made_at: datetime

    def is_stale(self, now: datetime) -> bool:
        return now - self.made_at > LONGEST

    def is_hasty(self, now: datetime) -> bool:
        return now - self.made_at < SHORTEST


def new(key: bytes, beteiligung: UUID, now: datetime) -> str:
    """What a page hides in its form."""
    said = beteiligung.bytes + int(now.timestamp()).to_bytes(8) + secrets.token_bytes(16)
    return base64.urlsafe_b64encode(said + _signature(key, said)).decode()


def read(key: bytes, beteiligung: UUID, token: str, now: datetime) -> Form:
    """Raises NotOurForm. Whether it is too old is for the caller to say: nobody shall lose what they have written."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as fault:
        raise NotOurForm from fault
    said, signature = raw[:-32], raw[-32:]
    if len(raw) != _BYTES or not hmac.compare_digest(_signature(key, said), signature):
        raise NotOurForm
    made_at = datetime.fromtimestamp(int.from_bytes(said[16:24]), UTC)
    if said[:16] != beteiligung.bytes or made_at > now + timedelta(minutes=1):
        raise NotOurForm
    return Form(hashlib.sha256(raw).digest(), made_at)


def _signature(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"geoportal statement form" + said, "sha256")
