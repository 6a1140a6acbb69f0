"""The finished files, as they lie on the disk: these pages ask no database."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, send_file

from geoportal.downloads import Download
from geoportal.web.errors import FileAway, NotPublished
from geoportal.web.language import either
from geoportal.web.portal import portal
from plans_ingest.gemeinden import all_gemeinden

bp = Blueprint("downloads", __name__)

_MAX_AGE = 300  # seconds; the name leads to another content after the next publication


@dataclass(frozen=True, slots=True)
class Row:
    """A collection with its files; `parts` are those of the Gemeinden, by name of the Gemeinde."""

    title: str
    files: list[Download]
    parts: list[Download]


@bp.get("/downloads/")
def overview() -> str:
    own = portal()
    files = own.downloads.all().values()
    rows = []
    for layer in own.catalogue.layers().values():
        mine = [each for each in files if each.collection == layer.id]
        if mine:
            whole = own.downloads.of(layer.id)
            rows.append(
                Row(
                    either(layer.title.de, layer.title.en),
                    whole,
                    [each for each in mine if each.ags and each.suffix == "gpkg"],
                )
            )
    names = {each.ags: each.name for each in all_gemeinden()}
    return render_template("downloads.html", rows=rows, names=names)


@bp.get("/downloads/<name>")
def file(name: str) -> Response:
    """Whole or in part (Range), with validators and the hash of the whole (RFC 9530)."""
    own = portal()
    folder = next((each for each in (own.downloads, own.packages) if name in each.all()), None)
    if folder is None or (download := folder.all().get(name)) is None:
        raise NotPublished
    path = folder.path(download)
    if not path.is_file():  # replaced an hour ago, and this process has just not heard of it
        raise FileAway
    response = send_file(
        path,
        mimetype=download.format.media_type,
        as_attachment=True,
        download_name=download.name,
        etag=download.sha256,
        last_modified=download.built,
        max_age=_MAX_AGE,
    )
    response.headers["Repr-Digest"] = download.digest
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, ETag, Repr-Digest"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
