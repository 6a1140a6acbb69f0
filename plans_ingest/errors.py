"""
PlanFileError
├── UnsupportedFormat
├── UnreadableFile
│   └── UnsafeFile
│       └── ResourceExceeded
├── NoPlan
└── ForeignPlans
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from plans_ingest.model import Where


class PlanFileError(Exception):
    """The file could not be read as a plan."""

    def __init__(self, german: str, english: str, where: Where | None = None) -> None:
        super().__init__(german)
        self.german = german
        self.english = english
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.german} / {self.english}"


class UnsupportedFormat(PlanFileError):
    """The file is in a format, or a version of it, that we do not read."""


class UnreadableFile(PlanFileError):
    """The file is broken: cut short, not well-formed, or not what its name says."""


class UnsafeFile(UnreadableFile):
    """The file asks for more than we are willing to give: memory, depth, other files, the network."""


class NoPlan(PlanFileError):
    """The file is in order, but holds neither a Bebauungsplan nor a Flächennutzungsplan."""


class ForeignPlans(PlanFileError):
    """The file holds plans of another Gemeinde than the one for which it was delivered."""


class Limit(StrEnum):
    """What a file may not use up while it is read, and the two ways in which its reader may end instead."""

    MEMORY = "memory"
    CPU = "cpu"
    TIME = "time"
    DISK = "disk"
    CRASHED = "crashed"
    KILLED = "killed"


_EXCEEDED: Final[Mapping[Limit, tuple[str, str]]] = MappingProxyType(
    {
        Limit.MEMORY: (
            "Abgelehnt: Zum Lesen der Datei reicht der zugeteilte Arbeitsspeicher nicht; bitte in Teilen liefern",
            "refused: reading the file takes more memory than a file may have; deliver it in parts",
        ),
        Limit.CPU: (
            "Abgelehnt: Die Datei verlangt zu viel Rechenzeit; meist überschneidet sich eine Geometrie vielfach selbst",
            "refused: the file takes too much computing time; mostly a geometry that crosses itself many times",
        ),
        Limit.TIME: (
            "Abgelehnt: Das Lesen der Datei dauerte zu lange",
            "refused: reading the file took too long",
        ),
        Limit.DISK: (
            "Abgelehnt: Die Datei belegt ausgepackt zu viel Speicherplatz",
            "refused: the file takes too much disk space when unpacked",
        ),
        Limit.CRASHED: (
            "Abgelehnt: Das Leseprogramm ist an der Datei gescheitert; der Betrieb findet Näheres im Protokoll",
            "refused: the reading program failed on this file; the operator finds more in the log",
        ),
        Limit.KILLED: (
            "Das Lesen der Datei wurde von außen beendet, meist weil dem Rechner der Arbeitsspeicher ausging",
            "reading the file was ended from outside, mostly because the machine ran out of memory",
        ),
    }
)


class ResourceExceeded(UnsafeFile):
    """Reading the file took more than a file may take; nothing of it was kept."""

    def __init__(self, limit: Limit, where: Where | None = None) -> None:
        super().__init__(*_EXCEEDED[limit], where)
        self.limit = limit
