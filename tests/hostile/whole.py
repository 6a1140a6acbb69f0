"""Every file of every class through `geoportal check` and through an upload: `make hostile`.

The suite tries all of them on the reader and a sample on the whole portal; this tries all on the whole portal, or those
of the classes that are named: `make hostile ARGS="archives tables"`. What is wrong is said at once.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import Engine, text

from geoportal import cli, metrics, operations
from geoportal.archive import Archive
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.database.migrating import migrate
from geoportal.settings import Settings
from geoportal.states import State
from plans_ingest.confine import Limits
from plans_ingest.errors import Limit
from tests.hostile import Case, Lure, makers

SECRET = "s3cret-of-the-server"
SECONDS = 30  # of computing time for one file, reading it once: half of what a small one may cost
_USUAL = Limits.of


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
            Limits.of = _strict  # type: ignore[method-assign]
            wrong = sum(_tried(name, lure, folder, engine, Archive(settings.archive)) for name in names or makers())
            engine.dispose()
    return bool(wrong)


def _tried(name: str, lure: Lure, folder: Path, engine: Engine, archive: Archive) -> int:
    """How many files of the class ended otherwise than they must; says which."""
    (folder / name).mkdir()
    counts: Counter[bool] = Counter()
    wrong = 0
    for case in makers()[name](lure, folder / name):
        counts[case.is_harmless] += 1
        file = folder / "upload" / case.file
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(case.content)
        before = _too_long()
        faults = [*_checked(file, case), *_uploaded(file, case, engine, archive)]
        if _too_long() > before:
            faults.append(f"reading takes more than {SECONDS} s")
        if [item.name for item in file.parent.iterdir()] != [file.name]:
            faults.append("something was left beside the file")
        file.unlink()
        wrong += bool(faults)
        for fault in faults:
            print(f"{case.name}: {fault}", flush=True)
    print(f"{name}: {counts[False]} hostile, {counts[True]} harmless, {wrong} wrong", flush=True)
    return wrong


def _checked(file: Path, case: Case) -> Iterator[str]:
    done = CliRunner().invoke(cli.main, ["check", str(file)], env={"XPLAN_SCHEMAS": None})
    if done.exit_code != int(not case.is_harmless) or not isinstance(done.exception, SystemExit | None):
        yield f"check ends with {done.exit_code} {done.exception!r}: {done.output[-300:]}"
    if SECRET in done.output or "Traceback" in done.output:
        yield f"check tells what it must not: {done.output[:300]}"


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


def _strict(size: int, *, is_packed: bool = False) -> Limits:
    return replace(_USUAL(size, is_packed=is_packed), cpu=SECONDS, cpu_unpacked=0)


def _too_long() -> float:
    """How many readings have been ended for the time that they took; nobody can be asked how long one has taken, since
    its process ends with the sandbox around it.
    """
    return sum(metrics.READINGS_ENDED.labels(limit.value)._value.get() for limit in (Limit.CPU, Limit.TIME))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
