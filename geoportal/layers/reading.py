"""Reads a layer's source in a process of its own, and hands its rows on as they come."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import plans_ingest
from geoportal.catalogue import Layer, SourceError, wire
from geoportal.settings import STORAGE_SRID
from plans_ingest import gdal_guard
from plans_ingest.confine import Limits

log = logging.getLogger(__name__)

READER: Final = ("-m", "geoportal.catalogue.child")
_ENDING: Final = 5  # seconds from the last word to the end
_PATIENCE: Final = 3  # wall seconds for a second of computing time, on a machine that has other work too
_DRIVERS: Final = frozenset({"GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf"})
_PACKAGES: Final = Path(plans_ingest.__file__).resolve().parents[1]


class Reading:
    """The rows of a source in the text format of COPY; what else is to be told of them is known when all are read.

    `unnamed`: columns of the source that the manifest does not name. `personal`: public fields that look as if they
    told of persons, and why.
    """

    def __init__(self, layer: Layer, file: Path) -> None:
        self.unnamed: tuple[str, ...] = ()
        self.personal: Mapping[str, str] = {}
        self._layer = layer
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        """Pieces of whole rows. Raises SourceError."""
        layer = self._layer
        limit = _PATIENCE * Limits.of(self._file.stat().st_size).cpu
        with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as errors:
            question.write(json.dumps({"folder": str(layer.folder), "file": str(self._file)}).encode())
            question.seek(0)
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments of our own
                [sys.executable, "-P", "-s", *READER],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
            assert process.stdout is not None  # noqa: S101 - opened as a pipe
            alarm = threading.Timer(limit, _kill, (process,))
            alarm.start()
            try:
                with process:
                    try:
                        for answer in wire.answers(process.stdout):
                            if isinstance(answer, bytes):
                                yield answer
                            else:
                                self.unnamed, self.personal = tuple(answer["unnamed"]), answer["personal"]
                    except wire.Broken:
                        with suppress(subprocess.TimeoutExpired):
                            process.wait(_ENDING)  # how it ended by itself, before we end it
                        raise
                    finally:
                        _kill(process)
            except wire.Broken:
                errors.seek(max(0, errors.seek(0, os.SEEK_END) - 4000))
                log.error("reader of %s gave no answer: %s", layer.id, errors.read().decode("utf-8", "replace"))  # noqa: TRY400
                raise SourceError(f"{layer.id}: {_end_of(process)}") from None
            finally:
                alarm.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    # Not yet waited for, so the number cannot have become somebody else's.
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)


def _end_of(process: subprocess.Popen[bytes]) -> str:
    if process.returncode == -signal.SIGXCPU:
        return "das Lesen hat zu lange gerechnet / reading took too much computing time"
    if process.returncode == -signal.SIGKILL:
        return "das Lesen hat zu lange gedauert / reading took too long"
    return "das Lesen ist abgebrochen, siehe Protokoll / reading broke off, see the log"


def _environment() -> dict[str, str]:
    return gdal_guard.environment(_DRIVERS) | {
        # a Shapefile has its parts beside it
        "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
        "LC_ALL": "C.UTF-8",
        "GEOPORTAL_CRS": f"EPSG:{STORAGE_SRID}",
        "PYTHONPATH": str(_PACKAGES),
        "PYTHONDONTWRITEBYTECODE": "1",
        # each thread and arena would reserve address space, of which there is a limit
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
