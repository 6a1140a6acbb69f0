"""The kinds of steps. Each says what is missing, which is nothing when it is done, and brings it about."""

import difflib
import grp
import os
import pwd
import secrets
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, override

_SECRET: Final = 0o077  # a file that others may not read is not shown either


class InstallError(Exception):
    """A step could not be done; the message says which, and what the program said that was to do it."""


@dataclass
class Machine:
    """What steps do to the machine. `changed` are the files that were written in this run."""

    changed: set[Path] = field(default_factory=set)

    @property
    def has_systemd(self) -> bool:
        return Path("/run/systemd/system").is_dir()

    def run(self, *command: str, given: str | None = None) -> str:
        """What the program printed. Raises InstallError."""
        done = subprocess.run(  # noqa: S603 - programs of Debian, arguments of our own
            command, input=given, capture_output=True, text=True, check=False, env={**_ENVIRONMENT}
        )
        if done.returncode:
            raise InstallError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-800:]}")
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        try:
            return subprocess.run(command, capture_output=True, check=False, env={**_ENVIRONMENT}).returncode == 0  # noqa: S603
        except FileNotFoundError:
            return False


_ENVIRONMENT: Final[Mapping[str, str]] = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class Step(ABC):
    """One thing that is to be. `missing` changes nothing."""

    @abstractmethod
    def missing(self, machine: Machine) -> Iterator[str]:
        """What there is to do, a line each."""

    @abstractmethod
    def do(self, machine: Machine) -> None: ...


@dataclass(frozen=True)
class Packages(Step):
    names: Sequence[str]

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        for name in self.names:
            if not machine.succeeds("dpkg-query", "-W", "-f", "${db:Status-Status}", name) or (
                machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", name) != "installed"
            ):
                yield f"Debian-Paket {name}"

    @override
    def do(self, machine: Machine) -> None:
        machine.run("apt-get", "update", "-q")
        machine.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *self.names)


@dataclass(frozen=True)
class Account(Step):
    """A system account without a shell; `also` are further groups."""

    name: str
    home: Path
    also: Sequence[str] = ()

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        try:
            entry = pwd.getpwnam(self.name)
        except KeyError:
            yield f"Konto {self.name}"
            return
        have = {grp.getgrgid(number).gr_name for number in os.getgrouplist(self.name, entry.pw_gid)}
        for group in self.also:
            if group not in have:
                yield f"Konto {self.name} in Gruppe {group}"

    @override
    def do(self, machine: Machine) -> None:
        if not machine.succeeds("id", self.name):
            machine.run(
                "useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin", "--no-create-home",
                "--home-dir", str(self.home), self.name,
            )  # fmt: skip
        for group in self.also:
            machine.run("usermod", "--append", "--groups", group, self.name)


@dataclass(frozen=True)
class Folder(Step):
    path: Path
    owner: str
    group: str
    mode: int

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        if not self.path.is_dir():
            yield f"Ordner {self.path} ({self.owner}:{self.group}, {self.mode:o})"
        elif _rights(self.path) != (self.owner, self.group, self.mode):
            yield f"Ordner {self.path}: Rechte {self.owner}:{self.group}, {self.mode:o}"

    @override
    def do(self, machine: Machine) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.path, self.owner, self.group)
        self.path.chmod(self.mode)


@dataclass(frozen=True)
class File(Step):
    """A file that is ours: what somebody has changed in it is shown before it is replaced."""

    path: Path
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        before = self.path.read_text("utf-8") if self.path.is_file() else ""
        if before != self.content:
            yield f"Datei {self.path} ({self.owner}:{self.group}, {self.mode:o})"
            if self.mode & _SECRET:
                lines = difflib.unified_diff(before.splitlines(), self.content.splitlines(), lineterm="", n=1)
                yield from (f"    {line}" for line in list(lines)[2:])
        elif _rights(self.path) != (self.owner, self.group, self.mode):
            yield f"Datei {self.path}: Rechte {self.owner}:{self.group}, {self.mode:o}"

    @override
    def do(self, machine: Machine) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f".{self.path.name}.new")
        unfinished.unlink(missing_ok=True)
        # closed to others from the first moment
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(self.content)
        shutil.chown(unfinished, self.owner, self.group)
        unfinished.chmod(self.mode)
        unfinished.replace(self.path)
        machine.changed.add(self.path)


@dataclass(frozen=True)
class Link(Step):
    path: Path
    target: Path

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        if not self.path.is_symlink() or self.path.readlink() != self.target:
            yield f"Verweis {self.path} -> {self.target}"

    @override
    def do(self, machine: Machine) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_name(f".{self.path.name}.new")
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(self.target)
        unfinished.replace(self.path)
        machine.changed.add(self.path)


@dataclass(frozen=True)
class Absent(Step):
    """A file of Debian's that would be in the way."""

    path: Path

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        if self.path.is_symlink() or self.path.exists():
            yield f"weg mit {self.path}"

    @override
    def do(self, machine: Machine) -> None:
        self.path.unlink()
        machine.changed.add(self.path)


@dataclass(frozen=True)
class Command(Step):
    """Something that a program does. It is due while `unless` fails, and when one of the files `after` was written."""

    told: str
    command: Sequence[str]
    unless: Sequence[str] = ()
    after: Sequence[Path] = ()
    given: str | None = None

    @override
    def missing(self, machine: Machine) -> Iterator[str]:
        if machine.changed.intersection(self.after) or (self.unless and not machine.succeeds(*self.unless)):
            yield self.told

    @override
    def do(self, machine: Machine) -> None:
        machine.run(*self.command, given=self.given)


def bring_about(steps: Iterable[Step], machine: Machine, tell: Callable[[str], None], *, dry: bool) -> int:
    """Does what is missing, step by step, and tells it; when `dry`, only tells. Returns how many steps were due.

    Raises InstallError at the first step that fails; run again, it goes on from there.
    """
    due = 0
    for step in steps:
        lines = list(step.missing(machine))
        if not lines:
            continue
        due += 1
        for line in lines:
            tell(line)
        if dry:
            if isinstance(step, File):  # what would follow from it is told too
                machine.changed.add(step.path)
        else:
            step.do(machine)
    return due


def kept_secrets(file: Path, names: Sequence[str]) -> dict[str, str]:
    """The secrets of a file of NAME=value lines; those that are missing are made up."""
    found: dict[str, str] = {}
    if file.is_file():
        found = dict(line.split("=", 1) for line in file.read_text("utf-8").splitlines() if "=" in line)
    return {name: found.get(name) or secrets.token_urlsafe(32) for name in names}


def _rights(path: Path) -> tuple[str, str, int]:
    stat = path.stat()
    return pwd.getpwuid(stat.st_uid).pw_name, grp.getgrgid(stat.st_gid).gr_name, stat.st_mode & 0o7777
