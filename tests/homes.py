"""A home folder as another operator has it: what the checkout has, and a portal.yml of one's own."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from geoportal.settings import Settings


def home_with(settings: Settings, folder: Path, **changes: Any) -> Settings:
    """The same portal with a home in `folder`, whose operator has written these keys of config/portal.yml otherwise."""
    home = folder / "home"
    (home / "config").mkdir(parents=True)
    for name in ("layers", "node_modules", "data", "geoportal"):
        (home / name).symlink_to(settings.home / name)
    shutil.copy(settings.home / "config" / "pygeoapi.yml", home / "config")
    written = yaml.safe_load((settings.home / "config" / "portal.yml").read_text("utf-8")) | changes
    (home / "config" / "portal.yml").write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    return replace(settings, home=home)
