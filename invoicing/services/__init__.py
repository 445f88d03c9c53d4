"""The acts of invoicing: documents, payments, matching, disputed amounts, periods, booking of imported ledgers."""

from __future__ import annotations

from .allocations import MatchPair, allocate, allocate_many, allocate_payment
from .asking import ask_to_match
from .bank_accounts import NamedAccount, add_bank_account
from .bank_returns import leave_return, propose_returns, returnable, settle_return
from .bulk import BookedCounts, ImportedRow, ImportedSettlement, book_imported
from .clearing import set_clearing_days
from .credit_notes import (
    CreditPreview,
    approve_credit_note,
    credit_invoice,
    creditable,
    preview_credit,
    refuse_credit_note,
)
from .credit_worth import CreditLine
from .deposit_requests import (
    DepositWaits,
    cancel_deposit,
    money_arrived,
    order_ended,
    request_deposit,
)
from .deposits import DepositTooLarge, NotADeposit, deposits_of, issue_deposit
from .differences import AboveTolerance, NoDiscount
from .disputed import dispute_amount, end_dispute
from .documents import record_invoice
from .due_dates import change_due_date
from .files import DocumentRefused, NoEInvoice, StillMade, file_of, is_plain
from .grouped import NotOneInvoice, issue_grouped
from .many import (
    Verdict,
    document_verdicts,
    enter_documents,
    enter_payments,
    payment_verdicts,
)
from .matching_rules import set_matching_rules
from .order_invoices import issue_from_order
from .payments import record_payment
from .periods import close_period, reopen_period
from .returns import AlreadyReturned, NotReturned, Returned, return_payment, undo_return
from .rows import Debtor, DocumentRow, PaymentRow
from .settling import identify, settle
from .shared import KeyTaken, open_days
from .statement_files import NotWaiting, book_file, find_file, queue_file, receive_file
from .statements import StatementResult, UnknownBankAccount, import_statements
from .stops import (
    RIGHT_TO_STOP,
    NothingToRemind,
    NotStopped,
    resume_client,
    resume_item,
    stop_client,
    stop_item,
)
from .unmatching import AlreadyReversed, NotUndone, OfReturn, match_again, unallocate
from .wishes import AlreadyIdentified, SettleLine, WentBack, lines_of

__all__ = [
    "RIGHT_TO_STOP",
    "AboveTolerance",
    "AlreadyIdentified",
    "AlreadyReturned",
    "AlreadyReversed",
    "BookedCounts",
    "CreditLine",
    "CreditPreview",
    "Debtor",
    "DepositTooLarge",
    "DepositWaits",
    "DocumentRefused",
    "DocumentRow",
    "ImportedRow",
    "ImportedSettlement",
    "KeyTaken",
    "MatchPair",
    "NamedAccount",
    "NoDiscount",
    "NoEInvoice",
    "NotADeposit",
    "NotOneInvoice",
    "NotReturned",
    "NotStopped",
    "NotUndone",
    "NotWaiting",
    "NothingToRemind",
    "OfReturn",
    "PaymentRow",
    "Returned",
    "SettleLine",
    "StatementResult",
    "StillMade",
    "UnknownBankAccount",
    "Verdict",
    "WentBack",
    "add_bank_account",
    "allocate",
    "allocate_many",
    "allocate_payment",
    "approve_credit_note",
    "ask_to_match",
    "book_file",
    "book_imported",
    "cancel_deposit",
    "change_due_date",
    "close_period",
    "credit_invoice",
    "creditable",
    "deposits_of",
    "dispute_amount",
    "document_verdicts",
    "end_dispute",
    "enter_documents",
    "enter_payments",
    "file_of",
    "find_file",
    "identify",
    "import_statements",
    "is_plain",
    "issue_deposit",
    "issue_from_order",
    "issue_grouped",
    "leave_return",
    "lines_of",
    "match_again",
    "money_arrived",
    "open_days",
    "order_ended",
    "payment_verdicts",
    "preview_credit",
    "propose_returns",
    "queue_file",
    "receive_file",
    "record_invoice",
    "record_payment",
    "refuse_credit_note",
    "reopen_period",
    "request_deposit",
    "resume_client",
    "resume_item",
    "return_payment",
    "returnable",
    "set_clearing_days",
    "set_matching_rules",
    "settle",
    "settle_return",
    "stop_client",
    "stop_item",
    "unallocate",
    "undo_return",
]
