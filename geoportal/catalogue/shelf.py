"""The layers as their manifests stand now, looked at again and again while the server runs."""

import threading
from collections.abc import Mapping
from pathlib import Path

from geoportal.catalogue.manifest import Layer
from geoportal.catalogue.reading import MANIFEST, ManifestError, read_layer

type Signature = tuple[int, int, int]


class Shelf:
    """All layers of a folder. A broken manifest hinders no other, and its layer stays as it was read last.

    Safe for threads. `faults` says, by layer, what is wrong with the manifests that were not taken over.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layers: Mapping[str, Layer] = {}
        self.faults: Mapping[str, ManifestError] = {}
        self._signatures: dict[str, Signature] = {}
        self._lock = threading.Lock()

    def look(self) -> bool:
        """Whether anything has come, gone or changed since the last look."""
        with self._lock:
            signatures = _signatures(self.folder)
            if signatures == self._signatures:
                return False
            layers: dict[str, Layer] = {}
            faults: dict[str, ManifestError] = {}
            for name, signature in signatures.items():
                known = self.layers.get(name)
                if signature == self._signatures.get(name):
                    fault = self.faults.get(name)
                else:
                    try:
                        known, fault = read_layer(self.folder / name), None
                    except ManifestError as error:
                        fault = error
                    except FileNotFoundError:  # removed since
                        continue
                if known is not None:
                    layers[name] = known
                if fault is not None:
                    faults[name] = fault
            self.layers, self.faults, self._signatures = layers, faults, signatures
            return True


def _signatures(folder: Path) -> dict[str, Signature]:
    """By name of the sub-folder; changes whenever a manifest comes, goes or is written."""
    found = {}
    for file in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            stat = file.stat()
        except FileNotFoundError:  # removed while we looked
            continue
        found[file.parent.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
