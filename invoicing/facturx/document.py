"""One reading of an issued document, from which both its page and its XML are written: they cannot disagree.

Amounts are positive in credit notes too: the type of the document says that they are given back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from invoicing.enums import DocumentKind, Origin, VatCategory
from invoicing.models import Invoice
from invoicing.policy import Instalment
from o2c.shared import audit
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict
from o2c.shared.vat import vat_totals

from .facts import frozen_facts
from .mentions import Note

# Version of the frozen facts that holds everything; older ones are completed from the rows of today.
COMPLETE = 2


class NotIssuedHere(Conflict):
    code = "not_issued_here"
    message = _("This document was issued elsewhere: its file is where it came from.")


@dataclass(frozen=True)
class Address:
    """A postal address; ``name`` where it is another than the party's."""

    line1: str
    line2: str
    postcode: str
    city: str
    country: str
    name: str = ""

    @property
    def written(self) -> bool:
        """Whether there is one at all."""
        return bool(self.line1 or self.city)


@dataclass(frozen=True)
class Party:
    """Seller or buyer as the document names them; ``facts`` holds what only one of them has."""

    name: str
    address: Address
    siren: str
    siret: str
    vat_number: str
    electronic_address: str
    electronic_scheme: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Payee:
    """Whom the client pays where that is not the seller: the factor it is told of; ``siren`` may be empty."""

    name: str
    siren: str


@dataclass(frozen=True)
class DocumentLine:
    """One line: price excl. VAT, rate in percent, net to the cent."""

    number: int
    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    category: VatCategory
    rate: Decimal
    net: Decimal


@dataclass(frozen=True)
class TaxLine:
    """VAT of one category and rate, and why it is none."""

    category: VatCategory
    rate: Decimal
    base: Decimal
    vat: Decimal
    exemption: str
    exemption_code: str


@dataclass(frozen=True)
class Deduction:
    """A deposit invoice that a final invoice deducts."""

    number: str
    issue_date: date
    excl: Decimal
    vat: Decimal
    incl: Decimal


@dataclass(frozen=True)
class Document:
    """An issued document with all it says.

    :ivar excl: total of the lines, before deposits are deducted; ``vat`` and ``incl`` likewise
    :ivar paid: paid before it was issued: deposits deducted, or the deposit itself
    :ivar payee: whom the client pays where that is not the seller; None of what was issued before this was kept
    :ivar payable: what is left to pay; the amount of the document's items
    :ivar preceding: documents it refers to: the invoice corrected, the deposits deducted
    """

    number: str
    kind: DocumentKind
    type_code: str
    framework: str
    operation: str
    language: str
    issue_date: date
    due_date: date
    supply_date: date | None
    currency: str
    seller: Party
    buyer: Party
    payee: Payee | None
    billing: Address | None
    delivery: Address | None
    delivery_notes: tuple[tuple[str, date], ...]
    purchase_order: str
    sales_order: str
    preceding: tuple[tuple[str, date], ...]
    lines: tuple[DocumentLine, ...]
    taxes: tuple[TaxLine, ...]
    excl: Decimal
    vat: Decimal
    incl: Decimal
    paid: Decimal
    payable: Decimal
    vat_in_eur: Decimal | None
    deductions: tuple[Deduction, ...]
    notes: tuple[Note, ...]
    mentions: tuple[str, ...]
    term: str
    instalments: tuple[Instalment, ...]
    payment_method: str

    @property
    def is_credit(self) -> bool:
        """Whether it gives back."""
        return self.kind == DocumentKind.CREDIT_NOTE


def document_of(invoice: Invoice) -> Document:
    """Read an issued document as it was frozen.

    Documents older than some facts are completed from today's rows; once its files are made they stay.

    :param invoice: with ``company``, ``account__entity``, ``order``, ``corrects`` at hand
    :raises NotIssuedHere: a document taken over from elsewhere
    """
    if invoice.origin != Origin.ISSUED:
        raise NotIssuedHere
    lines = list(invoice.lines.select_related("deducts", "order_line"))
    facts = invoice.frozen
    if facts.get("version", 1) < COMPLETE:
        facts = _completed(invoice, lines)
    sign = -1 if invoice.kind == DocumentKind.CREDIT_NOTE else 1
    taxes = tuple(
        TaxLine(
            VatCategory(tax["category"]),
            Decimal(tax["rate"]),
            sign * Decimal(tax["base"]),
            sign * Decimal(tax["vat"]),
            tax["exemption"],
            tax["exemption_code"],
        )
        for tax in facts["vat_breakdown"]
    )
    excl, vat = sum((t.base for t in taxes), ZERO), sum((t.vat for t in taxes), ZERO)
    deductions = tuple(
        Deduction(
            row["number"],
            _day(row["issue_date"]),
            Decimal(row["excl"]),
            Decimal(row["vat"]),
            Decimal(row["incl"]),
        )
        for row in facts["deductions"]
    )
    paid = sum((each.incl for each in deductions), ZERO)
    if invoice.kind == DocumentKind.DEPOSIT_INVOICE:
        paid = excl + vat
    return Document(
        number=invoice.number,
        kind=DocumentKind(invoice.kind),
        type_code=facts["type_code"],
        framework=facts["framework"],
        operation=facts["operation_category"],
        language=facts["language"],
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        supply_date=_day(facts["supply_date"]) if facts["supply_date"] else None,
        currency=invoice.currency,
        seller=_party(facts["seller"]),
        buyer=_party(facts["buyer"]),
        payee=Payee(**facts["payee"]) if facts.get("payee") else None,
        billing=_address(facts["billing"]),
        delivery=_address(facts["delivery"]),
        delivery_notes=tuple((row["number"], _day(row["date"])) for row in facts["delivery_notes"]),
        purchase_order=facts["purchase_order"],
        sales_order=(facts["order"] or {}).get("number", ""),
        preceding=(
            *(
                [(facts["corrects"]["number"], _day(facts["corrects"]["issue_date"]))]
                if facts["corrects"]
                else []
            ),
            *((each.number, each.issue_date) for each in deductions),
        ),
        lines=tuple(
            DocumentLine(
                line.line,
                line.sku,
                line.description,
                sign * line.quantity,
                line.unit_price,
                VatCategory(line.vat_category),
                line.vat_rate,
                sign * line.net,
            )
            for line in lines
            if line.deducts_id is None
        ),
        taxes=taxes,
        excl=excl,
        vat=vat,
        incl=excl + vat,
        paid=paid,
        payable=excl + vat - paid,
        vat_in_eur=sign * Decimal(facts["vat_in_eur"]) if facts["vat_in_eur"] is not None else None,
        deductions=deductions,
        notes=tuple(Note(row["code"], row["text"]) for row in facts["notes"]),
        mentions=tuple(facts["mentions"]),
        term=facts["term_text"],
        instalments=tuple(
            Instalment(_day(row["due_date"]), sign * Decimal(row["amount"])) for row in facts["instalments"]
        ),
        payment_method=facts["payment_method"],
    )


def _completed(invoice: Invoice, lines: list[Any]) -> dict[str, Any]:
    """The facts of a document older than some of them: those of today, below what it froze itself."""
    old = invoice.frozen
    parts = [
        Instalment(_day(row["due_date"]), Decimal(row["amount"])) for row in old.get("instalments", ())
    ] or [Instalment(item.due_date, item.amount) for item in invoice.items.order_by("instalment")]
    totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)
    now = audit.plain(frozen_facts(invoice, parts, totals, lines, supplied_on=None))
    kept = {name: old[name] for name in ("supply_date", "payment_method", "corrects", "order") if name in old}
    for side in ("seller", "buyer"):
        now[side] |= {name: value for name, value in old.get(side, {}).items() if value and name in now[side]}
    return now | kept | {"instalments": audit.plain([part._asdict() for part in parts])}


def _party(facts: Mapping[str, Any]) -> Party:
    return Party(
        name=facts["name"],
        address=Address(facts["line1"], facts["line2"], facts["postcode"], facts["city"], facts["country"]),
        siren=facts["siren"],
        siret=facts["siret"],
        vat_number=facts["vat_number"],
        electronic_address=facts["electronic_address"],
        electronic_scheme=facts["electronic_scheme"],
        facts=facts,
    )


def _address(facts: Mapping[str, str] | None) -> Address | None:
    return None if facts is None else Address(**facts)


def _day(value: str) -> date:
    return date.fromisoformat(value)
