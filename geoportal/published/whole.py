"""A public version as the plan that was delivered, to be written as a plan file; never all of its objects at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final
from uuid import UUID

import shapely
from sqlalchemy import Connection, Engine, select, text

from geoportal.published.reading import public_on
from plans_ingest.model import (
    Bereich,
    Dokument,
    GemeindeRef,
    Plan,
    Planbezug,
    Planobjekt,
    Planwerk,
    Textabschnitt,
    Zeitraum,
)

_AT_A_TIME: Final = 500  # objects fetched


@dataclass(frozen=True, slots=True)
class Fassung:
    """Which version of a plan is public. `fingerprint` is of all that it says."""

    id: int
    fingerprint: str


def public_fassung(connection: Connection, plan_id: UUID, stand: date | None = None) -> Fassung | None:
    """The version that is public now, or was at the end of the day `stand`; None where there is none."""
    if stand is None:
        row = connection.execute(_PUBLIC, {"plan_id": plan_id}).mappings().one_or_none()
    else:
        former = public_on(stand)
        number = connection.scalar(select(former.c.version_id).where(former.c.id == plan_id))
        row = connection.execute(_FORMER, {"id": number}).mappings().one_or_none()
    return None if row is None else Fassung(**row)


@contextmanager
def whole_plan(engine: Engine, fassung: int) -> Iterator[Plan | None]:
    """The plan of a version that is or was public, None for any other; to be read while the context lasts.

    Its objects are fetched anew by whoever goes through them, all out of one state of the database. Documents and
    sheets are references; their files are not looked at.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        row = connection.execute(_FASSUNG, {"id": fassung}).mappings().one_or_none()
        yield None if row is None else _plan(connection, fassung, row)


def _plan(connection: Connection, fassung: int, row: Mapping[Any, Any]) -> Plan:
    same = {item.name: row[item.name] for item in fields(Plan) if item.name in row}
    return Plan(
        **same
        | {
            "planwerk": Planwerk(row["planwerk"]),
            "planart": tuple(row["planart"]),
            "gemeinden": tuple(GemeindeRef(**each) for each in row["gemeinden"]),
            "auslegungen": _periods(row["auslegungen"]),
            "traegerbeteiligungen": _periods(row["traegerbeteiligungen"]),
            "bezuege": tuple(Planbezug(**each) for each in row["bezuege"]),
            "geltungsbereich": _shape(row["geom"]),
            "bereiche": tuple(
                Bereich(**_without(each, "geom"), geltungsbereich=_shape(each["geom"]))
                for each in _rows(connection, _BEREICHE, fassung)
            ),
            "texte": tuple(Textabschnitt(**each) for each in _rows(connection, _TEXTE, fassung)),
            "dokumente": tuple(Dokument(**each) for each in _rows(connection, _DOKUMENTE, fassung)),
            "objekte": _Objekte(connection, fassung),
        }
    )


class _Objekte(Collection[Planobjekt]):
    """The objects of a version, out of the database each time that they are asked for."""

    def __init__(self, connection: Connection, fassung: int) -> None:
        self._connection = connection
        self._asked = {"id": fassung}

    def __len__(self) -> int:
        return int(self._connection.scalar(_COUNT, self._asked) or 0)

    def __contains__(self, objekt: object) -> bool:
        return any(each == objekt for each in self)

    def __iter__(self) -> Iterator[Planobjekt]:
        found = self._connection.execution_options(yield_per=_AT_A_TIME).execute(_OBJEKTE, self._asked)
        for row in found.mappings():
            yield Planobjekt(**_without(row, "geom"), geometry=_shape(row["geom"]))


def _rows(connection: Connection, statement: Any, fassung: int) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(statement, {"id": fassung}).mappings()]


def _without(row: Mapping[Any, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _periods(raw: Sequence[Mapping[str, str | None]]) -> tuple[Zeitraum, ...]:
    return tuple(Zeitraum(_day(each.get("start")), _day(each.get("ende"))) for each in raw)


def _day(raw: str | None) -> date | None:
    return None if raw is None else date.fromisoformat(raw)


def _shape(wkb: bytes | None) -> Any:
    return None if wkb is None else shapely.from_wkb(bytes(wkb))


_PUBLIC = text("SELECT id, fingerprint FROM ogc.fassung WHERE plan_id = :plan_id AND ist_aktuell")
_FORMER = text("SELECT id, fingerprint FROM ogc.fassung WHERE id = :id")
_COLUMNS = ", ".join(
    item.name
    for item in fields(Plan)
    if item.name not in {"geltungsbereich", "bereiche", "objekte", "texte", "dokumente", "raster"}
)
_FASSUNG = text(f"SELECT {_COLUMNS}, ST_AsBinary(geom) AS geom FROM ogc.fassung WHERE id = :id")  # noqa: S608 - ours
_BEREICHE = text("""
    SELECT gml_id, nummer, name, attribute, ST_AsBinary(geom) AS geom
    FROM ogc.fassung_bereich WHERE version_id = :id ORDER BY id""")
_TEXTE = text("""
    SELECT gml_id, art, schluessel, gesetzliche_grundlage, text, attribute
    FROM ogc.fassung_text WHERE version_id = :id ORDER BY id""")
_DOKUMENTE = text("""
    SELECT typ, name, url, art, media_type, beschreibung, datum
    FROM ogc.fassung_dokument WHERE version_id = :id ORDER BY position""")
_COUNT = text("SELECT count(*) FROM ogc.fassung_objekt WHERE version_id = :id")
_OBJEKTE = text("""
    SELECT klasse, gml_id, bereich, ebene, flaechenschluss, rechtscharakter, attribute, ST_AsBinary(geom) AS geom
    FROM ogc.fassung_objekt WHERE version_id = :id ORDER BY id""")
