"""Documents and payments as a batch brings them, and when one of them is the one that is known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from accounts.models import CustomerAccount
from invoicing.models import Invoice, Payment
from invoicing.policy import Instalment, LineInput


class Debtor(NamedTuple):
    """Of a client, what booking a document on it needs; a file may name every client of a company."""

    pk: int
    company_id: int
    currency: str
    term: str


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document issued elsewhere, as ``record_invoice`` takes it.

    :ivar due_date: by the term when None
    :ivar term: the account's when empty
    """

    account: CustomerAccount | Debtor
    number: str
    issue_date: date
    total_incl_vat: Decimal | None
    creation_hash: str
    due_date: date | None = None
    term: str = ""
    currency: str = ""
    customer_reference: str = ""
    lines: Sequence[LineInput] = ()
    instalments: Sequence[Instalment] = ()


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money received, as ``record_payment`` takes it without matching; in nobody's book without an account."""

    account: CustomerAccount | Debtor | None
    external_id: str
    received_on: date
    amount: Decimal
    currency: str
    method: str
    creation_hash: str
    reference: str = ""
    payer_name: str = ""
    payer_iban: str = ""


def same_document(known: Invoice, row: DocumentRow) -> bool:
    """Whether a stored document is the one a row names: by its hash, or by its content where a ledger brought it."""
    if known.creation_hash:
        return known.creation_hash == row.creation_hash
    return (
        known.account_id,
        known.issue_date,
        known.total_incl_vat,
        known.due_date,
        known.currency,
    ) == (
        row.account.pk,
        row.issue_date,
        row.total_incl_vat,
        row.due_date or known.due_date,
        row.currency or known.currency,
    )


def same_payment(known: Payment, row: PaymentRow) -> bool:
    """The same for a payment."""
    if known.creation_hash:
        return known.creation_hash == row.creation_hash
    return (known.account_id, known.received_on, known.amount, known.currency) == (
        row.account.pk if row.account else None,
        row.received_on,
        row.amount,
        row.currency,
    )
