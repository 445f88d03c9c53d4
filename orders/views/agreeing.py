"""Agreeing with the client what makes a held order possible: what was simulated, said back before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.policy import describe_term
from credit.alternatives.measures import measures_of
from credit.alternatives.outlook import Outlook
from credit.alternatives.projection import (
    Deposit,
    EarlyPayment,
    Measure,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from o2c.shared import formats
from o2c.shared.money import ZERO
from o2c.shared.problems import NotAllowed, Refusal

from .. import services
from ..alternatives_form import AlternativesForm
from ..models import Order
from ..queries import open_case
from ..tables import order_url
from .base import OrderView, back_to, in_words, put_on_form, refused


class AgreedWithForm(forms.Form):
    """Who said yes on the client's side."""

    agreed_with = forms.CharField(
        label=gettext_lazy("Agreed with (name, how)"),
        max_length=200,
        widget=forms.TextInput(
            attrs={"placeholder": gettext_lazy("For example: Mrs Blanc, by mail of today")}
        ),
    )


class Agree(OrderView):
    """What a choice of measures will make, and the act."""

    permission = "orders.request_override"

    def get(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Say back what was chosen."""
        return self._ask(self.find(number), request.GET, AgreedWithForm())

    def post(self, request: HttpRequest, number: str) -> HttpResponseBase:
        """Agree, or ask again with what was typed."""
        order, asked = self.find(number), AgreedWithForm(request.POST)
        chosen = self._chosen(order, request.POST)
        if chosen is None:
            return self._lost(order)
        if not asked.is_valid():
            return self._ask(order, request.POST, asked, status=422)
        try:
            services.accept_alternatives(
                order_id=order.pk,
                measures=chosen[1],
                agreed_with=asked.cleaned_data["agreed_with"],
                by=self.reader,
                at=timezone.now(),
            )
        except NotAllowed as refusal:
            return refused(request, refusal, order)
        except Refusal as refusal:
            put_on_form(asked, refusal)
            return self._ask(order, request.POST, asked, status=refusal.status)
        text = _("Agreed: %(number)s goes by itself as soon as it fits.") % {"number": order.number}
        return back_to(order, request, text)

    def _chosen(self, order: Order, data: Any) -> tuple[Outlook, list[dict[str, Any]]] | None:
        """The measures that are switched on; None when there are none, or they cannot be read."""
        if open_case(order) is None:
            return None
        _result, outlook = services.look_ahead_of(order, by=self.reader, at=timezone.now())
        form = AlternativesForm(data, outlook=outlook, offers=outlook.proposals())
        if not form.is_valid():
            return None
        written = form.measures()
        return (outlook, written) if written else None

    def _ask(self, order: Order, data: Any, asked: AgreedWithForm, *, status: int = 200) -> HttpResponseBase:
        chosen = self._chosen(order, data)
        if chosen is None:
            return self._lost(order)
        outlook, written = chosen
        try:
            measures = measures_of(written, outlook)
        except Refusal as refusal:
            return back_to(order, self.request, in_words(refusal), good=False)
        kept = [(name, value) for name, values in data.lists() if name not in _OWN for value in values]
        context = {
            "title": _("Agree with the client"),
            "menu": "holds",
            "order": order,
            "back_url": order_url(order),
            "rows": _in_words(measures, outlook),
            "simulation": outlook.simulate(measures),
            "kept": kept,
            "form": asked,
        }
        return render(self.request, "orders/agree.html", context, status=status)

    def _lost(self, order: Order) -> HttpResponse:
        if open_case(order) is None:
            return redirect(order_url(order))
        return back_to(
            order, self.request, _("Switch at least one measure on, with its figures."), good=False
        )


_OWN = frozenset({"csrfmiddlewaretoken", "agreed_with", "part"})


def _in_words(measures: Sequence[Measure], outlook: Outlook) -> list[tuple[str, str, str]]:
    """Icon, measure and what will be made of it."""
    return [_row(measure, outlook) for measure in measures]


def _row(measure: Measure, outlook: Outlook) -> tuple[str, str, str]:
    spoken, currency = get_language() or "fr", outlook.currency
    match measure:
        case Deposit(amount, day):
            text = _(
                "%(amount)s is asked for as a deposit, due %(day)s; the order goes once it fits with the money."
            )
            values = {"amount": formats.money(amount, spoken, currency), "day": formats.date_short(day)}
            return "coins", _("Deposit on the order"), text % values
        case EarlyPayment(refs, day):
            found = [debt for debt in outlook.debts if debt.ref in refs]
            text = ngettext(
                "%(amount)s is noted as promised for %(day)s: %(documents)s.",
                "%(amount)s are noted as promised for %(day)s: %(documents)s.",
                len(found),
            )
            values = {
                "amount": formats.money(sum((debt.amount for debt in found), ZERO), spoken, currency),
                "day": formats.date_short(day),
                "documents": ", ".join(debt.document for debt in found),
            }
            return "calendar-check", _("Early payment"), text % values
        case ShorterTerm(day):
            code = next((code for code, paid in outlook.shorter_terms() if paid <= day), "")
            text = _("The term of this order becomes %(term)s; the client must have accepted it in writing.")
            return "calendar", _("Shorter term"), text % {"term": describe_term(code, spoken)}
        case OverdueSchedule(refs, instalments):
            text = ngettext(
                "%(amount)s of %(documents)s becomes a payment plan in one instalment, on %(day)s: to be signed by the"
                " client; the order waits for it.",
                "%(amount)s of %(documents)s become a payment plan in %(count)s instalments from %(day)s on: to be"
                " signed by the client; the order waits for the first.",
                len(instalments),
            )
            values = {
                "amount": formats.money(sum((part.amount for part in instalments), ZERO), spoken, currency),
                "documents": ", ".join(debt.document for debt in outlook.debts if debt.ref in refs),
                "count": str(len(instalments)),
                "day": formats.date_short(instalments[0].day),
            }
            return "calendar-dollar", _("Payment plan"), text % values
        case TemporaryRaise(amount, until):
            text = _("A raise of %(amount)s until %(day)s is requested; who may decide it is told.")
            values = {"amount": formats.money(amount, spoken, currency), "day": formats.date_short(until)}
            return "trending-up", _("Temporary raise"), text % values
