"""The records of what is published: made of the manifests, the parts of the service, and rows of `ogc.plaene`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import text

from geoportal.catalogue import Contact, Layer
from geoportal.downloads import Download
from geoportal.ogc.collection import Collection
from geoportal.ogc.crs import CRS84, SUPPORTED
from geoportal.ogc.links import GEOJSON, HTML, JSON, OPENAPI, enclosure
from geoportal.ogc.part import Offer
from geoportal.ogc.reading import connection_for_reading
from geoportal.ogc.records.model import Box, Distribution, Kind, Licence, Record, Stale
from geoportal.ogc.service import Publication, Service
from geoportal.ogc.wms.request import CAPABILITIES

_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
CATALOGUE: Final = "katalog"
_SERVED_CRS: Final = tuple(crs.srid for crs in SUPPORTED.values() if crs is not CRS84)
_PLAN_LAYERS: Final = {"BP": "bebauungsplaene", "FP": "flaechennutzungsplaene"}
_PLANNING: Final = frozenset({*_PLAN_LAYERS.values(), "geltungsbereiche", "planinhalte", "rasterplaene"})
# Commission Implementing Regulation (EU) 2023/138, annex, 2: land use (INSPIRE annex III, 4)
_HVD_LAND_USE: Final = "http://data.europa.eu/bna/c_dd313021"
_INSPIRE_LAND_USE: Final = "Bodennutzung"
# themes of our map -> ISO 19115 topic category, theme of the EU's data portal
_TOPICS: Final[Mapping[str, tuple[str, str]]] = {
    "bauleitplanung": ("planningCadastre", "REGI"),
    "verwaltung": ("boundaries", "GOVE"),
    "bildung": ("structure", "EDUC"),
    "freizeit": ("structure", "EDUC"),
    "gesundheit": ("health", "HEAL"),
    "umwelt": ("environment", "ENVI"),
    "verkehr": ("transportation", "TRAN"),
    "mobilitaet": ("transportation", "TRAN"),
    "entsorgung": ("utilitiesCommunication", "ENVI"),
    "versorgung": ("utilitiesCommunication", "ENVI"),
}
_OTHER_TOPIC: Final = ("society", "SOCI")


def fixed_records(service: Service, language: str) -> Iterator[Record]:
    """One per layer (the parts of a layer with mixed geometries are no data sets of their own), one per service."""
    now = service.current()
    layers = [item for item in now.collections.values() if item.dimension is None]
    with connection_for_reading(service.engine) as connection:
        old = {row.layer: Stale(row.fault_since, row.fault_kind) for row in connection.execute(_STALE)}
    sets = [_dataset(service, now, item, language, old) for item in layers]
    yield from sets
    boxes = [record.box for record in sets if record.box]
    box = None
    if boxes:
        west, south = min(each.west for each in boxes), min(each.south for each in boxes)
        box = Box(west, south, max(each.east for each in boxes), max(each.north for each in boxes))
    yield from _services(service, now, [item.layer for item in layers], box, language)


def service_id(offer: Offer) -> str:
    """The record of a service."""
    return f"dienst_{offer.id}"


_STALE: Final = text("""
    -- the layers whose source could not be read when it should have been
    SELECT layer, fault_kind, fault_since FROM ogc.layer_state WHERE ist_veraltet""")


def record_uri(base: str, identifier: str) -> str:
    return f"{base}/collections/{CATALOGUE}/items/{identifier}"


def _dataset(service: Service, now: Publication, item: Collection, language: str, old: Mapping[str, Stale]) -> Record:
    layer = item.layer
    url = f"{now.base}/collections/{layer.id}"
    extent, state = service.extent(layer.id), service.data_version(layer.view)
    changed = state.changed_at if state else None
    stale = old.get(layer.view)
    topic, theme = _TOPICS.get(layer.theme, _OTHER_TOPIC)
    description = getattr(layer.description, language) + (f" {stale.said(language)}" if stale else "")
    return Record(
        id=layer.id,
        kind=Kind.DATASET,
        uri=url,
        landing=f"{url}?f=html",
        title=getattr(layer.title, language),
        description=description,
        keywords=getattr(layer.keywords, language),
        publisher=layer.publisher,
        contact=layer.contact,
        licence=Licence(layer.licence.name, layer.licence.url),
        topic=topic,
        theme=theme,
        box=Box(*(round(each, 7) for each in extent.bounds)) if extent and extent.bounds else None,
        updated=changed,
        external_ids=[("uri", url)],
        distributions=[
            Distribution("OGC API Features", f"{url}/items", GEOJSON, "items", "OGC:API-Features"),
            *(_file(each, now.base) for each in service.downloads.of(layer.id)),
            *(_drawn(layer, now.base) if layer.drawn else ()),
        ],
        crs=_SERVED_CRS,
        stale=stale,
        hvd=_HVD_LAND_USE if layer.id in _PLANNING else "",
        inspire_theme=_INSPIRE_LAND_USE if layer.id in _PLANNING else "",
    )


def _drawn(layer: Layer, base: str) -> list[Distribution]:
    url, project = f"{base}/collections/{layer.id}", f"{base}/projects/{layer.theme}.qgz"
    return [
        Distribution("OGC API Tiles", f"{url}/tiles/WebMercatorQuad?f=json", JSON, "tiles", "OGC:API-Tiles"),
        Distribution("OGC API Maps", f"{url}/map", "image/png", f"{_REL}map", "OGC:API-Maps"),
        Distribution("WMS", f"{base}{CAPABILITIES}", "text/xml", "service", "OGC:WMS"),
        Distribution("QGIS, SLD, Mapbox GL", f"{url}/styles?f=json", JSON, f"{_REL}styles", "OGC:API-Styles"),
        Distribution("QGIS-Projekt", project, "application/x-qgis-project", "related"),
    ]


def _file(download: Download, base: str) -> Distribution:
    written = enclosure(download, base)
    protocol = "WWW:DOWNLOAD-1.0-http--download"
    return Distribution(download.format.title, written["href"], written["type"], "enclosure", protocol, download.size)


def _services(
    service: Service, now: Publication, layers: list[Layer], box: Box | None, language: str
) -> Iterator[Record]:
    metadata = now.translated[language]["metadata"]
    provider, licence = metadata["provider"], metadata["license"]
    state, openapi = service.state(), f"{now.base}/openapi?f=json"
    topic, theme = _TOPICS["bauleitplanung"]
    for each in service.parts:
        if each.offer is None:
            continue
        title = getattr(each.offer.title, language)
        href = f"{now.base}{each.offer.path}"
        yield Record(
            id=service_id(each.offer),
            kind=Kind.SERVICE,
            uri=record_uri(now.base, service_id(each.offer)),
            landing=f"{now.base}/?f=html",
            title=f"{title} – {metadata['identification']['title']}",
            description=getattr(each.offer.description, language),
            keywords=metadata["identification"]["keywords"],
            publisher=provider["name"],
            contact=Contact(name=provider["name"], url=provider["url"]),
            licence=Licence(licence["name"], licence["url"]),
            topic=topic,
            theme=theme,
            box=box,
            updated=state.changed_at if state else None,
            distributions=[
                Distribution(title, href, each.offer.media_type, "data", each.offer.protocol),
                *([Distribution("OpenAPI", openapi, OPENAPI, "service-desc")] if each.openapi else ()),
            ],
            operates_on=[layer.id for layer in layers if layer.drawn or not each.draws],
            service_type=each.offer.service_type,
            crs=_SERVED_CRS,
        )


def plan_pages(base: str) -> str:
    """What stands before the id in the address of a plan's page."""
    return f"{base.rpartition('/')[0]}/plan/"


def plan_record(row: Mapping[str, Any], now: Publication, language: str) -> Record:
    """Of a row of `ogc.plaene` with its box in degrees."""
    layer = now.collections[_PLAN_LAYERS[row["planwerk"]]].layer
    item = f"{now.base}/collections/{layer.id}/items/{row['id']}"
    page = f"{plan_pages(now.base)}{row['id']}"
    kind, place = row["planart_text"] or getattr(layer.title, language), row["gemeinde"] or row["ags"]
    where = f"{place}, {row['ortsteil']}" if row["ortsteil"] else place
    number = f", Nr. {row['nummer']}" if row["nummer"] else ""
    state = f" Rechtsstand: {row['rechtsstand_text']}." if row["rechtsstand_text"] else ""
    topic, theme = _TOPICS["bauleitplanung"]
    return Record(
        id=str(row["id"]),
        kind=Kind.PLAN,
        uri=page,
        landing=page,
        title=row["name"],
        description=f"{kind}{number}: {where}.{state}" + (f" {row['beschreibung']}" if row["beschreibung"] else ""),
        keywords=[*getattr(layer.keywords, language), *([place] if place else [])],
        publisher=layer.publisher if not row["gemeinde"] else row["gemeinde"],
        contact=layer.contact,
        licence=Licence(layer.licence.name, layer.licence.url),
        topic=topic,
        theme=theme,
        box=Box(*(round(row[side], 7) for side in Box._fields)),
        start=row["gueltig_von"],
        end=row["gueltig_bis"],
        updated=row["veroeffentlicht_am"],
        external_ids=[("uri", page), *([("nummer", row["nummer"])] if row["nummer"] else [])],
        distributions=[
            Distribution("GeoJSON", item, GEOJSON, "item", "OGC:API-Features"),
            Distribution("Planseite", page, HTML, "about"),
        ],
        dataset=layer.id,
        crs=_SERVED_CRS,
        hvd=_HVD_LAND_USE,
        inspire_theme=_INSPIRE_LAND_USE,
    )
