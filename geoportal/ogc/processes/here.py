"""The process `was-gilt-hier`: what the pages answer to "what applies here?", for programs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geoportal import hier
from geoportal.hier import Place
from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import GEOJSON, JSON
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.processes.process import Process, Slot, Values, is_number, is_text
from geoportal.ogc.service import Service

_BERLIN: Final = ZoneInfo("Europe/Berlin")
_MOST_LAYERS: Final = 10


def _run(inputs: Values, service: Service, exchange: Exchange) -> Values:
    near = [exchange.publication.collection(each).layer for each in inputs.get("sammlungen", ())]
    today = datetime.now(_BERLIN).date()
    with service.engine.connect() as connection:
        found = hier.answer(connection, _place(connection, inputs), today, [each for each in near if each.popup])
    language: hier.Language = "en" if exchange.language == "en" else "de"
    return {"auskunft": hier.as_document(found, today, language)}


def _place(connection: Connection, inputs: Values) -> Place:
    if "adresse" in inputs:
        found = hier.place_of_address(connection, inputs["adresse"])
    elif "flurstueck" in inputs:
        found = hier.place_of_parcel(connection, inputs["flurstueck"])
    elif "ort" in inputs:
        return _place_at(connection, *_point(inputs["ort"]))
    elif {"lon", "lat"} <= set(inputs):
        return _place_at(connection, inputs["lon"], inputs["lat"])
    else:
        raise InvalidParameter("lon und lat, ort, adresse oder flurstueck / lon and lat, ort, adresse or flurstueck")
    if found is None:
        raise InvalidParameter("Diese Adresse oder dieses Flurstück ist nicht bekannt / not known")
    return found


def _place_at(connection: Connection, lon: float, lat: float) -> Place:
    try:
        return hier.place_at(connection, float(lon), float(lat))
    except (ValueError, OverflowError) as error:
        raise InvalidParameter("lon, lat: außerhalb von UTM Zone 32 / outside of UTM zone 32") from error


def _point(place: Mapping[str, Any]) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON point, or of a feature that is one. Raises InvalidParameter."""
    shape = place.get("geometry") if place.get("type") == "Feature" else place
    match shape:
        case {"type": "Point", "coordinates": [int() | float() as lon, int() | float() as lat, *_]}:
            return lon, lat
        case {"type": "MultiPoint", "coordinates": [[int() | float() as lon, int() | float() as lat, *_]]}:
            return lon, lat
    raise InvalidParameter("ort: ein Punkt erwartet / a point is expected")


def _is_name(value: object) -> bool:
    return is_text(value) and len(str(value)) <= 200


def _are_collections(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_LAYERS and all(isinstance(each, str) for each in value)


HERE: Final = Process(
    id="was-gilt-hier",
    title="Was gilt hier? / What applies here?",
    description="Alle veröffentlichten Bauleitpläne an einer Stelle, mit ihren Festsetzungen in einfachen Worten. "
    "Die Stelle ist ein Punkt (lon und lat oder ort), eine Adresse oder ein Flurstück. Verwiesen werden kann mit "
    "data:-URIs und auf Objekte dieses Servers. / All published land-use plans at a place, and what they say there in "
    "plain words; references may be data: URIs and features of this server.",
    keywords=("Bauleitplanung", "Bebauungsplan", "Flächennutzungsplan"),
    inputs={
        "lon": Slot("Länge (CRS84) / longitude", {"type": "number", "minimum": -180, "maximum": 180}, is_number),
        "lat": Slot("Breite (CRS84) / latitude", {"type": "number", "minimum": -90, "maximum": 90}, is_number),
        "adresse": Slot(
            "Kennung einer Adresse / identifier of an address", {"type": "string", "maxLength": 200}, _is_name
        ),
        "flurstueck": Slot(
            "Flurstückskennzeichen / identifier of a parcel", {"type": "string", "maxLength": 40}, _is_name
        ),
        "ort": Slot(
            "Ort als GeoJSON, CRS84: ein Punkt oder ein Objekt, das einer ist / place as GeoJSON, CRS84: a point, or a "
            "feature that is one",
            {"type": "object", "contentMediaType": GEOJSON},
        ),
        "sammlungen": Slot(
            "Sammlungen, deren nächste Objekte genannt werden / collections whose nearest features are told",
            {"type": "array", "maxItems": _MOST_LAYERS, "items": {"type": "string"}},
            _are_collections,
        ),
    },
    outputs={"auskunft": Slot("Auskunft / answer", {"type": "object", "contentMediaType": JSON})},
    run=_run,
)
