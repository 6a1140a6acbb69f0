"""A delivery that waits at the desk of the demo: a newcomer sees a report with findings, and something to publish."""

import io
import re
import zipfile
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from geoportal import operations, workflow
from geoportal.accounts import people
from geoportal.accounts.roles import Membership, Principal, Role
from geoportal.archive import archive_of
from geoportal.settings import Settings

_AGS: Final = "06534008"
_FROM: Final = "planung@muster.example"
_SAMPLE: Final = "06534008_ebsdorfergrund_bp10.zip"
_LATER: Final = re.compile(rb"<xplan:inkrafttretensDatum>[^<]*</xplan:inkrafttretensDatum>")


def leave(engine: Engine, settings: Settings) -> int | None:
    """A sample plan once more, which lacks the day it came into force; read, and asked to be published. Only where
    nothing was delivered yet; returns its number.
    """
    sample = settings.home / "data/sample/plaene" / _SAMPLE
    with engine.connect() as connection:
        is_used = connection.scalar(text("SELECT EXISTS (SELECT FROM plans.upload)"))
    planner = next((each for each in people.everybody(engine) if each.email == _FROM), None)
    if is_used or planner is None or not sample.is_file():
        return None
    who = Principal(planner.id, planner.name, planner.email, (Membership(_AGS, Role.PLANNER),), "-")
    archive, data = archive_of(settings), _incomplete(sample)
    number = workflow.deliver(engine, archive, who, _AGS, "bp10-neu.zip", io.BytesIO(data), len(data))
    operations.process(engine, archive, number)
    workflow.submit(engine, who, number)
    return number


def _incomplete(sample: Path) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(sample) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            content = source.read(item)
            target.writestr(item.filename, _LATER.sub(b"", content) if item.filename.endswith(".gml") else content)
    return changed.getvalue()
