"""The process that paints: `python -m geoportal.painting.painter FOLDER`, asked through its standard input.

Its environment says which database it reads (libpq's PG… variables), so no password is in a style.
"""

import os
import resource
import shutil
import signal
import sys
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import mapnik
import numpy as np

from geoportal.painting import paletted
from geoportal.painting.wire import Document, PipeClosed, receive, send

MOST_MEMORY: Final = 3 * 1024**3  # bytes of address space; a picture of 4096 pixels square has 64 MB
MOST_MAPS: Final = 48  # kept ready, with their connections
RETIRE_BYTES: Final = 400 * 1024**2  # resident; a fresh one needs a fifth of it
_LEAST_SIDE: Final = 16
_FORMATS: Final = {
    "png": "png8:m=h:z=5:t=2",
    "png32": "png32:z=6",
    "jpeg": "jpeg85",
    "webp": "webp:quality=82:method=2:alpha_quality=90",
}
# Of few colours, these are smaller and sooner written by us.
_WRITTEN: Final[Mapping[str, Callable[[paletted.Paletted], bytes]]] = {"png": paletted.png, "webp": paletted.webp}


class Painter:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maps: OrderedDict[str, Any] = OrderedDict()
        mapnik.logger.set_severity(getattr(mapnik.severity_type, "None"))

    def paint(self, asked: Document) -> list[bytes]:
        """The picture, or its `cut` times `cut` tiles row by row. Raises RuntimeError when Mapnik cannot."""
        width, height = asked["width"], asked["height"]
        west, south, east, north = asked["box"]
        # Mapnik knows no smaller map: more is painted to the right and below, and cut off
        wide, high = max(width, _LEAST_SIDE), max(height, _LEAST_SIDE)
        image = mapnik.Image(wide, high)
        _fill(image, asked)
        right, bottom = west + (east - west) * wide / width, north - (north - south) * high / height
        box = mapnik.Box2d(west, bottom, right, north)
        if asked["rasters"]:
            self._render(self._underlay(asked), image, box, asked)
        self._render(self._map(asked), image, box, asked)
        cut = asked["cut"]
        side_x, side_y = width // cut, height // cut
        places = [(column * side_x, row * side_y) for row in range(cut) for column in range(cut)]
        # scanned sheets are photographs, in which nearly every pixel has a colour of its own
        if (write := _WRITTEN.get(asked["format"])) is not None and not asked["rasters"]:
            painted = np.frombuffer(image.to_string(), "<u4").reshape(high, wide)[:height, :width]
            # one palette for all tiles of a picture: where they meet, nothing changes its colour
            if (few := paletted.reduced(painted)) is not None:
                return [write(few.part(x, y, side_x, side_y)) for x, y in places]
        return [image.view(x, y, side_x, side_y).to_string(_FORMATS[asked["format"]]) for x, y in places]

    def _render(self, drawn: Any, image: Any, box: Any, asked: Document) -> None:
        drawn.resize(image.width(), image.height())
        drawn.aspect_fix_mode = mapnik.aspect_fix_mode.RESPECT
        drawn.buffer_size = asked["buffer"]
        drawn.zoom_to_box(box)
        image.premultiply()
        mapnik.render(drawn, image, asked["scale_factor"])

    def _map(self, asked: Document) -> Any:
        xml: str = asked["xml"]
        if xml in self._maps:
            self._maps.move_to_end(xml)
            return self._maps[xml]
        for name, text in asked["assets"].items():
            file = self._folder / name
            if not file.exists():
                file.write_bytes(b64decode(text) if name.endswith(".png") else text.encode())
        loaded = mapnik.Map(256, 256)
        mapnik.load_map_from_string(loaded, xml, False, str(self._folder))
        if asked["is_kept"]:
            self._maps[xml] = loaded
        while len(self._maps) > MOST_MAPS:
            self._maps.popitem(last=False)
        return loaded

    def _underlay(self, asked: Document) -> Any:
        """Scanned sheets, each in its own CRS; made anew each time, for hardly two requests show the same ones."""
        drawn = mapnik.Map(256, 256, asked["srs"])
        style, rule = mapnik.Style(), mapnik.Rule()
        symbolizer = mapnik.RasterSymbolizer()
        symbolizer.scaling = mapnik.scaling_method.BILINEAR
        rule.symbolizers.append(symbolizer)
        style.rules.append(rule)
        drawn.append_style("raster", style)
        for number, raster in enumerate(asked["rasters"]):
            layer = mapnik.Layer(f"raster-{number}", raster["srs"])
            layer.datasource = mapnik.Gdal(file=raster["file"])
            layer.styles.append("raster")
            drawn.layers.append(layer)
        return drawn


def _fill(image: Any, asked: Document) -> None:
    background = mapnik.Color(asked["background"] or "transparent")
    if asked["sound"] is None:
        image.fill(background)
        return
    image.fill(mapnik.Color(asked["void"] or "transparent"))
    west, south, east, north = asked["box"]
    across, down = asked["width"] / (east - west), asked["height"] / (north - south)
    least_x, least_y, most_x, most_y = asked["sound"]
    left, right = (min(max(round((x - west) * across), 0), image.width()) for x in (least_x, most_x))
    top, bottom = (min(max(round((north - y) * down), 0), image.height()) for y in (most_y, least_y))
    if left < right and top < bottom:
        front = mapnik.Image(right - left, bottom - top)
        front.fill(background)
        image.composite(front, mapnik.CompositeOp.src, 1.0, left, top)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    # Mapnik writes its complaints to standard output: what we say goes another way
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    folder = Path(sys.argv[1])
    try:
        _serve(Painter(folder), answers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(painter: Painter, answers: BinaryIO) -> None:
    while True:
        try:
            asked, _ = receive(sys.stdin.buffer)
        except PipeClosed:
            return
        try:
            pictures = painter.paint(asked)
        except (RuntimeError, MemoryError) as error:
            _complain(sys.stderr, error)
            send(answers, {"painted": False, "retires": True})
            return
        retires = _resident() > RETIRE_BYTES
        send(answers, {"painted": True, "retires": retires}, pictures)
        if retires:
            return


def _complain(stream: TextIO, error: Exception) -> None:
    stream.write(f"painter: {error}\n"[:500])
    stream.flush()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
