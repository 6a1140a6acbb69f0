"""A batch over a pipe: everything the model holds comes back the same, and nothing else is believed."""

import io
import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, box

from plans_ingest import Batch, PlanFileError, UnsafeFile, ingest, serial
from plans_ingest.errors import Limit, ResourceExceeded
from plans_ingest.model import (
    Attachment,
    Bereich,
    Dokument,
    GemeindeRef,
    Issue,
    Plan,
    Planbezug,
    Planobjekt,
    Planwerk,
    Report,
    Severity,
    Textabschnitt,
    Where,
    Zeitraum,
)
from tests.files import feature, plan, polygon, prop, write, xplangml

OUTLINE = MultiPolygon([box(0, 0, 10, 10)])
WHERE = Where("ä/b.gml", "BP_Plan", "GML_1", 7)


def whole_batch(root: Path, objekte: int = 1_203) -> Batch:
    """A value in every field, more objects than one frame holds, and text that no XML parser would let through."""
    things = tuple(
        Planobjekt("BP_Weg", f"o{n}", None, LineString([(n, 0), (n, 1)]), Point(n, n) if n % 7 == 0 else None,
                   attribute={"a": [1, {"b": None}], "ü": "\ud800"})
        for n in range(objekte)
    )  # fmt: skip
    first = Plan(
        "p", Planwerk.BEBAUUNGSPLAN, "6.0", "Am Hang", "5", gemeinden=(GemeindeRef("06534008", "E", None),),
        planart=(1000, 3000), rechtsstand=4000, inkrafttretens_datum=date(2020, 2, 29),
        auslegungen=(Zeitraum(None, date(2019, 1, 1)),), geltungsbereich=OUTLINE,
        bereiche=(Bereich("b", "0", None, OUTLINE, {"x": 1.5}),), objekte=things,
        texte=(Textabschnitt("t", "TextAbschnitt", "1", None, "…", {}),),
        dokumente=(Dokument(1010, "B", "b.pdf", attachment="b.pdf"),), bezuege=(Planbezug("aendert", "Alt", None),),
        attribute={"tief": {"x": True}},
    )  # fmt: skip
    second = Plan(None, Planwerk.FLAECHENNUTZUNGSPLAN, "3.0", None)
    issues = (Issue("ring_open", Severity.WARNING, WHERE, "1 m", "p", Point(1, 2)),) * 600
    report = Report("a.zip", "XPlanArchiv", None, 3, objekte, 2, 1, issues)
    return Batch((first, second), (Attachment("b.pdf", root / "0001", 3),), report)


def written(batch: Batch, root: Path) -> bytes:
    stream = io.BytesIO()
    serial.write_batch(batch, stream, root)
    return stream.getvalue()


def test_a_batch_comes_back_as_it_went(tmp_path: Path) -> None:
    batch = whole_batch(tmp_path / "there")
    again = serial.read_batch(io.BytesIO(written(batch, tmp_path / "there")), tmp_path / "here")
    assert again.attachments == (Attachment("b.pdf", tmp_path / "here/0001", 3),)
    assert replace(again, attachments=()) == replace(batch, attachments=())


def test_a_document_beside_which_there_is_no_plan_comes_back(tmp_path: Path) -> None:
    whole = whole_batch(tmp_path, 0)
    batch = replace(whole, plans=())
    assert serial.read_batch(io.BytesIO(written(batch, tmp_path)), tmp_path) == batch


def test_what_the_reader_makes_of_a_file_comes_back(tmp_path: Path) -> None:
    bowtie = feature("BP_GruenFlaeche", "g", prop("position", polygon("0 0 10 10 10 0 0 10 0 0")))
    batch = ingest(write(tmp_path / "p.gml", xplangml(plan(), bowtie)), tmp_path, srid=25832)
    again = serial.read_batch(io.BytesIO(written(batch, tmp_path)), tmp_path)
    assert again == batch
    assert [item.fingerprint() for item in again] == [item.fingerprint() for item in batch]


@pytest.mark.parametrize(
    "fault",
    [
        UnsafeFile("Deutsch", "English", WHERE),
        PlanFileError("Deutsch", "English"),
        ResourceExceeded(Limit.CPU, Where("a.gml")),
    ],
)
def test_a_fault_is_raised_again_as_what_it_was(fault: PlanFileError) -> None:
    stream = io.BytesIO()
    serial.write_fault(fault, stream)
    stream.seek(0)
    with pytest.raises(type(fault)) as caught:
        serial.read_batch(stream, Path())
    assert type(caught.value) is type(fault)
    assert str(caught.value) == str(fault)
    assert caught.value.where == fault.where


@pytest.mark.parametrize("length", [0, 1, 12, 13, 100, -1])
def test_a_stream_cut_short_is_not_taken_for_a_batch(tmp_path: Path, length: int) -> None:
    whole = written(whole_batch(tmp_path, 2), tmp_path)
    with pytest.raises(serial.Broken):
        serial.read_batch(io.BytesIO(whole[:length]), tmp_path)


def test_a_lost_frame_is_noticed(tmp_path: Path) -> None:
    whole = written(whole_batch(tmp_path, 1_203), tmp_path)
    starts = [index for index in range(len(whole)) if whole.startswith((b"O\0", b"R\0"), index)]
    with pytest.raises(serial.Broken):
        serial.read_batch(io.BytesIO(whole[: starts[0]] + whole[starts[-1] :]), tmp_path)


@pytest.mark.parametrize(
    ("hint", "content"),
    [
        (str, 5),
        (int, True),
        (int, "5"),
        (Severity, "fatal"),
        (date, "2020-02-30"),
        (Where, ["a.gml", None, None]),
        (Where, ["a.gml", None, None, "7"]),
        (tuple[int, ...], {"0": 1}),
        (MultiPolygon, 0),
        (MultiPolygon, -1),
        (MultiPolygon | None, 1),
        (Point, 0),
        (Attachment, ["b.pdf", "../../etc/passwd", 3]),
        (Attachment, ["b.pdf", "/etc/passwd", 3]),
        (Attachment, ["b.pdf", "a\0b", 3]),
    ],
)
def test_a_value_of_another_shape_is_refused(tmp_path: Path, hint: type, content: object) -> None:
    geometries = [LineString([(0, 0), (1, 1)])] if hint is Point else []
    with pytest.raises(serial.Broken):
        serial._codec(hint).decode(content, serial._Packing(tmp_path, geometries))


def test_a_type_that_the_model_never_had_is_told_to_who_adds_it() -> None:
    with pytest.raises(TypeError):
        serial._codec(UUID)


def test_a_claimed_length_is_not_reserved() -> None:
    with pytest.raises(serial.Broken):
        serial.read_batch(io.BytesIO(serial._HEADER.pack(b"P", 2**32 - 1, 0, 0)), Path())


def test_json_without_bottom(tmp_path: Path) -> None:
    deep = b"[" * 1_000_000
    with pytest.raises(serial.Broken):
        serial.read_batch(io.BytesIO(serial._HEADER.pack(b"P", len(deep), 0, 0) + deep), tmp_path)


def test_changed_bytes_never_do_worse_than_be_refused(tmp_path: Path) -> None:
    whole = bytearray(written(whole_batch(tmp_path, 3), tmp_path))
    chance = random.Random(1)
    for _ in range(1_500):
        changed = whole.copy()
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            batch = serial.read_batch(io.BytesIO(changed), tmp_path)
        except (serial.Broken, PlanFileError):
            continue
        assert all(shapely.is_geometry(item.geometry) for item in batch.plans[0].objekte)
