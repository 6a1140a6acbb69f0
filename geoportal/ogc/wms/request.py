"""A request to the WMS, read in the terms of its version, and what may be wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from geoportal.ogc.cql2 import parse_text
from geoportal.ogc.crs import CRS84, SUPPORTED, Box, Crs
from geoportal.ogc.maps.picture import FORMATS, PIXEL_MILLIMETRES, Picture, read_picture
from geoportal.ogc.maps.selection import Selection, read_selection
from geoportal.ogc.maps.sources import Drawn
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.table import Condition
from geoportal.ogc.wms.tree import WmsLayer

VERSIONS: Final = ("1.3.0", "1.1.1")
CAPABILITIES: Final = "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
MOST_LAYERS: Final = 20
PIXEL_DPI: Final = 96  # what programs mean by a screen
CRS_NAMES: Final[Mapping[str, Crs]] = {
    ("CRS:84" if uri == CRS84.uri else f"EPSG:{uri.rsplit('/', 1)[1]}"): crs for uri, crs in SUPPORTED.items()
}
# INSPIRE's names of the languages (ISO 639-2/B); the first is answered to whoever asks for none of them
LANGUAGES: Final[Mapping[str, str]] = {"ger": "de", "eng": "en"}
FILTER: Final = "CQL_FILTER"
LEGENDS: Final = ("image/png", "image/svg+xml")
IMAGES: Final[Mapping[str, str]] = {kind: form for form, kind in FORMATS.items()}
_DPI: Final = re.compile(r"[0-9]{2,4}(\.[0-9]+)?")


class WmsProblem(Exception):
    """The request cannot be answered. `code` is one of the standard's (06-042, table E.1), or empty."""

    def __init__(self, message: str, code: str = "", status: int = 400) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


@dataclass(frozen=True)
class WmsRequest:
    """`given`: the parameters by their names in capitals, the first of each."""

    given: Mapping[str, str]
    version: str

    @property
    def name(self) -> str:
        return self.given.get("REQUEST", "").lower()

    @property
    def newer(self) -> bool:
        return self.version == VERSIONS[0]

    @property
    def language(self) -> str:
        return LANGUAGES.get(self.given.get("LANGUAGE", "").lower(), next(iter(LANGUAGES.values())))

    def need(self, *names: str) -> str:
        """The value of the first of these that is given. Raises WmsProblem."""
        for name in names:
            if self.given.get(name):
                return self.given[name]
        raise WmsProblem(f"{names[0]} fehlt / is missing", "MissingParameterValue")


def read(parameters: Sequence[tuple[str, str]]) -> WmsRequest:
    given: dict[str, str] = {}
    for name, value in parameters:
        given.setdefault(name.upper(), value)
    asked = given.get("VERSION") or given.get("WMTVER") or VERSIONS[0]
    # 06-042, 6.2.4: the version that is asked for, else the next lower one, else the lowest
    version = next((known for known in VERSIONS if known <= asked), VERSIONS[-1])
    return WmsRequest(given, version)


def picture(request: WmsRequest) -> Picture:
    """Raises WmsProblem."""
    crs = _crs(request)
    corners = request.need("BBOX").split(",")
    if len(corners) != 4:
        raise WmsProblem("BBOX: vier Zahlen erwartet / four numbers are expected", "InvalidParameterValue")
    # 06-042, 6.7.2: only since 1.3.0 the axes are those of the CRS
    if crs.flipped and not request.newer:
        corners = [corners[1], corners[0], corners[3], corners[2]]
    kind = request.given.get("FORMAT", "image/png").split(";")[0].strip().lower()
    if kind not in IMAGES:
        raise WmsProblem(f"FORMAT: {kind[:40]!r}; {', '.join(IMAGES)}", "InvalidFormat")
    asked = {
        "bbox": ",".join(corners),
        "bbox-crs": crs.uri,
        "crs": crs.uri,
        "width": request.need("WIDTH"),
        "height": request.need("HEIGHT"),
        "f": IMAGES[kind],
        "mm-per-pixel": f"{PIXEL_MILLIMETRES * PIXEL_DPI / _dpi(request):.6f}",
        "transparent": "true" if _is_true(request.given.get("TRANSPARENT")) and IMAGES[kind] != "jpeg" else "false",
        "bgcolor": request.given.get("BGCOLOR") or "0xFFFFFF",
    }
    try:
        return read_picture(asked, Box(0, 0, 1, 1))
    except InvalidParameter as error:
        raise WmsProblem(str(error), "InvalidParameterValue") from error


def drawn(request: WmsRequest, known: Mapping[str, WmsLayer], *names: str) -> list[Drawn]:
    """The layers of LAYERS (or of another parameter) with their styles, the lowest first. Raises WmsProblem."""
    wanted = request.need(*(names or ("LAYERS", "LAYER"))).split(",")
    if len(wanted) > MOST_LAYERS:
        raise WmsProblem(f"höchstens {MOST_LAYERS} Layer / at most {MOST_LAYERS} layers", "LayerLimitExceeded")
    listed = request.need("LAYERS", "LAYER", *names).split(",")
    given = request.given.get("STYLES") or request.given.get("STYLE") or ""
    by_layer = dict(zip(listed, given.split(","), strict=False))
    conditions = _conditions(request, listed)
    found = []
    for name in wanted:
        if (layer := known.get(name)) is None:
            raise WmsProblem(f"Layer {name[:60]!r} nicht gefunden / no such layer", "LayerNotDefined", 404)
        styles = layer.collection.sheets
        style = by_layer.get(name) or ""
        if style not in ("", "default", *styles):
            raise WmsProblem(f"Stil {style[:60]!r}; {', '.join(styles)}", "StyleNotDefined", 404)
        chosen = style if style in styles else next(iter(styles))
        one = Drawn(layer.collection, chosen, _selection(request, layer.selection), conditions=conditions.get(name, ()))
        try:
            one.chosen()  # a mistake in the filter is told also where nothing is to be drawn
        except InvalidParameter as error:
            raise WmsProblem(f"{FILTER}: {name}: {error}", "InvalidParameterValue") from error
        found.append(one)
    return found


def _conditions(request: WmsRequest, layers: Sequence[str]) -> Mapping[str, Sequence[Condition]]:
    """As GeoServer knows it: a filter for each layer, parted by semicolons; `INCLUDE` leaves nothing out. Coordinates
    in it are in CRS84. Raises WmsProblem.
    """
    raw = request.given.get(FILTER)
    if not raw:
        return {}
    parts = _parted(raw)
    if len(parts) != len(layers):
        raise WmsProblem(
            f"{FILTER}: {len(parts)} für {len(layers)} Layer / for {len(layers)} layers", "InvalidParameterValue"
        )
    try:
        return {
            name: [Condition(parse_text(part))]
            for name, part in zip(layers, parts, strict=True)
            if part.strip().upper() not in ("", "INCLUDE")
        }
    except InvalidParameter as error:
        raise WmsProblem(f"{FILTER}: {error}", "InvalidParameterValue") from error


def _parted(raw: str) -> list[str]:
    """At the semicolons that are in no text and no name in quotes."""
    parts, quote = [""], ""
    for sign in raw:
        if sign == ";" and not quote:
            parts.append("")
            continue
        if not quote and sign in "'\"":
            quote = sign
        elif sign == quote:
            quote = ""
        parts[-1] += sign
    return parts


def _selection(request: WmsRequest, own: Selection) -> Selection:
    if not (day := request.given.get("TIME")):
        return own
    try:
        return Selection(own.ags, own.status, read_selection({"stand": day[:10]}).stand)
    except InvalidParameter as error:
        raise WmsProblem(f"TIME: {error}", "InvalidDimensionValue") from error


def _crs(request: WmsRequest) -> Crs:
    name = request.need("CRS", "SRS").upper()
    if (crs := CRS_NAMES.get({"EPSG:900913": "EPSG:3857"}.get(name, name))) is None:
        code = "InvalidCRS" if request.newer else "InvalidSRS"
        raise WmsProblem(f"{name[:40]!r}; {', '.join(CRS_NAMES)}", code)
    return crs


def _dpi(request: WmsRequest) -> float:
    """QGIS says it in three ways, MapServer and GeoServer in one each."""
    options = re.search(r"dpi:([0-9.]+)", request.given.get("FORMAT_OPTIONS", ""))
    for raw in (request.given.get("DPI"), request.given.get("MAP_RESOLUTION"), options[1] if options else None):
        if raw and _DPI.fullmatch(raw):
            return min(max(float(raw), 48.0), 1200.0)
    return PIXEL_DPI


def _is_true(raw: str | None) -> bool:
    return (raw or "").upper() == "TRUE"
