"""How a running portal bears up: readers without pause, random boxes, never the same twice.

    scripts/load.py PORT [SECONDS] [READERS]        a server on this machine, best behind its nginx (production stack)

Three kinds after another, as INSPIRE has them: discovery (collections, records), view (map images), download (features
of a box). Prints requests per second, time to the whole answer at p50 and p99, faults, and the memory of all gunicorn
processes before and after. Start the server with GEOPORTAL_REQUESTS_PER_SECOND=0; loopback is not limited anyway.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.load import Readers, at, box, items, quantile

DISCOVERY = ("/ogc/", "/ogc/collections", "/ogc/collections/bebauungsplaene", "/ogc/conformance")


def discovery(chance: random.Random) -> str:
    return f"{chance.choice(DISCOVERY)}?f=json&lang={chance.choice(('de', 'en'))}"


def view(chance: random.Random) -> str:
    return f"/ogc/collections/bebauungsplaene/map?f=png&width=800&height=600&bbox={box(chance)}"


def memory(port: int) -> float:
    """Megabytes that the processes listening on the port have for themselves or share, each counted in part (PSS)."""
    wanted = f":{port:04X} "
    inodes = {
        f"socket:[{line.split()[9]}]"
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
        if wanted in line and line.split()[3] == "0A"
    }
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if inodes & {str(link.readlink()) for link in (process / "fd").iterdir()}:
                rollup = (process / "smaps_rollup").read_text("ascii")
                total += int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])
        except OSError:
            continue
    return total / 1024


def main(port: int, seconds: float, readers: int) -> None:
    for name, path in (("discovery", discovery), ("view", view), ("download", items)):
        before = memory(port)
        began = time.perf_counter()
        with Readers(at(port), path, number=readers) as asked:
            time.sleep(seconds)
        took = time.perf_counter() - began
        print(
            f"{name:10} {asked.answered / took:7.1f}/s  p50 {quantile(asked.seconds, 0.5) * 1000:6.0f} ms  "
            f"p99 {quantile(asked.seconds, 0.99) * 1000:6.0f} ms  faults {asked.faults or 0}  "
            f"memory {before:.0f} -> {memory(port):.0f} MB"
        )


if __name__ == "__main__":
    port, seconds, readers = (*map(int, sys.argv[1:]), *(0, 30, 8)[len(sys.argv) - 1 :])
    if not port:
        sys.exit(__doc__)
    main(port, seconds, readers)
