"""What the operator has to say (config/portal.yml), and the sign of life of the process."""

from flask import Blueprint, Response, render_template

from geoportal.web.portal import portal

bp = Blueprint("operator", __name__)


@bp.get("/impressum/")
def imprint() -> str:
    return render_template("text_page.html", page=portal().config.imprint)


@bp.get("/datenschutz/")
def privacy() -> str:
    return render_template("text_page.html", page=portal().config.privacy)


@bp.get("/barrierefreiheit/")
def accessibility() -> str:
    return render_template("text_page.html", page=portal().config.accessibility)


@bp.get("/healthz")
def health() -> Response:
    """Of this process only: a restart would not help a database that is away."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})
