"""Measures how fast plan files become plans, beside GDAL's GML driver, and how much memory that takes.

`bench_ingest.py FILE.md` writes the tables. Each figure comes from a process of its own, the best of three (of one
where the file is large), in CPU seconds. With XPLAN_CORPUS, real plans are measured too.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.files import grid  # noqa: E402 - the root has to be known first

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TRIES_UP_TO = 10_000  # objects; larger files are measured once
REAL = (
    "xplan-core-commons__testdata__xplan51__BPlan001_5-1.gml",
    "xplan-tests-soapui__xplan-api-manager__plans__BP_5.3_MultiplePlansWfsFcAdditionalObjects.gml",
)
# What the reading process does, step by step; then the same with GDAL, which only reads.
PEAK = """
import re
def peak():
    # of this program alone: what getrusage() tells may be its parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10
"""
OURS = """
import json, os, sys, tempfile, time
from pathlib import Path
started = time.process_time()
import plans_ingest.child
from plans_ingest import PlanFileError, confine, ingest, serial
ready = time.process_time()
found = {"start": ready - started}
confine.confine(confine.Limits.of(os.path.getsize(sys.argv[1])))
with tempfile.TemporaryDirectory() as folder, open("/dev/null", "wb") as nowhere:
    try:
        batch = ingest(Path(sys.argv[1]), Path(folder), srid=25832)
        serial.write_batch(batch, nowhere, Path(folder))
        found |= {"features": batch.report.features, "fault": ""}
    except PlanFileError as fault:
        found |= {"features": 0, "fault": fault.german}
found |= {"seconds": time.process_time() - ready, "megabytes": peak()}
print(json.dumps(found))
"""
GDAL = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pyogrio
ready, features = time.process_time(), 0
for layer, _ in pyogrio.list_layers(sys.argv[1]):
    _, ids, shapes, _ = pyogrio.raw.read(sys.argv[1], layer=layer, return_fids=True)
    features += len(ids)
print(json.dumps({"features": features, "seconds": time.process_time() - ready,
                  "megabytes": peak()}))
"""


def main(target: Path) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, file in _files(Path(folder)):
            tries = 3 if file.stat().st_size < 800 * TRIES_UP_TO else 1
            ours, theirs = (_best(program, file, tries) for program in (OURS, GDAL))
            rows.append(_row(name, ours, theirs))
            print(rows[-1], flush=True)
            file.unlink()
    head = target.read_text("utf-8").partition("<!-- measured -->")[0]
    table = (
        "| Datei | Objekte | CPU-Sekunden | Objekte/s | GDAL Objekte/s | Verhältnis | Speicher | GDAL Speicher |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    target.write_text(f"{head}<!-- measured -->\n\n{table}{''.join(rows)}", "utf-8")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    corpus = os.environ.get("XPLAN_CORPUS")
    for number, name in enumerate(REAL if corpus else ()):
        copy = folder / f"{number}.gml"  # GDAL writes beside what it reads
        copy.write_bytes((Path(str(corpus)) / "files" / name).read_bytes())
        yield f"echter Plan {number + 1}", copy
    for size in SIZES:
        yield f"eine Klasse, {size} Flächen", grid(folder / f"{size}.gml", size)


def _best(program: str, file: Path, tries: int) -> dict[str, Any]:
    def once() -> dict[str, Any]:
        done = subprocess.run(  # noqa: S603 - our own interpreter, with programs of our own
            [sys.executable, "-c", PEAK + program, str(file)], capture_output=True, text=True, check=True, cwd=ROOT
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return min((once() for _ in range(tries)), key=lambda found: found["seconds"])


def _row(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    speed, other = (found["features"] / found["seconds"] for found in (ours, theirs))
    result = (
        f"{ours['features']} | {ours['seconds']:.2f} (+ {ours['start']:.2f} Start) | {speed:.0f} | {other:.0f} | "
        f"{speed / other:.2f}"
    )
    if ours["fault"]:
        result = f"abgelehnt: {ours['fault']} | {ours['seconds']:.2f} | – | {other:.0f} | –"
    return f"| {name} | {result} | {ours['megabytes']} MB | {theirs['megabytes']} MB |\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
