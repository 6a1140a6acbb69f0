"""Pages on paper: HTML of ours to a tagged PDF, laid out in a process of its own that may be killed."""

from geoportal.paper.press import PaperBusy, PaperFailed, Press, Sheets

__all__ = ["PaperBusy", "PaperFailed", "Press", "Sheets"]
