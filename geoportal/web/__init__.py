"""The portal's pages for citizens: map, plans, Gemeinden, documents. Reads what is published, writes nothing."""

from geoportal.web.app import create_portal
from geoportal.web.errors import PortalSetupError

__all__ = ["PortalSetupError", "create_portal"]
