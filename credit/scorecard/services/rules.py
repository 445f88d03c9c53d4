"""Whether the classes of a company's clients follow their scores."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.problems import Invalid, NotAllowed

from .record import NothingNew

CHANGE: Final = "policy.change"


def change_rating_rules(*, company_id: int, follows: bool, reason: str, by: User, at: datetime) -> Company:
    """Have classes follow the scores from the next night on, or leave them to people.

    :raises NothingNew: it is so already
    """
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        if company.class_follows_score == follows:
            raise NothingNew
        company.class_follows_score = follows
        company.save(update_fields=["class_follows_score"])
        audit.record(
            "rating.rules_changed",
            company,
            by=by,
            at=at,
            company_id=company.pk,
            before={"class_follows_score": not follows},
            after={"class_follows_score": follows},
            reason=reason.strip(),
        )
        return company
