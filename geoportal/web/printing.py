"""Pages on paper: HTML of ours to a tagged PDF (PDF/UA-1, ISO 14289-1) that a screen reader can read.

WeasyPrint lays out what we hand it and fetches nothing: no address is resolved, neither of this server nor of others.
"""

from typing import Any, Final

from flask import Response

PDF: Final = "application/pdf"


class _NothingIsFetched(ValueError):
    """A page for paper named a file or an address; it must hold all that it shows."""


def pdf(page: str, style: str, base_url: str, name: str) -> Response:
    """The page as a PDF; relative links lead to `base_url`. `name` is that of the file, without a path."""
    # here and not above: fonts and shaping take tens of megabytes that no other page needs
    from weasyprint import CSS, HTML

    document = HTML(string=page, base_url=base_url, url_fetcher=_refuse)
    content = document.write_pdf(
        stylesheets=[CSS(string=style, url_fetcher=_refuse)], pdf_variant="pdf/ua-1", full_fonts=False
    )
    response = Response(content, mimetype=PDF)
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _refuse(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise _NothingIsFetched(url)
