"""*Can I sell?*: a question in plain words whose answer stores nothing and reserves nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.enums import AccountStatus
from accounts.models import Company, CustomerAccount, User
from o2c.shared.badges import badge_for
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.menu import url_or_nothing
from o2c.shared.money import ZERO
from o2c.shared.views import PermissionMixin

from ..advice import ANSWER_HOURS, STOPS, Answer
from ..client_choice import ClientField, options_for, shown_as
from ..drawing import bar_of
from ..enums import Severity
from ..notes.queries import latest_worrying
from ..services import check
from ..written.queries import quotes_for


class QuestionForm(forms.Form):
    """Which client, how much, for when. Read from the address, so that an answer can be shared."""

    client = ClientField(label=gettext_lazy("Client"))
    amount = MoneyField(label=gettext_lazy("Amount incl. VAT"), min_value=Decimal("0.01"), unit="")
    delivery = DateField(label=gettext_lazy("Delivery"), required=False, prefer="future")

    def __init__(self, *args: Any, user: User, company: Company | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client = self.fields["client"]
        assert isinstance(client, ClientField)
        client.scope = (user, company)


class CanISell(PermissionMixin, View):
    """The page, and the answer alone for htmx."""

    permission = "accounts.view"
    request: Any

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer what the address asks."""
        user, company = self.request.user, self.request.company
        asked = any(request.GET.get(name) for name in QuestionForm.base_fields)
        form = QuestionForm(request.GET if asked else None, user=user, company=company)
        context = {"title": _("Can I sell?"), "menu": "can_i_sell", "form": form, "asked": asked}
        if asked:
            form.is_valid()
            # What is not asked yet is no mistake: without an amount the answer is the room there is.
            for name in ("client", "amount"):
                if not request.GET.get(name):
                    form.errors.pop(name, None)
            context |= self._answer(form) | {"form": _named(form)}
        htmx: Any = getattr(request, "htmx", False)
        fragment = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
        return render(request, "credit/_can_i_sell.html" if fragment else "credit/can_i_sell.html", context)

    def _answer(self, form: QuestionForm) -> dict[str, Any]:
        account: CustomerAccount | None = form.cleaned_data.get("client")
        amount: Decimal | None = form.cleaned_data.get("amount")
        delivery: date | None = form.cleaned_data.get("delivery")
        if account is None:
            unknown = "client" in form.errors
            return {
                "state": "unknown" if unknown else "incomplete",
                "open_url": url_or_nothing("accounts:new") if unknown else "",
            }
        result = check(
            account=account,
            amount=amount or ZERO,
            currency=account.currency,
            delivery_date=delivery,
            at=timezone.now(),
            by=self.request.user,
        )
        contract = result.as_contract()
        quotes = quotes_for(result)
        answer = Answer(contract)
        query = {"client": account.code, "amount": amount or "", "delivery": delivery or ""}
        shared = urlencode({name: value for name, value in query.items() if value})
        return {
            "account": account,
            "worry": latest_worrying(
                self.request.user, account.company, [account.pk], on=timezone.localdate()
            ),
            "amount": amount,
            "state": _state(answer, account, amount),
            "answer": answer,
            "findings": [
                {
                    **found,
                    "look": badge_for(found["code"]),
                    "held": found["severity"] == Severity.HOLD,
                    "quote": quotes.get(found["policy_article"]),
                    "amount": _amount_in(found["figures"]),
                }
                for found in contract["findings"]
            ],
            "bar": bar_of(
                result.view.as_contract(), order=amount and result.amount, detailed=False, feet=False
            ),
            "currency": result.view.currency,
            "limit": result.view.limit,
            "ways": answer.ways(limit_url=self._limit_url(account)),
            "words": answer.words(delivery=delivery) if amount else "",
            "hours": ANSWER_HOURS,
            "share_url": self.request.build_absolute_uri(f"{self.request.path}?{shared}"),
            "order_url": self._order_url(account, shared),
        }

    def _order_url(self, account: CustomerAccount, query: str) -> str:
        """The entry of this order, for those who may enter one."""
        if not self.request.user.may("orders.enter", account.company):
            return ""
        url = url_or_nothing("orders:new")
        return f"{url}?{query}" if url else ""

    def _limit_url(self, account: CustomerAccount) -> str:
        if not self.request.user.may("credit.request_limit", account.company):
            return ""
        url = url_or_nothing("credit:limit_request_new")
        return f"{url}?client={account.code}" if url else ""


class ClientOptions(PermissionMixin, View):
    """Clients that fit what is typed, for the boxes that choose one."""

    permission = "accounts.view"
    request: Any

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the list."""
        options = options_for(self.request.user, self.request.company, request.GET.get("q", ""))
        return render(request, "components/options.html", {"options": options, "list_id": "clients"})


def _named(form: QuestionForm) -> QuestionForm:
    """The form with its client by name, whichever way the address gave it."""
    account = form.cleaned_data.get("client")
    if account is not None:
        form.data = {**{name: form.data.get(name, "") for name in form.fields}, "client": shown_as(account)}
    return form


def _state(answer: Answer, account: CustomerAccount, amount: Decimal | None) -> str:
    """Yes, yes but, not yet, no; or how much there is room for when no amount was given."""
    if account.status != AccountStatus.ACTIVE:
        return "closed"
    if answer.holding & STOPS:
        return "no"
    if amount is None:
        return "room"
    if answer.holding:
        return "hold"
    return "warn" if answer.check["findings"] else "yes"


def _amount_in(figures: dict[str, Any]) -> Decimal | None:
    for name in ("excess", "amount", "missing"):
        if figures.get(name) is not None:
            return Decimal(str(figures[name]))
    return None
