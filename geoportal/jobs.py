"""The worker: takes uploads from the queue in PostgreSQL and has them processed, until it is told to stop.

procrastinate gives the queue, heartbeats and the order within a Gemeinde. Four things it leaves to us: it ends when
the database goes away, so we start it again; jobs of a worker that was killed stay taken, so we put them back; so does
a job whose end could not be written, which would hold up its Gemeinde as long as the worker lives; and it stops taking
jobs at a signal, but would wait for a long one, so ours is cancelled after a while and begins anew later.
"""

import asyncio
import logging
import signal
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, cast, override
from zoneinfo import ZoneInfo

import psycopg
import psycopg_pool
import pyogrio
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from geoportal import filing, operations, workflow
from geoportal.archive import Archive
from geoportal.database import owner_engine, reader_engine
from geoportal.database.engine import OWNER_OPTIONS
from geoportal.downloads.building import DEBOUNCE_SECONDS
from geoportal.layers.sources import Places
from geoportal.layers.watch import LOOK_AGAIN, Watch
from geoportal.mail import Postman, ServerAway, queue
from geoportal.packages import refresh_packages
from geoportal.participation import forgetting
from geoportal.sandbox import ReadingCancelled
from geoportal.settings import Settings
from geoportal.uploads import QUEUE, TASK
from geoportal.web.portal_config import PortalConfig

log = logging.getLogger(__name__)

PARALLEL: Final = 2
HEARTBEAT: Final = 10.0  # seconds; a worker silent for three beats is taken for dead
FILES_AGAIN: Final = 15.0  # seconds
LETTERS_AGAIN: Final = 3.0
_SERVER_AWAY: Final = 300.0
_FORGETTING: Final = 3600.0
GRACE: Final = 20.0  # seconds that a job may go on after the signal to stop
_LONGEST_WAIT: Final = 60
_CALENDAR: Final = 60.0  # seconds between looks at what is due
_GERMANY: Final = ZoneInfo("Europe/Berlin")
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
    engine = owner_engine(settings.require_database_url())
    try:
        asyncio.run(_work(settings, engine, retention_days, parallel, heartbeat))
    finally:
        engine.dispose()


async def _work(settings: Settings, engine: Engine, retention_days: int, parallel: int, heartbeat: float) -> None:
    ended: set[int] = set()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    watching = asyncio.create_task(_watch_layers(settings, engine, stop))
    calendar = asyncio.create_task(_publish_due(engine, Archive(settings.archive)))
    files = asyncio.create_task(_keep_downloads(settings, stop))
    letters = asyncio.create_task(_send_letters(settings, engine, stop))
    forget = asyncio.create_task(_forget(engine, retention_days, stop))
    while not stop.is_set():
        try:
            await _work_until(stop, _app(settings, engine, ended), ended, parallel, heartbeat)
        except _LOST as fault:
            log.warning("database away, trying again: %s", type(fault).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), heartbeat / 10)
    calendar.cancel()
    await asyncio.gather(watching, files, letters, forget)


async def _watch_layers(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    watch = Watch(engine, settings.home / "layers", Places.of(settings))
    while not stop.is_set():
        await asyncio.to_thread(watch.look)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_AGAIN)
    await asyncio.to_thread(watch.close)


async def _keep_downloads(settings: Settings, stop: asyncio.Event) -> None:
    """Files follow what is published; their versions say which are behind, so nothing has to be queued for them."""
    engine = reader_engine(settings.require_read_url())
    while not stop.is_set():
        try:
            made = await asyncio.to_thread(filing.refresh_downloads, engine, settings)
            made += await asyncio.to_thread(
                refresh_packages, engine, settings, datetime.now(_GERMANY).date(), DEBOUNCE_SECONDS
            )
            if made:
                log.info("files made anew: %s", ", ".join(made))
        except (SQLAlchemyError, OSError, pyogrio.errors.DataSourceError):
            log.warning("files not made, the former ones stay", exc_info=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FILES_AGAIN)
    engine.dispose()


async def _send_letters(settings: Settings, engine: Engine, stop: asyncio.Event) -> None:
    """Letters go out as they are written; while the mail server is away it is asked less and less often."""
    if settings.smtp is None:
        return
    postman, pause = Postman(engine, settings.smtp), LETTERS_AGAIN
    while not stop.is_set():
        try:
            await asyncio.to_thread(postman.send_due)
            pause = LETTERS_AGAIN
        except ServerAway as fault:
            pause = min(2 * pause, _SERVER_AWAY)
            log.warning("mail server away (%s), asked again in %.0f s", fault, pause)
        except SQLAlchemyError as fault:
            log.info("letters not looked at: %s", type(fault).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def _forget(engine: Engine, days: int, stop: asyncio.Event) -> None:
    """What may no longer be kept of statements and letters is deleted, within an hour of its day."""
    while not stop.is_set():
        try:
            now = datetime.now(UTC)
            await asyncio.to_thread(forgetting.forget_unconfirmed, engine, now)
            await asyncio.to_thread(forgetting.forget_old, engine, days, now.astimezone(_GERMANY).date(), now)
            await asyncio.to_thread(queue.forget, engine, now)
        except SQLAlchemyError as fault:
            log.info("nothing forgotten: %s", type(fault).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _FORGETTING)


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
        await asyncio.wait({worker, waiter}, return_when=asyncio.FIRST_COMPLETED)
        for task in (keeper, waiter, worker):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def _take_up_stalled(app: App, ended: set[int], heartbeat: float) -> None:
    """Puts back the jobs of workers that have fallen silent (killed, or cut off from the database), and our own that
    are over (`ended`) but still written down as being done: their second run finds nothing to do.
    """
    seen: set[int] = set()
    while True:
        try:
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


async def _publish_due(engine: Engine, archive: Archive) -> None:
    """What was put down for a day is published in its first minute; several workers may look at once."""
    while True:
        try:
            today = datetime.now(_GERMANY).date()
            for number in await asyncio.to_thread(workflow.publish_due, engine, archive, today):
                log.warning("delivery %s was due and could not be published; it is back in review", number)
        except SQLAlchemyError as fault:
            log.info("what is due was not looked at: %s", type(fault).__name__)
        await asyncio.sleep(_CALENDAR)


def _app(settings: Settings, engine: Engine, ended: set[int]) -> App:
    """`ended` is told the number of each job that is over, however it went."""
    archive = Archive(settings.archive)
    connector = PsycopgConnector(
        conninfo=settings.require_database_url(), kwargs={"options": OWNER_OPTIONS}, min_size=1, max_size=4, timeout=10
    )
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Again())
    def process(context: JobContext, upload: int) -> None:
        number = cast(int, context.job.id)  # it was fetched, so it has one
        ended.discard(number)
        try:
            operations.process(engine, archive, upload, schemas=settings.schemas, cancelled=context.should_abort)
        except ReadingCancelled:
            raise JobAborted from None
        finally:
            ended.add(number)

    return app
