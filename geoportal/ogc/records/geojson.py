"""Records as OGC API - Records 1 writes them (record-core, GeoJSON)."""

from datetime import UTC, date, datetime
from typing import Any, Final

from geoportal.ogc.links import GEOJSON, HTML, JSON, Document, link
from geoportal.ogc.records.model import Kind, Record
from geoportal.ogc.records.stock import CATALOGUE, record_uri

ISO: Final = "application/vnd.iso.19139+xml"
RDF_XML, TURTLE, JSON_LD = "application/rdf+xml", "text/turtle", "application/ld+json"
RECORD_CORE: Final = "http://www.opengis.net/spec/ogcapi-records-1/1.0/req/record-core"
PROFILES: Final = "http://www.opengis.net/def/profile/OGC/0/"
# https://spdx.org/licenses/
_SPDX: Final = {
    "https://www.govdata.de/dl-de/by-2-0": "DL-DE-BY-2.0",
    "https://www.govdata.de/dl-de/zero-2-0": "DL-DE-ZERO-2.0",
    "https://creativecommons.org/licenses/by/4.0/": "CC-BY-4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
}


def licence(url: str) -> str:
    """/req/record-core/license: what SPDX calls it, else `other`; where its text is, a link says."""
    return _SPDX.get(url, "other")


def profile(name: str) -> Document:
    """/req/record-core/default-mediatype, /req/json/catalog-content-profile: what the JSON is more than that."""
    return link("profile", HTML, "Profil / profile", f"{PROFILES}{name}")


def feature(record: Record, base: str, language: str) -> Document:
    """One record; without the links between formats, which only a document of its own has."""
    properties: dict[str, Any] = {
        "type": record.kind.value,
        "title": record.title,
        "description": record.description,
        "keywords": list(record.keywords),
        "language": {"code": language},
        "license": licence(record.licence.url),
        "rights": record.licence.name,
        "contacts": _contacts(record),
        "externalIds": [{"scheme": scheme, "value": value} for scheme, value in record.external_ids],
        "formats": [{"name": each.title, "mediaType": each.media_type} for each in record.distributions],
        "themes": _themes(record),
    }
    if record.updated is not None:
        properties["updated"] = moment(record.updated)
    if record.stale:
        properties |= {"stale": True, "staleSince": moment(record.stale.since), "staleReason": record.stale.reason}
    return {
        "type": "Feature",
        "id": record.id,
        "conformsTo": [RECORD_CORE],
        "time": _time(record),
        "geometry": _geometry(record),
        "properties": properties,
        "links": [*_links(record, base)],
    }


def document(record: Record, base: str, language: str) -> Document:
    url = record_uri(base, record.id)
    written = feature(record, base, language)
    written["links"] = [
        link("self", GEOJSON, "Dieser Eintrag / this record", f"{url}?f=json"),
        link("alternate", HTML, "Als Webseite / as HTML", f"{url}?f=html"),
        link("alternate", ISO, "ISO 19139", f"{url}?f=iso19139"),
        link("alternate", RDF_XML, "DCAT-AP.de (RDF/XML)", f"{url}?f=rdf"),
        link("alternate", TURTLE, "DCAT-AP.de (Turtle)", f"{url}?f=ttl"),
        link("alternate", JSON_LD, "DCAT-AP.de (JSON-LD)", f"{url}?f=jsonld"),
        link("collection", JSON, "Katalog / catalogue", f"{base}/collections/{CATALOGUE}"),
        profile("ogc-record"),
        *written["links"],
    ]
    return written


def moment(value: date | datetime) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(record: Record) -> Document | None:
    if record.start is None and record.end is None:
        return None
    return {"interval": [moment(each) if each else ".." for each in (record.start, record.end)]}


def _geometry(record: Record) -> Document | None:
    if record.box is None:
        return None
    west, south, east, north = record.box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _contacts(record: Record) -> list[Document]:
    publisher: Document = {"name": record.publisher, "organization": record.publisher, "roles": ["publisher"]}
    if record.contact is None:
        return [publisher]
    contact: Document = {
        "name": record.contact.name,
        "organization": record.contact.name,
        "roles": ["pointOfContact"],
    }
    if record.contact.email:
        contact["emails"] = [{"value": record.contact.email}]
    if record.contact.url:
        contact["links"] = [{"rel": "about", "type": HTML, "href": record.contact.url}]
    return [publisher, contact]


def _themes(record: Record) -> list[Document]:
    topics = {
        "concepts": [{"id": record.topic}],
        "scheme": "https://standards.iso.org/iso/19115/resources/Codelists/gml/MD_TopicCategoryCode.xml",
    }
    if not record.inspire_theme:
        return [topics]
    return [
        topics,
        {
            "concepts": [{"id": "lu", "title": record.inspire_theme, "url": "http://inspire.ec.europa.eu/theme/lu"}],
            "scheme": "http://inspire.ec.europa.eu/theme",
        },
    ]


def _links(record: Record, base: str) -> list[Document]:
    found: list[Document] = []
    for each in record.distributions:
        written = link(each.rel, each.media_type, each.title, each.href)
        found.append({**written, "length": each.size} if each.size is not None else written)
    found.append(link("license", HTML, record.licence.name, record.licence.url))
    if record.kind is Kind.PLAN and record.dataset:
        found.append(link("up", GEOJSON, "Datensatz / data set", record_uri(base, record.dataset)))
    return found
