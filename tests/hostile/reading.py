"""Reads many files one after the other and says what became of each: `python -m tests.hostile.reading FOLDER`.

Outside the sandbox on purpose: the secret could be read and the listener reached, so it is the reader that is tried.
FOLDER holds a folder for each case with its one file; a line of JSON a case goes to standard output.
"""

import json
import os
import resource
import shutil
import sys
from pathlib import Path

from plans_ingest import Batch, PlanFileError, ingest
from plans_ingest.model import Severity
from plans_ingest.reports import write_reports

MEMORY = 1536 * 1024**2
SECONDS = 60  # of computing time for one file; far beyond what any needs


def main(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for case in sorted(folder.iterdir()):
        child = os.fork()  # one file cannot spoil the figures of the next
        if child == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            print(json.dumps({"case": case.name} | _read(case)), flush=True)
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        if status:
            print(json.dumps({"case": case.name, "outcome": f"ended by {status}", "codes": [], "text": ""}), flush=True)
        print(
            f"{case.name} {used.ru_utime + used.ru_stime:.2f} s {used.ru_maxrss >> 10} MB", file=sys.stderr, flush=True
        )


def _read(case: Path) -> dict[str, object]:
    [file] = case.iterdir()
    workdir = case / "work"
    workdir.mkdir()
    found: dict[str, object] = {"published": 0, "text": "", "codes": []}
    try:
        batch = ingest(file, workdir, srid=25832)
        write_reports(batch, workdir / "report", "report", srid=25832)
    except PlanFileError as fault:
        found |= {"outcome": "refused", "text": str(fault), "codes": [type(fault).__name__]}
    except Exception as fault:  # noqa: BLE001 - whatever it is, the test names the file
        found |= {"outcome": f"{type(fault).__name__}: {fault!s:.200}"}
    else:
        found |= _told(batch)
    shutil.rmtree(workdir)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return found | {"megabytes": megabytes, "left": [item.name for item in case.iterdir() if item != file]}


def _told(batch: Batch) -> dict[str, object]:
    errors = [issue for issue in batch.report.issues if issue.severity is Severity.ERROR]
    contents = b"".join(item.path.read_bytes() for item in batch.attachments)
    return {
        "outcome": "told" if errors else "passed",
        "published": sum("B" in levels for levels in batch.report.levels.values()),
        "codes": sorted({issue.code for issue in errors}),
        "text": f"{batch.plans}{batch.report}{contents.decode('latin-1')}",
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
