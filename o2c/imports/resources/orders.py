"""Orders: a line of the file is a line of an order, lines of one number are one order; each is checked as any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from credit.locks import lock_credit_of
from o2c.imports.ledger import LineError
from o2c.shared.vat import vat_totals
from orders.api.entry import enter_order

from .base import (
    CurrencyWidget,
    DayWidget,
    Entry,
    ImportField,
    NumberWidget,
    Outcome,
    Progress,
    Reading,
    TextWidget,
)
from .documents import _OfAccounts
from .trying import tried

_HEAD: Final = (
    "number", "account", "order_date", "requested_delivery", "currency", "term", "customer_reference",
)  # fmt: skip
_LINE: Final = ("line", "sku", "description", "quantity", "unit_price", "vat_rate")
_PROGRESS_EVERY: Final = 20
_STANDARD_RATE: Final = Decimal("20.00")


class OrderResource(_OfAccounts):
    """Lines of orders."""

    kind = "orders"
    permission = "orders.enter"

    number = ImportField(
        TextWidget(60, key=True), gettext_lazy("Order number"), "n° commande", "numéro de commande", "commande",
        "number", "order", required=True, sample="CDE-1001",
    )  # fmt: skip
    account = ImportField(
        TextWidget(40), gettext_lazy("Client code"), "code client", "client", "compte", "n° client",
        "customer", "customer code", "account", required=True, sample="C0001",
    )  # fmt: skip
    order_date = ImportField(
        DayWidget(),
        gettext_lazy("Order date"),
        "date de commande",
        "date commande",
        "date",
        sample="24/11/2026",
    )
    requested_delivery = ImportField(
        DayWidget(), gettext_lazy("Requested delivery"), "livraison demandée", "date de livraison", "livraison",
        "delivery date", sample="04/12/2026",
    )  # fmt: skip
    currency = ImportField(CurrencyWidget(), gettext_lazy("Currency"), "devise", "monnaie", sample="EUR")
    term = ImportField(
        TextWidget(40, upper=True), gettext_lazy("Payment term"), "conditions de paiement", "délai", "terms"
    )
    customer_reference = ImportField(
        TextWidget(120), gettext_lazy("Client's reference"), "référence client", "votre référence", "référence",
        "reference", sample="PO-4711",
    )  # fmt: skip
    line = ImportField(
        NumberWidget(0, figures=7, least="1"), gettext_lazy("Line"), "ligne", "n° ligne", "line", sample="10"
    )
    sku = ImportField(
        TextWidget(60), gettext_lazy("Article"), "code article", "référence article", "item", required=True,
        sample="A-100",
    )  # fmt: skip
    description = ImportField(
        TextWidget(300),
        gettext_lazy("Description"),
        "désignation",
        "libellé",
        required=True,
        sample="Vanne DN 50",
    )
    quantity = ImportField(
        NumberWidget(3), gettext_lazy("Quantity"), "quantité", "qté", "qty", required=True, sample="4"
    )
    unit_price = ImportField(
        NumberWidget(4), gettext_lazy("Unit price excl. VAT"), "prix unitaire", "pu", "pu ht", "prix ht",
        "prix unitaire ht", "unit price", "price", required=True, sample="125,00",
    )  # fmt: skip
    vat_rate = ImportField(
        NumberWidget(2, figures=5, least="0", most="100"), gettext_lazy("VAT rate"), "tva", "taux tva",
        "taux de tva", "vat", sample="20",
    )  # fmt: skip

    def entries(self, lines: Iterable[tuple[int, dict[str, Any]]], reading: Reading) -> Iterator[Entry]:
        """Put the lines of one number together; one wrong line of it refuses the order, on each of its lines."""
        orders: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for line, values in lines:
            orders.setdefault(values["number"], []).append((line, values))
        for found in orders.values():
            wrong = self._disagreements(found)
            if wrong:
                reading.errors += wrong
            else:
                yield self._order(found)

    def _disagreements(self, found: Sequence[tuple[int, dict[str, Any]]]) -> list[LineError]:
        """Lines whose head says something else than the first one's; all lines of the order are refused then."""
        first_line, first = found[0]
        wrong = []
        for line, values in found[1:]:
            for name in _HEAD:
                if values.get(name) is not None and values.get(name) != first.get(name):
                    said = {"value": values[name], "other": first.get(name), "line": first_line}
                    text = _("“%(value)s”, but “%(other)s” on line %(line)d of the same order") % said
                    wrong.append(LineError(line, f"{self.column_of[name]}: {text}"))
        hurt = {error.line for error in wrong}
        if wrong:
            text = _("another line of this order is refused: orders are entered whole")
            wrong += [LineError(line, text) for line, _values in found if line not in hurt]
        return wrong

    def _order(self, found: Sequence[tuple[int, dict[str, Any]]]) -> Entry:
        head = found[0][1]
        body = {name: _plain(head[name]) for name in _HEAD if head.get(name) is not None}
        if currency := self.currency(head):
            body["currency"] = currency
        body["lines"] = [
            {name: _plain(values[name]) for name in _LINE if values.get(name) is not None}
            for _line, values in found
        ]
        totals = vat_totals(
            (v["quantity"], v["unit_price"], _STANDARD_RATE if v.get("vat_rate") is None else v["vat_rate"])
            for _line, v in found
        )
        account = self.accounts.get(head["account"])
        booked_in = currency or (account.currency if account else self.company.currency)
        return Entry(tuple(line for line, _values in found), body, totals.incl, booked_in)

    def enter(
        self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None, only_ask: bool
    ) -> Iterable[Outcome]:
        """Enter and submit one after the other; the credit of all clients named is locked first, in one order."""
        if not only_ask:
            named = {entry.value["account"] for entry in entries}
            lock_credit_of(sorted(self.accounts[code].pk for code in named if code in self.accounts))
        for done, entry in enumerate(entries, start=1):
            if entry.value["account"] not in self.accounts:
                yield self.unknown()
                continue
            document = entry.value | {"submit": not only_ask}
            yield tried(enter_order, document, company=self.company, by=self.by, at=at)
            if progress is not None and done % _PROGRESS_EVERY == 0:
                progress(done)

    def field_of(self, name: str) -> str:
        """``lines.0.sku`` is the column of its own name."""
        return name.rpartition(".")[2]


def _plain(value: Any) -> Any:
    """A value as JSON carries it."""
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value
