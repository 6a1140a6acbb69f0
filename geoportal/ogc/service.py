"""What is being served right now; notices by itself when a manifest has changed."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pygeoapi import l10n
from pygeoapi.api import API

from geoportal.archive import archive_of
from geoportal.catalogue import Shelf
from geoportal.data_versions import DataVersion, DataVersions
from geoportal.database import reader_environment
from geoportal.downloads import downloads_in
from geoportal.ogc.collection import Collection, collections_of
from geoportal.ogc.config import configuration
from geoportal.ogc.features import engine_for
from geoportal.ogc.maps.drawing import Drawer
from geoportal.ogc.memory import Counts, Memory
from geoportal.ogc.openapi import openapi
from geoportal.ogc.part import Part
from geoportal.ogc.problems import NotFound, Unavailable
from geoportal.ogc.query import Limits
from geoportal.ogc.reading import view_columns
from geoportal.ogc.statements import GEOJSON, PROPERTIES, Ready
from geoportal.ogc.table import GEOMETRY, ID, MANY, Extent, FeatureTable, Page, Question
from geoportal.painting import PaintersPool
from geoportal.settings import Settings

LOGGER = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 1.0
_TOO_LONG: Final = 1.5  # seconds; a database that is away says so at once
_MEASURED_AGAIN: Final = 60.0
LANGUAGES = ("de", "en")

type Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Publication:
    """One state of the manifests and all that follows from it.

    `generation` is equal in every process that runs these programs with these manifests; `since` is when this one
    began to.
    """

    generation: str
    collections: Mapping[str, Collection]
    api: API
    limits: Limits
    translated: Mapping[str, Mapping[str, Any]]
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def base(self) -> str:
        url: str = self.api.base_url
        return url

    @property
    def contributor(self) -> str:
        """The URI by which GovData knows the operator; empty before it has given one."""
        return str(self.api.config.get("govdata_contributor") or "")

    def collection(self, identifier: str) -> Collection:
        """Raises NotFound."""
        if (found := self.collections.get(identifier)) is None:
            raise NotFound(f"Sammlung {identifier!r} nicht gefunden / no such collection")
        return found

    def drawn(self, identifier: str) -> Collection:
        """A collection that is drawn. Raises NotFound."""
        found = self.collection(identifier)
        if not found.layer.drawn:
            raise NotFound(f"Sammlung {identifier!r} wird nicht gezeichnet / this collection is not drawn")
        return found


class Service:
    """The publication, renewed without a restart. Safe for threads.

    Raises SettingsError when it is made. A broken manifest hinders no other collection; its own stays as it was.
    """

    def __init__(self, settings: Settings, folder: Path, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.settings = settings
        self._shelf = Shelf(folder)
        self._lock = threading.Lock()
        self._extents: dict[str, tuple[str, Mapping[str, Extent]]] = {}
        self._patience: dict[str, float] = {}  # until when no collection of a view is measured again
        self._look()
        self.engine = engine_for(settings.require_read_url())
        self.planned_engine = engine_for(settings.require_read_url(), planned_once=True)
        self.memory = Memory()
        self.downloads = downloads_in(settings, settings.downloads)
        painters = PaintersPool(reader_environment(settings.require_read_url()))
        self.drawer = Drawer(archive_of(settings), self.engine, painters)
        self._counts = Counts()
        self._in_vain = Counts()  # until which second what a filter finds is not counted to the end again
        self._columns: tuple[str, Mapping[str, Sequence[str]]] | None = None
        self._versions = DataVersions(self.engine)

    def current(self) -> Publication:
        if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._publication

    def state(self, *collections: str) -> DataVersion | None:
        """What an answer follows from beside the request: the data of collections (without a name, or with one that
        is not known: all data), the manifests and the programs. None while the database has never answered.
        """
        now = self.current()
        data = self._versions.of(*self.views(*collections))
        if data is None:
            return None
        changed = max(data.changed_at, now.since) if data.changed_at else now.since
        return DataVersion(f"{now.generation} {data.token}", changed)

    def views(self, *collections: str) -> Sequence[str]:
        """Whose data these are, by the names that data versions have; none: all data."""
        known = self.current().collections
        found = [known[name].layer.view for name in collections if name in known]
        return found if len(found) == len(collections) else []

    def is_measured(self, *collections: str) -> bool:
        """Whether sensors tell something about one of these."""
        known = self.current().collections
        return any(known[name].layer.sensors is not None for name in collections if name in known)

    def data_version(self, view: str) -> DataVersion | None:
        """Of the rows of a view alone. None while the database has never answered."""
        return self._versions.of(view)

    def extent(self, identifier: str) -> Extent | None:
        """Extent and count of a collection, measured when its data have changed; None while that is not possible.

        A selection has the bounds and times of its whole layer, with which it is measured: each for itself would be one
        more look at all rows.
        """
        collections = self.current().collections
        if identifier not in collections:  # the layer went while somebody was still being told of it
            return None
        whole = collections[identifier].selected_from or identifier
        state = self.state(whole)
        token = state.token if state else ""
        measured = self._extents.get(whole)
        if measured is None or measured[0] != token:
            names = [name for name, each in collections.items() if each.selected_from == whole]
            began = time.monotonic()
            if self._is_too_large(collections[whole]):
                return measured[1].get(identifier) if measured else None
            try:
                extents = collections[whole].table.extents(self.engine, [collections[name].table for name in names])
            except Unavailable:
                if time.monotonic() - began > _TOO_LONG:
                    # so many rows, or behind a lock: not each request looks at all of them in vain
                    self._patience[collections[whole].layer.view] = time.monotonic() + _MEASURED_AGAIN
                return measured[1].get(identifier) if measured else None
            measured = self._extents[whole] = (token, dict(zip([whole, *names], extents, strict=True)))
        return measured[1].get(identifier)

    def page(self, collection: Collection, question: Question) -> Page:
        """A page of a collection; what its conditions find is counted once for each state of the data.

        Hits that were not counted within the time that a statement has are MANY, and for a while nobody counts them
        again.
        """
        identifier, state = collection.layer.id, self.state(collection.layer.id)
        asked = f"{state.token if state else time.monotonic()} {identifier} {question.day} {question.conditions!r}"
        known = self._counts.get(asked)
        if not question.conditions and question.day is None:
            if (extent := self.extent(identifier)) is not None:
                known = extent.features
            elif self._is_too_large(collection):
                known = MANY  # a moment ago its rows were not counted within the time that a statement has
        table = collection.table_on(question.day)
        if question.hits:
            is_whole = not question.conditions and question.day is None
            if (is_whole and known == MANY) or time.monotonic() < (self._in_vain.get(asked) or 0):
                return Page(b"", 0, MANY)
        began = time.monotonic()
        try:
            page = table.page(self.engine, question, ready=self.ready(table), known=known)
        except Unavailable:
            if not question.hits or time.monotonic() - began < _TOO_LONG:
                raise
            self._in_vain.put(asked, int(time.monotonic() + _MEASURED_AGAIN))
            return Page(b"", 0, MANY)
        self._counts.put(asked, page.matched)
        return page

    def _is_too_large(self, collection: Collection) -> bool:
        """Whether measuring it, or another part of the same rows, took too long a moment ago."""
        return time.monotonic() < self._patience.get(collection.layer.view, 0)

    def ready(self, table: FeatureTable) -> Ready:
        """Which parts of its features a view holds also as text, ready to be sent. Raises Unavailable."""
        generation = self.current().generation
        if self._columns is None or self._columns[0] != generation or table.view not in self._columns[1]:
            self._columns = (generation, view_columns(self.engine))
        columns = self._columns[1].get(table.view, ())
        return Ready(
            geometry=GEOJSON in columns,
            # written of the view's columns, which are the fields as long as the manifest names all of them in order
            properties=PROPERTIES in columns
            and [name for name in columns if name not in (ID, GEOMETRY, GEOJSON, PROPERTIES)] == list(table.fields),
        )

    def _look(self) -> None:
        self._looked = time.monotonic()
        if not self._shelf.look():
            return
        for name, fault in self._shelf.faults.items():
            LOGGER.error("manifest of %s not taken over: %s", name, fault)
        self._publication = self._publish()
        self._extents.clear()
        LOGGER.info("collections: %s", ", ".join(self._publication.collections))

    def _publish(self) -> Publication:
        layers = self._shelf.layers.values()
        collections = {item.layer.id: item for item in collections_of(layers)}
        config = configuration(self.settings, collections.values())
        limits = config["server"]["limits"]
        api = API(config, {})
        api.openapi = openapi(config, [item.layer for item in collections.values()], self.parts)
        return Publication(
            generation=_digest((_programs(), [layer.model_dump_json() for layer in layers])),
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


@cache
def _programs() -> Signature:
    """Changes with the installed version of our own programs and templates."""
    folder = Path(__file__).resolve().parent.parent
    kinds = {".html", ".py", ".sql", ".svg", ".yml"}
    return _stamps(folder, sorted(file for file in folder.rglob("*") if file.suffix in kinds))


def _stamps(folder: Path, files: Iterable[Path]) -> Signature:
    return tuple(
        (str(file.relative_to(folder)), stat.st_mtime_ns, stat.st_size) for file in files for stat in (file.stat(),)
    )


def _digest(value: object) -> str:
    return blake2b(repr(value).encode(), digest_size=8).hexdigest()
