"""Keeps the files to download in step with what is published."""

from dataclasses import replace

from sqlalchemy import Engine

from geoportal.catalogue import all_layers
from geoportal.downloads import Download, downloads_in
from geoportal.downloads.building import DEBOUNCE_SECONDS, build, refresh
from geoportal.downloads.data_set import DataSet
from geoportal.ogc.collection import collections_of
from geoportal.settings import Settings


def refresh_downloads(
    engine: Engine, settings: Settings, debounce: float = DEBOUNCE_SECONDS, *, by_gemeinde: bool = True
) -> list[str]:
    """The files anew of those collections whose data have changed; returns these. `engine` is the reader's."""
    sets = list(_data_sets(settings).values())
    if not by_gemeinde:
        sets = [replace(each, by_gemeinde=False) for each in sets]
    return refresh(engine, sets, downloads_in(settings, settings.downloads), debounce)


def build_downloads(engine: Engine, settings: Settings, collection: str) -> list[Download]:
    """The files of one collection anew, whatever its version. Raises KeyError when there is no such collection."""
    return build(engine, _data_sets(settings)[collection], downloads_in(settings, settings.downloads))


def _data_sets(settings: Settings) -> dict[str, DataSet]:
    """By collection. A selection has no files: they would be made at each change, and the whole layer's hold it."""
    collections = collections_of(all_layers(settings.home / "layers"))
    return {each.layer.id: each.data_set for each in collections if not each.where}
