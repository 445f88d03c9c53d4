"""The acts of invoicing: documents, payments, matching, disputed amounts, booking of imported ledgers."""

from __future__ import annotations

from .allocations import AlreadyReversed, MatchPair, allocate, allocate_many, allocate_payment, unallocate
from .bulk import BookedCounts, ImportedRow, ImportedSettlement, book_imported
from .disputed import dispute_amount, end_dispute
from .documents import record_invoice
from .order_invoices import issue_from_order
from .payments import record_payment
from .shared import KeyTaken

__all__ = [
    "AlreadyReversed",
    "BookedCounts",
    "ImportedRow",
    "ImportedSettlement",
    "KeyTaken",
    "MatchPair",
    "allocate",
    "allocate_many",
    "allocate_payment",
    "book_imported",
    "dispute_amount",
    "end_dispute",
    "issue_from_order",
    "record_invoice",
    "record_payment",
    "unallocate",
]
