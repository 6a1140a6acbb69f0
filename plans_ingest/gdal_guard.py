"""The environment in which GDAL may meet a stranger's file. Set before Python starts: the drivers load at import."""

from functools import cache
from typing import Final

import pyogrio
from rasterio.env import Env

# GTiff, PNG and JPEG read delivered pictures, COG and MEM write ours; GPKG and the rest write reports, open nothing.
_KEPT: Final = frozenset({"GTiff", "COG", "PNG", "JPEG", "MEM", "GPKG"})


def environment(kept: frozenset[str] = _KEPT) -> dict[str, str]:
    """Environment variables for a process that reads files with these drivers; nothing is changed here."""
    return {
        "GDAL_SKIP": ",".join(sorted(_drivers() - kept)),
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
def _drivers() -> frozenset[str]:
    """Every driver of the two GDALs that the wheels of rasterio and pyogrio bring."""
    with Env() as env:
        return frozenset(env.drivers()) | frozenset(pyogrio.list_drivers())
