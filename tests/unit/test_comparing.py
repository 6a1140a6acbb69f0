"""What is different between two versions."""

from dataclasses import replace

from geoportal.comparing import Change, Kind, Part, compare

A = Part(1, "BP_Baugebiet", "Baugebiet", "a", "WA", "here")
B = Part(2, "BP_Wald", "Wald", "b", "Nadelwald", "there")


def test_equal_versions_differ_in_nothing() -> None:
    found = compare({"name": "x"}, {"name": "x"}, [A, B], [replace(B, id=4), replace(A, id=3)])
    assert found.is_nothing
    assert found.same == 2


def test_new_ids_alone_are_no_change() -> None:
    renamed = [replace(each, id=each.id + 2, gml_id=f"new-{each.gml_id}") for each in (A, B)]
    assert compare({}, {}, [A, B], renamed).is_nothing


def test_parts_are_added_removed_and_changed() -> None:
    moved, new = replace(A, id=3, place="elsewhere"), Part(4, "BP_Strasse", "Straße", "c", "Fahrbahn", "across")
    found = compare({}, {}, [A, B], [moved, new])
    assert [(each.kind, each.part.id) for each in found.parts] == [
        (Kind.ADDED, 4), (Kind.CHANGED, 3), (Kind.REMOVED, 2),
    ]  # fmt: skip
    assert [each.is_moved for each in found.parts] == [False, True, False]
    assert found.counts() == {Kind.ADDED: 1, Kind.CHANGED: 1, Kind.REMOVED: 1}


def test_what_lies_where_it_lay_is_changed_although_its_id_is_new() -> None:
    [found] = compare({}, {}, [A], [replace(A, id=3, gml_id="z", said="MI")]).parts
    assert (found.kind, found.is_moved) == (Kind.CHANGED, False)


def test_what_says_the_same_elsewhere_has_moved_although_its_id_is_new() -> None:
    [found] = compare({}, {}, [A], [replace(A, id=3, gml_id="z", place="elsewhere")]).parts
    assert found.is_moved


def test_another_class_in_the_same_place_is_another_part() -> None:
    found = compare({}, {}, [A], [replace(A, id=3, klasse="BP_Wald", label="Wald")])
    assert [each.kind for each in found.parts] == [Kind.ADDED, Kind.REMOVED]


def test_twins_are_counted_one_by_one() -> None:
    twins = [replace(A, id=number) for number in (1, 2, 3)]
    found = compare({}, {}, twins, [replace(A, id=9)])
    assert ([each.kind for each in found.parts], found.same) == ([Kind.REMOVED, Kind.REMOVED], 1)


def test_attributes_that_are_empty_on_both_sides_are_the_same() -> None:
    found = compare({"a": None, "b": 1, "c": "x"}, {"a": "", "b": 2, "d": "y"}, [], [])
    assert found.attributes == (Change("b", 1, 2), Change("d", None, "y"), Change("c", "x", None))
