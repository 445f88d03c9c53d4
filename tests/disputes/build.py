"""Cases made by the acts themselves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import User
from disputes import services
from disputes.enums import DisputeOrigin, DisputeType
from disputes.models import Dispute
from invoicing.models import Invoice
from o2c.shared import work
from o2c.shared.models import Work
from tests.factories.invoicing import AT, TODAY


def opened(
    invoice: Invoice,
    amount: str | None = "400.00",
    *,
    by: User,
    kind: DisputeType = DisputeType.QUANTITY,
    at: Any = AT,
    **fields: Any,
) -> Dispute:
    """A case about an invoice, opened on the phone."""
    return services.open_dispute(
        contested=[
            services.Contested(invoice_id=invoice.pk, amount=None if amount is None else Decimal(amount))
        ],
        type=kind,
        origin=fields.pop("origin", DisputeOrigin.CALL),
        comment=fields.pop("comment", "Two pallets are missing."),
        by=by,
        at=at,
    )


def qualified(
    invoice: Invoice, amount: str | None = "400.00", *, by: User, owner: User, **fields: Any
) -> Dispute:
    """A case with its owner and date."""
    made = opened(invoice, amount, by=by, **fields)
    return services.qualify(dispute_id=made.pk, owner=owner, by=by, at=fields.get("at", AT))


def ten_days_on() -> Any:
    """The agreed date of a case about quantities opened today."""
    return TODAY + timedelta(days=10)


def react(*kinds: str) -> None:
    """Do the work that waits for the application's own reactions."""
    names = kinds or ("adopt", "amounts_ended", "open_from_status", "credit_decided")
    kinds_waiting = [f"react:disputes.services.{name}" for name in names]
    for key in (
        Work.objects.filter(kind__in=kinds_waiting, state="queued")
        .order_by("pk")
        .values_list("pk", flat=True)
    ):
        work.run(key)
