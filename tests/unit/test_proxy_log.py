"""What the proxy's cache spares us is counted from its log, line by line, through its rotations."""

from pathlib import Path

import pytest

from geoportal.proxy_log import ProxyLog


def line(cache: str) -> str:
    path = r"/suche\u0022cache\u0022:\u0022HIT\u0022"
    return f'{{"time":"2026-11-26T10:00:00+00:00","path":"{path}","status":200,"cache":"{cache}"}}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "geoportal.log"


def counted(log: ProxyLog) -> dict[str, float]:
    [family] = log.collect()
    return {sample.labels["cache"]: sample.value for sample in family.samples}


def write(file: Path, text: str) -> None:
    with file.open("a") as opened:
        opened.write(text)


def test_each_line_is_counted_once_and_those_from_before_not_at_all(file: Path) -> None:
    write(file, line("HIT"))
    log = ProxyLog(file)
    assert counted(log) == {}
    write(file, line("HIT") + line("MISS") + line("") + line("HIT"))
    assert counted(log) == {"hit": 2, "miss": 1, "none": 1}
    assert counted(log) == {"hit": 2, "miss": 1, "none": 1}


def test_a_line_that_is_being_written_waits_for_its_end(file: Path) -> None:
    log = ProxyLog(file)
    whole = line("STALE")
    write(file, whole[:-20])
    assert counted(log) == {}
    write(file, whole[-20:] + line("HIT"))
    assert counted(log) == {"stale": 1, "hit": 1}


def test_a_rotation_loses_nothing_that_comes_after_it(file: Path) -> None:
    log = ProxyLog(file)
    write(file, line("HIT"))
    counted(log)
    file.rename(file.with_suffix(".1"))
    assert counted(log) == {"hit": 1}, "nginx has not yet opened the new one"
    write(file, line("MISS"))
    assert counted(log) == {"hit": 1, "miss": 1}


def test_a_log_that_is_cut_is_read_from_its_new_beginning(file: Path) -> None:
    log = ProxyLog(file)
    write(file, line("HIT") * 5)
    counted(log)
    file.write_text(line("MISS"))
    assert counted(log) == {"hit": 5, "miss": 1}
