"""Snapshots by month: tables made by themselves, read by day, one row a day and only where figures changed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Company
from credit import standing
from credit.history import NoSnapshot, exposure_by
from credit.models import CreditStanding, ExposureSnapshot
from credit.snapshots import make_months, make_months_ahead
from o2c.shared.calendar import paris_date
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
)
from tests.factories.orders import give_limit, open_item

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


def snapshot(target: int, day: date, net: str = "1.00") -> ExposureSnapshot:
    return ExposureSnapshot.objects.create(
        level=3,
        target_id=target,
        day=day,
        currency="EUR",
        parts=[Decimal(net), *[Decimal(0)] * 8],
        gross_exposure=Decimal(net),
        net_exposure=Decimal(net),
        recorded_at=timezone.now(),
    )


def table_of(target: int, day: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM credit_exposuresnapshot WHERE target_id = %s AND day = %s",
            [target, day],
        )
        return str(cursor.fetchone()[0])


def test_a_month_without_table_is_kept_and_moves_when_its_table_is_made() -> None:
    day = date(1998, 5, 17)
    snapshot(1, day)
    assert table_of(1, day) == "credit_exposuresnapshot_rest"
    make_months(day, day)
    assert table_of(1, day) == "credit_exposuresnapshot_1998_05"
    make_months(day, day)
    assert ExposureSnapshot.objects.filter(target_id=1).count() == 1


def test_a_day_nobody_keeps_books_of_lands_all_the_same() -> None:
    make_months(date(1850, 1, 1), date(1850, 1, 1))
    snapshot(1, date(1850, 1, 1))
    assert table_of(1, date(1850, 1, 1)) == "credit_exposuresnapshot_rest"


def test_the_months_ahead_are_made_once() -> None:
    for _ in range(2):
        make_months_ahead(date(2031, 11, 30))
    for day in (date(2031, 11, 1), date(2032, 1, 31), date(2032, 2, 28)):
        snapshot(1, day)
        assert table_of(1, day) == f"credit_exposuresnapshot_{day:%Y_%m}"


def test_one_day_reads_one_table() -> None:
    make_months(date(2026, 1, 1), date(2026, 11, 30))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT * FROM credit_exposuresnapshot WHERE day = DATE '2026-06-15'")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert set(re.findall(r"\bon (credit_exposuresnapshot_\w+)", plan)) == {
        "credit_exposuresnapshot_2026_06"
    } | set(re.findall(r"\bon (credit_exposuresnapshot_2026_06_pkey)", plan))


def test_a_target_has_one_row_a_day() -> None:
    snapshot(1, date(2026, 11, 20))
    with pytest.raises(IntegrityError), transaction.atomic():
        snapshot(1, date(2026, 11, 20))


def test_a_row_only_when_figures_changed_at_every_level(company: Company) -> None:
    entity = LegalEntityFactory(group=CustomerGroupFactory())
    account = CustomerAccountFactory(company=company, entity=entity)
    give_limit(account, "1000")

    def night(at: datetime) -> list[tuple[int, date]]:
        standing.refresh([account.pk], at=at)
        standing.refresh_levels([entity.pk], at=at)
        return list(ExposureSnapshot.objects.order_by("day", "level").values_list("level", "day"))

    today = paris_date(timezone.now())
    at = timezone.now()
    first = night(at)
    assert first == [(1, today), (2, today), (3, today)]
    assert night(at) == first
    tomorrow = at + timedelta(days=1)
    assert night(tomorrow) == first
    open_item(account, "100")
    assert night(tomorrow) == [*first, *[(level, paris_date(tomorrow)) for level in (1, 2, 3)]]


def test_a_new_month_brings_its_own_table(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    open_item(account, "100", due=date(2026, 10, 1))
    for at in (datetime(2033, 3, 31, 12, tzinfo=NOON.tzinfo), datetime(2033, 4, 1, 12, tzinfo=NOON.tzinfo)):
        make_months_ahead(paris_date(at))
        CreditStanding.objects.update(overdue=1)
        standing.refresh([account.pk], at=at)
    assert table_of(account.pk, date(2033, 3, 31)) == "credit_exposuresnapshot_2033_03"
    assert table_of(account.pk, date(2033, 4, 1)) == "credit_exposuresnapshot_2033_04"


def test_a_day_run_later_is_measured_against_the_day_before_it(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    at = timezone.now()
    yesterday = paris_date(at) - timedelta(days=1)
    open_item(account, "100", due=date(2027, 12, 31), effective_date=yesterday)
    standing.refresh([account.pk], at=at)
    standing.refresh([account.pk], at=at, day=yesterday)
    standing.refresh([account.pk], at=at)
    assert list(
        ExposureSnapshot.objects.filter(level=3).order_by("day").values_list("day", "net_exposure")
    ) == [(yesterday, Decimal("100.00")), (paris_date(at), Decimal("100.00"))]


def test_exposure_of_a_day_comes_from_the_last_row_by_then(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    snapshot(account.pk, date(2026, 3, 31), "41.00")
    snapshot(account.pk, date(2026, 9, 1), "52.00")
    assert exposure_by(account, on=date(2026, 8, 31))["net_exposure"] == "41.00"
    found = exposure_by(account, on=date(2026, 9, 1))
    assert (found["net_exposure"], found["source"]) == ("52.00", "snapshot")
    with pytest.raises(NoSnapshot):
        exposure_by(account, on=date(2026, 3, 30))
