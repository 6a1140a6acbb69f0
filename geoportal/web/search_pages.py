"""The search: a page for everyone, and JSON for the box on the map. What is asked is written nowhere."""

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from geoportal import places
from geoportal.places import Hit, HitKind
from geoportal.web.language import either, translated
from geoportal.web.portal import portal
from plans_ingest.gemeinden import gemeinde_of

bp = Blueprint("search", __name__)

_SUGGESTED = 8
_LISTED = 25
# How near the map goes to a hit of each kind.
_ZOOM = {
    HitKind.GEMEINDE: 13,
    HitKind.ORTSTEIL: 15,
    HitKind.GEMARKUNG: 14,
    HitKind.STRASSE: 17,
    HitKind.ADRESSE: 18,
    HitKind.FLURSTUECK: 18,
    HitKind.OBJEKT: 17,
    HitKind.PLAN: 16,
    HitKind.KOORDINATE: 17,
}


@bp.get("/suche")
def search() -> str | Response:
    """`?q=`: the page; with `f=json` the likeliest hits, as {"q", "hits": [{kind, label, title, detail, …}]}."""
    question = request.args.get("q", "").strip()
    as_json = request.args.get("f") == "json"
    with portal().engine.connect() as connection:
        hits = places.search(connection, question, _SUGGESTED if as_json else _LISTED)
    if not as_json:
        return render_template("search.html", question=question[: places.MAX_LENGTH], hits=[_row(hit) for hit in hits])
    response = jsonify({"q": question[: places.MAX_LENGTH], "hits": [_row(hit) for hit in hits]})
    response.headers["Cache-Control"] = "no-store"  # what somebody looked for is nobody else's business
    return response


def _row(hit: Hit) -> dict[str, object]:
    return {
        "kind": hit.kind,
        "label": _label(hit),
        "title": hit.title,
        "detail": hit.detail,
        "lon": round(hit.lon, 6),
        "lat": round(hit.lat, 6),
        "zoom": _ZOOM[hit.kind],
        "href": _page(hit),
        "here": _here(hit),
        "theme": hit.source if hit.kind is HitKind.OBJEKT else None,
        "key": hit.key if hit.kind is HitKind.OBJEKT else None,
    }


def _page(hit: Hit) -> str | None:
    """The page of the thing itself, where it has one."""
    if hit.kind is HitKind.PLAN:
        return url_for("plans.page", plan_id=hit.key)
    if hit.kind is HitKind.GEMEINDE and gemeinde_of(hit.key) is not None:
        return url_for("gemeinden.overview", ags=hit.key)
    if hit.kind is HitKind.OBJEKT and hit.source in portal().catalogue.layers():
        return url_for("themes.feature", name=hit.source, identifier=hit.key)
    return None


def _here(hit: Hit) -> str | None:
    """The answer for the place; what is larger than a plot has none of its own."""
    match hit.kind:
        case HitKind.ADRESSE:
            return url_for("hier.show", adresse=hit.key)
        case HitKind.FLURSTUECK:
            return url_for("hier.show", flurstueck=hit.key)
        case HitKind.KOORDINATE | HitKind.OBJEKT:
            return url_for("hier.show", lon=hit.lon, lat=hit.lat)
        case _:
            return None


def _label(hit: Hit) -> str:
    if hit.kind is HitKind.OBJEKT:
        layer = portal().catalogue.layers().get(hit.source)
        return hit.source if layer is None else translated(layer.title)
    return either(*_LABELS[hit.kind])


_LABELS = {
    HitKind.GEMEINDE: ("Stadt oder Gemeinde", "Municipality"),
    HitKind.ORTSTEIL: ("Ortsteil", "Village or quarter"),
    HitKind.STRASSE: ("Straße", "Street"),
    HitKind.ADRESSE: ("Adresse", "Address"),
    HitKind.PLAN: ("Plan", "Plan"),
    HitKind.GEMARKUNG: ("Gemarkung", "Cadastral district"),
    HitKind.FLURSTUECK: ("Flurstück", "Parcel"),
    HitKind.KOORDINATE: ("Koordinate", "Coordinates"),
}
