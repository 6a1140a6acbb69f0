"""WMS: one address, and which operation is asked for by REQUEST."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import flask
from flask import Flask, Response
from lxml import etree

from geoportal.catalogue import Layer, Words
from geoportal.ogc.caching import fresh
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.links import Document, link
from geoportal.ogc.maps.legends import legend_of
from geoportal.ogc.maps.picture import Picture
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Offer, Part
from geoportal.ogc.problems import ANSWERS, RETRY_AFTER_SECONDS, NotFound, OgcProblem, Unavailable
from geoportal.ogc.records.stock import service_id
from geoportal.ogc.service import Service
from geoportal.ogc.wms import capabilities, info, request
from geoportal.ogc.wms.capabilities import Described
from geoportal.ogc.wms.request import CAPABILITIES, IMAGES, LEGENDS, WmsProblem, WmsRequest
from geoportal.ogc.wms.tree import WmsLayer, by_name, tree

_OGC: Final = "http://www.opengis.net/ogc"
_DRAWN_EXCEPTIONS: Final = {
    "INIMAGE": True, "APPLICATION/VND.OGC.SE_INIMAGE": True, "BLANK": False, "APPLICATION/VND.OGC.SE_BLANK": False,
}  # fmt: skip


def register(app: Flask, service: Service, _: Pages) -> None:
    def known() -> dict[str, WmsLayer]:
        return by_name(tree(service.current().collections))

    def get_capabilities(asked: WmsRequest) -> Response:
        now = service.current()
        config = now.translated[asked.language]["metadata"]
        identification = config["identification"]

        def extent(name: str) -> Box | None:
            measured = service.extent(name)
            return Box(*measured.bounds) if measured is not None and measured.bounds is not None else None

        described = Described(
            base=now.base,
            language=asked.language,
            title=identification["title"],
            abstract=identification["description"],
            keywords=identification["keywords"],
            provider=config["provider"]["name"],
            fees=f"{config['license']['name']} ({config['license']['url']})",
            area=Box(*now.api.config["area"]),
            layers=tree(now.collections),
            extent=extent,
            record=service_id(_OFFER),
        )
        kind = "text/xml" if asked.newer else "application/vnd.ogc.wms_xml"
        return Response(capabilities.write(described, asked.version), content_type=f"{kind}; charset=UTF-8")

    def get_map(asked: WmsRequest) -> Response:
        shown, picture = request.drawn(asked, known()), request.picture(asked)
        [content] = service.drawer.draw(shown, picture)
        return Response(content, content_type=_kind(picture))

    def get_feature_info(asked: WmsRequest) -> Response:
        layers = known()
        request.drawn(asked, layers)
        shown, picture = request.drawn(asked, layers, "QUERY_LAYERS"), request.picture(asked)
        for one in shown:
            if one.selection.stand is not None:
                raise WmsProblem("TIME: nicht für Auskünfte / not for queries", "InvalidDimensionValue")
        column, row = _pixel(asked, picture)
        most = asked.given.get("FEATURE_COUNT", "10")
        limit = min(int(most), info.MOST_FEATURES) if most.isascii() and most.isdecimal() and int(most) else 1
        features: list[info.Feature] = []
        for one in reversed(shown):  # what lies on top first
            features += info.found(service.engine, one, picture, column, row, limit)
        titled = {one.collection.layer.id: one.collection.layer for one in shown}
        return _told(asked.given.get("INFO_FORMAT", "text/html"), features, titled, service.current().base)

    def get_legend_graphic(asked: WmsRequest) -> Response:
        [first, *_] = request.drawn(asked, known(), "LAYER", "LAYERS")
        sheet = first.collection.sheets[first.style]
        shown = legend_of(service.engine, first, sheet, asked.language, None)
        kind = _plain(asked.given.get("FORMAT", "image/png"))
        if kind not in LEGENDS:
            raise WmsProblem(f"FORMAT: {', '.join(LEGENDS)}", "InvalidFormat")
        content = service.drawer.legend(shown.rows) if kind == "image/png" else shown.svg.encode()
        return Response(content, content_type=kind)

    operations: dict[str, Callable[[WmsRequest], Response]] = {
        "getcapabilities": get_capabilities,
        "capabilities": get_capabilities,
        "getmap": get_map,
        "map": get_map,
        "getfeatureinfo": get_feature_info,
        "feature_info": get_feature_info,
        "getlegendgraphic": get_legend_graphic,
    }

    @app.get("/wms")
    @fresh(service)
    def wms() -> Response:
        asked = request.read([(name, value) for name, values in flask.request.args.lists() for value in values[:1]])
        try:
            if any("\0" in value for value in asked.given.values()):
                raise WmsProblem(
                    "ein Zeichen U+0000, das es in keinem Namen gibt / a character U+0000, which no name has",
                    "InvalidParameterValue",
                )
            if (operation := operations.get(asked.name)) is None:
                code = "OperationNotSupported" if asked.name else "MissingParameterValue"
                raise WmsProblem(f"REQUEST: {asked.name[:40]!r}; GetCapabilities, GetMap, GetFeatureInfo", code)
            return operation(asked)
        except WmsProblem as problem:
            return _refused(service, asked, problem)
        except Unavailable as problem:
            response = _refused(service, asked, WmsProblem(str(problem), "NoApplicableCode", 503))
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response
        except OgcProblem as problem:
            status = ANSWERS[type(problem)].status
            code = "" if isinstance(problem, NotFound) else "InvalidParameterValue"
            return _refused(service, asked, WmsProblem(str(problem), code, status))


def _plain(kind: str) -> str:
    """A media type without parameters; a plus sign that was not escaped arrives as a blank."""
    return kind.split(";")[0].strip().lower().replace(" ", "+")


def _kind(picture: Picture) -> str:
    return next(kind for kind, form in IMAGES.items() if form == picture.format)


def _pixel(asked: WmsRequest, picture: Picture) -> tuple[int, int]:
    names = ("I", "J") if asked.newer else ("X", "Y")
    raw = [asked.need(name, other) for name, other in zip(names, ("X", "Y"), strict=True)]
    if all(part.isascii() and part.isdecimal() and len(part) < 6 for part in raw):
        column, row = map(int, raw)
        if column < picture.width and row < picture.height:
            return column, row
    raise WmsProblem(f"{', '.join(names)}: kein Pixel der Karte / no pixel of the map", "InvalidPoint")


def _told(kind: str, features: list[info.Feature], layers: dict[str, Layer], base: str) -> Response:
    plain = _plain(kind)
    if plain in ("application/geo+json", "application/json", "geojson"):
        return Response(info.as_json(features), content_type="application/geo+json")
    if plain == "text/plain":
        return Response(info.as_text(features, layers), content_type="text/plain; charset=utf-8")
    if plain == "text/html":
        return Response(info.as_html(features, layers, base), content_type="text/html; charset=utf-8")
    raise WmsProblem(f"INFO_FORMAT: {', '.join(capabilities.INFO_FORMATS)}", "InvalidFormat")


def _refused(service: Service, asked: WmsRequest, problem: WmsProblem) -> Response:
    wanted = asked.given.get("EXCEPTIONS", "XML").upper()
    if asked.name in ("getmap", "map") and wanted in _DRAWN_EXCEPTIONS:
        picture = _fallback(asked)
        try:
            content = service.drawer.message(str(problem) if _DRAWN_EXCEPTIONS[wanted] else "", picture)
        except Unavailable:
            return _exception(asked, problem)
        return Response(content, content_type=_kind(picture), headers={"Cache-Control": "no-store"})
    return _exception(asked, problem)


def _exception(asked: WmsRequest, problem: WmsProblem) -> Response:
    attributes: dict[str, Any] = {"code": problem.code} if problem.code else {}
    if asked.newer:
        root = etree.Element(f"{{{_OGC}}}ServiceExceptionReport", {"version": "1.3.0"}, nsmap={None: _OGC})
        etree.SubElement(root, f"{{{_OGC}}}ServiceException", attributes).text = _printable(str(problem))
        kind = "text/xml"
    else:
        root = etree.Element("ServiceExceptionReport", {"version": "1.1.1"})
        etree.SubElement(root, "ServiceException", attributes).text = _printable(str(problem))
        kind = "application/vnd.ogc.se_xml"
    body = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    headers = {"Cache-Control": "no-store"}
    return Response(body, HTTPStatus(problem.status), headers, content_type=f"{kind}; charset=UTF-8")


def _printable(message: str) -> str:
    """XML 1.0 has no control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in message)


def _fallback(asked: WmsRequest) -> Picture:
    """As near to the picture that was asked for as its parameters allow."""
    sides = [asked.given.get(name, "") for name in ("WIDTH", "HEIGHT")]
    sound = [raw.isascii() and raw.isdecimal() and len(raw) < 4 and int(raw) > 0 for raw in sides]
    width, height = (int(raw) if good else 400 for raw, good in zip(sides, sound, strict=True))
    form = IMAGES.get(asked.given.get("FORMAT", "image/png").split(";")[0].lower(), "png")
    clear = asked.given.get("TRANSPARENT", "").upper() == "TRUE" and form != "jpeg"
    return Picture(Box(0, 0, width, height), STORED, width, height, form, None if clear else "#ffffff")


_OFFER: Final = Offer(
    id="wms",
    title=Words(de="WMS", en="WMS"),
    description=Words(
        de="Darstellung der Pläne nach Planzeichenverordnung und der Fachdaten als Kartenbilder (WMS 1.3.0 und 1.1.1).",
        en="Plans with the symbols of the PlanZV and thematic data as pictures of maps (WMS 1.3.0 and 1.1.1).",
    ),
    path=CAPABILITIES,
    protocol="OGC:WMS",
    service_type="view",
    media_type="text/xml",
)


def _landing_links(base: str) -> list[Document]:
    return [link("service-meta", "text/xml", "WMS 1.3.0: GetCapabilities", f"{base}{CAPABILITIES}")]


PART = Part(register=register, landing_links=_landing_links, offer=_OFFER, draws=True)
