"""Pages for what invoices say of the company and of a client."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.forms import modelform_factory
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Company, CustomerAccount
from accounts.queries import find_account
from invoicing.models import BuyerDetails, SellerDetails
from invoicing.services import details as services
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated

_COMPANY: Final = modelform_factory(Company, fields=services.COMPANY_FIELDS)
_SELLER: Final = modelform_factory(SellerDetails, fields=services.SELLER_FIELDS)
_BUYER: Final = modelform_factory(BuyerDetails, fields=services.BUYER_FIELDS)
Groups = tuple[tuple[Any, tuple[str, ...]], ...]
SELLER_GROUPS: Final[Groups] = (
    (
        gettext_lazy("Identity"),
        ("name", "legal_form", "share_capital", "register_town", "siret", "vat_number"),
    ),
    (gettext_lazy("Address"), ("address_line1", "postcode", "city", "phone", "email")),
    (gettext_lazy("Bank"), ("iban", "bic", "bank_name")),
    (gettext_lazy("Terms on invoices"), ("penalty_rate", "discount_terms", "operation_category")),
    (
        gettext_lazy("VAT and sending"),
        (
            "vat_on_debits",
            "vat_franchise",
            "electronic_address",
            "mails_documents",
            "hands_over_documents",
            "sends_statements",
        ),
    ),
)
BUYER_GROUPS: Final[Groups] = (
    (gettext_lazy("On the invoice"), ("reference", "vat_treatment", "exemption_text")),
    (gettext_lazy("Sending"), ("electronic_address", "electronic_scheme", "mails_documents", "statements")),
    (
        gettext_lazy("Invoiced to, if elsewhere"),
        (
            "billing_name", "billing_line1", "billing_line2", "billing_postcode", "billing_city",
            "billing_country",
        ),
    ),
    (
        gettext_lazy("Delivered to, if elsewhere"),
        (
            "delivery_name", "delivery_line1", "delivery_line2", "delivery_postcode", "delivery_city",
            "delivery_country",
        ),
    ),
)  # fmt: skip


class SellerPage(PermissionMixin, View):
    """The company's own details; who may not change them reads them."""

    permission = "invoicing.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw them."""
        return self._draw(request, _form(_COMPANY, _SELLER, initial=services.seller_values(request.company)))

    def post(self, request: Any) -> HttpResponse:
        """Change them, or say what is wrong."""
        form = _form(_COMPANY, _SELLER, data=request.POST)
        if form.is_valid():
            try:
                with translated():
                    services.change_seller(
                        company=request.company, values=form.cleaned_data, by=request.user, at=timezone.now()
                    )
            except Refusal as refusal:
                _put_on(form, refusal)
            else:
                messages.success(request, _("Documents issued from now on say so."))
                return redirect("invoicing:seller")
        return self._draw(request, form, status=422)

    def _draw(self, request: Any, form: forms.Form, status: int = 200) -> HttpResponse:
        company = request.company
        context = {
            "menu": "seller",
            "title": _("Our details on documents"),
            "subtitle": " · ".join(part for part in (company.name, company.siren) if part),
            "groups": _groups(form, SELLER_GROUPS),
            "form": form,
            "may_change": request.user.may(services.SELLER_RIGHT, company),
            "who": _("The finance director and the chief executive set these."),
            "events": _events("accounts.company", company.pk, "company.details_changed"),
        }
        return render(request, "invoicing/details.html", context, status=status)


class BuyerPage(PermissionMixin, View):
    """What a client's documents say of it."""

    permission = "invoicing.view"

    def get(self, request: Any, code: str) -> HttpResponse:
        """Draw it."""
        account = self._account(request, code)
        return self._draw(request, account, _form(_BUYER, initial=services.buyer_values(account)))

    def post(self, request: Any, code: str) -> HttpResponse:
        """Change it, or say what is wrong."""
        account, form = self._account(request, code), _form(_BUYER, data=request.POST)
        if form.is_valid():
            try:
                with translated():
                    services.change_buyer(
                        account_id=account.pk, values=form.cleaned_data, by=request.user, at=timezone.now()
                    )
            except Refusal as refusal:
                _put_on(form, refusal)
            else:
                messages.success(request, _("Documents issued from now on say so."))
                return redirect("invoicing:buyer", code=account.code)
        return self._draw(request, account, form, status=422)

    @staticmethod
    def _account(request: Any, code: str) -> CustomerAccount:
        with translated():
            return find_account(request.user, request.company, code)

    def _draw(
        self, request: Any, account: CustomerAccount, form: forms.Form, status: int = 200
    ) -> HttpResponse:
        context = {
            "menu": "clients",
            "title": _("Details on invoices"),
            "subtitle": f"{account.name} · {account.code}",
            "account": account,
            "back": reverse("accounts:detail", args=[account.code]),
            "groups": _groups(form, BUYER_GROUPS),
            "form": form,
            "may_change": request.user.may(services.BUYER_RIGHT, account.company_id),
            "who": _("Sales administration and credit management change these."),
            "events": _events("accounts.customeraccount", account.pk, "account.invoice_details_changed"),
        }
        return render(request, "invoicing/details.html", context, status=status)


def _form(*sources: Any, data: Any = None, initial: Any = None) -> forms.Form:
    """The fields of models as one form; the act judges what they say together."""
    form = forms.Form(data, initial=initial)
    for source in sources:
        form.fields |= source().fields
    return form


def _groups(form: forms.Form, groups: Groups) -> list[tuple[Any, list[forms.BoundField]]]:
    return [(title, [form[name] for name in names]) for title, names in groups]


def _put_on(form: forms.Form, refusal: Refusal) -> None:
    for name, texts in refusal.errors.items():
        form.add_error(name if name in form.fields else None, [str(text) for text in texts])
    if not refusal.errors:
        form.add_error(None, str(refusal))


def _events(object_type: str, key: int, action: str) -> list[AuditEvent]:
    """Who changed it last."""
    rows = AuditEvent.objects.filter(object_type=object_type, object_id=key, action=action)
    return list(rows.order_by("-at", "-pk")[:5])
