"""Whose sale an order or quotation is (ADR 0010)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from accounts.models import Company, CustomerAccount, User, stood_in_for
from o2c.shared.models import AuditEvent


def own_sales(user: User, company: Company | None = None, prefix: str = "") -> Q:
    """What is no colleague's sale: sold or entered by the reader, by nobody, or to a client the reader stands in for.

    Empty where nothing is hidden.

    :param prefix: the way to the order or quotation, such as ``order__``
    """
    if user.sees_every_sale(company):
        return Q()
    own = (
        Q(**{f"{prefix}sales_rep": user})
        | Q(**{f"{prefix}sales_rep": None})
        | Q(**{f"{prefix}created_by": user})
        | Q(**{f"{prefix}account__in": stood_in_for(user)})
    )
    whole = user.companies_seen_whole()
    return own | Q(**{f"{prefix}company__in": whole}) if whole else own


def readable_events(user: User, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Events without those of colleagues' orders, quotations and overrides (``settings.JOURNAL_SCOPES``)."""
    accounts = CustomerAccount.objects.visible_to(user)
    for model, prefix in (("order", ""), ("quotation", ""), ("overriderequest", "order__")):
        rows: QuerySet[Any] = apps.get_model("orders", model)._base_manager.filter(
            **{f"{prefix}account__in": accounts}
        )
        hidden = rows.exclude(own_sales(user, prefix=prefix)).values("pk")
        events = events.exclude(object_type=f"orders.{model}", object_id__in=hidden)
    return events
