"""Reads manifests and says where a mistake is: file, line, and the key that was probably meant."""

from pathlib import Path

from geoportal.catalogue.manifest import Layer, contradictions
from geoportal.yaml_files import Fault, YamlFaults, YamlFile

MANIFEST = "layer.yml"


class ManifestError(Exception):
    """A manifest says something that it may not say."""

    def __init__(self, file: Path, faults: list[Fault]) -> None:
        self.file = file
        self.faults = faults
        super().__init__(str(YamlFaults(file, faults)))


def all_layers(folder: Path) -> tuple[Layer, ...]:
    """All layers below `folder`, one per sub-folder, in alphabetical order. Raises ManifestError."""
    return tuple(read_layer(file.parent) for file in sorted(folder.glob(f"*/{MANIFEST}")))


def read_layer(folder: Path) -> Layer:
    """Raises ManifestError, FileNotFoundError."""
    file = folder / MANIFEST
    try:
        manifest = YamlFile(file)
        layer = manifest.to(Layer, {"folder": folder})
    except YamlFaults as error:
        raise ManifestError(file, error.faults) from error
    except FileNotFoundError:
        raise
    except OSError as error:  # a file that root has put there for itself, for example
        raise ManifestError(file, [(1, f"nicht lesbar / not readable: {error.strerror}")]) from error
    if wrong := [manifest.fault_at(place, message) for place, message in contradictions(layer)]:
        raise ManifestError(file, wrong)
    return layer
