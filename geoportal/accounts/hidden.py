"""Secrets as they are made, shown once and kept: 256 random bits, of which the database knows the SHA-256 only."""

import hashlib
import hmac
import re
import secrets
import string
from typing import Final

_TOKEN: Final = re.compile(r"gp_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET: Final = string.ascii_lowercase + string.digits


def new_secret() -> str:
    """43 characters that can stand in a cookie, an address or a form."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_token() -> tuple[str, str]:
    """(id, the whole token): the id says which token it is, for lists and for secret scanners."""
    number = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    return number, f"gp_{number}_{new_secret()}"


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def form_key(session: str) -> str:
    """The CSRF token of a session: only who knows the session can make it, and it says nothing about the session."""
    return hmac.new(session.encode(), b"geoportal form", hashlib.sha256).hexdigest()


def same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "surrogatepass"))


def new_recovery_codes() -> list[str]:
    """Ten codes of 50 bits each, to be written down on paper: without letters that look like others."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return ["-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(2)) for _ in range(10)]
