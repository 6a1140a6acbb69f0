"""Readings of sensors, from MQTT and HTTP to the time series of a layer's features."""

from geoportal.sensors.store import Standing, forget, make_token, revoke_token, shorten, standings, sweep

__all__ = ["Standing", "forget", "make_token", "revoke_token", "shorten", "standings", "sweep"]
