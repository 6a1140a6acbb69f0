"""Files on a slow line: the tus protocol 1.0 (core, creation, termination, checksum), so that a transfer goes on where
it broke off. How much has arrived is the size of the file in the folder of transfers; its row says whose it is. A
machine without such a file has nothing of it yet: another one has, or had, and the sender begins anew.
"""

import base64
import binascii
import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import RawIOBase
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request, url_for
from sqlalchemy import text

from geoportal import workflow
from geoportal.accounts import hidden
from geoportal.accounts.acting import acting
from geoportal.accounts.roles import Action, Principal
from geoportal.archive import is_full, write_all
from geoportal.web.desk.access import open_to, who
from geoportal.web.desk.room import desk
from geoportal.web.errors import InvalidQuery, NotPublished
from geoportal.web.portal import portal

_VERSION: Final = "1.0.0"
_KEPT: Final = timedelta(days=2)
_PIECE: Final = 1024 * 1024
_OPEN: Final = 20  # transfers of one account at a time
_HEADERS: Final = {"Tus-Resumable": _VERSION, "Cache-Control": "no-store"}

_ADD = text("""
    INSERT INTO desk.transfer (id, account_id, ags, filename, size, expires_at)
    VALUES (:id, :account, :ags, :filename, :size, :expires)""")
_FIND = text(
    "SELECT id, ags, filename, size, upload_id, expires_at FROM desk.transfer WHERE id = :id AND expires_at > :now"
)
_DONE = text("UPDATE desk.transfer SET upload_id = :upload WHERE id = :id AND upload_id IS NULL")
_DROP = text("DELETE FROM desk.transfer WHERE id = :id")
_MINE = text("SELECT count(*) FROM desk.transfer WHERE upload_id IS NULL AND expires_at > :now")


@dataclass(frozen=True, slots=True)
class _Transfer:
    id: str
    ags: str
    filename: str
    size: int
    upload_id: int | None
    expires_at: datetime


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/tus/", "tus_create", create, methods=["POST"])
    bp.add_url_rule("/tus/<transfer>", "tus_head", head, methods=["HEAD"])
    bp.add_url_rule("/tus/<transfer>", "tus_patch", patch, methods=["PATCH"])
    bp.add_url_rule("/tus/<transfer>", "tus_delete", terminate, methods=["DELETE"])


@open_to(Action.DELIVER)
def create() -> Response:
    own, principal = desk(), who()
    raw = request.headers.get("Upload-Length", "")
    if not (raw.isascii() and raw.isdecimal()) or not raw.strip("0"):
        return _said(400)
    if len(raw) > 15 or int(raw) > workflow.MAX_SIZE:
        return _said(413)
    told = _metadata(request.headers.get("Upload-Metadata", ""))
    ags = told.get("gemeinde", "")
    principal.require(Action.DELIVER, ags, principal.account_id)
    workflow.require_room(own.engine, principal, ags, int(raw))
    number = hidden.new_secret()
    with acting(own.engine, principal) as connection:
        if (connection.scalar(_MINE, {"now": own.now()}) or 0) >= _OPEN:
            return _said(429)
        values = {"id": number, "account": principal.account_id, "ags": ags, "size": int(raw)}
        values |= {"filename": workflow.plain_name(told.get("filename", "")), "expires": own.now() + _KEPT}
        connection.execute(_ADD, values)
    _folder().mkdir(parents=True, exist_ok=True)
    _path(number).touch(exist_ok=False)
    return _said(201, Location=url_for("desk.tus_head", transfer=number))


@open_to(Action.DELIVER)
def head(transfer: str) -> Response:
    found = _find(transfer)
    offset = found.size if found.upload_id is not None else _arrived(transfer)
    return _said(200, **{"Upload-Offset": str(offset), "Upload-Length": str(found.size)}, **_delivery(found.upload_id))


@open_to(Action.DELIVER)
def patch(transfer: str) -> Response:
    """One piece, of any length; what has arrived is kept even if the line breaks."""
    if request.headers.get("Content-Type") != "application/offset+octet-stream":
        return _said(415)
    found = _find(transfer)
    if found.upload_id is not None:
        return _said(409)
    request.max_content_length = None  # bounded below by what is still missing
    with _held(transfer) as file:
        if file is None:
            return _said(423)
        offset = file.seek(0, 2)
        if request.headers.get("Upload-Offset") != str(offset):
            return _said(409)
        status = _take(file, offset, found.size)
        offset = file.seek(0, 2)
        if status != 204:
            return _said(status)
        if offset < found.size:
            return _said(204, **{"Upload-Offset": str(offset)})
        return _said(204, **{"Upload-Offset": str(offset)}, **_delivery(_finish(found, who())))


@open_to(Action.DELIVER)
def terminate(transfer: str) -> Response:
    _find(transfer)
    with acting(desk().engine, who()) as connection:
        connection.execute(_DROP, {"id": transfer})
    _path(transfer).unlink(missing_ok=True)
    return _said(204)


def _take(file: RawIOBase, offset: int, size: int) -> int:
    """Appends the body; 204, or why not. A piece whose checksum is wrong is taken off again."""
    wanted = None
    if "Upload-Checksum" in request.headers:
        try:
            kind, _, encoded = request.headers["Upload-Checksum"].partition(" ")
            wanted = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return 400
        if kind != "sha256":
            return 400
    counted, left = hashlib.sha256(), size - offset
    try:
        while chunk := request.stream.read(min(_PIECE, left + 1)):
            left -= len(chunk)
            if left < 0:
                file.truncate(offset)
                return 413
            counted.update(chunk)
            write_all(file.write, chunk)
    except OSError as fault:
        if is_full(fault):
            return 507
        # the line broke: what came is kept
    if wanted is not None and counted.digest() != wanted:
        file.truncate(offset)
        return 460  # tus: checksum mismatch
    return 204


def _finish(found: _Transfer, principal: Principal) -> int:
    own = desk()
    with _path(found.id).open("rb") as source:
        number = workflow.deliver(
            own.engine, portal().archive, principal, found.ags, found.filename, source, found.size
        )
    with acting(own.engine, principal) as connection:
        connection.execute(_DONE, {"id": found.id, "upload": number})
    _path(found.id).unlink(missing_ok=True)
    return number


@contextmanager
def _held(transfer: str) -> Iterator[RawIOBase | None]:
    """The file, for one request at a time; None while another one writes."""
    _folder().mkdir(parents=True, exist_ok=True)
    with _path(transfer).open("a+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file


def _find(transfer: str) -> _Transfer:
    """The transfer, if it is the account's own; others' are not there."""
    own = desk()
    with acting(own.engine, who()) as connection:
        row = connection.execute(_FIND, {"id": transfer, "now": own.now()}).mappings().one_or_none()
    if row is None:
        raise NotPublished
    return _Transfer(**row)


def _metadata(header: str) -> dict[str, str]:
    """`filename cGxhbi5nbWw=,gemeinde MDY1MzQwMDg=` -> what it says."""
    try:
        pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
        return {name: base64.b64decode(value, validate=True).decode("utf-8") for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidQuery("Upload-Metadata") from error


def _folder() -> Path:
    return desk().settings.transfers


def _arrived(transfer: str) -> int:
    try:
        return _path(transfer).stat().st_size
    except FileNotFoundError:
        return 0


def _path(transfer: str) -> Path:
    return _folder() / transfer


def _delivery(number: int | None) -> dict[str, str]:
    return {} if number is None else {"Upload-Delivery": url_for("desk.delivery", number=number)}


def _said(status: int, **headers: str) -> Response:
    return Response(status=status, headers=_HEADERS | headers)
