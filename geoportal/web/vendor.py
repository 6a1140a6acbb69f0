"""Third-party front-end files: from npm, served by us, and only those that a page uses."""

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request, send_from_directory

from geoportal.web.errors import NotPublished, PortalSetupError

_LEAFLET: Final = frozenset({"leaflet.js", "leaflet.css"})
# Modules, as they are, but for the name by which one imports another: without a bundler a browser needs an address.
_MODULES: Final = {
    "vector-tile.js": "@mapbox/vector-tile/index.js",
    "point-geometry.js": "@mapbox/point-geometry/index.js",
    "pbf.js": "pbf/index.js",
}
_IMPORTED: Final = ("from '@mapbox/point-geometry'", "from './point-geometry.js'")


def blueprint(node_modules: Path) -> Blueprint:
    """Raises PortalSetupError when a file is missing, so that it is told at the start and not by an empty map."""
    leaflet = node_modules / "leaflet" / "dist"
    needed = [leaflet / name for name in _LEAFLET] + [node_modules / path for path in _MODULES.values()]
    if missing := sorted(str(file.relative_to(node_modules)) for file in needed if not file.is_file()):
        raise PortalSetupError(
            f"{node_modules}: {', '.join(missing)} fehlt: `npm ci` ausführen. / "
            "Missing front-end packages: run `npm ci`."
        )
    modules = {
        name: (node_modules / path).read_text("utf-8").replace(*_IMPORTED).encode() for name, path in _MODULES.items()
    }
    bp = Blueprint("vendor", __name__)

    @bp.get("/static/vendor/leaflet/<name>")
    def leaflet_file(name: str) -> Response:
        if name not in _LEAFLET:
            raise NotPublished
        return send_from_directory(leaflet, name)

    @bp.get("/static/vendor/modules/<name>")
    def module(name: str) -> Response:
        if name not in modules:
            raise NotPublished
        response = Response(modules[name], content_type="text/javascript; charset=utf-8")
        response.add_etag()
        response.make_conditional(request)
        return response

    return bp
