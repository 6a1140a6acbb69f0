"""Nothing is declared that is not tested, and nothing is tested that is not declared."""

import re
from importlib import import_module
from pathlib import Path

from geoportal.settings import CHECKOUT
from tests.acceptance.standards.annex import ANNEX, PROVED
from tests.acceptance.standards.client import Client

_SPEC = "http://www.opengis.net/spec/"


def test_every_declared_class_has_its_abstract_tests_here(api: Client) -> None:
    declared = api.ok("/conformance").json["conformsTo"]
    assert len(declared) == len(set(declared))
    assert {uri.removeprefix(_SPEC) for uri in declared} == ANNEX.keys()


def test_the_document_tells_how_many_they_are() -> None:
    told = f"| zusammen | {len(ANNEX)} | {sum(map(len, ANNEX.values()))} |"
    assert told in (CHECKOUT / "docs" / "conformance.md").read_text("utf-8")


def test_each_test_that_the_document_names_is_there() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (CHECKOUT / "docs" / "conformance.md").read_text("utf-8"))
    assert len(named) > 20
    for file, test in named:
        places = (CHECKOUT / "tests").rglob(file)
        assert any(f"def {test}(" in place.read_text("utf-8") for place in places), (file, test)


def test_every_abstract_test_of_the_annexes_is_carried_out() -> None:
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"{__package__}.{file.stem}")
    assert {name: set(tests) for name, tests in ANNEX.items()} == PROVED
