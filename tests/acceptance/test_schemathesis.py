"""Requests that a program makes up from the OpenAPI document: none is answered with 5xx, none otherwise than promised.

Seeded and short here; `make fuzz` makes up many more.
"""

import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from geoportal.ogc.app import create_ogc
from geoportal.settings import Settings
from tests.ogc import LAYERS, publish_stock

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


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
    statuses: Counter[int] = Counter()
    broken = {}
    for operation in operations:

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def asked(case: Any) -> None:
            statuses[case.call_and_validate(checks=CHECKS).status_code] += 1

        try:
            asked()
        except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - all that are broken are told together
            broken[operation.label] = str(fault)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    print(f"{len(operations)} operations, {len(broken)} broken; answers as promised: {told}")
    assert not broken, "\n\n".join(f"{label}: {fault}" for label, fault in broken.items())
