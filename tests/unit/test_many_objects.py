"""A plan of very many objects is read, checked and handed over in parts, and says what it would say in one piece."""

import io
import os
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, box

from plans_ingest import Batch, UnsafeFile, ingest, serial
from plans_ingest.checks.tiles import Tile
from plans_ingest.formats.findings import MOST_OF_A_KIND, Findings
from plans_ingest.model import Issue, Planobjekt, Severity, Where
from plans_ingest.stock import Objekte, Stock, shapes_of
from tests.files import feature, link, plan, polygon, prop, write, xplangml

SIDE = 12  # squares of 10 m


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens to a million objects, with a hundred."""
    monkeypatch.setattr("plans_ingest.stock.IN_MEMORY", 40)
    monkeypatch.setattr("plans_ingest.stock.BLOCK", 25)
    monkeypatch.setattr("plans_ingest.checks.BLOCK", 30)
    monkeypatch.setattr("plans_ingest.formats.xplangml.BLOCK", 30)
    monkeypatch.setattr("plans_ingest.checks.tiles.AT_ONCE", 35)


def squares(seed: int) -> Iterator[str]:
    """A plan's worth of squares side by side, some missing, some too wide, some without a vertex of a neighbour's,
    and one as large as all of them.
    """
    chance = random.Random(seed)
    for number in range(SIDE * SIDE):
        x, y = 10 * (number % SIDE), 10 * (number // SIDE)
        fate = chance.random()
        east = x + (12 if fate < 0.05 else 10)
        ring = f"{x} {y} {east} {y} {east} {y + 10} {x} {y + 10} {x} {y}"
        if 0.05 < fate < 0.1:
            ring = f"{x} {y} {x + 5} {y} {east} {y} {east} {y + 10} {x} {y + 10} {x} {y}"
        extra = prop("GRZ", "40") if 0.1 < fate < 0.15 else prop("GRZ", "0.4")
        content = prop("ebene", "0") + link("gehoertZuBereich", "b" if fate < 0.9 else "nirgends")
        content += prop("rechtscharakter", "1000") + prop("position", polygon(ring)) + prop("flaechenschluss", "true")
        if not 0.15 < fate < 0.2:
            yield feature("BP_BaugebietsTeilFlaeche", f"o{number}", content + extra)
    whole = f"0 0 {10 * SIDE} 0 {10 * SIDE} {10 * SIDE} 0 {10 * SIDE} 0 0"
    content = prop("ebene", "0") + link("gehoertZuBereich", "b") + prop("position", polygon(whole))
    yield feature("BP_GruenFlaeche", "whole", content + prop("flaechenschluss", "true" if seed % 2 else "false"))


def delivered(folder: Path, seed: int, *, planinhalt: bool = False) -> Batch:
    outline = f"0 0 {10 * SIDE} 0 {10 * SIDE} {10 * SIDE} 0 {10 * SIDE} 0 0"
    inhalt = "".join(link("planinhalt", f"o{number}") for number in range(0, SIDE * SIDE, 2)) if planinhalt else ""
    features = [
        plan(outline=polygon(outline), extra=link("bereich", "b")),
        feature("BP_Bereich", "b", prop("nummer", "0") + inhalt + link("gehoertZuPlan", "plan")),
        *squares(seed),
    ]
    random.Random(seed).shuffle(features)
    folder.mkdir(exist_ok=True)
    return ingest(write(folder / "plan.gml", xplangml(*features)), folder, srid=25832)


def said(batch: Batch) -> list[tuple[str, str | None, str, str, int | None]]:
    """The findings without their order, and places of gaps without where a tile's edge cut them."""
    return sorted(
        (issue.code, issue.where.gml_id, issue.detail, "" if (shape := issue.geometry) is None else
         shapely.to_wkt(shapely.normalize(shape.simplify(0)), rounding_precision=3), issue.where.line)
        for issue in batch.report.issues
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_what_is_found_does_not_depend_on_how_many_objects_are_looked_at_at_once(
    tmp_path: Path, few_at_once: None, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    parts = delivered(tmp_path / "a", seed, planinhalt=seed > 1)
    monkeypatch.undo()
    whole = delivered(tmp_path / "b", seed, planinhalt=seed > 1)
    assert isinstance(parts.plans[0].objekte, Objekte)
    assert isinstance(whole.plans[0].objekte, tuple)
    found = {code for code, *_ in said(whole)}
    assert {"flaechenschluss_overlap", "reference_dangling", "mass_implausible"} <= found
    assert found & {"flaechenschluss_gap", "flaechenschluss_vertex"}
    assert said(parts) == said(whole)
    assert parts.plans[0].fingerprint() == whole.plans[0].fingerprint()
    assert tuple(parts.plans[0].objekte) == whole.plans[0].objekte
    assert replace(parts.report, issues=()) == replace(whole.report, issues=())


def test_gaps_of_a_slanting_plan_are_not_tied_together_where_tiles_are_cut(tmp_path: Path, few_at_once: None) -> None:
    """On a slanting border no corner of a tile lies exactly, and what lies beside it must not be taken for a gap."""

    def ring(west: float, south: float, east: float, north: float) -> str:
        corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        return " ".join(f"{round(x - 0.3 * y, 3)} {round(y + 0.3 * x, 3)}" for x, y in corners)

    missing = {number for number in range(SIDE * SIDE) if number % 2 and not 0 < number // SIDE < SIDE - 1}
    areas = (
        feature("BP_GruenFlaeche", f"o{number}", prop("position", polygon(ring(x, y, x + 10, y + 10)))
                + prop("ebene", "0") + prop("flaechenschluss", "true"))
        for number in range(SIDE * SIDE) if number not in missing
        for x, y in [(10 * (number % SIDE), 10 * (number // SIDE))]
    )  # fmt: skip
    outline = plan(outline=polygon(ring(0, 0, 10 * SIDE, 10 * SIDE)))
    batch = ingest(write(tmp_path / "plan.gml", xplangml(outline, *areas)), tmp_path, srid=25832)
    gaps = [issue for issue in batch.report.issues if issue.code == "flaechenschluss_gap"]
    assert [issue.detail for issue in gaps] == ["109.00 m²"] * len(missing)
    assert max(issue.geometry.length for issue in gaps if issue.geometry is not None) < 42


def test_where_bereiche_leave_nothing_to_cover_objects_without_one_are_checked_all_the_same(
    tmp_path: Path, few_at_once: None
) -> None:
    outline = polygon(f"0 0 {10 * SIDE} 0 {10 * SIDE} {10 * SIDE} 0 {10 * SIDE} 0 0")
    bereich = prop("nummer", "0") + prop("geltungsbereich", outline) + link("gehoertZuPlan", "plan")
    objekte = (text.replace('"#b"', '"#nirgends"') for text in squares(1))
    features = [plan(outline=outline, extra=link("bereich", "b")), feature("BP_Bereich", "b", bereich), *objekte]
    batch = ingest(write(tmp_path / "plan.gml", xplangml(*features)), tmp_path, srid=25832)
    codes = {issue.code for issue in batch.report.issues}
    assert "flaechenschluss_overlap" in codes
    assert "flaechenschluss_gap" not in codes


def test_many_objects_come_over_the_pipe_as_they_went(tmp_path: Path, few_at_once: None) -> None:
    batch = delivered(tmp_path, 1)
    stream = io.BytesIO()
    serial.write_batch(batch, stream, tmp_path)
    stream.seek(0)
    [again] = serial.read_batch(stream, tmp_path).plans
    assert isinstance(again.objekte, Objekte)
    assert tuple(again.objekte) == tuple(batch.plans[0].objekte)
    assert again.objekte[-1] == list(batch.plans[0].objekte)[-1]
    assert list(again.objekte[3:5]) == list(again.objekte)[3:5]


@pytest.mark.filterwarnings("error")
def test_many_objects_lie_in_the_folder_of_the_reading_and_are_gone_with_the_last_of_them(
    tmp_path: Path, few_at_once: None
) -> None:
    def held() -> list[str]:
        return [link for fd in Path("/proc/self/fd").iterdir() if (link := os.path.realpath(fd)).startswith(str(room))]

    stream, room = io.BytesIO(), tmp_path / "room"
    room.mkdir()
    serial.write_batch(delivered(tmp_path, 1), stream, tmp_path)
    stream.seek(0)
    objekte = serial.read_batch(stream, room).plans[0].objekte
    assert len(held()) == len(objekte) // 40
    room.rmdir()
    assert len(list(objekte)) == len(objekte)
    del objekte
    assert not held()


def test_plans_of_one_file_get_their_own_objects_out_of_many(tmp_path: Path, few_at_once: None) -> None:
    def square(number: int) -> str:
        position = prop("position", polygon(f"{number} 0 {number + 1} 0 {number + 1} 1 {number} 1 {number} 0"))
        return feature("BP_GruenFlaeche", f"o{number}", link("gehoertZuBereich", f"b{number % 2}") + position)

    plans = [plan(f"p{n}", nummer=str(n), extra=link("bereich", f"b{n}")) for n in (0, 1)]
    bereiche = [feature("BP_Bereich", f"b{n}", prop("nummer", "0") + link("gehoertZuPlan", f"p{n}")) for n in (0, 1)]
    file = write(tmp_path / "plan.gml", xplangml(*plans, *map(square, range(120)), *bereiche))
    even, odd = ingest(file, tmp_path, srid=25832).plans
    assert [objekt.gml_id for objekt in even.objekte] == [f"o{n}" for n in range(0, 120, 2)]
    assert [objekt.gml_id for objekt in odd.objekte] == [f"o{n}" for n in range(1, 120, 2)]
    assert {objekt.bereich for objekt in odd.objekte} == {"b1"}


def test_an_object_comes_back_from_the_stock_with_all_that_it_says(few_at_once: None) -> None:
    stock = Stock()
    objekte = [
        Planobjekt("BP_Weg", f"ö{n}" if n % 3 else None, f"b{n}" if n % 7 else None, Point(n, 0.1) if n % 2 else None,
                   box(n, 0, n + 1, 1) if n % 5 == 0 else None, n - 50, None if n % 4 else True, 1000,
                   {"a": [1, {"b": None}], "ü": "\ud800", "x": 0.1})
        for n in range(100)
    ]  # fmt: skip
    for field in fields(Planobjekt):  # the stock knows them by their order
        said = [getattr(objekt, field.name) for objekt in objekte[:80]]
        assert any(value is not None and value != field.default for value in said), field.name
    for objekt in objekte:
        stock.append(objekt)
    order = np.array([99, 0, 41, 80, 79, 3], dtype=np.int32)
    assert stock.some(order) == [objekte[number] for number in order]
    every = Objekte(stock, np.arange(100, dtype=np.int32))
    shapes = shapes_of(every, np.array([97, 2, 1]))
    assert [None if shape is None else shape.x for shape in shapes] == [97, None, 1]
    assert list(every) == objekte


def test_each_point_of_the_plane_is_in_one_tile(few_at_once: None) -> None:
    corners = np.array([(x, y) for x in range(20) for y in range(20)], dtype=float)
    tiles = Tile.over(np.hstack([corners, corners + 1]))
    assert len(tiles) > 8
    asked = np.vstack([corners, corners + 0.5, [[-1e9, 1e9]]])
    assert (np.sum([tile.has(asked) for tile in tiles], axis=0) == 1).all()


def test_areas_that_nothing_can_tell_apart_are_one_tile(few_at_once: None) -> None:
    [tile] = Tile.over(np.tile([0.0, 0.0, 1.0, 1.0], (200, 1)))
    assert tile.is_everything


def test_a_heap_of_areas_is_told_and_not_compared_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plans_ingest.checks.flaechenschluss._MEETINGS", 1_000)
    monkeypatch.setattr("plans_ingest.checks.flaechenschluss._OF_A_HEAP", 20)
    west, east, whole = (f"{x} 0 {x + w} 0 {x + w} 10 {x} 10 {x} 0" for x, w in ((0, 5), (5, 5), (0, 10)))
    heap = (
        feature("BP_GruenFlaeche", f"o{n}", prop("position", polygon(ring)) + prop("flaechenschluss", "true"))
        for n, ring in enumerate([*[west] * 299, east])
    )
    batch = ingest(write(tmp_path / "plan.gml", xplangml(plan(outline=polygon(whole)), *heap)), tmp_path, srid=25832)
    [told] = [issue for issue in batch.report.issues if issue.code == "flaechenschluss_unchecked"]
    assert told.detail == "20 / 300"
    assert not any(issue.code == "flaechenschluss_gap" for issue in batch.report.issues)  # there is none
    assert any(issue.code == "flaechenschluss_overlap" for issue in batch.report.issues)
    assert "D" not in next(iter(batch.report.levels.values()))


def test_findings_of_a_kind_are_told_up_to_a_number_and_counted_beyond_it() -> None:
    findings = Findings()
    findings.extend(
        Issue("attribute_unknown", Severity.WARNING, Where("a.gml", None, f"o{n}")) for n in range(MOST_OF_A_KIND + 3)
    )
    findings.append(Issue("ring_open", Severity.WARNING, Where("a.gml")))
    told = findings.with_the_rest(Where("a.gml"))
    assert len(told) == MOST_OF_A_KIND + 2
    assert told[-1] == Issue("attribute_unknown", Severity.WARNING, Where("a.gml"), "3 weitere / more")


def test_more_than_the_limit_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plans_ingest.formats.xplangml.document.MAX_OBJECTS", 3)
    file = write(tmp_path / "plan.gml", xplangml(plan(), *(feature("BP_GruenFlaeche", f"o{n}") for n in range(3))))
    with pytest.raises(UnsafeFile, match="mehr als 3 Objekte"):
        ingest(file, tmp_path, srid=25832)
    monkeypatch.undo()
    monkeypatch.setattr("plans_ingest.formats.xplangml.links.MAX_FEATURES", 1)
    text = feature("BP_TextAbschnitt", "t")
    with pytest.raises(UnsafeFile, match="mehr als 1 Pläne, Bereiche, Texte"):
        ingest(write(tmp_path / "texts.gml", xplangml(plan(), text)), tmp_path, srid=25832)
