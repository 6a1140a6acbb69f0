"""Files that are broken or built to harm: a clear refusal, quickly, and nothing read, fetched or left behind."""

import gzip
import struct
import zipfile
from pathlib import Path

import pytest

from plans_ingest import NoPlan, PlanFileError, UnreadableFile, UnsafeFile, UnsupportedFormat, ingest
from tests.files import archive, plan, write, xplangml

GOOD = xplangml(plan())


def refused(tmp_path: Path, content: bytes, kind: type[PlanFileError], name: str = "plan.gml") -> PlanFileError:
    file = tmp_path / name
    file.write_bytes(content)
    workdir = tmp_path / "work"
    workdir.mkdir()
    with pytest.raises(kind) as caught:
        ingest(file, workdir, srid=25832)
    assert str(tmp_path) not in str(caught.value), "a path of the server in a message"
    assert caught.value.german
    assert caught.value.english
    return caught.value


def test_an_external_entity_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    doctype = f'<!DOCTYPE x [<!ENTITY leak SYSTEM "file://{secret}">]>'
    hostile = GOOD.replace("?>\n", f"?>\n{doctype}\n", 1).replace("Am Hang", "&leak;")
    fault = refused(tmp_path, hostile.encode(), UnsafeFile)
    assert "DOCTYPE" in str(fault)
    assert fault.where is not None
    assert fault.where.line == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_no_encoding_hides_a_doctype(tmp_path: Path, encoding: str) -> None:
    declared = "UTF-16" if encoding == "utf-16" else "UTF-8"
    hostile = GOOD.replace("?>\n", "?>\n<!DOCTYPE x>\n", 1).replace("UTF-8", declared)
    refused(tmp_path, hostile.encode(encoding), UnsafeFile)


def test_a_billion_laughs(tmp_path: Path) -> None:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {b} "&{a};&{a};&{a};&{a};">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    refused(tmp_path, GOOD.replace("?>\n", f"?>\n<!DOCTYPE x [{entities}]>", 1).encode(), UnsafeFile)


def test_depth(tmp_path: Path) -> None:
    nested = "<xplan:a>" * 5_000 + "</xplan:a>" * 5_000
    refused(tmp_path, xplangml(plan(extra=nested)).encode(), UnsafeFile)


def test_attributes(tmp_path: Path) -> None:
    many = " ".join(f'a{i}="1"' for i in range(50_000))
    refused(tmp_path, xplangml(plan(extra=f"<xplan:x {many}/>")).encode(), UnsafeFile)


def test_a_text_without_end(tmp_path: Path) -> None:
    refused(tmp_path, xplangml(plan(name="x" * 11_000_000)).encode(), UnsafeFile)


def test_a_file_cut_short_names_the_line(tmp_path: Path) -> None:
    fault = refused(tmp_path, GOOD.encode()[:-40], UnreadableFile)
    assert fault.where is not None
    assert fault.where.line


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", UnreadableFile),
        (b"\0" * 500, UnreadableFile),
        (b"<html><body>404</body></html>", NoPlan),
        (b"%PDF-1.7\n...", UnreadableFile),
        (b"SQLite format 3\0....", UnreadableFile),
        (b"\x89PNG\r\n\x1a\n", UnreadableFile),
        (b"Hallo Welt", UnsupportedFormat),
        (GOOD.replace("5/4", "2/0").encode(), UnsupportedFormat),
        (GOOD.replace("BP_Plan", "LP_Plan").encode(), NoPlan),
        (GOOD.replace("xplangml/5/4", "nichts").encode(), NoPlan),
        (b"\x1f\x8bgarbage", UnreadableFile),
        (b"PK\x03\x04garbage", UnreadableFile),
    ],
)
def test_what_is_no_plan_file(tmp_path: Path, content: bytes, kind: type[PlanFileError]) -> None:
    refused(tmp_path, content, kind)


@pytest.mark.parametrize(
    "name",
    ["../evil.gml", "/etc/evil.gml", "a\\..\\evil.gml", "C:evil.gml", "a/" * 12 + "x.gml", "x\u202egml.exe", "in.zip"],
)
def test_names_that_lead_out_of_the_archive_or_deceive(tmp_path: Path, name: str) -> None:
    file = archive(tmp_path / "a.zip", {"xplan.gml": GOOD, name: b"x"})
    refused(tmp_path, file.read_bytes(), UnsafeFile, "b.zip")
    assert not (tmp_path.parent / "evil.gml").exists()


def test_a_link_in_an_archive(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", {"xplan.gml": GOOD})
    with zipfile.ZipFile(file, "a") as opened:
        entry = zipfile.ZipInfo("link.pdf")
        entry.external_attr = 0o120777 << 16
        opened.writestr(entry, "/etc/passwd")
    refused(tmp_path, file.read_bytes(), UnsafeFile, "b.zip")


def test_two_entries_of_one_name(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", {"xplan.gml": GOOD, "Plan.pdf": b"1", "plan.PDF": b"2"})
    refused(tmp_path, file.read_bytes(), UnsafeFile, "b.zip")


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", {"xplan.gml": b"<" + b" " * 300_000_000})
    refused(tmp_path, file.read_bytes(), UnsafeFile, "b.zip")
    assert sum(item.stat().st_size for item in (tmp_path / "work").iterdir()) < 100_000_000


def test_a_gzip_bomb(tmp_path: Path) -> None:
    refused(tmp_path, gzip.compress(b"<" + b" " * 300_000_000), UnsafeFile, "b.gml.gz")


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    content = bytearray(archive(tmp_path / "a.zip", {"xplan.gml": b"x" * 5_000}).read_bytes())
    central = content.rindex(b"PK\x01\x02")
    content[central + 24 : central + 28] = struct.pack("<I", 10)
    refused(tmp_path, bytes(content), UnreadableFile, "b.zip")


def test_an_archive_with_something_in_front(tmp_path: Path) -> None:
    content = archive(tmp_path / "a.zip", {"xplan.gml": GOOD}).read_bytes()
    refused(tmp_path, b"PK\x03\x04 not really" + content, PlanFileError, "b.zip")


def test_a_geometry_that_refers_to_itself(tmp_path: Path) -> None:
    loop = '<gml:CompositeCurve gml:id="c" srsName="EPSG:25832"><gml:curveMember xlink:href="#c"/></gml:CompositeCurve>'
    document = xplangml(plan(extra=f"<xplan:position>{loop}</xplan:position>"))
    batch = ingest(write(tmp_path / "p.gml", document), tmp_path, srid=25832)
    assert "geometry_unreadable" in {issue.code for issue in batch.report.issues}


def test_remote_references_are_kept_as_text(tmp_path: Path) -> None:
    reference = (
        "<xplan:externeReferenz><xplan:XP_SpezExterneReferenz><xplan:referenzURL>http://127.0.0.1:9/x.pdf"
        "</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz></xplan:externeReferenz>"
    )
    batch = ingest(write(tmp_path / "p.gml", xplangml(plan(extra=reference))), tmp_path, srid=25832)
    [dokument] = batch.plans[0].dokumente
    assert (dokument.url, dokument.attachment) == ("http://127.0.0.1:9/x.pdf", None)
