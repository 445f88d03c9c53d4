"""Filters of the invoicing lists; their names are those of the address."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django import forms
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, Func, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.enums import PaymentMethod
from accounts.models import CustomerAccount
from accounts.queries import matching
from o2c.shared.fields import DateField

from .enums import DocumentKind, ItemKind, Origin
from .models import Invoice, Payment, ReceivableItem
from .sending.policy import MailState
from .sending.queries import in_mail_state

Choices = tuple[tuple[str, str | Promise], ...]

# What the tabs above the lists choose from.
INVOICE_STATES: Final[Choices] = (
    ("open", pgettext_lazy("invoices", "Open")),
    ("overdue", pgettext_lazy("invoices", "Overdue")),
    ("disputed", _("Disputed")),
    ("paid", pgettext_lazy("invoices", "Paid")),
)
MAIL_STATES: Final[Choices] = (
    ("none", _("Not sent")),
    ("trouble", _("Did not arrive")),
    *MailState.choices,
)
ITEM_STATES: Final[Choices] = (
    ("overdue", _("Overdue")),
    ("not_due", _("Not due")),
    ("disputed", _("Disputed")),
    ("credits", _("Credits")),
)
PAYMENT_STATES: Final[Choices] = (
    ("waiting", _("To be matched")),
    ("matched", _("Matched")),
    ("clearing", _("Not yet cleared")),
    ("returned", pgettext_lazy("payments", "Returned")),
)


class TypedDateFilter(django_filters.Filter):
    """A day typed freely, as everywhere in the portal."""

    field_class = DateField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"prefer": "past"} | kwargs)


def _clients(text: str) -> QuerySet[CustomerAccount]:
    return matching(CustomerAccount.objects.all(), text)


class _OneOf(Func):
    """Whether a key is in an array worked out beforehand: the planner cannot make it a look-up for each row."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class InvoiceFilter(django_filters.FilterSet):
    """Search by number, client or the client's own reference; status as tabs."""

    q = django_filters.CharFilter(method="search", label=_("Number, client, reference"))
    status = django_filters.ChoiceFilter(
        method="by_status",
        label=_("Status"),
        widget=forms.HiddenInput,
        choices=INVOICE_STATES,
    )
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )
    issued_from = TypedDateFilter(field_name="issue_date", lookup_expr="gte", label=_("Issued from"))
    issued_to = TypedDateFilter(field_name="issue_date", lookup_expr="lte", label=_("Issued until"))
    kind = django_filters.ChoiceFilter(choices=DocumentKind.choices, label=_("Kind"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("Origin"))
    mail = django_filters.ChoiceFilter(choices=MAIL_STATES, method="by_mail", label=_("Mail"))

    class Meta:
        model = Invoice
        fields: tuple[str, ...] = ()

    def by_mail(self, rows: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """Keep documents that stand so on their way to the client."""
        return in_mail_state(rows, value)

    def search(self, rows: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """Keep invoices of which number, client or reference holds the text."""
        return rows.filter(
            Q(number__icontains=value.strip())
            | Q(customer_reference__icontains=value.strip())
            | Q(account__in=_clients(value))
        )

    def by_status(self, rows: QuerySet[Invoice], name: str, value: str) -> QuerySet[Invoice]:
        """Keep invoices in this state, told by their items."""
        items = ReceivableItem.objects.filter(invoice=OuterRef("pk")).exclude(open_amount=0)
        if value == "paid":
            return rows.filter(~Exists(items))
        if value == "overdue":
            # From the few that are late: looked for invoice by invoice, the newest are read first and late last.
            late = ReceivableItem.objects.filter(open_amount__gt=0, due_date__lt=timezone.localdate())
            if company := getattr(self.request, "company", None):
                late = late.filter(company=company)
            keys = ArraySubquery(late.exclude(invoice=None).values("invoice"))
            return rows.filter(_OneOf("pk", keys))
        if value == "disputed":
            return rows.filter(Exists(items.filter(_contested())))
        return rows.filter(Exists(items))


def _contested() -> Q:
    day = timezone.localdate()
    return Q(open_amount__gt=0, disputed_amounts__effective_from__lte=day) & (
        Q(disputed_amounts__effective_to=None) | Q(disputed_amounts__effective_to__gt=day)
    )


class ItemFilter(django_filters.FilterSet):
    """Open items by client, kind and due date; what they are as tabs."""

    q = django_filters.CharFilter(method="search", label=_("Document or client"))
    state = django_filters.ChoiceFilter(
        method="by_state",
        label=_("Shown"),
        widget=forms.HiddenInput,
        choices=ITEM_STATES,
    )
    # Read by the page itself: every figure of the list is of this day.
    as_of = TypedDateFilter(method="of_the_page", label=_("As of"))
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )
    kind = django_filters.ChoiceFilter(choices=ItemKind.choices, label=_("Kind"))
    due_from = TypedDateFilter(field_name="due_date", lookup_expr="gte", label=_("Due from"))
    due_to = TypedDateFilter(field_name="due_date", lookup_expr="lte", label=_("Due until"))

    class Meta:
        model = ReceivableItem
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep items of which document or client holds the text."""
        return rows.filter(Q(document__icontains=value.strip()) | Q(account__in=_clients(value)))

    def of_the_page(self, rows: QuerySet[ReceivableItem], name: str, value: Any) -> QuerySet[ReceivableItem]:
        """Leave the rows alone: they were read for this day."""
        return rows

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep items that are overdue, not due, contested, or credits."""
        if value == "credits":
            return rows.filter(amount__lt=0)
        if value == "disputed":
            return rows.filter(disputed_on__gt=0)
        if value == "overdue":
            return rows.filter(days_late__gt=0)
        return rows.filter(amount__gt=0, days_late=0)


class PaymentFilter(django_filters.FilterSet):
    """Payments by text, state, date and method."""

    q = django_filters.CharFilter(method="search", label=_("Client, payer, reference"))
    state = django_filters.ChoiceFilter(
        method="by_state",
        label=_("Shown"),
        widget=forms.HiddenInput,
        choices=PAYMENT_STATES,
    )
    account = django_filters.CharFilter(
        field_name="account__code", label=_("Client"), widget=forms.HiddenInput
    )
    received_from = TypedDateFilter(field_name="received_on", lookup_expr="gte", label=_("Received from"))
    received_to = TypedDateFilter(field_name="received_on", lookup_expr="lte", label=_("Received until"))
    method = django_filters.ChoiceFilter(choices=PaymentMethod.choices, label=_("Method"))

    class Meta:
        model = Payment
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep payments of which number, payer, text or client holds the words."""
        text = value.strip()
        return rows.filter(
            Q(external_id__icontains=text)
            | Q(reference__icontains=text)
            | Q(payer_name__icontains=text)
            | Q(account__in=_clients(value))
        )

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep payments that wait, are matched whole, are not good yet, or were taken back by the bank."""
        if value == "returned":
            return rows.filter(is_returned=True)
        if value == "clearing":
            today = timezone.localdate()
            return rows.filter(clears_on__gt=today, received_on__lte=today, is_returned=False)
        return rows.exclude(unallocated=0) if value == "waiting" else rows.filter(status="matched")
