"""Keeps the layers in step while the portal runs: folders that come and go, files that change, sources that are due.

However many workers run, one of them watches: it holds a lock of the database for as long as it lives.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from geoportal import sensors
from geoportal.catalogue import Layer, Reason, Shelf, SourceError
from geoportal.clock import CLOCKS_DIFFER, Clock
from geoportal.database import driver_cursor
from geoportal.layers import life
from geoportal.layers.life import LayerState
from geoportal.layers.sources import Places, provide
from geoportal.opening_hours import BERLIN
from geoportal.places.geocoding import address_stock
from geoportal.places.objects import index_layer

log = logging.getLogger(__name__)

LOOK_AGAIN: Final = 2.0  # seconds
_AT_ONCE: Final = 2
_HAS_AGED: Final = text("""
    -- whether a value, or a state since it began, has become so old since the last look
    SELECT EXISTS (
        SELECT FROM (
            SELECT CASE WHEN CAST(:state AS text) IS NULL THEN at WHEN word = :state THEN since END + :after AS due
            FROM sensors.latest WHERE layer = :layer AND property = :name) AS known
        WHERE due > :first AND due <= :last)""")
_LOCK: Final = 0x6C617965  # "laye"


class Watch:
    """Looks whenever it is told to; what it finds to do is done beside, so that one slow source delays no other."""

    def __init__(self, engine: Engine, folder: Path, places: Places) -> None:
        self._engine = engine
        self._places = places
        self._shelf = Shelf(folder)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="layers")
        self._running: dict[str, Future[None]] = {}
        self._leading: Connection | None = None
        self._clock = Clock()
        self._looked = datetime.now(UTC) - timedelta(days=1)
        self._shortened = self._looked.date()

    def look(self) -> None:
        """One round; a database that is away is waited for."""
        try:
            if self._leads():
                self._round()
        except SQLAlchemyError as fault:
            log.warning("layers not looked at", exc_info=fault)
            self._resign()

    def close(self) -> None:
        """Ends when what has been begun is done."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._resign()

    def _leads(self) -> bool:
        if self._leading is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                connection.close()
                return False
            self._leading = connection
        else:
            self._leading.execute(text("SELECT 1"))  # with the connection the lock would be gone
        return True

    def _resign(self) -> None:
        if self._leading is not None:
            self._leading.invalidate()
            self._leading.close()
            self._leading = None

    def _round(self) -> None:
        has_changed = self._shelf.look()
        with self._engine.begin() as connection:
            states = {state.layer: state for state in life.states(connection)}
            stock = address_stock(connection)
            if has_changed:
                self._told_changes(connection, states)
            self._new_day(connection)
            self._aged(connection)
        self._running = {name: future for name, future in self._running.items() if not future.done()}
        for layer in self._shelf.layers.values():
            if layer.source.view is None and layer.id not in self._running and self._is_due(layer, states, stock):
                self._running[layer.id] = self._pool.submit(self._sync, layer)

    def _sync(self, layer: Layer) -> None:
        synced = life.sync(self._engine, layer, self._places)
        if synced.fault is None and synced.written is not None:  # a fault has been logged where it occurred
            log.info("layer synchronised: %s", synced)

    def _told_changes(self, connection: Connection, states: Mapping[str, LayerState]) -> None:
        for name, fault in self._shelf.faults.items():
            log.error("manifest of %s not taken over: %s", name, fault)
            life.tell_fault(connection, name, Reason.MANIFEST, str(fault))
        if not self._shelf.layers:  # a folder that is not mounted is no reason to unpublish everything
            return
        for name in states.keys() - self._shelf.layers.keys() - self._shelf.faults.keys():
            if life.tell_gone(connection, name):
                log.warning("layer %s is no longer public: its folder is gone", name)

    def _is_due(self, layer: Layer, states: Mapping[str, LayerState], stock: str) -> bool:
        state = states.get(layer.id)
        if state is None:
            return True
        now = datetime.now(UTC)
        if state.due_at is not None and state.due_at <= now:
            return True
        if state.due_at is not None and state.checked_at is not None and state.checked_at > now + CLOCKS_DIFFER:
            return True  # the clock was set back: it would be due too late
        if state.reason is Reason.MANIFEST:  # it has been mended
            return True
        if layer.source.path is None:
            return False
        try:
            return provide(layer, self._places, stock=stock).signature != state.tried
        except SourceError:
            return state.fault is None

    def _aged(self, connection: Connection) -> None:
        """Readings grow old without anybody writing: answers that were kept must go. Once a day old ones become few."""
        now = datetime.now(UTC)
        for layer in self._shelf.layers.values():
            for name, observed in (layer.sensors.observed if layer.sensors else {}).items():
                ages: list[tuple[str | None, timedelta]] = [(None, observed.stale.after)] if observed.stale else []
                ages += [(lasting.state, lasting.after) for lasting in observed.lasting.values()]
                span = {"layer": layer.id, "name": name, "first": self._looked, "last": now}
                if any(connection.scalar(_HAS_AGED, {**span, "state": state, "after": age}) for state, age in ages):
                    connection.execute(text("SELECT plans.touch_data(:layer)"), {"layer": layer.id})
        # deleted for good, so not on a day that may not be today
        if self._clock.is_trusted() and now.date() != self._shortened:
            for layer in self._shelf.layers.values():
                sensors.shorten(connection, layer)
            sensors.sweep(connection)
            self._shortened = now.date()
        self._looked = now

    def _new_day(self, connection: Connection) -> None:
        """At midnight a layer that shows what holds today shows something else: answers that were kept must go."""
        current = [layer.id for layer in self._shelf.layers.values() if layer.time and layer.time.only_current]
        changed = text("""
            UPDATE plans.layer_state SET shown_on = :today
            WHERE layer = ANY (:current) AND shown_on IS DISTINCT FROM :today RETURNING layer""")
        today = datetime.now(BERLIN).date()
        for layer in connection.scalars(changed, {"today": today, "current": current}).all():
            with driver_cursor(connection) as cursor:
                index_layer(cursor, self._shelf.layers[layer])
            connection.execute(text("SELECT plans.touch_data(:layer)"), {"layer": layer})
