"""A document that somebody adds to a plan: whether citizens can read it, and whether it names people it must not.

Run as a program it is a reading process (see child): one PDF in, the document as it may be published out, with findings
where a report has them. What was found of people is told by kind and page, never repeated.
"""

import re
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import pypdfium2
from pikepdf import Dictionary

from plans_ingest.child import Request, serve
from plans_ingest.errors import UnsupportedFormat
from plans_ingest.formats import pdf
from plans_ingest.formats.container import Member
from plans_ingest.formats.recognise import Format, sniff
from plans_ingest.model import Attachment, Batch, Issue, Report, Severity, Where

LARGE: Final = 20_000_000  # bytes; more is a burden on a phone
_LEAST_TEXT: Final = 20  # characters; a scanned page has none, or the number of the page
_MAX_PAGES: Final = 2_000  # whose text is looked at
_PATTERNS: Final = {
    "E-Mail-Adresse": re.compile(r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"),
    "Telefonnummer": re.compile(
        r"\b(?:tel(?:efon)?|mobil|handy|fon)\b\.?[:\s]*(?:nr\.?\s*)?\(?\+?\d[\d\s()/.-]{5,}", re.I
    ),
    "Name einer Person": re.compile(
        r"\b(?:Herrn?|Frau|Eheleuten?|Familie)\s+(?:(?:Dr|Prof)\.\s*)*[A-ZÄÖÜ][a-zäöüß]{2,}"
    ),
    "Einwender": re.compile(
        r"\b(?:Einwender(?:in)?|Einsprecher(?:in)?)\s*(?:Nr\.?\s*\d+)?\s*:\s*[A-ZÄÖÜ][a-zäöüß]{2,}"
    ),
    "Geburtsdatum": re.compile(r"\bgeb(?:oren)?\.?\s*(?:am)?\s*:?\s*\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}", re.I),
    "Bankverbindung": re.compile(r"\bDE\d{2}(?:\s?\d{4}){4}\s?\d{2}\b"),
    "Unterschrift": re.compile(r"\bgez\.\s*[A-ZÄÖÜ]|\bUnterschrift\b"),
}
# Addresses of offices are meant to be read.
_OFFICES: Final = re.compile(
    r"(?:info|rathaus|poststelle|post|gemeinde|stadt|kreis|bauamt|bauleitplanung|planung|kontakt|verwaltung|buero|"
    r"stadtplanung|beteiligung)(?:[.-][\w.-]*)?@",
    re.I,
)


def examine(file: Path, name: str, workdir: Path) -> Batch:
    """The document as the one attachment of a batch without plans; `features` of the report is the number of its pages.

    Raises PlanFileError for what is no PDF, is broken, has a password, or could act by itself.
    """
    where = Where(name)
    if sniff(file) is not Format.PDF:
        raise UnsupportedFormat("Hier werden nur PDF angenommen", "only PDF is accepted here", where)
    clean = pdf.screened(Member(name, file, file.stat().st_size), workdir)
    kept = clean.path
    if kept == file:
        kept = workdir / "document.pdf"
        shutil.copyfile(file, kept)
    pages, texts = _texts(kept)
    issues = tuple(_issues(kept, where, pages, texts))
    report = Report(name, Format.PDF.value, None, features=pages, objekte=0, geometrien=0, mended=0, issues=issues)
    return Batch((), (Attachment(name, kept, kept.stat().st_size),), report)


def _texts(file: Path) -> tuple[int, list[str]]:
    """Number of pages, and what can be searched on each of those that are looked at."""
    found = []
    with pypdfium2.PdfDocument(file) as document:
        pages = len(document)
        for number in range(min(pages, _MAX_PAGES)):
            page = document[number]
            text = page.get_textpage()
            found.append(text.get_text_range())
            text.close()
            page.close()
    return pages, found


def _issues(file: Path, where: Where, pages: int, texts: list[str]) -> Iterator[Issue]:
    with pdf.opened(file, where) as document:
        if document.is_encrypted:
            yield Issue("document_locked", Severity.WARNING, where)
        if any("/FT" in item and item["/FT"] == "/Sig" for item in document.objects if isinstance(item, Dictionary)):
            yield Issue("document_personal", Severity.WARNING, where, "elektronische Unterschrift")
    size = file.stat().st_size
    if size > LARGE:
        yield Issue("document_large", Severity.INFO, where, f"{size / 1e6:.0f} MB")
    mute = sum(len(text.strip()) < _LEAST_TEXT for text in texts)
    if mute:
        yield Issue("document_not_searchable", Severity.WARNING, where, f"{mute} von {pages} Seiten")
    people = sorted({(kind, number) for number, text in enumerate(texts, start=1) for kind in _people(text)})
    for kind, places in groupby(people, key=lambda each: each[0]):
        numbers = [str(number) for _, number in places]
        more = f" und {len(numbers) - 8} weiteren" if len(numbers) > 8 else ""
        yield Issue("document_personal", Severity.WARNING, where, f"{kind} auf Seite {', '.join(numbers[:8])}{more}")


def _people(text: str) -> Iterator[str]:
    for kind, pattern in _PATTERNS.items():
        if any(kind != "E-Mail-Adresse" or not _OFFICES.match(found[0]) for found in pattern.finditer(text)):
            yield kind


def _read(request: Request) -> Batch:
    return examine(Path(request.file), request.name, Path(request.workdir))


if __name__ == "__main__":
    serve(_read)
