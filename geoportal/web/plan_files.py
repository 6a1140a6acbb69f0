"""A public plan as a file to download: XPlanGML 6.0, written when it is first asked for, and kept while there is room.

A file's name says what is in it: the version of the plan, all that it says, and the program that wrote it.
"""

import hashlib
import json
import os
import tempfile
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, request, send_file, url_for
from sqlalchemy import Engine
from werkzeug.wrappers import Response as BaseResponse

from geoportal import published
from geoportal.archive import sha256_of
from geoportal.database.tables import SRID
from geoportal.published import Fassung
from geoportal.web.documents import file_address
from geoportal.web.errors import Crowded, NotPublished
from geoportal.web.plan_query import asked_stand
from geoportal.web.portal import portal
from plans_ingest.export import xplangml

bp = Blueprint("plan_files", __name__)

_MEDIA_TYPE: Final = "application/gml+xml; version=3.2"
_ROOM: Final = 2 * 1024**3  # bytes of files that are kept
_MAX_AGE: Final = 300  # seconds; a new version of the plan brings another file to the same address
_PATIENCE: Final = 20.0  # seconds to wait for another file to be written
_one_at_a_time = threading.Lock()  # in this process: writing takes a processor, and pages want to be answered too


class _Written(NamedTuple):
    path: Path
    sha256: str


@bp.get("/plan/<uuid:plan_id>/xplan.gml")
def xplan_gml(plan_id: UUID) -> BaseResponse:
    """The present version, with `?stand=DATE` the one that was public at the end of that day.

    Whole or in part (Range), with its length, validator and hash (RFC 9530). References to documents that are public
    here lead to them.
    """
    own = portal()
    stand = asked_stand(request.args, own.today())
    with own.engine.connect() as connection:
        fassung = published.public_fassung(connection, plan_id, stand)
        moved = published.neue_adresse(connection, plan_id) if fassung is None else None
        files = () if fassung is None else published.dokumente_of(connection, fassung.id)
    if moved is not None:
        return redirect(url_for("plan_files.xplan_gml", plan_id=moved, stand=stand), code=HTTPStatus.MOVED_PERMANENTLY)
    if fassung is None:
        raise NotPublished
    root = own.settings.public_url
    addresses = {file.url: f"{root}{file_address(file)}" for file in files if file.url and file.sha256}
    # a document that is no longer public, or another name of the portal, makes another file of the same version
    named = hashlib.sha256(json.dumps(addresses, sort_keys=True).encode()).hexdigest()[:8]
    name = f"{fassung.id}-{fassung.fingerprint[:16]}-{xplangml.edition()}-{named}"
    if request.if_none_match.contains(name):  # known without writing it
        response = make_response("", HTTPStatus.NOT_MODIFIED)
        response.set_etag(name)
        return _headed(response)
    written = _written(own.engine, own.settings.plan_files, name, fassung, addresses)
    try:
        response = send_file(
            written.path,
            mimetype=_MEDIA_TYPE,
            as_attachment=True,
            download_name=f"xplan-{plan_id}{'' if stand is None else f'-{stand}'}.gml",
            etag=name,
            last_modified=None,
            max_age=_MAX_AGE,
        )
    except FileNotFoundError as error:  # another process has just made room
        raise Crowded from error
    response.headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(written.sha256)).decode()}:"
    return _headed(response)


def _headed(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={_MAX_AGE}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, ETag, Repr-Digest"
    # what a plan says must never act in our origin
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _written(engine: Engine, folder: Path, name: str, fassung: Fassung, addresses: Mapping[str, str]) -> _Written:
    """Raises NotPublished if the version was withdrawn meanwhile, Crowded when others wait for too much."""
    if (known := _known(folder, name)) is not None:
        return known
    if not _one_at_a_time.acquire(timeout=_PATIENCE):
        raise Crowded
    try:
        return _known(folder, name) or _write(engine, folder, name, fassung, addresses)
    finally:
        _one_at_a_time.release()


def _known(folder: Path, name: str) -> _Written | None:
    for path in folder.glob(f"{name}.*.gml"):
        with suppress(FileNotFoundError):  # another process makes room
            os.utime(path)  # it is wanted
            return _Written(path, path.name.split(".")[1])
    return None


def _write(engine: Engine, folder: Path, name: str, fassung: Fassung, addresses: Mapping[str, str]) -> _Written:
    folder.mkdir(parents=True, exist_ok=True)
    _make_room(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete_on_close=False) as draft:
        with published.whole_plan(engine, fassung.id) as plan:
            if plan is None:
                raise NotPublished
            xplangml.write(plan, draft, SRID, addresses)
        draft.close()
        sha256 = sha256_of(Path(draft.name))
        target = folder / f"{name}.{sha256}.gml"
        with suppress(FileExistsError):  # another process was as fast
            os.link(draft.name, target)
    return _Written(target, sha256)


def _make_room(folder: Path) -> None:
    """What nobody has asked for longest goes first; who is reading it reads it to its end."""
    files = []
    for path in folder.glob("*.gml"):
        with suppress(FileNotFoundError):  # another process makes room too
            files.append((path.stat(), path))
    kept = 0
    for stat, path in sorted(files, key=lambda item: -item[0].st_mtime):
        kept += stat.st_size
        if kept > _ROOM:
            path.unlink(missing_ok=True)
