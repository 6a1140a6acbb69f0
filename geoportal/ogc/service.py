"""What is being served right now; notices by itself when a manifest has changed."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pygeoapi import l10n
from pygeoapi.api import API

from geoportal.catalogue import ManifestError, all_layers
from geoportal.ogc.collection import Collection, collections_of
from geoportal.ogc.config import configuration
from geoportal.ogc.features import engine_for
from geoportal.ogc.openapi import openapi
from geoportal.ogc.part import Part
from geoportal.ogc.problems import NotFound, Unavailable
from geoportal.ogc.query import Limits
from geoportal.ogc.table import Extent
from geoportal.settings import Settings

LOGGER = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
MEASURE_AGAIN_SECONDS = 60.0
LANGUAGES = ("de", "en")

type Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Publication:
    """One state of the manifests and all that follows from it."""

    collections: Mapping[str, Collection]
    api: API
    limits: Limits
    translated: Mapping[str, Mapping[str, Any]]

    @property
    def base(self) -> str:
        url: str = self.api.base_url
        return url

    def collection(self, identifier: str) -> Collection:
        """Raises NotFound."""
        if (found := self.collections.get(identifier)) is None:
            raise NotFound(f"Sammlung {identifier!r} nicht gefunden / no such collection")
        return found


class Service:
    """The publication, renewed without a restart. Safe for threads.

    Raises ManifestError and SettingsError when it is made; later, a broken manifest leaves everything as it was.
    """

    def __init__(self, settings: Settings, folder: Path, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._settings = settings
        self._folder = folder
        self._lock = threading.Lock()
        self._signature = _signature(folder)
        self._looked = time.monotonic()
        self._publication = self._publish()
        self._extents: dict[str, tuple[float, Extent]] = {}
        self.engine = engine_for(settings.require_read_url())

    def current(self) -> Publication:
        if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._publication

    def extent(self, identifier: str) -> Extent | None:
        """Extent and count of a collection, at most a minute old; None while it cannot be measured."""
        measured = self._extents.get(identifier)
        if measured is not None and time.monotonic() - measured[0] < MEASURE_AGAIN_SECONDS:
            return measured[1]
        try:
            extent = self.current().collections[identifier].table.extent(self.engine)
        except Unavailable:
            return measured[1] if measured else None
        self._extents[identifier] = (time.monotonic(), extent)
        return extent

    def _look(self) -> None:
        self._looked = time.monotonic()
        signature = _signature(self._folder)
        if signature == self._signature:
            return
        self._signature = signature
        try:
            self._publication = self._publish()
        except ManifestError:
            LOGGER.exception("manifests not taken over, the collections stay as they are")
        else:
            self._extents.clear()
            LOGGER.info("collections: %s", ", ".join(self._publication.collections))

    def _publish(self) -> Publication:
        collections = {item.layer.id: item for item in collections_of(all_layers(self._folder))}
        config = configuration(self._settings, collections.values())
        limits = config["server"]["limits"]
        api = API(config, {})
        api.openapi = openapi(config, [item.layer for item in collections.values()], self.parts)
        return Publication(
            collections=collections,
            api=api,
            limits=Limits(limits["default_items"], limits["max_items"]),
            translated={
                language: {
                    "server": {"url": api.base_url, "encoding": config["server"]["encoding"]},
                    "metadata": l10n.translate_struct(config["metadata"], l10n.str2locale(language)),
                }
                for language in LANGUAGES
            },
        )


def _signature(folder: Path) -> Signature:
    """Changes whenever a manifest comes, goes or is written."""
    files = sorted(folder.glob("*/layer.yml"))
    return tuple((file.parent.name, stat.st_mtime_ns, stat.st_size) for file in files for stat in (file.stat(),))
