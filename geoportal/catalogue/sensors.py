"""What sensors tell about the features of a layer, and how their readings come in."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field as Default
from pydantic import StringConstraints

from geoportal.catalogue.base import Closed, Name, Span, Text, Words

_DAY = timedelta(days=1)
# A level of an MQTT topic is a name or a placeholder; wildcards are ours to set.
Topic = Annotated[str, StringConstraints(pattern=r"^[^#+\s]{1,200}$")]
JsonPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_@-]+(\.[A-Za-z0-9_@-]+)*$")]


class Stale(Closed):
    """Ab wann ein Messwert veraltet ist."""

    after: Span
    """Alter, zum Beispiel `6h`."""
    label: Words = Words(de="Messwert veraltet", en="Reading out of date")
    """So heißt das Feld, das es sagt; bei Leerungen etwa „überfällig“."""


class Lasting(Closed):
    """Ein Zustand, der schon lange dauert: eine Stufe mit eigenem Wort und, wenn `style` sie nennt, eigenem Zeichen."""

    state: Name
    """Der Zustand, einer aus `codes`."""
    after: Span
    """So lange muss er dauern, zum Beispiel `7d`."""
    label: Words
    """So heißt die Stufe, zum Beispiel „seit über einer Woche gestört“."""


class Observed(Closed):
    """Eine Größe, die gemessen wird: eine Zahl, ein Zustand aus `codes`, oder ein Ereignis."""

    label: Words
    """Bezeichnung."""
    unit: Text | None = None
    """Einheit der Zahl."""
    min: float | None = None
    """Kleinere Werte sind unmöglich und werden beiseitegelegt."""
    max: float | None = None
    """Größere Werte ebenso."""
    codes: Mapping[Name, Words] = Default(default_factory=dict)
    """Die Zustände, die vorkommen können; die Größe ist dann ein Zustand und keine Zahl."""
    event: bool = False
    """Ein Ereignis: veröffentlicht wird nur, wann es zuletzt war."""
    stale: Stale | None = None
    """Ab wann der letzte Wert veraltet ist."""
    lasting: Mapping[Name, Lasting] = Default(default_factory=dict)
    """Stufen von Zuständen nach ihrer Dauer; sie stehen im Feld `…_stufe`, neben den Zuständen aus `codes`."""


class Mapped(Closed):
    """Wo in einer JSON-Nachricht steht, was wir brauchen; Punkte führen in die Tiefe (`data.level`)."""

    key: JsonPath | None = None
    """Der Schlüssel des Objekts; fehlt er, steht er im Topic oder in der Adresse."""
    time: JsonPath | None = None
    """Zeitpunkt der Messung (ISO 8601 oder Sekunden seit 1970); ohne ihn gilt die Zeit des Eingangs."""
    values: Mapping[Name, JsonPath]
    """Für jede Größe der Ort ihres Werts."""


class Sensors(Closed):
    """Messwerte zu den Objekten des Layers."""

    observed: Mapping[Name, Observed] = Default(min_length=1)
    """Die gemessenen Größen; jede wird ein Feld mit dem letzten Wert."""
    topic: Topic | None = None
    """MQTT-Topic der Messwerte mit `{key}`, zum Beispiel `kreis/abfall/{key}`."""
    json_: Mapped | None = Default(default=None, alias="json")
    """Aufbau der JSON-Nachrichten, wenn sie nicht die Form einer SensorThings-`Observation` haben."""
    history: Span = 90 * _DAY
    """So lange bleibt jeder einzelne Wert; von älteren bleiben Tageswerte (kleinster, größter, mittlerer)."""
    daily: Span | None = None
    """So lange bleiben die Tageswerte; ohne Angabe für immer."""


def contradictions(sensors: Sensors) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, observed in sensors.observed.items():
        place = ("observed", name)
        if observed.codes and (observed.unit or observed.min is not None or observed.max is not None):
            yield place, "ein Zustand hat weder Einheit noch Grenzen / a state has neither unit nor bounds"
        for stage, lasting in observed.lasting.items():
            if lasting.state not in observed.codes:
                yield (*place, "lasting", stage, "state"), "steht nicht unter codes / is not among the codes"
            if stage in observed.codes:
                yield (*place, "lasting", stage), "heißt wie ein Zustand / is called as a state is"
        if observed.event and (observed.codes or observed.unit):
            yield place, "ein Ereignis hat keinen Wert / an event has no value"
        if observed.min is not None and observed.max is not None and observed.min > observed.max:
            yield place, "min ist größer als max / min is greater than max"
    for name in sensors.json_.values if sensors.json_ else ():
        if name not in sensors.observed:
            yield ("json", "values", name), "steht nicht unter observed / is not among the observed"
    if sensors.topic is not None:
        levels = sensors.topic.split("/")
        if levels.count("{key}") != 1 or any("{" in level for level in levels if level != "{key}"):
            yield ("topic",), "braucht genau einmal die Stufe {key} / needs the level {key} exactly once"
    if sensors.daily is not None and sensors.daily < sensors.history:
        yield ("daily",), "ist kürzer als history / is shorter than history"
