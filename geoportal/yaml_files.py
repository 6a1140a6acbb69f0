"""YAML files that people write, read into models that refuse what they do not know: file, line, and what was meant."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

type Place = tuple[str | int, ...]
type Fault = tuple[int, str]

_DEEPEST: Final = 50  # levels; libyaml would follow endless ones until its stack ends, and the process with it


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
            try:
                node, self._data = _read(written, yaml.CSafeLoader)
            except yaml.MarkedYAMLError:  # ten times as fast, but it does not say as well what is wrong, and where
                node, self._data = _read(written, yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise YamlFaults(file, [(line, f"kein gültiges YAML / no valid YAML: {_spelling(error)}")]) from error
        except UnicodeDecodeError as error:
            raise YamlFaults(file, [(1, "nicht in UTF-8 gespeichert / not saved as UTF-8")]) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            # control characters, 30 February, endless nesting
            raise YamlFaults(file, [(1, f"kein gültiges YAML / no valid YAML: {error}")]) from error
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
            raise YamlFaults(self.file, self._faults(model, given, error)) from error

    def fault_at(self, place: Place, message: str) -> Fault:
        """A sentence about a place, with the line of its deepest part that stands in the file."""
        return self._line(place), f"{'.'.join(map(str, place))}: {message}"

    def _faults(self, model: type[BaseModel], given: Mapping[str, object], error: ValidationError) -> list[Fault]:
        """A key that is only misspelt is not told as missing too."""
        errors = error.errors(include_url=False)
        near: dict[Place, str | None] = {}
        for each in errors:
            if each["type"] == "extra_forbidden":
                known = _keys_at(model, each["loc"][:-1]) - given.keys()
                near[each["loc"]] = _nearest(str(each["loc"][-1]), known)
        meant = {(*place[:-1], name) for place, name in near.items() if name is not None}
        return [self._fault(model, given, each, near) for each in errors if each["loc"] not in meant]

    def _fault(
        self, model: type[BaseModel], given: Mapping[str, object], error: Any, near: Mapping[Place, str | None]
    ) -> Fault:
        place: Place = error["loc"]
        if place in near:
            known = ", ".join(sorted(_keys_at(model, place[:-1]) - given.keys()))
            name = near[place]
            hint = f"; gemeint ist wohl / probably meant: {name}" if name else f"; bekannt / known: {known}"
            return self.fault_at(place, f"unbekannter Schlüssel / unknown key{hint}")
        if error["type"] == "model_type":
            keys = ", ".join(sorted(_keys_at(model, place)))
            return self.fault_at(place, f"hat eigene Schlüssel / has keys of its own: {keys}")
        return self.fault_at(place[:-1] if place and place[-1] == "[key]" else place, _said(error))

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


def _read(written: str, loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> tuple[yaml.Node | None, Any]:
    """The document as nodes, which know their lines, and as values. Raises YAMLError, ValueError, RecursionError."""
    depth = 0
    for event in yaml.parse(written, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError("zu tief verschachtelt / nested too deeply")
    reading = loader(written)
    node = reading.get_single_node()
    return node, None if node is None else reading.construct_document(node)


# What pydantic finds, as people say it.
_WORDS: Final[Mapping[str, str]] = {
    "missing": "fehlt / is missing",
    "string_type": "ist kein Text; in Anführungszeichen wird es einer / is no text; put it in quotes",
    "tuple_type": "ist eine Liste wie / is a list like: [a, b]",
    "list_type": "ist eine Liste wie / is a list like: [a, b]",
    "dict_type": "hat Schlüssel / has keys, {a: …, b: …}",
    "mapping_type": "hat Schlüssel / has keys, {a: …, b: …}",
    "int_type": "ist keine ganze Zahl / is no integer",
    "int_parsing": "ist keine ganze Zahl / is no integer",
    "int_from_float": "ist keine ganze Zahl / is no integer",
    "float_type": "ist keine Zahl (Dezimalpunkt) / is no number",
    "float_parsing": "ist keine Zahl (Dezimalpunkt) / is no number",
    "bool_type": "ist weder true noch false / is neither true nor false",
    "bool_parsing": "ist weder true noch false / is neither true nor false",
    "string_too_short": "ist leer / is empty",
    "too_short": "nennt zu wenige / names too few",
    "greater_than": "muss größer sein als / must be greater than {gt}",
    "greater_than_equal": "muss mindestens sein / must be at least {ge}",
    "less_than_equal": "darf höchstens sein / must be at most {le}",
}
_PATTERNS: Final[Mapping[str, str]] = {
    "^[a-z][a-z0-9_]": "nur a–z, Ziffern und _, vorn ein Buchstabe / only a–z, 0–9 and _, a letter first",
    "^#[0-9a-f]{6}": 'eine Farbe aus # und sechs Ziffern 0–9 a–f, in Anführungszeichen / a colour like "#0277bd"',
    "^https?://": "eine Adresse wie / an address like https://example.org/daten.csv",
    "^EPSG:": "ein Koordinatensystem wie / a CRS like EPSG:25832",
}
# What PyYAML complains of, by the words that it does it with.
_SPELLINGS: Final[Mapping[str, str]] = {
    r"found character '\t'": "Tabulator statt Leerzeichen / a tab instead of spaces",
    "mapping values are not allowed": "ein Doppelpunkt, der nicht hierher gehört: Text in Anführungszeichen setzen, "
    "oder die Einrückung stimmt nicht / a colon that does not belong here: quote the text, or mind the indentation",
    "could not find expected ':'": "in dieser Zeile oder davor fehlt ein Doppelpunkt mit Leerzeichen dahinter "
    "/ here or in the line before a colon with a space behind it is missing",
    "expected ',' or": "eine Klammer wird nicht geschlossen, oder ein # ohne Anführungszeichen verschluckt den Rest "
    "der Zeile / a bracket is not closed, or a # without quotes swallows the rest of the line",
    "unexpected end of stream": "ein Anführungszeichen wird nicht geschlossen / a quote is not closed",
    "expected <block end>": "die Einrückung stimmt nicht / mind the indentation",
}


def _spelling(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    found = next((said for words, said in _SPELLINGS.items() if words in problem), None)
    return problem if found is None else f"{found} ({problem})"


def _said(error: Any) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "value_error":
        return str(context["error"])
    if kind in {"enum", "literal_error"}:
        known = re.findall("'([^']+)'", str(context["expected"]))
        near = _nearest(str(value), known)
        hint = f"; gemeint ist wohl / probably meant: {near}" if near else ""
        return f"„{value}“ ist keines von / is none of: {', '.join(known)}{hint}"
    if kind == "string_pattern_mismatch":
        words = next((said for start, said in _PATTERNS.items() if context["pattern"].startswith(start)), None)
        return f"„{value}“: {words or context['pattern']}"
    words = _WORDS.get(kind)
    if words is None:
        return str(error["msg"])
    shown = f"„{value}“ " if isinstance(value, str | int | float) and kind != "missing" else ""
    return shown + words.format(**context)


def _nearest(word: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)), None)


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
