"""Statements and their lines as the contract shows them: by the command, by the API, in the preview of a file."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from invoicing.bank import movement_fields, statement_fields
from invoicing.enums import Continuity
from invoicing.models import BankStatement, StatementLine
from invoicing.services import StatementResult


def result_fields(result: StatementResult, *, lines: str = "") -> dict[str, Any]:
    """One statement of a file that was read or booked.

    :param lines: the name its movements go by; they are left out when empty
    """
    found = {
        "id": result.stored.pk if result.stored else None,
        **statement_fields(result.statement),
        "format": str(result.format),
        "created": result.created,
        "duplicates": result.duplicates,
        "continuity": str(result.continuity),
        "balance_before": _amount(result.balance_before),
        "warning": continuity_in_words(result.continuity, result.balance_before),
    }
    if lines:
        found[lines] = [
            {**movement_fields(movement), "outcome": str(outcome)}
            for movement, outcome in zip(result.statement.movements, result.outcomes, strict=True)
        ]
    return found


def stored_fields(row: BankStatement, *, created: int, duplicates: int) -> dict[str, Any]:
    """One stored statement."""
    return {
        "id": row.pk,
        "account": str(row.bank_account.iban or row.bank_account),
        "currency": row.currency,
        "number": row.number,
        "opening_balance": f"{row.opening_balance:.2f}",
        "opening_date": row.opening_on,
        "closing_balance": f"{row.closing_balance:.2f}",
        "closing_date": row.closing_on,
        "format": row.format,
        "created": created,
        "duplicates": duplicates,
        "continuity": row.continuity,
        "balance_before": _amount(row.balance_before),
        "warning": continuity_in_words(row.continuity, row.balance_before),
    }


def line_fields(line: StatementLine) -> dict[str, Any]:
    """One stored line, with what became of it."""
    proposal = getattr(line, "proposal", None)
    return {
        "id": line.pk,
        "date": line.booked_on,
        "value_date": line.value_on,
        "amount": f"{line.amount:.2f}",
        "reference": line.reference,
        "end_to_end_id": line.end_to_end_id,
        "payer_name": line.payer_name,
        "payer_iban": line.payer_iban,
        "text": line.text,
        "label": line.label,
        "operation_code": line.operation_code,
        "return_reason": line.return_reason,
        "line": line.file_line,
        "outcome": line.outcome,
        "payment": line.payment_id,
        "duplicate_of": line.duplicate_of_id,
        "return": {"id": proposal.pk, "status": proposal.status, "payment": proposal.payment_id}
        if proposal
        else None,
    }


def continuity_in_words(continuity: str, balance_before: Any) -> str:
    """What to know of how a statement follows the one before it; empty where all is as it should be."""
    if continuity == Continuity.GAP:
        return _(
            "The statement before it closed with %(before)s: one is missing between them. Bring it in too; its lines"
            " are then booked in their place."
        ) % {"before": _amount(balance_before)}
    if continuity == Continuity.OVERLAP:
        return _("Lines of it were in an earlier statement: they are not booked twice.")
    return ""


def _amount(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"
