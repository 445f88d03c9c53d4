"""The list of statements of account that clients get each month: its table and its filters."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_day
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.models import CustomerAccount
from accounts.queries import matching
from invoicing.tables import AccountColumn, linked
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.tables import CheckColumn, Column, StatusColumn, Table, TextColumn

from .models import AccountStatement
from .statement_models import LOST, StatementState, WhyNotSent

# How many months back the list can be narrowed to one.
_MONTHS: Final = 12


def month_in_words(month: date) -> str:
    """A month as lists name it: "October 2026"."""
    return str(format_day(month, "F Y"))


class ClientStatementTable(Table):
    """Statements by client and month, the latest month first."""

    check = CheckColumn(label="account__name")
    account = AccountColumn(verbose_name=gettext_lazy("Client"), order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=gettext_lazy("Client code"))
    month = Column(verbose_name=gettext_lazy("Month"), phone="right")
    where = Column(
        accessor="account",
        orderable=False,
        phone="full",
        verbose_name=gettext_lazy("Where to, or what stands against it"),
    )
    status = StatusColumn(
        accessor="badge",
        orderable=False,
        codes=tuple(f"statement_{each}" for each in StatementState.values),
        verbose_name=gettext_lazy("Status"),
        phone="full",
    )

    class Meta:
        model = AccountStatement
        fields: tuple[str, ...] = ()

    def render_month(self, record: AccountStatement) -> str:
        """Draw the month in words."""
        return month_in_words(record.month)

    def value_month(self, record: AccountStatement) -> str:
        """Return the month as files have it: 2026-10."""
        return f"{record.month:%Y-%m}"

    def render_where(self, record: AccountStatement) -> SafeString | str:
        """Draw the address with the way to the message, or what has to be mended."""
        message = record.message
        if message is None:
            return f"{self.value_where(record)} · {_REMEDIES[WhyNotSent(record.why)]}"
        said = self.value_where(record)
        if message.state in LOST and message.error:
            said = f"{said} · {message.error[:80]}"
        return linked(said, reverse("outbox_message", args=[message.pk]))

    def value_where(self, record: AccountStatement) -> str:
        """Return the address in one line, or what stood against it."""
        if record.message is None:
            return str(WhyNotSent(record.why).label)
        return ", ".join(record.message.to.splitlines())


_REMEDIES: Final = {
    WhyNotSent.NO_ADDRESS: gettext_lazy("enter a contact with an e-mail address, or the postal address"),
    WhyNotSent.TOO_LONG: gettext_lazy("hand out the list of its open items as a file instead"),
}
STATES: Final = (
    ("not_there", gettext_lazy("To see to")),
    ("left", gettext_lazy("Left")),
)


def _months() -> list[tuple[str, str]]:
    """The months that are over, the latest first."""
    this = paris_date(timezone.now()).replace(day=1)
    months = [add_months(this, -back) for back in range(1, _MONTHS + 1)]
    return [(month.isoformat(), month_in_words(month)) for month in months]


class ClientStatementFilter(django_filters.FilterSet):
    """Search by client; the month; what is to be seen to, as tabs."""

    q = django_filters.CharFilter(method="search", label=gettext_lazy("Client"))
    month = django_filters.ChoiceFilter(label=gettext_lazy("Month"), choices=_months)
    status = django_filters.ChoiceFilter(
        method="by_status", label=gettext_lazy("Status"), widget=forms.HiddenInput, choices=STATES
    )

    class Meta:
        model = AccountStatement
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Keep statements of clients who fit."""
        return rows.filter(account__in=matching(CustomerAccount.objects.all(), value))

    def by_status(self, rows: Any, name: str, value: str) -> Any:
        """Keep what the client has nothing of, or the rest."""
        lost = rows.not_there()
        return lost if value == "not_there" else rows.exclude(pk__in=lost.values("pk"))
