"""Limiting one kind of risk of a client: by credit, with a reason, from today on (features B4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

from ..enums import LimitedPart
from ..locks import lock_credit
from ..models import PartLimit
from .limits import FourEyes

RIGHT = "credit.decide_limit"


class PartLimitsUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("These are the limits in force: nothing changes.")


class PartLimitOfBonus(FourEyes):
    """Who earns by the client does not say how much of a risk it may be."""

    message = _("You have a bonus on this client: somebody else sets its limits.")


@retrying
def set_part_limits(
    *, account_id: int, amounts: Mapping[str, Decimal | None], reason: str, by: User, at: datetime
) -> tuple[PartLimit, ...]:
    """Say how much of each kind of risk a client may have, within its limit; held orders are examined again.

    :param amounts: the most by kind, in the currency of the client's company; None is no limit of its own, zero is
        "nothing of it"; a kind that is missing stays as it is
    :returns: the rows in force afterwards
    :raises NotFound: no such client, or not this user's to see
    :raises NotAllowed: without the right to decide limits
    :raises PartLimitOfBonus: by who has a bonus on the client
    :raises Invalid: an unknown kind, an amount below zero, no reason
    :raises PartLimitsUnchanged: all of it is in force already
    """
    today = paris_date(at)
    with transaction.atomic():
        account = (
            CustomerAccount.objects.visible_to(by).select_related("company").filter(pk=account_id).first()
        )
        if account is None:
            raise NotFound(code="account_not_found")
        if not by.may(RIGHT, account.company):
            raise NotAllowed
        if TeamMember.objects.filter(in_force_on(today), account=account, user=by, has_bonus=True).exists():
            raise PartLimitOfBonus
        _refuse_wrong(amounts, reason)
        lock_credit(account)
        rows = {row.part: row for row in PartLimit.objects.filter(account=account, effective_to=None)}
        before = {part: row.amount for part, row in rows.items()}
        changed = {part: amount for part, amount in amounts.items() if before.get(part) != amount}
        if not changed:
            raise PartLimitsUnchanged
        for part, amount in changed.items():
            if part in rows:
                row = rows.pop(part)
                row.effective_to, row.end_reason, row.ended_by, row.ended_at = today, reason.strip(), by, at
                row.save(update_fields=["effective_to", "end_reason", "ended_by", "ended_at"])
            if amount is not None:
                rows[part] = PartLimit.objects.create(
                    account=account, part=part, amount=amount, effective_from=today, reason=reason.strip(),
                    set_by=by, set_at=at,
                )  # fmt: skip
        audit.record(
            "credit.part_limits_set",
            account,
            by=by,
            at=at,
            label=account.code,
            reason=reason.strip(),
            company_id=account.company_id,
            account_id=account.pk,
            before={part: before.get(part) for part in changed},
            after=dict(changed),
        )
        work.emit("credit.changed", f"account:{account.pk}", {"account_id": account.pk})
    return tuple(rows[part] for part in sorted(rows))


def _refuse_wrong(amounts: Mapping[str, Decimal | None], reason: str) -> None:
    errors: dict[str, list[object]] = {}
    for part, amount in amounts.items():
        if part not in LimitedPart.values:
            errors[part] = [_("There is no such kind of risk.")]
        elif amount is not None and amount < 0:
            errors[part] = [_("A limit is zero or more; leave it empty for none.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
