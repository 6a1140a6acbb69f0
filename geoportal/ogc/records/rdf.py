"""A few nodes of a graph, written as RDF/XML and as JSON-LD."""

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
