"""Who reads which messages: those about a client with whoever sees the client, one's own always."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import Company, CustomerAccount, User
from invoicing.models import Invoice
from o2c.shared.models import OutboxMessage
from orders.models import Order


def messages_visible(user: User, company: Company | None) -> QuerySet[OutboxMessage]:
    """Messages about clients this user may see in a company, and those to the user; the newest first."""
    seen = CustomerAccount.objects.visible_to(user, company).order_by().values("pk")
    about = Q(account_id__in=seen) if user.may("accounts.view", company) else Q(pk__in=[])
    if not user.sees_every_sale(company):
        # A colleague's sale to one's own client is not there, nor what was written about it.
        orders = Order.objects.visible_to(user, company).order_by().values("pk")
        about &= ~Q(about_type=Order._meta.label_lower) | Q(about_id__in=orders)
        invoices = Invoice.objects.visible_to(user, company).order_by().values("pk")
        about &= ~Q(about_type=Invoice._meta.label_lower) | Q(about_id__in=invoices)
    rows = OutboxMessage.objects.filter(about | Q(user=user)).select_related("user")
    return rows.order_by("-created_at", "-pk")
