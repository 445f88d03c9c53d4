"""The engine behind ``o2c.shared.pdf``: kept apart, since importing it takes time and memory few processes need."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from weasyprint import HTML
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

# Every address of a document starts so: no file of the machine and no other host can be named.
BASE: Final = "https://static.invalid/"


class ForbiddenAddress(FatalURLFetchingError):
    """A document names something that is none of our static files: no PDF is made."""


class StaticFilesOnly(URLFetcher):
    """Gives fonts, stylesheets and pictures out of our static files, and refuses every other address."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Read one static file.

        :raises ForbiddenAddress: any other address
        """
        name = url.removeprefix(BASE).partition("?")[0]
        # The finders refuse what leads out of their folders.
        found = finders.find(name) if url.startswith(BASE) and ".." not in name.split("/") else None
        if not isinstance(found, str):
            raise ForbiddenAddress(f"Not one of our static files: {url}")
        kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
        return URLFetcherResponse(url, Path(found).read_bytes(), {"Content-Type": kind})


def draw(page: str) -> bytes:
    """A page as a PDF file with PDF/UA tags, so that it can be read aloud."""
    drawn: bytes = HTML(string=page, base_url=BASE, url_fetcher=StaticFilesOnly()).write_pdf(
        pdf_tags=True, pdf_variant="pdf/ua-1"
    )
    return drawn
