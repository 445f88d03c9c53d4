"""What the pages of collections stand on: a form with one act."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from invoicing.views.base import translated
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin


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
