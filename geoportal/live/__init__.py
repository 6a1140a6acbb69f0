"""What has changed, told to open maps while they look: Server-Sent Events, many listeners, one thread."""

from geoportal.live.hub import Hub, Known, different, identifier, known_from

__all__ = ["Hub", "Known", "different", "identifier", "known_from"]
