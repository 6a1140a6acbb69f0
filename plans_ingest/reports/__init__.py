"""A report for other people: as JSON, as a page with a map, as a GeoPackage for QGIS."""

from collections.abc import Mapping
from pathlib import Path

from plans_ingest.model import Batch, Json
from plans_ingest.reports.document import as_json, document, fault_document
from plans_ingest.reports.page import page

__all__ = ["as_json", "document", "fault_document", "page", "write_fault", "write_reports"]


def write_reports(batch: Batch, folder: Path, stem: str, srid: int) -> tuple[Path, Path, Path]:
    """`<stem>.json`, `<stem>.html` and `<stem>.gpkg` in a folder, which is made if need be; older ones are replaced.

    The geometries of the batch are in EPSG:`srid`. Raises OSError.
    """
    from plans_ingest.reports.geopackage import write_geopackage  # GDAL and pandas: who only reads does without

    folder.mkdir(parents=True, exist_ok=True)
    found = document(batch, srid)
    json_file, html_file, gpkg_file = (folder / f"{stem}.{suffix}" for suffix in ("json", "html", "gpkg"))
    json_file.write_text(as_json(found), "utf-8")
    html_file.write_text(page(batch, found), "utf-8")
    write_geopackage(batch, gpkg_file, srid)
    return json_file, html_file, gpkg_file


def write_fault(found: Mapping[str, Json], folder: Path, stem: str) -> None:
    """`<stem>.json` for a file that could not be read: its fault_document(). Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.json").write_text(as_json(found), "utf-8")
