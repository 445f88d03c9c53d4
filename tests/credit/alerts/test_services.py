"""Alerts raised from the figures, renewed, gone by themselves, taken over and answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import Company, CustomerAccount, User
from credit import nightly
from credit.alerts import services
from credit.alerts.facts import alerts_found
from credit.alerts.queries import alerts_visible, open_alerts_of
from credit.alerts.words import remedy, sentence
from credit.enums import AlertOutcome
from credit.models import BuyerCover, CreditAlert
from credit.services.checks import check
from credit.standing import refresh_after
from dunning.services.calls import record_call
from invoicing.models import ReceivableItem
from invoicing.services import dispute_amount
from o2c.shared import work
from o2c.shared.calendar import add_business_days
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db
D = Decimal


def told(account: CustomerAccount) -> list[tuple[str, str, str]]:
    rows = CreditAlert.objects.filter(account=account).order_by("pk")
    return [(row.kind, row.key, row.status) for row in rows]


def test_the_use_of_the_limit_is_told_to_whoever_keeps_the_credit(
    account: CustomerAccount, manager: User, look: Callable[..., Any], work_drain: Any, today: date
):
    open_item(account, "8500", due=today + timedelta(days=40))
    assert look(account) == {"raised": 1, "renewed": 0, "gone": 0}
    alert = CreditAlert.objects.get()
    assert (alert.kind, alert.key, alert.owner, alert.figures["used_pct"]) == (
        "UTILISATION",
        "80",
        manager,
        85,
    )
    assert AuditEvent.objects.get(action="alert.raised").account_id == account.pk
    work_drain()
    assert Notice.objects.get(kind="alert.raised").user == manager

    assert look(account) == {"raised": 0, "renewed": 0, "gone": 0}
    open_item(account, "2000", due=today + timedelta(days=40))
    assert look(account) == {"raised": 1, "renewed": 0, "gone": 1}
    assert told(account) == [("UTILISATION", "80", "PASSED"), ("UTILISATION", "100", "OPEN")]


def test_a_payment_ends_the_alert_without_waiting_for_the_night(
    account: CustomerAccount, look: Callable[..., Any], today: date, now: datetime
):
    item = open_item(account, "9000", due=today + timedelta(days=40))
    look(account)
    ReceivableItem.objects.filter(pk=item.pk).update(amount=1, open_amount=1)
    refresh_after(work=None, account_id=account.pk)
    assert told(account) == [("UTILISATION", "80", "PASSED")]


def test_the_rep_is_warned_before_orders_are_held(
    account: CustomerAccount, rep: User, look: Callable[..., Any], work_drain: Any, today: date
):
    open_item(account, "3000", due=today + timedelta(days=2))
    look(account)
    alert = CreditAlert.objects.get(kind="BLOCK_AHEAD")
    assert alert.owner == rep
    assert alert.figures == {
        "day": (today + timedelta(days=5)).isoformat(),
        "reason": "OVERDUE_AMOUNT",
        "amount": "3000.00",
        "due_first": (today + timedelta(days=2)).isoformat(),
    }
    work_drain()
    assert Notice.objects.get(kind="alert.block_ahead").user == rep


@pytest.mark.parametrize("seed", range(12))
def test_the_warned_day_is_the_day_from_which_the_check_holds(
    seed: int,
    account: CustomerAccount,
    look: Callable[..., Any],
    today: date,
    now: datetime,
):
    pick, accountant = Random(seed), make_user("receivables_accountant", account.company)
    for _each in range(pick.randint(1, 6)):
        amount = D(pick.randint(50, 3000))
        item = open_item(account, amount, due=today + timedelta(days=pick.randint(-16, 12)))
        if pick.random() < 0.3:
            dispute_amount(item_id=item.pk, amount=amount / 2, on=today, by=accountant, at=now)
    if pick.random() < 0.3:
        account.creditlimits.update(valid_until=today + timedelta(days=pick.randint(1, 12)))

    def holds(ahead: int) -> set[str]:
        codes = check(account=account, amount=D(1), at=now + timedelta(days=ahead)).stake.codes
        return {code.value for code in codes} & {"OVERDUE_DAYS", "OVERDUE_AMOUNT", "REVIEW_EXPIRED"}

    look(account)
    alert = CreditAlert.objects.filter(kind="BLOCK_AHEAD").first()
    expected = None if holds(0) else next((ahead for ahead in range(1, 11) if holds(ahead)), None)
    if expected is None:
        assert alert is None
    else:
        assert alert is not None
        assert date.fromisoformat(alert.figures["day"]) == today + timedelta(days=expected)
        assert alert.figures["reason"] in holds(expected)


def test_orders_disputes_and_the_insurer_are_news_once(
    account: CustomerAccount, manager: User, look: Callable[..., Any], today: date, now: datetime
):
    adv = make_user("adv_officer", account.company, "adv")
    for days in (60, 50, 40):
        submitted(account, "200", by=adv, order_date=today - timedelta(days=days))
    submitted(account, "1000", by=adv)
    BuyerCover.objects.create(
        company=account.company,
        entity=account.entity,
        amount=D(1000),
        currency="EUR",
        insured_pct=D(90),
        status="REDUCED",
        effective_on=today,
        recorded_at=now,
    )
    look(account)
    assert {row[0] for row in told(account)} == {"UNUSUAL_ORDER", "COVER_CHANGE"}
    assert look(account)["raised"] == 0


def test_a_low_score_is_a_task_of_the_rep_until_it_is_answered(
    account: CustomerAccount, rep: User, manager: User, look: Callable[..., Any], now: datetime, today: date
):
    for score in (3, 2):
        record_call(
            account_id=account.pk, outcome="other", satisfaction=score, topic="delivery", by=manager, at=now
        )
    assert look(account)["raised"] == 1
    alert = CreditAlert.objects.get()
    assert (alert.kind, alert.owner, alert.due_on) == ("DISPLEASED", rep, add_business_days(today, 2))
    assert (alert.figures["score"], alert.figures["topic"]) == (2, "delivery")
    with translation.override("en"):
        assert sentence(alert) == f"Gave us 2 of 5 on {today:%d/%m/%Y}."
        assert remedy(alert) == "Call the client, and say what will be done about it."
    services.answer(
        alert_id=alert.pk, outcome=AlertOutcome.CLIENT_CALLED, comment="New carrier", by=rep, at=now
    )
    assert look(account) == {"raised": 0, "renewed": 0, "gone": 0}


def test_an_answered_alert_is_not_raised_again_until_it_was_gone(
    account: CustomerAccount, manager: User, look: Callable[..., Any], today: date
):
    item = open_item(account, "9000", due=today + timedelta(days=40))
    look(account)
    alert = CreditAlert.objects.get()
    done: dict[str, Any] = {"outcome": AlertOutcome.CLIENT_CALLED, "comment": "pays next week", "by": manager}
    services.answer(alert_id=alert.pk, at=timezone.now(), **done)
    services.answer(alert_id=alert.pk, at=timezone.now(), **done)  # once more changes nothing
    assert AuditEvent.objects.filter(action="alert.answered").count() == 1
    with pytest.raises(services.AlertEnded):
        services.answer(alert_id=alert.pk, at=timezone.now(), **done | {"comment": "otherwise"})
    assert look(account)["raised"] == 0
    ReceivableItem.objects.filter(pk=item.pk).update(amount=1, open_amount=1)
    assert look(account)["gone"] == 1
    ReceivableItem.objects.filter(pk=item.pk).update(amount=9000, open_amount=9000)
    assert look(account)["raised"] == 1
    assert [status for _kind, _key, status in told(account)] == ["ANSWERED", "OPEN"]


def test_who_may_answer(
    account: CustomerAccount, rep: User, company: Company, look: Callable[..., Any], today: date
):
    open_item(account, "3000", due=today + timedelta(days=2))
    open_item(account, "6000", due=today + timedelta(days=40))
    look(account)
    ahead = CreditAlert.objects.get(kind="BLOCK_AHEAD")
    use = CreditAlert.objects.get(kind="UTILISATION")
    done: dict[str, Any] = {"outcome": AlertOutcome.PAYMENT_AGREED, "comment": "", "at": timezone.now()}
    stranger = make_user("sales", company)
    with pytest.raises(NotFound):
        services.answer(alert_id=ahead.pk, by=stranger, **done)
    with pytest.raises(NotAllowed):
        services.answer(alert_id=use.pk, by=rep, **done)
    with pytest.raises(NotAllowed):
        services.take(alert_id=use.pk, by=rep, at=timezone.now())
    assert services.answer(alert_id=ahead.pk, by=rep, **done).status == "ANSWERED"
    analyst = make_user("credit_analyst", company)
    assert services.take(alert_id=use.pk, by=analyst, at=timezone.now()).owner == analyst
    assert list(open_alerts_of(analyst, company)) == [use]
    assert not alerts_visible(stranger, company).exists()


def test_as_many_statements_for_three_clients_as_for_one(
    account: CustomerAccount, company: Company, today: date, look: Callable[..., Any]
):
    others = [CustomerAccountFactory(company=company) for _each in range(2)]
    for one in others:
        give_limit(one, "10000")
    for one in (account, *others):
        open_item(one, "9000", due=today + timedelta(days=2))
    look(account, *others)

    def count(*accounts: CustomerAccount) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(alerts_found([one.pk for one in accounts], today)) == len(accounts)
        return len(seen)

    assert count(account) == count(account, *others)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("alert_ends_with_its_answer", {"status": "ANSWERED"}),
        ("alert_ends_with_its_answer", {"status": "PASSED"}),
        ("alert_ends_with_its_answer", {"is_found": False}),
        ("alert_kind_is_known", {"kind": "OTHER"}),
    ],
)
def test_the_database_keeps_alerts_sound(
    constraint: str, change: dict[str, Any], account: CustomerAccount, look: Callable[..., Any], today: date
):
    open_item(account, "9000", due=today + timedelta(days=40))
    look(account)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CreditAlert.objects.update(**change)
    row = CreditAlert.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError, match="one_alert_while_found"), transaction.atomic():
        row.save(force_insert=True)


def test_the_night_looks_at_every_client(account: CustomerAccount, today: date, now: datetime):
    open_item(account, "9000", due=today + timedelta(days=40))
    nightly.run_in_foreground(at=now)
    work.drain()
    assert told(account) == [("UTILISATION", "80", "OPEN")]
