"""The map: one page whose scripts read everything from the OGC API."""

from flask import Blueprint, render_template, url_for

from geoportal.web import basemap_pages, themes, words
from geoportal.web.language import language
from geoportal.web.portal import ogc_root, portal
from geoportal.web.print_query import MOST_LAYERS

bp = Blueprint("map", __name__)

_ANY_PLAN = "00000000-0000-0000-0000-000000000000"


@bp.get("/")
def show() -> str:
    """Asks no database: the map stands even while the data are away, and says so itself."""
    own = portal()
    layers = own.catalogue.layers()
    shown = own.catalogue.themes()
    return render_template(
        "map.html",
        themes=shown,
        headings=themes.headings(shown, language()),
        layers=layers,
        # What the scripts need to know; a data block, which the policy lets through because no browser runs it.
        page_data={
            "ogc": ogc_root(),
            "live": url_for("live.stream", lang=None),
            # beginnings of addresses: the scripts add the rest, and the language
            "details": url_for("themes.listing", name=_ANY_PLAN, lang=None).removesuffix(f"{_ANY_PLAN}/"),
            "here": url_for("hier.show", lang=None),
            "documents": url_for("documents.links"),
            "planPage": url_for("plans.page", plan_id=_ANY_PLAN, lang=None).removesuffix(_ANY_PLAN),
            "mostPrinted": MOST_LAYERS,
            "today": own.today().isoformat(),
            "openingView": own.config.opening_view.model_dump(),
            "basemaps": [basemap_pages.for_script(basemap) for basemap in own.config.basemaps],
            "status": {status: text._asdict() for status, text in words.STATUS[language()].items()},
            "plans": {name: themes.for_script(layers[name], language()) for name in themes.PLANS},
            "themes": [themes.for_script(layer, language()) for layer in shown],
        },
    )
