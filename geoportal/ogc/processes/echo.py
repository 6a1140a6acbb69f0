"""The process `echo`: who writes a client sees whether it was understood.

It reads nothing and keeps nothing. It has an input of each kind that 18-062r2 knows (7.11.2.2), and for each an output
of its name: such a process is what OGC's conformance suite executes.
"""

import base64
import binascii
from typing import Final

from geoportal.ogc.exchange import Exchange
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.processes.process import Process, Slot, Values, is_number, is_object, is_text
from geoportal.ogc.service import Service


def _are_integers(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) and not isinstance(each, bool) for each in value)


def _is_text_or_object(value: object) -> bool:
    return is_text(value) or is_object(value)


def _is_base64(value: object) -> bool:
    try:
        base64.b64decode(value if isinstance(value, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_box(value: object) -> bool:
    match value:
        case {"bbox": [*numbers], **rest}:
            crs = rest.get("crs", "")
            return len(numbers) in (4, 6) and all(map(is_number, numbers)) and set(rest) <= {"crs"} and is_text(crs)
    return False


_BOX: Final = {
    "format": "ogc-bbox",
    "type": "object",
    "required": ["bbox"],
    "properties": {
        "bbox": {
            "type": "array",
            "items": {"type": "number"},
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        },
        "crs": {"type": "string"},
    },
    "additionalProperties": False,
}
_FILE: Final = {"type": "string", "contentEncoding": "base64", "contentMediaType": "application/octet-stream"}
_SLOTS: Final = {
    "text": Slot("Text / text", {"type": "string"}, is_text),
    "zahlen": Slot("Ganze Zahlen / integers", {"type": "array", "items": {"type": "integer"}}, _are_integers),
    "wert": Slot(
        "Text oder Objekt / text or object", {"oneOf": [{"type": "string"}, {"type": "object"}]}, _is_text_or_object
    ),
    "datei": Slot("Eine Datei, in Base64 / a file, in Base64", _FILE, _is_base64),
    "rahmen": Slot("Rahmen / bounding box", {"allOf": [_BOX]}, _is_box),
}


def _run(inputs: Values, _service: Service, _exchange: Exchange) -> Values:
    if not inputs:
        raise InvalidParameter(f"eine der Eingaben wird gebraucht / one of the inputs is needed: {', '.join(_SLOTS)}")
    return inputs


ECHO: Final = Process(
    id="echo",
    title="Echo: gibt zurück, was man schickt / returns what it is sent",
    description="Zum Ausprobieren eines Programms, das Prozesse ausführt: Jede Eingabe kommt als Ausgabe gleichen "
    "Namens zurück. Nichts wird gelesen, nichts behalten. / To try a program that executes processes: each input "
    "returns as the output of the same name. Nothing is read, nothing is kept.",
    keywords=("Test", "Echo"),
    inputs=_SLOTS,
    outputs=_SLOTS,
    run=_run,
)
