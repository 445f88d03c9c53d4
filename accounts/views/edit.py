"""Opening a client and changing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View

from accounts import policy, services
from accounts.forms import CHECKED, AccountForm, ContactFormSet
from accounts.identifiers import check_siren, check_siret, check_vat
from accounts.models import Company, CustomerAccount
from accounts.services import Effect, SavedAccount
from accounts.services.checking import OVERRIDE_LEVEL
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .answers import client_or_404, company_of, explain, now, signed_in

_COPIED = (
    "name", "siret", "vat_number", "country", "address_line1", "address_line2", "postcode", "city", "currency",
    "term", "payment_method", "risk_class", "language", "version",
)  # fmt: skip


class _Entry(PermissionMixin, View):
    """What opening and changing share."""

    permission = "accounts.edit"

    def forms(
        self, request: HttpRequest, company: Company, account: CustomerAccount | None
    ) -> tuple[AccountForm, Any]:
        """The form and the rows of contacts, filled from what was posted or from the client."""
        user = signed_in(request)
        may_override = (
            user.may("credit.decide_limit", company) and user.authority_in(company) >= OVERRIDE_LEVEL
        )
        initial = _initial(account) if account else {"currency": company.currency}
        people = list(account.contacts.values("name", "role", "email", "phone")) if account else []
        data = request.POST if request.method == "POST" else None
        form = AccountForm(data, initial=initial, company=company, account=account, may_override=may_override)
        return form, ContactFormSet(data, initial=people, prefix="contacts")

    def answer(
        self, request: HttpRequest, form: AccountForm, contacts: Any, account: CustomerAccount | None
    ) -> HttpResponse:
        """Draw the form; 422 when something in it is wrong."""
        wrong = form.is_bound and (bool(form.errors) or not contacts.is_valid())
        context = {
            "form": form,
            "contacts": contacts,
            "account": account,
            "menu": "accounts",
            "title": _("Change %(name)s") % {"name": account.name} if account else _("New client"),
            "term_words": _words(form["term"].value() or ""),
        }
        return render(request, "accounts/form.html", context, status=422 if wrong else 200)


class NewClient(_Entry):
    """Open a client in the company at work."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the empty form."""
        company = company_of(request)
        assert company is not None
        form, contacts = self.forms(request, company, None)
        return self.answer(request, form, contacts, None)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Open the client, or say what is wrong with what was entered."""
        company = company_of(request)
        assert company is not None
        form, contacts = self.forms(request, company, None)
        if form.is_valid() and contacts.is_valid():
            try:
                saved = services.open_account(
                    company=company,
                    code=form.cleaned_data["code"],
                    by=signed_in(request),
                    at=now(),
                    term_override_reason=form.cleaned_data.get("term_override_reason", ""),
                    **{**form.account_fields(), "contacts": contacts.entered()},
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                return _done(request, saved)
        return self.answer(request, form, contacts, None)


class EditClient(_Entry):
    """Change a client. The address is credit's: a client that changes its legal entity moves exposure.

    :ivar change: the act, with the parameters of ``accounts.services.change_account``
    """

    change: ClassVar[Callable[..., SavedAccount]] = staticmethod(services.change_account)

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form as the client stands."""
        account = client_or_404(request, code)
        form, contacts = self.forms(request, account.company, account)
        return self.answer(request, form, contacts, account)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Store the changes, or say what is wrong with them."""
        account = client_or_404(request, code)
        form, contacts = self.forms(request, account.company, account)
        if form.is_valid() and contacts.is_valid():
            try:
                saved = self.change(
                    account_id=account.pk,
                    by=signed_in(request),
                    at=now(),
                    version=form.cleaned_data["version"],
                    term_override_reason=form.cleaned_data.get("term_override_reason", ""),
                    **{**form.account_fields(), "contacts": contacts.entered()},
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                return _done(request, saved)
        return self.answer(request, form, contacts, account)


class CheckField(PermissionMixin, View):
    """What is wrong with one field, asked on leaving it: the words of a term, a wrong digit of a SIREN."""

    permission = "accounts.edit"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with a line for under the field; empty when there is nothing to say."""
        name = next((field for field in CHECKED if request.GET.get(field)), None)
        context: dict[str, str] = {}
        if name is not None:
            context = _note(name, request.GET[name], request.GET.get("country") or "FR")
        return render(request, "accounts/_note.html", context)


def _note(name: str, text: str, country: str) -> dict[str, str]:
    if name == "term":
        try:
            return {"words": policy.describe_term(text, get_language() or "fr")}
        except policy.UnknownTerm as error:
            return {"problem": str(error)}
    found = {
        "siren": check_siren,
        "siret": check_siret,
        "vat_number": lambda value: check_vat(value, country=country),
    }[name](text)
    return {"problem": found.problem}


def _words(term: str) -> str:
    try:
        return policy.describe_term(term, get_language() or "fr")
    except policy.UnknownTerm:
        return ""


def _initial(account: CustomerAccount) -> dict[str, Any]:
    rep = account.team.filter(role="sales_rep", valid_to=None).select_related("user").first()
    return {name: getattr(account, name) for name in _COPIED} | {
        "siren": account.siren,
        "sales_rep": rep.user.username if rep else "",
        "group": account.entity.group.code if account.entity.group else "",
    }


def _done(request: HttpRequest, saved: SavedAccount) -> HttpResponse:
    texts = {
        Effect.CREATED: _("%(name)s is open."),
        Effect.UPDATED: _("Changes of %(name)s stored."),
        Effect.UNCHANGED: _("Nothing was changed."),
    }
    messages.success(request, texts[saved.effect] % {"name": saved.account.name})
    return redirect("accounts:detail", saved.account.code)
