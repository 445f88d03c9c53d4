"""Promises to pay on screen: the list, one of them, taking and cancelling one, the client's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import CustomerAccount
from accounts.queries import find_account
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from dunning import policy
from dunning.enums import PromiseStatus
from dunning.filters import PROMISE_STATES, PromiseFilter
from dunning.forms import PromiseForm, ReasonForm
from dunning.models import PromiseToPay
from dunning.queries.promises import promise_list
from dunning.services import promises as services
from dunning.services.handovers import RIGHT as HANDS_OVER
from dunning.tables import PromiseTable, documents_in_words
from invoicing.queries import items_on
from invoicing.scope import own_items
from invoicing.tables import item_url
from invoicing.views.base import ActPage, needs, translated
from o2c.shared import formats
from o2c.shared.calendar import add_business_days
from o2c.shared.past import look
from o2c.shared.problems import NotFound
from o2c.shared.views import Empty, ListPage, Tab

MENU = "promises"
_SHOWN = 5


class PromiseList(ListPage):
    """Promises of the clients the reader may see."""

    request: Any

    title, menu, permission = gettext_lazy("Promises to pay"), MENU, "invoicing.view"
    table_class, filterset_class, export_name = PromiseTable, PromiseFilter, "promises"
    empty = Empty(
        "calendar-check",
        gettext_lazy("What your clients promise will stand here"),
        gettext_lazy("Note a promise on the client's page: until its day its invoices are not reminded of."),
    )

    def get_queryset(self) -> QuerySet[PromiseToPay]:
        """Return what the reader may see in the company at work."""
        return promise_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return the states a promise may be in."""
        current = self.request.GET.get("status", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"status", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'status': value} if value else {}))}", current=value == current)
            for value, label in (("", gettext_lazy("All")), *PROMISE_STATES)
        ]

    def get_subtitle(self, rows: QuerySet[PromiseToPay]) -> str:
        """Return how many of the judged ones were kept (domain.md 8.16)."""
        judged = rows.exclude(status__in=(PromiseStatus.OPEN, PromiseStatus.CANCELLED)).order_by()
        pairs = [(PromiseStatus(status), amount) for status, amount in judged.values_list("status", "amount")]
        rates = policy.kept_rates(pairs)
        if rates.by_count is None or rates.by_amount is None:
            return ""
        spoken = get_language() or "fr"
        return _("%(count)s kept, %(amount)s of the amount") % {
            "count": formats.percent(rates.by_count / 100, spoken, decimals=1),
            "amount": formats.percent(rates.by_amount / 100, spoken, decimals=1),
        }


@needs("invoicing.view")
@require_GET
def promise(request: Any, key: int) -> HttpResponse:
    """Draw one promise with its documents and what came of it."""
    with translated():
        found = _promise(request, key)
    may = request.user.may(services.RIGHT, found.company_id)
    context = {
        "menu": MENU,
        "title": _("Promise of %(client)s") % {"client": found.account.name},
        "promise": found,
        "rows": [(row.item, item_url(row.item)) for row in found.seen_items],
        "settled_otherwise": found.reason == services.SETTLED_OTHERWISE,
        "may_cancel": may and found.status == PromiseStatus.OPEN,
    }
    return render(request, "dunning/promise.html", context)


class MakePromise(ActPage):
    """The open items of a client; what is chosen is promised."""

    permission = services.RIGHT
    menu, template = MENU, "dunning/promise_form.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """The items that can be promised; those the address names are chosen, else all that are late."""
        rows = self.rows(request, which["code"])
        asked = set(request.GET.getlist("item"))
        chosen = [str(row.pk) for row in rows if (str(row.pk) in asked if asked else row.days_late > 0)]
        day = add_business_days(timezone.localdate(), 5)
        return PromiseForm(data, rows, initial={"items": chosen, "promised_date": formats.date_short(day)})

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Note it."""
        given = dict(form.cleaned_data)
        account = self.account(request, which["code"])
        made = services.make_promise(
            account_id=account.pk,
            item_ids=[int(key) for key in given.pop("items")],
            by=request.user,
            at=timezone.now(),
            **given,
        )
        told = {
            "amount": formats.money(made.amount, get_language() or "fr", made.currency),
            "day": formats.date_short(made.promised_date),
        }
        messages.success(request, _("%(amount)s promised for %(day)s.") % told)
        return redirect("accounts:detail", account.code)

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """The rows with what is chosen of them."""
        account, rows = self.account(request, which["code"]), self.rows(request, which["code"])
        chosen = set(form["items"].value() or ())
        return {
            "title": _("Promise of %(client)s") % {"client": account.name},
            "account": account,
            "rows": [(row, str(row.pk) in chosen) for row in rows],
            "back": reverse("accounts:detail", args=[account.code]),
        }

    def account(self, request: Any, code: str) -> CustomerAccount:
        """The client.

        :raises NotFound: not the reader's to see
        """
        if not hasattr(self, "_account"):
            self._account = find_account(request.user, request.company, code)
        return self._account

    def rows(self, request: Any, code: str) -> Sequence[Any]:
        """What is owed and not promised yet, the oldest first."""
        if not hasattr(self, "_rows"):
            account = self.account(request, code)
            book = items_on(
                CustomerAccount.objects.filter(pk=account.pk), on=timezone.localdate(), open_only=True
            )
            own = book.filter(own_items(request.user, account.company), amount__gt=0)
            self._rows = list(own.exclude(promises__is_open=True).order_by("due_date", "pk")[:100])
        return self._rows


class CancelPromise(ActPage):
    """Why, then it is taken back."""

    permission = services.RIGHT
    menu, template = MENU, "dunning/reason.html"

    def form(self, request: Any, data: Any, **which: Any) -> forms.Form:
        """One field."""
        _promise(request, which["key"])
        return ReasonForm(data)

    def act(self, request: Any, form: forms.Form, **which: Any) -> HttpResponse:
        """Cancel it."""
        services.cancel_promise(
            promise_id=which["key"], reason=form.cleaned_data["reason"], by=request.user, at=timezone.now()
        )
        messages.success(request, _("The promise is cancelled."))
        return redirect("dunning:promise", key=which["key"])

    def context(self, request: Any, form: forms.Form, **which: Any) -> dict[str, Any]:
        """Words of the page."""
        back = reverse("dunning:promise", args=[which["key"]])
        return {
            "title": _("Cancel the promise"),
            "up": _("Promises to pay"),
            "up_url": reverse("dunning:promises"),
            "back": back,
            "verb": _("Cancel the promise"),
            "consequence": _("Its invoices are reminded of again from the next run on."),
        }


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """The last promises of a client (``settings.CLIENT_PANELS``); of today alone."""
    user = signed_in(request)
    if look(request).is_past or not user.may("invoicing.view", account.company):
        return None
    rows: list[Any] = list(promise_list(user, account.company).filter(account=account)[:_SHOWN])
    may = user.may(services.RIGHT, account.company)
    if not rows and not may:
        return None
    return Panel(
        "dunning/_client_promises.html",
        {
            "rows": [(row, documents_in_words(row.seen_items)) for row in rows],
            "may_promise": may,
            "may_hand_over": user.may(HANDS_OVER, account.company),
            "all": f"{reverse('dunning:promises')}?account={account.code}",
        },
    )


def _promise(request: Any, key: int) -> Any:
    found = promise_list(request.user, request.company).filter(pk=key).first()
    if found is None:
        raise NotFound
    return found
