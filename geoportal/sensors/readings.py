"""Messages of sensors to readings: SensorThings observations, or plain JSON as the layer's manifest maps it.

What cannot be read, or cannot be true, becomes a Rejected with its reason; nothing is dropped.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from geoportal.catalogue import Layer, Observed
from geoportal.plain_text import UNSTORABLE

AHEAD: Final = timedelta(minutes=10)  # a clock may be that much fast
MOST: Final = 256 * 1024  # bytes of a message
_MOST_READINGS: Final = 5000


@dataclass(frozen=True, slots=True)
class Reading:
    """Of a number `number`, of a state `word`, of an event neither."""

    layer: str
    feature: str
    property: str
    at: datetime
    number: float | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """What came, and why it is not kept among the readings; of what no text can hold a mark is left."""

    layer: str | None
    reason: str
    raw: str

    def __post_init__(self) -> None:
        for name in ("reason", "raw"):
            object.__setattr__(self, name, UNSTORABLE.sub("\ufffd", getattr(self, name)))


class _Unfit(Exception):
    """What is wrong with a message or one of its values."""


def read(layer: Layer, content: bytes, now: datetime, key: str | None = None) -> Iterator[Reading | Rejected]:
    """The readings of one message, a JSON object or a list of them. `key`: the feature, if the address names it."""
    raw = content[:MOST].decode("utf-8", "replace")
    try:
        if len(content) > MOST:
            raise _Unfit("Nachricht zu groß / message too large")
        try:
            message = json.loads(content, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise _Unfit("kein JSON / no JSON") from error
        messages = message if isinstance(message, list) else [message]
        if len(messages) > _MOST_READINGS:
            raise _Unfit(f"mehr als {_MOST_READINGS} auf einmal / more than that at once")
    except _Unfit as fault:
        yield Rejected(layer.id, str(fault), raw)
        return
    for each in messages:
        yield from _message(layer, each, now, key)


def _message(layer: Layer, message: object, now: datetime, key: str | None) -> Iterator[Reading | Rejected]:
    raw = json.dumps(message, ensure_ascii=False)
    try:
        if not isinstance(message, dict):
            raise _Unfit("kein JSON-Objekt / no JSON object")
        found = list(_observation(message) if "result" in message else _mapped(layer, message, key))
    except _Unfit as fault:
        yield Rejected(layer.id, str(fault), raw)
        return
    for feature, name, time, value in found:
        try:
            yield _reading(layer, feature, name, _time(time, now), value, now)
        except _Unfit as fault:
            yield Rejected(layer.id, f"{name}: {fault}", raw)


def _observation(message: Mapping[str, Any]) -> Iterator[tuple[str, str, object, object]]:
    """An Observation of SensorThings (OGC 18-088, 8.2.6); its Datastream is called `<key>:<property>`."""
    stream = message.get("Datastream")
    name = stream.get("@iot.id") if isinstance(stream, dict) else None
    feature, separator, observed = str(name or "").rpartition(":")
    if not separator or not feature:
        raise _Unfit('Datastream.@iot.id fehlt oder ist nicht "<Schlüssel>:<Größe>" / missing or malformed')
    time = message.get("phenomenonTime") or message.get("resultTime")
    # an interval counts by its end, when the value was known
    yield feature, observed, str(time).rpartition("/")[2] if isinstance(time, str) else time, message["result"]


def _mapped(layer: Layer, message: Mapping[str, Any], key: str | None) -> Iterator[tuple[str, str, object, object]]:
    mapping = layer.sensors.json_ if layer.sensors else None
    if mapping is None:
        raise _Unfit("weder Observation noch im Manifest beschrieben / neither an Observation nor mapped")
    feature = _at(message, mapping.key) if mapping.key else key
    if feature is None or isinstance(feature, dict | list) or feature == "":
        raise _Unfit("der Schlüssel des Objekts fehlt / the feature's key is missing")
    time = _at(message, mapping.time) if mapping.time else None
    values = [(name, _at(message, path)) for name, path in mapping.values.items()]
    present = [(name, value) for name, value in values if value is not None]
    if not present:
        raise _Unfit("kein Wert / no value")
    for name, value in present:
        yield str(feature), name, time, value


def _at(message: object, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(message, dict):
            return None
        message = message.get(step)
    return message


def _time(raw: object, now: datetime) -> datetime:
    if raw is None:
        return now
    try:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            # milliseconds, as many devices send them, are beyond any second of this era
            return datetime.fromtimestamp(raw / 1000 if raw > 1e11 else raw, UTC)
        time = datetime.fromisoformat(str(raw))
    except (ValueError, OverflowError, OSError) as error:
        raise _Unfit(f"kein Zeitpunkt / no time: {str(raw)[:40]}") from error
    if time.tzinfo is None:
        raise _Unfit(f"Zeitpunkt ohne Zeitzone / time without a zone: {str(raw)[:40]}")
    try:
        return time.astimezone(UTC)
    except OverflowError as error:  # of the first and the last day that a calendar knows
        raise _Unfit(f"kein Zeitpunkt / no time: {str(raw)[:40]}") from error


def _reading(layer: Layer, feature: str, name: str, at: datetime, value: object, now: datetime) -> Reading:
    sensors = layer.sensors
    observed = sensors.observed.get(name) if sensors else None
    if sensors is None or observed is None:
        raise _Unfit("diese Größe kennt der Layer nicht / not observed by this layer")
    if UNSTORABLE.search(feature) or len(feature) > 200:
        raise _Unfit("kein Schlüssel / no key")
    if at > now + AHEAD:
        raise _Unfit(f"liegt in der Zukunft / lies in the future: {at.isoformat()}")
    if at < now - sensors.history:
        raise _Unfit(f"älter als / older than history: {at.isoformat()}")
    number, word = _value(observed, value)
    return Reading(layer.id, feature, name, at, number, word)


def _value(observed: Observed, value: object) -> tuple[float | None, str | None]:
    if observed.event:
        return None, None
    if observed.codes:
        if not isinstance(value, str) or value not in observed.codes:
            raise _Unfit(f"kein bekannter Zustand / no known state: {str(value)[:40]}")
        return None, value
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _Unfit(f"keine Zahl / no number: {str(value)[:40]}")
    if (observed.min is not None and number < observed.min) or (observed.max is not None and number > observed.max):
        raise _Unfit(f"unmöglich / impossible: {number:g} {observed.unit or ''}".rstrip())
    return number, None


def _no_number(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are no JSON
