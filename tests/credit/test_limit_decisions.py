"""Granting otherwise than asked: another amount and other days, within authority; requests nobody answered."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services
from credit.models import CreditLimit, LimitRequest
from credit.services.limits import AuthorityExceeded, NotWaiting
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep", first_name="Rose", last_name="Martin")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, name="Bâti-Loire", rep=rep)
    give_limit(account, "10000")
    return account


def wish(account: CustomerAccount, by: User, amount: int | None = 90000, **fields: Any) -> LimitRequest:
    fields.setdefault("kind", "base")
    return services.create_limit_request(
        account=account,
        amount=None if amount is None else Decimal(amount),
        reason="Grows",
        by=by,
        at=timezone.now(),
        submit=True,
        **fields,
    )


def approve(asked: LimitRequest, by: User, **fields: Any) -> LimitRequest:
    return services.approve_limit_request(
        request_id=asked.pk, reason="Good payer", by=by, at=timezone.now(), **fields
    )


def test_another_amount_is_granted_within_authority(
    account: CustomerAccount, rep: User, analyst: User
) -> None:
    asked = wish(account, rep)
    with pytest.raises(AuthorityExceeded):
        approve(asked, analyst)
    with pytest.raises(AuthorityExceeded):
        approve(asked, analyst, amount=Decimal(25001))
    until = paris_date(timezone.now()) + timedelta(days=100)
    approve(asked, analyst, amount=Decimal(25000), valid_until=until)
    asked.refresh_from_db()
    assert (asked.amount, asked.given_amount) == (Decimal(90000), Decimal(25000))
    limit = CreditLimit.objects.get(closed_on=None)
    assert (limit.amount, limit.valid_until, limit.request) == (Decimal(25000), until, asked)
    event = AuditEvent.objects.get(action="limit.approved")
    assert event.after is not None
    assert (event.after["amount"], event.after["asked"]) == ("25000", "90000.00")


def test_the_amount_asked_leaves_no_trace_of_another(
    account: CustomerAccount, rep: User, analyst: User
) -> None:
    asked = approve(wish(account, rep, 20000), analyst, amount=Decimal(20000))
    assert asked.granted_amount is None


@pytest.mark.parametrize(
    ("kind", "amount", "granted", "field"),
    [
        ("base", 20000, {"amount": Decimal(-1)}, "amount"),
        ("temporary", 5000, {"amount": Decimal(0)}, "amount"),
        ("base", 20000, {"valid_until": timedelta(days=-1)}, "valid_until"),
        ("temporary", 5000, {"valid_until": timedelta(days=91)}, "valid_until"),
        ("unlimited", None, {"amount": Decimal(1)}, "amount"),
    ],
)
def test_what_does_not_fit_is_refused(
    account: CustomerAccount, rep: User, kind: str, amount: int | None, granted: dict[str, Any], field: str
) -> None:
    today = paris_date(timezone.now())
    days = {"valid_until": today + timedelta(days=30)} if kind == "temporary" else {}
    asked = wish(account, rep, amount, kind=kind, **days)
    given = {
        name: today + value if isinstance(value, timedelta) else value for name, value in granted.items()
    }
    with pytest.raises(Invalid) as refusal:
        approve(asked, make_user("executive", account.company), **given)
    assert list(refusal.value.errors) == [field]


def test_the_page_grants_less_and_shows_what_was_asked(
    account: CustomerAccount, rep: User, analyst: User
) -> None:
    asked = wish(account, rep)
    client, address = browse(analyst), reverse("credit:limit_request", args=[asked.pk])
    page = text_of(client.get(address))
    assert "Above your authority" in page
    assert "Grant less, within your authority" in page
    data = {"decision": "approve", "reason": "Half of it", "amount": "25,000"}
    assert client.post(address, data).status_code == 302
    page = text_of(client.get(address))
    assert "Granted €25,000 Asked for €90,000" in page
    again = wish(account, rep, 24000)
    page = text_of(client.get(reverse("credit:limit_request", args=[again.pk])))
    assert "€10,000 → €25,000" in page
    assert "€90,000 asked for" in page


def test_my_own_request_shows_why_i_do_not_decide(account: CustomerAccount, analyst: User) -> None:
    asked = wish(account, analyst, 20000)
    page = text_of(browse(analyst).get(reverse("credit:limit_request", args=[asked.pk])))
    assert "You asked for this limit yourself: four eyes." in page
    assert "Grant this limit" not in page


def test_a_request_nobody_answered_expires_once(account: CustomerAccount, rep: User, analyst: User) -> None:
    asked, waiting = wish(account, rep, 20000), wish(account, rep, 21000)
    past = paris_date(timezone.now()) - timedelta(days=1)
    LimitRequest.objects.filter(pk=asked.pk).update(valid_from=past, valid_until=past)
    assert [services.expire_limit_requests(at=timezone.now()) for _number in range(2)] == [1, 0]
    asked.refresh_from_db()
    waiting.refresh_from_db()
    assert (asked.status, waiting.status) == ("expired", "submitted")
    with pytest.raises(NotWaiting):
        approve(asked, analyst)
    page = text_of(browse(rep).get(reverse("credit:limit_request", args=[asked.pk])))
    assert "Nobody answered before its last day." in page


def test_the_database_refuses_a_grant_that_was_none(
    account: CustomerAccount, rep: User, analyst: User
) -> None:
    wish(account, rep, 20000)
    with pytest.raises(IntegrityError, match="limit_request_granted_when_approved"):
        LimitRequest.objects.update(granted_amount=Decimal(5))
