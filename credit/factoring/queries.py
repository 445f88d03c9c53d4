"""The factor's agreement and its approvals in force on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from accounts.models import Company, CustomerAccount, User

from ..models import FactorAgreement, FactorApproval


def agreement_in_force(company: Company | int, *, on: date) -> FactorAgreement | None:
    """The terms agreed with the factor on a day; None where there are none, or they have ended."""
    rows = FactorAgreement.objects.filter(company=company, valid_from__lte=on).select_related("company")
    return agreement_on(rows.order_by("-valid_from")[:1], on)


def agreement_on(agreements: Iterable[FactorAgreement], on: date) -> FactorAgreement | None:
    """The terms in force on a day.

    :param agreements: of one company, the latest first
    """
    latest = next((row for row in agreements if row.valid_from <= on), None)
    if latest is None or (latest.valid_until is not None and latest.valid_until < on):
        return None
    return latest


def approvals_of(
    agreement: FactorAgreement, entity_ids: Iterable[int] | None, *, on: date
) -> dict[int, FactorApproval]:
    """The approvals that count on a day, by legal entity; of this factor's contract alone, in one statement.

    :param entity_ids: of these alone; None: of every debtor
    """
    rows = FactorApproval.objects.filter(
        company=agreement.company_id,
        agreement__factor=agreement.factor,
        agreement__number=agreement.number,
        effective_on__lte=on,
    )
    if entity_ids is not None:
        rows = rows.filter(entity__in=set(entity_ids))
    rows = rows.order_by("entity", "-effective_on").distinct("entity")
    return {row.entity_id: row for row in rows if counts(row, on)}


def counts(approval: FactorApproval, on: date) -> bool:
    """Whether a factor takes anything of the debtor on a day, this being its latest word."""
    return approval.amount > 0 and (approval.valid_until is None or approval.valid_until >= on)


def approvals_visible(user: User, company: Company | None, *, on: date) -> QuerySet[FactorApproval]:
    """The factor's latest word on each legal entity that a client of this user belongs to."""
    clients = CustomerAccount.objects.visible_to(user, company)
    mine = clients.filter(entity=OuterRef("entity"), company=OuterRef("company"))
    last = FactorApproval.objects.filter(
        company=OuterRef("company"), entity=OuterRef("entity"), effective_on__lte=on
    ).order_by("-effective_on")
    return (
        FactorApproval.objects.filter(Q(company=company) if company is not None else Q())
        .filter(pk=Subquery(last.values("pk")[:1]))
        .annotate(client=Subquery(mine.order_by("sort_key", "pk").values("name")[:1]))
        .annotate(code=Subquery(mine.order_by("sort_key", "pk").values("code")[:1]))
        .annotate(factor=F("agreement__factor"))
        .exclude(client=None)
        .select_related("entity", "company", "agreement")
        .order_by("client", "pk")
    )


def words_on(account: CustomerAccount) -> QuerySet[FactorApproval]:
    """Everything the factor said of a client's legal entity, the latest first."""
    return (
        FactorApproval.objects.filter(company=account.company_id, entity=account.entity_id)
        .select_related("agreement", "recorded_by")
        .order_by("-effective_on")
    )
