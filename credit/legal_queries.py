"""Legal notices as readers see them, and the judgement that splits a client's account."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.models import Company, CustomerAccount, User

from .legal_policy import JUDGEMENTS_SQL, OPENING, PAYABLE_SQL
from .models import LegalNotice


class Split(NamedTuple):
    """Where a client's account is split.

    :ivar payable_on: from when what was frozen may be paid; None while it may not
    """

    judgement_on: date
    payable_on: date | None


def notices_visible(user: User, company: Company | None = None) -> QuerySet[LegalNotice]:
    """Notices about legal entities of the clients this user may see, with the first such client."""
    clients = CustomerAccount.objects.visible_to(user, company)
    mine = clients.filter(entity=OuterRef("entity")).order_by("sort_key", "pk")
    return (
        LegalNotice.objects.filter(entity__in=clients.values("entity"))
        .annotate(client=Subquery(mine.values("name")[:1]), code=Subquery(mine.values("code")[:1]))
        .select_related("entity", "company", "recorded_by", "ended_by")
    )


def notices_of(account: CustomerAccount, *, on: date) -> list[LegalNotice]:
    """What was published by a day about a client's legal entity, the latest first; mistakes left out."""
    return list(
        LegalNotice.objects.filter(entity=account.entity_id, was_mistake=False, published_on__lte=on)
        .select_related("company")
        .order_by("-judgement_on", "-pk")
    )


def open_proceedings(on: date) -> Q:
    """Notices that hold new orders on a day."""
    return Q(kind__in=OPENING, was_mistake=False, judgement_on__lte=on) & (
        Q(ended_on=None) | Q(ended_on__gt=on)
    )


def splits_of(account_ids: Collection[int]) -> dict[int, Split]:
    """The judgements that split some clients' accounts, in one statement; the others are left out."""
    if not account_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT a.id, j.judgement_on, CASE WHEN p.payable_on >= j.judgement_on THEN p.payable_on END
            FROM accounts_customeraccount a
            JOIN ({JUDGEMENTS_SQL}) j ON j.entity_id = a.entity_id
            LEFT JOIN ({PAYABLE_SQL}) p ON p.entity_id = a.entity_id
            WHERE a.id = ANY(%s)
            """,
            [list(account_ids)],
        )
        return {key: Split(judgement, payable) for key, judgement, payable in cursor.fetchall()}
