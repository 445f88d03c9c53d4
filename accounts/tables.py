"""The list of clients: columns over the annotations of ``CLIENT_FIGURES``."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.models import CustomerAccount
from o2c.shared import formats
from o2c.shared.tables import (
    AmountColumn,
    Column,
    DaysColumn,
    NameColumn,
    PercentColumn,
    StatusesColumn,
    Table,
    TextColumn,
)
from o2c.shared.templatetags.o2c import badge


class AccountTable(Table):
    """One row a client; figures are the last known ones, in the currency of the company."""

    name = NameColumn(order_by=("sort_key", "code"), verbose_name=gettext_lazy("Client"))
    code = TextColumn(export_only=True, verbose_name=gettext_lazy("Code"))
    siren = TextColumn(accessor="entity__siren", export_only=True, verbose_name="SIREN")
    city = Column(export_only=True, verbose_name=gettext_lazy("City"))
    risk_class = Column(phone="hide", verbose_name=gettext_lazy("Class"))
    rep = Column(accessor="rep_name", phone="hide", css="o-nw", verbose_name=gettext_lazy("Sales rep"))
    limit = AmountColumn(
        accessor="effective_limit",
        bare=True,
        phone="hide",
        verbose_name=gettext_lazy("Credit limit"),
        empty_values=(),
    )
    net = AmountColumn(
        accessor="net_exposure",
        bare=True,
        total=True,
        phone="right",
        verbose_name=gettext_lazy("Net exposure"),
    )
    use = PercentColumn(accessor="use", bar=True, phone="hide", verbose_name=gettext_lazy("Use"))
    available = AmountColumn(bare=True, phone="full", verbose_name=gettext_lazy("Headroom"), empty_values=())
    overdue = AmountColumn(
        bare=True, zero=False, total=True, phone="hide", verbose_name=gettext_lazy("Overdue")
    )
    oldest = DaysColumn(accessor="oldest_due", phone="hide", verbose_name=gettext_lazy("Oldest"))
    states = StatusesColumn(
        accessor="pk", phone="full", verbose_name=pgettext_lazy("of a client", "State"), shown=3
    )

    class Meta:
        model = CustomerAccount
        fields = ()

    def render_name(self, record: Any) -> SafeString:
        """Draw the link with code, SIREN and city under it."""
        address = reverse("accounts:detail", args=[record.code])
        parts = [record.code, formats.siren(record.siren) if record.siren else "", record.city]
        return format_html(
            '<a class="c" href="{}">{}</a><span class="sub o-nw">{}</span>',
            address,
            record.name,
            " · ".join(part for part in parts if part),
        )

    def value_name(self, record: Any) -> str:
        """The name alone in files."""
        return str(record.name)

    def render_limit(self, record: Any) -> str | SafeString:
        """Draw the amount, or which of the other three it is: none, expired, unlimited."""
        kind, value = record.limit_kind, record.effective_limit
        if kind == "expired":
            return badge("warn", "calendar-off", _("Expired"))
        if kind == "unlimited":
            return _("unlimited")
        if kind in {"none", None} and not value:
            return format_html('<span class="z">{}</span>', _("none"))
        return formats.amount(value, _language())

    def value_limit(self, record: Any) -> Decimal | str | None:
        """The amount in files; a word where there is none."""
        return _("unlimited") if record.limit_kind == "unlimited" else record.effective_limit

    def render_net(self, record: Any) -> SafeString:
        """Draw the net exposure."""
        return _with_title(formats.amount(record.net_exposure, _language()), _("net"))

    def render_available(self, record: Any) -> str | SafeString:
        """Draw the headroom, red when there is none left."""
        if record.available is None:
            return _("unlimited") if record.limit_kind == "unlimited" else formats.NOTHING
        written = formats.amount(record.available, _language())
        if record.available < 0:
            written = format_html('<span class="o-bad">{}</span>', written)
        return _with_title(written, _("headroom"))

    def value_available(self, record: Any) -> Decimal | None:
        """The amount in files."""
        found: Decimal | None = record.available
        return found

    def render_oldest(self, record: Any) -> str:
        """Draw how late the oldest open invoice is."""
        late = _days_late(record.oldest_due)
        return formats.days(late, _language()) if late else formats.NOTHING

    def value_oldest(self, record: Any) -> int | None:
        """Days in files."""
        return _days_late(record.oldest_due)

    def render_states(self, record: Any) -> SafeString:
        """Draw blocked, watched and over limit as badges."""
        drawn: SafeString = self.base_columns["states"].render(_states(record))
        return drawn

    def value_states(self, record: Any) -> str:
        """The words of the states in files."""
        return str(self.base_columns["states"].value(value=_states(record)))

    # Clients without figures always come last, whichever way a column is sorted.

    def order_limit(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by limit."""
        return _sorted(rows, "effective_limit", is_descending), True

    def order_net(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by net exposure."""
        return _sorted(rows, "net_exposure", is_descending), True

    def order_use(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by use of the limit."""
        return _sorted(rows, "use", is_descending), True

    def order_available(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by headroom."""
        return _sorted(rows, "available", is_descending), True

    def order_overdue(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by overdue amount."""
        return _sorted(rows, "overdue", is_descending), True

    def order_oldest(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort by days late: the earliest due date is the latest."""
        return _sorted(rows, "oldest_due", not is_descending), True

    def order_states(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        """Sort the blocked first, then the watched."""
        sign = "-" if not is_descending else ""
        return rows.order_by(f"{sign}is_blocked", f"{sign}is_watched", "sort_key", "code"), True


def _with_title(written: str, title: str) -> SafeString:
    """A figure with its name behind it on a phone, where columns have no titles."""
    return format_html('{} <span class="o-mh o-2 o-s">{}</span>', written, title)


def _sorted(rows: QuerySet[Any], name: str, is_descending: bool) -> QuerySet[Any]:
    column = F(name).desc(nulls_last=True) if is_descending else F(name).asc(nulls_last=True)
    return rows.order_by(column, "sort_key", "code")


def _states(record: Any) -> list[str]:
    states = []
    if record.is_blocked:
        states.append("blocked")
    if record.is_watched:
        states.append("watched")
    if record.available is not None and record.available < 0 and record.limit_kind != "none":
        states.append("OVER_LIMIT")
    return states


def _days_late(oldest_due: date | None) -> int | None:
    late = (timezone.localdate() - oldest_due).days if oldest_due else 0
    return late if late > 0 else None


def _language() -> str:
    return get_language() or "fr"
