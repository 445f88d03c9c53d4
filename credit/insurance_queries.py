"""Covers and policies in force on a day."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.module_loading import import_string

from accounts.models import Company, CustomerAccount, User
from o2c.shared.money import ZERO

from .enums import CoverStatus
from .insurance_policy import CoverFacts, CoverYear
from .models import BuyerCover, InsurancePolicy


def policy_in_force(company: Company, *, on: date) -> InsurancePolicy | None:
    """The terms of a company's credit insurance on a day; None where it has none."""
    rows = InsurancePolicy.objects.filter(company=company, valid_from__lte=on)
    return rows.order_by("-valid_from").first()


def cover_year(terms: InsurancePolicy, *, on: date) -> CoverYear | None:
    """What the insurer pays in the policy's year of a day, and what is left (the fact ``cover_year``).

    None where the policy names no cap.
    """
    return cast("CoverYear | None", import_string(settings.CREDIT_FACTS["cover_year"])(terms=terms, on=on))


def cover_on(company: Company, entity_id: int, *, on: date) -> CoverFacts | None:
    """What insurer and policy said of a legal entity on a day, by their dates; None where neither covers it.

    The same as a live reading tells of today (``credit.reading``).
    """
    terms = policy_in_force(company, on=on)
    rows = BuyerCover.objects.filter(company=company, entity=entity_id, effective_on__lte=on)
    word = rows.order_by("-effective_on").first()
    if word is None and (terms is None or terms.blind_limit is None):
        return None
    policy: dict[str, Any] = {} if terms is None else {
        "vat_insured": terms.vat_insured, "extension_days": terms.extension_days,
        "max_term_days": terms.max_term_days,
    }  # fmt: skip
    if word is None:
        assert terms is not None
        return CoverFacts(None, terms.blind_limit or ZERO, terms.blind_pct, **policy)
    return CoverFacts(
        CoverStatus(word.status), word.amount, word.insured_pct, word.effective_on, word.valid_until, **policy
    )


def covers_in_force(user: User, company: Company | None, *, on: date) -> QuerySet[BuyerCover]:
    """The last word of the insurer on each legal entity that a client of this user belongs to."""
    clients = CustomerAccount.objects.visible_to(user, company)
    # A cover is of one company: entities of clients elsewhere are not this one's.
    mine = clients.filter(entity=OuterRef("entity"), company=OuterRef("company"))
    last = BuyerCover.objects.filter(
        company=OuterRef("company"), entity=OuterRef("entity"), effective_on__lte=on
    ).order_by("-effective_on")
    of_company = Q(company=company) if company is not None else Q()
    return (
        BuyerCover.objects.filter(of_company, pk=Subquery(last.values("pk")[:1]))
        .filter(Q(pk__in=BuyerCover.objects.filter(entity__in=clients.values("entity")).values("pk")))
        .annotate(client=Subquery(mine.order_by("sort_key", "pk").values("name")[:1]))
        .annotate(code=Subquery(mine.order_by("sort_key", "pk").values("code")[:1]))
        .exclude(client=None)
        .select_related("entity", "company")
        .order_by("client", "pk")
    )
