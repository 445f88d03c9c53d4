"""The list of quotations."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from o2c.shared.badges import badge_for
from o2c.shared.tables import AmountColumn, Column, DateColumn, StatusColumn, Table, TextColumn
from o2c.shared.templatetags.o2c import status as status_tag

from .models import Quotation


def quotation_url(quotation: Quotation) -> str:
    """Address of a quotation's page."""
    return reverse("orders:quotation", args=[quotation.number])


def shown_state(quotation: Quotation) -> str:
    """The key of a quotation's badge."""
    return f"quotation_{quotation.state.lower()}"


class QuotationTable(Table):
    """All quotations, each with what the check answered on its day."""

    number = Column(verbose_name=gettext_lazy("Quotation"))
    client = TextColumn(
        accessor="account__name",
        order_by="account__sort_key",
        phone="hide",
        verbose_name=gettext_lazy("Client"),
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Code"))
    quoted_on = DateColumn(phone="hide", verbose_name=gettext_lazy("Date"))
    valid_until = DateColumn(phone="hide", verbose_name=gettext_lazy("Valid until"))
    total = AmountColumn(
        accessor="total_incl_vat",
        currency_from="currency",
        strong=True,
        total=True,
        phone="right",
        verbose_name=gettext_lazy("Amount incl. VAT"),
    )
    currency = TextColumn(export_only=True, verbose_name=gettext_lazy("Currency"))
    state = StatusColumn(phone="", verbose_name=gettext_lazy("Status"))
    credit = StatusColumn(
        accessor="credit_answer__decision",
        order_by="credit_answer__decision",
        phone="right",
        verbose_name=gettext_lazy("Credit on that day"),
    )
    order = TextColumn(accessor="order__number", phone="hide", verbose_name=gettext_lazy("Order"))
    rep = TextColumn(
        accessor="sales_rep__label",
        order_by="sales_rep__last_name",
        phone="hide",
        css="o-nw",
        verbose_name=gettext_lazy("Sales rep"),
    )

    def render_number(self, value: str, record: Quotation) -> SafeString:
        """Draw the link, the client's own reference under it; on a phone the client too."""
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub"><span class="o-ph">{} </span>{}</span>',
            quotation_url(record),
            value,
            record.account.name,
            record.customer_reference,
        )

    def value_number(self, value: str) -> str:
        """Return the number."""
        return value

    def render_state(self, record: Quotation) -> SafeString:
        """Draw the state's own badge."""
        return status_tag(shown_state(record))

    def value_state(self, record: Quotation) -> str:
        """Return the state in words."""
        return str(badge_for(shown_state(record)).label)
