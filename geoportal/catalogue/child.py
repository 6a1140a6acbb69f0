"""The process that reads one source and ends: layer and file on standard input, rows or a fault on standard output.

It gives up the network, children and most of its memory before it opens anything, because a source may be broken and a
`load.py` is code that nobody here has seen. Its environment holds no address of a database.
"""

import errno
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import shapely  # noqa: F401 - all that is needed later is loaded before the limits hold
from pyproj import Transformer

from geoportal.catalogue import wire
from geoportal.catalogue.frames import SRID
from geoportal.catalogue.reading import ManifestError, read_layer
from geoportal.catalogue.rows import read
from geoportal.catalogue.source import Reason, SourceError
from plans_ingest.confine import Limits, confine

MEMORY: Final = 2 * 1024**3


def main() -> None:
    """What a library prints goes to standard error, which is for the operator's log alone."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request: Mapping[str, str] = json.load(sys.stdin)
    folder, file = Path(request["folder"]), Path(request["file"])
    Transformer.from_crs("OGC:CRS84", SRID)  # PROJ opens its database
    given = Limits.of(file.stat().st_size)
    confine(Limits(memory=MEMORY, cpu=given.cpu, file=given.file, open_files=given.open_files))
    with out:
        try:
            unnamed: dict[str, None] = {}
            personal: dict[str, str] = {}
            for piece in read(read_layer(folder), file):
                wire.write_rows(out, piece.text)
                unnamed |= dict.fromkeys(piece.unnamed)
                personal = {**piece.personal, **personal}
            wire.write_end(out, {"unnamed": list(unnamed), "personal": personal})
        except SourceError as fault:
            wire.write_fault(out, fault.reason, str(fault))
        except ManifestError as fault:
            wire.write_fault(out, Reason.MANIFEST, str(fault))
        except MemoryError:
            wire.write_fault(
                out, Reason.UNREADABLE, f"{folder.name}: zu wenig Speicher erlaubt / needs more memory than allowed"
            )
        except OSError as fault:
            if fault.errno not in (errno.EPERM, errno.EFBIG):
                raise
            wire.write_fault(out, Reason.UNREADABLE, f"{folder.name}: nicht erlaubt / not allowed: {fault.strerror}")


if __name__ == "__main__":
    main()
