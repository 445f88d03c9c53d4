"""Noting how a client approves and pays: what expected dates and reminders go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts.circuit_policy import problems_of
from accounts.models import CustomerAccount, PaymentCircuit, User
from o2c.shared import audit
from o2c.shared.problems import Invalid, NotAllowed, NotFound

RIGHT: Final = "accounts.edit"
FIELDS: Final = ("validator", "portal", "cut_off_day", "run_days", "references")


def change_circuit(*, account_id: int, values: Mapping[str, Any], by: User, at: datetime) -> dict[str, Any]:
    """Change what is known of a client's way to pay.

    :param values: by field of ``FIELDS``; what is left out stays
    :returns: the fields that changed, with their new values
    :raises NotFound: no such client, or not this user's to see
    :raises NotAllowed: without the right
    :raises Invalid: days that no month has, a cut-off without runs
    """
    with transaction.atomic():
        seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if seen is None:
            raise NotFound
        if not by.may(RIGHT, seen.company_id):
            raise NotAllowed
        account = CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=seen.pk)
        circuit = PaymentCircuit.objects.filter(account=account).first() or PaymentCircuit(account=account)
        before = {name: getattr(circuit, name) for name in FIELDS}
        wanted = {name: _cleaned(values[name]) for name in FIELDS if name in values}
        changed = {name: value for name, value in wanted.items() if before[name] != value}
        if not changed:
            return {}
        for name, value in changed.items():
            setattr(circuit, name, value)
        if problems := problems_of(circuit.run_days, circuit.cut_off_day):
            raise Invalid(errors=problems)  # type: ignore[arg-type]
        circuit.save()
        audit.record(
            "account.circuit_changed",
            account,
            by=by,
            at=at,
            label=account.code,
            company_id=account.company_id,
            account_id=account.pk,
            # Who approves is a person: the journal says that it changed, not to whom.
            before={name: before[name] for name in changed if name in ("cut_off_day", "run_days")},
            after={name: changed[name] for name in changed if name in ("cut_off_day", "run_days")}
            | {"fields": sorted(changed)},
        )
    return changed


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    return sorted(value) if isinstance(value, list | tuple) else value
