"""Third-party front-end files: from npm, served by us, and only those that a page uses."""

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from geoportal.web.errors import NotPublished, PortalSetupError

_LEAFLET = frozenset({"leaflet.js", "leaflet.css"})


def blueprint(node_modules: Path) -> Blueprint:
    """Raises PortalSetupError when a file is missing, so that it is told at the start and not by an empty map."""
    leaflet = node_modules / "leaflet" / "dist"
    missing = sorted(name for name in _LEAFLET if not (leaflet / name).is_file())
    if missing:
        raise PortalSetupError(
            f"{leaflet}: {', '.join(missing)} fehlt: `npm ci` ausführen. / Missing front-end packages: run `npm ci`."
        )
    bp = Blueprint("vendor", __name__)

    @bp.get("/static/vendor/leaflet/<name>")
    def leaflet_file(name: str) -> Response:
        if name not in _LEAFLET:
            raise NotPublished
        return send_from_directory(leaflet, name)

    return bp
