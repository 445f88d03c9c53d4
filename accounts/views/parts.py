"""The parts of the client page: each is drawn by the application that owns its documents (``CLIENT_PANELS``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe

from accounts.models import CustomerAccount


@dataclass(frozen=True)
class Panel:
    """What a part shows: a template and its variables."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


Provider = Callable[[HttpRequest, CustomerAccount], Panel | None]


@cache
def _provider(name: str) -> Provider:
    return import_string(settings.CLIENT_PANELS[name])


def names() -> Iterable[str]:
    """The parts this installation has."""
    return settings.CLIENT_PANELS.keys()


def draw(name: str, request: HttpRequest, account: CustomerAccount) -> SafeString:
    """One part of a client's page; empty when it has nothing to say.

    :raises KeyError: there is no part of this name
    """
    panel = _provider(name)(request, account)
    if panel is None:
        return SafeString("")
    context = {"account": account, **panel.context}
    return mark_safe(render_to_string(panel.template, context, request=request))
