"""Tables of invoices, open items and payments."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import CustomerAccount
from o2c.shared.past import look
from o2c.shared.tables import (
    AmountColumn,
    CheckColumn,
    Column,
    DateColumn,
    DaysColumn,
    NameColumn,
    StatusColumn,
    Table,
    TextColumn,
)

from .marks import LABELS, marks_of
from .models import Invoice, Payment, ReceivableItem
from .sending.queries import BADGES


def account_url(account: CustomerAccount) -> str:
    """The client's page."""
    return reverse("accounts:detail", args=[account.code])


def item_url(item: ReceivableItem) -> str:
    """The page of the document behind an item, empty for those that have none (fees, opening balances)."""
    if item.invoice is not None:
        return reverse("invoicing:detail", args=[item.invoice.number])
    return reverse("invoicing:payment", args=[item.payment_id]) if item.payment_id else ""


def linked(text: Any, url: str, css: str = "c") -> SafeString:
    """A link, or the plain text where there is nothing to open."""
    return format_html('<a class="{}" href="{}">{}</a>', css, url, text) if url else format_html("{}", text)


class AccountColumn(Column):
    """The client's name, then the code, with a link to the client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, sql="account__name", **kwargs)

    def render(self, value: CustomerAccount, table: Table) -> SafeString:
        """Draw name and code; the link for who may open the client's page."""
        request: Any = table.request
        may_open = request is None or request.user.may("accounts.view", getattr(request, "company", None))
        return format_html(
            '{} <span class="o-3 o-s o-nb">{}</span>',
            linked(value.name, account_url(value) if may_open else "", "o-u"),
            value.code,
        )

    def value(self, **kwargs: Any) -> Any:
        """Return the name."""
        account = kwargs["value"]
        return account.name if isinstance(account, CustomerAccount) else None


class MailColumn(StatusColumn):
    """Where a document stands on its way to the client; nothing where it was not sent by mail."""

    def value(self, **kwargs: Any) -> Any:
        """Return the word of the state, or nothing."""
        return super().value(**kwargs) if kwargs["value"] else ""


class InvoiceTable(Table):
    """Invoices and credit notes."""

    check = CheckColumn(amount="total_incl_vat", label="number")
    number = NameColumn(sql="number", verbose_name=_("Number"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    issue_date = DateColumn(verbose_name=_("Issued"), phone="hide")
    due_date = DateColumn(verbose_name=_("Due"))
    total = AmountColumn(
        accessor="total_incl_vat",
        currency_from="currency",
        total=True,
        phone="hide",
        verbose_name=_("Amount incl. VAT"),
    )
    open_amount = AmountColumn(
        accessor="open_on",
        currency_from="currency",
        total=True,
        strong=True,
        zero=False,
        phone="right",
        verbose_name=pgettext_lazy("amount", "Open"),
    )
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        codes=("open", "partly_paid", "overdue", "paid"), verbose_name=_("Status"), phone="full"
    )
    days_late = DaysColumn(verbose_name=_("Days late"), phone="hide")
    mail = MailColumn(
        accessor="mail_state",
        codes=tuple(BADGES.values()),
        orderable=False,
        verbose_name=_("Mail"),
        phone="hide",
    )
    origin = Column(accessor="get_origin_display", order_by="origin", verbose_name=_("Origin"), phone="hide")

    class Meta:
        model = Invoice
        fields: tuple[str, ...] = ()

    def render_number(self, record: Invoice) -> SafeString:
        """Draw the number, and the kind where it is no plain invoice."""
        link = linked(record.number, reverse("invoicing:detail", args=[record.number]))
        if record.kind == "INVOICE":
            return link
        return format_html('{}<span class="sub">{}</span>', link, record.get_kind_display())

    def value_number(self, record: Invoice) -> str:
        """Return the number alone, for files."""
        return record.number


class ItemTable(Table):
    """Open items: what is owed, and credits that wait to be matched."""

    document = NameColumn(sql="document", verbose_name=_("Document"))
    account = AccountColumn(verbose_name=_("Client"), phone="full", order_by=("account__sort_key", "pk"))
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    kind = Column(accessor="get_kind_display", order_by="kind", verbose_name=_("Kind"), phone="hide")
    issue_date = DateColumn(verbose_name=_("Issued"), phone="hide")
    due_date = DateColumn(verbose_name=_("Due"))
    amount = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Amount"))
    open_amount = AmountColumn(
        accessor="open_on",
        currency_from="currency",
        total=True,
        strong=True,
        phone="right",
        verbose_name=pgettext_lazy("amount", "Open"),
    )
    disputed = AmountColumn(
        accessor="disputed_on",
        currency_from="currency",
        zero=False,
        phone="hide",
        verbose_name=pgettext_lazy("amount", "Disputed"),
    )
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        codes=("open", "overdue", "disputed", "unallocated", "matched"),
        verbose_name=_("Status"),
        phone="full",
    )
    days_late = DaysColumn(verbose_name=_("Days late"), phone="hide")

    class Meta:
        model = ReceivableItem
        fields: tuple[str, ...] = ()

    def render_document(self, record: ReceivableItem) -> SafeString:
        """Draw the document with the instalment it is, if any."""
        request = getattr(self, "request", None)
        url = item_url(record)
        link = linked(record.document, url + look(request).first if url and request else url)
        said = [LABELS[mark] for mark in self._marks.get(record.pk, ())]
        if record.instalment != 1:
            said.insert(0, format_lazy("{} {}", _("Instalment"), record.instalment))
        if not said:
            return link
        return format_html('{}<span class="sub">{}</span>', link, " · ".join(map(str, said)))

    @cached_property
    def _marks(self) -> dict[int, list[str]]:
        """What stands beside the rows of the page, read once for all of them."""
        request, page = getattr(self, "request", None), getattr(self, "page", None)
        if request is None or page is None:
            return {}
        return marks_of([row.record for row in page.object_list], on=look(request).day)

    def value_document(self, record: ReceivableItem) -> str:
        """Return the document alone, for files."""
        return record.document


class PastItemTable(ItemTable):
    """Items of a past day: due when they were due then. Asked for apart, since it costs a look-up per row."""

    due_date = DateColumn(accessor="due_on", order_by=("due_on", "pk"), verbose_name=_("Due"))

    class Meta(ItemTable.Meta):
        pass


class PaymentTable(Table):
    """Money received, what waits to be matched first."""

    number = NameColumn(accessor="external_id", sql="external_id", verbose_name=_("Payment"))
    account = AccountColumn(
        verbose_name=_("Client"),
        phone="full",
        order_by=("account__sort_key", "pk"),
        default=_("Not identified"),
    )
    code = TextColumn(accessor="account__code", export_only=True, verbose_name=_("Client code"))
    payer_name = TextColumn(export_only=True, verbose_name=_("Payer"))
    reference = TextColumn(verbose_name=_("Reference"), phone="hide", css="o-2 o-s")
    received_on = DateColumn(verbose_name=_("Received"))
    method = Column(accessor="get_method_display", order_by="method", verbose_name=_("Method"), phone="hide")
    amount = AmountColumn(currency_from="currency", phone="hide", verbose_name=_("Amount"))
    unallocated = AmountColumn(
        currency_from="currency", strong=True, zero=False, phone="right", verbose_name=_("To be matched")
    )
    currency = TextColumn(export_only=True, verbose_name=_("Currency"))
    status = StatusColumn(
        codes=("unidentified", "unallocated", "partly_paid", "matched"),
        verbose_name=_("Status"),
        phone="full",
    )

    class Meta:
        model = Payment
        fields: tuple[str, ...] = ()

    def render_number(self, record: Payment) -> SafeString:
        """Draw the number with the payer as the bank names it."""
        link = linked(record.external_id, reverse("invoicing:payment", args=[record.pk]))
        return (
            format_html('{}<span class="sub">{}</span>', link, record.payer_name)
            if record.payer_name
            else link
        )

    def value_number(self, record: Payment) -> str:
        """Return the number alone, for files."""
        return record.external_id
