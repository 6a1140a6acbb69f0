"""Every file of every class through `geoportal check` and through an upload, each in its own process: `make hostile`.

The suite tries all of them on the reader and a sample on the whole portal; this tries all on the whole portal, or those
of the classes that are named: `make hostile ARGS="archives tables"`. What is wrong is said at once.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from click.testing import CliRunner
from sqlalchemy import Engine, text

from geoportal import cli, operations
from geoportal.archive import Archive
from geoportal.database import migrate, owner_engine
from geoportal.database.cluster import Cluster
from geoportal.settings import Settings
from geoportal.states import State
from tests.hostile import Case, Lure, makers

SECRET = "s3cret-of-the-server"
SECONDS = 30  # of computing time for one file, reading it once


def main(names: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="geoportal-hostile-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "secret.csv").write_text(f"name\n{SECRET}\n")
        lure = Lure(str(folder / "secret.csv"), "http://127.0.0.1:9")
        with Cluster(folder / "postgres", durable=False) as cluster:
            engine = owner_engine(cluster.url)
            migrate(engine)
            settings = replace(Settings.from_env({}), data=folder / "data", database_url=cluster.url)
            operations.prepare(engine)
            wrong = sum(_tried(name, lure, folder, engine, Archive(settings.archive)) for name in names or makers())
            engine.dispose()
    return bool(wrong)


def _tried(name: str, lure: Lure, folder: Path, engine: Engine, archive: Archive) -> int:
    """How many files of the class ended otherwise than they must; says which, and what the class took."""
    (folder / name).mkdir()
    counts: Counter[bool] = Counter()
    wrong, started = 0, _seconds()
    for case in makers()[name](lure, folder / name):
        counts[case.is_harmless] += 1
        file = folder / "upload" / case.file
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(case.content)
        faults = [*_checked(file, case), *_uploaded(file, case, engine, archive)]
        if [item.name for item in file.parent.iterdir()] != [file.name]:
            faults.append("something was left beside the file")
        file.unlink()
        wrong += bool(faults)
        for fault in faults:
            print(f"{case.name}: {fault}", flush=True)
    largest = getrusage(RUSAGE_CHILDREN).ru_maxrss >> 10
    print(
        f"{name}: {counts[False]} hostile, {counts[True]} harmless, {wrong} wrong; {_seconds() - started:.0f} s, "
        f"until now at most {largest} MB",
        flush=True,
    )
    return wrong


def _checked(file: Path, case: Case) -> Iterator[str]:
    started = _seconds()
    done = CliRunner().invoke(cli.main, ["check", str(file)], env={"XPLAN_SCHEMAS": None})
    if done.exit_code != int(not case.is_harmless) or not isinstance(done.exception, SystemExit | None):
        yield f"check ends with {done.exit_code} {done.exception!r}: {done.output[-300:]}"
    if SECRET in done.output or "Traceback" in done.output:
        yield f"check tells what it must not: {done.output[:300]}"
    if (seconds := _seconds() - started) > SECONDS:
        yield f"check takes {seconds:.0f} s"


def _uploaded(file: Path, case: Case, engine: Engine, archive: Archive) -> Iterator[str]:
    plans = _count(engine)
    number = operations.receive(engine, archive, file)
    operations.process(engine, archive, number)
    [upload] = operations.latest_uploads(engine, 1)
    if case.is_harmless and upload.state is State.FAILED:
        yield f"the upload fails: {upload.fault}"
    if upload.state is State.FAILED and (not upload.fault or SECRET in upload.fault or _count(engine) != plans):
        yield f"the upload fails and leaves or tells something: {upload.fault}"


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM plans.version")) or 0)


def _seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
