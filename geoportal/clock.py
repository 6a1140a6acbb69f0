"""Whether the machine's clock can be believed just now: it is held against the one that never jumps."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

JUMP_SECONDS: Final = 120.0  # more than a slow round of anything here, less than a day's end can be missed by
DOUBT_SECONDS: Final = 3600.0
# Those of two machines, or two looks of one: a moment further ahead than this is from before a clock was set back.
CLOCKS_DIFFER: Final = timedelta(minutes=1)


def _counting() -> float:
    # goes on while the machine sleeps: waking up is no jump
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """Looked at often, it notices a jump; for an hour after one, what cannot be taken back had better wait."""

    def __init__(self, wall: Callable[[], float] = time.time, counting: Callable[[], float] = _counting) -> None:
        self._wall, self._counting = wall, counting
        self._apart = wall() - counting()
        self._doubted_until = float("-inf")

    def is_trusted(self) -> bool:
        counted = self._counting()
        apart = self._wall() - counted
        if abs(apart - self._apart) > JUMP_SECONDS:
            self._doubted_until = counted + DOUBT_SECONDS
        self._apart = apart
        return counted >= self._doubted_until
