"""What the tests of hostile files share."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Python's own sockets are watched here; what C libraries could do is closed off by the sandbox's tests."""
    asked: list[object] = []

    def remembered(*args: object, **_: object) -> list[object]:
        asked.append(args)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", remembered)
    yield asked
    assert asked == []
