"""One of the services that are mounted together at /ogc; `geoportal.ogc.app` lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a service is made of its parts
    from flask import Flask

    from geoportal.catalogue import Layer, Words
    from geoportal.ogc.links import Document
    from geoportal.ogc.pages import Pages
    from geoportal.ogc.service import Service


def _nothing(*_: object) -> list[Document]:
    return []


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as the catalogue names it: its place below the API, what is found there, what GDI-DE calls its
    protocol, and which of INSPIRE's kinds of service it is (`download`, `view`, `discovery`).
    """

    id: str
    title: Words
    description: Words
    path: str
    protocol: str
    service_type: str
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Part:
    """What a service adds to the whole, beside its routes.

    `conformance`: the classes that it declares; what tests prove, and nothing else. `draws`: it serves only layers that
    are drawn, and is told of no others.
    `landing_links(base)` stand on the landing page, `collection_links(layer, url)` in each collection.
    `openapi(layers)` is a document with `paths` and, where it needs them, `components`.
    `collections(service, language)` are described beside those of the layers; `offer` is the service's record.
    """

    register: Callable[[Flask, Service, Pages], None]
    conformance: tuple[str, ...] = ()
    landing_links: Callable[[str], list[Document]] = _nothing
    collection_links: Callable[[Layer, str], list[Document]] = _nothing
    openapi: Callable[[Sequence[Layer]], Document] | None = None
    collections: Callable[[Service, str], list[Document]] = _nothing
    offer: Offer | None = None
    draws: bool = False
