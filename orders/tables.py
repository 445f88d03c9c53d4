"""The lists of orders: all of them, and those on hold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from credit.advice import Answer
from credit.authority import role_label
from credit.enums import Finding
from o2c.shared import formats
from o2c.shared.tables import (
    AmountColumn,
    CheckColumn,
    Column,
    DateColumn,
    NameColumn,
    PercentColumn,
    StatusColumn,
    StatusesColumn,
    Table,
    TextColumn,
)
from o2c.shared.templatetags.o2c import icon

from .lists import working_time_left
from .models import HoldCase, Order
from .queries import active_holds


def order_url(order: Order) -> str:
    """Address of an order's page."""
    return reverse("orders:detail", args=[order.number])


class OrderTable(Table):
    """All orders."""

    number = Column(verbose_name=gettext_lazy("Order"))
    client = TextColumn(
        accessor="account__name",
        order_by="account__sort_key",
        phone="hide",
        verbose_name=gettext_lazy("Client"),
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Code"))
    ordered_on = DateColumn(accessor="order_date", phone="hide", verbose_name=gettext_lazy("Date"))
    total = AmountColumn(
        accessor="total_incl_vat",
        currency_from="currency",
        strong=True,
        total=True,
        phone="right",
        verbose_name=gettext_lazy("Amount incl. VAT"),
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))
    status = StatusColumn(phone="", verbose_name=gettext_lazy("Status"))
    reasons = StatusesColumn(
        shown=1, empty_values=(), accessor="pk", phone="right", verbose_name=gettext_lazy("Reasons")
    )
    rep = TextColumn(
        accessor="sales_rep__label",
        order_by="sales_rep__last_name",
        phone="hide",
        css="o-nw",
        verbose_name=gettext_lazy("Sales rep"),
    )

    def render_number(self, value: str, record: Order) -> SafeString:
        """Draw the link, the client's own reference under it; on a phone the client too."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub"><span class="o-ph">{} </span>{}</span>',
            order_url(record),
            value,
            record.account.name,
            record.customer_reference,
        )

    def value_number(self, value: str) -> str:
        """Return the number."""
        return value

    def render_reasons(self, record: Order) -> SafeString:
        """Draw the badges of the holds in force."""
        column: Any = self.columns["reasons"].column
        badges: SafeString = column.render(_codes(record))
        return badges

    def value_reasons(self, record: Order) -> str:
        """Return the reasons in words."""
        column: Any = self.columns["reasons"].column
        words: str = column.value(value=_codes(record))
        return words


def _codes(order: Order) -> list[str]:
    return [hold.reason for hold in active_holds(order)]


class HoldTable(Table):
    """Orders on hold, most urgent first; ``at`` is the moment the time left is counted from."""

    check = CheckColumn(amount="order__total_incl_vat", label="order__number")
    client = NameColumn(
        accessor="order__account__name",
        order_by="order__account__sort_key",
        verbose_name=gettext_lazy("Client and order"),
    )
    number = TextColumn(accessor="order__number", export_only=True, verbose_name=gettext_lazy("Order"))
    rep = TextColumn(
        accessor="order__sales_rep__label", export_only=True, verbose_name=gettext_lazy("Sales rep")
    )
    total = AmountColumn(
        accessor="order__total_incl_vat",
        currency_from="order__currency",
        strong=True,
        phone="right",
        verbose_name=gettext_lazy("Amount incl. VAT"),
    )
    missing = AmountColumn(
        accessor="over_limit_by",
        currency_from="order__company__currency",
        zero=False,
        phone="hide",
        verbose_name=pgettext_lazy("amount", "Missing"),
    )
    reasons = StatusesColumn(accessor="active", verbose_name=gettext_lazy("Reasons"))
    use = PercentColumn(
        empty_values=(),
        accessor="order__last_decision",
        bar=True,
        orderable=False,
        phone="hide",
        verbose_name=gettext_lazy("With the order"),
    )
    owner = TextColumn(
        accessor="owner__label",
        order_by="owner__last_name",
        phone="hide",
        css="o-nw",
        verbose_name=gettext_lazy("Owner"),
    )
    left = Column(accessor="target_at", css="r", phone="right", verbose_name=gettext_lazy("Time left"))

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        self.at = at
        super().__init__(*args, **kwargs)

    def render_client(self, value: str, record: HoldCase) -> SafeString:
        """Draw the client with order and rep under it."""
        order = record.order
        rep = order.sales_rep.label() if order.sales_rep else ""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub">{}</span>',
            order_url(order),
            value,
            " · ".join(filter(None, (order.number, rep))),
        )

    def value_client(self, value: str) -> str:
        """Return the client's name."""
        return value

    def render_reasons(self, value: Iterable[Any], record: HoldCase) -> SafeString:
        """Draw the reasons, under them who decides and what frees the order soonest."""
        column: Any = self.columns["reasons"].column
        drawn = column.render([str(hold) for hold in value])
        said = " · ".join(filter(None, (self._decider(record), self._way(record))))
        return format_html('{}<span class="sub">{}</span>', drawn, said) if said else drawn

    def _decider(self, record: HoldCase) -> str:
        role = next((hold.decided_by for hold in record.active if hold.decided_by), "")  # type: ignore[attr-defined]
        return _("%(role)s decides") % {"role": role_label(role)} if role else ""

    def _way(self, record: HoldCase) -> str:
        """The first of what the last check knew to free it; a hold by hand is lifted by hand."""
        decision = record.order.last_decision
        ways = Answer(decision.figures["check"]).ways() if decision else []
        if ways:
            return ways[0].title
        by_hand = any(hold.reason == Finding.MANUAL for hold in record.active)  # type: ignore[attr-defined]
        return _("The hold by hand lifted") if by_hand else ""

    def value_reasons(self, value: Iterable[Any]) -> str:
        """Return the reasons in words."""
        column: Any = self.columns["reasons"].column
        words: str = column.value(value=[str(hold) for hold in value])
        return words

    def render_use(self, record: HoldCase) -> SafeString | str:
        """Draw how much of the limit is used once the order is in."""
        ratio = use_with_order(record.order)
        column: Any = self.columns["use"].column
        drawn: SafeString | str = formats.NOTHING if ratio is None else column.render(ratio)
        return drawn

    def value_use(self, record: HoldCase) -> Decimal | None:
        """Return the ratio."""
        return use_with_order(record.order)

    def render_left(self, record: HoldCase) -> SafeString | str:
        """Draw the working time left: amber under 1 h 30, red under 30 minutes, then overdue."""
        seconds = int(working_time_left(record, self.at).total_seconds())
        tone = formats.time_tone(seconds)
        words = _("overdue") if seconds <= 0 else formats.duration(seconds, get_language() or "fr")
        if not tone:
            return format_html('<span class="o-n">{}</span>', words)
        return format_html('<span class="o-{} o-b o-nw">{} {}</span>', tone, icon("clock", "s"), words)

    def value_left(self, record: HoldCase) -> datetime:
        """Return when the answer is due."""
        return record.target_at


def use_with_order(order: Order) -> Decimal | None:
    """Share of the binding limit used with this order, as its last check saw it; None without a limit."""
    decision = order.last_decision
    if decision is None:
        return None
    exposure, check = decision.figures["exposure"], decision.figures["check"]
    limit = Decimal(exposure["effective_limit"] or 0)
    available = check["available_after"]
    if limit <= 0 or available is None:
        return None
    return (limit - Decimal(available)) / limit
