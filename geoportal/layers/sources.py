"""The file that a layer's rows are read from, and whether anything has changed since they were."""

import difflib
import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Final, Self
from urllib.parse import urlsplit

from geoportal.catalogue import Layer, SourceError
from geoportal.layers.fetching import Fetcher, Known
from geoportal.layers.services import write_features
from geoportal.settings import Settings

_MIB: Final = 1024**2
_LINES: Final = ".geojsonl"
# What GDAL and we recognise a file by; of anything else the content decides.
_SUFFIXES: Final = frozenset({".csv", ".tsv", ".xlsx", ".gpkg", ".geojson", ".json", ".zip", ".fgb"})


@dataclass(frozen=True, slots=True)
class Provided:
    """`signature` is equal exactly as long as nothing has changed that rows are made of."""

    file: Path
    signature: str
    known: Known


@dataclass(frozen=True, slots=True)
class Places:
    """Where sources lie: below `home` those that the operator brings, in `cache` those that were fetched.

    `private` are hosts of inner networks that the operator allows to be asked.
    """

    home: Path
    cache: Path
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.home, settings.data / "sources", settings.private_sources)


def provide(layer: Layer, places: Places, known: Known | None = None, stock: str = "") -> Provided:
    """Fetches the source if it comes over the network. Raises SourceError.

    `stock`: which official addresses are known; rows with addresses are made of them too.
    """
    if layer.source.address is None:
        stock = ""
    if layer.source.path is not None:
        return _local(layer, places.home / layer.source.path, stock)
    return _fetched(layer, places, known, stock)


def _local(layer: Layer, file: Path, stock: str) -> Provided:
    if not file.is_file():
        beside = [each.name for each in file.parent.iterdir()] if file.parent.is_dir() else []
        near = difflib.get_close_matches(file.name, beside, n=1)
        hint = f"; gemeint ist wohl / probably meant: {near[0]}" if near else ""
        raise SourceError(f"{layer.id}: Datei fehlt / file missing: {layer.source.path}{hint}")
    # a Shapefile is several files of one name
    parts = sorted(file.parent.glob(f"{_escaped(file.stem)}.*"))
    return Provided(file, _signature(layer, stock, [_stamp(each) for each in parts]), Known())


def _fetched(layer: Layer, places: Places, known: Known | None, stock: str) -> Provided:
    source = layer.source
    folder = places.cache / layer.id
    folder.mkdir(parents=True, exist_ok=True)
    suffix = PurePosixPath(urlsplit(source.url).path).suffix.lower() if source.url else _LINES
    file = folder / f"source{suffix if suffix in {*_SUFFIXES, _LINES} else ''}"
    fetcher = Fetcher(source.allowed_hosts, source.max_mb * _MIB, private=places.private)
    fresh = folder / f"{os.getpid()}.part"
    try:
        if source.url:
            said = fetcher.download(source.url, fresh, known if file.exists() else None)
        else:
            write_features(fetcher, source, fresh)
            said = Known()
        if said is not None:
            fresh.replace(file)
    except OSError as error:
        raise SourceError(f"{layer.id}: {error.strerror}") from error
    except SourceError as error:
        raise SourceError(f"{layer.id}: {error}", error.reason) from error
    finally:
        fresh.unlink(missing_ok=True)
    with file.open("rb") as content:
        digest = blake2b(digest_size=16)
        while chunk := content.read(_MIB):
            digest.update(chunk)
    return Provided(file, _signature(layer, stock, [digest.hexdigest()]), said or known or Known())


def _signature(layer: Layer, stock: str, source: list[str]) -> str:
    script = layer.folder / "load.py"
    parts = [layer.model_dump_json(), *filter(None, [stock]), *source, *([_stamp(script)] if script.is_file() else [])]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _stamp(file: Path) -> str:
    stat = file.stat()
    return f"{file.name} {stat.st_mtime_ns} {stat.st_size}"


def _escaped(stem: str) -> str:
    """For glob(): brackets in a file's name are no pattern."""
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in stem)
