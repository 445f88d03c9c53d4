"""The class of a client, set by what rates it and not by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.enums import RiskClass
from accounts.models import CustomerAccount, User
from o2c.shared import audit, work


def set_class(*, account_id: int, risk_class: str, by: User | None, at: datetime, reason: str) -> bool:
    """Put a client into a class; the caller has checked who may, and holds its credit locks.

    Held orders are examined again with the thresholds of the class.

    :param by: None for the portal itself
    :return: false where it was in that class already
    """
    wanted = RiskClass(risk_class)
    with transaction.atomic():
        account = CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account_id)
        before = account.risk_class
        if before == wanted:
            return False
        account.risk_class = wanted
        account.version += 1
        account.save(update_fields=["risk_class", "version"])
        audit.record(
            "account.class_changed",
            account,
            by=by,
            at=at,
            label=account.code,
            account_id=account.pk,
            before={"risk_class": before},
            after={"risk_class": str(wanted)},
            reason=reason,
        )
        work.emit("credit.changed", key=f"account:{account.pk}", payload={"account_id": account.pk})
    return True
