"""Limits to be looked at again: found every night for many clients, prepared and answered by a request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from credit.alerts.review_policy import review_day
from credit.alerts.reviews import reviews_found
from credit.models import (
    ClassOverride,
    CreditAlert,
    CreditLimit,
    ExposureSnapshot,
    LimitRequest,
    ScoreCard,
)
from credit.services.limit_rules import ClassRule, change_limit_rule
from credit.snapshots import make_months
from credit.standing import refresh_after
from o2c.shared.calendar import add_months, paris_date
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def decided(account: CustomerAccount, now: datetime) -> None:
    """The limit was decided five months ago; class C looks again after six."""
    older(account, now)


def older(account: CustomerAccount, now: datetime, days: int = 160) -> None:
    CreditLimit.objects.filter(account=account).delete()
    limit = give_limit(account, "10000")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE credit_creditlimit SET decided_at = %s WHERE id = %s",
            [now - timedelta(days=days), limit.pk],
        )


def kinds(account: CustomerAccount, on: date) -> set[str]:
    return {alert.kind.value for alert in reviews_found([account.pk], on).get(account.pk, [])}


def card(
    account: CustomerAccount, score: str, risk: str, at: datetime, follows: ScoreCard | None
) -> ScoreCard:
    return ScoreCard.objects.create(
        account=account, day=at.date(), version=1, score=Decimal(score), risk_class=risk, known=100,
        points=[Decimal(score)] + [None] * 4, inputs={}, asks_review=follows is not None, follows=follows,
        computed_at=at,
    )  # fmt: skip


def test_the_plan_of_the_class_and_a_stricter_one(
    account: CustomerAccount, look: Callable[..., Any], today: date, now: datetime
) -> None:
    limit = CreditLimit.objects.get(account=account)
    day = add_months(paris_date(limit.decided_at), 6)
    look(account)
    alert = CreditAlert.objects.get(kind="REVIEW_DUE")
    assert (alert.figures["day"], alert.due_on) == (day.isoformat(), day if day > today else alert.due_on)
    assert kinds(account, day - timedelta(days=31)) == set()
    change_limit_rule(
        company_id=account.company_id, rule=ClassRule("C", None, 12), reason="2027",
        by=make_user("finance_director", account.company), at=now,
    )  # fmt: skip
    assert kinds(account, today) == set()


def test_a_limit_of_the_legal_entity_is_planned_once(
    account: CustomerAccount, company: Company, look: Callable[..., Any], today: date, now: datetime
) -> None:
    sister = CustomerAccountFactory(company=company, entity=account.entity)
    CreditLimit.objects.filter(account=account).delete()
    limit = give_limit(account, "10000", at_entity=True)
    CreditLimit.objects.filter(pk=limit.pk).update(decided_at=now - timedelta(days=160))
    look(account, sister)
    assert list(CreditAlert.objects.filter(kind="REVIEW_DUE").values_list("account", flat=True)) == [
        account.pk
    ]


def test_what_happened_since_the_decision(
    account: CustomerAccount, look: Callable[..., Any], today: date, now: datetime, manager: User
) -> None:
    older(account, now, days=100)
    first = card(account, "70", "B", now - timedelta(days=120), None)
    fell = card(account, "52", "C", now - timedelta(days=2), first)
    open_item(account, "4000", due=today - timedelta(days=40))
    ClassOverride.objects.create(
        account=account, risk_class="E", cause="insolvency", status="approved", reason="Judgement",
        valid_until=today + timedelta(days=90), asked_by=manager, asked_at=now,
        decided_by=make_user("finance_director", account.company), decided_at=now, decision_reason="Seen",
        class_before="C",
    )  # fmt: skip
    look(account)
    found = {row.kind: row for row in CreditAlert.objects.filter(account=account)}
    assert {"SCORE_FALL", "FIRST_OVERDUE", "INSOLVENT"} <= set(found)
    assert (found["SCORE_FALL"].key, found["SCORE_FALL"].figures["score_before"]) == (str(fell.pk), "70.0")
    assert found["SCORE_FALL"].owner == manager


def test_growth_against_the_snapshot_of_three_months_ago(
    account: CustomerAccount, look: Callable[..., Any], today: date, now: datetime
) -> None:
    older(account, now, days=100)
    day = today - timedelta(days=95)
    make_months(day, day)
    ExposureSnapshot.objects.create(
        level=3,
        target_id=account.pk,
        day=day,
        currency="EUR",
        gross_exposure=3000,
        net_exposure=3000,
        recorded_at=now,
    )
    open_item(account, "3900", due=today + timedelta(days=40))
    look(account)
    assert kinds(account, today) == set()
    open_item(account, "100.01", due=today + timedelta(days=40))
    look(account)
    alert = CreditAlert.objects.get(kind="GROWTH")
    assert alert.figures == {"net": "4000.01", "net_before": "3000.00", "pct": 33}


def test_a_decision_ends_what_asked_for_it(
    account: CustomerAccount, look: Callable[..., Any], manager: User, today: date, now: datetime
) -> None:
    look(account)
    wish = credit.create_limit_request(
        account=account, amount=Decimal(10000), kind="base", reason="The same", at=now, submit=True,
        by=make_user("sales_manager", account.company),
    )  # fmt: skip
    credit.approve_limit_request(request_id=wish.pk, reason="Pays well", by=manager, at=now)
    refresh_after(work=None, account_id=account.pk)
    assert CreditAlert.objects.get(kind="REVIEW_DUE").status == "PASSED"
    granted = CreditLimit.objects.get(account=account, closed_on=None)
    assert granted.next_review_on == review_day(today, 6, granted.valid_until)


def test_one_client_costs_as_many_statements_as_three(company: Company, today: date, now: datetime) -> None:
    clients = [CustomerAccountFactory(company=company) for _number in range(3)]
    for client in clients:
        older(client, now)
    counts = []
    for chosen in (clients[:1], clients):
        with CaptureQueriesContext(connection) as seen:
            reviews_found([client.pk for client in chosen], today)
        counts.append(len(seen))
    assert counts[0] == counts[1] == 2


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_list_leads_to_a_prepared_request_that_answers_it(
    account: CustomerAccount, manager: User, look: Callable[..., Any]
) -> None:
    look(account)
    alert = CreditAlert.objects.get(kind="REVIEW_DUE")
    browser = browse(manager)
    page = browser.get("/credit/reviews/").content.decode()
    assert "Prepare the request" in page
    assert "€75,000" in page  # the cap of class C, the only bound known
    assert "€10,000.00" in page
    form_at = f"/credit/limit-requests/new/?client={account.code}&review={alert.pk}"
    form = browser.get(form_at).context["form"]
    assert form.initial["amount"] == Decimal("75000.00")
    assert form.initial["reason"].startswith("The limit decided on")
    data = {"kind": "base", "level": "account", "amount": "12000", "reason": "Reviewed"}
    assert browser.post(form_at, data).status_code == 302
    alert.refresh_from_db()
    wish = LimitRequest.objects.get()
    assert (alert.status, alert.outcome, alert.comment) == ("ANSWERED", "LIMIT_ASKED", f"Request {wish.pk}")
    assert "Prepare the request" not in browser.get("/credit/reviews/").content.decode()
    answer: Any = browser.get("/credit/reviews/?export=csv")
    file = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "75000" in file.replace(",", ".").replace(" ", "")


def test_the_api_tells_reviews_from_other_alerts(
    account: CustomerAccount, manager: User, look: Callable[..., Any], today: date
) -> None:
    open_item(account, "8500", due=today + timedelta(days=40))
    look(account)
    browser = browse(manager)

    def told(asked: str) -> list[str]:
        rows = browser.get("/api/v1/credit-alerts/", {"review": asked}).json()["results"]
        return [row["kind"] for row in rows]

    assert (told("true"), told("false")) == (["REVIEW_DUE"], ["UTILISATION"])
    other = make_user("sales", account.company, "other")
    assert browse(other).get("/api/v1/credit-alerts/").json()["results"] == []
