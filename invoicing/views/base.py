"""What every page of invoicing stands on: who may open it, what a refusal says, where to go back to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from o2c.shared.problems import NotAllowed, NotFound, Refusal

View = Callable[..., HttpResponseBase]


@contextmanager
def translated() -> Iterator[None]:
    """Turn "there is none" and "you may not" of the domain into the pages that say so."""
    try:
        yield
    except NotFound as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal


def needs(permission: str) -> Callable[[View], View]:
    """Ask for a signed-in user who may do this in the company at work, or in any when there is none."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.may(permission, request.company):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def said(refusal: Refusal) -> list[str]:
    """Return the sentences a refusal carries beside its own: per field, and per finding of a check."""
    of_fields = [str(text) for texts in refusal.errors.values() for text in texts]
    findings = [str(getattr(finding, "message", "")) for finding in refusal.findings]
    return [text for text in (*of_fields, *findings) if text]


def is_ours(request: HttpRequest, target: str) -> bool:
    return bool(target) and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
