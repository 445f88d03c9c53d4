"""The clock of a hold: reminded after three working hours, the next level told once it is late; who looks after it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from ..enums import OverrideStatus
from ..models import HoldCase, Order, OverrideRequest
from . import advance, decisions

_AT_ONCE = 500


def watch_clocks(*, at: datetime) -> dict[str, int]:
    """Remind, tell the next level, and end requests whose day is past; each once, however often this runs."""
    counts = {"reminded": 0, "late": 0, "expired": 0}
    with transaction.atomic():
        waiting = HoldCase.objects.filter(closed_at=None)
        late = _locked(waiting.filter(target_at__lt=at, overdue_told_at=None))
        for case in late:
            work.emit("case.overdue", f"case:{case.pk}", {"case_id": case.pk})
        keys = [case.pk for case in late]
        counts["late"] = HoldCase.objects.filter(pk__in=keys).update(overdue_told_at=at, alerted_at=at)
        soon = _locked(waiting.filter(alert_at__lte=at, alerted_at=None))
        for case in soon:
            work.emit("case.alert", f"case:{case.pk}", {"case_id": case.pk})
        counts["reminded"] = HoldCase.objects.filter(pk__in=[case.pk for case in soon]).update(alerted_at=at)
    counts["expired"] = OverrideRequest.objects.filter(
        status=OverrideStatus.OPEN, valid_until__lt=paris_date(at)
    ).update(status=OverrideStatus.EXPIRED, ended_at=at)
    return counts


@retrying
def assign_case(*, order_id: int, owner: User | None, by: User, at: datetime) -> HoldCase:
    """Take a held order, give it to somebody who may hold or release, or give it back.

    :raises WrongState: it is not on hold
    :raises Invalid: the owner may neither hold nor release there
    """
    with transaction.atomic():
        order: Order = advance.lock_order(order_id)
        if not _works_on_holds(by, order):
            raise NotAllowed
        if owner is not None and not _works_on_holds(owner, order):
            raise Invalid(errors={"owner": [_("This person does not work on held orders.")]})
        case = decisions.open_case_of(order)
        if case.owner_id == (owner.pk if owner else None):
            return case
        case.owner = owner
        case.save(update_fields=["owner"])
        after = {"owner": owner.username if owner else None}
        audit.record("order.assigned", order, by=by, at=at, label=order.number, after=after)
        return case


def _works_on_holds(user: User, order: Order) -> bool:
    return user.may("orders.hold", order.company) or user.may("orders.release", order.company)


def _locked(cases: QuerySet[HoldCase]) -> list[HoldCase]:
    """Cases nobody works on this moment; the next look finds the others."""
    free = cases.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("pk")
    return list(free[:_AT_ONCE])
