"""The insurer's cover: rows that the database keeps sound, never changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import Company
from credit.models import BuyerCover
from credit.services.cover import record_covers
from o2c.shared.problems import NotAllowed
from tests.factories.accounts import CompanyFactory, LegalEntityFactory, make_user

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


def cover(company: Company, **fields: Any) -> BuyerCover:
    given = {
        "entity": LegalEntityFactory(),
        "amount": Decimal(100),
        "currency": "EUR",
        "insured_pct": Decimal(90),
        "status": "ACTIVE",
        "effective_on": date(2026, 1, 1),
        "recorded_at": AT,
    }
    return BuyerCover.objects.create(company=company, **(given | fields))


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("cover_amount_not_negative", {"amount": Decimal("-0.01")}),
        ("cover_percentage_of_a_hundred", {"insured_pct": Decimal("100.01")}),
        ("cover_percentage_of_a_hundred", {"insured_pct": Decimal(-1)}),
        ("cover_ends_after_start", {"valid_until": date(2025, 12, 31)}),
        ("cover_status_is_known", {"status": "MAYBE"}),
    ],
)
def test_the_database_refuses_what_must_not_be(
    company: Company, constraint: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        cover(company, **fields)


def test_one_row_per_entity_and_day_that_nobody_changes(company: Company) -> None:
    kept = cover(company)
    with pytest.raises(IntegrityError, match="one_cover_per_entity_and_day"), transaction.atomic():
        cover(company, entity=kept.entity)
    for change in (lambda: BuyerCover.objects.update(amount=1), lambda: BuyerCover.objects.all().delete()):
        with pytest.raises(DatabaseError, match="cover_append_only"), transaction.atomic():
            change()
    cover(CompanyFactory(), entity=kept.entity)
    cover(company, entity=kept.entity, effective_on=date(2026, 1, 2))
    assert BuyerCover.objects.count() == 3


def test_only_who_imports_records_cover(company: Company) -> None:
    with pytest.raises(NotAllowed):
        record_covers(company=company, rows=[], by=make_user("credit_manager", company), at=AT)
