"""`make cite` believes what a suite wrote and nothing else."""

import os
import subprocess
import sys
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from geoportal.settings import CHECKOUT

SCRIPT = CHECKOUT / "scripts" / "cite.py"


@pytest.fixture(scope="module")
def cite() -> ModuleType:
    spec = util.spec_from_file_location("cite", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules["cite"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def written(folder: Path, counts: str, methods: str = "") -> Path:
    place = folder / "testng" / "1"
    place.mkdir(parents=True)
    (place / "testng-results.xml").write_text(f"<testng-results {counts}><suite>{methods}</suite></testng-results>")
    return folder


def test_without_jars_it_ends_with_a_sentence(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert ended.returncode == 2
    assert "CITE_JARS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_newest_jar_of_each_suite_is_taken(cite: ModuleType, tmp_path: Path) -> None:
    for name in ("ets-ogcapi-features10-1.8-aio.jar", "ets-ogcapi-features10-1.9-aio.jar", "ets-wfs20-1.0-aio.jar"):
        (tmp_path / name).touch()
    assert cite.jars_in(tmp_path) == {"ogcapi-features10": tmp_path / "ets-ogcapi-features10-1.9-aio.jar"}


def test_a_failed_test_is_told_with_what_it_said(cite: ModuleType, tmp_path: Path) -> None:
    fault = (
        '<test-method status="FAIL" name="limit"><exception><message>  too\n many </message></exception></test-method>'
    )
    skipped = '<test-method status="FAIL" name="setUp" is-config="true"/>'
    verdict = cite.read_verdict(written(tmp_path, 'passed="5" failed="1" skipped="2"', fault + skipped))
    assert (verdict.passed, verdict.failed, verdict.skipped) == (5, 1, 2)
    assert verdict.faults == ("limit: too many",)
    assert not verdict.is_good


@pytest.mark.parametrize(
    ("counts", "good"),
    [('passed="5" failed="0" skipped="2"', True), ('passed="0" failed="0" skipped="7"', False)],
)
def test_nothing_failed_is_not_enough(cite: ModuleType, tmp_path: Path, counts: str, good: bool) -> None:
    assert cite.read_verdict(written(tmp_path, counts)).is_good is good


def test_no_verdict_is_no_good_one(cite: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(cite.NoVerdict):
        cite.read_verdict(tmp_path)
    with pytest.raises(cite.NoVerdict):
        cite.read_verdict(written(tmp_path, 'passed="5"'))


def test_what_no_java_can_run_is_told(cite: ModuleType, tmp_path: Path) -> None:
    jar = tmp_path / "ets-ogcapi-features10-1.9-aio.jar"
    jar.write_bytes(b"no jar")
    with pytest.raises(cite.NoVerdict, match="ogcapi-features10"):
        cite.run("ogcapi-features10", jar, "http://127.0.0.1:1/ogc", tmp_path)


def test_each_suite_is_told_what_it_asks_for(cite: ModuleType) -> None:
    told = {suite: cite._arguments(suite, "http://127.0.0.1:1/ogc") for suite in cite.SUITES}
    assert all(each["iut"].startswith("http://127.0.0.1:1/ogc") for each in told.values())
    processes = told["ogcapi-processes10"]
    assert (processes["iut"][-1], processes["echoprocessid"], processes["testallprocesses"]) == ("c", "echo", "on")
    assert {"urltemplatefortiles", "tilematrixsetdefinitionuri", "tilematrix", "mintilerow", "maxtilerow", "mintilecol",
            "maxtilecol"} <= told["ogcapi-tiles10"].keys()  # fmt: skip
