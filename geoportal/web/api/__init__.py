"""The desk's JSON API, below /api/v1."""

from flask import Flask

from geoportal.web.api import columns, drafts, participations, reviewing, routes

__all__ = ["register"]


def register(app: Flask) -> None:
    routes.register(app, drafts.add_to, columns.add_to, reviewing.add_to, participations.add_to)
