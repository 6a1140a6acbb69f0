"""Files of every class in which an upload can be hostile, and the oddities of honest files that look like them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What must become of a file; `geoportal check` ends with 1 for the first two."""

    REFUSED = "refused"  # nothing of it is read
    TOLD = "told"  # refused, or read with a finding of severity ERROR
    IGNORED = "ignored"  # read without an error, though nothing of it need be a plan that can be published
    PASSED = "passed"  # a plan that can be published, and no error


@dataclass(frozen=True, slots=True)
class Lure:
    """What a file may try to reach: the path of a secret outside, the address of a listener."""

    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Case:
    """One file: `name` says what is odd about it, `file` is the name under which it comes."""

    name: str
    file: str
    content: bytes
    outcome: Outcome = Outcome.TOLD

    @property
    def is_harmless(self) -> bool:
        return self.outcome in {Outcome.IGNORED, Outcome.PASSED}


type Maker = Callable[[Lure, Path], Iterator[Case]]


def makers() -> dict[str, Maker]:
    """The classes of files by name; each takes the lure and an empty folder to work in."""
    from tests.hostile import (
        archives,
        documents,
        exporters,
        harmless,
        markup,
        odd,
        offices,
        ordinary,
        pictures,
        subtle,
        tables,
    )

    return {
        "markup": markup.cases,
        "tables": tables.cases,
        "pictures": pictures.cases,
        "documents": documents.cases,
        "archives": archives.cases,
        "harmless": harmless.cases,
        "ordinary": ordinary.cases,
        "exporters": exporters.cases,
        "offices": offices.cases,
        "subtle": subtle.cases,
        "odd": odd.cases,
    }
