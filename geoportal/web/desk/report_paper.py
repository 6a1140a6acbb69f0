"""The report of a delivery on paper, for the office: what was found, with numbers that stand in the drawing too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, render_template
from shapely.geometry import shape
from sqlalchemy import Connection

from geoportal import deliveries, differing
from geoportal.deliveries import Delivered, Version
from geoportal.differing import Frame
from geoportal.ogc.crs import STORED, Box
from geoportal.ogc.maps.picture import Picture
from geoportal.web.desk.drawing import drawn
from geoportal.web.desk.room import desk
from geoportal.web.printing import pdf

_MOST: Final = 500  # findings on paper; all of them are in the other forms
_DRAWINGS: Final = 4  # plans of a delivery that are drawn
_WIDTH, _HEIGHT = 1280, 960  # pixels, over the width of a sheet
_PIXEL: Final = 174 / _WIDTH  # millimetres


@dataclass(frozen=True, slots=True)
class Drawing:
    """A plan of the delivery in its frame. `dots`: number and place of findings, in metres from the upper left."""

    name: str
    version: Version
    frame: Frame
    dots: Sequence[tuple[int, float, float]]


@dataclass(frozen=True, slots=True)
class Sheets:
    delivery: Delivered
    document: dict[str, Any]
    drawings: Sequence[Drawing]
    pictures: dict[str, bytes]


def gathered(connection: Connection, delivery: Delivered, document: dict[str, Any]) -> Sheets:
    """What will stand on paper, as far as the role of the connection sees it; its pictures are painted here.

    Raises Crowded, Unavailable.
    """
    points = [
        (number, shape(each["geometry"]).representative_point())
        for number, each in enumerate(document["findings"][:_MOST], start=1)
        if each["geometry"] is not None
    ]
    drawings, pictures = [], {}
    for version in deliveries.versions(connection, delivery.delivery_id)[:_DRAWINGS]:
        frame = differing.frame(connection, [version.id], _WIDTH / _HEIGHT)
        if frame is None:
            continue
        name = f"plan-{version.id}"
        box = Box(frame.west, frame.south, frame.east, frame.north)
        picture = Picture(box, STORED, _WIDTH, _HEIGHT, "png", "#ffffff", _PIXEL)
        pictures[name] = drawn(connection, version, picture)
        dots = [
            (number, point.x - frame.west, frame.north - point.y)
            for number, point in points
            if frame.west < point.x < frame.east and frame.south < point.y < frame.north
        ]
        drawings.append(Drawing(name, version, frame, dots))
    return Sheets(delivery, document, drawings, pictures)


def on_paper(sheets: Sheets) -> Response:
    """Raises PaperBusy, PaperFailed."""
    page = render_template(
        "desk/report_print.html",
        delivery=sheets.delivery,
        document=sheets.document,
        findings=list(enumerate(sheets.document["findings"][:_MOST], start=1)),
        most=_MOST,
        drawings=sheets.drawings,
        now=desk().now(),
    )
    return pdf(page, "print-report.css", f"bericht-{sheets.delivery.id}", sheets.pictures)
