"""ZIP: names that lead out or deceive, links, overlaps, bombs, archives in archives, lies about sizes."""

import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.files import packed, plan, xplangml
from tests.hostile import Case, Lure, Outcome

GOOD = xplangml(plan())


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for name in (
        "../evil.gml",
        "/etc/evil.gml",
        "a/../../evil.gml",
        "a\\..\\evil.gml",
        "C:evil.gml",
        "\\\\host\\x.gml",
        "a/" * 12 + "x.gml",
        "a\u202elmg.exe",
        "a\u200bb.gml",
        "a\x07b.gml",
        "a\nb.gml",
        "x" * 600,
        "in.zip",
        "in.tar.gz",
        "in.7z",
        "a\u2066b.pdf",
        "./../../x.gml",
        "..",
        "~/../x",
        "aux\u00ad.gml",
    ):
        yield _case(f"name {name[:20]!r}", _zip({name: b"x"}), Outcome.REFUSED)
    for mode, what in (
        (stat.S_IFLNK, "link"),
        (stat.S_IFIFO, "pipe"),
        (stat.S_IFBLK, "device"),
        (stat.S_IFSOCK, "socket"),
    ):
        entry = zipfile.ZipInfo("b.pdf")
        entry.create_system = 3
        entry.external_attr = (mode | 0o777) << 16
        yield _case(f"a {what}", _zip({}, (entry, lure.secret.encode())), Outcome.REFUSED)
    for one, other in (
        ("Plan.pdf", "plan.PDF"),
        ("ﬁ.pdf", "fi.pdf"),
        ("xplan.gml", "XPLAN.gml"),
        ("ä.pdf", "a\u0308.pdf"),
        ("a/b.pdf", "a//b.pdf"),
    ):
        yield _case(f"names alike: {one} and {other}", _zip({one: b"1", other: b"2"}), Outcome.REFUSED)
    yield _case("the same name twice", _zip({}, *((zipfile.ZipInfo("a.pdf"), b"x") for _ in range(2))), Outcome.REFUSED)
    yield _case("2,500 entries", _zip({f"{i}.txt": b"" for i in range(2_500)}), Outcome.REFUSED)
    yield _case("a bomb of 170 MB", _zip({"b.txt": b" " * 170_000_000}), Outcome.REFUSED)
    yield _case("a bomb as plan", packed({"xplan.gml": b"<" + b" " * 170_000_000}), Outcome.REFUSED)
    yield _case("many small bombs", _zip({f"{i}.txt": b" " * 9_000_000 for i in range(20)}), Outcome.REFUSED)
    yield _case("an archive in disguise", _zip({"b.pdf": _zip({})}))
    inner = _zip({"x.txt": b"x"})
    yield _case("an archive in an archive in an archive", _zip({"a.zip": _zip({"b.zip": inner})}), Outcome.REFUSED)
    yield _case("overlapping entries", _overlapping(), Outcome.REFUSED)
    yield _case("something in front", b"MZ" + b"\0" * 500 + _zip({}), Outcome.REFUSED)
    yield _case("another archive in front", _zip({"evil.gml": b"x"})[:-22] + _zip({}), Outcome.REFUSED)
    yield _case("a PDF in front", b"%PDF-1.7\n%%EOF\n" + _zip({}), Outcome.REFUSED)
    whole = _zip({"b.txt": b"abc" * 3_000})
    for at, value, name in (
        (24, 10, "size too small"),
        (20, 10, "packed size too small"),
        (16, 7, "wrong checksum"),
        (42, 2**31, "place beyond the end"),
    ):
        lying = bytearray(whole)
        central = lying.rindex(b"PK\x01\x02")
        struct.pack_into("<I", lying, central + at, value)
        yield _case(name, bytes(lying), Outcome.REFUSED)
    for flag, name in ((0x1, "encrypted"), (0x41, "strongly encrypted"), (0x20, "patched data")):
        yield _case(name, _flagged(whole, 8, flag), Outcome.REFUSED)
    for method in (1, 6, 9, 12, 14, 93, 95, 99):
        yield _case(f"packing method {method}", _flagged(whole, 10, method), Outcome.REFUSED)
    for share in (0.1, 0.5, 0.98):
        yield _case(f"cut short after {share:.0%}", whole[: int(len(whole) * share)], Outcome.REFUSED)
    yield _case("no entries", packed({}), Outcome.REFUSED)
    yield _case("no plan in it", packed({"liesmich.txt": b"x"}), Outcome.REFUSED)
    yield _case("names of garbage", _flagged(whole, 8, 0x800).replace(b"b.txt", b"\xff\xfe.tx"), Outcome.REFUSED)
    yield _case("two plans files that contradict each other", _zip({"b.gml": b"<!DOCTYPE x><x/>"}), Outcome.REFUSED)


def _case(name: str, content: bytes, outcome: Outcome = Outcome.TOLD) -> Case:
    return Case(f"ZIP: {name}", "a.zip", content, outcome)


def _zip(members: dict[str, bytes], *entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    """A good plan and these."""
    return packed({"xplan.gml": GOOD.encode()} | members, *entries)


def _overlapping() -> bytes:
    """Two entries of the directory that unpack the same bytes."""
    whole = bytearray(_zip({"b.txt": b"abc" * 500, "c.txt": b"abc" * 500}))
    first = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    second = whole.index(b"PK\x01\x02", first + 1)
    whole[second + 42 : second + 46] = whole[first + 42 : first + 46]
    return bytes(whole)


def _flagged(whole: bytes, at: int, value: int) -> bytes:
    """The last entry with another field in both of its headers (its place in the central one is two bytes further)."""
    changed = bytearray(whole)
    central = changed.rindex(b"PK\x01\x02")
    (local,) = struct.unpack_from("<I", changed, central + 42)
    struct.pack_into("<H", changed, central + at, value)
    struct.pack_into("<H", changed, local + at - 2, value)
    return bytes(changed)
