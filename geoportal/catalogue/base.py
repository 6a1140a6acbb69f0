"""What the models of a manifest are made of: texts, names and spans of time as YAML writes them."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints, WithJsonSchema

# Names become SQL identifiers, query parameters and file names: one spelling that is safe in all three.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?$")]
Crs = Annotated[str, StringConstraints(pattern=r"^EPSG:[0-9]{4,6}$")]

_SPAN: Final = r"^[1-9][0-9]{0,4}(min|h|d)$"
_UNITS: Final = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _span(raw: object) -> object:
    if not isinstance(raw, str) or not (found := re.fullmatch(_SPAN, raw)):
        raise ValueError("eine Dauer wie 15min, 6h oder 30d / a span like 15min, 6h or 30d")
    return int(raw.removesuffix(found[1])) * _UNITS[found[1]]


def written(span: timedelta) -> str:
    """The largest unit that fits: 90 minutes are `90min`, 48 hours are `2d`."""
    unit, length = next((name, each) for name, each in reversed(_UNITS.items()) if not span % each)
    return f"{span // length}{unit}"


# A span of time: `15min`, `6h`, `30d`.
Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    PlainSerializer(written),
    WithJsonSchema({"type": "string", "pattern": _SPAN}),
]


class Closed(BaseModel):
    # The docstrings under the keys are what editors and docs/layer-manifest.md show, German as all words for users.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Words(Closed):
    """Dasselbe auf Deutsch und Englisch."""

    de: Text
    """Deutsch."""
    en: Text
    """Englisch."""
