"""Readings of sensors, from MQTT and HTTP to the time series of a layer's features."""

from geoportal.sensors.store import forget, make_token, revoke_token, shorten, sweep

__all__ = ["forget", "make_token", "revoke_token", "shorten", "sweep"]
