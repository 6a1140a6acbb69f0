"""
PortalError
├── PortalSetupError
├── InvalidQuery
├── NotPublished
├── LinkEnded
├── FileAway
└── Crowded
"""


class PortalError(Exception):
    """The portal cannot do what it was asked for."""


class PortalSetupError(PortalError):
    """A file that the portal needs is missing or wrong; told when it starts."""


class InvalidQuery(PortalError):
    """A value in the address cannot be understood."""


class NotPublished(PortalError):
    """Nothing public stands at this address."""


class LinkEnded(PortalError):
    """The secret in the address opens nothing, or nothing any more."""


class FileAway(PortalError):
    """A file that the database names is not in the archive: a mount is missing, say."""


class Crowded(PortalError):
    """Others wait for so much that this would take too long; later there is room."""
