"""What is different between two versions of a plan. Pure: rows in, differences out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Objekt:
    """An object of a plan as far as a comparison needs it; `content` stands for its attributes and its geometry."""

    klasse: str
    label: str
    gml_id: str | None
    content: str


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Differences:
    """`attributes` by name; `added`, `removed`, `changed` count objects by the label of their class."""

    attributes: tuple[Change, ...]
    added: Mapping[str, int]
    removed: Mapping[str, int]
    changed: Mapping[str, int]
    same: int

    @property
    def is_nothing(self) -> bool:
        return not (self.attributes or self.added or self.removed or self.changed)


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Iterable[Objekt], new: Iterable[Objekt]
) -> Differences:
    """Objects with the same content are the same, whatever their ids say: many programs give new ones at each export.

    Of the others, those with the same class and gml:id are changed; the rest was removed or added.
    """
    changes = [
        Change(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*after, *before])
        if (before.get(name) or None) != (after.get(name) or None)
    ]
    left, right = list(old), list(new)
    common = Counter((each.klasse, each.content) for each in left) & Counter(
        (each.klasse, each.content) for each in right
    )
    left, right = _without(left, common), _without(right, common)
    named = {(each.klasse, each.gml_id) for each in left if each.gml_id}
    both = {(each.klasse, each.gml_id) for each in right} & named
    changed = Counter(each.label for each in right if (each.klasse, each.gml_id) in both)
    return Differences(
        attributes=tuple(changes),
        added=Counter(each.label for each in right if (each.klasse, each.gml_id) not in both),
        removed=Counter(each.label for each in left if (each.klasse, each.gml_id) not in both),
        changed=changed,
        same=common.total(),
    )


def _without(objekte: list[Objekt], common: Counter[tuple[str, str]]) -> list[Objekt]:
    rest, kept = Counter(common), []
    for each in objekte:
        key = each.klasse, each.content
        if rest[key]:
            rest[key] -= 1
        else:
            kept.append(each)
    return kept
