"""YAML files that people write, read into models that refuse what they do not know: file, line, and what was meant."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

type Place = tuple[str | int, ...]
type Fault = tuple[int, str]


class YamlFaults(Exception):
    """A file says something that it may not say: (line, sentence), in the order in which they were found."""

    def __init__(self, file: Path, faults: list[Fault]) -> None:
        self.file = file
        self.faults = faults
        super().__init__("\n".join(f"{file}, Zeile {line}: {message}" for line, message in faults))


class YamlFile:
    """A file whose top is a mapping. Raises YamlFaults, or OSError when it cannot be read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            written = file.read_text("utf-8")
            node = yaml.compose(written, Loader=yaml.SafeLoader)
            self._data = yaml.safe_load(written)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise YamlFaults(file, [(line, f"kein gültiges YAML / no valid YAML: {error.problem}")]) from error
        except UnicodeDecodeError as error:
            raise YamlFaults(file, [(1, "nicht in UTF-8 / not in UTF-8")]) from error
        if not isinstance(node, yaml.MappingNode):
            raise YamlFaults(file, [(1, "keine Schlüssel gefunden / no keys found")])
        self._node = node
        if faults := _repeated(node):
            raise YamlFaults(file, faults)

    def to[T: BaseModel](self, model: type[T], given: Mapping[str, object]) -> T:
        """`given` are fields of the model that are not for the file to say. Raises YamlFaults."""
        if faults := [
            (key.start_mark.line + 1, f"unbekannter Schlüssel / unknown key: {key.value}")
            for key, _ in self._node.value
            if key.value in given
        ]:
            raise YamlFaults(self.file, faults)
        try:
            return model.model_validate({**self._data, **given})
        except ValidationError as error:
            faults = [self._fault(model, given, item) for item in error.errors()]
            raise YamlFaults(self.file, faults) from error

    def fault_at(self, place: Place, message: str) -> Fault:
        """A sentence about a place, with the line of its deepest part that stands in the file."""
        return self._line(place), f"{'.'.join(map(str, place))}: {message}"

    def _fault(self, model: type[BaseModel], given: Mapping[str, object], error: Any) -> Fault:
        place: Place = error["loc"]
        if error["type"] != "extra_forbidden":
            return self.fault_at(place, error["msg"])
        known = sorted(_keys_at(model, place[:-1]) - given.keys())
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        hint = f"; gemeint ist wohl / probably meant: {near[0]}" if near else f"; bekannt / known: {', '.join(known)}"
        return self.fault_at(place, f"unbekannter Schlüssel / unknown key{hint}")

    def _line(self, place: Place) -> int:
        node: yaml.Node = self._node
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


def _repeated(node: yaml.Node) -> list[Fault]:
    """Keys that are said twice: YAML would silently take the last."""
    faults: list[Fault] = []
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


def _keys_at(model: type[BaseModel], place: Place) -> set[str]:
    """The keys that the model at `place` knows."""
    for step in place:
        field = next((each for name, each in _named(model) if name == step), None)
        if field is not None and (inner := _model_in(field.annotation)) is not None:
            model = inner
    return {name for name, _ in _named(model)}


def _named(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `tuple[Category, ...]`, `Mapping[str, Field]` or `Time | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)
