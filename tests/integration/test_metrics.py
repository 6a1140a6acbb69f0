"""What processes count about themselves is added up while they live, and no longer."""

import subprocess
import sys
from pathlib import Path

from geoportal.metrics import LivingProcesses
from tests.waiting import wait_until

COUNTS = """
import os, sys
from pathlib import Path
from geoportal import metrics
metrics.begin(Path(sys.argv[1]), "web", os.environ)
metrics.REFUSED.labels("host").inc()
print("counted", flush=True)
sys.stdin.read()
"""


def told(run: Path, name: str) -> list[float]:
    return [
        sample.value
        for metric in LivingProcesses(run).collect()
        for sample in metric.samples
        if sample.name == name and sample.labels.get("role", "web") == "web"
    ]


def test_who_lives_is_told_by_a_lock_and_not_by_a_number_that_others_may_have(tmp_path: Path) -> None:
    """Two that have the same number, each for itself: as in two containers."""
    ours = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", sys.executable, "-c", COUNTS]
    begun = [
        subprocess.Popen([*ours, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
    assert told(tmp_path, "geoportal_processes") == [2]
    assert told(tmp_path, "geoportal_refused_total") == [2]
    begun[0].kill()
    begun[0].communicate()
    wait_until(lambda: told(tmp_path, "geoportal_processes") == [1])  # its child dies with it, a moment later
    assert told(tmp_path, "geoportal_refused_total") == [1]
    begun[1].communicate()
    assert told(tmp_path, "geoportal_processes") == [0]
    assert list((tmp_path / "metrics").iterdir()) == []
