"""The life of a thematic layer: brought up to date from its source, kept as it was when that fails, told about."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

import psycopg
from sqlalchemy import Connection, Engine, func, null, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from geoportal import sensors
from geoportal.catalogue import Layer, Reason, SourceError
from geoportal.database.tables import layer_state as state_table
from geoportal.layers import tables
from geoportal.layers.fetching import Known
from geoportal.layers.reading import Reading
from geoportal.layers.sources import Places, Provided, provide
from geoportal.places.geocoding import Placed, address_stock

log = logging.getLogger(__name__)

REFRESH: Final = timedelta(days=1)  # of a source from the network whose manifest does not say
_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class LayerState:
    """What is known of a layer beside its rows. `fault` is for the operator; `reason` says its kind to everybody.

    `tried` is the signature of the source at the last attempt. `unnamed`, `personal` and `unplaced` are what Synced
    says of the sync that made the rows, `unplaced` the first of `unplaced_count` addresses.
    """

    layer: str
    rows: int | None
    synced_at: datetime | None
    changed_at: datetime | None
    checked_at: datetime | None
    due_at: datetime | None
    tried: str | None
    reason: Reason | None
    fault: str | None
    fault_since: datetime | None
    unnamed: Sequence[str] = ()
    personal: Sequence[str] = ()
    unplaced: Sequence[str] = ()
    unplaced_count: int = 0

    @classmethod
    def unknown(cls, layer: str) -> Self:
        """Of a layer that nobody has looked at yet."""
        return cls(layer, None, None, None, None, None, None, None, None, None)

    @property
    def is_stale(self) -> bool:
        return self.fault is not None

    @property
    def is_remarkable(self) -> bool:
        """Whether something of the source is not public, or perhaps should not be."""
        return bool(self.unnamed or self.personal or self.unplaced_count)


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one layer: the number of rows that are now public, or the fault for which the old ones stay.

    `written` rows are new or different, None when the source had not changed. `unnamed`: columns of the source that the
    manifest does not name and that are therefore not published. `personal`: public fields that look as if they told of
    persons, and why. `placed`: what became of the addresses of a source that has no coordinates.
    """

    layer: str
    rows: int | None
    written: int | None = None
    unnamed: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    placed: Placed | None = None
    fault: str | None = None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"{self.fault} – die bisherigen Daten bleiben / the former data stay"
        lines = [f"{self.layer}: {self.rows} Objekte / features"]
        if self.written is None:
            lines[0] += ", unverändert / unchanged"
        if self.unnamed:
            lines[0] += f"; nicht veröffentlicht / not published: {', '.join(self.unnamed)}"
        if self.placed and self.placed.found < self.placed.asked:
            missing = self.placed.asked - self.placed.found
            lines.append(f"  {missing} von {self.placed.asked} Anschriften nicht gefunden / addresses not found:")
            lines += [f"    {each}" for each in self.placed.unplaced]
        return "\n".join([*lines, *(f"  Personenbezug? / personal data? {each}" for each in self.personal)])


def sync(engine: Engine, layer: Layer, places: Places, *, again: bool = False) -> Synced:
    """Brings one layer in step with its source; nothing is done while that has not changed, unless `again`."""
    tried: Provided | None = None
    try:
        with engine.connect() as connection:
            known, stock = _known(connection, layer.id), address_stock(connection)
        tried = provide(layer, places, known, stock)
        return _replace(engine, layer, tried, again=again)
    except SourceError as error:
        log.warning("layer %s stays as it is: %s", layer.id, error)
        return _failed(engine, layer, tried, error.reason, str(error))
    except (psycopg.Error, SQLAlchemyError) as error:
        log.warning("layer %s stays as it is", layer.id, exc_info=True)
        fault = f"{layer.id}: Datenbank / database: {type(error.__cause__ or error).__name__}"
        return _failed(engine, layer, tried, Reason.DATABASE, fault)
    except Exception:
        # a source may answer anything: what nobody has thought of is a fault of this layer too, and told as one
        log.exception("layer %s stays as it is", layer.id)
        fault = f"{layer.id}: unerwarteter Fehler, siehe Protokoll / unexpected fault, see the log"
        return _failed(engine, layer, tried, Reason.UNREADABLE, fault)


def check(layer: Layer, places: Places) -> Synced:
    """What sync() would read and say, without a database: addresses and names that are taken are left to it."""
    try:
        reading = Reading(layer, provide(layer, places).file)
        rows, keys, doubled = 0, set[bytes](), dict[str, None]()
        for line in (line for piece in reading for line in piece.splitlines()):
            rows += 1
            key = line.partition(b"\t")[0]
            if key in keys and len(doubled) < tables.SHOWN:
                doubled[key.decode()] = None
            keys.add(key)
    except SourceError as error:
        return Synced(layer.id, None, fault=str(error))
    if doubled:
        return Synced(layer.id, None, fault=str(tables.key_twice(layer, doubled)))
    if layer.expect and not layer.expect.min <= rows <= layer.expect.max:
        bounds = f"{layer.expect.min}–{layer.expect.max}"
        return Synced(layer.id, None, fault=f"{layer.id}: {rows} Zeilen, erwartet / rows, expected {bounds}")
    return Synced(layer.id, rows, rows, reading.unnamed, _spoken(reading))


def states(connection: Connection) -> list[LayerState]:
    """Of every layer that was ever looked at, in alphabetical order; for the operator."""
    table = state_table.c
    columns = (
        table.layer, table.rows, table.synced_at, table.changed_at, table.checked_at, table.due_at, table.tried,
        table.fault_kind.label("reason"), table.fault, table.fault_since,
        table.unnamed, table.personal, table.unplaced, table.unplaced_count,
    )  # fmt: skip
    return [
        LayerState(**dict(row) | {"reason": Reason(row["reason"]) if row["reason"] else None})
        for row in connection.execute(select(*columns).order_by(table.layer)).mappings()
    ]


def tell_fault(connection: Connection, layer: str, reason: Reason, fault: str, tried: str | None = None) -> None:
    """Marks a layer as stale. What is public stays, and everybody can see that it is not fresh.

    `tried` is the signature of the source that did not do.
    """
    table = state_table.c
    statement = upsert(state_table).values(
        layer=layer,
        tried=tried,
        failures=1,
        fault_kind=reason,
        fault=fault,
        fault_since=func.now(),
        due_at=func.now() + _FIRST_RETRY,
    )
    retry = func.now() + func.least(_FIRST_RETRY * func.power(2, func.least(table.failures, 12)), _LAST_RETRY)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.layer],
            set_={
                "tried": tried,
                "failures": table.failures + 1,
                "fault_kind": reason,
                "fault": fault,
                "fault_since": func.coalesce(table.fault_since, func.now()),
                "checked_at": func.now(),
                "due_at": retry,
            },
        )
    )
    connection.execute(text("SELECT plans.touch_data('layer_state')"))


def tell_gone(connection: Connection, layer: str) -> bool:
    """A layer whose folder is gone is no longer public; its rows wait for remove(). Whether it was public."""
    tables.lock(connection, layer)
    return tables.unpublish(connection, layer)


def remove(connection: Connection, layer: str) -> None:
    """Rows, view and state; the folder with the manifest is the caller's business."""
    tables.lock(connection, layer)
    tables.drop(connection, layer)
    sensors.forget(connection, layer)
    connection.execute(state_table.delete().where(state_table.c.layer == layer))


def _replace(engine: Engine, layer: Layer, provided: Provided, *, again: bool) -> Synced:
    reading = Reading(layer, provided.file)
    with engine.begin() as connection:
        tables.lock(connection, layer.id)
        state = connection.execute(select(state_table).where(state_table.c.layer == layer.id)).one_or_none()
        if (
            state is not None
            and state.signature == provided.signature
            and not again
            and tables.is_standing(connection, layer)
        ):
            _succeeded(connection, layer, provided, is_changed=False, rows=state.rows)
            return Synced(layer.id, state.rows)
        replaced = tables.replace_rows(connection, layer, reading)
        is_changed = bool(replaced.written or replaced.removed)
        _succeeded(connection, layer, provided, is_changed=is_changed, rows=replaced.rows)
        synced = Synced(layer.id, replaced.rows, replaced.written, reading.unnamed, _spoken(reading), replaced.placed)
        _remember(connection, synced)
    return synced


def _succeeded(connection: Connection, layer: Layer, provided: Provided, *, is_changed: bool, rows: int) -> None:
    table = state_table.c
    was_stale = connection.scalar(select(table.fault.is_not(None)).where(table.layer == layer.id))
    every = layer.refresh or (None if layer.source.path else REFRESH)
    values = {
        "rows": rows,
        "signature": provided.signature,
        "tried": provided.signature,
        "etag": provided.known.etag,
        "last_modified": provided.known.last_modified,
        "synced_at": func.now(),
        "checked_at": func.now(),
        "due_at": func.now() + every if every else null(),
        "failures": 0,
        "fault_kind": null(),
        "fault": null(),
        "fault_since": null(),
        **({"changed_at": func.now()} if is_changed else {}),
    }
    statement = upsert(state_table).values(layer=layer.id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[table.layer], set_=values))
    if was_stale:
        connection.execute(text("SELECT plans.touch_data('layer_state')"))


def _remember(connection: Connection, synced: Synced) -> None:
    """What it left out or doubted stands beside the rows until the next ones are made."""
    placed = synced.placed or Placed(0, 0, ())
    remarks = {
        "unnamed": list(synced.unnamed),
        "personal": list(synced.personal),
        "unplaced": list(map(str, placed.unplaced)),
        "unplaced_count": placed.asked - placed.found,
    }
    connection.execute(state_table.update().where(state_table.c.layer == synced.layer).values(**remarks))


def _failed(engine: Engine, layer: Layer, tried: Provided | None, reason: Reason, fault: str) -> Synced:
    try:
        with engine.begin() as connection:
            tell_fault(connection, layer.id, reason, fault, tried.signature if tried else None)
    except SQLAlchemyError:
        log.warning("state of layer %s not written", layer.id, exc_info=True)
    return Synced(layer.id, None, fault=fault)


def _known(connection: Connection, layer: str) -> Known | None:
    table = state_table.c
    row = connection.execute(select(table.etag, table.last_modified).where(table.layer == layer)).one_or_none()
    return Known(row.etag, row.last_modified) if row else None


def _spoken(reading: Reading) -> tuple[str, ...]:
    return tuple(f"{name}: {reason}" for name, reason in reading.personal.items())
