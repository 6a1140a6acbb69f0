"""The operations of processes in the OpenAPI document."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from geoportal.ogc.links import JSON, Document
from geoportal.ogc.processes.process import Process

MOST_LISTED: Final = 10


def paths(processes: Sequence[Process]) -> Document:
    limit = {
        "name": "limit",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": MOST_LISTED},
    }
    job = {"name": "jobID", "in": "path", "required": True, "schema": {"type": "string"}}
    jobs = {"404": {"description": "Kein solcher Auftrag / no such job"}}
    answered = {"200": {"description": "OK", "content": {JSON: {"schema": {"type": "object"}}}}}
    # the one output by itself is of its own media type, several are parts
    raw = {"200": {"description": "OK", "content": {JSON: {}, "text/plain": {}, "multipart/related": {}, "*/*": {}}}}
    refused = {"400": {"description": "Eingabe unbrauchbar / input not usable"}}
    missing = {"404": {"description": "Kein solcher Prozess / no such process"}}
    known = [each.id for each in processes]
    name = {"name": "processID", "in": "path", "required": True, "schema": {"type": "string", "enum": known}}

    def operation(identifier: str, summary: str, responses: Document, **more: object) -> Document:
        found: Document = {"tags": ["processes"], "operationId": identifier, "summary": summary, "parameters": []}
        return found | {"responses": responses} | more

    return {
        "paths": {
            "/processes": {
                "get": operation("getProcesses", "Prozesse / processes", answered | refused, parameters=[limit])
            },
            "/jobs/{jobID}": {"get": operation("getStatus", "Ein Auftrag / a job", jobs, parameters=[job])},
            "/jobs/{jobID}/results": {
                "get": operation("getResult", "Sein Ergebnis / its results", jobs, parameters=[job])
            },
            "/processes/{processID}": {
                "get": operation("getProcess", "Beschreibung / description", answered | missing, parameters=[name])
            },
            "/processes/{processID}/execution": {
                "post": operation(
                    "execute",
                    "Ausführen / execute",
                    raw | refused | missing,
                    parameters=[name],
                    requestBody={
                        "required": True,
                        "content": {JSON: {"schema": {"anyOf": [_execute(each) for each in processes]}}},
                    },
                )
            },
        }
    }


def _execute(process: Process) -> Document:
    # a value itself, a qualified one, or where it stands (18-062r2, execute.yaml)
    elsewhere = {
        "type": "object",
        "properties": {"value": {}, "mediaType": {"type": "string"}, "href": {"type": "string"}},
    }
    inputs = {name: {"anyOf": [_of_openapi(each.schema), elsewhere]} for name, each in process.inputs.items()}
    outputs = {name: {"type": "object"} for name in process.outputs}
    return {
        "title": process.id,
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {"type": "object", "properties": inputs, "additionalProperties": False},
            "outputs": {"type": "object", "properties": outputs, "additionalProperties": False},
            "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
        },
    }


def _of_openapi(schema: Mapping[str, Any]) -> Document:
    """OpenAPI 3.0 knows an older JSON Schema."""
    return {name: value for name, value in schema.items() if name not in ("contentMediaType", "contentEncoding")}
