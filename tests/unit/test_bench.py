"""`make bench` keeps what it has measured, whichever of the systems fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from tests.benchmarks import page
from tests.benchmarks.__main__ import Run
from tests.benchmarks.systems import Ask, System, SystemFault
from tests.benchmarks.works import Work

WORK = Work("items", [Ask(limit) for limit in range(1, 9)])


def broken(_: str) -> bytes:
    raise OSError("no answer")


def system(name: str, fetch: Any) -> System:
    return System(name, "http://localhost/items", os.getpid(), {}, fetch=fetch)


@contextmanager
def starting(made: System | None, end: Exception | None = None) -> Iterator[System]:
    if made is None:
        raise SystemFault("does not answer")
    yield made
    if end is not None:
        raise end


def test_a_system_that_fails_costs_its_own_figures_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(cast(Any, None), os.getpid())
    with (
        run.started(starting(system(page.OURS, lambda _: b"{}"), SystemFault("did not end")), page.OURS),
        run.started(starting(None), "pygeoapi"),
        run.started(starting(system("tipg", broken)), "tipg"),
    ):
        run.results[WORK.title] = run.in_turn(WORK, WORK.asks[:1])
    assert set(run.results["items"]) == {page.OURS}
    told = capsys.readouterr().err
    for part in ("pygeoapi did not start", "tipg: items", f"{page.OURS} did not stop"):
        assert part in told
    assert len(run.failures) == 3
    assert page.table(run.results).splitlines()[-1].startswith("| items | – | ")
