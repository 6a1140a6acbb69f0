"""The web server process: gunicorn with the application loaded once, before it forks its workers."""

import logging
import os
import select
import signal
import sys
import threading
from typing import Any, Final, NoReturn, override

from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.workers.gthread import ThreadWorker

from geoportal.live.handover import OFFERED, PATH, Offer
from geoportal.settings import Settings

WORKERS: Final = 2
THREADS: Final = 8
# A proxy, QGIS or GDAL that follows links asks again within these; a person's next click comes far later.
STAY_MILLISECONDS: Final = 20


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's with four differences. Told to stop in its first moment, it stops. When it has answered all, it is
    gone at once. It gives a connection away when an answer asks for it: its thread is free for the next request, and
    who has the connection now closes it. And a thread that has answered stays with its connection for a moment: a
    request that follows at once is not handed from thread to thread, which costs as much as a short answer.

    Between its fork and its own handlers a worker still has its parent's, which put a signal into a queue that nobody
    in the worker reads: it would serve on, and be killed in the middle of its answers when the parent's patience ends.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._staying = threading.BoundedSemaphore(max(self.cfg.threads // 2, 1))

    @override
    def init_signals(self) -> None:
        parent = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        super().init_signals()
        while parent is not None and not parent.SIG_QUEUE.empty():
            if parent.SIG_QUEUE.get_nowait() == signal.SIGTERM:
                self.alive = False

    @override
    def run(self) -> None:
        super().run()
        _leave(0)

    @override
    def handle(self, conn: Any) -> Any:
        answered = super().handle(conn)
        while answered is True and self.alive and self._follows_at_once(conn):
            answered = super().handle(conn)
        return answered

    def _follows_at_once(self, conn: Any) -> bool:
        """Whether the next request on this connection is here, or comes while its thread stays. Only half of the
        threads do, so that others are free for other connections.
        """
        if conn.parser.unreader.buf.getvalue():
            return True
        if not self._staying.acquire(blocking=False):
            return False
        try:
            looking = select.poll()
            looking.register(conn.sock, select.POLLIN)
            return bool(looking.poll(STAY_MILLISECONDS))
        finally:
            self._staying.release()

    @override
    def handle_request(self, req: Any, conn: Any) -> bool:
        if req.path != PATH:
            return bool(super().handle_request(req, conn))
        # as of HTTP/1.0: what is written has no frames, and gunicorn does not add the last one
        req.version = (1, 0)
        offer = Offer()
        token = OFFERED.set(offer)
        try:
            is_kept = bool(super().handle_request(req, conn))
        finally:
            OFFERED.reset(token)
        if offer.taker is not None:
            conn.is_given_away = True
            offer.taker(conn.sock)
        return is_kept

    @override
    def finish_request(self, conn: Any, fs: Any) -> None:
        if not getattr(conn, "is_given_away", False):
            super().finish_request(conn, fs)
            return
        self.nr_conns -= 1  # and nothing else: the line is open, and no longer ours


def serve(arguments: list[str]) -> NoReturn:
    """This process becomes the server, until it is told to stop: what it has imported need not be imported again.

    Raises what the application raises when it is made.
    """
    sys.argv = ["gunicorn", *arguments]
    try:
        WSGIApplication().run()
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else int(end.code is not None))
    _leave(0)


def _leave(code: int) -> NoReturn:
    """Without taking Python apart: of a forked process that copies every page it shares, which took all three of ours
    together two seconds of processor time, and on a busy machine longer than anybody waits before killing them.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def web_arguments(settings: Settings) -> list[str]:
    """gunicorn's arguments; the server reads its settings from the environment of its process."""
    return _gunicorn("geoportal.wsgi", f"{settings.host}:{settings.port}", WORKERS, THREADS)


def watch_arguments(host: str, port: int) -> list[str]:
    """The same for the operators' page and the figures."""
    return _gunicorn("geoportal.watch", f"{host}:{port}", 1, 2)


def _gunicorn(module: str, address: str, workers: int, threads: int) -> list[str]:
    return [
        f"{module}:from_environment()",
        "--preload", "--worker-class", "geoportal.serving.Worker", "--workers", str(workers), "--threads", str(threads),
        "--bind", address,
        "--timeout", "60", "--graceful-timeout", "30", "--keep-alive", "5",
        "--limit-request-line", "8190", "--log-level", "warning", "--logger-class", "geoportal.logs.GunicornLogger",
        "--no-control-socket",
    ]  # fmt: skip
