"""What a process is: its words, what it takes and gives, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import JSON, Document, link
from geoportal.ogc.service import Service
from geoportal.plain_text import UNSTORABLE

type Values = Mapping[str, Any]

_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def is_text(value: object) -> bool:
    return isinstance(value, str) and not UNSTORABLE.search(value)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_object(value: object) -> bool:
    return isinstance(value, dict)


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or an output. `schema` is a JSON Schema, for people and programs; `fits` holds a value against it."""

    title: str
    schema: Mapping[str, Any]
    fits: Callable[[Any], bool] = is_object

    @property
    def media_type(self) -> str:
        """Of the value when it stands alone."""
        if told := self.schema.get("contentMediaType"):
            return str(told)
        return "text/plain" if self.schema.get("type") == "string" else JSON


@dataclass(frozen=True, slots=True)
class Process:
    """`run` has the inputs that were given, which fit, and returns the outputs that there are; it raises OgcProblem."""

    id: str
    title: str
    description: str
    keywords: Sequence[str]
    inputs: Mapping[str, Slot]
    outputs: Mapping[str, Slot]
    run: Callable[[Values, Service, Exchange], Values]

    def summary(self, base: str) -> Document:
        url = f"{base}/processes/{self.id}"
        return {
            "id": self.id,
            "version": "1.0.0",
            "title": self.title,
            "description": self.description,
            "keywords": list(self.keywords),
            "jobControlOptions": ["sync-execute"],
            "outputTransmission": ["value"],
            "links": [
                link("self", JSON, "Beschreibung / description", f"{url}?f=json"),
                link(f"{_REL}execute", JSON, "Ausführen / execute", f"{url}/execution"),
            ],
        }

    def described(self, base: str) -> Document:
        inputs = {
            name: {"title": each.title, "minOccurs": 0, "schema": each.schema} for name, each in self.inputs.items()
        }
        outputs = {name: {"title": each.title, "schema": each.schema} for name, each in self.outputs.items()}
        return {**self.summary(base), "inputs": inputs, "outputs": outputs}
