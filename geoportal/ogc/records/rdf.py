"""A few nodes of a graph, written as RDF/XML, as Turtle and as JSON-LD."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from lxml import etree

NAMESPACES: Final = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcatde": "http://dcat-ap.de/def/dcatde/",
    "dcatap": "http://data.europa.eu/r5r/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "locn": "http://www.w3.org/ns/locn#",
    "gsp": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


_NOT_IN_IRI: Final = frozenset('<>"{}|^`\\')


class Ref(NamedTuple):
    """A resource that is described elsewhere."""

    uri: str


class Text(NamedTuple):
    """`kind` is a prefixed name such as `xsd:dateTime`; a text has a language or a kind, or neither."""

    value: str
    language: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` and the predicates are prefixed names; without a `uri` it is a blank node."""

    kind: str
    properties: Sequence[tuple[str, "Value"]]
    uri: str | None = None


type Value = Node | Ref | Text


def as_xml(nodes: Sequence[Node]) -> bytes:
    root = etree.Element(_name("rdf:RDF"), nsmap=NAMESPACES)
    for node in nodes:
        root.append(_element(node))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def as_json(nodes: Sequence[Node]) -> str:
    return json.dumps({"@context": NAMESPACES, "@graph": [_object(node) for node in nodes]}, ensure_ascii=False)


def as_turtle(nodes: Sequence[Node]) -> str:
    """RDF 1.1 Turtle. A node that is described where it is named stands after the one that names it."""
    heads = [f"@prefix {prefix}: <{uri}> ." for prefix, uri in NAMESPACES.items()]
    waiting, written = list(nodes), []
    while waiting:
        node = waiting.pop(0)
        written.append(f"{_iri(node.uri or '')} a {node.kind}{_predicates(node, waiting, 1)} .")
    return "\n\n".join(["\n".join(heads), *written]) + "\n"


def _predicates(node: Node, waiting: list[Node], depth: int) -> str:
    indent = "    " * depth
    return "".join(f" ;\n{indent}{name} {_term(value, waiting, depth)}" for name, value in node.properties)


def _term(value: Value, waiting: list[Node], depth: int) -> str:
    match value:
        case Node(kind, _, uri):
            if uri is None:
                return f"[ a {kind}{_predicates(value, waiting, depth + 1)} ]"
            waiting.append(value)
            return _iri(uri)
        case Ref(uri):
            return _iri(uri)
        case Text(content, language, kind):
            # JSON's escapes are among those of Turtle (6.4), and with them a literal stays on its line
            literal = json.dumps(content, ensure_ascii=False)
            return literal + (f"@{language}" if language else f"^^{kind}" if kind else "")


def _iri(uri: str) -> str:
    """RDF 1.1 Turtle, 6.5: what may not stand between the brackets is written as its number."""
    return f"<{''.join(f'\\u{ord(each):04X}' if each <= ' ' or each in _NOT_IN_IRI else each for each in uri)}>"


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _uri(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{NAMESPACES[prefix]}{local}"


def _element(node: Node) -> etree._Element:
    element = etree.Element(_name(node.kind))
    if node.uri is not None:
        element.set(_name("rdf:about"), node.uri)
    for predicate, value in node.properties:
        child = etree.SubElement(element, _name(predicate))
        match value:
            case Node():
                child.append(_element(value))
            case Ref(uri):
                child.set(_name("rdf:resource"), uri)
            case Text(content, language, kind):
                # what XML cannot hold stands in no sensible text either
                child.text = "".join(each for each in content if each >= " " or each in "\t\n")
                if language:
                    child.set("{http://www.w3.org/XML/1998/namespace}lang", language)
                if kind:
                    child.set(_name("rdf:datatype"), _uri(kind))
    return element


def _object(node: Node) -> dict[str, object]:
    written: dict[str, object] = {"@type": node.kind}
    if node.uri is not None:
        written["@id"] = node.uri
    for predicate, value in node.properties:
        listed = written.setdefault(predicate, [])
        if isinstance(listed, list):
            listed.append(_json_value(value))
    return written


def _json_value(value: Value) -> dict[str, object]:
    match value:
        case Node():
            return _object(value)
        case Ref(uri):
            return {"@id": uri}
        case Text(content, language, kind):
            written: dict[str, object] = {"@value": content}
            if language:
                written["@language"] = language
            if kind:
                written["@type"] = kind
            return written
