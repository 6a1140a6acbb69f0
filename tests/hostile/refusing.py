"""What every hostile file must meet: a refusal that says nothing of this machine, soon, and nothing left beside it."""

import time
from pathlib import Path

import pytest

from plans_ingest import Batch, PlanFileError, ingest

SECRET = "s3cret-of-the-server"
SECONDS = 20.0  # of computing time


VRT = '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>' \
    "<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"  # fmt: skip


def read(tmp_path: Path, file: Path) -> Batch:
    workdir = tmp_path / "work"
    workdir.mkdir()
    return ingest(file, workdir, srid=25832)


def refused(tmp_path: Path, file: Path, kind: type[PlanFileError] = PlanFileError) -> PlanFileError:
    before = {item for item in file.parent.iterdir() if item.name != "work"}
    started = time.process_time()
    with pytest.raises(kind) as caught:
        read(tmp_path, file)
    assert time.process_time() - started < SECONDS
    text = str(caught.value)
    assert SECRET not in text
    assert str(tmp_path) not in text
    assert {item for item in file.parent.iterdir() if item.name != "work"} == before, (
        "something was left beside the file"
    )
    return caught.value


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file
