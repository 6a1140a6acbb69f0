"""Pages of ours as PDF, for who asked for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flask import Response, current_app

from geoportal.paper import Sheets
from geoportal.web.portal import portal

PDF: Final = "application/pdf"


def pdf(page: str, style: str, name: str, pictures: Mapping[str, bytes] | None = None) -> Response:
    """The page with a style sheet of ours; `name` is that of the file, without a path.

    Raises PaperBusy, PaperFailed.
    """
    own = portal()
    sheet = Path(current_app.static_folder or "", "css", style).read_text("utf-8")
    content = own.press.pdf(Sheets(page, sheet, own.settings.public_url, pictures or {}))
    response = Response(content, mimetype=PDF)
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response
