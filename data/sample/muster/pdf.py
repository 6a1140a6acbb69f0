"""Small PDF files: searchable text, and plan drawings. Only what PDF 1.4 needs; the same bytes every time."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KOPFZEILE = "MUSTERDATEN – erfunden, ohne Rechtswirkung (sample data, no legal effect)"

_BREITE, _HOEHE = 595, 842  # A4 in points
_RAND = 64
_ZEILE = 15
_ZEICHEN_JE_ZEILE = 88


@dataclass(frozen=True)
class Pfad:
    """A path in page points: filled if `fuellung` (red, green, blue, 0 to 1) is given, stroked if `strich` is."""

    ringe: tuple[tuple[tuple[float, float], ...], ...]
    fuellung: tuple[float, float, float] | None = None
    strich: tuple[float, float, float] | None = None
    staerke: float = 0.4

    def operatoren(self) -> str:
        teile = []
        if self.fuellung:
            teile.append("{:.3f} {:.3f} {:.3f} rg".format(*self.fuellung))
        if self.strich:
            teile.append("{:.3f} {:.3f} {:.3f} RG {:.2f} w".format(*self.strich, self.staerke))
        for ring in self.ringe:
            teile += [f"{x:.2f} {y:.2f} {'m' if i == 0 else 'l'}" for i, (x, y) in enumerate(ring)]
        return "\n".join([*teile, "B*" if self.fuellung and self.strich else "f*" if self.fuellung else "S"])


def textdokument(titel: str, absaetze: Iterable[str]) -> bytes:
    """A document of running text; every page begins with the note that it is a sample."""
    zeilen = [zeile for absatz in absaetze for zeile in [*textwrap.wrap(absatz, _ZEICHEN_JE_ZEILE), ""]]
    je_seite = (_HOEHE - 2 * _RAND) // _ZEILE - 4
    seiten = [zeilen[i : i + je_seite] for i in range(0, len(zeilen), je_seite)] or [[]]
    return _datei(titel, [_textseite(titel if nr == 0 else "", seite) for nr, seite in enumerate(seiten)])


def zeichnung(titel: str, untertitel: str, pfade: Sequence[Pfad], legende: Sequence[tuple[Pfad, str]]) -> bytes:
    """One page with a drawing; the caller has scaled the paths to `ZEICHENFLAECHE`."""
    teile = [_textseite(titel, [untertitel]), *(pfad.operatoren() for pfad in pfade)]
    for nr, (muster, name) in enumerate(legende):
        x, y = _RAND + 160 * (nr % 3), _RAND + 45 - 16 * (nr // 3)
        kasten = Pfad((((x, y), (x + 16, y), (x + 16, y + 9), (x, y + 9), (x, y)),), muster.fuellung, muster.strich)
        teile += [kasten.operatoren(), _text(x + 22, y + 1, 9, name)]
    return _datei(titel, ["\n".join(teile)])


ZEICHENFLAECHE = (_RAND, _RAND + 75, _BREITE - _RAND, _HOEHE - _RAND - 4 * _ZEILE)
"""x0, y0, x1, y1 in points."""


def _textseite(titel: str, zeilen: Sequence[str]) -> str:
    oben = _HOEHE - _RAND
    teile = [_text(_RAND, oben, 9, KOPFZEILE)]
    if titel:
        teile.append(_text(_RAND, oben - 2 * _ZEILE, 14, titel, fett=True))
    teile += [_text(_RAND, oben - (4 + nr) * _ZEILE, 10, zeile) for nr, zeile in enumerate(zeilen) if zeile]
    return "\n".join(teile)


def _text(x: float, y: float, groesse: int, text: str, *, fett: bool = False) -> str:
    maskiert = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"0 g BT /{'F2' if fett else 'F1'} {groesse} Tf {x:.1f} {y:.1f} Td ({maskiert}) Tj ET"


def _datei(titel: str, seiten: Sequence[str]) -> bytes:
    """Puts the objects together: catalogue, page tree, two fonts, information, then a page and its content each."""
    schrift = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    kinder = " ".join(f"{6 + 2 * nr} 0 R" for nr in range(len(seiten)))
    # A text string in UTF-16 with byte order mark, written in hexadecimal (PDF 1.4, 3.8.1).
    titel_hex = "FEFF" + titel.encode("utf-16-be").hex().upper()
    objekte: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (de-DE) >>",
        f"<< /Type /Pages /Kids [{kinder}] /Count {len(seiten)} >>".encode("ascii"),
        schrift.format("Helvetica").encode("ascii"),
        schrift.format("Helvetica-Bold").encode("ascii"),
        f"<< /Title <{titel_hex}> >>".encode("ascii"),
    ]
    for nr, seite in enumerate(seiten):
        inhalt = seite.encode("cp1252")
        objekte.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_BREITE} {_HOEHE}] "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {7 + 2 * nr} 0 R >>".encode("ascii")
        )
        objekte.append(b"<< /Length %d >>\nstream\n" % len(inhalt) + inhalt + b"\nendstream")
    datei = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    stellen = []
    for nr, objekt in enumerate(objekte, start=1):
        stellen.append(len(datei))
        datei += b"%d 0 obj\n" % nr + objekt + b"\nendobj\n"
    start = len(datei)
    datei += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objekte) + 1)
    datei += b"".join(b"%010d 00000 n \n" % stelle for stelle in stellen)
    datei += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objekte) + 1, start)
    return bytes(datei)
