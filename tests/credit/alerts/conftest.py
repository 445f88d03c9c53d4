"""A client of a limit of 10 000, its rep, who keeps its credit, and fresh figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from credit import standing
from credit.alerts import services
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def today(now: datetime) -> date:
    return paris_date(now)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep", first_name="Rose", last_name="Martin")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager", first_name="Helen", last_name="Carter")


@pytest.fixture
def account(company: Company, rep: User, manager: User, today: date) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)
    TeamMember.objects.create(
        account=account, user=manager, role="credit", valid_from=today - timedelta(days=100)
    )
    give_limit(account, "10000", decided_by=manager)
    return account


@pytest.fixture
def look(now: datetime, today: date) -> Callable[..., dict[str, int]]:
    """Fresh figures, then the look at them."""

    def looked(*accounts: CustomerAccount) -> dict[str, int]:
        keys = [account.pk for account in accounts]
        standing.refresh(keys, at=now)
        standing.refresh_levels([account.entity_id for account in accounts], at=now)
        return services.look(keys, on=today, at=timezone.now())

    return looked
