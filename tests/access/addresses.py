"""Every address of the portal, read from the URL conf: what the table of ``expected.py`` must cover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def addresses() -> list[str]:
    """Every address as the table writes it: ``orders/<number>/release/``, in the order of the URL conf."""
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield readable(route)


def readable(route: str) -> str:
    """A route without its regular expressions and converters."""
    return re.sub(r"<\w+:", "<", simplify_regex(route)).lstrip("/")
