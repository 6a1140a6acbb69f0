"""The processes that there are, where they are described and executed."""

import json
from http import HTTPStatus
from typing import Final

from flask import Flask, Response

from geoportal.ogc.exchange import Exchange
from geoportal.ogc.links import JSON, Document, link
from geoportal.ogc.pages import Pages
from geoportal.ogc.part import Part
from geoportal.ogc.processes.echo import ECHO
from geoportal.ogc.processes.executing import Execution
from geoportal.ogc.processes.here import HERE
from geoportal.ogc.processes.openapi import MOST_LISTED, paths
from geoportal.ogc.query import COMMON, natural
from geoportal.ogc.service import Service

PROCESSES: Final = {each.id: each for each in (HERE, ECHO)}


def register(app: Flask, service: Service, pages: Pages) -> None:
    @app.get("/processes")
    def processes() -> Response:
        exchange = Exchange(service, pages, COMMON | {"limit"}, formats=("json",))
        base = exchange.publication.base
        limit = natural(exchange.parameters, "limit", MOST_LISTED, least=1)
        document = {
            "processes": [each.summary(base) for each in PROCESSES.values()][:limit],
            "links": [link("self", JSON, "Prozesse / processes", f"{base}/processes?f=json")],
        }
        return _json(document, exchange.language)

    @app.get("/processes/<name>")
    def process(name: str) -> Response:
        exchange = Exchange(service, pages, formats=("json",))
        if name not in PROCESSES:
            return _missing("no-such-process", "Diesen Prozess gibt es nicht / no such process", name)
        return _json(PROCESSES[name].described(exchange.publication.base), exchange.language)

    @app.post("/processes/<name>/execution")
    def execution(name: str) -> Response:
        exchange = Exchange(service, pages, formats=("json",))
        if name not in PROCESSES:
            return _missing("no-such-process", "Diesen Prozess gibt es nicht / no such process", name)
        process = PROCESSES[name]
        asked = Execution.read(process, service)
        return asked.answer(process, process.run(asked.inputs, service, exchange), exchange.language)

    @app.get("/jobs/<job>")
    @app.get("/jobs/<job>/results")
    def jobs(job: str) -> Response:
        """Who asks is answered at once; a job there never is."""
        Exchange(service, pages, formats=("json",))
        return _missing("no-such-job", "Diesen Auftrag gibt es nicht / no such job", job)


def _missing(kind: str, title: str, name: str) -> Response:
    """18-062r2, /req/core/process-exception/no-such-process, /req/core/job-exception-no-such-job."""
    fault: Document = {
        "type": f"http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/{kind}",
        "title": title,
        "status": HTTPStatus.NOT_FOUND.value,
        "detail": name[:100],
    }
    response = _json(fault, "de")
    response.status_code = HTTPStatus.NOT_FOUND
    return response


def _json(document: Document, language: str) -> Response:
    response = Response(json.dumps(document, ensure_ascii=False).encode(), content_type=JSON)
    response.headers["Content-Language"] = language
    return response


def _landing_links(base: str) -> list[Document]:
    rel = "http://www.opengis.net/def/rel/ogc/1.0/processes"
    return [link(rel, JSON, "Prozesse / processes", f"{base}/processes?f=json")]


_SPEC: Final = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"

PART = Part(
    register=register,
    conformance=(f"{_SPEC}core", f"{_SPEC}ogc-process-description", f"{_SPEC}json", f"{_SPEC}oas30"),
    landing_links=_landing_links,
    openapi=lambda _: paths(tuple(PROCESSES.values())),
)
