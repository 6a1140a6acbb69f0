"""A version as the maps will draw it, beside the one that it replaces, and all that is different between the two.

The page stands without a script: two pictures with what differs outlined on them. With one, they lie over each other.
"""

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from geoportal import deliveries, differing
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action
from geoportal.comparing import Differences
from geoportal.deliveries import Version
from geoportal.differing import Frame, Place
from geoportal.ogc.crs import CRS84, STORED, Box
from geoportal.ogc.maps.legends import legend_of_versions
from geoportal.ogc.maps.picture import Picture, read_picture, transformed
from geoportal.ogc.problems import InvalidParameter
from geoportal.web.desk import words
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.drawing import drawn
from geoportal.web.desk.plan_pages import history_of, version_number
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished

WIDTH, HEIGHT = 800, 600  # pixels of a picture on the page
_DOT: Final = 1 / 120  # of a picture's width, a point on it
_MOST_PIXELS: Final = 2048 * 2048
_PARAMETERS: Final = frozenset({"bbox", "bbox-crs", "crs", "width", "height", "mm-per-pixel"})
_NOTHING: Final = Differences((), (), 0)


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/plan/<uuid:plan>/vergleich", "compare", page)
    bp.add_url_rule("/plan/<uuid:plan>/vergleich.json", "compare_map", changes)
    bp.add_url_rule("/plan/<uuid:plan>/fassung/<int:number>/bild.png", "version_picture", picture)


@open_to(Action.VIEW)
def page(plan: UUID) -> str:
    """`?neu=2&alt=1`: which versions; `bei=17`: the difference that the pictures show."""
    versions = history_of(plan)
    before, after = pair(versions)
    with acting(desk().engine, who()) as connection:
        whole = differing.frame(connection, [each.id for each in (before, after) if each is not None], WIDTH / HEIGHT)
        found, outline = (_NOTHING, None)
        if before is not None:
            found, outline = differing.differences(connection, before.id, after.id)
        waiting = deliveries.waiting(connection, after.id)
        listed = differing.described(connection, found)
        signs = legend_of_versions(
            connection, after.planwerk, [each.id for each in (before, after) if each is not None]
        )
        places, shown = [], whole
        if whole is not None:
            places = differing.places(connection, found, whole, whole.width * _DOT)
            shown = _shown(places) or whole
            if shown is not whole:
                places = differing.places(connection, found, whole, shown.width * _DOT)
    return render_template(
        "desk/compare.html",
        plan_id=plan,
        versions=versions,
        before=before,
        after=after,
        waiting=waiting,
        found=found,
        outline=outline,
        listed=listed,
        most=differing.MOST,
        placed={each.number for each in places},
        places=places,
        signs=signs,
        whole=whole,
        shown=shown,
        size=(WIDTH, HEIGHT),
        enumeration=lambda name: f"{after.planwerk}_{words.ENUMERATIONS[name]}" if name in words.ENUMERATIONS else None,
        coded=words.coded,
        picture_url=lambda version, frame: _picture_url(plan, version, frame),
    )


@open_to(Action.VIEW)
def changes(plan: UUID) -> Response:
    """What differs as GeoJSON in CRS84, by the numbers of the page, and the box around both versions."""
    before, after = pair(history_of(plan))
    with acting(desk().engine, who()) as connection:
        whole = differing.frame(connection, [each.id for each in (before, after) if each is not None], WIDTH / HEIGHT)
        places: list[Place] = []
        if before is not None and whole is not None:
            found, _ = differing.differences(connection, before.id, after.id)
            places = differing.places(connection, found, whole, 0)
    if whole is None:
        raise NotPublished
    box = transformed(Box(whole.west, whole.south, whole.east, whole.north), STORED, CRS84)
    features = [
        {
            "type": "Feature",
            "properties": {"number": each.number, "kind": each.kind, "side": each.side, "area": each.is_area},
            "geometry": json.loads(each.geojson),
        }
        for each in places
    ]
    return jsonify(
        box=[box.west, box.south, box.east, box.north], changes={"type": "FeatureCollection", "features": features}
    )


@open_to(Action.VIEW)
def picture(plan: UUID, number: int) -> Response:
    """One version after PlanZV, with `bbox` and the other parameters of OGC API - Maps."""
    version = next((each for each in history_of(plan) if each.version == number), None)
    if version is None:
        raise NotPublished
    asked = _asked()
    with acting(desk().engine, who()) as connection:
        return Response(drawn(connection, version, asked), mimetype="image/png")


def _asked() -> Picture:
    if unknown := request.args.keys() - _PARAMETERS:
        raise InvalidQuery(", ".join(sorted(unknown)))
    if "bbox" not in request.args:
        raise InvalidQuery("bbox")
    try:
        asked = read_picture({**request.args.to_dict(), "f": "png", "bgcolor": "0xFFFFFF"}, Box(0, 0, 0, 0))
    except InvalidParameter as fault:
        raise InvalidQuery(str(fault)) from fault
    if asked.width * asked.height > _MOST_PIXELS:
        raise InvalidQuery("width, height")
    return asked


def pair(versions: Sequence[Version]) -> tuple[Version | None, Version]:
    """The two versions that the address names; without `alt`, the public one before `neu`, or the last one. None before
    the first: that one is only looked at.
    """
    known = {each.version: each for each in versions}
    after = known.get(version_number(request.args.get("neu", "")))
    if after is None:
        raise NotPublished
    if request.args.get("alt"):
        before = known.get(version_number(request.args["alt"]))
        if before is None or before is after:
            raise NotPublished
        return before, after
    earlier = [each for each in versions if each.version < after.version]
    public = (each for each in earlier if each.state == "published")
    return next(public, earlier[0] if earlier else None), after


def _shown(places: Sequence[Place]) -> Frame | None:
    """The frame around the difference that the address names."""
    raw = request.args.get("bei", "")
    if not raw:
        return None
    frames = [each.frame for each in places if each.number == version_number(raw)]
    if not frames:
        raise NotPublished
    first, *others = frames
    for each in others:
        first = first.over(each)
    return first.shaped(WIDTH / HEIGHT)


def _picture_url(plan: UUID, version: Version, frame: Frame) -> str:
    corners = f"{frame.west:.2f},{frame.south:.2f},{frame.east:.2f},{frame.north:.2f}"
    asked = {"bbox": corners, "bbox-crs": STORED.uri, "crs": STORED.uri, "width": WIDTH, "height": HEIGHT}
    return f"{url_for('desk.version_picture', plan=plan, number=version.version)}?{urlencode(asked)}"
