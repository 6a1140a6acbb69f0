"""Writes the input files of the tests. Each helper gives the smallest file that is still what it says."""

import io
import zipfile
from collections.abc import Mapping
from itertools import chain
from math import ceil, isqrt
from pathlib import Path
from typing import Any

from PIL import Image

SQUARE = "0 0 100 0 100 100 0 100 0 0"
ORIGIN = (480000, 5630000)  # EPSG:25832, in the Kreis


def positions(coordinates: str, origin: tuple[float, float] = ORIGIN) -> str:
    """Moves "x y x y …" in metres to a place in the Kreis."""
    numbers = [float(word) for word in coordinates.split()]
    moved = [number + origin[index % 2] for index, number in enumerate(numbers)]
    return " ".join(f"{number:.3f}" for number in moved)


def polygon(coordinates: str = SQUARE, *, srs: str | None = "EPSG:25832", origin: tuple[float, float] = ORIGIN) -> str:
    name = f' srsName="{srs}"' if srs else ""
    return (
        f"<gml:Polygon{name}><gml:exterior><gml:LinearRing><gml:posList>{positions(coordinates, origin)}</gml:posList>"
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )


def feature(klasse: str, gml_id: str, content: str = "") -> str:
    return f'<xplan:{klasse} gml:id="{gml_id}">\n{content}\n</xplan:{klasse}>'


def prop(name: str, content: str) -> str:
    return f"<xplan:{name}>{content}</xplan:{name}>"


def link(name: str, gml_id: str) -> str:
    return f'<xplan:{name} xlink:href="#{gml_id}"/>'


GEMEINDE = prop("gemeinde", "<xplan:XP_Gemeinde><xplan:ags>06534008</xplan:ags></xplan:XP_Gemeinde>")


def plan(
    gml_id: str = "plan",
    *,
    klasse: str = "BP_Plan",
    name: str = "Am Hang",
    nummer: str = "5",
    outline: str | None = None,
    gemeinde: str = GEMEINDE,
    extra: str = "",
    planart: str = "1000",
) -> str:
    """A plan that can be published, in the order of elements of 5.x."""
    return feature(
        klasse,
        gml_id,
        prop("name", name)
        + prop("nummer", nummer)
        + prop("raeumlicherGeltungsbereich", polygon() if outline is None else outline)
        + gemeinde
        + prop("planArt", planart)
        + extra,
    )


def bereich(gml_id: str = "bereich", plan_id: str = "plan", extra: str = "") -> str:
    return feature("BP_Bereich", gml_id, prop("nummer", "0") + extra + link("gehoertZuPlan", plan_id))


def xplangml(*features: str, version: str = "5.4", root: str = "XPlanAuszug") -> str:
    """A document of these features; version 3.0 takes GML 3.1, all others GML 3.2."""
    major, minor = version.split(".")
    gml = "http://www.opengis.net/gml" if version == "3.0" else "http://www.opengis.net/gml/3.2"
    prefix, member = ("wfs", "wfs:member") if root == "FeatureCollection" else ("xplan", "gml:featureMember")
    members = "\n".join(f"<{member}>{item}</{member}>" for item in features)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{prefix}:{root} xmlns:xplan="http://www.xplanung.de/xplangml/{major}/{minor}" xmlns:gml="{gml}" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:wfs="http://www.opengis.net/wfs/2.0" gml:id="doc">\n'
        f"{members}\n</{prefix}:{root}>\n"
    )


def grid(file: Path, count: int) -> Path:
    """A plan of square Baugebiete side by side, which cover it."""
    side = isqrt(count)
    before, after = xplangml("@").split("<gml:featureMember>@</gml:featureMember>")
    wide, high = 10 * side, 10 * ceil(count / side)
    heads = (
        plan(outline=polygon(f"0 0 {wide} 0 {wide} {high} 0 {high} 0 0"), extra=link("bereich", "b")),
        feature("BP_Bereich", "b", prop("nummer", "0") + link("gehoertZuPlan", "plan")),
    )
    with file.open("w", encoding="utf-8") as sink:
        sink.write(before)
        for item in chain(heads, (_square(number, side) for number in range(count))):
            sink.write(f"<gml:featureMember>{item}</gml:featureMember>\n")
        sink.write(after)
    return file


def _square(number: int, side: int) -> str:
    x, y = 10 * (number % side), 10 * (number // side)
    return feature(
        "BP_BaugebietsTeilFlaeche",
        f"o{number}",
        prop("ebene", "0")
        + link("gehoertZuBereich", "b")
        + prop("rechtscharakter", "1000")
        + prop("position", polygon(f"{x} {y} {x + 10} {y} {x + 10} {y + 10} {x} {y + 10} {x} {y}"))
        + prop("flaechenschluss", "true")
        + prop("GRZ", "0.4")
        + prop("allgArtDerBaulNutzung", "1000")
        + prop("besondereArtDerBaulNutzung", "1200"),
    )


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def archive(path: Path, members: Mapping[str, bytes | str]) -> Path:
    path.write_bytes(packed(members))
    return path


def packed(members: Mapping[str, bytes | str], *entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    """A ZIP of the members, and of entries that say of themselves what they like."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        for entry, bare in entries:
            opened.writestr(entry, bare)
    return stream.getvalue()


def pdf(text: str = "x") -> bytes:
    """A PDF of one page that says `text`."""
    stream = f"BT /F1 6 Tf 20 100 Td ({text}) Tj ET".encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << /Font << /F1 "
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
    )
    content, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n"
    return b"%b%b%btrailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (content, head, table, len(content))


def picture(kind: str, **options: Any) -> bytes:
    """16 × 16 pixels, `kind` as Pillow calls it."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(file, kind, **options)
    return file.getvalue()
