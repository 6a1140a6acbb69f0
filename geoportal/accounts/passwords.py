"""Passwords as argon2id hashes, and one-time codes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import pyotp
import zxcvbn
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from plans_ingest.gemeinden import all_gemeinden

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200  # longer ones would cost us, not the attacker
_LOOKED_AT: Final = 72  # characters of which it is asked how they were thought up; more takes seconds
_HARD_TO_GUESS: Final = 3  # of 4: 10^8 guesses and more
# what comes to mind first here (ASVS 6.1.2)
_OURS: Final = ("geoportal", "werkbank", "rathaus", "landkreis", "gemeinde", "bebauungsplan", "flaechennutzungsplan")
_PARALLEL: Final = 2  # each takes 64 MiB and a processor
_PATIENCE: Final = 10  # seconds
_STEP: Final = 30  # seconds of a one-time code
_ISSUER: Final = "Geoportal"


class PasswordTooWeak(Exception):
    """The password is too short, too long, says who it belongs to, or is among the first that anybody would try."""


class Busy(Exception):
    """Too many sign-ins at once."""


class Passwords:
    """Hashes and compares; at most two at a time in this process, the others wait."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
        self._turns = threading.BoundedSemaphore(_PARALLEL)
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, known: str | None, password: str) -> bool:
        """Takes as long for an account that is not there (`known` is None) as for one that is. Raises Busy."""
        if self._nobodys is None:
            self._nobodys = self.hash("")
        if len(password) > MAX_LENGTH:
            password = ""
        with self._turn():
            try:
                self._hasher.verify(known or self._nobodys, password)
            except (VerificationError, InvalidHashError):
                return False
        return known is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_PATIENCE):
            raise Busy
        try:
            yield
        finally:
            self._turns.release()


def require_strength(password: str, *about: str) -> None:
    """Length counts (BSI ORP.4.A22); words `about` the owner must not be all there is, nor common passwords, names and
    sequences (those of 30,000 that have leaked, with the usual disguises). Raises PasswordTooWeak.
    """
    folded = password.casefold()
    rest = folded
    for word in about:
        rest = rest.replace(word.casefold(), "") if word else rest
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH or len(set(folded)) < 5 or len(rest) < MIN_LENGTH // 2:
        raise PasswordTooWeak
    known = [word for word in (*_OURS, *(gemeinde.name for gemeinde in all_gemeinden()), *about) if word]
    if zxcvbn.zxcvbn(password[:_LOOKED_AT], known)["score"] < _HARD_TO_GUESS:
        raise PasswordTooWeak


def new_totp_secret() -> str:
    return pyotp.random_base32()


def totp_uri(secret: str, email: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def totp_step(secret: str, code: str, used: int, now: datetime) -> int | None:
    """The time step for which the code is good (RFC 6238, one step of drift), None if it is not, or was used before."""
    code = code.replace(" ", "")
    present = int(now.timestamp()) // _STEP
    for step in (present - 1, present, present + 1):
        if step > used and pyotp.utils.strings_equal(pyotp.TOTP(secret).at(step * _STEP), code):
            return step
    return None
