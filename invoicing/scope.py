"""Whose sale an invoice or an item is (ADR 0010)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User, stood_in_for
from o2c.shared.models import AuditEvent
from orders.scope import own_sales


def own_documents(user: User, company: Company | None = None) -> Q:
    """Invoices that are no colleague's sale: by their order's rep, else by the client's rep of the issue date.

    Empty where nothing is hidden.
    """
    if user.sees_every_sale(company):
        return Q()
    return (
        Q(order__isnull=False) & own_sales(user, company, "order__")
        | Q(order=None) & ~Exists(_colleague(user))
        | Q(account__in=stood_in_for(user))
        | _seen_whole(user)
    )


def own_items(user: User, company: Company | None = None) -> Q:
    """Items that are no colleague's sale; money that came in is nobody's sale."""
    if user.sees_every_sale(company):
        return Q()
    return (
        Q(payment__isnull=False)
        | Q(invoice__order__isnull=False) & own_sales(user, company, "invoice__order__")
        | Q(payment=None, invoice__order=None) & ~Exists(_colleague(user))
        | Q(account__in=stood_in_for(user))
        | _seen_whole(user)
    )


def readable_events(user: User, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Events without those of colleagues' invoices and their matches (``settings.JOURNAL_SCOPES``)."""
    accounts = CustomerAccount.objects.visible_to(user)
    invoices = _rows("invoice").filter(account__in=accounts).exclude(own_documents(user))
    items = _rows("receivableitem").filter(account__in=accounts).exclude(own_items(user))
    matches = _rows("allocation").filter(debit__in=items)
    deposits = _rows("depositrequest").filter(account__in=accounts)
    contested = _rows("disputedamount").filter(item__in=items)
    for model, hidden in (
        ("invoice", invoices),
        ("receivableitem", items),
        ("allocation", matches),
        ("depositrequest", deposits.exclude(own_sales(user, prefix="order__"))),
        ("disputedamount", contested),
    ):
        events = events.exclude(object_type=f"invoicing.{model}", object_id__in=hidden.values("pk"))
    return events


def _rows(model: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = apps.get_model("invoicing", model)._base_manager.all()
    return rows


def _colleague(user: User) -> QuerySet[TeamMember]:
    """Another rep who had the client when the document was issued."""
    issued = OuterRef("issue_date")
    return (
        TeamMember.objects.filter(
            account=OuterRef("account"), role=TeamRole.SALES_REP, valid_from__lte=issued
        )
        .filter(Q(valid_to=None) | Q(valid_to__gt=issued))
        .exclude(user=user)
    )


def _seen_whole(user: User) -> Q:
    return Q(company__in=user.companies_seen_whole() or [])
