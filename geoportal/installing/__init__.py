"""From a checkout on a Debian machine to a portal that runs: accounts, database, systemd, nginx. To be repeated.

What is to be is written in `plan`; how a step finds out whether it is done, and does it, in `steps`.
"""

from geoportal.installing.plan import Place, database_steps, finishing, nginx_site, steps_for
from geoportal.installing.steps import InstallError, Machine, bring_about
from geoportal.installing.upgrading import upgrade

__all__ = [
    "InstallError", "Machine", "Place", "bring_about", "database_steps", "finishing", "nginx_site", "steps_for",
    "upgrade",
]  # fmt: skip
