"""A sheet in its place: a georeferenced picture finished as Cloud Optimized GeoTIFF, with outline and resolution."""

import hashlib
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon

from plans_ingest import crs
from plans_ingest.errors import UnreadableFile
from plans_ingest.formats.container import Member
from plans_ingest.model import Attachment, Rasterplan, Where

type Points = npt.NDArray[np.float64]

_FINEST, _COARSEST = 0.0005, 100.0  # metres on the ground that a pixel of a plan may cover
_EDGE_POINTS: Final = 8  # of the outline on each side, since straight lines bend between CRSs
# One data set and nothing beside it; the sandbox sets the same and more before Python starts (gdal_guard).
OPTIONS: Final = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 64,
    "GDAL_NUM_THREADS": "1",
    "GDAL_MAX_BAND_COUNT": 16,
    "GDAL_JPEG_MAX_ALLOWED_SCAN_NUMBER": 100,
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture as raster of a plan, and its COG as a file of the delivery.

    `document` is the delivered file where it is one to read beside the COG (a PDF), None for a picture.
    """

    raster: Rasterplan
    attachment: Attachment
    document: Attachment | None = None


def finish(
    member: Member, clean: Path, epsg: int, srid: int, shown: Points | None, document: Attachment | None = None
) -> Sheet:
    """The tiled GeoTIFF `clean` (which is used up) as sheet of the delivered file `member`, in EPSG:`epsg`.

    `shown` are the corners of what the picture shows, pixels (column, row); None for all of it. Raises UnreadableFile
    when its place cannot be right.
    """
    import rasterio
    import rasterio.shutil

    where = Where(member.name)
    target = clean.with_name(f"{member.path.name}.cog.tif")
    with rasterio.Env(**OPTIONS):
        with rasterio.open(clean, driver="GTiff") as source:
            a, b, c, d, e, f = source.transform[:6]
            width, height, count = source.width, source.height, source.count
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rasterio.shutil.copy(
                clean, target, driver="COG", compress="deflate", blocksize=512, overview_resampling="average",
                bigtiff="if_safer",
            )  # fmt: skip
    clean.unlink()

    def outline(corners: Points) -> Polygon:
        steps = np.linspace(0, 1, _EDGE_POINTS, endpoint=False)[:, np.newaxis]
        after = np.roll(corners, -1, axis=0)
        pixels = np.concatenate([one + steps * (other - one) for one, other in zip(corners, after, strict=True)])
        places = np.column_stack([a * pixels[:, 0] + b * pixels[:, 1] + c, d * pixels[:, 0] + e * pixels[:, 1] + f])
        if epsg != srid:
            places = np.column_stack(crs.transformer(epsg, srid).transform(*crs.without_zone(places, epsg).T))
        found: Polygon = shapely.orient_polygons(Polygon(places))
        return found

    whole = outline(np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=float))
    resolution = math.sqrt(whole.area / (width * height)) if math.isfinite(whole.area) else 0.0
    if not _FINEST <= resolution <= _COARSEST:
        raise UnreadableFile(
            f"Die Georeferenz kann nicht stimmen: ein Pixel wäre {resolution:.3g} m groß",
            "the georeference cannot be right",
            where,
        )
    umriss = whole if shown is None else outline(shown)
    attachment = Attachment(f"{member.name}.cog.tif", target, target.stat().st_size)
    with member.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Sheet(
        Rasterplan(
            name=member.name,
            quelle_sha256=digest,
            attachment=attachment.name,
            epsg=epsg,
            umriss=MultiPolygon([umriss]),
            aufloesung=round(resolution, 6),
            breite=width,
            hoehe=height,
            baender=count,
        ),
        attachment,
        document,
    )
