"""The terms of building plans in plain words: woerterbuch.yml, and how it is applied to an object of a plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from plans_ingest.model import Json

type Language = Literal["de", "en"]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentence(_Closed):
    """The same in German and English."""

    de: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


class Term(_Closed):
    name: Sentence
    text: Sentence
    gesetz: str | None = None


class Merkmal(_Closed):
    """An attribute: a number with one sentence, or a code with a sentence for each value.

    `nicht_neben` names an attribute that says the same more exactly.
    """

    art: Literal["zahl", "code"] = "code"
    name: Sentence | None = None
    text: Sentence | None = None
    gesetz: str | None = None
    codes: str | None = None
    nicht_neben: str | None = None
    werte: Mapping[str, Term] = {}


class Dictionary(_Closed):
    klassen: Mapping[str, Sentence]
    gruppen: Mapping[str, Sentence]
    merkmale: Mapping[str, Merkmal]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule in plain words: `name` as planners call it, `text` what it means, `gesetz` where it stands."""

    name: Sentence
    text: Sentence
    gesetz: str | None


@cache
def dictionary() -> Dictionary:
    """Raises pydantic.ValidationError when the file is not as it should be."""
    raw = files("geoportal.hier").joinpath("woerterbuch.yml").read_text("utf-8")
    return Dictionary.model_validate(yaml.load(raw, yaml.CSafeLoader))


def meaning(klasse: str, gruppe: str | None) -> Sentence:
    """What an object of this class is there for."""
    known = dictionary()
    return known.klassen.get(klasse) or known.gruppen.get(gruppe or "") or known.gruppen["sonstiges"]


def explanations(attribute: Mapping[str, Json]) -> Iterator[Explanation]:
    """What the attributes of an object say, as far as the dictionary knows them, in its order."""
    flat = dict(attribute)
    for nested in _nested(attribute):  # 5.1 and later hold the roof in an object of its own
        flat |= {name: value for name, value in nested.items() if name not in flat}
    for name, merkmal in dictionary().merkmale.items():
        if name not in flat or (merkmal.nicht_neben is not None and merkmal.nicht_neben in flat):
            continue
        value = flat[name]
        for each in value if isinstance(value, list) else [value]:
            if (found := _explained(merkmal, each)) is not None:
                yield found


def _nested(attribute: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for value in attribute.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield {name: inner for name, inner in each.items() if name != "_klasse"}


def _explained(merkmal: Merkmal, value: Json) -> Explanation | None:
    if merkmal.art == "code":
        term = merkmal.werte.get(str(value))
        return None if term is None else Explanation(term.name, term.text, term.gesetz or merkmal.gesetz)
    if isinstance(value, bool) or not isinstance(value, int | float) or merkmal.name is None or merkmal.text is None:
        return None
    filling = {"wert": _number(value), "prozent": _number(value * 100), "bei_500": _number(value * 500)}
    return Explanation(_told(merkmal.name, filling), _told(merkmal.text, filling), merkmal.gesetz)


def _told(sentence: Sentence, filling: Mapping[str, str]) -> Sentence:
    german = {name: value.replace(".", ",") for name, value in filling.items()}
    return Sentence(de=sentence.de.format(**german), en=sentence.en.format(**filling))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
