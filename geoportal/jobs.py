"""The worker: takes uploads from the queue in PostgreSQL and has them processed, until it is told to stop.

procrastinate gives the queue, heartbeats and the order within a Gemeinde. Four things it leaves to us: it ends when
the database goes away, so we start it again; jobs of a worker that was killed stay taken, so we put them back; so does
a job whose end could not be written, which would hold up its Gemeinde as long as the worker lives; and it stops taking
jobs at a signal, but would wait for a long one, so ours is cancelled after a while and begins anew later.
"""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Final, cast, override

import psycopg
import psycopg_pool
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job
from sqlalchemy import Engine

from geoportal import operations
from geoportal.archive import archive_of
from geoportal.chores import Chore, chores_of, keep_doing
from geoportal.database import owner_engine
from geoportal.database.engine import OWNER_OPTIONS
from geoportal.sandbox import ReadingCancelled
from geoportal.settings import Settings
from geoportal.uploads import PARALLEL, QUEUE, TASK
from geoportal.web.portal_config import PortalConfig

log = logging.getLogger(__name__)

HEARTBEAT: Final = 10.0  # seconds; a worker silent for three beats is taken for dead
GRACE: Final = 20.0  # seconds that a job may go on after the signal to stop
_LONGEST_WAIT: Final = 60
# Times further ahead than they are ever set are from before the clock was set back.
_CLOCK_SET_BACK: Final = (
    "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE last_heartbeat > now() + interval '1 minute'",
    "UPDATE procrastinate_jobs SET scheduled_at = NULL "
    "WHERE status = 'todo' AND scheduled_at > now() + interval '2 minutes'",  # twice _LONGEST_WAIT
)
_LOST: Final = (ConnectorException, psycopg.OperationalError, psycopg_pool.PoolTimeout)


class _Again(BaseRetryStrategy):
    """Always tried again, later each time; operations.process() counts, and gives the file up in the end."""

    @override
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        wait = 0 if isinstance(exception, JobAborted) else min(2 ** (job.attempts + 1), _LONGEST_WAIT)
        return RetryDecision(retry_in={"seconds": wait})


def work(settings: Settings, *, parallel: int = PARALLEL, heartbeat: float = HEARTBEAT) -> None:
    """Runs in the foreground until SIGTERM or SIGINT. Raises SettingsError without a database, PortalSetupError where
    config/portal.yml is not readable: it says when statements are deleted.
    """
    retention_days = PortalConfig.load(settings.home / "config" / "portal.yml").participation.retention_days
    with ExitStack() as closing:
        engine = owner_engine(settings.require_database_url())
        closing.callback(engine.dispose)
        chores = chores_of(settings, engine, retention_days, closing)
        asyncio.run(_work(settings, engine, chores, parallel, heartbeat))


async def _work(
    settings: Settings, engine: Engine, chores: Mapping[str, Chore], parallel: int, heartbeat: float
) -> None:
    ended: set[int] = set()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beside = [asyncio.create_task(keep_doing(name, chore, stop)) for name, chore in chores.items()]
    while not stop.is_set():
        try:
            await _work_until(stop, _app(settings, engine, ended), ended, parallel, heartbeat)
        except _LOST as fault:
            log.warning("database away, trying again: %s", type(fault).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), heartbeat / 10)
    await asyncio.gather(*beside)


async def _work_until(stop: asyncio.Event, app: App, ended: set[int], parallel: int, heartbeat: float) -> None:
    """Works until `stop` is set, or until the worker has ended itself because it lost the database."""
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=parallel,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE,
                update_heartbeat_interval=heartbeat,
                stalled_worker_timeout=3 * heartbeat,
                fetch_job_polling_interval=min(heartbeat / 2, 1.0),
                abort_job_polling_interval=1.0,
                # the row of the upload keeps what is worth keeping
                delete_jobs="always",
            )
        )
        keeper = asyncio.create_task(_take_up_stalled(app, ended, heartbeat))
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, keeper, waiter}, return_when=asyncio.FIRST_COMPLETED)
        for task in (keeper, waiter, worker):
            task.cancel()
        for outcome in await asyncio.gather(worker, keeper, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def _take_up_stalled(app: App, ended: set[int], heartbeat: float) -> None:
    """Puts back the jobs of workers that have fallen silent (killed, or cut off from the database), and our own that
    are over (`ended`) but still written down as being done: their second run finds nothing to do.
    """
    seen: set[int] = set()
    while True:
        try:
            for statement in _CLOCK_SET_BACK:
                await app.connector.execute_query_async(statement)
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=3 * heartbeat):
                log.warning("job %s of a silent worker is put back", job.id)
                await app.job_manager.retry_job(job)
            being_done = {job.id: job for job in await app.job_manager.list_jobs_async(status="doing") if job.id}
            ended.intersection_update(being_done)
            # an end is written in the next moment: what is still there at a second look was lost
            for number in seen & ended:
                log.warning("job %s is over, but its end was not written: it is put back", number)
                await app.job_manager.retry_job(being_done[number])
                ended.discard(number)
            seen = set(ended)
        except _LOST as fault:
            # Lost for a moment, or another worker was faster.
            log.info("stalled jobs not looked at: %s", type(fault).__name__)
        await asyncio.sleep(heartbeat)


def _app(settings: Settings, engine: Engine, ended: set[int]) -> App:
    """`ended` is told the number of each job that is over, however it went."""
    archive = archive_of(settings)
    connector = PsycopgConnector(
        conninfo=settings.require_database_url(), kwargs={"options": OWNER_OPTIONS}, min_size=1, max_size=4, timeout=10
    )
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Again())
    def process(context: JobContext, upload: int) -> None:
        number = cast(int, context.job.id)  # it was fetched, so it has one
        ended.discard(number)
        try:
            operations.process(
                engine, archive, upload,
                schemas=settings.schemas, scanner=settings.virus_scanner, cancelled=context.should_abort,
            )  # fmt: skip
        except ReadingCancelled:
            raise JobAborted from None
        finally:
            ended.add(number)

    return app
