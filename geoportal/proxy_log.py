"""How often the proxy in front of us had the answer already, from the lines that it writes about every answer."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final, override

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

_CACHE: Final = re.compile(rb'"cache":"([A-Z]{0,20})"')
_MOST: Final = 64 * 2**20  # bytes that are read at a time; a minute of full load is a tenth of that
_UNASKED: Final = "NONE"  # answers that are never kept: the desk, what is sent in, the proxy's own


class ProxyLog(Collector):
    """nginx's access log in the format `geoportal` (installing/templates/nginx.conf), followed through its rotations.

    What stood there before we began is not counted, as with any counter of a process that has just started.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts: Counter[str] = Counter()
        self._inode, self._offset = self._standing()

    @override
    def collect(self) -> Iterator[Metric]:
        self._follow()
        family = CounterMetricFamily(
            "geoportal_proxy_answers", "Answers of the proxy by what its cache had to do with them", labels=["cache"]
        )
        for kind, number in sorted(self._counts.items()):
            family.add_metric([kind.lower()], number)
        yield family

    def _standing(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_size

    def _follow(self) -> None:
        inode, size = self._standing()
        if inode != self._inode or size < self._offset:
            self._inode, self._offset = inode, 0
        try:
            with self._file.open("rb") as opened:
                begin = opened.seek(max(self._offset, size - _MOST))
                read = opened.read(_MOST)
        except OSError:
            return
        whole = read.rfind(b"\n") + 1  # the last line may still be being written
        self._offset = begin + whole
        self._counts.update(kind.decode("ascii") or _UNASKED for kind in _CACHE.findall(read, 0, whole))
