"""The log of changes: written in the transaction of the change, so that neither is without the other."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from geoportal.accounts.roles import Principal
from geoportal.plain_text import harmless_cell

SYSTEM: Final = "system"

_INSERT = text("""
    INSERT INTO desk.audit (account_id, actor, origin, action, ags, object, before_hash, after_hash, detail)
    VALUES (:account, :actor, :origin, :action, :ags, :object, :before, :after, CAST(:detail AS jsonb))""")

_SEARCH = text("""
    SELECT id, at, actor, origin, action, ags, object, before_hash, after_hash, detail FROM desk.audit
    WHERE (CAST(:ags AS text) IS NULL OR ags = :ags)
      AND (CAST(:action AS text) IS NULL OR action = :action)
      AND (CAST(:words AS text) IS NULL
           OR strpos(lower(concat_ws(' ', actor, object, detail::text)), lower(:words)) > 0)
      AND id < :before
    ORDER BY id DESC LIMIT :limit""")

_VERIFY = text("""
    -- an entry is right when its hash is that of its content, and continues the one before
    SELECT count(*) AS entries, max(id) AS last, min(id) FILTER (WHERE NOT is_right) AS broken
    FROM (
        SELECT id, hash = desk.audit_digest(audit) AND id = row_number() OVER chain
               AND previous = coalesce(lag(hash) OVER chain, '') AS is_right
        FROM desk.audit AS audit WINDOW chain AS (ORDER BY id)
    ) AS checked""")

_HEAD = text("SELECT encode(hash, 'hex') FROM desk.audit WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    at: datetime
    actor: str
    origin: str
    action: str
    ags: str | None
    object: str
    before_hash: str | None
    after_hash: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the first entry that is not as it was written, None if all are; `head` the hash of the last one.

    That entries were cut off at the end shows only against a head that was kept elsewhere.
    """

    entries: int
    broken: int | None
    head: str | None


def note(
    connection: Connection,
    who: Principal | None,
    action: str,
    what: str,
    *,
    ags: str | None = None,
    before: str | None = None,
    after: str | None = None,
    origin: str = "-",
    **detail: Any,
) -> None:
    """Adds an entry; `origin` is from where somebody came who is not known yet.

    Call it last in a transaction: from here to its end no other can add one.
    """
    values = {
        "account": None if who is None else who.account_id,
        "actor": SYSTEM if who is None else f"{who.name} <{who.email}>",
        "origin": origin if who is None else who.origin,
        "action": action,
        "ags": ags,
        "object": what,
        "before": before,
        "after": after,
        "detail": json.dumps(detail, ensure_ascii=False, default=str),
    }
    connection.execute(_INSERT, values)


def search(
    connection: Connection,
    *,
    ags: str | None = None,
    action: str | None = None,
    words: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The newest entries that fit and that the acting account may see; `before` an entry's number, for more of them."""
    asked = {"ags": ags, "action": action, "words": words, "before": before or 2**62, "limit": limit}
    return [Entry(**row) for row in connection.execute(_SEARCH, asked).mappings()]


def verify(connection: Connection) -> Verdict:
    row = connection.execute(_VERIFY).one()
    head = None if row.last is None else connection.scalar(_HEAD, {"id": row.last})
    return Verdict(row.entries, row.broken, head)


COLUMNS: Final = ("id", "at", "actor", "origin", "action", "ags", "object", "before_hash", "after_hash", "detail")


def contains(connection: Connection, head: str) -> bool:
    """Whether an entry with this hash, kept from an earlier check, is still there."""
    return bool(
        connection.scalar(
            text("SELECT EXISTS (SELECT FROM desk.audit WHERE encode(hash, 'hex') = :head)"), {"head": head}
        )
    )


def rows(connection: Connection) -> Iterator[tuple[str, ...]]:
    """All entries that the acting account may see, in the order of COLUMNS, the newest first, as cells of a table that
    a spreadsheet may open: names of files stand in them, as strangers gave them.
    """
    before = None
    while page := search(connection, before=before, limit=500):
        for entry in page:
            values = (getattr(entry, name) for name in COLUMNS)
            yield tuple("" if value is None else harmless_cell(str(value)) for value in values)
        before = page[-1].id
