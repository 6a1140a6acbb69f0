"""CPU time of a process and of all its descendants, dead ones too, as Linux accounts it."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")


def seconds(*roots: int) -> float:
    """User and system time of the trees below these processes so far. That of the living is exact; that of the dead
    comes in ticks of 10 ms.
    """
    parents, times = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            stat = (entry / "stat").read_text("ascii", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # pid (name) state ppid …; the name may hold blanks and brackets
        fields = stat.rpartition(")")[2].split()
        parents[int(entry.name)] = int(fields[1])
        with suppress(OSError):  # it ended meanwhile
            # own time, and that of the children that were waited for
            times[int(entry.name)] = _own_time(int(entry.name)) + sum(map(int, fields[13:15])) / _TICK
    return sum(spent for pid, spent in times.items() if _is_below(pid, roots, parents))


def _own_time(pid: int) -> float:
    # the number of a process's CPU clock as clock_getcpuclockid(3) makes it, which Python offers for threads only
    return time.clock_gettime(~pid << 3 | 2)


def memory(root: int) -> int:
    """Bytes of all processes below this one, what they share divided among them."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1]
                )
    return sum(_own_memory(pid) for pid in parents if _is_below(pid, (root,), parents))


def _own_memory(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


def _is_below(pid: int, roots: tuple[int, ...], parents: dict[int, int]) -> bool:
    while pid not in roots:
        if pid not in parents:
            return False
        pid = parents[pid]
    return True


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
