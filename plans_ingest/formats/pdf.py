"""PDF documents held against what a PDF can do on its own (ISO 32000-2, clause 12.6) before anybody opens them.

A public document is read by citizens on machines that we do not know: what starts programs, runs scripts, sends data,
plays media or hides further files is refused by name. What merely opens a web page by itself is taken out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from plans_ingest.errors import UnreadableFile, UnsafeFile
from plans_ingest.formats.container import Member
from plans_ingest.model import Where

MAX_PAGES: Final = 5_000
MAX_SIDE: Final = 20_000.0  # points, 7 m
MAX_OBJECTS: Final = 500_000
MAX_DEPTH: Final = 60  # of direct objects in each other
_MAX_ITEMS: Final = 5_000_000  # dictionary entries and array elements in all
_ACTIONS: Final = {
    "/JavaScript": "JavaScript",
    "/Launch": "den Start eines Programms",
    "/SubmitForm": "das Absenden von Daten",
    "/ImportData": "das Einlesen fremder Daten",
    "/GoToR": "einen Sprung in eine andere Datei",
    "/GoToE": "einen Sprung in eine eingebettete Datei",
    "/Thread": "einen Sprung in eine andere Datei",
    "/Rendition": "eine Medienwiedergabe",
    "/Movie": "eine Medienwiedergabe",
    "/Sound": "eine Medienwiedergabe",
    "/RichMediaExecute": "eine Medienwiedergabe",
}
_ANNOTATIONS: Final = {
    "/FileAttachment": "eine eingebettete Datei",
    "/RichMedia": "ein Mediendokument",
    "/Movie": "ein Mediendokument",
    "/Sound": "ein Mediendokument",
    "/Screen": "ein Mediendokument",
    "/3D": "ein Mediendokument",
}
_KEYS: Final = {
    "/JS": "JavaScript",
    "/JavaScript": "JavaScript",
    "/EmbeddedFiles": "eingebettete Dateien",
    "/EF": "eine eingebettete Datei",
    "/XFA": "ein XFA-Formular",
    "/AA": "Aktionen, die von selbst ablaufen",
    "/RichMediaContent": "ein Mediendokument",
}
# what pikepdf raises for a document that is not what it says
_FAULTS: Final = (pikepdf.PdfError, ValueError, TypeError, RuntimeError, KeyError, AttributeError)
_TAIL: Final = 66_000  # bytes at the end in which a ZIP would have its directory


def screened(member: Member, folder: Path) -> Member:
    """The document as it may be published: itself, or without what it would do by itself when opened, in `folder`.

    A view of a page stays: it only says where reading begins. So do links, which act when a reader wants them to.
    Raises UnsafeFile for what a document must not hold, UnreadableFile for one that is broken or has a password.
    """
    where = Where(member.name)
    with opened(member.path, where) as document:
        try:
            _refuse_size(document, where)
            for kind in _active(document, where):
                raise UnsafeFile(
                    f"PDF abgelehnt: es enthält {kind}; bitte als PDF/A ohne Skripte, Formulare und Anlagen speichern",
                    "PDF refused: it holds active or embedded content; save it as PDF/A without scripts or attachments",
                    where,
                )
            _refuse_tail(member.path, where)
            action = document.Root.get("/OpenAction")
            if not isinstance(action, Dictionary) or action.get("/S") in {None, Name.GoTo}:
                return member
            del document.Root["/OpenAction"]
            target = folder / f"{member.path.name}.clean.pdf"
            document.save(target, deterministic_id=True)
        except _FAULTS:
            raise _damaged(where) from None
    return Member(member.name, target, target.stat().st_size)


def opened(path: Path, where: Where) -> Pdf:
    """The document as pikepdf has it; nothing of a broken one is guessed. Raises UnreadableFile."""
    try:
        return Pdf.open(path, attempt_recovery=False, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise UnreadableFile("Das PDF hat ein Kennwort; bitte ohne liefern", "the PDF has a password", where) from None
    except _FAULTS:
        raise _damaged(where) from None


def _refuse_tail(path: Path, where: Where) -> None:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        if b"PK\x05\x06" in file.read().rpartition(b"%%EOF")[2]:
            raise UnsafeFile("PDF abgelehnt: dahinter steht ein Archiv", "PDF refused: an archive behind it", where)


def _refuse_size(document: Pdf, where: Where) -> None:
    if len(document.objects) > MAX_OBJECTS:
        raise UnsafeFile(f"PDF mit mehr als {MAX_OBJECTS} Objekten", "PDF of too many objects", where)
    if not document.pages:  # or none that can be understood
        raise _damaged(where)
    if len(document.pages) > MAX_PAGES:
        raise UnsafeFile(f"PDF mit mehr als {MAX_PAGES} Seiten", "PDF of too many pages", where)
    for page in document.pages:
        left, bottom, right, top = (float(number) for number in page.mediabox)
        if not max(abs(right - left), abs(top - bottom)) <= MAX_SIDE:  # NaN too
            raise UnsafeFile(f"PDF-Seite größer als {MAX_SIDE / 72 * 0.0254:.0f} m", "PDF page is too large", where)


def _active(document: Pdf, where: Where) -> Iterator[str]:
    """What each forbidden thing in the document is called; every object is looked at, reachable or not."""
    left = _MAX_ITEMS
    for indirect in document.objects:
        stack: list[tuple[Object, int]] = [(indirect, 0)]
        while stack:
            item, depth = stack.pop()
            if depth > MAX_DEPTH:
                raise UnsafeFile(f"PDF mit mehr als {MAX_DEPTH} Ebenen", "PDF nested too deep", where)
            if isinstance(item, Array):
                inner = list(item)
            elif isinstance(item, Dictionary | pikepdf.Stream):
                yield from _forbidden(item)
                inner = list(item.values())
            else:
                continue
            left -= len(inner)
            if left < 0:
                raise UnsafeFile("PDF mit zu vielen Einträgen", "PDF of too many entries", where)
            # what is indirect has its own turn
            stack += [(part, depth + 1) for part in inner if isinstance(part, Object) and not part.is_indirect]


def _forbidden(item: Dictionary | pikepdf.Stream) -> Iterator[str]:
    keys = set(item.keys())
    yield from (_KEYS[key] for key in sorted(keys & _KEYS.keys()))
    if "/S" in keys and isinstance(item["/S"], Name):
        found = _ACTIONS.get(str(item["/S"]))
        if found is not None:
            yield found
    if "/Subtype" in keys and "/Rect" in keys:
        found = _ANNOTATIONS.get(str(item["/Subtype"]))
        if found is not None:
            yield found
    if isinstance(item, pikepdf.Stream) and "/F" in keys:
        yield "Inhalt, der in einer anderen Datei steht"


def _damaged(where: Where) -> UnreadableFile:
    return UnreadableFile(
        "Das PDF ist abgeschnitten oder beschädigt; bitte neu speichern", "the PDF is damaged; save it anew", where
    )
