"""Pictures on the disk under names of their own, whole or not at all, and never more than there is room for."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def keep_whole(file: Path, content: bytes) -> None:
    """Whoever else writes the same."""
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(file, content)
        except FileNotFoundError:  # a sweep found its folder empty
            continue
        return


def _write(file: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as copy:
        copy.write(content)
    Path(copy.name).replace(file)


def sweep(folder: Path, room: int) -> None:
    """Removes the files that are oldest, if all together have more than `room` bytes, until a fifth of it is free; and
    the folders that have none then: each publication and each filter has one of its own.
    """
    files = []
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118 - a hundred thousand of them
            except FileNotFoundError:  # another process sweeps too
                continue
            files.append((stat.st_mtime, stat.st_size, path, name))
    used = sum(size for _, size, _, _ in files)
    if used <= room:
        return
    for _, size, path, name in sorted(files):
        if used <= room * 4 // 5:
            break
        (Path(path) / name).unlink(missing_ok=True)
        used -= size
    for below, _, _ in os.walk(folder, topdown=False):
        if below != str(folder):
            with suppress(OSError):  # there is something in it, perhaps since a moment ago
                Path(below).rmdir()
