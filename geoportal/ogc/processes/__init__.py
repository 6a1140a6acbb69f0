"""OGC API - Processes (18-062r2), synchronous."""

from geoportal.ogc.processes.routes import PART

__all__ = ["PART"]
