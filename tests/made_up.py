"""Requests that are made up from an OpenAPI document, and held against it. Seeded; FUZZ_SEED and FUZZ_EXAMPLES ask for
others and for more (`make fuzz`).
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "4"))
SEED: Final = int(os.environ.get("FUZZ_SEED", "1"))
CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


def ask_all(operations: Iterable[Any], lead: Callable[[Any], None] = lambda _: None) -> tuple[str, dict[str, str]]:
    """Asks `EXAMPLES` times for each operation: what was answered, in a sentence, and what was wrong by operation.

    `lead` may change a case; it is given every other one, for what is made up knows of nothing that is there.
    """
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
        @given(case=operation.as_strategy(), is_led=st.booleans())
        def asked(case: Any, is_led: bool) -> None:
            if is_led:
                lead(case)
            statuses[case.call_and_validate(checks=CHECKS).status_code] += 1

        try:
            asked()
        except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - all that are broken are told together
            broken[operation.label] = str(fault)
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    return f"{len(broken)} broken; answers as promised: {told}", broken
