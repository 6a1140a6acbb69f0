"""What is different between two versions of a plan. Pure: rows in, differences out."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """An object, text, document or sheet of a plan as far as a comparison needs it.

    `id` is its own among those of its class. `said` stands for its attributes, `place` for its geometry, `gml_id` is
    what its file calls it.
    """

    id: int
    klasse: str
    label: str
    gml_id: str | None
    said: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: Any
    after: Any


class Kind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that is not the same in both versions; `before` is None for what is new, `after` for what has gone."""

    before: Part | None
    after: Part | None

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return Kind.ADDED
        return Kind.REMOVED if self.after is None else Kind.CHANGED

    @property
    def part(self) -> Part:
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one of them is always there
        return found

    @property
    def is_moved(self) -> bool:
        return self.before is not None and self.after is not None and self.before.place != self.after.place


@dataclass(frozen=True, slots=True)
class Differences:
    """`parts` by what happened to them and then by the label of their class; `same` counts the others."""

    attributes: tuple[Change, ...]
    parts: tuple[Difference, ...]
    same: int

    @property
    def is_nothing(self) -> bool:
        return not (self.attributes or self.parts)

    def counts(self) -> dict[Kind, int]:
        return {kind: sum(each.kind is kind for each in self.parts) for kind in Kind}


# What may tell that a part of one version is another of the next, the surest first: many programs give new ids at each
# export, and then what still lies in the same place or says the same is the same one.
_KEYS: tuple[Callable[[Part], Hashable | None], ...] = (
    lambda part: part.gml_id,
    lambda part: part.place,
    lambda part: part.said if part.place is not None else None,
)


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Iterable[Part], new: Iterable[Part]
) -> Differences:
    """Parts that say the same in the same place are the same, whatever their ids say."""
    left, right = list(old), list(new)
    pairs, left, right = _paired(left, right, lambda part: (part.said, part.place))
    same, changed = len(pairs), []
    for key in _KEYS:
        pairs, left, right = _paired(left, right, key)
        changed += pairs
    found = [
        *(Difference(None, each) for each in right),
        *(Difference(*pair) for pair in changed),
        *(Difference(each, None) for each in left),
    ]
    order = list(Kind)
    found.sort(key=lambda each: (order.index(each.kind), each.part.label, each.part.id))
    return Differences(changes(before, after), tuple(found), same)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The values that differ; what is empty on both sides is the same."""
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*after, *before])
        if (before.get(name) or None) != (after.get(name) or None)
    )


def _paired(
    left: Sequence[Part], right: Sequence[Part], key: Callable[[Part], Hashable | None]
) -> tuple[list[tuple[Part, Part]], list[Part], list[Part]]:
    """One by one what has the same class and key on both sides, and what is left over on each. No key is no match."""
    waiting: dict[Hashable, list[Part]] = defaultdict(list)
    for each in reversed(left):
        if (known := key(each)) is not None:
            waiting[each.klasse, known].append(each)
    pairs, rest = [], []
    for each in right:
        known = key(each)
        if known is not None and (found := waiting[each.klasse, known]):
            pairs.append((found.pop(), each))
        else:
            rest.append(each)
    taken = {(each.klasse, each.id) for each, _ in pairs}
    return pairs, [each for each in left if (each.klasse, each.id) not in taken], rest
