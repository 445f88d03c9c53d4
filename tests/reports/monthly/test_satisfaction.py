"""The satisfaction index: by client and topic, month by month, told to who answers for the topic."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Company, CustomerAccount, User
from dunning.models import Call
from o2c.reports.enums import StatementKind
from o2c.reports.models import MonthlyStatement, ProcessOwner
from o2c.reports.monthly import services
from o2c.reports.monthly.policy import last_full_month
from o2c.shared import work
from o2c.shared.calendar import add_months, paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()
MONTH = last_full_month(paris_date(NOW))


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def owner(company: Company) -> User:
    return make_user("dispute_owner", company, "owner", language="en")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director")


def scored(account: CustomerAccount, by: User, score: int | None, topic: str, *, day: date) -> None:
    """A call of a day with a score about a topic."""
    at = NOW - timedelta(days=(paris_date(NOW) - day).days)
    Call.objects.create(
        company=account.company, account=account, outcome="other", satisfaction=score, topic=topic, made_by=by,
        made_at=at,
    )  # fmt: skip


@pytest.fixture
def calls(company: Company, director: User) -> None:
    """Of deliveries: Alpha 2 and 3, Beta 5, of the month before Alpha 4; of prices: Alpha 1; of nothing: Beta 2."""
    alpha, beta = (
        CustomerAccountFactory(company=company, code=code, name=name)
        for code, name in (("A", "Alpha"), ("B", "Beta"))
    )
    scored(alpha, director, 2, "delivery", day=MONTH)
    scored(alpha, director, 3, "Livraison en retard", day=MONTH + timedelta(days=20))
    scored(beta, director, 5, "delivery", day=MONTH + timedelta(days=3))
    scored(alpha, director, 4, "delivery", day=add_months(MONTH, -1))
    scored(alpha, director, 1, "price", day=MONTH)
    scored(beta, director, 2, "", day=MONTH)
    scored(beta, director, None, "delivery", day=MONTH)
    scored(beta, director, 1, "delivery", day=add_months(MONTH, 1))


def told(company: Company, owner: User, director: User, *topics: str) -> MonthlyStatement:
    """The statement of the last month for the owner of some topics."""
    owners: dict[Any, User | None] = {("topic", topic): owner for topic in topics}
    services.set_owners(company=company, owners=owners, reason="named", by=director, at=NOW)
    return services.send_by_hand(
        company=company, kind=StatementKind.SATISFACTION, month=MONTH, owner=owner, by=director, at=NOW
    )


@pytest.mark.usefixtures("calls")
def test_the_index_of_a_topic_beside_the_month_before(company: Company, owner: User, director: User):
    figures = told(company, owner, director, "delivery").figures
    assert figures == {
        "answers": 3, "low": 1, "index": "3.33", "index_before": "4.00", "clients": 2,
        "topics": [{"code": "delivery", "answers": 3, "low": 1, "index": "3.33", "index_before": "4.00"}],
    }  # fmt: skip


@pytest.mark.usefixtures("calls")
def test_words_and_a_line_per_client_and_topic(company: Company, owner: User, director: User):
    made = told(company, owner, director, "delivery", "price")
    text = made.message.text
    assert "Index from 1 to 5: 2.8 (month before: 4.0)" in text
    assert "- Price: 1.0, 1 answer" in text
    assert "- Delivery: 3.3 (month before: 4.0), 3 answers" in text
    assert "- Alpha, Price: 1.0" in text
    sheet = load_workbook(BytesIO(default_storage.open(services.file_of(made, "xlsx").path).read())).active
    rows = [row[1:5] for row in sheet.iter_rows(values_only=True)][1:]
    assert rows == [("Alpha", "Price", 1, 1), ("Alpha", "Delivery", 2, 2.5), ("Beta", "Delivery", 1, 5)]
    assert default_storage.open(services.file_of(made, "pdf").path).read().startswith(b"%PDF")


@pytest.mark.usefixtures("calls")
def test_an_owner_hears_of_clients_it_may_see(company: Company, director: User):
    rep = make_user("sales", company, "rep")
    scored(CustomerAccountFactory(company=company, rep=rep), director, 3, "delivery", day=MONTH)
    figures = told(company, rep, director, "delivery").figures
    assert (figures["answers"], figures["index"], figures["index_before"]) == (1, "3.00", None)


@pytest.mark.usefixtures("calls")
def test_causes_and_satisfaction_are_told_apart_and_once(company: Company, owner: User, director: User):
    owners: dict[Any, User | None] = {("topic", "other"): owner, ("department", "SALES"): owner}
    services.set_owners(company=company, owners=owners, reason="named", by=director, at=NOW)
    ProcessOwner.objects.update(since=MONTH)
    assert services.send_due(work=None) == {"asked": 2}
    work.drain()
    assert services.send_due(work=None) == {"asked": 0}
    kinds = MonthlyStatement.objects.order_by("kind").values_list("kind", "subjects")
    assert list(kinds) == [("causes", ["department:SALES"]), ("satisfaction", ["topic:other"])]
    page = Client(headers={"accept-language": "en"})
    page.force_login(owner)
    shown = page.get(reverse("reports:statements")).content.decode()
    assert "Answers: 1; index 2.0 of 5 (month before: —); low: 1" in shown
