"""An execute request (18-062r2, 7.11): what it asks of a process, and the answer in the form that it asks for."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import flask
from flask import Response

from geoportal.ogc.links import JSON
from geoportal.ogc.problems import InvalidParameter
from geoportal.ogc.processes.process import Process, Slot, Values
from geoportal.ogc.references import referenced
from geoportal.ogc.service import Service

# OGC's suite (ets-ogcapi-processes10) knows an answer of several parts by this line in its body, where mail has it
_PREAMBLE: Final = "Content-Type: multipart/related"


@dataclass(frozen=True, slots=True)
class Execution:
    """`outputs`: those that are wanted. `is_document`: all in one JSON document; else each by itself, raw."""

    inputs: Values
    outputs: tuple[str, ...]
    is_document: bool

    @classmethod
    def read(cls, process: Process, service: Service) -> "Execution":
        """Raises InvalidParameter, Unavailable."""
        body = _body()
        if not isinstance(body, dict) or not isinstance(body.get("inputs"), dict):
            raise InvalidParameter("Ein JSON-Objekt mit `inputs` erwartet / a JSON object with `inputs` expected")
        if body.get("response", "raw") not in ("document", "raw"):
            raise InvalidParameter("response: raw, document")
        given = body["inputs"]
        if unknown := sorted(set(given) - set(process.inputs)):
            raise InvalidParameter(f"unbekannte Eingabe / unknown input: {', '.join(unknown)[:200]}")
        inputs = {name: _plain(name, value, service) for name, value in given.items()}
        for name, value in inputs.items():
            if not process.inputs[name].fits(value):
                raise InvalidParameter(f"{name}: {json.dumps(process.inputs[name].schema)}")
        return cls(inputs, _wanted(body.get("outputs", {}), process), body.get("response", "raw") == "document")

    def answer(self, process: Process, found: Values, language: str) -> Response:
        """Raises InvalidParameter if nothing that is wanted was found."""
        there = {name: found[name] for name in self.outputs if name in found}
        if not there:
            wanted = ", ".join(self.outputs)
            raise InvalidParameter(f"ohne Eingabe keine Ausgabe / without an input no output: {wanted}")
        if self.is_document:
            body, kind = _json(there), JSON
        elif len(self.outputs) == 1:
            [name] = there
            body, kind = _raw(process.outputs[name], there[name])
        else:
            body, kind = _parts(process, there)
        return Response(body, content_type=kind, headers={"Content-Language": language})


def _body() -> object:
    """What was sent as JSON; None where it is none. Raises InvalidParameter."""
    try:
        return flask.request.get_json(force=True, silent=True)
    except RecursionError as error:
        raise InvalidParameter("Das JSON ist zu tief geschachtelt / the JSON is nested too deeply") from error


def _plain(name: str, value: object, service: Service) -> object:
    """A qualified value (18-062r2, 7.11.2.2) is the value in it, a reference what it refers to; a bounding box is the
    one object that may stand for itself.

    Raises InvalidParameter, Unavailable.
    """
    if not isinstance(value, dict):
        return value
    if "href" in value:
        return referenced(name, value, service)
    return value if "bbox" in value else value.get("value")


def _wanted(outputs: object, process: Process) -> tuple[str, ...]:
    """Those that are named, all if none is. Raises InvalidParameter."""
    if not isinstance(outputs, dict) or not set(outputs) <= set(process.outputs):
        raise InvalidParameter(f"outputs: es gibt nur / there is only {', '.join(process.outputs)}")
    for name, asked in outputs.items():
        if not _is_offered(asked, process.outputs[name].media_type):
            raise InvalidParameter(
                f"{name}: transmissionMode: value; format.mediaType: {process.outputs[name].media_type}"
            )
    return tuple(outputs or process.outputs)


def _is_offered(output: object, media_type: str) -> bool:
    """Whether an output can be had in this way (18-062r2, output.yaml): what is not said is as we like."""
    if not isinstance(output, dict) or output.get("transmissionMode", "value") != "value":
        return False
    form = output.get("format", {})
    return isinstance(form, dict) and form.get("mediaType", media_type) == media_type


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _raw(slot: Slot, value: Any) -> tuple[bytes, str]:
    """The value by itself, with its media type."""
    if slot.schema.get("contentEncoding") == "base64":
        return base64.b64decode(value), slot.media_type
    if slot.media_type == "text/plain":
        return value.encode(), "text/plain; charset=utf-8"
    return _json(value), slot.media_type


def _parts(process: Process, there: Mapping[str, Any]) -> tuple[bytes, str]:
    """RFC 2387; each part is known by the name of its output."""
    boundary = f"teil-{secrets.token_hex(16)}"
    body = [f"{_PREAMBLE}; boundary={boundary}\r\n\r\n".encode()]
    for name, value in there.items():
        content, kind = _raw(process.outputs[name], value)
        body += [f"--{boundary}\r\nContent-Type: {kind}\r\nContent-ID: <{name}>\r\n\r\n".encode(), content, b"\r\n"]
    return b"".join([*body, f"--{boundary}--\r\n".encode()]), f"multipart/related; boundary={boundary}"
