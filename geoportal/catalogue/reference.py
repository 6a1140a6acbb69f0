"""What is made of the manifest's model: the JSON schema for editors, and the reference page."""

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from geoportal.catalogue.base import Span, Words, written
from geoportal.catalogue.manifest import Layer
from geoportal.settings import CHECKOUT

SCHEMA: Final = Path("docs/layer.schema.json")
PAGE: Final = Path("docs/layer-manifest.md")
_HEAD: Final = """\
# Was in `layer.yml` stehen darf

Diese Seite entsteht aus dem Modell (`make config`) und wird von einem Test mit ihm verglichen. Wie man einen Layer
anlegt, steht in [adding-a-layer.md](adding-a-layer.md). Editoren mit YAML-Unterstützung prüfen beim Schreiben, wenn die
erste Zeile der Datei so lautet:

```yaml
# yaml-language-server: $schema=../../docs/layer.schema.json
```

Was hier nicht steht, wird abgelehnt: mit Datei, Zeile und dem nächstliegenden bekannten Schlüssel. **Fett** sind
Schlüssel, die nicht fehlen dürfen. Farben sind `"#rrggbb"`, Zeitspannen Zahlen mit `min`, `h` oder `d` (`15min`, `6h`,
`30d`), Namen Kleinbuchstaben, Ziffern und `_`.
"""


def schema() -> str:
    """The JSON schema of a manifest, as text."""
    document = Layer.model_json_schema()
    del document["properties"]["folder"]
    document["required"].remove("folder")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "layer.yml"}
    return json.dumps(head | document, ensure_ascii=False, indent=2) + "\n"


def page() -> str:
    """The reference page in Markdown."""
    return "\n".join([_HEAD, *_lines()])


def _lines() -> Iterator[str]:
    queue: list[tuple[str, type[BaseModel]]] = [("", Layer)]
    for place, model in queue:
        yield f"## {f'`{place}`' if place else 'Die Schlüssel'}\n"
        yield f"{model.__doc__}\n"
        yield "| Schlüssel | Art | Bedeutung |\n|---|---|---|"
        for name, field in model.model_fields.items():
            if name == "folder":
                continue
            key = field.alias or name
            shown = f"**`{key}`**" if field.is_required() else f"`{key}`"
            meaning = " ".join(str(field.description).split())  # a row of a table is one line
            yield f"| {shown} | {_kind(field)} | {meaning}{_default(field)} |"
            inner, step = _model(field.annotation)
            if inner is not None and inner is not Words:
                queue.append((f"{place}.{key}{step}".lstrip("."), inner))
        yield ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required() or value in (None, (), "") or field.default_factory or isinstance(value, BaseModel):
        return ""
    spelt = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else str(value)
    return f" Ohne Angabe: `{written(value) if field.annotation is Span or hasattr(value, 'days') else spelt}`."


def _kind(field: FieldInfo) -> str:
    return _named(field.annotation)


def _named(annotation: Any) -> str:
    """An annotation in German."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _named(inner[0])
    if origin in (UnionType, Union):
        return " oder ".join(dict.fromkeys(_named(part) for part in inner if part is not NoneType))
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inner)
    if origin is tuple:
        return f"Liste: {_named(inner[0])}"
    if origin is not None:  # a mapping
        return f"Schlüssel mit {_named(inner[1])}"
    if annotation is Words:
        return "`{de: …, en: …}`"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{each}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "Schlüssel"
    return _PLAIN[annotation.__name__]


_PLAIN: Final = {
    "str": "Text",
    "int": "ganze Zahl",
    "float": "Zahl",
    "bool": "`true`, `false`",
    "timedelta": "Zeitspanne",
}


def _model(annotation: Any, step: str = "") -> tuple[type[BaseModel] | None, str]:
    """The model in an annotation, and how its place is written: `fields.<name>`, `categories[]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, step
    origin = get_origin(annotation)
    if origin is tuple:
        step = "[]"
    elif origin not in (None, UnionType, Union, Annotated, Literal):
        step = ".<name>"
    for part in get_args(annotation):
        if (found := _model(part, step))[0] is not None:
            return found
    return None, ""


def main() -> int:
    """`make config`: writes both files anew."""
    (CHECKOUT / SCHEMA).write_text(schema(), "utf-8")
    (CHECKOUT / PAGE).write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
