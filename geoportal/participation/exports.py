"""All statements of a participation as one file, in the order of receipt: for the council's papers and for programs."""

import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from geoportal.participation.beteiligungen import Beteiligung
from geoportal.participation.reading import Ergebnis, Gelesen
from geoportal.participation.stellungnahmen import Stand

_BERLIN: Final = ZoneInfo("Europe/Berlin")
ERGEBNISSE: Final[Mapping[Ergebnis, str]] = MappingProxyType(
    {
        Ergebnis.OFFEN: "noch offen",
        Ergebnis.GEFOLGT: "wird gefolgt",
        Ergebnis.TEILWEISE: "wird teilweise gefolgt",
        Ergebnis.NICHT: "wird nicht gefolgt",
        Ergebnis.KENNTNIS: "zur Kenntnis genommen",
    }
)
_WIDTHS: Final = {
    "Nr.": 6, "Eingang": 17, "rechtzeitig": 11, "Stand": 16, "Name": 24, "Anschrift": 30, "E-Mail": 28,
    "Stellungnahme": 80, "Ort": 24, "Ost (EPSG:25832)": 16, "Nord (EPSG:25832)": 16, "Anlagen": 30, "Ergebnis": 22,
    "Abwägung": 60, "Interne Notiz": 30,
}  # fmt: skip


def xlsx(statements: Iterable[Gelesen]) -> bytes:
    """A workbook with a line for each. Nothing in it is a formula, whatever somebody has written."""
    import xlsxwriter  # only whoever asks for a workbook waits for it

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("Stellungnahmen")
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        for column, (title, width) in enumerate(_WIDTHS.items()):
            sheet.set_column(column, column, width, wrapped)
            sheet.write_string(0, column, title, bold)
        sheet.freeze_panes(1, 1)
        for number, each in enumerate(statements, 1):
            for column, value in enumerate(_row(each)):
                if isinstance(value, int | float):
                    sheet.write_number(number, column, value)
                elif value:
                    sheet.write_string(number, column, value)
    return buffer.getvalue()


def document(beteiligung: Beteiligung, statements: Iterable[Gelesen]) -> str:
    """The same as JSON; times in UTC, coordinates in EPSG:25832."""
    about = {
        "id": str(beteiligung.id), "plan": str(beteiligung.plan_id), "gemeinde": beteiligung.ags,
        "beginn": beteiligung.beginn.isoformat(), "ende": beteiligung.ende.isoformat(),
    }  # fmt: skip
    return json.dumps(
        {"beteiligung": about, "stellungnahmen": [_json(each) for each in statements]}, ensure_ascii=False
    )


def moment(at: datetime) -> str:
    return f"{at.astimezone(_BERLIN):%d.%m.%Y %H:%M}"


def stand(each: Gelesen) -> str:
    if each.state is Stand.ZURUECKGEZOGEN:
        return "zurückgezogen"
    return "berichtigt" if each.geaendert_am else "bestätigt"


def _row(each: Gelesen) -> list[str | float | None]:
    return [
        each.nummer, moment(each.eingang), "nein" if each.verspaetet else "ja", stand(each), each.name, each.anschrift,
        each.email, each.text, each.gegenstand, each.ost, each.nord,
        ", ".join(anlage.name for anlage in each.anlagen), ERGEBNISSE[each.ergebnis], each.abwaegung, each.notiz,
    ]  # fmt: skip


def _json(each: Gelesen) -> dict[str, Any]:
    return {
        "id": str(each.id), "nummer": each.nummer, "eingang": each.eingang.isoformat(),
        "verspaetet": each.verspaetet, "stand": each.state.value,
        "geaendert": each.geaendert_am.isoformat() if each.geaendert_am else None,
        "zurueckgezogen": each.zurueckgezogen_am.isoformat() if each.zurueckgezogen_am else None,
        "name": each.name, "anschrift": each.anschrift, "email": each.email, "text": each.text,
        "gegenstand": each.gegenstand, "ort": None if each.ost is None else [each.ost, each.nord],
        "anlagen": [{"name": anlage.name, "typ": anlage.media_type, "bytes": anlage.size} for anlage in each.anlagen],
        "ergebnis": each.ergebnis.value, "abwaegung": each.abwaegung, "notiz": each.notiz,
    }  # fmt: skip
