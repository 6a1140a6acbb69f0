"""A Gemeinde to take along: its plans as pages that open without a server, a network or a program."""

from geoportal.packages.building import refresh_packages

__all__ = ["refresh_packages"]
