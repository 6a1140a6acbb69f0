"""The web server process: gunicorn with the application loaded once, before it forks its workers."""

import sys
from typing import Final

from geoportal.settings import Settings

WORKERS: Final = 2
THREADS: Final = 8


def command(settings: Settings) -> list[str]:
    """The command line of the server; it reads its settings from the same environment as this process."""
    return [
        sys.executable, "-m", "gunicorn", "geoportal.wsgi:from_environment()",
        "--preload", "--worker-class", "gthread", "--workers", str(WORKERS), "--threads", str(THREADS),
        "--bind", f"{settings.host}:{settings.port}",
        "--timeout", "60", "--graceful-timeout", "15", "--keep-alive", "5",
        "--limit-request-line", "8190", "--log-level", "warning", "--logger-class", "geoportal.logs.GunicornLogger",
        "--no-control-socket",
    ]  # fmt: skip
