"""Requests that a program makes up from the OpenAPI document: none is answered with 5xx, none otherwise than promised.

Seeded and short here; `make fuzz` makes up many more.
"""

from typing import Any

import pytest
import schemathesis
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.made_up import ask_all
from tests.ogc import LAYERS, publish_stock


@pytest.fixture(scope="module")
def api(module_database: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    publish_stock(module_database, tmp_path_factory.mktemp("stock"))
    app = DispatcherMiddleware(_nothing, {"/ogc": create_ogc(module_database, LAYERS)})
    return schemathesis.openapi.from_wsgi("/ogc/openapi?f=json", app)


def _nothing(_: Any, start_response: Any) -> list[bytes]:
    start_response("404 NOT FOUND", [])
    return [b""]


@pytest.fixture(scope="module")
def operations(api: Any) -> list[Any]:
    return [operation.ok() for operation in api.get_all_operations()]


def test_every_made_up_request_is_answered_as_promised(operations: list[Any]) -> None:
    assert len(operations) > 50, "the document is read"
    told, broken = ask_all(operations)
    print(f"{len(operations)} operations, {told}")
    assert not broken, "\n\n".join(f"{label}: {fault}" for label, fault in broken.items())
