"""What pages and the API read of the bank: statements, lines, accounts, files."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Company, User
from invoicing.enums import LineOutcome, ReturnStatus
from invoicing.models import BankAccount, BankStatement, ReturnProposal, StatementFile, StatementLine


def statements(user: User, company: Company | None) -> QuerySet[Any]:
    """Statements that a user may see, latest first, with how many of their lines became what."""

    def lines(**which: Any) -> Coalesce:
        counted = (
            StatementLine.objects.filter(statement=OuterRef("pk"), **which)
            .order_by()
            .values("statement")
            .annotate(times=Count("pk"))
            .values("times")
        )
        return Coalesce(Subquery(counted), 0)

    return (
        BankStatement.objects.visible_to(user, company)
        .select_related("bank_account", "company", "imported_by")
        .annotate(
            duplicate_lines=lines(outcome=LineOutcome.DUPLICATE),
            payment_lines=lines(outcome=LineOutcome.PAYMENT),
            return_lines=lines(outcome=LineOutcome.RETURN),
            waiting_returns=lines(proposal__status=ReturnStatus.OPEN),
        )
        .order_by("-closing_on", "-pk")
    )


def lines_of(statement: BankStatement) -> QuerySet[Any]:
    """The lines of a statement as they stand in it, with what became of each."""
    return (
        StatementLine.objects.filter(statement=statement)
        .select_related(
            "payment__account", "duplicate_of__statement", "proposal__payment__account", "statement"
        )
        .order_by("position")
    )


def bank_accounts(user: User, company: Company | None) -> QuerySet[Any]:
    """Bank accounts that a user may see, with their last statement."""
    return (
        BankAccount.objects.visible_to(user, company)
        .select_related("company", "created_by")
        .annotate(last_statement=Max("statements__closing_on"), statement_count=Count("statements"))
        .order_by("name", "key", "currency")
    )


def waiting_files(user: User, company: Company | None) -> QuerySet[Any]:
    """Files somebody looked at and nobody booked or refused yet."""
    return (
        StatementFile.objects.visible_to(user, company)
        .filter(Q(status="uploaded") | Q(status="previewed") | Q(status="queued"))
        .select_related("requested_by")
        .order_by("-created_at")
    )


def open_returns(user: User, company: Company | None) -> QuerySet[Any]:
    """Movements that took money back and wait for a person."""
    return (
        ReturnProposal.objects.visible_to(user, company)
        .filter(status=ReturnStatus.OPEN)
        .select_related("line__statement__bank_account", "payment__account")
        .order_by("line__booked_on", "pk")
    )
