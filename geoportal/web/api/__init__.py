"""The desk's JSON API, below /api/v1."""

from geoportal.web.api.routes import register

__all__ = ["register"]
