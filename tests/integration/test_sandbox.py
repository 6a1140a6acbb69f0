"""What a reading process can do to us when the file has taken it over: each try is a small program run in its place."""

import ast
import gzip
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from geoportal import sandbox
from plans_ingest import NoPlan, PlanFileError, UnsafeFile, ingest
from plans_ingest.confine import Limits
from plans_ingest.errors import Limit, ResourceExceeded
from plans_ingest.gemeinden import gemeinde_of
from tests.files import archive, feature, pdf, plan, polygon, prop, write, xplangml
from tests.waiting import wait_until

# What the program finds out it raises as a fault, which is how words come back.
PROBE = """
from plans_ingest.child import serve
from plans_ingest.errors import PlanFileError
def say(word): raise PlanFileError(str(word), '')
def read(request):
{body}
serve(read)
"""
REFERENCE = prop(
    "externeReferenz",
    "<xplan:XP_SpezExterneReferenz><xplan:referenzName>Begründung</xplan:referenzName>"
    "<xplan:referenzURL>b.pdf</xplan:referenzURL></xplan:XP_SpezExterneReferenz>",
)
# Some containers refuse namespaces; there the second wall stands alone.
needs_bubblewrap = pytest.mark.skipif(not sandbox.can_wrap(), reason="no namespaces here")
both_ways = pytest.mark.parametrize(
    "wrapped",
    [pytest.param(True, id="bubblewrap", marks=needs_bubblewrap), pytest.param(False, id="limits alone")],
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "plan.gml", xplangml(plan()))


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def probe(body: str, file: Path, workdir: Path, *, wrapped: bool) -> str:
    """What the body of the reading function says. Raises ResourceExceeded when the process ends instead."""
    program = PROBE.format(body="\n".join(f"    {line}" for line in body.splitlines()))
    with pytest.raises(PlanFileError) as caught:
        sandbox.read(file, "plan.gml", workdir=workdir, program=("-c", program), bubblewrap=wrapped)
    if isinstance(caught.value, ResourceExceeded):
        raise caught.value
    return caught.value.german


@both_ways
def test_a_plan_is_read_as_it_is_without_a_sandbox(file: Path, workdir: Path, tmp_path: Path, wrapped: bool) -> None:
    bowtie = feature("BP_GruenFlaeche", "g", prop("position", polygon("0 0 10 10 10 0 0 10 0 0")))
    write(file, xplangml(plan(gemeinde=""), bowtie))
    gemeinde = gemeinde_of("06534001")
    here = sandbox.read(file, "plan.gml", workdir=workdir, gemeinde=gemeinde, bubblewrap=wrapped)
    assert here == ingest(file, tmp_path, srid=25832, gemeinde=gemeinde)
    assert here.plans[0].ags == "06534001"


@both_ways
def test_documents_come_back_as_files_of_the_working_folder(tmp_path: Path, workdir: Path, wrapped: bool) -> None:
    file = archive(tmp_path / "p.zip", {"xplan.gml": xplangml(plan(extra=REFERENCE)), "b.pdf": pdf()})
    [attachment] = sandbox.read(file, "p.zip", workdir=workdir, bubblewrap=wrapped).attachments
    assert attachment.path.parent == workdir
    assert attachment.path.read_bytes() == pdf()


@both_ways
def test_a_fault_of_the_file_keeps_its_kind_and_place_and_names_no_path_of_ours(
    file: Path, workdir: Path, wrapped: bool
) -> None:
    write(file, xplangml(plan()).replace("?>\n", "?>\n<!DOCTYPE x>\n", 1))
    with pytest.raises(UnsafeFile, match="DOCTYPE") as caught:
        sandbox.read(file, "Mein Plan.gml", workdir=workdir, bubblewrap=wrapped)
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == ("Mein Plan.gml", 2)
    write(file, "<html/>")
    with pytest.raises(NoPlan):
        sandbox.read(file, "plan.gml", workdir=workdir, bubblewrap=wrapped)


@needs_bubblewrap
@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/1/environ", "/root", "/home", "{here}", "{beside}"])
def test_no_other_file_is_there(file: Path, workdir: Path, path: str) -> None:
    beside = write(file.with_name("secret.txt"), "s3cret")
    path = path.format(here=file, beside=beside)
    body = f"""
import os
try: say(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}).read())
except OSError as fault: say(type(fault).__name__)
"""
    found = probe(body, file, workdir, wrapped=True)
    # a folder is there only as far as Python lies in it
    ways = {*Path(sys.base_prefix).parents, *Path(sys.prefix).parents, Path(sys.base_prefix), Path(sys.prefix)}
    assert found == "FileNotFoundError" or {Path(path, name) for name in ast.literal_eval(found)} <= ways


@needs_bubblewrap
def test_nothing_can_be_written_but_the_working_folder(file: Path, workdir: Path) -> None:
    body = """
import os
found = []
for folder in ('/', '/usr', '/run/upload', '/run/upload/work', os.path.dirname(request.file)):
    try: open(folder + '/x', 'w').close(); found.append(folder)
    except OSError: pass
try: open(request.file, 'a').close(); found.append('the upload')
except OSError: pass
say(found)
"""
    assert probe(body, file, workdir, wrapped=True) == "['/run/upload/work']"


@both_ways
def test_no_connection_leaves_the_process(file: Path, workdir: Path, wrapped: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = f"""
import socket
try: socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)
except OSError as fault: say(type(fault).__name__)
say('connected')
"""
        assert probe(body, file, workdir, wrapped=wrapped) == "PermissionError"


@both_ways
@pytest.mark.parametrize("call", ["os.fork()", "os.execv('/usr/bin/true', ['true'])", "os.kill(os.getppid(), 9)"])
def test_no_child_no_other_program_no_signal(file: Path, workdir: Path, call: str, wrapped: bool) -> None:
    body = f"import os\ntry: {call}\nexcept PermissionError: say('refused')\nsay('done')"
    assert probe(body, file, workdir, wrapped=wrapped) == "refused"


@both_ways
def test_threads_are_allowed(file: Path, workdir: Path, wrapped: bool) -> None:
    body = "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\nsay('done')"
    assert probe(body, file, workdir, wrapped=wrapped) == "done"


@both_ways
def test_the_environment_tells_nothing(
    file: Path, workdir: Path, wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOPORTAL_DATABASE_URL", "postgresql://secret")
    assert "secret" not in probe("import os\nsay(dict(os.environ))", file, workdir, wrapped=wrapped)


@both_ways
@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ("x = []\nwhile True: x.append(bytes(50_000_000))", Limit.MEMORY),
        ("import os\nopen(os.path.join(request.workdir, 'x'), 'wb').truncate(2 * 1024**3)", Limit.DISK),
        ("import os, signal\nsignal.raise_signal(signal.SIGSEGV)", Limit.CRASHED),
        ("raise KeyError('a fault of ours')", Limit.CRASHED),
        ("import os\nos._exit(0)", Limit.CRASHED),
        ("import os\nos.write(3, b'P' + bytes(12)); os.write(3, b'nonsense' * 100); os._exit(0)", Limit.CRASHED),
        ("import signal\nsignal.raise_signal(signal.SIGKILL)", Limit.KILLED),
    ],
    ids=["memory", "file size", "segfault", "fault of ours", "silence", "nonsense", "killed"],
)
def test_what_ends_a_reading_is_told(file: Path, workdir: Path, body: str, limit: Limit, wrapped: bool) -> None:
    with pytest.raises(ResourceExceeded) as caught:
        probe(body, file, workdir, wrapped=wrapped)
    assert caught.value.limit is limit


@both_ways
def test_computing_time_is_bounded(file: Path, workdir: Path, wrapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "of", classmethod(lambda cls, size, **_: cls(1536 * 2**20, 3, 2**30, 256)))
    monkeypatch.setattr(sandbox, "_PATIENCE", 200)
    with pytest.raises(ResourceExceeded) as caught:
        probe("while True: pass", file, workdir, wrapped=wrapped)
    assert caught.value.limit is Limit.CPU


@both_ways
def test_a_process_that_only_waits_is_ended_with_all_it_holds(
    file: Path, workdir: Path, wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "of", classmethod(lambda cls, size, **_: cls(1536 * 2**20, 30, 2**30, 256)))
    monkeypatch.setattr(sandbox, "_PATIENCE", 0.1)
    with pytest.raises(ResourceExceeded) as caught:
        probe(f"import time\ntime.sleep(1000)  # {file}", file, workdir, wrapped=wrapped)
    assert caught.value.limit is Limit.TIME
    assert_no_process_says(f"# {file}")


@both_ways
def test_a_cancelled_reading_ends_at_once(file: Path, workdir: Path, wrapped: bool) -> None:
    no_longer_wanted = threading.Event()
    threading.Timer(1.5, no_longer_wanted.set).start()
    started = time.monotonic()
    program = PROBE.format(body=f"    import time; time.sleep(1000)  # {file}")
    with pytest.raises(sandbox.ReadingCancelled):
        sandbox.read(
            file, "p", workdir=workdir, cancelled=no_longer_wanted.is_set, program=("-c", program), bubblewrap=wrapped
        )
    assert time.monotonic() - started < 60, "not only when its time was over"
    assert_no_process_says(f"# {file}")


@both_ways
def test_the_reader_dies_with_who_asked(file: Path, workdir: Path, wrapped: bool) -> None:
    body = "    import time; open(request.workdir + '/begun', 'w').close(); time.sleep(1000.5)"
    program = PROBE.format(body=f"{body}  # {file}")
    asking = f"""
from pathlib import Path
from geoportal import sandbox
program = ('-c', {program!r})
sandbox.read(Path({str(file)!r}), 'p', workdir=Path({str(workdir)!r}), program=program, bubblewrap={wrapped})
"""
    asker = subprocess.Popen([sys.executable, "-c", asking])
    try:
        wait_until(lambda: any(workdir.rglob("begun")), 120)
    finally:
        asker.send_signal(signal.SIGKILL)
        asker.wait()
    assert_no_process_says(f"# {file}")


def test_a_link_among_the_documents_is_not_followed(file: Path, workdir: Path) -> None:
    body = """
import os
from dataclasses import replace
from pathlib import Path
from plans_ingest.child import read as honest
from plans_ingest.model import Attachment
batch = honest(request)
os.symlink('/etc/passwd', os.path.join(request.workdir, 'x'))
return replace(batch, attachments=(Attachment('x', Path(request.workdir, 'x'), 3),))
"""
    with pytest.raises(ResourceExceeded) as caught:
        probe(body, file, workdir, wrapped=sandbox.can_wrap())
    assert caught.value.limit is Limit.CRASHED


def test_big_files_have_more_time_but_not_for_ever() -> None:
    assert [Limits.of(size * 2**20).cpu for size in (0, 8, 9, 100, 10_000)] == [60, 60, 65, 520, 900]


@both_ways
def test_what_an_archive_turned_out_to_hold_counts_for_its_time(workdir: Path, tmp_path: Path, wrapped: bool) -> None:
    """The process asks for it itself, within what it was given before it opened the file."""
    filler = "".join(f"<!-- {random.Random(1).randbytes(2**19).hex()} -->" for _ in range(12))
    plain = write(tmp_path / "plan.gml", xplangml(plan()) + filler)
    packed = tmp_path / "plan.gml.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes(), 1))
    assert packed.stat().st_size < 8 * 2**20
    body = """
import resource
from plans_ingest.child import read as honest
honest(request)
say(resource.getrlimit(resource.RLIMIT_CPU))
"""
    assert probe(body, plain, workdir, wrapped=wrapped) == "(80, 85)"
    shutil.rmtree(workdir)
    workdir.mkdir()
    assert probe(body, packed, workdir, wrapped=wrapped) == "(80, 905)"


def test_the_walls_are_described() -> None:
    assert "Ressourcengrenzen" in sandbox.describe()


def processes_that_say(word: str, but: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in {but, os.getpid()}:
            try:
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def assert_no_process_says(word: str) -> None:
    deadline = time.monotonic() + 120
    while left := processes_that_say(word, but=0):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.05)
