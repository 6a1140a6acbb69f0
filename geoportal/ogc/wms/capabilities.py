"""What the WMS says of itself, for both versions; the newer one also as a view service of INSPIRE."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from geoportal.cartography.sheets import sheets
from geoportal.ogc.crs import CRS84, STORED, Box, Crs
from geoportal.ogc.maps.picture import MOST_PIXELS, transformed
from geoportal.ogc.records.geojson import ISO
from geoportal.ogc.records.stock import record_uri
from geoportal.ogc.wms.request import CRS_NAMES, IMAGES, LANGUAGES, LEGENDS, MOST_LAYERS
from geoportal.ogc.wms.tree import WmsLayer

_WMS: Final = "http://www.opengis.net/wms"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SLD: Final = "http://www.opengis.net/sld"
# Technical Guidance for the implementation of INSPIRE View Services 3.11, 4.2.3.3
_INSPIRE: Final = "http://inspire.ec.europa.eu/schemas/inspire_vs/1.0"
_COMMON: Final = "http://inspire.ec.europa.eu/schemas/common/1.0"
_SCHEMAS: Final = (
    (_WMS, "http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd"),
    (_SLD, "http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd"),
    (_INSPIRE, "https://inspire.ec.europa.eu/schemas/inspire_vs/1.0/inspire_vs.xsd"),
)
_AUTHORITY: Final = "geoportal"
INFO_FORMATS: Final = ("text/html", "application/geo+json", "application/json", "text/plain")

type Element = Any


@dataclass(frozen=True, slots=True)
class Described:
    """What the document is about, in `language` (de, en). `extent` gives the box (CRS84) of a collection, None when it
    has nothing; `record` is the id of the service's own entry in the catalogue.
    """

    base: str
    language: str
    title: str
    abstract: str
    keywords: Sequence[str]
    provider: str
    fees: str
    area: Box
    layers: Sequence[WmsLayer]
    extent: Callable[[str], Box | None]
    record: str

    @property
    def url(self) -> str:
        return f"{self.base}/wms?"

    def metadata(self, identifier: str) -> str:
        """Where the ISO 19139 record of a data set or a service is."""
        return f"{record_uri(self.base, identifier)}?f=iso19139"


def write(described: Described, version: str) -> bytes:
    newer = version == "1.3.0"
    writer = _Writer(newer)
    root = writer.root()
    _service(writer, root, described)
    capability = writer.add(root, "Capability")
    _operations(writer, capability, described)
    exceptions = writer.add(capability, "Exception")
    formats = ("XML", "INIMAGE", "BLANK")
    older = ("application/vnd.ogc.se_xml", "application/vnd.ogc.se_inimage", "application/vnd.ogc.se_blank")
    for name in formats if newer else older:
        writer.add(exceptions, "Format", name)
    if newer:
        _inspire(capability, described)
    top = writer.add(capability, "Layer")
    writer.add(top, "Title", described.title)
    writer.add(top, "Abstract", described.abstract)
    for name in CRS_NAMES:
        if newer or name != "CRS:84":
            writer.add(top, "CRS" if newer else "SRS", name)
    writer.place(top, described.area)
    for layer in described.layers:
        _layer(writer, top, layer, described)
    head = b""
    if not newer:
        head = b'<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/WMS_MS_Capabilities.dtd">\n'
    body: bytes = etree.tostring(root, encoding="UTF-8")
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + head + body


class _Writer:
    """Elements in the words of one version."""

    def __init__(self, newer: bool) -> None:
        self.newer = newer

    def root(self) -> Element:
        if not self.newer:
            return etree.Element("WMT_MS_Capabilities", {"version": "1.1.1"})
        places = " ".join(f"{namespace} {place}" for namespace, place in _SCHEMAS)
        spaces = {None: _WMS, "xlink": _XLINK, "xsi": _XSI, "sld": _SLD, "inspire_vs": _INSPIRE}
        return etree.Element(
            f"{{{_WMS}}}WMS_Capabilities",
            {"version": "1.3.0", f"{{{_XSI}}}schemaLocation": places},
            nsmap={**spaces, "inspire_common": _COMMON},
        )

    def add(self, parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
        element: Element = etree.SubElement(parent, f"{{{_WMS}}}{name}" if self.newer else name, attributes)
        element.text = text
        return element

    def link(self, parent: Element, url: str) -> None:
        # the DTD of 1.1.1 knows the namespace here and nowhere above
        name = f"{{{_WMS}}}OnlineResource" if self.newer else "OnlineResource"
        resource = etree.SubElement(parent, name, nsmap={"xlink": _XLINK})
        resource.set(f"{{{_XLINK}}}type", "simple")
        resource.set(f"{{{_XLINK}}}href", url)

    def keywords(self, parent: Element, words: Sequence[str]) -> None:
        listed = self.add(parent, "KeywordList")
        for word in words:
            self.add(listed, "Keyword", word)

    def place(self, parent: Element, box: Box) -> None:
        """In degrees, and in the system that the data are kept in."""
        corners = [f"{corner:.6f}" for corner in (box.west, box.south, box.east, box.north)]
        if self.newer:
            around = self.add(parent, "EX_GeographicBoundingBox")
            for name, corner in zip(
                ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude"),
                (corners[0], corners[2], corners[1], corners[3]),
                strict=True,
            ):
                self.add(around, name, corner)
        else:
            self.add(parent, "LatLonBoundingBox", **dict(zip(("minx", "miny", "maxx", "maxy"), corners, strict=True)))
        for name, crs in self._systems():
            shown = transformed(box, CRS84, crs)
            numbers = [shown.west, shown.south, shown.east, shown.north]
            if crs.flipped and self.newer:
                numbers = [shown.south, shown.west, shown.north, shown.east]
            written = [f"{number:.{min(crs.digits, 6)}f}" for number in numbers]
            attributes = dict(zip(("minx", "miny", "maxx", "maxy"), written, strict=True))
            self.add(parent, "BoundingBox", **{"CRS" if self.newer else "SRS": name}, **attributes)

    def _systems(self) -> Iterator[tuple[str, Crs]]:
        """All for the newer version, whose clients take the first that they know."""
        for name, crs in CRS_NAMES.items():
            if self.newer or crs is STORED:
                yield name, crs


def _service(writer: _Writer, root: Element, described: Described) -> None:
    service = writer.add(root, "Service")
    writer.add(service, "Name", "WMS" if writer.newer else "OGC:WMS")
    writer.add(service, "Title", described.title)
    writer.add(service, "Abstract", described.abstract)
    writer.keywords(service, [*described.keywords, "infoMapAccessService"])
    writer.link(service, described.base)
    contact = writer.add(service, "ContactInformation")
    person = writer.add(contact, "ContactPersonPrimary")
    writer.add(person, "ContactPerson", "")
    writer.add(person, "ContactOrganization", described.provider)
    writer.add(service, "Fees", described.fees)
    writer.add(service, "AccessConstraints", "none")
    if writer.newer:
        writer.add(service, "LayerLimit", str(MOST_LAYERS))
        writer.add(service, "MaxWidth", str(MOST_PIXELS))
        writer.add(service, "MaxHeight", str(MOST_PIXELS))


def _operations(writer: _Writer, capability: Element, described: Described) -> None:
    operations: Mapping[str, Sequence[str]] = {
        "GetCapabilities": ("text/xml",) if writer.newer else ("application/vnd.ogc.wms_xml",),
        "GetMap": tuple(IMAGES),
        "GetFeatureInfo": INFO_FORMATS,
        "GetLegendGraphic": LEGENDS,
    }
    request = writer.add(capability, "Request")
    for name, formats in operations.items():
        if name == "GetLegendGraphic" and writer.newer:  # not of WMS 1.3.0 itself: an operation of its SLD profile
            operation = etree.SubElement(request, f"{{{_SLD}}}{name}")
        else:
            operation = writer.add(request, name)
        for form in formats:
            writer.add(operation, "Format", form)
        http = writer.add(writer.add(operation, "DCPType"), "HTTP")
        writer.link(writer.add(http, "Get"), described.url)


def _inspire(capability: Element, described: Described) -> None:
    """Where the metadata are, and which languages there are (scenario 1: all else follows from the metadata)."""

    def add(parent: Element, name: str, text: str | None = None) -> Element:
        element: Element = etree.SubElement(parent, f"{{{_COMMON}}}{name}")
        element.text = text
        return element

    extended = etree.SubElement(capability, f"{{{_INSPIRE}}}ExtendedCapabilities")
    metadata = add(extended, "MetadataUrl")
    add(metadata, "URL", described.metadata(described.record))
    add(metadata, "MediaType", ISO)
    supported = add(extended, "SupportedLanguages")
    default, *others = LANGUAGES
    add(add(supported, "DefaultLanguage"), "Language", default)
    for code in others:
        add(add(supported, "SupportedLanguage"), "Language", code)
    answered = next(code for code, language in LANGUAGES.items() if language == described.language)
    add(add(extended, "ResponseLanguage"), "Language", answered)


def _layer(writer: _Writer, parent: Element, layer: WmsLayer, described: Described) -> None:
    about = layer.collection.layer
    element = _head(writer, parent, layer, described)
    writer.add(element, "Abstract", getattr(about.description, described.language))
    writer.keywords(element, getattr(about.keywords, described.language))
    box = described.extent(about.id) or described.area
    writer.place(element, box)
    attribution = writer.add(element, "Attribution")
    writer.add(attribution, "Title", f"{about.publisher} – {about.licence.name}")
    writer.link(attribution, about.licence.url)
    collection = f"{described.base}/collections/{about.id}"
    # the same identifier as in the metadata: so the layer is known to show that data set
    authority = writer.add(element, "AuthorityURL")
    authority.set("name", _AUTHORITY)
    writer.link(authority, f"{described.base}/collections")
    writer.add(element, "Identifier", collection, authority=_AUTHORITY)
    for kind, form, url in (
        (
            "ISO19115:2003" if writer.newer else "TC211",
            ISO if writer.newer else "text/xml",
            described.metadata(about.id),
        ),
        ("ISO19115:2003" if writer.newer else "TC211", "text/html", f"{record_uri(described.base, about.id)}?f=html"),
    ):
        metadata = writer.add(element, "MetadataURL", type=kind)
        writer.add(metadata, "Format", form)
        writer.link(metadata, url)
    data = writer.add(element, "DataURL")
    writer.add(data, "Format", "application/geo+json")
    writer.link(data, f"{collection}/items")
    for name, sheet in sheets(about).items():
        style = writer.add(element, "Style")
        writer.add(style, "Name", name)
        writer.add(style, "Title", getattr(sheet.title, described.language))
        legend = writer.add(style, "LegendURL", width="400", height="300")
        writer.add(legend, "Format", LEGENDS[0])
        writer.link(legend, f"{described.url}SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&FORMAT={LEGENDS[0]}"
                    f"&LAYER={layer.name}&STYLE={name}")  # fmt: skip
    for title, below in layer.groups:
        group = writer.add(element, "Layer")
        writer.add(group, "Title", getattr(title, described.language))
        for each in below:
            _head(writer, group, each, described)  # place, attribution and styles are inherited (06-042, 7.2.4.8)


def _head(writer: _Writer, parent: Element, layer: WmsLayer, described: Described) -> Element:
    element = writer.add(parent, "Layer", queryable="1")
    writer.add(element, "Name", layer.name)
    writer.add(element, "Title", getattr(layer.title, described.language))
    return element
