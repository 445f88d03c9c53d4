"""What every page of invoicing stands on: who may open it, what a refusal says, where to go back to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from o2c.shared.problems import NotAllowed, NotFound, Refusal
from o2c.shared.views import PermissionMixin

Page = Callable[..., HttpResponseBase]


@contextmanager
def translated() -> Iterator[None]:
    """Turn "there is none" and "you may not" of the domain into the pages that say so."""
    try:
        yield
    except NotFound as refusal:
        raise Http404(str(refusal)) from refusal
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal


def needs(permission: str) -> Callable[[Page], Page]:
    """Ask for a signed-in user who may do this in the company at work, or in any when there is none."""

    def decorate(view: Page) -> Page:
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


class ActPage(PermissionMixin, View):
    """A page with one form and one act; a refusal is shown beside what was entered."""

    menu = ""
    template = ""

    def get(self, request: Any, **which: Any) -> HttpResponse:
        """Draw the form."""
        with translated():
            return self.answer(request, self.form(request, None, **which), **which)

    def post(self, request: Any, **which: Any) -> HttpResponse:
        """Do it, or say what is missing."""
        with translated():
            form = self.form(request, request.POST, **which)
            if form.is_valid():
                try:
                    return self.act(request, form, **which)
                except Refusal as refusal:
                    if refusal.status in {403, 404} and not refusal.required_role:
                        raise
                    for field, said in refusal.errors.items():
                        form.add_error(field if field in form.fields else None, [str(text) for text in said])
                    if not refusal.errors:
                        form.add_error(None, str(refusal))
            return self.answer(request, form, **which)

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The form of this page.

        :raises NotFound: what it is about is not the reader's to see
        """
        raise NotImplementedError

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Do what the page is for."""
        raise NotImplementedError

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """What the page shows beside the form."""
        raise NotImplementedError

    def answer(self, request: HttpRequest, form: forms.Form, **which: Any) -> HttpResponse:
        """Draw the page."""
        context = {"menu": self.menu, "form": form} | self.context(request, form, **which)
        return render(request, self.template, context, status=422 if form.errors else 200)
