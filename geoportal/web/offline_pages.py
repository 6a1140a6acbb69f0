"""What helps without a network: the service worker, the page that switches it on, and the packages of the Gemeinden."""

from typing import Final

from flask import Blueprint, Response, current_app, render_template, send_from_directory

from geoportal.content_policy import content_policy
from geoportal.web.portal import portal
from plans_ingest.gemeinden import all_gemeinden

bp = Blueprint("offline", __name__)

_WORKER: Final = "service-worker.js"


@bp.get("/offline/")
def page() -> str:
    """Asks no database."""
    names = {each.ags: each.name for each in all_gemeinden()}
    found = sorted(portal().packages.all().values(), key=lambda each: names.get(each.ags or "", ""))
    return render_template("offline.html", packages=found, names=names)


@bp.get(f"/{_WORKER}")
def worker() -> Response:
    """At the root, because it may keep what lies below its own address and nothing else."""
    response = send_from_directory(f"{current_app.static_folder}/js", _WORKER, mimetype="text/javascript", max_age=0)
    response.headers["Cache-Control"] = "no-cache"  # a browser looks for a newer one with every visit
    response.headers["Content-Security-Policy"] = content_policy()  # that of its page does not bind a worker
    return response
