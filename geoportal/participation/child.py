"""The process that looks at one PDF and ends: file and asker as arguments, a verdict as JSON on standard output.

`{"file": name}` is the document as it may be kept, `{"fault": sentence}` says why not. No answer is a refusal too.
"""

import json
import os
import sys
from pathlib import Path

from plans_ingest.confine import Limits, confine
from plans_ingest.errors import PlanFileError
from plans_ingest.formats.container import Member
from plans_ingest.formats.pdf import screened

_MIB = 1024**2


def main() -> None:
    file, asker = Path(sys.argv[1]), int(sys.argv[2])
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    confine(Limits(memory=1024 * _MIB, cpu=10, file=64 * _MIB, open_files=64))
    if os.getppid() != asker:
        return
    try:
        found = screened(Member(file.name, file, file.stat().st_size), file.parent)
        verdict = {"file": found.path.name}
    except PlanFileError as fault:
        verdict = {"fault": str(fault)}
    with answer:
        json.dump(verdict, answer)


if __name__ == "__main__":
    main()
