"""The cash discount that one client is granted instead of the company's."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from invoicing.models import CashDiscount
from o2c.shared import audit
from o2c.shared.money import quantize
from o2c.shared.problems import Invalid, NotFound

from .shared import require

RIGHT: Final = "accounts.edit"
MOST_DAYS: Final = 365


def set_cash_discount(
    *, account_id: int, percent: Decimal | None, days: int | None, reason: str, by: User, at: datetime
) -> CashDiscount | None:
    """Grant a client a cash discount of its own, for what is matched from now on; None takes it back.

    :param percent: of the price, None where the company's counts again
    :param days: after the issue of the invoice
    :raises NotFound: no such client, or not the user's to see
    :raises Invalid: one without the other, out of bounds, no reason
    """
    with transaction.atomic():
        account = (
            CustomerAccount.objects.visible_to(by)
            .select_for_update(of=("self",), no_key=True)
            .filter(pk=account_id)
            .first()
        )
        if account is None:
            raise NotFound
        require(by, RIGHT, account.company_id)
        errors = {} if reason.strip() else {"reason": [_("A reason is required.")]}
        if (percent is None) is not (days is None):
            errors["days"] = [_("A cash discount has a percentage and a number of days.")]
        if percent is not None and not (0 < percent < 100 and percent == quantize(percent, 2)):
            errors["percent"] = [_("A discount is a percentage below 100 with two decimals at most.")]
        if days is not None and not 0 <= days <= MOST_DAYS:
            errors["days"] = [_("Between 0 and 365 days.")]
        if errors:
            raise Invalid(errors=errors)
        known = CashDiscount.objects.filter(company=account.company_id, account=account).first()
        before = _facts(known)
        made: CashDiscount | None = None
        if percent is None or days is None:
            CashDiscount.objects.filter(company=account.company_id, account=account).delete()
        else:
            made, _new = CashDiscount.objects.update_or_create(
                company_id=account.company_id, account=account, defaults={"percent": percent, "days": days}
            )
        if before != _facts(made):
            audit.record(
                "discount.changed",
                account,
                by=by,
                at=at,
                label=account.code,
                account_id=account.pk,
                reason=reason.strip(),
                before=before,
                after=_facts(made),
            )
    return made


def _facts(row: CashDiscount | None) -> dict[str, object]:
    return {"percent": row.percent if row else None, "days": row.days if row else None}
