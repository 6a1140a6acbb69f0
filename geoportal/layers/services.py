"""Features of other people's services, page by page: WFS, OGC API Features, ArcGIS REST, SensorThings."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urljoin

from geoportal.catalogue import Reason, Source, SourceError
from geoportal.layers.fetching import Fetcher, NotJson
from geoportal.settings import STORAGE_SRID

PAGE: Final = 1000
_MOST_PAGES: Final = 5000
_FORMAT: Final = "outputFormat"
_HEAD: Final = 20_000  # characters in which the root element's attributes stand, behind all its namespaces
_RETURNED: Final = re.compile(r'\bnumberReturned="(\d{1,9})"')
_MATCHED: Final = re.compile(r'\bnumberMatched="(\d{1,9})"')

type Feature = dict[str, Any]


def write_features(fetcher: Fetcher, source: Source, into: Path) -> None:
    """All features, one to a line. Raises SourceError: half a stock is none."""
    read = _READERS[source.kind]
    with into.open("w", encoding="utf-8") as file:
        for feature in read(fetcher, source):
            if not isinstance(feature, dict):
                raise _no_features()
            json.dump(feature, file, ensure_ascii=False)
            file.write("\n")


def _wfs(fetcher: Fetcher, source: Source) -> Iterator[Feature]:
    """In the CRS of the manifest or the storage CRS: in degrees, servers do not agree which axis comes first."""
    asked = {
        "service": "WFS",
        "version": "2.0.0",
        "request": "GetFeature",
        "typeNames": source.layer or "",
        _FORMAT: "application/json",
        "srsName": source.crs or f"EPSG:{STORAGE_SRID}",
        "count": PAGE,
    }
    start, first = 0, None
    for number in range(_MOST_PAGES):
        try:
            page = fetcher.read_json(f"{source.wfs}?{urlencode({**asked, 'startIndex': start})}")
        except NotJson:
            if number:
                raise
            yield from _wfs_in_gml(fetcher, source, {name: value for name, value in asked.items() if name != _FORMAT})
            return
        features = _features(page)
        if features and features[0] == first:
            raise SourceError("der WFS gibt bei jeder Seite dasselbe / the WFS gives the same for every page")
        yield from features
        start += len(features)
        matched = page.get("numberMatched", page.get("totalFeatures"))
        # a server may give fewer than were asked for: without a number only an empty page is the end
        if not features or (isinstance(matched, int) and start >= matched):
            _whole(start, matched)
            return
        first = features[0]
    raise _endless()


def _wfs_in_gml(fetcher: Fetcher, source: Source, asked: Mapping[str, Any]) -> Iterator[Feature]:
    """Pages in the one form that every WFS 2.0 speaks (OGC 09-025r2, 7.6.3.7), unread: that is for the process that
    reads sources. Only the counts in the root element are looked at.
    """
    start, last = 0, ""
    for _ in range(_MOST_PAGES):
        page = fetcher.read_xml(f"{source.wfs}?{urlencode({**asked, 'startIndex': start})}")
        if "ExceptionReport" in page[:2000] or not (returned := _RETURNED.search(page[:_HEAD])):
            raise SourceError("der WFS antwortet ohne Objekte / the WFS answers without features", Reason.UNREACHABLE)
        if page == last:
            raise SourceError("der WFS gibt bei jeder Seite dasselbe / the WFS gives the same for every page")
        if int(returned[1]):
            yield {"gml": page}
        start, last = start + int(returned[1]), page
        found = _MATCHED.search(page[:_HEAD])
        matched = int(found[1]) if found else None
        if not int(returned[1]) or (matched is not None and start >= matched):
            _whole(start, matched)
            return
    raise _endless()


def _ogc_api(fetcher: Fetcher, source: Source) -> Iterator[Feature]:
    def following(page: Any) -> str | None:
        links = (link for link in page.get("links") or () if isinstance(link, dict) and link.get("rel") == "next")
        return next((link["href"] for link in links if "href" in link), None)

    count, url = 0, f"{str(source.features).rstrip('/')}/collections/{source.layer}/items?f=json&limit={PAGE}"
    for page in _linked(fetcher, url, following):
        features = _features(page)
        yield from features
        count += len(features)
        if following(page) is None:
            _whole(count, page.get("numberMatched"))


def _arcgis(fetcher: Fetcher, source: Source) -> Iterator[Feature]:
    start = 0
    for _ in range(_MOST_PAGES):
        asked = {"where": "1=1", "outFields": "*", "outSR": 4326, "f": "geojson", "resultRecordCount": PAGE}
        page = fetcher.read_json(
            f"{str(source.arcgis).rstrip('/')}/query?{urlencode({**asked, 'resultOffset': start})}"
        )
        features = _features(page)
        yield from features
        start += len(features)
        more = page.get("exceededTransferLimit") or (page.get("properties") or {}).get("exceededTransferLimit")
        if not features or not more:
            return
    raise _endless()


def _sensorthings(fetcher: Fetcher, source: Source) -> Iterator[Feature]:
    """A feature per Thing, with its id, name, description and properties, at the first of its locations."""
    url = f"{str(source.sensorthings).rstrip('/')}/Things?{urlencode({'$expand': 'Locations', '$top': PAGE})}"
    for page in _linked(fetcher, url, lambda page: page.get("@iot.nextLink")):
        for thing in _list(page, "value"):
            if not isinstance(thing, dict):
                raise _no_features()
            places = thing.get("Locations") or [{}]
            location = places[0].get("location")
            geometry = location.get("geometry", location) if isinstance(location, dict) else None
            own = {"id": thing.get("@iot.id"), "name": thing.get("name"), "description": thing.get("description")}
            yield {"type": "Feature", "properties": {**(thing.get("properties") or {}), **own}, "geometry": geometry}


def _linked(fetcher: Fetcher, url: str, following: Callable[[Any], object]) -> Iterator[Any]:
    """Pages of which each names the next one, to the last; one that leads back to where we were has no end."""
    asked: set[str] = set()
    while len(asked) < _MOST_PAGES:
        asked.add(url)
        yield (page := fetcher.read_json(url))
        if not (link := following(page)):
            return
        if (url := urljoin(url, str(link))) in asked:
            raise SourceError("die Seiten des Dienstes führen im Kreis / the pages of the service lead in a circle")
    raise _endless()


_READERS: Final[Mapping[str, Callable[[Fetcher, Source], Iterator[Feature]]]] = {
    "wfs": _wfs,
    "features": _ogc_api,
    "arcgis": _arcgis,
    "sensorthings": _sensorthings,
}


def _features(page: Any) -> list[Any]:
    return _list(page, "features")


def _list(page: Any, name: str) -> list[Any]:
    found = page.get(name) if isinstance(page, dict) else None
    if not isinstance(found, list):
        # ArcGIS tells its errors with status 200
        raise SourceError(f"der Dienst antwortet ohne / the service answers without `{name}`", Reason.UNREACHABLE)
    return found


def _whole(count: int, matched: object) -> None:
    """Raises SourceError when a service ends before it has given as many as it said there were."""
    if isinstance(matched, int) and count < matched:
        raise SourceError(
            f"der Dienst gibt nur {count} von {matched} Objekten / the service gives only that many features",
            Reason.UNEXPECTED,
        )


def _no_features() -> SourceError:
    return SourceError("der Dienst antwortet nicht mit Objekten / the service does not answer with features")


def _endless() -> SourceError:
    return SourceError(f"mehr als {_MOST_PAGES} Seiten / more pages than that")
