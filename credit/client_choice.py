"""Choosing a client in a form: typed or picked from the list, never one outside the reader's portfolio."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount, User
from accounts.queries import global_search, matching

SEPARATOR = " · "
_OFFERED = 8


def shown_as(account: CustomerAccount) -> str:
    """A client as the box shows it once chosen."""
    return f"{account.name}{SEPARATOR}{account.code}"


def options_for(user: User, company: Company | None, text: str) -> list[dict[str, str]]:
    """Answers of the box for what was typed, as ``components/options.html`` takes them."""
    return [
        {"value": shown_as(account), "label": account.name, "sub": f"{account.code}{SEPARATOR}{account.city}"}
        for account in global_search(user, company, text, limit=_OFFERED)
    ]


class ClientField(forms.CharField):
    """A client by code, by ``name · code``, or by words that fit one client only.

    The form gives the reader's scope through ``scope`` before it is cleaned.
    """

    scope: tuple[User, Company | None] | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=300, **kwargs)

    def clean(self, value: Any) -> CustomerAccount | None:
        """Return the client meant, None when nothing was typed."""
        text = str(super().clean(value))
        if not text or self.scope is None:
            return None
        user, company = self.scope
        visible = CustomerAccount.objects.visible_to(user, company).select_related("company", "entity__group")
        for code in (text, text.rpartition(SEPARATOR.strip())[2].strip()):
            exact = visible.filter(code__iexact=code).order_by("company__code").first() if code else None
            if exact is not None:
                return exact
        found = list(matching(visible, text)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise ValidationError(_("Several clients fit: choose one of the list."), code="ambiguous")
        raise ValidationError(_("You have no client of this name or code."), code="unknown")
