"""Records in DCAT-AP.de 3.0, the profile that GovData and the open data portals of the Länder harvest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from geoportal.ogc.links import HTML
from geoportal.ogc.records.geojson import moment
from geoportal.ogc.records.model import Distribution, Kind, Licence, Record
from geoportal.ogc.records.rdf import Node, Ref, Text, Value
from geoportal.ogc.records.stock import record_uri

# https://www.dcat-ap.de/def/licenses/
_LICENCES: Final = {
    "https://www.govdata.de/dl-de/by-2-0": "http://dcat-ap.de/def/licenses/dl-by-de/2.0",
    "https://www.govdata.de/dl-de/zero-2-0": "http://dcat-ap.de/def/licenses/dl-zero-de/2.0",
    "https://creativecommons.org/licenses/by/4.0/": "http://dcat-ap.de/def/licenses/cc-by/4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "http://dcat-ap.de/def/licenses/cc-zero",
}
_FILE_TYPES: Final = {
    "application/geo+json": "GEOJSON",
    "application/json": "JSON",
    "application/geopackage+sqlite3": "GPKG",
    "application/flatgeobuf": "FGB",
    "text/csv": "CSV",
    "application/zip": "SHP",
    "application/gml+xml": "GML",
    "text/html": "HTML",
    "image/tiff": "TIFF",
}
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
_HVD_LAW: Final = "http://data.europa.eu/eli/reg_impl/2023/138/oj"


def licence_uri(licence: Licence) -> str:
    """In the vocabulary of DCAT-AP.de, else where its text is."""
    return _LICENCES.get(licence.url, licence.url)


def catalogue(
    records: Sequence[Record],
    metadata: Mapping[str, object],
    base: str,
    pages: Mapping[str, str],
    total: int | None,
    contributor: str = "",
) -> list[Node]:
    """One page of the catalogue with its entries. `metadata`: `title`, `description`, `publisher`, `homepage`,
    `licence` of the operator; `pages`: the addresses `self`, `first`, and `last`, `next`, `previous` where they are
    known; so is `total`.
    """
    url = f"{base}/collections/katalog"
    title, description = str(metadata["title"]), str(metadata["description"])
    entries: list[tuple[str, Value]] = [
        ("dcat:service" if record.kind is Kind.SERVICE else "dcat:dataset", entry(record, base, contributor))
        for record in records
    ]
    head = Node(
        "dcat:Catalog",
        [
            ("dct:title", Text(title, "de")),
            ("dct:description", Text(description, "de")),
            ("dct:publisher", _agent(str(metadata["publisher"]), str(metadata["homepage"]))),
            ("dct:language", Ref(f"{_AUTHORITY}language/DEU")),
            ("dct:license", Ref(licence_uri(Licence("", str(metadata["licence"]))))),
            ("foaf:homepage", Ref(str(metadata["homepage"]))),
            *entries,
        ],
        url,
    )
    paging: list[tuple[str, Value]] = (
        [("hydra:totalItems", Text(str(total), kind="xsd:integer"))] if total is not None else []
    )
    paging += [(f"hydra:{name}", Text(href)) for name, href in pages.items() if name != "self"]
    # how CKAN's harvesters are told of further pages
    return [head, Node("hydra:PagedCollection", paging, pages["self"])]


def entry(record: Record, base: str, contributor: str = "") -> Node:
    """`dcat:Dataset` or `dcat:DataService`; a plan is a data set that is part of its data set. `contributor` is the URI
    by which GovData knows who delivers, empty where it knows nobody yet.
    """
    delivered: list[tuple[str, Value]] = [("dcatde:contributorID", Ref(contributor))] if contributor else []
    if record.kind is Kind.SERVICE:
        return Node("dcat:DataService", [*_service(record, base), *delivered], record.uri)
    return Node("dcat:Dataset", [*_dataset(record, base), *delivered], record.uri)


def _common(record: Record) -> Iterator[tuple[str, Value]]:
    yield "dct:title", Text(record.title, "de")
    yield "dct:description", Text(record.description, "de")
    yield "dct:identifier", Text(record.uri)
    yield "dct:publisher", _agent(record.publisher, record.contact.url if record.contact else None)
    contact: list[tuple[str, Value]] = [("vcard:fn", Text(record.contact.name if record.contact else record.publisher))]
    if record.contact and record.contact.email:
        contact.append(("vcard:hasEmail", Ref(f"mailto:{record.contact.email}")))
    if record.contact and record.contact.url:
        contact.append(("vcard:hasURL", Ref(record.contact.url)))
    yield "dcat:contactPoint", Node("vcard:Organization", contact)
    for word in record.keywords:
        yield "dcat:keyword", Text(word, "de")
    yield "dcat:theme", Ref(f"{_AUTHORITY}data-theme/{record.theme}")
    yield "dcat:landingPage", Ref(record.landing)
    if record.updated is not None:
        yield "dct:modified", Text(moment(record.updated), kind="xsd:dateTime")
    if record.hvd:
        yield "dcatap:applicableLegislation", Ref(_HVD_LAW)
        yield "dcatap:hvdCategory", Ref(record.hvd)


def _dataset(record: Record, base: str) -> Iterator[tuple[str, Value]]:
    yield from _common(record)
    yield "dct:language", Ref(f"{_AUTHORITY}language/DEU")
    yield "dct:accessRights", Ref(f"{_AUTHORITY}access-right/PUBLIC")
    if record.box is not None:
        west, south, east, north = record.box
        ring = ", ".join(
            f"{x} {y}" for x, y in ((west, south), (east, south), (east, north), (west, north), (west, south))
        )
        yield "dct:spatial", Node("dct:Location", [("dcat:bbox", Text(f"POLYGON(({ring}))", kind="gsp:wktLiteral"))])
    if record.start is not None or record.end is not None:
        ends = (("dcat:startDate", record.start), ("dcat:endDate", record.end))
        yield (
            "dct:temporal",
            Node("dct:PeriodOfTime", [(name, Text(moment(each)[:10], kind="xsd:date")) for name, each in ends if each]),
        )
    if record.dataset:
        yield "dct:isPartOf", Ref(f"{base}/collections/{record.dataset}")
    yield (
        "foaf:page",
        Node("foaf:Document", [("dct:title", Text("ISO 19139"))], f"{record_uri(base, record.id)}?f=iso19139"),
    )
    for each in record.distributions:
        yield "dcat:distribution", _distribution(each, record)


def _service(record: Record, base: str) -> Iterator[tuple[str, Value]]:
    yield from _common(record)
    yield "dct:license", Ref(licence_uri(record.licence))
    for each in record.distributions:
        yield ("dcat:endpointDescription" if each.rel == "service-desc" else "dcat:endpointURL"), Ref(each.href)
    for identifier in record.operates_on:
        yield "dcat:servesDataset", Ref(f"{base}/collections/{identifier}")


def _distribution(each: Distribution, record: Record) -> Node:
    properties: list[tuple[str, Value]] = [
        ("dct:title", Text(each.title, "de")),
        ("dcat:accessURL", Ref(each.href)),
        ("dct:license", Ref(licence_uri(record.licence))),
        ("dcatde:licenseAttributionByText", Text(record.publisher, "de")),
    ]
    if each.media_type in _FILE_TYPES:
        properties.append(("dct:format", Ref(f"{_AUTHORITY}file-type/{_FILE_TYPES[each.media_type]}")))
    if each.media_type != HTML:
        properties.append(
            ("dcat:mediaType", Ref(f"https://www.iana.org/assignments/media-types/{each.media_type.split(';')[0]}"))
        )
    if each.rel == "enclosure":
        properties.append(("dcat:downloadURL", Ref(each.href)))
    if each.size is not None:
        properties.append(("dcat:byteSize", Text(str(each.size), kind="xsd:nonNegativeInteger")))
    if record.hvd:
        properties.append(("dcatap:applicableLegislation", Ref(_HVD_LAW)))
    # a service or a project serves several data sets, and is a distribution of each
    return Node("dcat:Distribution", properties, f"{each.href}#{record.id}")


def _agent(name: str, homepage: str | None) -> Node:
    found: list[tuple[str, Value]] = [("foaf:name", Text(name))]
    return Node("foaf:Agent", [*found, ("foaf:homepage", Ref(homepage))] if homepage else found)
