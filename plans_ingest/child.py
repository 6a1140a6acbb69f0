"""The process that reads one file and ends: request on standard input, batch or fault on standard output.

What a library or a hostile file makes it print goes to standard error, which is for the operator's log alone.
"""

import errno
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from plans_ingest import kreis, serial
from plans_ingest.confine import Limits, allow_for, confine
from plans_ingest.errors import Limit, PlanFileError, ResourceExceeded
from plans_ingest.model import Batch, Where
from plans_ingest.pipeline import ingest


@dataclass(frozen=True, slots=True)
class Request:
    """Which file to read and how; paths are those that the child sees. `gemeinde` is a manifest as JSON,
    `gemeinden` the folder of another Kreis's manifests.

    `asker` is the process that waits for the answer, None where bubblewrap looks after its death.
    """

    file: str
    name: str
    workdir: str
    srid: int
    gemeinde: str | None
    gemeinden: str | None
    schemas: str | None
    grenzen: Mapping[str, BaseGeometry]
    limits: Limits
    asker: int | None


def serve(read: Callable[[Request], Batch]) -> None:
    """Confines this process, then reads, then answers. A fault that is no PlanFileError ends it without an answer."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = serial.read_value(sys.stdin.buffer, b"Q", Request, Path())
    confine(request.limits)
    if request.asker is not None and os.getppid() != request.asker:
        return  # it had died before this process could ask to die with it
    where = Where(request.name)
    with answer:
        try:
            serial.write_batch(read(request), answer, Path(request.workdir))
        except PlanFileError as fault:
            serial.write_fault(fault, answer)
        except MemoryError:
            serial.write_fault(ResourceExceeded(Limit.MEMORY, where), answer)
        except OSError as fault:
            if fault.errno != errno.EFBIG:
                raise
            serial.write_fault(ResourceExceeded(Limit.DISK, where), answer)


def read(request: Request) -> Batch:
    if request.gemeinden is not None:
        kreis.serve(Path(request.gemeinden))
    gemeinde = None
    if request.gemeinde is not None:
        from plans_ingest.gemeinden import Gemeinde  # pydantic takes long to load

        gemeinde = Gemeinde.model_validate_json(request.gemeinde)
    return ingest(
        Path(request.file),
        Path(request.workdir),
        name=request.name,
        srid=request.srid,
        gemeinde=gemeinde,
        schemas=None if request.schemas is None else Path(request.schemas),
        grenzen=request.grenzen,
        unpacked=allow_for,
    )


if __name__ == "__main__":
    serve(read)
