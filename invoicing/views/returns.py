"""Pages on which a payment is recorded as returned by the bank, and such a return is undone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from invoicing import lists, pages, services
from invoicing.models import Payment
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.past import look
from o2c.shared.problems import Refusal
from o2c.shared.views import PermissionMixin

from .base import translated


class ReturnForm(forms.Form):
    """When the bank took it back, why, and what it charges for it."""

    returned_on = DateField(label=_("Returned on"), prefer="past")
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("As the bank says it: insufficient funds, account closed, objection…"),
    )
    fee = MoneyField(
        label=_("Bank fee"),
        required=False,
        min_value=Decimal(0),
        help_text=_("Charged to the client as an item of its own. Nothing when left empty."),
    )


class _OfPayment(PermissionMixin, View):
    """A form about one payment, then the act."""

    permission = "payments.record"
    undoing = False

    def get(self, request: Any, key: int) -> HttpResponse:
        """Draw the form, or go back where there is nothing to do."""
        found = self.payment(request, key)
        if self.is_returned(found) != self.undoing:
            return redirect("invoicing:payment", key=key)
        return self.answer(request, found, self.form())

    def post(self, request: Any, key: int) -> HttpResponse:
        """Do it, or say what is missing."""
        found, form = self.payment(request, key), self.form(request.POST)
        if form.is_valid():
            try:
                with translated():
                    self.act(request, found, form)
            except services.NotReturned as refusal:
                messages.error(request, str(refusal))
                return redirect("invoicing:payment", key=key)
            except Refusal as refusal:
                for field, said in refusal.errors.items():
                    form.add_error(field if field in form.fields else None, [str(text) for text in said])
                if not refusal.errors:
                    form.add_error(None, str(refusal))
            else:
                return redirect("invoicing:payment", key=key)
        return self.answer(request, found, form)

    def form(self, data: Any = None) -> forms.Form:
        """The form of this page."""
        raise NotImplementedError

    def act(self, request: Any, payment: Payment, form: forms.Form) -> None:
        """Do what the page is for."""
        raise NotImplementedError

    def payment(self, request: Any, key: int) -> Payment:
        """The payment, if it is the reader's to see."""
        with translated():
            return lists.find_payment(request.user, key)

    def is_returned(self, payment: Payment) -> bool:
        """Whether a return of it is in force."""
        return bool(getattr(payment, "is_returned", False))

    def answer(self, request: Any, payment: Payment, form: forms.Form) -> HttpResponse:
        """Draw the page."""
        page = pages.payment_page(payment, look(request), request.user)
        context = {
            "menu": "payments",
            "title": _("Undo the return") if self.undoing else _("Returned payment"),
            "payment": payment,
            "page": page,
            "in_force": [
                row for row in page.matches if row.may_undo and not row.undone and not row.is_undoing
            ],
            "undoing": self.undoing,
            "form": form,
        }
        return render(request, "invoicing/return.html", context, status=422 if form.errors else 200)


class ReturnPayment(_OfPayment):
    """Record that the bank took a payment back."""

    def form(self, data: Any = None) -> forms.Form:
        """Day, reason, fee."""
        return ReturnForm(data, initial={"returned_on": timezone.localdate()})

    def act(self, request: Any, payment: Payment, form: forms.Form) -> None:
        """Record it."""
        services.return_payment(
            payment_id=payment.pk, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, _("The return is recorded: what it had settled is owed again."))


class UndoReturn(_OfPayment):
    """Take a return back that was recorded by mistake."""

    undoing = True

    def form(self, data: Any = None) -> forms.Form:
        """Nothing to fill in."""
        return forms.Form(data)

    def act(self, request: Any, payment: Payment, form: forms.Form) -> None:
        """Undo it."""
        services.undo_return(payment_id=payment.pk, by=request.user, at=timezone.now())
        messages.success(request, _("The return is undone: the payment settles again what is still open."))
