"""Files on a slow line: the tus protocol 1.0 (core, creation, termination, checksum), so that a transfer goes on where
it broke off. How much has arrived is the size of the file in the folder of transfers; its row says whose it is. A
machine without such a file has nothing of it yet: another one has, or had, and the sender begins anew.

Who begins to send a file of which a part has arrived is answered with that transfer and its offset, also after the
session has ended, the browser was closed, or from another one: nothing about it is kept on the sender's machine.
"""

import base64
import binascii
import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from io import RawIOBase
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

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
    INSERT INTO desk.transfer (id, account_id, ags, filename, size, modified, expires_at)
    VALUES (:id, :account, :ags, :filename, :size, :modified, :expires)""")
_SELECT = "SELECT id, ags, filename, size, upload_id, expires_at FROM desk.transfer"
_FIND = text(f"{_SELECT} WHERE id = :id AND expires_at > :now")
_MINE = text(f"{_SELECT} WHERE upload_id IS NULL AND expires_at > :now ORDER BY expires_at, id")
# whose date nobody has told is never the same
_SAME = text(f"""{_SELECT}
    WHERE ags = :ags AND filename = :filename AND size = :size AND modified = :modified
      AND upload_id IS NULL AND expires_at > :now
    ORDER BY expires_at DESC LIMIT 1""")
_DONE = text("UPDATE desk.transfer SET upload_id = :upload WHERE id = :id AND upload_id IS NULL")
_DROP = text("DELETE FROM desk.transfer WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file on its way; `upload_id` once it has arrived and is delivered."""

    id: str
    ags: str
    filename: str
    size: int
    upload_id: int | None
    expires_at: datetime

    @property
    def arrived(self) -> int:
        """Bytes."""
        return self.size if self.upload_id is not None else _arrived(self.id)


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/tus/", "tus_create", create, methods=["POST"])
    bp.add_url_rule("/tus/<transfer>", "tus_head", head, methods=["HEAD"])
    bp.add_url_rule("/tus/<transfer>", "tus_patch", patch, methods=["PATCH"])
    bp.add_url_rule("/tus/<transfer>", "tus_delete", terminate, methods=["DELETE"])
    bp.add_url_rule("/tus/<transfer>/verwerfen", "tus_drop", drop, methods=["POST"])


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
    file = {"ags": ags, "filename": workflow.plain_name(told.get("filename", "")), "size": int(raw)}
    file["modified"] = _milliseconds(told.get("lastmodified", ""))
    with acting(own.engine, principal) as connection:
        same = connection.execute(_SAME, file | {"now": own.now()}).mappings().one_or_none()
        if same is not None:
            return _begun(Transfer(**same))
        if len(connection.execute(_MINE, {"now": own.now()}).all()) >= _OPEN:
            return _said(429)
        known = {"id": number, "account": principal.account_id, "expires": own.now() + _KEPT}
        connection.execute(_ADD, file | known)
    _folder().mkdir(parents=True, exist_ok=True)
    _path(number).touch(exist_ok=False)
    return _said(201, Location=url_for("desk.tus_head", transfer=number), **{"Upload-Offset": "0"})


def _begun(same: Transfer) -> Response:
    address = url_for("desk.tus_head", transfer=same.id)
    return _said(201, Location=address, **{"Upload-Offset": str(same.arrived)})


@open_to(Action.DELIVER)
def head(transfer: str) -> Response:
    found = _find(transfer)
    told = {"Upload-Offset": str(found.arrived), "Upload-Length": str(found.size)}
    return _said(200, **told, **_delivery(found.upload_id))


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
    _drop(transfer)
    return _said(204)


@open_to(Action.DELIVER)
def drop(transfer: str) -> BaseResponse:
    """The same, from a form."""
    _drop(transfer)
    return redirect(url_for("desk.deliver"), HTTPStatus.SEE_OTHER)


def begun() -> list[Transfer]:
    """Of who asks, those that have not arrived."""
    own = desk()
    with acting(own.engine, who()) as connection:
        return [Transfer(**row) for row in connection.execute(_MINE, {"now": own.now()}).mappings()]


def _drop(transfer: str) -> None:
    _find(transfer)
    with acting(desk().engine, who()) as connection:
        connection.execute(_DROP, {"id": transfer})
    _path(transfer).unlink(missing_ok=True)


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


def _finish(found: Transfer, principal: Principal) -> int:
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


def _find(transfer: str) -> Transfer:
    """The transfer, if it is the account's own; others' are not there."""
    own = desk()
    with acting(own.engine, who()) as connection:
        row = connection.execute(_FIND, {"id": transfer, "now": own.now()}).mappings().one_or_none()
    if row is None:
        raise NotPublished
    return Transfer(**row)


def _metadata(header: str) -> dict[str, str]:
    """`filename cGxhbi5nbWw=,gemeinde MDY1MzQwMDg=` -> what it says."""
    try:
        pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
        return {name: base64.b64decode(value, validate=True).decode("utf-8") for name, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidQuery("Upload-Metadata") from error


def _milliseconds(raw: str) -> int | None:
    return int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 16 else None


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
