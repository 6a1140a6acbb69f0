"""Which modules a script imports, also by others: a page names them all at once, and the browser finds none late."""

import posixpath
import re
from functools import cache
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r"""^(?:import|export) [^;]*?from ["'](\.[^"']+)["'];""", re.MULTILINE)


@cache
def imported(static: Path, entrance: str) -> tuple[str, ...]:
    """Paths below /static, the entrance not among them; of what is not in the folder, only the path is known."""
    found: dict[str, None] = {}
    waiting = [entrance]
    while waiting:
        path = waiting.pop(0)
        file = static / path
        if not file.is_file():
            continue
        for name in _IMPORT.findall(file.read_text("utf-8")):
            module = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if module not in found and module != entrance:
                found[module] = None
                waiting.append(module)
    return tuple(found)
