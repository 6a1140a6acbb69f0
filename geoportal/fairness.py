"""So many requests a second for each who asks, counted by all workers of a server together, in memory that never grows.

The generic cell rate algorithm: each has one moment, the one from which nothing is owed; each request moves it on.
The moments lie in a shared mapping made before the workers are forked. They have no lock: a worker killed while it held
one would stop all others, and an update lost between two workers at the same instant only lets one request through.
"""

import hashlib
import ipaddress
import mmap
import secrets
import time
from collections.abc import Callable
from typing import Final

_SLOTS: Final = 1 << 16


class Fairness:
    """`rate` requests a second, and `burst` at once, for each network, or for each of whatever else is counted."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._step = 1 / rate
        self._patience = (burst + 0.01) * self._step  # sums of steps are not exact
        self._clock = clock
        # Nobody can work out whose moments lie in the same place as another's.
        self._key = secrets.token_bytes(16)
        self._moments = memoryview(mmap.mmap(-1, 8 * _SLOTS)).cast("d")

    def wait(self, address: str) -> float:
        """As of the network that an address lies in.

        An address that is none, such as that of a unix socket, and this machine itself are never made to wait.
        """
        network = network_of(address)
        return 0.0 if network is None else self.wait_of(network)

    def wait_of(self, who: bytes) -> float:
        """0, and the request is counted; or in how many seconds the next is welcome, and it is not."""
        digest = hashlib.blake2b(who, digest_size=8, key=self._key).digest()
        # Two places for each: only one whose both places are taken by others would be counted with them.
        first = int.from_bytes(digest[:4]) % _SLOTS
        second = int.from_bytes(digest[4:]) % _SLOTS
        now = self._clock()
        moment = max(now, min(self._moments[first], self._moments[second])) + self._step
        if moment - now > self._patience:
            return max(moment - now - self._patience, self._step / 100)
        self._moments[first] = max(self._moments[first], moment)
        self._moments[second] = max(self._moments[second], moment)
        return 0.0


def network_of(address: str) -> bytes | None:
    """The packed IPv4 address or the first 64 bits of an IPv6 one, which is what one subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return None if parsed.is_loopback else parsed.packed[:8]
        parsed = parsed.ipv4_mapped
    return None if parsed.is_loopback else parsed.packed
