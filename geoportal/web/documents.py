"""Documents of published plans: their links, and the files themselves from the archive."""

import mimetypes
import re
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, current_app, jsonify, request, send_file, url_for

from geoportal import published
from geoportal.published import Dokument
from geoportal.web import words
from geoportal.web.errors import FileAway, InvalidQuery, NotPublished
from geoportal.web.language import either, language
from geoportal.web.portal import portal

bp = Blueprint("documents", __name__)

_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_MAX_SHEETS = 100_000
_SHEET_SECONDS = 300  # a new version of the plan brings another sheet to the same address

_PDF = "application/pdf"
_MAX_PLANS = 50


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """How a page names a document; `href` is None when it is neither here nor on the web."""

    title: str
    detail: str
    href: str | None
    external: bool


def document_link(dokument: Dokument, *, former: bool = False) -> DocumentLink:
    """`former`: of a version that is not the present one, which may have had what is not public any more."""
    title = _title(dokument)
    day = "" if dokument.datum is None else words.long_date(dokument.datum, language())
    if dokument.sha256 is not None:
        kind = "PDF" if _media_type(dokument) == _PDF else _file_name(dokument).rpartition(".")[2].upper()
        size = "" if dokument.size is None else words.file_size(dokument.size, language())
        href = file_address(dokument)
        # XPlanGML says nothing of a document's language; those of German authorities are German (VwVfG § 23)
        tongue = either("", "in German")
        return DocumentLink(title, ", ".join(filter(None, (kind, size, day, tongue))), href, external=False)
    if dokument.url is not None and (host := _web_host(dokument.url)) is not None:
        return DocumentLink(title, either(f"auf {host}", f"on {host}"), dokument.url, external=True)
    if former and dokument.size is not None:
        away = either("wird hier nicht mehr bereitgestellt", "is no longer available here")
        return DocumentLink(title, ", ".join(filter(None, (day, away))), None, external=False)
    return DocumentLink(title, either("liegt hier nicht vor", "is not available here"), None, external=False)


def file_address(dokument: Dokument) -> str:
    """Where the file of a public document is; the name is for readers."""
    return url_for("documents.file", sha256=dokument.sha256, name=_file_name(dokument))


@bp.get("/dokumente.json")
def links() -> Response:
    """`?plan=UUID&plan=UUID…` -> {plan id: [DocumentLink]}, for the map's panel."""
    asked = request.args.getlist("plan")
    if len(asked) > _MAX_PLANS:
        raise InvalidQuery(f"plan: höchstens {_MAX_PLANS}")
    try:
        ids = [UUID(each) for each in asked]
    except ValueError as error:
        raise InvalidQuery("plan: UUID") from error
    with portal().engine.connect() as connection:
        found = published.dokumente(connection, ids)
    grouped: dict[str, list[dict[str, object]]] = {str(each): [] for each in ids}
    for dokument in found:
        grouped[str(dokument.plan_id)].append(asdict(document_link(dokument)))
    return jsonify(grouped)


@bp.get("/dokument/<string(length=64):sha256>/<name>")
def file(sha256: str, name: str) -> Response:  # noqa: ARG001 - the name is for readers; the content decides
    """A document of a published plan; what only unpublished versions name is not there for anyone."""
    own = portal()
    with own.engine.connect() as connection:
        dokument = published.dokument(connection, sha256)
    if dokument is None or dokument.sha256 is None:
        raise NotPublished
    media_type = _media_type(dokument)
    path = own.archive.path(dokument.sha256)
    if not path.is_file():
        current_app.logger.error("document %s is not in the archive", dokument.sha256)
        raise FileAway
    response = send_file(
        path,
        mimetype=media_type,
        as_attachment=media_type != _PDF,
        download_name=_file_name(dokument),
        etag=dokument.sha256,
        last_modified=None,
        max_age=0,
    )
    # A delivered file must never act in our origin, whatever is in it.
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@bp.get("/plan/<uuid:plan_id>/blatt/<int:position>.tif")
def sheet(plan_id: UUID, position: int) -> Response:
    """A scanned sheet as Cloud Optimized GeoTIFF, of which programs read the part that they show (Range)."""
    own = portal()
    with own.engine.connect() as connection:
        blatt = published.blatt(connection, plan_id, position) if position <= _MAX_SHEETS else None
    if blatt is None:
        raise NotPublished
    path = own.archive.path(blatt.sha256)
    if not path.is_file():
        current_app.logger.error("sheet %s is not in the archive", blatt.sha256)
        raise FileAway
    response = send_file(path, mimetype=_COG, etag=blatt.sha256, last_modified=None, max_age=_SHEET_SECONDS)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, ETag"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _title(dokument: Dokument) -> str:
    """Kind and name; a name that says only the kind once more ("Begründung.pdf") is left out."""
    kind, name = dokument.typ_text, dokument.name
    if kind is None or name is None:
        return kind or name or "Dokument"
    stem = name.rpartition(".")[0] or name
    return kind if stem.casefold() == kind.casefold() else f"{kind}: {name}"


def _media_type(dokument: Dokument) -> str:
    """As delivered, else by the suffix of the name or of the delivered file."""
    guesses = (mimetypes.guess_type(named)[0] for named in (dokument.name, dokument.url) if named)
    return dokument.media_type or next(filter(None, guesses), "application/octet-stream")


def _file_name(dokument: Dokument) -> str:
    """A name without path or control characters, with the suffix of its type."""
    stem = re.sub(r"[^\w.()-]+", "_", dokument.name or "").strip("._") or "Dokument"
    suffix = mimetypes.guess_extension(_media_type(dokument)) or ""
    return stem if stem.lower().endswith(suffix) else stem + suffix


def _web_host(url: str) -> str | None:
    """The host of a web address; None for everything else, such as `javascript:` or a bare file name."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unfinished IPv6 address
        return None
    return parts.hostname if parts.scheme in {"http", "https"} else None
