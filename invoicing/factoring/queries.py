"""What may be sold to the factor, what is sold, and money of the factor's that came in here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from accounts.models import Company, User
from credit.factoring.queries import approvals_of
from credit.legal_queries import splits_of
from credit.models import FactorAgreement, FactorApproval
from invoicing.enums import ItemKind
from invoicing.models import (
    Allocation,
    Assignment,
    AssignmentBatch,
    EInvoice,
    InvoiceLine,
    ReceivableItem,
)
from invoicing.queries import with_open_amount
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

from . import policy
from .exposure import SOLD_ITEMS
from .policy import Candidate, Offer, Terms

# How many items one list to the factor may hold, and how many of those left out are shown.
AT_MOST: Final = 1000
_OWED: Final = (ItemKind.INVOICE, ItemKind.DEPOSIT_INVOICE)


@dataclass(frozen=True)
class Proposal:
    """What could be sent to the factor on a day.

    :ivar sellable: items without a reason against them, the first due first
    :ivar left_out: the others of clients the factor takes, with every reason
    :ivar others: items of clients it does not take, their number and their sum in the agreement's currency
    :ivar financing: what all that is sellable would bring
    """

    agreement: FactorAgreement
    sellable: list[tuple[ReceivableItem, Offer]]
    left_out: list[tuple[ReceivableItem, Offer]]
    others: tuple[int, Decimal]
    financing: policy.Financing


def terms_of(agreement: FactorAgreement) -> Terms:
    """The terms of an agreement as the rules take them; it is in its company's currency."""
    return Terms(
        currency=agreement.company.currency,
        with_recourse=agreement.with_recourse,
        max_term_days=agreement.max_term_days,
        max_overdue_days=agreement.max_overdue_days,
        takes_public=agreement.takes_public,
    )


def proposal(agreement: FactorAgreement, user: User, *, on: date) -> Proposal:
    """Read what the user could send to the factor on a day, in a constant number of statements."""
    company = agreement.company
    approvals = approvals_of(agreement, None, on=on)
    open_items = ReceivableItem.objects.visible_to(user, company).filter(
        kind__in=_OWED, open_amount__gt=0, effective_date__lte=on
    )
    taken = Q(account__entity__in=list(approvals))
    items = list(_with_facts(open_items.filter(taken), on).order_by("due_date", "pk")[:AT_MOST])
    found = offers_of(items, agreement, approvals, on=on)
    sellable = [pair for pair in found if not pair[1].reasons]
    rest = open_items.exclude(taken).filter(currency=company.currency)
    sums = rest.aggregate(n=Count("pk"), amount=Sum("open_amount"))
    return Proposal(
        agreement=agreement,
        sellable=sellable,
        left_out=[pair for pair in found if pair[1].reasons],
        others=(sums["n"], sums["amount"] or ZERO),
        financing=financing_of(
            agreement,
            [(offer.candidate.debtor, offer.candidate.amount) for _item, offer in sellable],
            approvals,
        ),
    )


def offers_of(
    items: list[Any], agreement: FactorAgreement, approvals: dict[int, FactorApproval], *, on: date
) -> list[tuple[Any, Offer]]:
    """Items with what the rules say of each; they carry the facts of ``with_facts``."""
    splits = splits_of({item.account_id for item in items})
    by_key = {item.pk: item for item in items}
    candidates = [
        candidate_of(item, approvals.get(item.account.entity_id), insolvent=item.account_id in splits)
        for item in items
    ]
    sold = outstanding_of(agreement)
    return [
        (by_key[offer.candidate.key], offer)
        for offer in policy.offers(candidates, terms_of(agreement), outstanding=sold, on=on)
    ]


def with_facts(keys: Collection[int], *, on: date) -> list[Any]:
    """Items by their keys with what ``offers_of`` needs."""
    return list(_with_facts(ReceivableItem.objects.filter(pk__in=keys), on).order_by("due_date", "pk"))


def _with_facts(items: QuerySet[ReceivableItem], on: date) -> QuerySet[Any]:
    """Annotate what the rules ask of each item; a few look-ups by key per row."""
    credits = ReceivableItem.objects.filter(
        account=OuterRef("account"), currency=OuterRef("currency"), open_amount__lt=0
    )
    undelivered = InvoiceLine.objects.filter(
        invoice=OuterRef("invoice"), order_line__delivered__lt=F("order_line__invoiced")
    )
    objected = EInvoice.objects.filter(
        invoice=OuterRef("invoice"), status__in=("REFUSED", "REJECTED", "SUSPENDED")
    )
    return (
        with_open_amount(items, on=on, moved=False)
        .select_related("account__entity", "invoice")
        .annotate(
            is_sold=Exists(Assignment.objects.filter(item=OuterRef("pk"), ended_on=None)),
            has_credits=Exists(credits),
            is_undelivered=Exists(undelivered),
            is_objected=Exists(objected),
        )
    )


def candidate_of(item: Any, approval: FactorApproval | None, *, insolvent: bool) -> Candidate:
    """An annotated item as the rules take it."""
    siren = item.account.entity.siren or ""
    return Candidate(
        key=item.pk,
        debtor=item.account.entity_id,
        is_invoice=item.kind == ItemKind.INVOICE,
        amount=item.open_amount,
        currency=item.currency,
        issue_date=item.issue_date,
        due_date=item.due_date,
        disputed=item.disputed_on,
        is_sold=item.is_sold,
        is_business=bool(siren or item.account.vat_number),
        is_public=policy.is_public_body(siren),
        is_delivered=not item.is_undelivered,
        is_accepted=not item.is_objected,
        has_credits=item.has_credits,
        is_insolvent=insolvent,
        approved=approval.amount if approval is not None else None,
    )


def outstanding_of(agreement: FactorAgreement) -> dict[int, Decimal]:
    """What is sold to a factor and still open, or on its way to it, by legal entity."""
    rows = (
        _of_contract(Assignment.objects.filter(ended_on=None), agreement, "batch__")
        .order_by()
        .values("account__entity")
        .annotate(amount=Sum("item__open_amount"))
    )
    return {row["account__entity"]: row["amount"] for row in rows}


def financing_of(
    agreement: FactorAgreement, sold: Iterable[tuple[int, Decimal]], approvals: dict[int, FactorApproval]
) -> policy.Financing:
    """What items sold now would bring: debtor and amount of each."""
    outstanding = outstanding_of(agreement)
    kept: Decimal = (
        _of_contract(AssignmentBatch.objects.all(), agreement).aggregate(kept=Sum("fund"))["kept"] or ZERO
    )
    fund_pct = agreement.guarantee_fund_pct
    return policy.financing(
        sold,
        limits={entity: approval.amount for entity, approval in approvals.items()},
        outstanding=outstanding,
        advance_pct=agreement.advance_pct,
        fund_pct=fund_pct,
        fund_held=policy.fund_held(kept, sum(outstanding.values(), ZERO), fund_pct=fund_pct),
    )


def _of_contract(rows: QuerySet[Any], agreement: FactorAgreement, prefix: str = "") -> QuerySet[Any]:
    """Rows of the same contract, whatever terms it had."""
    return rows.filter(
        **{
            f"{prefix}company": agreement.company_id,
            f"{prefix}agreement__factor": agreement.factor,
            f"{prefix}agreement__number": agreement.number,
        }
    )


# --- batches ---------------------------------------------------------------------------------------------------------


def batches(user: User, company: Company | None = None) -> QuerySet[AssignmentBatch]:
    """Lists sent to factors that hold something this user may see, the newest first, with how many items they hold."""
    mine = Assignment.objects.visible_to(user, company).filter(batch=OuterRef("pk"))
    counted = Count("assignments", filter=Q(assignments__ended_on=None))
    return (
        AssignmentBatch.objects.filter(Exists(mine))
        .select_related("company", "agreement", "sent_by", "received_by")
        .annotate(items=counted)
    )


def find_batch(user: User, key: int) -> AssignmentBatch:
    """The batch with this key.

    :raises NotFound: there is none, or nothing in it is the reader's to see
    """
    for row in batches(user).filter(pk=key):
        return row
    raise NotFound(code="batch_not_found")


def assignments(user: User, company: Company | None = None) -> QuerySet[Assignment]:
    """Sales that the reader may see, with all that a line shows, the newest first."""
    return (
        Assignment.objects.visible_to(user, company)
        .select_related(
            "account", "item__invoice", "item__payment", "batch__agreement", "ended_by", "company"
        )
        .annotate(open_amount=F("item__open_amount"))
        .order_by("-batch__sent_at", "pk")
    )


class SoldSums(NamedTuple):
    """What is sold of some clients' debts on a day and still open, in one currency, contested amounts left out."""

    currency: str
    with_recourse: Decimal
    without_recourse: Decimal


def sold_sums(account_ids: Collection[int], *, on: date) -> list[SoldSums]:
    """The sums of what is sold, by currency: told apart from the exposure, or as a part of it (domain.md 4.1)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.currency, COALESCE(SUM(s.amount) FILTER (WHERE s.with_recourse), 0),
                   COALESCE(SUM(s.amount) FILTER (WHERE NOT s.with_recourse), 0)
            FROM ({SOLD_ITEMS}) s WHERE s.amount > 0 GROUP BY s.currency ORDER BY s.currency
            """,
            {"accounts": list(account_ids), "today": on},
        )
        return [SoldSums(*row) for row in cursor.fetchall()]


def sales_of(item_ids: Collection[int], *, on: date) -> dict[int, Assignment]:
    """Of some items the sales in force on a day, each with its list and its factor, in one statement."""
    rows = Assignment.objects.in_force(on).filter(item__in=item_ids).select_related("batch__agreement")
    return {row.item_id: row for row in rows}


def sold_keys(item_ids: Collection[int], *, on: date) -> set[int]:
    """Of some items those that are sold on a day, in one statement."""
    rows = Assignment.objects.in_force(on).filter(item__in=item_ids)
    return set(rows.values_list("item", flat=True))


# --- money of the factor's -------------------------------------------------------------------------------------------


def to_pass_on(user: User, company: Company | None = None) -> QuerySet[Allocation]:
    """Money clients paid to us for what was the factor's then, not passed on yet; the oldest first.

    Money that came from the factor's own account is none of it. Each row carries ``assignment_id``.
    """
    seen = Assignment.objects.visible_to(user, company)
    return _received(seen).filter(remittance=None).order_by("effective_date", "pk")


def _received(sold: QuerySet[Assignment]) -> QuerySet[Allocation]:
    of_item = sold.filter(
        Q(ended_on=None) | Q(ended_on__gt=OuterRef("effective_date")),
        item=OuterRef("debit"),
        effective_from__lte=OuterRef("effective_date"),
    )
    return (
        Allocation.objects.filter(credit__kind=ItemKind.PAYMENT, reversal_of=None, reversal=None)
        .annotate(
            assignment_id=of_item.values("pk")[:1], factor_iban=of_item.values("batch__agreement__iban")[:1]
        )
        .exclude(assignment_id=None)
        .filter(Q(factor_iban="") | ~Q(credit__payment__payer_iban=F("factor_iban")))
        .select_related("debit__account__company", "debit__invoice", "debit__payment", "credit__payment")
    )
