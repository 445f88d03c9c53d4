"""A payment shared out by hand at the desk: items of a client and its relatives found and picked, the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import CustomerAccount
from accounts.queries import global_search
from credit.queries import kin_of
from invoicing import lists, services
from invoicing.enums import ItemKind
from invoicing.matching.facts import Line, OpenItem
from invoicing.matching.picking import Rest, Shared, share_out
from invoicing.models import Payment, ReceivableItem
from o2c.shared import formats
from o2c.shared.fields import MoneyField
from o2c.shared.money import ZERO
from o2c.shared.problems import Refusal

from .base import needs, said, translated

RIGHT: Final = "payments.allocate"
# The oldest due; what else there is is found by its number or amount.
SHOWN: Final = 60
_CLIENTS: Final = 6


@dataclass(frozen=True)
class Choice:
    """An item that may be picked, with its fields."""

    item: Any
    is_picked: bool
    amount: Any


class PickForm(forms.Form):
    """Which items, how much of each, and what becomes of the difference."""

    rest = forms.ChoiceField(
        label=gettext_lazy("The difference"),
        required=False,
        choices=[
            (Rest.KEEP, gettext_lazy("stays: on account, or open")),
            (Rest.WRITE_OFF, gettext_lazy("is written off, within the tolerance")),
            (Rest.EXCHANGE, gettext_lazy("was made by the exchange")),
            (Rest.DISCOUNT, gettext_lazy("is a cash discount, within its terms")),
        ],
    )

    def __init__(self, data: Any, *, items: Sequence[ReceivableItem], currency: str) -> None:
        super().__init__(data)
        self._items = items
        self._picked = set(data.getlist("pick")) if data is not None else set()
        for item in items:
            whole = abs(item.open_amount)
            field = MoneyField(required=False, min_value=Decimal("0.01"), max_value=whole, unit=currency)
            field.widget.attrs |= {
                "aria-label": _("Amount of %(document)s, all of it when left empty")
                % {"document": item.document},
                "placeholder": formats.number(whole, get_language() or "fr", decimals=2),
            }
            self.fields[f"amount_{item.pk}"] = field

    def choices(self) -> list[Choice]:
        """The items with their fields, as they were sent."""
        return [Choice(item, str(item.pk) in self._picked, self[f"amount_{item.pk}"]) for item in self._items]

    def clean(self) -> dict[str, Any]:
        """Ask for at least one item that is owed."""
        cleaned = super().clean() or {}
        if not any(item.open_amount > 0 for item, _amount in self._chosen(cleaned)):
            raise forms.ValidationError(_("Pick at least one item that is owed."), code="nothing")
        return cleaned

    def shared(self, money: Decimal) -> Shared:
        """What becomes of the payment, of what can be read so far."""
        chosen = self._chosen(self.cleaned_data)
        return share_out(money, chosen, Rest(self.cleaned_data.get("rest") or Rest.KEEP))

    def _chosen(self, cleaned: dict[str, Any]) -> list[tuple[OpenItem, Decimal | None]]:
        found: list[tuple[OpenItem, Decimal | None]] = []
        for item in self._items:
            amount = cleaned.get(f"amount_{item.pk}")
            if amount is None and str(item.pk) not in self._picked:
                continue
            signed = amount if amount is None or item.open_amount > 0 else -amount
            found.append((_open_item(item), signed))
        return found


@needs(RIGHT)
@require_http_methods(["GET", "POST"])
def pick(request: Any, key: int) -> HttpResponse:
    """Draw what may be picked for a payment; match it with what was picked."""
    with translated():
        payment: Any = lists.find_payment(request.user, key)
    data = request.POST if request.method == "POST" else request.GET
    account = payment.account or _asked_client(request, payment, data)
    items = _items(request, payment, account, data.get("q", "").strip()) if account is not None else []
    form = PickForm(data if "rest" in data else None, items=items, currency=payment.currency)
    is_valid = form.is_bound and form.is_valid()
    if request.method == "POST" and is_valid and account is not None:
        done = _settle(request, payment, account, form)
        if done is not None:
            return done
    shared = form.shared(payment.unallocated) if form.is_bound and hasattr(form, "cleaned_data") else None
    part = request.htmx and request.htmx.target == "pick-sum"
    context = {
        "menu": "payments",
        "title": _("Pick by hand"),
        "payment": payment,
        "account": account,
        "form": form,
        "choices": form.choices(),
        "shared": shared if shared is not None and shared.lines else None,
        "total": sum((line.amount for line in shared.lines), ZERO) if shared is not None else ZERO,
        "clients": [] if account is not None else _clients(request, payment, data.get("client", "").strip()),
        "asked": {"client": data.get("client", ""), "q": data.get("q", "")},
        "key": data.get("key") or uuid4().hex,
        "may_write_off": request.user.may("payments.write_off", payment.company_id),
    }
    template = "invoicing/_pick_sum.html" if part else "invoicing/pick.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def _settle(request: Any, payment: Payment, account: CustomerAccount, form: PickForm) -> HttpResponse | None:
    """Match what was picked; None where it is refused, with the reason on the form."""
    shared = form.shared(payment.unallocated)  # type: ignore[attr-defined]
    try:
        with translated():
            act = services.settle(
                payment_id=payment.pk,
                lines=[_line(line) for line in shared.lines],
                over=shared.over,
                over_is_exchange=shared.over_is_exchange,
                account_id=account.pk if payment.account_id is None else None,
                key=f"pick:{request.POST.get('key', '')[:60]}",
                by=request.user,
                at=timezone.now(),
            )
    except Refusal as refusal:
        form.add_error(None, " ".join([str(refusal), *said(refusal)]))
        return None
    amount = sum((line.amount for line in shared.lines), ZERO)
    undo = reverse("invoicing:unmatch", args=["-".join(map(str, act.allocations))])
    text = _("%(amount)s matched.") % {
        "amount": formats.money(amount, get_language() or "fr", payment.currency)
    }
    messages.success(request, text, extra_tags=undo)
    return redirect("invoicing:desk")


def _line(line: Line) -> services.SettleLine:
    return services.SettleLine(line.item.key, line.amount, line.discount, line.write_off, line.is_exchange)


def _open_item(item: ReceivableItem) -> OpenItem:
    return OpenItem(item.pk, item.document, item.account_id, item.open_amount, item.issue_date, item.due_date)


def _items(request: Any, payment: Payment, account: CustomerAccount, asked: str) -> list[ReceivableItem]:
    """What is open of a client and its relatives in the payment's currency, the oldest due first."""
    rows = (
        ReceivableItem.objects.visible_to(request.user, payment.company)
        .filter(account__in=kin_of(account.pk), currency=payment.currency)
        .exclude(open_amount=0)
        .exclude(kind=ItemKind.PAYMENT, payment=payment.pk)
        .select_related("account", "invoice")
        .order_by("due_date", "pk")
    )
    picked = [key for key in (request.POST or request.GET).getlist("pick") if key.isdecimal()]
    if asked:
        wanted = Q(document__icontains=asked) | Q(pk__in=picked)
        amount = _amount(asked)
        rows = rows.filter(wanted if amount is None else wanted | Q(open_amount__in=[amount, -amount]))
    return list(rows[:SHOWN])


def _amount(text: str) -> Decimal | None:
    try:
        found: Decimal = MoneyField().clean(text)
    except forms.ValidationError:
        return None
    return found


def _asked_client(request: Any, payment: Payment, data: Any) -> CustomerAccount | None:
    seen = CustomerAccount.objects.visible_to(request.user, payment.company)
    return seen.filter(code=data.get("client", "").strip()).first()


def _clients(request: Any, payment: Payment, text: str) -> Sequence[CustomerAccount]:
    """Clients that a name may mean: what was typed, else the payer's."""
    return global_search(request.user, payment.company, text or payment.payer_name, limit=_CLIENTS)
