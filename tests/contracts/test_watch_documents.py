"""Alert rules and dashboard ask for figures that exist, and each alert says what to do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from geoportal.settings import CHECKOUT

OPERATIONS = CHECKOUT / "docs" / "operations"
DEFINED = set(
    re.findall(
        r'"(geoportal_[a-z_]+)"',
        "".join(
            (CHECKOUT / "geoportal" / name).read_text("utf-8") for name in ("metrics.py", "watch.py", "proxy_log.py")
        ),
    )
)


def asked(expression: str) -> set[str]:
    return {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in re.findall(r"geoportal_[a-z_]+", expression)}


def expressions(file: Path) -> list[str]:
    text = file.read_text("utf-8")
    if file.suffix == ".json":
        return [target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in yaml.safe_load(text)["groups"][0]["rules"]]


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_only_figures_that_exist_are_asked_for(name: str) -> None:
    found = set().union(*map(asked, expressions(OPERATIONS / name)))
    assert found
    assert found <= DEFINED


def test_every_alert_says_what_to_do() -> None:
    rules: list[dict[str, Any]] = yaml.safe_load((OPERATIONS / "alerts.yml").read_text("utf-8"))["groups"][0]["rules"]
    for rule in rules:
        assert rule["annotations"]["todo"], rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
