"""CQL2 text is read into the standard's own JSON."""

import pytest

from geoportal.ogc.cql2 import parse_text

A, B, C = ({"op": "=", "args": [{"property": name}, 1]} for name in "abc")


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("a=1 OR b=1 AND c=1", {"op": "or", "args": [A, {"op": "and", "args": [B, C]}]}),
        ("(a=1 OR b=1) AND c=1", {"op": "and", "args": [{"op": "or", "args": [A, B]}, C]}),
        ("NOT a=1 AND b=1", {"op": "and", "args": [{"op": "not", "args": [A]}, B]}),
        ("NOT (a=1 AND b=1)", {"op": "not", "args": [{"op": "and", "args": [A, B]}]}),
        ("a NOT BETWEEN 1 AND 2 AND b=1", {"op": "and", "args": [
            {"op": "not", "args": [{"op": "between", "args": [{"property": "a"}, 1, 2]}]}, B]}),
        ("a='O''Brien'", {"op": "=", "args": [{"property": "a"}, "O'Brien"]}),
        ("a='O\\'Brien'", {"op": "=", "args": [{"property": "a"}, "O'Brien"]}),
        ('"order"=-1.5e3', {"op": "=", "args": [{"property": "order"}, -1500.0]}),
        ("straße = TRUE", {"op": "=", "args": [{"property": "straße"}, True]}),
        ("android=1", {"op": "=", "args": [{"property": "android"}, 1]}),
        ("a is\nnull", {"op": "isNull", "args": [{"property": "a"}]}),
        ("a in ('x', 'y')", {"op": "in", "args": [{"property": "a"}, ["x", "y"]]}),
        ("DATE('2026-01-31') < a", {"op": "<", "args": [{"date": "2026-01-31"}, {"property": "a"}]}),
        ("T_AFTER(a, INTERVAL('..', DATE('2026-01-31')))", {"op": "T_AFTER", "args": [
            {"property": "a"}, {"interval": ["..", "2026-01-31"]}]}),
        ("S_INTERSECTS(g, BBOX(8, 50, 9, 51))", {"op": "S_INTERSECTS", "args": [
            {"property": "g"}, {"bbox": [8, 50, 9, 51]}]}),
        ("S_WITHIN(g, POLYGON((0 0, 1 0, 1 -1, 0 0)))", {"op": "S_WITHIN", "args": [
            {"property": "g"},
            {"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, -1.0], [0.0, 0.0]]]}]}),
        ("S_WITHIN(g, MULTIPOINT((1 2), (3 4)))", {"op": "S_WITHIN", "args": [
            {"property": "g"}, {"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}]}),
        ("S_WITHIN(g, MULTIPOINT(1 2, 3 4))", {"op": "S_WITHIN", "args": [
            {"property": "g"}, {"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0]]}]}),
        ("point = 1", {"op": "=", "args": [{"property": "point"}, 1]}),
    ],
)  # fmt: skip
def test_text_means_this_json(text: str, json: object) -> None:
    assert parse_text(text) == json
