"""Telling people that an invoice needs them on the platforms: disputed, suspended, refused, rejected."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import TeamMember
from accounts.queries import rep_of
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.models import EInvoiceEvent
from o2c.shared.calendar import paris_date

from .notices import lowest_with, write

# The work is that of sales administration: correct, complete, credit and invoice again.
_ADV: Final = "orders.deliver"
KINDS: Final = {
    EInvoiceStatus.DISPUTED: "einvoice.disputed",
    EInvoiceStatus.SUSPENDED: "einvoice.suspended",
    EInvoiceStatus.REFUSED: "einvoice.refused",
    EInvoiceStatus.REJECTED: "einvoice.rejected",
}


def einvoice_status(*, work: Any, event_id: int) -> dict[str, int]:
    """Work handler: tell the client's sales administration, and the rep of what is contested."""
    del work
    event = EInvoiceEvent.objects.select_related("invoice__account", "invoice__company").get(pk=event_id)
    kind = KINDS.get(EInvoiceStatus(event.status))
    if kind is None:
        return {"told": 0}
    invoice, today = event.invoice, paris_date(timezone.now())
    team = TeamMember.objects.filter(account=invoice.account, role=TeamRole.ADV, valid_from__lte=today)
    told = set(team.filter(Q(valid_to=None) | Q(valid_to__gt=today)).values_list("user_id", flat=True))
    told = told or lowest_with(_ADV, invoice.company_id, level=1, without=set())
    people = dict.fromkeys(told - {event.recorded_by_id or 0}, True)
    if event.disputed and (rep := rep_of(invoice.account, today)) is not None:
        people.setdefault(rep.pk, False)
    facts = {
        "invoice": invoice.number,
        "account": invoice.account.code,
        "client": invoice.account.name,
        "amount": str(event.amount or invoice.total_incl_vat),
        "currency": invoice.currency,
        "reason": " · ".join(filter(None, (event.reason_code, event.comment))),
    }
    return write(
        kind,
        f"einvoice:{event.pk}",
        facts,
        reverse("invoicing:detail", args=[invoice.number]),
        people,
        company_id=invoice.company_id,
        account_id=invoice.account_id,
        about=(invoice._meta.label_lower, invoice.pk),
    )
