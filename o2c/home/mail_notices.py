"""Telling people that a document did not reach its client."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import TeamMember
from accounts.queries import in_force_on
from invoicing.models import DocumentMail
from invoicing.sending.services import RIGHT
from o2c.shared.calendar import paris_date

from .notices import lowest_with, write


def message_bounced(*, work: Any, message_id: int) -> dict[str, int]:
    """Work handler: tell the client's sales administration, else those who may send; nothing of other messages."""
    del work
    mail = (
        DocumentMail.objects.select_related("invoice__account", "message")
        .filter(message_id=message_id)
        .first()
    )
    if mail is None:
        return {"told": 0}
    invoice, today = mail.invoice, paris_date(timezone.now())
    team = TeamMember.objects.filter(in_force_on(today), account=invoice.account, role=TeamRole.ADV)
    told = set(team.values_list("user_id", flat=True))
    told = told or lowest_with(RIGHT, invoice.company_id, level=0, without=set())
    facts = {
        "invoice": invoice.number,
        "account": invoice.account.code,
        "client": invoice.account.name,
        "amount": str(invoice.total_incl_vat),
        "currency": invoice.currency,
        "reason": mail.message.error,
    }
    return write(
        "invoice.bounced",
        f"message:{message_id}",
        facts,
        reverse("invoicing:detail", args=[invoice.number]),
        dict.fromkeys(told, True),
        company_id=invoice.company_id,
        account_id=invoice.account_id,
        about=(invoice._meta.label_lower, invoice.pk),
    )
