"""What a reading process gives up before it opens a file: memory, time, disk, children, the network. For good.

Resource limits hold on every POSIX system. The filter of system calls is a second wall inside the first (bubblewrap,
where there is one) and the only one that stops children and connections where there is none; the limit on processes
would not do, because it does not bind root. It is a filter of what is known to be unneeded, not of what is needed:
numpy, GEOS, PROJ and GDAL call too many things to list, and they change with every wheel.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

_MIB: Final = 1024**2
_MOST_CPU: Final = 900  # seconds

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_CLONE_THREAD: Final = 0x10000
_X32: Final = 0x40000000  # another table of numbers on the same processor

# linux/filter.h and linux/seccomp.h: load a word of the call, compare, answer
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds that one file may cost. `size` of a file is in bytes.

    `cpu_unpacked` is what a packed file may claim once it has been unpacked; 0 for no more than `cpu`.
    """

    memory: int
    cpu: int
    file: int
    open_files: int
    cpu_unpacked: int = 0

    @classmethod
    def of(cls, size: int, *, is_packed: bool = False) -> Self:
        """60 s of computing time up to 8 MiB, 5 s for each MiB more, never more than 15 min; the rest is the same."""
        cpu_unpacked = _MOST_CPU if is_packed else 0
        return cls(1536 * _MIB, _seconds_for(size), 1024 * _MIB, open_files=256, cpu_unpacked=cpu_unpacked)

    @property
    def most_cpu(self) -> int:
        return max(self.cpu, self.cpu_unpacked)


def _seconds_for(size: int) -> int:
    return min(60 + 5 * max(0, size // _MIB - 8), _MOST_CPU)


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls; `audit` is the architecture as the kernel names it to the filter."""

    audit: int
    clone: int
    clone3: int
    refused: tuple[int, ...]


# socket, connect, socketpair, fork, vfork, execve, kill, ptrace, pivot_root, mount, umount2, add_key, request_key,
# keyctl, unshare, perf_event_open, setns, process_vm_readv, process_vm_writev, bpf, execveat, userfaultfd, and, the
# same everywhere: pidfd_send_signal, io_uring_setup, open_tree, move_mount, fsopen, pidfd_open, pidfd_getfd.
_EVERYWHERE: Final = (424, 425, 428, 429, 430, 434, 438)
_CALLS: Final[Mapping[str, _Calls]] = MappingProxyType(
    {
        "x86_64": _Calls(
            0xC000003E, 56, 435,
            (41, 42, 53, 57, 58, 59, 62, 101, 155, 165, 166, 248, 249, 250, 272, 298, 308, 310, 311, 321, 322, 323,
             *_EVERYWHERE),
        ),
        "aarch64": _Calls(
            0xC00000B7, 220, 435,
            (198, 203, 199, 221, 129, 117, 41, 40, 39, 217, 218, 219, 97, 241, 268, 270, 271, 280, 281, 282,
             *_EVERYWHERE),
        ),
    }
)  # fmt: skip


def confine(limits: Limits) -> None:
    """Binds this process to the limits; nothing undoes it. Raises OSError when the system refuses."""
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits.memory, limits.memory),
        # The soft limit ends the process by a signal of its own (SIGXCPU), by which the parent knows the reason.
        (resource.RLIMIT_CPU, limits.cpu, limits.most_cpu + 5),
        (resource.RLIMIT_FSIZE, limits.file, limits.file),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        given = resource.getrlimit(kind)[1]
        most = hard if given == resource.RLIM_INFINITY else min(hard, given)
        resource.setrlimit(kind, (min(soft, most), most))
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    calls = _CALLS.get(platform.machine())
    if calls is not None:
        _filter(libc, calls)


def allow_for(size: int) -> None:
    """More computing time, as for a file of this size: what an archive has turned out to hold. As far as may be."""
    cpu, most = resource.getrlimit(resource.RLIMIT_CPU)
    if cpu != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_CPU, (max(cpu, min(_seconds_for(size), most - 5)), most))


def _filter(libc: ctypes.CDLL, calls: _Calls) -> None:
    program = _program(calls)
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: number of instructions, pointer to them
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(fprog, len(fprog)))


def _program(calls: _Calls) -> bytes:
    """The filter, eight bytes an instruction; each test either answers at once or goes on with the next."""
    refuse = _REFUSE | errno.EPERM
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, calls.audit),
        (_ANSWER, 0, 0, refuse),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        (_ANSWER, 0, 0, refuse),
        # glibc then falls back to clone, whose flags a filter can read
        (_JUMP_EQUAL, 0, 1, calls.clone3),
        (_ANSWER, 0, 0, _REFUSE | errno.ENOSYS),
    ]
    for number in calls.refused:
        steps += [(_JUMP_EQUAL, 0, 1, number), (_ANSWER, 0, 0, refuse)]
    steps += [
        (_JUMP_EQUAL, 0, 3, calls.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_ANSWER, 0, 0, refuse),
        (_ANSWER, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _prctl(libc: ctypes.CDLL, option: int, *arguments: object) -> None:
    padded = [*arguments, *[0] * (4 - len(arguments))]
    words = [ctypes.c_ulong(item) if isinstance(item, int) else item for item in padded]
    if libc.prctl(option, *words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")
