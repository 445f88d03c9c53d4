"""Lists of invoices, open items and payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from accounts.scope import in_words
from invoicing import lists
from invoicing.einvoicing.services import RIGHT as HAND_OVER
from invoicing.filters import (
    INVOICE_STATES,
    ITEM_STATES,
    PAYMENT_STATES,
    InvoiceFilter,
    ItemFilter,
    PaymentFilter,
)
from invoicing.models import Invoice, Payment, ReceivableItem
from invoicing.sending.queries import with_mail_state
from invoicing.sending.services import RIGHT as SEND
from invoicing.tables import InvoiceTable, ItemTable, PastItemTable, PaymentTable
from o2c.shared import formats
from o2c.shared.fields import parse_date
from o2c.shared.past import look
from o2c.shared.tables import Table
from o2c.shared.views import Action, BulkAction, Empty, ListPage, Tab

ALL = ("", gettext_lazy("All"))


def _tabs(request: HttpRequest, name: str, choices: Sequence[tuple[str, Any]]) -> list[Tab]:
    """Chips that set one filter and keep the others."""
    current = request.GET.get(name, "")
    kept = {key: value for key, value in request.GET.items() if key not in {name, "page", "export"} and value}
    return [
        Tab(label, f"?{urlencode(kept | ({name: value} if value else {}))}", current=value == current)
        for value, label in choices
    ]


def _open_per_currency(sums: Sequence[lists.Totals]) -> str:
    written = [formats.money(row.open_amount, get_language() or "fr", row.currency) for row in sums]
    return _("%(amounts)s open") % {"amounts": ", ".join(written)} if written else ""


# What of an address does not choose rows.
UNFILTERED = frozenset({"page", "sort", "cols"})


class InvoiceList(ListPage):
    """Invoices and credit notes."""

    request: Any

    title, menu, permission = gettext_lazy("Invoices"), "invoices", "invoicing.view"
    table_class, filterset_class, export_name = InvoiceTable, InvoiceFilter, "invoices"
    empty = Empty(
        "file-invoice",
        gettext_lazy("Your invoices will stand here"),
        gettext_lazy("Invoice a confirmed order, or import the ledger of your present software."),
    )

    def get_queryset(self) -> QuerySet[Invoice]:
        """Return what the reader may see in the company at work."""
        rows = lists.invoice_list(self.request.user, self.request.company, timezone.localdate())
        return with_mail_state(rows)

    def get_bulk_actions(self) -> Sequence[BulkAction]:
        """Return sending by mail and handing over to the platform, for those who may."""
        may, company = self.request.user.may, self.request.company
        acts = []
        if may(SEND, company):
            acts.append(BulkAction(_("Send by mail"), reverse("invoicing:send_many"), primary=True, key="m"))
        if may(HAND_OVER, company):
            acts.append(BulkAction(_("Hand over to the platform"), reverse("invoicing:hand_over"), key="p"))
        return acts

    def _hidden_columns(self) -> tuple[str, ...]:
        hidden = super()._hidden_columns()
        return hidden if self.get_bulk_actions() else (*hidden, "check")

    def get_tabs(self) -> list[Tab]:
        """Return the states an invoice may be in."""
        return _tabs(self.request, "status", [ALL, *INVOICE_STATES])

    def get_actions(self) -> list[Action]:
        """Return the way to open items and payments."""
        return [Action(_("Open items"), reverse("invoicing:items"), "list-details")]

    def get_subtitle(self, rows: QuerySet[Invoice]) -> str:
        """Return what is open, per currency, and what is colleagues'."""
        user, company = self.request.user, self.request.company
        outside = in_words(lists.outside_invoices(user, company, self.request.GET.get("account", "")))
        return " · ".join(part for part in (_open_per_currency(self._sums(rows)), outside) if part)

    def get_count(self, rows: QuerySet[Invoice]) -> int:
        """Return how many rows there are, as the sums counted them."""
        return sum(each.number for each in self._sums(rows))

    def get_currency(self, rows: QuerySet[Invoice]) -> str:
        """Return the one currency of the totals."""
        return self._sums(rows)[0].currency if self._sums(rows) else ""

    def get_totals(self, rows: QuerySet[Invoice]) -> dict[str, Any]:
        """Return the sums for the foot; none over two currencies."""
        sums = self._sums(rows)
        return {"total": sums[0].total, "open_amount": sums[0].open_amount} if len(sums) == 1 else {}

    def _sums(self, rows: QuerySet[Invoice]) -> list[lists.Totals]:
        if not hasattr(self, "_found"):
            self._found = lists.invoice_totals(
                rows,
                self.request.user,
                self.request.company,
                timezone.localdate(),
                whole=not self.request.GET.keys() - UNFILTERED,
            )
        return self._found


class ItemList(ListPage):
    """Open items, of today or of the day ``as_of`` names."""

    request: Any

    title, menu, permission = gettext_lazy("Open items"), "invoices", "invoicing.view"
    table_class: type[Table] = ItemTable  # type: ignore[misc]
    filterset_class, export_name = ItemFilter, "open-items"
    empty = Empty(
        "list-details",
        gettext_lazy("No open item"),
        gettext_lazy("What clients owe stands here until it is matched with a payment or a credit note."),
    )

    @cached_property
    def day(self) -> date:
        """The day whose book is read; today when the address names none, or none that can be read."""
        today = timezone.localdate()
        try:
            return parse_date(self.request.GET.get("as_of", ""), today=today, prefer="past")
        except ValueError:
            return today

    def get_title(self) -> str:
        """Return the heading, with the day where it is a past one."""
        if self.day == timezone.localdate():
            return _("Open items")
        return _("Open items on %(day)s") % {"day": formats.date_short(self.day)}

    def get_queryset(self) -> QuerySet[ReceivableItem]:
        """Return what was open for the reader's clients."""
        return lists.open_items(self.request.user, self.request.company, self.day)

    def build_table(self, rows: QuerySet[ReceivableItem], **options: Any) -> Table:
        """Return the table; a past day shows when items were due then."""
        if self.day < timezone.localdate():
            self.table_class = PastItemTable
        return super().build_table(rows, **options)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Say which day is shown, where it is a past one."""
        return {**extra, "look": look(self.request)}

    def get_tabs(self) -> list[Tab]:
        """Return the kinds of open items."""
        return _tabs(self.request, "state", [ALL, *ITEM_STATES])

    def get_subtitle(self, rows: QuerySet[ReceivableItem]) -> str:
        """Return what is open, per currency, and what is colleagues'."""
        user, company = self.request.user, self.request.company
        outside = in_words(lists.outside_items(user, company, self.day, self.request.GET.get("account", "")))
        return " · ".join(part for part in (_open_per_currency(self._sums(rows)), outside) if part)

    def get_count(self, rows: QuerySet[ReceivableItem]) -> int:
        """Return how many rows there are, as the sums counted them."""
        return sum(each.number for each in self._sums(rows))

    def get_currency(self, rows: QuerySet[ReceivableItem]) -> str:
        """Return the one currency of the total."""
        return self._sums(rows)[0].currency if self._sums(rows) else ""

    def get_totals(self, rows: QuerySet[ReceivableItem]) -> dict[str, Any]:
        """Return the sum for the foot; none over two currencies."""
        sums = self._sums(rows)
        return {"open_amount": sums[0].open_amount} if len(sums) == 1 else {}

    def _sums(self, rows: QuerySet[ReceivableItem]) -> list[lists.Totals]:
        if not hasattr(self, "_found"):
            self._found = lists.item_totals(rows)
        return self._found


class PaymentList(ListPage):
    """Payments, those to be matched first."""

    request: Any

    title, menu, permission = gettext_lazy("Matching"), "payments", "invoicing.view"
    table_class, filterset_class, export_name = PaymentTable, PaymentFilter, "payments"
    empty = Empty(
        "arrows-join",
        gettext_lazy("Payments will stand here, those to be matched first"),
        gettext_lazy("They come in through the API or with an imported ledger."),
    )

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """Return how many payments wait."""
        waiting = rows.exclude(unallocated=0).count()
        return ngettext("%(n)s payment to be matched", "%(n)s payments to be matched", waiting) % {
            "n": formats.number(waiting, get_language() or "fr")
        }

    def get_queryset(self) -> QuerySet[Payment]:
        """Return what the reader may see in the company at work."""
        return lists.payment_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return the states a payment may be in."""
        return _tabs(self.request, "state", [ALL, *PAYMENT_STATES])
