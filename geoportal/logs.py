"""One line of JSON per event, with the request it belongs to and without anybody's address.

Only entrances call `set_up`: the server, the worker, the watch. A terminal gets plain lines.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO, override

from gunicorn.config import Config
from gunicorn.glogging import Logger

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")

_PLAIN: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """All loggers of this process write to the stream (stderr): plain on a terminal, else as JSON."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter(_PLAIN) if out.isatty() else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # no line names the thread or the process that wrote it, and to find them out costs as much as to write the line
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # they tell every request, every migration, every beat
    for name in ("pygeoapi", "alembic", "procrastinate", "werkzeug"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.getLogger("pygeoapi").setLevel(logging.ERROR)


class JsonLines(logging.Formatter):
    """Fields: time (UTC), level, logger, message; request (its id); what `extra` brings as `fields`; fault."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST_ID.get():
            line["request"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        # a line break or an escape sequence out of a file's name stays inside its string
        return json.dumps(line, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn gives no types
    """gunicorn's messages go where all others go; its access log, which would name addresses, stays closed."""

    @override
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True
        self.access_log.disabled = True
