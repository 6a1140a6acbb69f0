"""PDFs: what acts on its own, what lies hidden inside, pages without end, ciphers, broken ones, two formats in one."""

import io
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from tests.files import archive, plan, prop, xplangml
from tests.hostile import Case, Lure, Outcome

A4 = (0, 0, 595, 842)


def cases(lure: Lure, folder: Path) -> Iterator[Case]:
    for name, content in _contents(lure):
        yield Case(f"PDF: {name}", "a.zip", _delivery(folder, content), Outcome.REFUSED)
        if "alone" in name or name in {"JavaScript at opening", "a program to start"}:
            yield Case(f"PDF as plan: {name}", "p.pdf", content, Outcome.REFUSED)
    disguised = {
        "a page of the web": b"<html><script>alert(1)</script></html>",
        "a page before the PDF": b"<html><script>alert(1)</script>" + pdf(),
        "an archive": _zipped(),
        "PostScript": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n",
        "a program": b"MZ" + b"\0" * 4_000,
        "nothing": b"",
    }
    for name, content in disguised.items():
        yield Case(f"PDF that is {name}", "a.zip", _delivery(folder, content))
    yield Case("PDF without a place as plan", "p.pdf", pdf(), Outcome.IGNORED)


def pdf(change: Callable[[Pdf], object] | None = None, *, box: tuple[float, ...] = A4, **options: Any) -> bytes:
    """One page with a line on it."""
    document = Pdf.new()
    document.add_blank_page(page_size=(100, 100))
    page = document.pages[0]
    page.MediaBox = Array(box)
    page.Contents = document.make_stream(b"0 0 m 100 100 l S")
    if change is not None:
        change(document)
    stream = io.BytesIO()
    document.save(stream, **options)
    return stream.getvalue()


def _contents(lure: Lure) -> Iterator[tuple[str, bytes]]:
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    launch = Dictionary(S=Name.Launch, F=String("/usr/bin/xcalc"))
    actions = {
        "JavaScript at opening": script,
        "a program to start": launch,
        "a form sent away": Dictionary(S=Name.SubmitForm, F=String(f"{lure.url}/form")),
        "data from elsewhere": Dictionary(S=Name.ImportData, F=String(lure.secret)),
        "another file to go to": Dictionary(S=Name.GoToR, F=String(lure.secret), D=Array([0, Name.Fit])),
        "an embedded file to go to": Dictionary(S=Name.GoToE, D=Array([0, Name.Fit])),
        "a script after a page": Dictionary(S=Name.GoTo, D=Array([0, Name.Fit]), Next=script),
    }
    for name, action in actions.items():
        yield name, pdf(partial(_opening, action))
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
        yield f"{name}, on a link", pdf(partial(_annotate, annotation=link))
    yield (
        "JavaScript by name",
        pdf(
            lambda document: _set(
                document.Root, Name.Names, Dictionary(JavaScript=Dictionary(Names=Array([String("x"), script])))
            )
        ),
    )
    yield (
        "JavaScript in a compressed object",
        pdf(
            lambda document: _set(document.Root, Name.Hidden, document.make_indirect(script)),
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        ),
    )
    yield (
        "additional actions",
        pdf(
            lambda document: _set(
                document.pages[0].obj, Name.AA, Dictionary(O=Dictionary(S=Name.URI, URI=String(lure.url)))
            )
        ),
    )
    yield (
        "a form of XFA",
        pdf(
            lambda document: _set(
                document.Root, Name.AcroForm, Dictionary(XFA=document.make_stream(b"<xdp/>"), Fields=Array([]))
            )
        ),
    )
    yield "an embedded file", pdf(_embed)
    yield (
        "a file attached to a page",
        pdf(
            lambda document: _annotate(
                document,
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.FileAttachment,
                    Rect=Array([0, 0, 9, 9]),
                    FS=Dictionary(Type=Name.Filespec, F=String("x.exe"), EF=Dictionary(F=document.make_stream(b"MZ"))),
                ),
            )
        ),
    )
    for kind in (Name.RichMedia, Name.Movie, Name.Sound, Name.Screen, Name("/3D")):
        annotation = Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array([0, 0, 9, 9]))
        yield f"an annotation {kind}", pdf(partial(_annotate, annotation=annotation))
    yield (
        "pixels from another file",
        pdf(lambda document: _set(document.pages[0].obj, Name.Contents, _outside(document, lure.secret))),
    )
    yield "a page of 30,000 points", pdf(box=(0, 0, 30_000, 30_000))
    yield "a page of 1e30 points", pdf(box=(0, 0, 1e30, 1e30))
    yield "6,000 pages", pdf(lambda document: [document.add_blank_page() for _ in range(6_000)])
    yield "a circle of pages", pdf(lambda document: document.Root.Pages.Kids.append(document.Root.Pages))
    yield "a password", pdf(encryption=pikepdf.Encryption(owner="o", user="u"))
    whole = pdf()
    for share in (0.2, 0.6, 0.9):
        yield f"cut short after {share:.0%}", whole[: int(len(whole) * share)]
    yield "a beginning only", b"%PDF-1.7\n"
    yield "brackets without end", b"%PDF-1.4\n1 0 obj\n" + b"[" * 100_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    yield "a table of places that lies", whole.replace(b"0000000015", b"0000009999")
    yield "an archive behind it", whole + _zipped()


def _set(target: pikepdf.Object, key: Name, value: Any) -> None:
    target[key] = value


def _opening(action: Dictionary, document: Pdf) -> None:
    _set(document.Root, Name.OpenAction, action)


def _annotate(document: Pdf, annotation: Dictionary) -> None:
    document.pages[0].Annots = Array([document.make_indirect(annotation)])


def _embed(document: Pdf) -> None:
    document.attachments["x.exe"] = b"MZ"


def _outside(document: Pdf, path: str) -> Stream:
    stream = document.make_stream(b"")
    stream.F = Dictionary(Type=Name.Filespec, F=String(path))
    return stream


def _zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("xplan.gml", xplangml(plan()))
    return stream.getvalue()


def reference(name: str) -> str:
    return prop(
        "externeReferenz",
        f"<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName><xplan:referenzURL>{name}"
        "</xplan:referenzURL><xplan:typ>1010</xplan:typ></xplan:XP_SpezExterneReferenz>",
    )


def _delivery(folder: Path, content: bytes) -> bytes:
    document = xplangml(plan(extra=reference("b.pdf")))
    return archive(folder / "d.zip", {"xplan.gml": document, "b.pdf": content}).read_bytes()
