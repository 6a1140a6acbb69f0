"""
PlanFileError
├── UnsupportedFormat
├── UnreadableFile
│   └── UnsafeFile
└── NoPlan
"""

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
