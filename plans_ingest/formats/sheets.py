"""The sheets of a delivery: pictures and PDFs that say where they lie.

GDAL and PDFium are loaded only for a delivery that has such; most have none, and each is read by a process of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from plans_ingest import codelists
from plans_ingest.codelists import ExterneReferenzTyp
from plans_ingest.formats.bundle import Picture
from plans_ingest.formats.cog import Sheet
from plans_ingest.formats.reading import Reading
from plans_ingest.formats.recognise import Format
from plans_ingest.model import Dokument, Issue, Plan, Planwerk, Severity, Where


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets of a delivery by the names of their pictures, and what was told while they were read."""

    by_name: Mapping[str, Sheet]
    formats: tuple[str, ...]
    issues: tuple[Issue, ...]

    def alone(self) -> Reading:
        """Pictures without any outline: plans that are seen and named after their files, but cannot be published."""
        told = [Issue("raster_without_outline", Severity.WARNING, Where(name)) for name in self.by_name]
        plans = []
        for name in self.by_name:
            stem = PurePosixPath(name).stem
            reference = Dokument(ExterneReferenzTyp.RECHTSPLAN, stem, name, "PlanMitGeoreferenz")
            version = codelists.VERSIONS[-1]
            plans.append(Plan(stem, Planwerk.BEBAUUNGSPLAN, version, stem, dokumente=(reference,)))
        return Reading(" + ".join(self.formats), None, tuple(plans), tuple(told), len(plans), 0, 0)


def read_all(pictures: Sequence[Picture], folder: Path, srid: int) -> Sheets:
    """Every picture of a delivery that says where it lies. Raises as raster.read() and geopdf.read() do."""
    issues: list[Issue] = []
    found = {picture.member.name: (picture.kind, _read(picture, folder, srid, issues)) for picture in pictures}
    sheets = {name: sheet for name, (_, sheet) in found.items() if sheet is not None}
    return Sheets(sheets, tuple(dict.fromkeys(found[name][0].value for name in sheets)), tuple(issues))


def _read(picture: Picture, folder: Path, srid: int, issues: list[Issue]) -> Sheet | None:
    if picture.kind is Format.PDF:
        from plans_ingest.formats import geopdf

        return geopdf.read(picture.member, folder, srid, issues)
    from plans_ingest.formats import raster

    return raster.read(picture, folder, srid, issues)
