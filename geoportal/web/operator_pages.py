"""What the operator has to say (config/portal.yml), and the signs of life of the process."""

import json
from datetime import timedelta

from flask import Blueprint, Response, render_template

from geoportal import health
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


@bp.get("/.well-known/security.txt")
def security() -> Response:
    """RFC 9116: whom to tell of a weakness. Expires as if it had been written today, which it is."""
    own = portal()
    contact = own.config.contact.email
    lines = (
        f"Contact: {f'mailto:{contact}' if contact else f'{own.settings.public_url}/impressum/'}",
        f"Expires: {own.today() + timedelta(days=180)}T00:00:00Z",
        "Preferred-Languages: de, en",
        f"Canonical: {own.settings.public_url}/.well-known/security.txt",
    )
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")


@bp.get("/healthz")
def alive() -> Response:
    """Of this process only: a restart would not help a database that is away."""
    return Response("ok\n", mimetype="text/plain", headers={"Cache-Control": "no-store"})


@bp.get("/readyz")
def ready() -> Response:
    """Whether this process can serve readers: 503 sends a load balancer elsewhere. Names and levels, no more."""
    own = portal()
    found = health.examine(own.settings.require_read_url(), own.settings.data, own.catalogue.layers().values())
    document = {"status": found.level, "checks": {finding.subject: finding.level for finding in found.findings}}
    return Response(
        json.dumps(document),
        status=200 if found.is_ready else 503,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"} | ({} if found.is_ready else {"Retry-After": "5"}),
    )
