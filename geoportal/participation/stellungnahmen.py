"""Statements as who writes them knows them: each is reached by the secret in its letter, and by nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from geoportal.accounts import attempts, hidden
from geoportal.accounts.acting import say
from geoportal.mail import put
from geoportal.participation import bekannt
from geoportal.participation.attachments import Datei, Refused, require_few, require_small
from geoportal.participation.bekannt import Bekannt
from geoportal.participation.forms import Form
from geoportal.participation.letters import CONFIRM_DAYS, StatementLetters

_BERLIN: Final = ZoneInfo("Europe/Berlin")
# In a quarter of an hour: for one address, and for a network, which may be a school's.
_LIMITS: Final = {"pair": 4, "account": 6, "network": 60}
_MOST_UNCONFIRMED: Final = 8  # in a day, for one address
_DAY: Final = timedelta(days=1)
# Bytes of files that strangers may leave here before anybody has confirmed them: with one participation, and with all.
_ROOM_HERE: Final = 250_000_000
_ROOM: Final = 1_000_000_000


class Stand(StrEnum):
    UNBESTAETIGT = "unbestaetigt"
    BESTAETIGT = "bestaetigt"
    ZURUECKGEZOGEN = "zurueckgezogen"


class NoStatement(Exception):
    """The link opens nothing, or nothing any more."""


class TooLate(Exception):
    """After the period, or after the statement was withdrawn, nothing can be changed."""


class ClosedToday(Exception):
    """No statements are taken: it has not begun, or it is over."""


@dataclass(frozen=True, slots=True)
class Eingabe:
    """What somebody writes. `ost`, `nord` in the storage CRS."""

    name: str
    anschrift: str
    email: str
    text: str
    gegenstand: str = ""
    ost: float | None = None
    nord: float | None = None


@dataclass(frozen=True, slots=True)
class Anlage:
    id: int
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stellungnahme:
    id: UUID
    beteiligung_id: UUID
    nummer: int | None
    state: Stand
    eingang: datetime
    verspaetet: bool
    bestaetigt_am: datetime | None
    geaendert_am: datetime | None
    zurueckgezogen_am: datetime | None
    name: str
    anschrift: str
    email: str
    text: str
    gegenstand: str
    ost: float | None
    nord: float | None
    anlagen: tuple[Anlage, ...] = ()


@dataclass(frozen=True, slots=True)
class Betroffen:
    """The plan that a statement is about, by the name that it has, or had when it was public last."""

    id: UUID
    name: str
    gemeinde: str
    ags: str
    is_public: bool


_COLUMNS: Final = ", ".join(field.name for field in fields(Stellungnahme) if field.name != "anlagen")
_GIVEN: Final = tuple(field.name for field in fields(Eingabe))
_KEY: Final = text("SELECT key FROM participation.form_key")
_UNCONFIRMED: Final = text("SELECT participation.unconfirmed(:email, :since)")
_UNCONFIRMED_BYTES: Final = text("SELECT here, everywhere FROM participation.unconfirmed_bytes(:id)")
_ADD: Final = text(f"""
    INSERT INTO participation.stellungnahme (beteiligung_id, ags, form, link, eingang, verspaetet, {", ".join(_GIVEN)})
    VALUES (:beteiligung, :ags, :form, :link, :now, :late, {", ".join(f":{name}" for name in _GIVEN)})
    ON CONFLICT (form) DO NOTHING RETURNING id""")  # noqa: S608 - names of our own, values bound
_ATTACH: Final = text("""
    INSERT INTO participation.anlage (stellungnahme_id, name, media_type, size, content)
    VALUES (:id, :name, :media_type, :size, :content)""")
_WITH_LETTER: Final = text("UPDATE participation.stellungnahme SET letter = :letter WHERE link = :link")
_READ: Final = f"""
    SELECT {_COLUMNS}, participation.has_lapsed(letter, eingang, {CONFIRM_DAYS}, :now) AS has_lapsed
    FROM participation.stellungnahme WHERE link = :link"""  # noqa: S608 - as above
_OF_LINK: Final = text(_READ)
_HELD: Final = text(f"{_READ} FOR UPDATE")
_ANLAGEN: Final = text("""
    SELECT id, name, media_type, size FROM participation.anlage WHERE stellungnahme_id = :id ORDER BY id""")
_CONTENT: Final = text("""
    SELECT name, media_type, content FROM participation.anlage WHERE stellungnahme_id = :id AND id = :number""")
_PLAN: Final = text("SELECT * FROM participation.plan_of_shown()")
_CONFIRM: Final = text("""
    UPDATE participation.stellungnahme
    SET state = 'bestaetigt', nummer = participation.next_nummer(beteiligung_id), bestaetigt_am = :now
    WHERE link = :link AND state = 'unbestaetigt'""")
_CORRECT: Final = text(f"""
    UPDATE participation.stellungnahme SET geaendert_am = :now, {", ".join(f"{name} = :{name}" for name in _GIVEN)}
    WHERE link = :link""")  # noqa: S608
_WITHDRAW: Final = text("""
    UPDATE participation.stellungnahme SET state = 'zurueckgezogen', zurueckgezogen_am = :now, name = '',
        anschrift = '', email = '', text = '', gegenstand = '', ost = NULL, nord = NULL
    WHERE link = :link""")
_DROP_ANLAGEN: Final = text("DELETE FROM participation.anlage WHERE stellungnahme_id = :id")
_DROP_ANLAGE: Final = text("DELETE FROM participation.anlage WHERE stellungnahme_id = :id AND id = ANY (:numbers)")


def form_key(engine: Engine) -> bytes:
    with engine.connect() as connection:
        return bytes(connection.execute(_KEY).scalar_one())


def submit(
    engine: Engine,
    beteiligung: Bekannt,
    form: Form,
    eingabe: Eingabe,
    dateien: Callable[[], Sequence[Datei]],
    letters: StatementLetters,
    origin: str,
    now: datetime,
) -> bool:
    """Keeps the statement, unconfirmed, with the letter that asks to confirm it; returns whether it came too late.

    A form that was opened in time may still be sent, and is told as late. `dateien` gives the files that were looked
    at, which costs something, and is asked only of who has not sent too much. Raises ClosedToday, TooOften, Refused.
    """
    today = now.astimezone(_BERLIN).date()
    late = not beteiligung.is_open(today)
    if late and not beteiligung.is_open(form.made_at.astimezone(_BERLIN).date()):
        raise ClosedToday
    attempts.count(
        engine, f"statement {eingabe.email.lower()}", f"statements {origin}", now, _LIMITS, attempts.STATEMENTS
    )
    secret, screened = hidden.new_secret(), dateien()
    with _shown(engine, secret) as connection:
        waiting = {"email": eingabe.email, "since": now - _DAY}
        if (connection.scalar(_UNCONFIRMED, waiting) or 0) >= _MOST_UNCONFIRMED:
            raise attempts.TooOften(int(_DAY.total_seconds()))
        link = hidden.digest(secret)
        values = {
            "beteiligung": beteiligung.id, "ags": beteiligung.ags, "form": form.digest, "now": now, "late": late,
            "link": link,
        }  # fmt: skip
        number = _add(connection, values | asdict(eingabe))
        if number is None:
            return late  # sent twice: the first one counts, and has its letter
        if screened:
            _require_room(connection, beteiligung.id, sum(len(each.content) for each in screened))
            _attach(connection, number, screened)
        letter = put(connection, letters.confirmation(eingabe.email, secret), letters.host_name, now)
        connection.execute(_WITH_LETTER, {"link": link, "letter": letter})
    return late


def of_link(engine: Engine, secret: str, now: datetime) -> tuple[Stellungnahme, Bekannt, Betroffen]:
    """With what it is about. Raises NoStatement."""
    with _shown(engine, secret) as connection:
        found = _read(connection, secret, _OF_LINK, now)
        plan = Betroffen(**connection.execute(_PLAN).mappings().one())
        return found, bekannt.one(connection, found.beteiligung_id), plan


def confirm(engine: Engine, secret: str, letters: StatementLetters, now: datetime) -> None:
    """Once; a second time changes nothing. Raises NoStatement."""
    with _shown(engine, secret) as connection:
        held = _read(connection, secret, _HELD, now)
        if held.state is Stand.UNBESTAETIGT:
            connection.execute(_CONFIRM, {"link": hidden.digest(secret), "now": now})
            done = _read(connection, secret, _OF_LINK, now)
            assert done.nummer is not None  # noqa: S101 - a check of the table
            letter = letters.receipt(held.email, secret, done.nummer, held.eingang, late=held.verspaetet)
            put(connection, letter, letters.host_name, now)


def correct(
    engine: Engine,
    secret: str,
    eingabe: Eingabe,
    without: Sequence[int],
    dateien: Callable[[], Sequence[Datei]],
    origin: str,
    now: datetime,
) -> None:
    """What was written before is no longer there; the e-mail address stays.

    `dateien` as for submit(). Raises NoStatement, TooLate, TooOften, Refused.
    """
    with _shown(engine, secret) as connection:
        held = _changeable(connection, secret, now)
    attempts.count(engine, f"correction {held.id}", f"statements {origin}", now, _LIMITS, attempts.STATEMENTS)
    screened = dateien()
    with _shown(engine, secret) as connection:
        held = _changeable(connection, secret, now)
        sizes = [each.size for each in held.anlagen if each.id not in without]
        sizes += [len(each.content) for each in screened]
        require_few(len(sizes))
        require_small(sum(sizes))
        values = asdict(eingabe) | {"email": held.email, "link": hidden.digest(secret), "now": now}
        connection.execute(_CORRECT, values)
        connection.execute(_DROP_ANLAGE, {"id": held.id, "numbers": list(without)})
        _attach(connection, held.id, screened)


def withdraw(engine: Engine, secret: str, now: datetime) -> None:
    """What was written is deleted; its number stays in the order of receipt. Raises NoStatement, TooLate."""
    with _shown(engine, secret) as connection:
        held = _changeable(connection, secret, now)
        if held.state is Stand.UNBESTAETIGT:
            raise TooLate  # it needs no withdrawal: it is deleted unless it is confirmed
        connection.execute(_DROP_ANLAGEN, {"id": held.id})
        connection.execute(_WITHDRAW, {"link": hidden.digest(secret), "now": now})


def anlage(engine: Engine, secret: str, number: int, now: datetime) -> Datei:
    """Raises NoStatement."""
    with _shown(engine, secret) as connection:
        held = _read(connection, secret, _OF_LINK, now)
        row = connection.execute(_CONTENT, {"id": held.id, "number": number}).one_or_none()
    if row is None:
        raise NoStatement
    return Datei(row.name, row.media_type, bytes(row.content))


def may_change(stellungnahme: Stellungnahme, beteiligung: Bekannt, today: date) -> bool:
    """§ 3 Abs. 2: statements are made during the period, and taken back in it."""
    return stellungnahme.state is Stand.BESTAETIGT and beteiligung.is_open(today)


@contextmanager
def _shown(engine: Engine, secret: str) -> Iterator[Connection]:
    """One transaction that sees the statement that the secret opens, and no other."""
    with engine.begin() as connection:
        say(connection, secret=secret)
        yield connection


def _read(connection: Connection, secret: str, statement: Any, now: datetime) -> Stellungnahme:
    row = connection.execute(statement, {"link": hidden.digest(secret), "now": now}).mappings().one_or_none()
    if row is None:
        raise NoStatement
    found = dict(row) | {"state": Stand(row["state"])}
    if found.pop("has_lapsed") and found["state"] is Stand.UNBESTAETIGT:
        raise NoStatement  # the sweep has only not come yet
    anlagen = connection.execute(_ANLAGEN, {"id": row["id"]}).mappings()
    return Stellungnahme(**found, anlagen=tuple(Anlage(**each) for each in anlagen))


def _changeable(connection: Connection, secret: str, now: datetime) -> Stellungnahme:
    held = _read(connection, secret, _HELD, now)
    if not may_change(held, bekannt.one(connection, held.beteiligung_id), now.astimezone(_BERLIN).date()):
        raise TooLate
    return held


def _add(connection: Connection, values: Mapping[str, Any]) -> UUID | None:
    """None: the form was sent before. Raises ClosedToday."""
    try:
        found: UUID | None = connection.scalar(_ADD, values)
    except ProgrammingError as fault:
        if isinstance(fault.orig, InsufficientPrivilege):
            raise ClosedToday from fault  # the Gemeinde has ended it while the files were looked at
        raise
    return found


def _require_room(connection: Connection, beteiligung: UUID, size: int) -> None:
    """Whoever asks is alone until the transaction ends. Raises Refused."""
    held = connection.execute(_UNCONFIRMED_BYTES, {"id": beteiligung}).one()
    if held.here + size > _ROOM_HERE or held.everywhere + size > _ROOM:
        raise Refused(
            "Zurzeit warten hier schon sehr viele Dateien auf ihre Bestätigung. Bitte die Stellungnahme ohne Dateien "
            "senden; nach dem Bestätigen lassen sie sich anhängen („Berichtigen“). / Please send it without files."
        )


def _attach(connection: Connection, number: UUID, dateien: Sequence[Datei]) -> None:
    for each in dateien:
        values = {"name": each.name, "media_type": each.media_type, "size": len(each.content), "content": each.content}
        connection.execute(_ATTACH, values | {"id": number})
