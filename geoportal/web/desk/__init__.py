"""The planners' side of the portal, below /werkbank: signing in, delivering, reviewing, publishing."""

from geoportal.web.desk.room import register

__all__ = ["register"]
