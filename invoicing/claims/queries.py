"""What may be claimed of the credit insurer, and the claim files there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Company, CustomerAccount, User
from credit.exposure import all_rates_on
from credit.insurance_queries import policy_in_force
from credit.legal_policy import is_frozen
from credit.legal_queries import notices_of, splits_of
from credit.models import InsurancePolicy
from invoicing.factoring.queries import sold_keys
from invoicing.models import InsuranceClaim, InsuranceClaimItem, ReceivableItem
from invoicing.queries import usual_vat
from invoicing.scope import own_items
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

from . import policy
from .cap import cover_year, in_currency
from .enums import ClaimStatus
from .policy import Claimable, Worth

# Documents of one client that a page offers at most.
AT_MOST: Final = 500

# What the insurer covered on the day of issue: the word it named last, else the policy's blind cover where it never
# named the buyer. The due date is the one a document was issued with.
_FACTS: Final = """
    SELECT i.id, i.document, i.issue_date, COALESCE(d.old_due_date, i.due_date), i.open_amount,
           i.open_amount - COALESCE(x.amount, 0), i.currency, c.currency,
           CASE WHEN c.id IS NULL THEN p.blind_limit
                WHEN c.status IN ('ACTIVE', 'PARTIAL', 'REDUCED')
                     AND (c.valid_until IS NULL OR c.valid_until >= i.issue_date) THEN c.amount END,
           COALESCE(c.insured_pct, p.blind_pct, 0),
           EXISTS (SELECT FROM invoicing_insuranceclaimitem q WHERE q.item_id = i.id AND q.is_open)
    FROM invoicing_receivableitem i
    JOIN accounts_customeraccount a ON a.id = i.account_id
    LEFT JOIN LATERAL (
        SELECT * FROM credit_insurancepolicy p
        WHERE p.company_id = i.company_id AND p.valid_from <= i.issue_date ORDER BY p.valid_from DESC LIMIT 1
    ) p ON TRUE
    LEFT JOIN LATERAL (
        SELECT * FROM credit_buyercover c
        WHERE c.company_id = i.company_id AND c.entity_id = a.entity_id AND c.effective_on <= i.issue_date
        ORDER BY c.effective_on DESC LIMIT 1
    ) c ON TRUE
    LEFT JOIN LATERAL (
        SELECT old_due_date FROM invoicing_duedatechange d
        WHERE d.item_id = i.id ORDER BY d.effective_from, d.id LIMIT 1
    ) d ON TRUE
    LEFT JOIN LATERAL (
        SELECT SUM(amount) AS amount FROM invoicing_disputedamount x
        WHERE x.item_id = i.id AND x.effective_from <= %(on)s AND (x.effective_to IS NULL OR x.effective_to > %(on)s)
    ) x ON TRUE
    WHERE i.id = ANY(%(items)s) AND i.kind IN ('INVOICE', 'OPENING')
    ORDER BY i.due_date, i.id
"""


def claimable_items(user: User, account: CustomerAccount, *, on: date) -> list[Claimable]:
    """What a client owes the user's company, the oldest first, as the insurer would look at it."""
    open_items = ReceivableItem.objects.filter(own_items(user, account.company), account=account)
    keys = open_items.filter(open_amount__gt=0, amount__gt=0).order_by("due_date", "pk")
    return claimable(account, list(keys.values_list("pk", flat=True)[:AT_MOST]), on=on)


def claimable(account: CustomerAccount, item_ids: Collection[int], *, on: date) -> list[Claimable]:
    """Some items of a client as the insurer would look at them, in a constant number of statements.

    A limit in another currency than the document counts at the rate of the day.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"items": list(item_ids), "on": on})
        rows = cursor.fetchall()
    sold, rates = sold_keys(item_ids, on=on), all_rates_on(on)
    split = splits_of([account.pk]).get(account.pk)
    found = []
    for key, document, issued, due, open_amount, amount, currency, cover_in, limit, share, claimed in rows:
        found.append(
            Claimable(
                item_id=key,
                document=document,
                currency=currency,
                issue_date=issued,
                due_date=due,
                open_amount=open_amount,
                amount=max(ZERO, amount),
                limit=in_currency(currency, limit, cover_in or account.company.currency, rates),
                insured_pct=share,
                frozen=split is not None and is_frozen(issued, split.judgement_on),
                is_sold=key in sold,
                is_claimed=claimed,
            )
        )
    return found


def worth(
    account: CustomerAccount, items: Collection[Claimable], *, on: date, told_on: date | None = None
) -> Worth:
    """What the insurer would pay of documents of one currency, beside the legal entity's other open claims.

    :param told_on: the day the insurer was told: the year whose cap counts; today when nothing else is said
    """
    terms = policy_in_force(account.company, on=on)
    vat_pct = ZERO if terms is None or terms.vat_insured else usual_vat(account_id=account.pk, on=on)
    currency = next(iter(items)).currency
    year = None if terms is None else cover_year(terms, told_on=told_on or on, on=on)
    left = in_currency(currency, year.left if year else None, account.company.currency, all_rates_on(on))
    return policy.worth_of(items, vat_pct=vat_pct, taken=_taken(account, currency, on), left=left)


def deadline(
    account: CustomerAccount, terms: InsurancePolicy, items: Collection[Claimable], *, on: date
) -> date:
    """By when some documents must be told: counted from the judgement's publication, else from the first due date."""
    if all(one.frozen for one in items):
        split = splits_of([account.pk])[account.pk]
        known = notices_of(account, on=on)
        published = min(
            (row.published_on for row in known if row.judgement_on == split.judgement_on),
            default=split.judgement_on,
        )
        return published + timedelta(days=terms.insolvency_days)
    return policy.deadline_of([one.due_date for one in items], days=terms.declaration_days)


def claims(user: User, company: Company | None = None) -> QuerySet[InsuranceClaim]:
    """Claim files this user may see, each with ``open_amount``: what is open of its documents today."""
    of_claim = InsuranceClaimItem.objects.filter(claim=OuterRef("pk")).order_by().values("claim")
    opened = of_claim.annotate(n=Sum("item__open_amount")).values("n")
    return (
        InsuranceClaim.objects.visible_to(user, company)
        .annotate(open_amount=Coalesce(Subquery(opened), ZERO))
        .select_related("account", "company", "policy", "opened_by")
        .order_by("-opened_at", "-pk")
    )


def find_claim(user: User, key: int) -> Any:
    """One claim file with its steps, ``seen_items`` and ``hidden``: how many documents are colleagues' sales.

    :raises NotFound: there is none, or it is not the user's to see
    """
    found: Any = claims(user).prefetch_related("steps__by").filter(pk=key).first()
    if found is None:
        raise NotFound
    rows = list(found.items.select_related("item__invoice"))
    if user.sees_every_sale(found.company):
        seen = {row.item_id for row in rows}
    else:
        mine = ReceivableItem.objects.filter(own_items(user, found.company), insurance_claims__claim=found)
        seen = set(mine.values_list("pk", flat=True))
    found.seen_items = [row for row in rows if row.item_id in seen]
    found.hidden = len(rows) - len(found.seen_items)
    return found


def owes_late(account: CustomerAccount, *, on: date) -> bool:
    """Whether something of a client is late on a day: a claim of the insurer may begin with it."""
    return ReceivableItem.objects.filter(account=account, open_amount__gt=0, due_date__lt=on).exists()


def claims_of(user: User, account: CustomerAccount) -> list[InsuranceClaim]:
    """The claim files of a client, the latest first."""
    return list(claims(user, account.company).filter(account=account))


def _taken(account: CustomerAccount, currency: str, on: date) -> Decimal:
    """What other open claims of a client's legal entity take of the insurer's limits, in a currency."""
    rows = (
        InsuranceClaim.objects.filter(company=account.company, account__entity=account.entity_id)
        .exclude(status=ClaimStatus.CLOSED)
        .order_by()
        .values_list("currency")
        .annotate(amount=Sum("covered"))
    )
    rates = all_rates_on(on)
    return sum((in_currency(currency, amount, other, rates) or ZERO for other, amount in rows), ZERO)
