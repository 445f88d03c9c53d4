"""Covers and policies in force on a day."""

from __future__ import annotations

from datetime import date
from typing import cast

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.module_loading import import_string

from accounts.models import Company, CustomerAccount, User

from .insurance_policy import CoverYear
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
