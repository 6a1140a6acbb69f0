"""The operator's file, and how its mistakes are told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from geoportal.settings import CHECKOUT
from geoportal.web.errors import PortalSetupError
from geoportal.web.portal_config import Basemap, PortalConfig

SHIPPED = CHECKOUT / "config" / "portal.yml"


def changed(folder: Path, **changes: Any) -> Path:
    file = folder / "portal.yml"
    file.write_text(yaml.safe_dump(yaml.safe_load(SHIPPED.read_text("utf-8")) | changes, allow_unicode=True), "utf-8")
    return file


def test_the_file_that_we_ship_names_no_other_host() -> None:
    config = PortalConfig.load(SHIPPED)
    assert config.basemaps == ()
    assert config.area.name == "Landkreis Marburg-Biedenkopf"


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(PortalSetupError, match=r"portal\.yml, Zeile \d+: tracking: unbekannter Schlüssel"):
        PortalConfig.load(changed(tmp_path, tracking="yes"))


def test_a_mistyped_key_is_told_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8").replace("  street: Im", "  stret: Im")
    (tmp_path / "portal.yml").write_text(text, "utf-8")
    line = text[: text.index("  stret:")].count("\n") + 1
    with pytest.raises(PortalSetupError, match=rf"Zeile {line}: contact\.stret: .*meant: street"):
        PortalConfig.load(tmp_path / "portal.yml")


def test_a_link_cannot_be_a_script(tmp_path: Path) -> None:
    page = {"title": "x", "sections": [{"heading": "x", "links": [{"text": "x", "url": "javascript:alert(1)"}]}]}
    with pytest.raises(PortalSetupError, match=r"imprint\.sections\.0\.links\.0\.url"):
        PortalConfig.load(changed(tmp_path, imprint=page))


def test_an_empty_opening_view_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortalSetupError, match="opening_view"):
        PortalConfig.load(changed(tmp_path, opening_view={"west": 9, "south": 50, "east": 8, "north": 51}))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortalSetupError, match="nicht lesbar"):
        PortalConfig.load(tmp_path / "portal.yml")


def test_text_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "portal.yml").write_text("area: [", "utf-8")
    with pytest.raises(PortalSetupError, match="Zeile 1: kein gültiges YAML"):
        PortalConfig.load(tmp_path / "portal.yml")


def test_the_origin_of_a_basemap_is_what_the_policy_has_to_allow() -> None:
    basemap = Basemap(
        id="grau", title="Grau", kind="xyz", url="https://{s}.tiles.example.org/a/{z}/{y}/{x}.png", attribution="©"
    )
    assert basemap.origin == "https://*.tiles.example.org"
