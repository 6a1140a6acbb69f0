"""The environment in which GDAL may meet a stranger's file. Set before Python starts: the drivers load at import.

Which drivers there are stands in tables/gdal_drivers.tsv, so that who starts such a process need not load GDAL, and
pandas with it, to ask. `open_drivers` asks: on a machine for `geoportal check`, of the pinned wheels for a test.
"""

from functools import cache
from pathlib import Path
from typing import Final

# GTiff, PNG and JPEG read delivered pictures, COG and MEM write ours; GPKG and the rest write reports, open nothing.
_KEPT: Final = frozenset({"GTiff", "COG", "PNG", "JPEG", "MEM", "GPKG"})


def environment(kept: frozenset[str] = _KEPT) -> dict[str, str]:
    """Environment variables for a process that reads files with these drivers; nothing is changed here."""
    return {
        "GDAL_SKIP": ",".join(sorted(known_drivers() - kept)),
        # no .ovr, .msk, .aux.xml beside the file: each may be a data set of its own that leads elsewhere
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_PAM_ENABLED": "NO",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_VRT_ENABLE_RAWRASTERBAND": "NO",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "/none",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_MAX_RETRY": "0",
        "PROJ_NETWORK": "OFF",
        "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
        "OGR_SQLITE_LOAD_EXTENSIONS": "",
        "GML_DOWNLOAD_SCHEMA": "NO",
        "GML_SKIP_RESOLVE_ELEMS": "ALL",
        "DXF_INLINE_BLOCKS": "NO",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "20",
        "SHAPE_RESTORE_SHX": "NO",
        "GDAL_CACHEMAX": "64",
        "GDAL_NUM_THREADS": "1",
        "GDAL_MAX_BAND_COUNT": "16",
        "GDAL_JPEG_MAX_ALLOWED_SCAN_NUMBER": "100",
    }


@cache
def known_drivers() -> frozenset[str]:
    """Every driver of the two GDALs that the wheels of rasterio and pyogrio bring."""
    lines = Path(__file__).with_name("tables").joinpath("gdal_drivers.tsv").read_text("utf-8").splitlines()
    return frozenset(lines[1:])


def open_drivers() -> frozenset[str]:
    """The drivers that both have ready in this process; loads them."""
    import pyogrio
    from rasterio.env import Env

    with Env() as env:
        return frozenset(env.drivers()) | frozenset(pyogrio.list_drivers())


def require_guarded(kept: frozenset[str] = _KEPT) -> None:
    """Raises RuntimeError when this process, started in `environment(kept)`, has other drivers ready than those."""
    if others := open_drivers() - kept:
        raise RuntimeError(f"GDAL drivers that tables/gdal_drivers.tsv does not know: {', '.join(sorted(others))}")
