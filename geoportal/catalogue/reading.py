"""Reads manifests and says where a mistake is: file, line, and the key that was probably meant."""

import difflib
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from geoportal.catalogue.manifest import Layer, Location, contradictions

MANIFEST = "layer.yml"


class ManifestError(Exception):
    """A manifest says something that it may not say."""

    def __init__(self, file: Path, faults: list[tuple[int, str]]) -> None:
        self.file = file
        self.faults = faults
        super().__init__("\n".join(f"{file}, Zeile {line}: {message}" for line, message in faults))


def all_layers(folder: Path) -> tuple[Layer, ...]:
    """All layers below `folder`, one per sub-folder, in alphabetical order. Raises ManifestError."""
    return tuple(read_layer(file.parent) for file in sorted(folder.glob(f"*/{MANIFEST}")))


def read_layer(folder: Path) -> Layer:
    """Raises ManifestError."""
    file = folder / MANIFEST
    try:
        node = yaml.compose(file.read_text("utf-8"), Loader=yaml.SafeLoader)
        data = yaml.safe_load(file.read_text("utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ManifestError(file, [(line, f"kein gültiges YAML / no valid YAML: {error.problem}")]) from error
    except UnicodeDecodeError as error:
        raise ManifestError(file, [(1, "nicht in UTF-8 / not in UTF-8")]) from error
    if not isinstance(node, yaml.MappingNode):
        raise ManifestError(file, [(1, "keine Schlüssel gefunden / no keys found")])
    if faults := _repeated(node) + _foreign(node):
        raise ManifestError(file, faults)
    try:
        layer = Layer.model_validate({**data, "folder": folder})
    except ValidationError as error:
        raise ManifestError(file, [_fault(node, item["loc"], item) for item in error.errors()]) from error
    if wrong := [(_line(node, place), f"{_path(place)}: {message}") for place, message in contradictions(layer)]:
        raise ManifestError(file, wrong)
    return layer


def _foreign(node: yaml.MappingNode) -> list[tuple[int, str]]:
    """`folder` is a field of Layer, but it is not for the manifest to say."""
    return [
        (key.start_mark.line + 1, f"unbekannter Schlüssel / unknown key: {key.value}")
        for key, _ in node.value
        if key.value == "folder"
    ]


def _repeated(node: yaml.Node) -> list[tuple[int, str]]:
    """Keys that are said twice: YAML would silently take the last."""
    faults: list[tuple[int, str]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                faults.append((key.start_mark.line + 1, f"Schlüssel doppelt / key given twice: {key.value}"))
            seen.add(key.value)
            faults += _repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            faults += _repeated(item)
    return faults


def _fault(node: yaml.Node, place: Location, error: Any) -> tuple[int, str]:
    line = _line(node, place)
    if error["type"] != "extra_forbidden":
        return line, f"{_path(place)}: {error['msg']}"
    known = sorted(_keys_at(place[:-1]))
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
    hint = f"; gemeint ist wohl / probably meant: {near[0]}" if near else f"; bekannt / known: {', '.join(known)}"
    return line, f"{_path(place)}: unbekannter Schlüssel / unknown key{hint}"


def _line(node: yaml.Node, place: Location) -> int:
    """The line (1-based) of the deepest part of `place` that stands in the file."""
    line = node.start_mark.line + 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _keys_at(place: Location) -> set[str]:
    """The keys that the model at `place` knows."""
    model: type[BaseModel] = Layer
    for step in place:
        field = next((each for name, each in _named(model) if name == step), None)
        if field is not None and (inner := _model_in(field.annotation)) is not None:
            model = inner
    return {name for name, _ in _named(model)} - {"folder"}


def _named(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Category, ...]`, `Mapping[str, Field]` or `Time | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _path(place: Location) -> str:
    return ".".join(str(step) for step in place)
