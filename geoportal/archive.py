"""Originals and documents, filed by the SHA-256 of their content: what is stored never changes, and is stored once."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1024 * 1024


def sha256_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class Archive:
    """A folder of files under their hash. Putting a file in is atomic: it is there whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: Path) -> str:
        """Files a copy and returns its SHA-256, as 64 lower-case hexadecimal digits."""
        digest = sha256_of(file)
        target = self.path(digest)
        if target.exists():
            return digest
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy, file.open("rb") as source:
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())
        Path(copy.name).replace(target)
        return digest

    def path(self, digest: str) -> Path:
        """Where the file lies. Raises ValueError for anything that is no SHA-256."""
        if not _SHA256.fullmatch(digest):
            raise ValueError(f"no SHA-256: {digest[:80]!r}")
        return self._folder / digest[:2] / digest
