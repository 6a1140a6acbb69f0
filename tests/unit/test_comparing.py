"""What is different between two versions."""

from geoportal.comparing import Change, Objekt, compare

A = Objekt("BP_Baugebiet", "Baugebiet", "a", "1")
B = Objekt("BP_Wald", "Wald", "b", "2")


def test_equal_versions_differ_in_nothing() -> None:
    found = compare({"name": "x"}, {"name": "x"}, [A, B], [B, A])
    assert found.is_nothing
    assert found.same == 2


def test_new_ids_alone_are_no_change() -> None:
    renamed = [Objekt(each.klasse, each.label, f"new-{each.gml_id}", each.content) for each in (A, B)]
    assert compare({}, {}, [A, B], renamed).is_nothing


def test_objects_are_added_removed_and_changed() -> None:
    moved, new = Objekt("BP_Baugebiet", "Baugebiet", "a", "9"), Objekt("BP_Wald", "Wald", "c", "3")
    found = compare({}, {}, [A, B], [moved, new])
    assert (dict(found.changed), dict(found.added), dict(found.removed)) == ({"Baugebiet": 1}, {"Wald": 1}, {"Wald": 1})


def test_twins_are_counted_one_by_one() -> None:
    found = compare({}, {}, [A, A, A], [A])
    assert (dict(found.removed), found.same) == ({"Baugebiet": 2}, 1)


def test_attributes_that_are_empty_on_both_sides_are_the_same() -> None:
    found = compare({"a": None, "b": 1, "c": "x"}, {"a": "", "b": 2, "d": "y"}, [], [])
    assert found.attributes == (Change("b", 1, 2), Change("d", None, "y"), Change("c", "x", None))
