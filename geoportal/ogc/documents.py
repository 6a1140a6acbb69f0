"""What pygeoapi's documents must say beyond what pygeoapi says, in one place for every collection."""

from collections.abc import Iterable
from urllib.parse import urlencode

from geoportal.catalogue import Layer
from geoportal.downloads import Download
from geoportal.ogc import cursor, schemas
from geoportal.ogc.crs import CRS84, STORED, SUPPORTED, Box, transformer
from geoportal.ogc.links import GEOJSON, HTML, JSON, OPENAPI, SCHEMA_JSON, Document, alternates, enclosure, link
from geoportal.ogc.part import Part
from geoportal.ogc.query import Parameters
from geoportal.ogc.table import Extent, Page, Question

_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_DENSIFY = 21  # points on a side of a box that is transformed


def landing(document: Document, base: str, parts: Iterable[Part], area: Box) -> Document:
    """Only links that lead somewhere; of these, the ones that QGIS looks for literally. `area` (CRS84) is where all
    that is published lies, as a map of it wants to know.
    """
    whole = [area.west, area.south, area.east, area.north]
    return {
        **document,
        "extent": {"spatial": {"bbox": [whole], "crs": CRS84.uri, "storageCrsBbox": [_stored(area)]}},
        "crs": list(SUPPORTED),
        "storageCrs": STORED.uri,
        "links": [
            *alternates(f"{base}/", JSON),
            link("service-desc", OPENAPI, "OpenAPI", f"{base}/openapi?f=json"),
            link("service-doc", HTML, "OpenAPI als Webseite / as HTML", f"{base}/openapi?f=html"),
            link("conformance", JSON, "Konformität / conformance", f"{base}/conformance?f=json"),
            link("data", JSON, "Sammlungen / collections", f"{base}/collections?f=json"),
            *(item for part in parts for item in part.landing_links(base)),
            *(item for item in document["links"] if item["rel"] in ("about", "license")),
        ],
    }


def conformance(base: str, parts: Iterable[Part]) -> Document:
    return {
        "conformsTo": [name for part in parts for name in part.conformance],
        "links": alternates(f"{base}/conformance", JSON),
    }


def collection(
    document: Document,
    layer: Layer,
    base: str,
    extent: Extent | None,
    parts: Iterable[Part],
    files: Iterable[Download] = (),
) -> Document:
    """One collection; `extent` is measured, or None while the database is away."""
    url = f"{base}/collections/{layer.id}"
    amended = {
        **document,
        "attribution": f"{layer.publisher} – {layer.licence.name}",
        "links": [
            *alternates(url, JSON),
            # without any parameter: GDAL puts /{id} behind this address
            link("items", GEOJSON, "Objekte als GeoJSON / items as GeoJSON", f"{url}/items"),
            link("items", HTML, "Objekte als Webseite / items as HTML", f"{url}/items?f=html"),
            link(f"{_REL}queryables", SCHEMA_JSON, "Abfragbare Felder / queryables", f"{url}/queryables?f=json"),
            link(f"{_REL}schema", SCHEMA_JSON, "Schema", f"{url}/schema?f=json"),
            link(
                "describedby", SCHEMA_JSON, "Schema eines Objekts / schema of an item", f"{url}/schemas/feature?f=json"
            ),
            link("license", HTML, layer.licence.name, layer.licence.url),
            link("data", JSON, "Sammlungen / collections", f"{base}/collections?f=json"),
            *(item for part in parts if layer.drawn or not part.draws for item in part.collection_links(layer, url)),
            *(enclosure(file, base) for file in files),
        ],
    }
    if extent is not None:
        amended["itemCount"] = extent.features
        spatial = {**document["extent"]["spatial"]}
        if extent.bounds is not None:
            spatial["bbox"] = [[round(bound, 7) for bound in extent.bounds]]
            spatial["storageCrsBbox"] = [_stored(Box(*extent.bounds))]
        amended["extent"] = {"spatial": spatial}
        if layer.time is not None:
            amended["extent"]["temporal"] = {"interval": [[_moment(extent.start), _moment(extent.end)]]}
    return amended


def _stored(box: Box) -> list[float]:
    """OGC API - Maps 1, /req/collection-map/desc-crs: the extent in the CRS in which it is stored."""
    bounds = transformer(CRS84.srid, STORED.srid).transform_bounds(
        box.west, box.south, box.east, box.north, densify_pts=_DENSIFY
    )
    return [round(bound, STORED.digits) for bound in bounds]


def collections(document: Document, described: list[Document], base: str) -> Document:
    return {**document, "collections": described, "links": alternates(f"{base}/collections", JSON)}


def queryables(document: Document, layer: Layer, language: str, base: str) -> Document:
    url = f"{base}/collections/{layer.id}/queryables"
    return {**document, "$id": url, "$schema": _DRAFT, **schemas.queryables(layer, language)}


def schema(document: Document, layer: Layer, language: str, base: str) -> Document:
    url = f"{base}/collections/{layer.id}/schema"
    return {**document, "$id": url, "$schema": _DRAFT, **schemas.schema(layer, language)}


def feature_schema(layer: Layer, language: str, base: str) -> Document:
    url = f"{base}/collections/{layer.id}/schemas/feature"
    return {"$id": url, "$schema": _DRAFT, "title": getattr(layer.title, language), **schemas.feature(layer, language)}


_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def page_links(collection: str, base: str, parameters: Parameters, question: Question, page: Page) -> list[Document]:
    """Links of a page of items; `next` only if there is something on it.

    `next` names the row that it follows and not how many come before: its cost is the same at any depth, and what is
    published meanwhile neither repeats a feature nor hides one.
    """
    url = f"{base}/collections/{collection}"
    kept = [(name, value) for name, value in parameters.items() if name not in ("f", "offset", cursor.NAME)]

    def other(name: str, value: object) -> str:
        return f"{url}/items?{urlencode([*kept, (name, value), ('f', 'json')])}"

    links = [*alternates(f"{url}/items", GEOJSON, parameters), link("collection", JSON, "Sammlung / collection", url)]
    if page.last is not None:
        word = cursor.write_cursor(page.last, collection, kept)
        links.append(link("next", GEOJSON, "Nächste Seite / next page", other(cursor.NAME, word)))
    if not question.hits and question.offset > 0:
        before = max(0, question.offset - question.limit)
        links.append(link("prev", GEOJSON, "Vorige Seite / previous page", other("offset", before)))
    return links


def item_links(url: str, identifier: str, parameters: Parameters) -> list[Document]:
    return [
        *alternates(f"{url}/items/{identifier}", GEOJSON, parameters),
        link("collection", JSON, "Sammlung / collection", url),
    ]


def _moment(day: str | None) -> str | None:
    """The extent is told in moments (OGC API - Features 1, 7.13), while most fields are days."""
    return f"{day}T00:00:00Z" if day is not None and len(day) == len("2026-01-31") else day
