"""Turns plan files into plans and a report."""

from plans_ingest.errors import NoPlan, PlanFileError, UnreadableFile, UnsafeFile, UnsupportedFormat
from plans_ingest.model import Batch, Issue, Plan, Report
from plans_ingest.pipeline import ingest

__all__ = [
    "Batch",
    "Issue",
    "NoPlan",
    "Plan",
    "PlanFileError",
    "Report",
    "UnreadableFile",
    "UnsafeFile",
    "UnsupportedFormat",
    "ingest",
]
