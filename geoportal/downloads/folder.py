"""The finished files: each lies under the hash of its content, and an index says which name leads to which.

The index is replaced whole, so a reader sees either the old file with its length and hash, or the new one.
"""

import json
import os
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from geoportal.archive import sha256_of

_INDEX: Final = "index.json"
_KEEP_SECONDS: Final = 3600.0  # a replaced file stays for those who are reading an older page


class Format(NamedTuple):
    suffix: str
    media_type: str
    title: str
    driver: str


FORMATS: Final[tuple[Format, ...]] = (
    Format("gpkg", "application/geopackage+sqlite3", "GeoPackage", "GPKG"),
    Format("fgb", "application/flatgeobuf", "FlatGeobuf", "FlatGeobuf"),
    Format("geojson", "application/geo+json", "GeoJSON", "GeoJSON"),
    Format("csv", "text/csv", "CSV", "CSV"),
    Format("shp.zip", "application/zip", "Shapefile", "ESRI Shapefile"),
)
PACKAGE: Final = Format("zip", "application/zip", "ZIP", "")
_BY_SUFFIX: Final = {each.suffix: each for each in (*FORMATS, PACKAGE)}


@dataclass(frozen=True, slots=True)
class Download:
    """A file under its name. `ags` is the Gemeinde whose part it is, None for all; `version` is that of the data."""

    name: str
    collection: str
    ags: str | None
    suffix: str
    sha256: str
    size: int
    built_at: str
    version: str

    @property
    def format(self) -> Format:
        return _BY_SUFFIX[self.suffix]

    @property
    def digest(self) -> str:
        """As RFC 9530 writes it."""
        return f"sha-256=:{b64encode(bytes.fromhex(self.sha256)).decode()}:"

    @property
    def built(self) -> datetime:
        return datetime.fromisoformat(self.built_at)


class DownloadFolder:
    """Reads the folder again when its index has changed. Safe for threads, and for one writer beside the readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._known: tuple[tuple[int, int], Mapping[str, Download]] = ((0, 0), {})

    def all(self) -> Mapping[str, Download]:
        """By name."""
        try:
            stat = (self.folder / _INDEX).stat()
        except FileNotFoundError:
            return {}
        stamp = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if self._known[0] != stamp:
                listed = json.loads((self.folder / _INDEX).read_text("utf-8"))
                self._known = (stamp, {each["name"]: Download(**each) for each in listed})
            return self._known[1]

    def of(self, collection: str) -> list[Download]:
        """The files of a whole collection."""
        order = list(_BY_SUFFIX)
        found = [each for each in self.all().values() if each.collection == collection and each.ags is None]
        return sorted(found, key=lambda each: order.index(each.suffix))

    @property
    def state(self) -> str:
        """Changes with the index."""
        self.all()
        return "{}-{}".format(*self._known[0])

    def path(self, download: Download) -> Path:
        return self.folder / download.sha256[:2] / download.sha256

    def put(self, file: Path) -> tuple[str, int]:
        """Takes a file over (it is moved); returns its SHA-256 and its size."""
        digest, size = sha256_of(file), file.stat().st_size
        target = self.folder / digest[:2] / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        return digest, size

    def publish(self, replaced: Iterable[str], downloads: Iterable[Download]) -> None:
        """The downloads instead of those of the collections `replaced`; files that nobody needs go after an hour."""
        gone = set(replaced)
        listed = [each for each in self.all().values() if each.collection not in gone] + list(downloads)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, encoding="utf-8", delete=False) as written:
            json.dump([asdict(each) for each in sorted(listed, key=lambda each: each.name)], written)
            written.flush()
            os.fsync(written.fileno())
        Path(written.name).chmod(0o644)
        Path(written.name).replace(self.folder / _INDEX)
        self._sweep({each.sha256 for each in listed})

    def _sweep(self, needed: set[str]) -> None:
        latest = time.time() - _KEEP_SECONDS
        for file in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            if file.name in needed:
                os.utime(file)
            elif file.stat().st_mtime < latest:
                file.unlink()
