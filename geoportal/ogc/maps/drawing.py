"""From a picture that is asked for to its bytes."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from geoportal.archive import Archive
from geoportal.bucket import StoreError
from geoportal.cartography import legend, mapnik_xml
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.maps.ground import area_of
from geoportal.ogc.maps.picture import Picture, transformed
from geoportal.ogc.maps.sources import (
    Drawn,
    Scan,
    brought,
    layers_of,
    layers_of_version,
    scans,
    scans_of_version,
)
from geoportal.ogc.problems import InvalidParameter, Unavailable
from geoportal.painting import PaintersBusy, PaintersFailed, PaintersPool, Painting, RasterUnderlay

log = logging.getLogger(__name__)

MOST_LAYERS = 32  # twenty themes on paper, of the plans one for each legal state, and the boundaries


@dataclass(frozen=True, slots=True)
class Drawer:
    """Draws for one server process; its parts are shared by all that draw."""

    archive: Archive
    engine: Engine
    painters: PaintersPool

    def draw(
        self, drawn: Sequence[Drawn], picture: Picture, *, cut: int = 1, ground: Sequence[RasterUnderlay] = ()
    ) -> list[bytes]:
        """The collections over each other, the first lowest; `cut` times `cut` tiles of it, row by row.

        `ground` lies below them.

        Raises InvalidParameter, NotFound, Unavailable.
        """
        if len(drawn) > MOST_LAYERS:
            raise InvalidParameter(f"höchstens {MOST_LAYERS} auf einmal / at most {MOST_LAYERS} at a time")
        # resolutions of three digits: the same styles again for windows of the same scale
        resolution = float(f"{picture.ground * picture.scale_factor:.3g}")
        layers = [
            (replace(source, name=f"{number}-{source.name}", opacity=one.opacity), sheet)
            for number, one in enumerate(drawn)  # two collections of a map may be drawn from the same view
            for source, sheet in layers_of(one)
        ]
        written = mapnik_xml.write(layers, f"epsg:{picture.crs.srid}", resolution, picture.scale_factor)
        found = [scan for one in drawn for scan in scans(self.engine, one, picture)]
        # what somebody has made up hardly comes again, and would drive out what everybody asks for
        is_kept = not any(one.conditions for one in drawn)
        return self._paint(written, picture, cut, [*ground, *self._underlays(found)], is_kept=is_kept)

    def draw_version(self, connection: Connection, planwerk: str, version: int, picture: Picture) -> bytes:
        """One version of a plan after PlanZV, public or not, as far as the role of the connection may see it. What is
        drawn is read here: the painter is given the features, and no right of anybody. Raises Unavailable.
        """
        resolution = picture.ground * picture.scale_factor
        box = transformed(_around(picture), picture.crs, STORED)
        layers = [
            (source, sheet)
            for known, sheet in layers_of_version(planwerk, version)
            if (source := brought(connection, known, box, resolution)) is not None
        ]
        written = mapnik_xml.write(layers, f"epsg:{picture.crs.srid}", resolution, picture.scale_factor)
        underlays = self._underlays(scans_of_version(connection, version, box))
        [content] = self._paint(written, picture, 1, underlays, is_kept=False)
        return content

    def sheets(self, found: Sequence[Scan], picture: Picture) -> bytes:
        """Scanned sheets and nothing else, the first lowest. Raises Unavailable."""
        nothing = mapnik_xml.write([], f"epsg:{picture.crs.srid}", picture.ground)
        [content] = self._paint(nothing, picture, rasters=self._underlays(found))
        return content

    def legend(self, rows: Sequence[legend.Entry]) -> bytes:
        """As PNG, on white. Raises Unavailable."""
        width, height = legend.size(rows)
        written = mapnik_xml.write_sheet(
            legend.drawing(rows), width, height, legend.text_places(rows), legend.TEXT_SIZE
        )
        [content] = self._paint(written, Picture(Box(0, 0, width, height), STORED, width, height, "png32", "#ffffff"))
        return content

    def icons(self, places: Mapping[str, Mapping[str, int]]) -> bytes:
        """The forms of a sprite in their places, as PNG. Raises Unavailable."""
        width = max((place["x"] + place["width"] for place in places.values()), default=1)
        height = max((place["y"] + place["height"] for place in places.values()), default=1)
        written = mapnik_xml.write_sheet(legend.icons(places, width, height), width, height, (), legend.TEXT_SIZE)
        [content] = self._paint(written, Picture(Box(0, 0, width, height), STORED, width, height, "png32", None))
        return content

    def message(self, sentence: str, picture: Picture) -> bytes:
        """A picture with nothing but these words; its box is 0, 0, width, height. Raises Unavailable."""
        letters = max(8, picture.width // 7)
        lines = [sentence[at : at + letters] for at in range(0, len(sentence), letters)]
        texts = [(6.0, 14.0 + 16 * number, line) for number, line in enumerate(lines[: picture.height // 16])]
        [content] = self._paint(mapnik_xml.write_sheet("", picture.width, picture.height, texts, 11), picture)
        return content

    def _paint(
        self,
        written: mapnik_xml.MapnikMap,
        picture: Picture,
        cut: int = 1,
        rasters: Sequence[RasterUnderlay] = (),
        *,
        is_kept: bool = True,
    ) -> list[bytes]:
        painting = Painting(
            xml=written.xml,
            assets=written.assets,
            srs=f"epsg:{picture.crs.srid}",
            box=_corners(picture.box),
            width=picture.width,
            height=picture.height,
            format=picture.format,
            background=picture.background,
            buffer=round(mapnik_xml.AROUND * picture.scale_factor),
            cut=cut,
            scale_factor=picture.scale_factor,
            rasters=tuple(rasters),
            is_kept=is_kept,
            void=picture.beyond.void if picture.beyond else None,
            sound=_corners(area_of(picture.crs)) if picture.beyond else None,
        )
        try:
            return self.painters.paint(painting)
        except PaintersBusy as error:
            raise Unavailable("Zu viele Karten auf einmal. / Too many maps at a time.") from error
        except PaintersFailed as error:
            raise Unavailable("Die Karte lässt sich gerade nicht zeichnen. / The map cannot be drawn now.") from error

    def _underlays(self, found: Sequence[Scan]) -> list[RasterUnderlay]:
        try:
            files = [(self.archive.path(scan.sha256), scan.epsg) for scan in found]
        except StoreError as error:  # a map without its sheet would be remembered as a right one
            log.warning("no sheets: %s", error)
            raise Unavailable("Die Blätter sind gerade nicht zu haben. / The sheets are not to be had now.") from error
        return [RasterUnderlay(str(file), f"epsg:{epsg}") for file, epsg in files if file.is_file()]


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box.west, box.south, box.east, box.north


def _around(picture: Picture) -> Box:
    """What is looked at: labels and bands reach into the picture."""
    box = picture.box
    side = mapnik_xml.AROUND * picture.scale_factor * (box.east - box.west) / picture.width
    return Box(box.west - side, box.south - side, box.east + side, box.north + side)
