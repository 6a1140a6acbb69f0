"""Whose Gemeinden this process works for: those of the folder with their manifests, ours unless another is served."""

from functools import cache
from pathlib import Path
from typing import Final

_OURS: Final = Path(__file__).with_name("gemeinden")
_served: list[Path] = []


def serve(folder: Path) -> None:
    """From now on this process works for the Gemeinden of another Kreis: those whose manifests lie in the folder."""
    _served[:] = [folder]


def served() -> Path | None:
    """The folder of serve(), None where the manifests are our own."""
    return next((folder for folder in _served if folder != _OURS), None)


def manifests() -> tuple[Path, ...]:
    """In the order of their keys."""
    return _manifests(served() or _OURS)


def gemeindeschluessel() -> frozenset[str]:
    """The AGS of the Gemeinden that deliver here, by the names of their manifests: none has to be read for it."""
    return frozenset(item.name.partition("_")[0] for item in manifests())


@cache
def _manifests(folder: Path) -> tuple[Path, ...]:
    found = (item for item in folder.iterdir() if item.name.endswith(".yml"))
    return tuple(sorted(found, key=lambda item: item.name))
