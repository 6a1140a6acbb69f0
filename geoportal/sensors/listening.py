"""Readings from an MQTT broker, none lost: a message is acknowledged when its reading is in the database, not before.

The broker keeps our session while we are away (a restart, a fault), and whatever we have not acknowledged it sends
again; what comes twice is kept once (sensors.take). While the database is away nothing is acknowledged, so that the
broker, not this process, is where messages wait: docs/operations/sensors.md says how it must be configured for that.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from geoportal.catalogue import Layer, Shelf
from geoportal.sensors.readings import MOST, Reading, Rejected, read
from geoportal.sensors.store import take

log = logging.getLogger(__name__)

_BATCH: Final = 1000  # messages of one transaction
_GATHER: Final = 0.05  # seconds in which a batch may grow
_AHEAD: Final = 5000  # messages that may be on their way to the database
_LARGEST: Final = 2 * MOST  # bytes; larger ones the broker throws away, so that no sender fills our memory
_LOOK_AGAIN: Final = 2.0
_RETRY: Final = 0.5
_KEPT_SESSION: Final = 7 * 24 * 3600  # seconds that the broker keeps what comes while we are away


class ListenError(Exception):
    """There is no broker to listen to."""


@dataclass(slots=True)
class Counted:
    """What has come since the start."""

    messages: int = 0
    kept: int = 0
    repeated: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Listener:
    """Listens until stop(). `name` is that of the session at the broker: one listener at a time may use it."""

    engine: Engine
    folder: Path
    url: str
    name: str = "geoportal"
    counted: Counted = field(default_factory=Counted)
    ready: threading.Event = field(default_factory=threading.Event)  # the broker knows what we want to hear
    _stopping: threading.Event = field(default_factory=threading.Event)
    _messages: "queue.SimpleQueue[MQTTMessage]" = field(default_factory=queue.SimpleQueue)
    _topics: set[str] = field(default_factory=set)
    _layers: Mapping[str, Layer] = field(default_factory=dict)

    def run(self) -> None:
        """Raises ListenError when the address is none, or the broker cannot be reached at the start."""
        shelf = Shelf(self.folder)
        shelf.look()
        self._layers = shelf.layers
        client = self._connected()
        client.loop_start()
        looked = time.monotonic()
        try:
            while not self._stopping.is_set():
                if time.monotonic() - looked >= _LOOK_AGAIN:
                    looked = time.monotonic()
                    if shelf.look():
                        self._layers = shelf.layers
                        self._subscribe(client)
                if batch := self._batch():
                    self._keep(client, batch)
        finally:
            client.disconnect()
            client.loop_stop()

    def stop(self) -> None:
        """What was not kept by then the broker sends again next time."""
        self._stopping.set()

    def _connected(self) -> Client:
        parts = urlsplit(self.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ListenError(f"keine Adresse eines Brokers / no address of a broker: {parts.scheme}://…")
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=self.name, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True
        )
        if parts.username:
            client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            client.tls_set()
        client.reconnect_delay_set(1, 10)
        client.on_connect = lambda *_: self._subscribe(client)
        client.on_disconnect = lambda *_: log.warning("broker away, trying again")
        client.on_subscribe = lambda *_: self.ready.set()
        client.on_message = lambda _client, _data, message: self._messages.put(message)
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it without
        session.SessionExpiryInterval = _KEPT_SESSION
        session.ReceiveMaximum = _AHEAD
        session.MaximumPacketSize = _LARGEST
        port = parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        try:
            client.connect(parts.hostname, port, keepalive=30, clean_start=False, properties=session)
        except (OSError, ValueError) as error:
            raise ListenError(f"{parts.hostname}:{port}: Broker nicht erreichbar / not reachable: {error}") from error
        return client

    def _subscribe(self, client: Client) -> None:
        """At every connection: the broker may have forgotten us. Called by two threads, one after the other."""
        wanted = {
            layer.sensors.topic.replace("{key}", "+")
            for layer in self._layers.values()
            if layer.sensors and layer.sensors.topic
        }
        for topic in self._topics - wanted:
            client.unsubscribe(topic)
        self._topics = wanted
        for topic in wanted:
            client.subscribe(topic, qos=1)
        log.info("listening to %s", ", ".join(sorted(wanted)) or "nothing: no layer has a topic")

    def _batch(self) -> list[MQTTMessage]:
        try:
            batch = [self._messages.get(timeout=_RETRY)]
        except queue.Empty:
            return []
        until = time.monotonic() + _GATHER
        while len(batch) < _BATCH and (left := until - time.monotonic()) > 0:
            try:
                batch.append(self._messages.get(timeout=left))
            except queue.Empty:
                break
        return batch

    def _keep(self, client: Client, batch: list[MQTTMessage]) -> None:
        """Until the batch is in the database; then, and only then, the broker may forget it."""
        now = datetime.now(UTC)
        told = [each for message in batch for each in self._read(message, now)]
        while not self._stopping.is_set():
            try:
                with self.engine.begin() as connection:
                    taken = take(connection, told)
            except (OperationalError, InterfaceError, PoolTimeout) as fault:
                log.warning("readings wait for the database: %s", type(fault).__name__)
                self._stopping.wait(_RETRY)
                continue
            except SQLAlchemyError as fault:
                # not the database is away, but something in the batch is not to its liking: no other shall wait for it
                if len(batch) > 1:
                    for part in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                        self._keep(client, part)
                    return
                log.exception("a message that the database does not take")
                told = [Rejected(None, f"Datenbank / database: {type(fault).__name__}", str(batch[0].payload))]
                continue
            for message in batch:
                client.ack(message.mid, message.qos)
            self.counted.kept += taken.kept
            self.counted.repeated += taken.repeated
            self.counted.rejected += len(taken.rejected)
            self.counted.messages += len(batch)  # at last: whoever sees the number finds what became of them
            for each in taken.rejected[:5]:
                log.warning("reading kept apart: %s: %s", each.layer, each.reason)
            return

    def _read(self, message: MQTTMessage, now: datetime) -> list[Reading | Rejected]:
        found: list[Reading | Rejected] = []
        content = bytes(message.payload)
        for layer, key in self._hearing(message.topic):
            try:
                found += read(layer, content, now, key)
            except Exception:
                # it would be sent again at every start, and all others would wait behind it
                log.exception("a message that cannot be read")
                found.append(Rejected(layer.id, "nicht lesbar / not readable", content.decode("utf-8", "replace")))
        # none hears a subscription that was given up a moment ago
        nobody = "kein Layer hört auf dieses Topic / no layer listens to this topic"
        return found or [Rejected(None, nobody, message.topic)]

    def _hearing(self, topic: str) -> Iterator[tuple[Layer, str]]:
        """The layers that a topic speaks to, and the key that it names; several may share one."""
        given = topic.split("/")
        for layer in self._layers.values():
            levels = layer.sensors.topic.split("/") if layer.sensors and layer.sensors.topic else []
            if len(levels) == len(given) and all(
                level in ("{key}", each) for level, each in zip(levels, given, strict=True)
            ):
                yield layer, given[levels.index("{key}")]
