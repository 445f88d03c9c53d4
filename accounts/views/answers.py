"""What pages of every application answer with: a client or 404, a refusal beside its field."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.http import Http404, HttpRequest
from django.utils import timezone

from accounts import queries
from accounts.models import Company, CustomerAccount, User
from o2c.shared.problems import NotFound, Refusal


def signed_in(request: HttpRequest) -> User:
    """The user of a request that has passed the sign-in."""
    assert isinstance(request.user, User)
    return request.user


def company_of(request: HttpRequest) -> Company | None:
    """The company at work."""
    return getattr(request, "company", None)


def now() -> datetime:
    """The moment an act of this request happens at."""
    return timezone.now()


def client_or_404(request: HttpRequest, code: str) -> CustomerAccount:
    """The client with this code in the company at work, else in any the reader sees.

    :raises Http404: there is none, or it is not the reader's to see
    """
    try:
        return queries.find_account(signed_in(request), company_of(request), code)
    except NotFound as refusal:
        raise Http404(str(refusal)) from refusal


def explain(form: forms.Form, refusal: Refusal) -> None:
    """Put a refusal of an act beside the fields it names, else above the form."""
    placed = False
    for name, messages in refusal.errors.items():
        field = name if name in form.fields else None
        form.add_error(field, [str(message) for message in messages])
        placed = True
    if not placed:
        form.add_error(None, str(refusal))
