"""The process that lays out one page: `python -m geoportal.paper.child`, asked through its standard input.

WeasyPrint fetches nothing: no address is resolved, neither of this server nor of others.
"""

import os
import resource
import sys
from collections.abc import Mapping
from typing import Any, Final

from geoportal.painting.wire import Document, receive, send

MOST_MEMORY: Final = 2 * 1024**3  # bytes of address space
MOST_SECONDS: Final = 40  # of CPU; whoever waits gives up earlier
_PICTURE: Final = "picture:"


class _NothingIsFetched(ValueError):
    """A page for paper named a file or an address; it must bring all that it shows."""


def laid_out(asked: Document, pictures: Mapping[str, bytes]) -> bytes:
    # here and not above: what is imported before the limits stand is not held by them
    from weasyprint import CSS, HTML
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Brought(URLFetcher):  # type: ignore[misc] # weasyprint has no types
        def fetch(self, url: str, _headers: Any = None) -> URLFetcherResponse:
            if (name := url.removeprefix(_PICTURE)) != url and name in pictures:
                return URLFetcherResponse(url, pictures[name], {"Content-Type": "image/png"})
            raise _NothingIsFetched(url)

    fetcher = Brought(fail_on_errors=True)
    document = HTML(string=asked["page"], base_url=asked["base_url"], url_fetcher=fetcher)
    styles = [CSS(string=asked["style"], url_fetcher=fetcher)]
    content: bytes = document.write_pdf(stylesheets=styles, pdf_variant="pdf/ua-1", full_fonts=False)
    return content


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    asked, given = receive(sys.stdin.buffer)
    # libraries may say something on standard output: the PDF goes another way
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    send(answers, {}, [laid_out(asked, dict(zip(asked["pictures"], given, strict=True)))])


if __name__ == "__main__":
    main()
