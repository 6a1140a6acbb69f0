"""Statements as the Gemeinde reads them, in the order of receipt; what she makes of them. Row-level security decides
whose they are; an office, the Kreis and the auditor see none.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from psycopg.errors import CheckViolation
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from geoportal.accounts import audit
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.operations import NotFound
from geoportal.participation.attachments import Datei
from geoportal.participation.beteiligungen import Beteiligung, Changed, one
from geoportal.participation.stellungnahmen import Anlage, Stand, Stellungnahme

_PAGE: Final = 200


class Ergebnis(StrEnum):
    """What the Gemeinde's weighing came to (§ 1 Abs. 7 BauGB)."""

    OFFEN = "offen"
    GEFOLGT = "gefolgt"
    TEILWEISE = "teilweise"
    NICHT = "nicht"
    KENNTNIS = "kenntnis"


@dataclass(frozen=True, slots=True)
class Abwaegung:
    """What somebody at the Gemeinde writes to a statement."""

    ergebnis: Ergebnis
    abwaegung: str
    notiz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gelesen(Stellungnahme):
    """A statement with what the Gemeinde has written to it; `version` 0 as long as she has not.

    `frueher` is what she had decided before it was corrected.
    """

    ergebnis: Ergebnis
    frueher: Ergebnis | None
    abwaegung: str
    notiz: str
    version: int
    bearbeitet_von: str | None
    bearbeitet_am: datetime | None

    @property
    def mark(self) -> str:
        """Names the text, and what was written to it, that somebody has looked at."""
        return f"{self.version} {self.geaendert_am or ''}"


_COLUMNS: Final = """
    SELECT s.id, s.beteiligung_id, s.nummer, s.state, s.eingang, s.verspaetet, s.bestaetigt_am, s.geaendert_am,
           s.zurueckgezogen_am, s.name, s.anschrift, s.email, s.text, s.gegenstand, s.ost, s.nord,
           coalesce(b.ergebnis, 'offen') AS ergebnis, b.frueher, coalesce(b.abwaegung, '') AS abwaegung,
           coalesce(b.notiz, '') AS notiz, coalesce(b.version, 0) AS version,
           desk.name_of(b.changed_by) AS bearbeitet_von, b.changed_at AS bearbeitet_am
    FROM participation.stellungnahme AS s
    LEFT JOIN participation.bearbeitung AS b ON b.stellungnahme_id = s.id"""
_MANY: Final = text(f"""{_COLUMNS}
    WHERE s.beteiligung_id = :beteiligung AND (s.eingang, s.id) > (:eingang, CAST(:id AS uuid))
    ORDER BY s.eingang, s.id LIMIT {_PAGE}""")
_ONE: Final = text(f"{_COLUMNS} WHERE s.id = :id")
_ANLAGEN: Final = text("""
    SELECT stellungnahme_id, id, name, media_type, size FROM participation.anlage
    WHERE stellungnahme_id = ANY (:ids) ORDER BY id""")
_CONTENT: Final = text("""
    SELECT name, media_type, content FROM participation.anlage WHERE stellungnahme_id = :id AND id = :number""")
_WRITE: Final = text("""
    INSERT INTO participation.bearbeitung AS known
        (stellungnahme_id, ergebnis, abwaegung, notiz, version, changed_by, changed_at)
    VALUES (:id, :ergebnis, :abwaegung, :notiz, 1, :account, :now)
    ON CONFLICT (stellungnahme_id) DO UPDATE SET ergebnis = excluded.ergebnis, abwaegung = excluded.abwaegung,
        notiz = excluded.notiz, version = known.version + 1, changed_by = excluded.changed_by,
        changed_at = excluded.changed_at, frueher = NULL
    WHERE known.version = :version""")


_LINES: Final = text("""
    SELECT stellungnahme.id, nummer, state = 'bestaetigt' AND coalesce(ergebnis, 'offen') = 'offen' AS is_open
    FROM participation.stellungnahme
    LEFT JOIN participation.bearbeitung ON bearbeitung.stellungnahme_id = stellungnahme.id
    WHERE beteiligung_id = :beteiligung AND state <> 'unbestaetigt' ORDER BY eingang, stellungnahme.id""")


def in_order(connection: Connection, beteiligung: UUID) -> Iterator[Gelesen]:
    """All confirmed and withdrawn ones by the moment of receipt, read page by page."""
    after: dict[str, Any] = {"eingang": "-infinity", "id": UUID(int=0)}
    while True:
        rows = connection.execute(_MANY, after | {"beteiligung": beteiligung}).mappings().all()
        if not rows:
            return
        of = _anlagen(connection, [row["id"] for row in rows])
        yield from (_gelesen(row, of.get(row["id"], ())) for row in rows)
        after = {"eingang": rows[-1]["eingang"], "id": rows[-1]["id"]}


@dataclass(frozen=True, slots=True)
class Line:
    """A statement in the order of receipt; `is_open`: the Gemeinde has not come to a result."""

    id: UUID
    nummer: int
    is_open: bool


def lines(connection: Connection, beteiligung: UUID) -> list[Line]:
    """All confirmed and withdrawn ones, without what was written: who goes on to the next one asks for no more."""
    return [Line(**row) for row in connection.execute(_LINES, {"beteiligung": beteiligung}).mappings()]


def one_of(connection: Connection, number: UUID) -> Gelesen | None:
    row = connection.execute(_ONE, {"id": number}).mappings().one_or_none()
    return None if row is None else _gelesen(row, _anlagen(connection, [number]).get(number, ()))


def require(connection: Connection, who: Principal, beteiligung: UUID) -> Beteiligung:
    """The participation, for who may read its statements. Raises NotFound, NotAllowed."""
    found = one(connection, beteiligung)
    if found is None:
        raise NotFound(f"Beteiligung {beteiligung}")
    who.require(Action.STATEMENTS, found.ags)
    return found


def open_one(engine: Engine, who: Principal, number: UUID) -> tuple[Beteiligung, Gelesen]:
    """A statement to read, which the log tells. Raises NotFound, NotAllowed."""
    with acting(engine, who) as connection:
        found = one_of(connection, number)
        if found is None:
            raise NotFound(f"Stellungnahme {number}")
        beteiligung = require(connection, who, found.beteiligung_id)
        audit.note(connection, who, "statement_read", f"statement {number}", ags=beteiligung.ags)
    return beteiligung, found


def open_anlage(engine: Engine, who: Principal, number: UUID, anlage: int) -> Datei:
    """Raises NotFound, NotAllowed."""
    with acting(engine, who) as connection:
        found = one_of(connection, number)
        row = connection.execute(_CONTENT, {"id": number, "number": anlage}).one_or_none()
        if found is None or row is None:
            raise NotFound(f"Anlage {anlage}")
        beteiligung = require(connection, who, found.beteiligung_id)
        audit.note(connection, who, "attachment_read", f"statement {number}", ags=beteiligung.ags, number=anlage)
    return Datei(row.name, row.media_type, bytes(row.content))


def decide(
    engine: Engine,
    who: Principal,
    number: UUID,
    seen: str,
    made: Abwaegung,
    now: datetime,
) -> None:
    """Keeps what the Gemeinde makes of a statement; `seen` is the mark of what was looked at.

    Raises NotFound, NotAllowed, Changed.
    """
    with acting(engine, who) as connection:
        found = one_of(connection, number)
        if found is None:
            raise NotFound(f"Stellungnahme {number}")
        beteiligung = require(connection, who, found.beteiligung_id)
        if seen != found.mark:
            raise Changed
        values = {
            "id": number, "version": found.version, "account": who.account_id, "now": now,
        } | asdict(made)  # fmt: skip
        try:
            written = connection.execute(_WRITE, values).rowcount == 1
        except IntegrityError as fault:
            if isinstance(fault.orig, CheckViolation):
                raise Changed from fault  # withdrawn a moment ago
            raise
        # who corrects it waits from here on; who did so before was perhaps not seen above
        held = one_of(connection, number)
        if not written or held is None or held.geaendert_am != found.geaendert_am:
            raise Changed
        # what was decided is told, not what anybody wrote
        audit.note(
            connection, who, "statement_decided", f"statement {number}", ags=beteiligung.ags, result=made.ergebnis
        )


def _anlagen(connection: Connection, numbers: list[UUID]) -> dict[UUID, tuple[Anlage, ...]]:
    found: dict[UUID, tuple[Anlage, ...]] = {}
    for row in connection.execute(_ANLAGEN, {"ids": numbers}):
        each = Anlage(row.id, row.name, row.media_type, row.size)
        found[row.stellungnahme_id] = (*found.get(row.stellungnahme_id, ()), each)
    return found


def _gelesen(row: Any, anlagen: tuple[Anlage, ...]) -> Gelesen:
    typed = {
        "state": Stand(row["state"]),
        "ergebnis": Ergebnis(row["ergebnis"]),
        "frueher": row["frueher"] and Ergebnis(row["frueher"]),
    }
    return Gelesen(**dict(row) | typed, anlagen=anlagen)
