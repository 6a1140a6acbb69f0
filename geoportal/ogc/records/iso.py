"""Records in ISO 19139 as GDI-DE and INSPIRE want them (Konventionen zu Metadaten der GDI-DE; TG Metadata 2.0)."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from lxml import etree

from geoportal.ogc.records.geojson import moment
from geoportal.ogc.records.model import Kind, Record
from geoportal.ogc.records.stock import record_uri

_NAMESPACES: Final = {
    "gmd": "http://www.isotc211.org/2005/gmd",
    "gco": "http://www.isotc211.org/2005/gco",
    "gmx": "http://www.isotc211.org/2005/gmx",
    "srv": "http://www.isotc211.org/2005/srv",
    "gml": "http://www.opengis.net/gml/3.2",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_CODES: Final = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml#"
_NO_LIMITS: Final = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/noLimitations"
_REGULATION: Final = (
    "VERORDNUNG (EG) Nr. 1089/2010 DER KOMMISSION vom 23. November 2010 zur Durchführung der Richtlinie 2007/2/EG des "
    "Europäischen Parlaments und des Rates hinsichtlich der Interoperabilität von Geodatensätzen und -diensten"
)
_NETWORK: Final = (
    "VERORDNUNG (EG) Nr. 976/2009 DER KOMMISSION vom 19. Oktober 2009 zur Durchführung der Richtlinie 2007/2/EG des "
    "Europäischen Parlaments und des Rates hinsichtlich der Netzdienste"
)
# https://registry.gdi-de.org/codelist/de.gdi-de.licence
_LICENCE_IDS: Final = {
    "https://www.govdata.de/dl-de/by-2-0": "dl-by-de/2.0",
    "https://www.govdata.de/dl-de/zero-2-0": "dl-zero-de/2.0",
    "https://creativecommons.org/licenses/by/4.0/": "cc-by/4.0",
}
_HVD_NAME: Final = "Erdbeobachtung und Umwelt"
_MATCHING_SCALE: Final = 1000

type Part = etree._Element | None


def as_xml(record: Record, base: str) -> bytes:
    root = _metadata(record, base)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


def _metadata(record: Record, base: str) -> etree._Element:
    is_service = record.kind is Kind.SERVICE
    stamp = (record.updated or datetime.now(UTC)).date().isoformat() if record.updated else "1970-01-01"
    level = "service" if is_service else "dataset"
    parent = None
    if record.kind is Kind.PLAN and record.dataset:
        parent = _e("gmd:parentIdentifier", _text(record_uri(base, record.dataset)))
    children: list[Part] = [
        _e("gmd:fileIdentifier", _text(record.id)),
        _e("gmd:language", _code("gmd:LanguageCode", "ger", "http://www.loc.gov/standards/iso639-2/")),
        _e("gmd:characterSet", _code("gmd:MD_CharacterSetCode", "utf8")),
        parent,
        _e("gmd:hierarchyLevel", _code("gmd:MD_ScopeCode", level)),
        _e("gmd:hierarchyLevelName", _text("Dienst" if is_service else "Datensatz")),
        _e("gmd:contact", _party(record, "pointOfContact")),
        _e("gmd:dateStamp", _e("gco:Date", stamp)),
        _e("gmd:metadataStandardName", _text("ISO 19115/19119; GDI-DE")),
        _e("gmd:metadataStandardVersion", _text("2003/Cor.1:2006; 2005/Amd 1:2008")),
        *(_reference_system(code) for code in record.crs),
        _e("gmd:identificationInfo", _service(record, base) if is_service else _data(record)),
        _e("gmd:distributionInfo", _distribution(record)),
        *_quality(record),
    ]
    return _e("gmd:MD_Metadata", *children)


def _data(record: Record) -> etree._Element:
    return _e(
        "gmd:MD_DataIdentification",
        *_identification(record),
        _e("gmd:spatialRepresentationType", _code("gmd:MD_SpatialRepresentationTypeCode", "vector")),
        _e(
            "gmd:spatialResolution",
            _e(
                "gmd:MD_Resolution",
                _e(
                    "gmd:equivalentScale",
                    _e("gmd:MD_RepresentativeFraction", _e("gmd:denominator", _e("gco:Integer", str(_MATCHING_SCALE)))),
                ),
            ),
        ),
        _e("gmd:language", _code("gmd:LanguageCode", "ger", "http://www.loc.gov/standards/iso639-2/")),
        _e("gmd:characterSet", _code("gmd:MD_CharacterSetCode", "utf8")),
        _e("gmd:topicCategory", _e("gmd:MD_TopicCategoryCode", record.topic)),
        _extent(record, "gmd:extent"),
    )


def _service(record: Record, base: str) -> etree._Element:
    operations = [
        _e(
            "srv:containsOperations",
            _e(
                "srv:SV_OperationMetadata",
                _e("srv:operationName", _text(each.title)),
                _e("srv:DCP", _code("srv:DCPList", "WebServices")),
                _e("srv:connectPoint", _online(each.href, each.title, each.protocol)),
            ),
        )
        for each in record.distributions
    ]
    # service-data coupling: the data sets by their identifiers, and where their metadata are
    coupled = [
        _e(
            "srv:coupledResource",
            _e(
                "srv:SV_CoupledResource",
                _e("srv:operationName", _text(record.distributions[0].title)),
                _e("srv:identifier", _text(f"{base}/collections/{identifier}")),
            ),
        )
        for identifier in record.operates_on
    ]
    operates = []
    for identifier in record.operates_on:
        one = _e("srv:operatesOn")
        one.set("uuidref", f"{base}/collections/{identifier}")
        one.set(_name("xlink:href"), f"{record_uri(base, identifier)}?f=iso19139")
        operates.append(one)
    return _e(
        "srv:SV_ServiceIdentification",
        *_identification(record),
        _e("srv:serviceType", _e("gco:LocalName", record.service_type or "other")),
        _e("srv:serviceTypeVersion", _text(record.distributions[0].protocol)),
        _extent(record, "srv:extent"),
        *coupled,
        _e("srv:couplingType", _code("srv:SV_CouplingType", "tight")),
        *operations,
        *operates,
    )


def _identification(record: Record) -> Iterator[Part]:
    """What data and services have in common, in the order of AbstractMD_Identification."""
    identifier = _e("gmd:identifier", _e("gmd:MD_Identifier", _e("gmd:code", _text(record.uri))))
    yield _e(
        "gmd:citation",
        _e(
            "gmd:CI_Citation",
            _e("gmd:title", _text(record.title)),
            _date(record.updated or date(1970, 1, 1), "revision"),
            _date(record.start, "creation") if record.start else None,
            identifier,
        ),
    )
    yield _e("gmd:abstract", _text(record.description))
    yield _e("gmd:pointOfContact", _party(record, "publisher"))
    yield _e(
        "gmd:resourceMaintenance",
        _e(
            "gmd:MD_MaintenanceInformation",
            _e("gmd:maintenanceAndUpdateFrequency", _code("gmd:MD_MaintenanceFrequencyCode", "continual")),
        ),
    )
    yield _keywords(list(record.keywords))
    if record.inspire_theme:
        yield _keywords([record.inspire_theme], ("GEMET - INSPIRE themes, version 1.0", "2008-06-01"))
        yield _keywords(["inspireidentifiziert"])
    if record.kind is Kind.SERVICE:
        code = "infoMapAccessService" if record.service_type == "view" else "infoFeatureAccessService"
        yield _keywords([code], ("ISO - 19119 geographic services taxonomy, 1.0", "2010-01-19"))
    if record.hvd:
        yield _keywords([_HVD_NAME], ("High-value dataset categories", "2023-10-05"))
    yield _keywords(["opendata"])
    yield _e(
        "gmd:resourceConstraints",
        _e(
            "gmd:MD_LegalConstraints",
            _e("gmd:accessConstraints", _code("gmd:MD_RestrictionCode", "otherRestrictions")),
            _e("gmd:otherConstraints", _anchor("Es gelten keine Zugriffsbeschränkungen", _NO_LIMITS)),
        ),
    )
    licence = {"name": record.licence.name, "url": record.licence.url, "quelle": record.publisher}
    if identified := _LICENCE_IDS.get(record.licence.url):
        licence = {"id": identified, **licence}
    yield _e(
        "gmd:resourceConstraints",
        _e(
            "gmd:MD_LegalConstraints",
            _e("gmd:useConstraints", _code("gmd:MD_RestrictionCode", "otherRestrictions")),
            _e("gmd:otherConstraints", _anchor(f"Nutzungsbedingungen: {record.licence.name}", record.licence.url)),
            # the spelling that portals read the licence from
            _e("gmd:otherConstraints", _text(json.dumps(licence, ensure_ascii=False))),
            _e("gmd:otherConstraints", _text(f"Quellenvermerk: {record.publisher}")),
        ),
    )


def _extent(record: Record, name: str) -> Part:
    parts: list[Part] = []
    if record.box is not None:
        sides = ("westBoundLongitude", "eastBoundLongitude", "southBoundLatitude", "northBoundLatitude")
        values = (record.box.west, record.box.east, record.box.south, record.box.north)
        box = [_e(f"gmd:{side}", _e("gco:Decimal", str(value))) for side, value in zip(sides, values, strict=True)]
        parts.append(_e("gmd:geographicElement", _e("gmd:EX_GeographicBoundingBox", *box)))
    if record.start is not None or record.end is not None:
        period = _e("gml:TimePeriod")
        period.set(_name("gml:id"), "zeit")
        for side, day in (("beginPosition", record.start), ("endPosition", record.end)):
            position = _e(f"gml:{side}", moment(day)[:10] if day else None)
            if day is None:
                position.set("indeterminatePosition", "unknown")
            period.append(position)
        parts.append(_e("gmd:temporalElement", _e("gmd:EX_TemporalExtent", _e("gmd:extent", period))))
    return _e(name, _e("gmd:EX_Extent", *parts)) if parts else None


def _distribution(record: Record) -> etree._Element:
    names = dict.fromkeys(each.media_type for each in record.distributions)
    formats = [
        _e(
            "gmd:distributionFormat",
            _e("gmd:MD_Format", _e("gmd:name", _text(name)), _e("gmd:version", _missing("unknown"))),
        )
        for name in names
    ]
    lines = [_e("gmd:onLine", _online(each.href, each.title, each.protocol)) for each in record.distributions]
    page = _e("gmd:onLine", _online(record.landing, "Webseite", "WWW:LINK-1.0-http--link"))
    return _e(
        "gmd:MD_Distribution",
        *formats,
        _e("gmd:transferOptions", _e("gmd:MD_DigitalTransferOptions", *lines, page)),
    )


def _quality(record: Record) -> Iterator[Part]:
    """Conformity as INSPIRE asks for it, and where the data come from."""
    is_service = record.kind is Kind.SERVICE
    reports = []
    if is_service:
        reports.append(_conformity(_NETWORK, "2009-10-20", "nicht geprüft", None))
    else:
        reports.append(_conformity(_REGULATION, "2010-12-08", "nicht im Datenmodell von INSPIRE (PLU)", passed=False))
        if record.inspire_theme:
            reports.append(_conformity("XPlanGML 6.0", "2022-05-12", "nicht geprüft", None))
    lineage = None
    if not is_service:
        said = "Veröffentlichte Fassung der herausgebenden Stelle, in der Geometrie geprüft und bereinigt."
        if record.stale:
            said += f" {record.stale.said('de')}"
        lineage = _e("gmd:lineage", _e("gmd:LI_Lineage", _e("gmd:statement", _text(said))))
    level = _code("gmd:MD_ScopeCode", "service" if is_service else "dataset")
    scope = _e("gmd:scope", _e("gmd:DQ_Scope", _e("gmd:level", level)))
    yield _e("gmd:dataQualityInfo", _e("gmd:DQ_DataQuality", scope, *reports, lineage))


def _conformity(title: str, day: str, explanation: str, passed: bool | None) -> etree._Element:
    """`passed` is None where nobody has examined it."""
    result = _missing("unknown") if passed is None else _e("gco:Boolean", str(passed).lower())
    return _e(
        "gmd:report",
        _e(
            "gmd:DQ_DomainConsistency",
            _e(
                "gmd:result",
                _e(
                    "gmd:DQ_ConformanceResult",
                    _e(
                        "gmd:specification",
                        _e(
                            "gmd:CI_Citation",
                            _e("gmd:title", _text(title)),
                            _date(date.fromisoformat(day), "publication"),
                        ),
                    ),
                    _e("gmd:explanation", _text(explanation)),
                    _e("gmd:pass", result),
                ),
            ),
        ),
    )


def _party(record: Record, role: str) -> etree._Element:
    contact = record.contact
    details: list[Part] = []
    if contact and contact.email:
        address = _e("gmd:CI_Address", _e("gmd:electronicMailAddress", _text(contact.email)))
        details.append(_e("gmd:address", address))
    if contact and contact.url:
        line = _e("gmd:CI_OnlineResource", _e("gmd:linkage", _e("gmd:URL", contact.url)))
        details.append(_e("gmd:onlineResource", line))
    name = record.publisher if role == "publisher" or contact is None else contact.name
    return _e(
        "gmd:CI_ResponsibleParty",
        _e("gmd:organisationName", _text(name)),
        _e("gmd:contactInfo", _e("gmd:CI_Contact", *details)) if details else None,
        _e("gmd:role", _code("gmd:CI_RoleCode", role)),
    )


def _keywords(words: list[str], thesaurus: tuple[str, str] | None = None) -> etree._Element:
    source = None
    if thesaurus:
        title, day = thesaurus
        citation = _e("gmd:CI_Citation", _e("gmd:title", _text(title)), _date(date.fromisoformat(day), "publication"))
        source = _e("gmd:thesaurusName", citation)
    listed = [_e("gmd:keyword", _text(word)) for word in words]
    kind = _e("gmd:type", _code("gmd:MD_KeywordTypeCode", "theme"))
    return _e("gmd:descriptiveKeywords", _e("gmd:MD_Keywords", *listed, kind, source))


def _reference_system(code: int) -> etree._Element:
    uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
    identifier = _e("gmd:RS_Identifier", _e("gmd:code", _anchor(f"EPSG:{code}", uri)))
    return _e("gmd:referenceSystemInfo", _e("gmd:MD_ReferenceSystem", _e("gmd:referenceSystemIdentifier", identifier)))


def _online(href: str, title: str, protocol: str) -> etree._Element:
    function = "information" if protocol.startswith("WWW:LINK") else "download"
    return _e(
        "gmd:CI_OnlineResource",
        _e("gmd:linkage", _e("gmd:URL", href)),
        _e("gmd:protocol", _text(protocol)),
        _e("gmd:name", _text(title)),
        _e("gmd:function", _code("gmd:CI_OnLineFunctionCode", function)),
    )


def _date(day: date | datetime, kind: str) -> etree._Element:
    stamp = _e("gmd:date", _e("gco:Date", moment(day)[:10]))
    return _e("gmd:date", _e("gmd:CI_Date", stamp, _e("gmd:dateType", _code("gmd:CI_DateTypeCode", kind))))


def _code(name: str, value: str, list_uri: str = "") -> etree._Element:
    element = _e(name, value)
    element.set("codeList", list_uri or f"{_CODES}{name.partition(':')[2]}")
    element.set("codeListValue", value)
    return element


def _anchor(text: str, href: str) -> etree._Element:
    element = _e("gmx:Anchor", text)
    element.set(_name("xlink:href"), href)
    return element


def _text(value: str) -> etree._Element:
    # what XML cannot hold stands in no sensible text either
    return _e("gco:CharacterString", "".join(each for each in value if each >= " " or each in "\t\n"))


def _missing(reason: str) -> Mapping[str, str]:
    """Attributes instead of a child: the value is not known."""
    return {_name("gco:nilReason"): reason}


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


def _e(name: str, *children: "Part | str | Mapping[str, str]") -> etree._Element:
    element = etree.Element(_name(name), nsmap=_NAMESPACES)
    for child in children:
        if isinstance(child, str):
            element.text = child
        elif isinstance(child, Mapping):
            for key, value in child.items():
                element.set(key, value)
        elif child is not None:
            element.append(child)
    return element
