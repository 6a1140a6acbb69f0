"""Links between documents, and the media types that they name."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from geoportal.downloads import Download
from geoportal.settings import STORAGE_SRID

type Document = dict[str, Any]

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON, SCHEMA_JSON, JSON, HTML = "application/geo+json", "application/schema+json", "application/json", "text/html"


def link(rel: str, kind: str, title: str, href: str) -> Document:
    return {"rel": rel, "type": kind, "title": title, "href": href}


def alternates(url: str, kind: str, parameters: Mapping[str, str] | None = None) -> list[Document]:
    """`self` and `alternate`: the same address in both formats, with every other parameter kept."""
    kept = [(name, value) for name, value in (parameters or {}).items() if name != "f"]
    return [
        link("self", kind, "Dieses Dokument / this document", f"{url}?{urlencode([*kept, ('f', 'json')])}"),
        link("alternate", HTML, "Als Webseite / as HTML", f"{url}?{urlencode([*kept, ('f', 'html')])}"),
    ]


def enclosure(download: Download, base: str) -> Document:
    """A file to download, with its length and hash."""
    href = f"{base.removesuffix('/ogc')}/downloads/{download.name}"
    kind = download.format
    written = link(
        "enclosure", kind.media_type, f"{kind.title} (EPSG:{4326 if kind.suffix == 'geojson' else STORAGE_SRID})", href
    )
    return {**written, "length": download.size, "sha256": download.sha256, "updated": download.built_at}


def plan_file(plan: str, base: str) -> Document:
    """The plan as a file in the exchange format of planning."""
    href = f"{base.removesuffix('/ogc')}/plan/{plan}/xplan.gml"
    return link("enclosure", "application/gml+xml; version=3.2", f"XPlanGML 6.0 (EPSG:{STORAGE_SRID})", href)
