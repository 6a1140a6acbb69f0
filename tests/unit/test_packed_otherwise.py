"""A plan and its document in archives of every kind: names in their spellings, folders, and what a Mac adds."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from tests.files import pdf
from tests.otherwise import document, read


def zip_of(files: dict[bytes, bytes], *, utf8: bool) -> bytes:
    """An archive whose names are these bytes, whatever they mean (zipfile writes names of its own spelling)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for number, content in enumerate(files.values()):
            opened.writestr(f"{number:03}", content)
    raw = out.getvalue()
    for number, name in enumerate(files):
        raw = renamed(raw, f"{number:03}".encode(), name, utf8=utf8)
    return raw


def renamed(raw: bytes, old: bytes, new: bytes, *, utf8: bool) -> bytes:
    """The name in the local head and in the directory, the offsets behind it moved."""
    end = raw.rindex(b"PK\x05\x06")
    count, start = struct.unpack("<H4xI", raw[end + 10 : end + 20])
    grown = len(new) - len(old)
    local = raw.index(b"PK\x03\x04")
    while raw[local + 30 : local + 33] != old:
        local = raw.index(b"PK\x03\x04", local + 4)
    heads, at = [], start
    for _ in range(count):
        name, extra, comment = struct.unpack("<HHH", raw[at + 28 : at + 34])
        length = 46 + name + extra + comment
        head = bytearray(raw[at : at + length])
        offset = struct.unpack("<I", head[42:46])[0]
        if offset > local:
            head[42:46] = struct.pack("<I", offset + grown)
        if bytes(head[46 : 46 + name]) == old:
            head[28:30] = struct.pack("<H", len(new))
            head[8:10] = struct.pack("<H", 0x800 if utf8 else 0)
            head[46 : 46 + name] = new
        heads.append(bytes(head))
        at += length
    first = bytearray(raw[local : local + 30])
    first[26:28] = struct.pack("<H", len(new))
    first[6:8] = struct.pack("<H", 0x800 if utf8 else 0)
    body = raw[:local] + bytes(first) + new + raw[local + 30 + len(old) : start]
    directory = b"".join(heads)
    return body + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)


@pytest.mark.parametrize(
    ("encoding", "utf8"),
    [("utf-8", True), ("utf-8", False), ("cp437", False), ("cp850", False), ("cp1252", False), ("iso-8859-1", False)],
)
@pytest.mark.parametrize(
    ("plan_name", "document_name"),
    [
        ("plan.gml", "Anlagen/Begründung.pdf"),
        ("Pläne/Größe/Am Hang – Süd.gml".replace("–", "-"), "Pläne/Größe/Anlagen/Begründung.pdf"),
        ("PLAN.XML", "anlagen\\BEGRÜNDUNG.PDF"),
        ("a/b/plan", "Begründung.pdf"),
    ],
)
def test_in_an_archive(tmp_path: Path, encoding: str, utf8: bool, plan_name: str, document_name: str) -> None:
    files = {plan_name.encode(encoding): document().encode(), document_name.encode(encoding): pdf()}
    batch = read(tmp_path, zip_of(files, utf8=utf8), "plan.zip")
    [found] = batch.plans
    [attachment] = batch.attachments
    assert attachment.name == document_name.replace("\\", "/")
    assert [each.attachment for each in found.dokumente] == [attachment.name]
    assert [each.gml_id for each in found.objekte] == ["flaeche", "rest", "linie", "bogen", "schrift"]


def test_in_an_archive_of_a_mac(tmp_path: Path) -> None:
    files = {
        b"plan.gml": document().encode(),
        "Anlagen/Begru\u0308ndung.pdf".encode(): pdf(),
        b"__MACOSX/._plan.gml": b"\0\5\x16\7",
    }
    [found] = read(tmp_path, zip_of(files, utf8=True), "plan.zip").plans
    assert found.dokumente[0].attachment is not None
