"""Limits of single kinds of risk of a client: the form with what is used of each, and what held before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from accounts.views.answers import now
from credit import queries
from credit.enums import LimitedPart
from credit.forms import PartLimitsForm
from credit.part_limit_queries import by_kind, part_limit_history, part_limits_on
from credit.services.part_limits import RIGHT, set_part_limits
from o2c.shared.calendar import paris_date

from .flags import FlagPage

_PAST_SHOWN = 20


class SetPartLimits(FlagPage):
    """Say how much of each kind of risk a client may have."""

    permission = RIGHT
    form_class = PartLimitsForm
    template = "credit/part_limits.html"
    title, verb = _("Limits by kind of risk of %(name)s"), _("Set these limits")
    done = _("The limits by kind of risk of %(name)s are set.")
    consequence = _(
        "They hold within the credit limit, from now on: an order that adds to a kind beyond its limit waits, and so"
        " does every order while another kind is beyond its own. Held orders are examined again within a minute."
    )

    @staticmethod
    def act(*, account_id: int, by: Any, at: Any, reason: str, **amounts: Any) -> Any:
        """Set all four; what is left empty has no limit of its own."""
        return set_part_limits(account_id=account_id, amounts=amounts, reason=reason, by=by, at=at)

    def form(self, account: CustomerAccount, data: Any = None) -> forms.Form:
        """The form, filled with what is in force."""
        known = {row.part: row.amount for row in part_limits_on(account, paris_date(now()))}
        return PartLimitsForm(data, initial=known, currency=account.company.currency)

    def facts(self, account: CustomerAccount) -> dict[str, Any]:
        """What the client has of each kind today, and the limits that held before."""
        used = by_kind(queries.exposure_of(account, on=paris_date(now())))
        return {
            "used": [(LimitedPart(part).label, amount) for part, amount in used.items()],
            "past": part_limit_history(account)[:_PAST_SHOWN],
            "currency": account.company.currency,
        }
