"""What was published about a client's legal entity, and how that splits its account: a part of the client page."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import CustomerAccount
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from credit.legal_policy import deadlines
from credit.legal_queries import notices_of, splits_of
from invoicing.insolvency import sides_of
from o2c.shared.past import look


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """Notices, the split, the deadlines; nothing where nothing was published."""
    looked = look(request)
    notices = notices_of(account, on=looked.day)
    if not notices:
        return None
    # Amounts are of today alone; a past day shows what was published by then.
    split = None if looked.is_past else splits_of([account.pk]).get(account.pk)
    opening = next(
        (row for row in notices if split and row.judgement_on == split.judgement_on and row.opens), None
    )
    may_see = signed_in(request).may("invoicing.view", account.company)
    return Panel(
        "invoicing/_insolvency.html",
        {
            "account": account,
            "notices": notices,
            "split": split,
            "opening": opening,
            "is_open": any(
                row.opens and (row.ended_on is None or row.ended_on > looked.day) for row in notices
            ),
            "sides": sides_of(account, split.judgement_on) if split and may_see else [],
            "deadlines": deadlines(opening.published_on) if opening else None,
        },
    )
