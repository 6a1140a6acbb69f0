"""One town with a public plan for each file; each test begins anew."""

from collections.abc import Iterator

import pytest

from geoportal.settings import Settings
from tests.participation import Town, town


@pytest.fixture(scope="module")
def built(module_furnished: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(module_furnished, tmp_path_factory.mktemp("plan")) as own:
        yield own


@pytest.fixture
def opened(built: Town) -> Town:
    built.begin_again()
    return built
