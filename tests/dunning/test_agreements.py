"""What is agreed with a client for a held order: all of it or nothing, followed by events, let go or held again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, InternalError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from credit.models import LimitRequest
from dunning.models import PaymentPlan, PromiseToPay
from dunning.services import payment_plans, promises
from dunning.services.agreements import accept
from dunning.services.plan_judging import judge_plans
from dunning.services.promises import make_promise
from invoicing import services as invoicing
from invoicing.models import DepositRequest, ReceivableItem
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed
from orders import services as orders
from orders.models import ConditionalRelease, Order, ReleaseCondition
from orders.queries import shown_status
from orders.services.refusals import (
    AgreedAlready,
    AuthorityExceeded,
    DecidedAlready,
    FourEyes,
    NothingAgreed,
    WrongState,
)
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted
from tests.orders.pages import browse

pytestmark = pytest.mark.django_db
D = Decimal
AT = timezone.now()
TODAY = paris_date(AT)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)
    give_limit(account, "10000")
    return account


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def clerk(company: Company) -> User:
    return make_user("receivables_accountant", company, "clerk")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def ahead(account: CustomerAccount) -> ReceivableItem:
    """9 000 that are due in three weeks."""
    return open_item(account, "9000", due=TODAY + timedelta(days=20), document="FA-1")


@pytest.fixture
def held(account: CustomerAccount, ahead: ReceivableItem, adv: User) -> Order:
    """6 000 beside 9 000 of a limit of 10 000: 5 000 too many."""
    return submitted(account, "6000", by=adv)


def deposit(amount: str = "5000", days: int = 5) -> dict[str, Any]:
    return {"kind": "DEPOSIT", "amount": D(amount), "date": TODAY + timedelta(days=days)}


def early(item: ReceivableItem, days: int = 5) -> dict[str, Any]:
    return {"kind": "EARLY_PAYMENT", "refs": [str(item.pk)], "date": TODAY + timedelta(days=days)}


def raised(amount: str = "3000", days: int = 30) -> dict[str, Any]:
    return {"kind": "TEMPORARY_LIMIT", "amount": D(amount), "until": TODAY + timedelta(days=days)}


def calendar(item: ReceivableItem, *amounts: str) -> dict[str, Any]:
    """Late invoices in weekly instalments from today on."""
    parts = [{"date": TODAY + timedelta(weeks=n), "amount": D(amount)} for n, amount in enumerate(amounts)]
    return {"kind": "OVERDUE_SCHEDULE", "refs": [str(item.pk)], "instalments": parts}


def agree(order: Order, *measures: dict[str, Any], by: User, **fields: Any) -> list[ReleaseCondition]:
    given: dict[str, Any] = {"agreed_with": "Mrs Blanc, by mail"} | fields
    return accept(order_id=order.pk, written=measures, by=by, at=AT, **given)


def status(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


def states(order: Order) -> dict[str, str]:
    return dict(order.release_conditions.values_list("kind", "status"))


def pay(order: Order, amount: str, by: User, *, for_order: bool = True, match: str = "") -> None:
    invoicing.record_payment(
        company=order.company,
        external_id=f"P{AuditEvent.objects.count()}",
        account=order.account,
        order=order if for_order else None,
        received_on=TODAY,
        amount=D(amount),
        currency="EUR",
        method="transfer",
        reference=match,
        match=bool(match),
        by=by,
        at=timezone.now(),
    )
    work.drain()


# --- what is refused -----------------------------------------------------------------------------------------


def test_each_act_needs_its_right_and_nothing_is_half_done(
    held: Order, ahead: ReceivableItem, rep: User, analyst: User
) -> None:
    with pytest.raises(NotAllowed):
        agree(held, deposit(), by=make_user("auditor", held.company))
    # A rep promises, but a deposit is asked for by who issues documents.
    with pytest.raises(NotAllowed):
        agree(held, early(ahead), deposit(), by=rep)
    assert (PromiseToPay.objects.count(), DepositRequest.objects.count(), states(held)) == (0, 0, {})
    assert not AuditEvent.objects.filter(action__startswith="order.condition").exists()


def test_what_cannot_be_agreed(
    held: Order, account: CustomerAccount, adv: User, ahead: ReceivableItem
) -> None:
    with pytest.raises(Invalid):
        agree(held, by=adv)
    with pytest.raises(Invalid):
        agree(held, deposit("99999"), by=adv)
    assert not PromiseToPay.objects.exists()
    late = open_item(account, "400", due=TODAY - timedelta(days=9), document="FA-0")
    make_promise(item_ids=[late.pk], promised_date=TODAY, by=adv, at=AT)
    with pytest.raises(promises.PromiseOpen):
        agree(held, deposit("1000"), calendar(late, "400"), by=adv)
    assert (PaymentPlan.objects.count(), DepositRequest.objects.count()) == (0, 0)
    agree(held, deposit(), by=adv)
    with pytest.raises(AgreedAlready):
        agree(held, deposit(), by=adv)
    orders.cancel(order_id=held.pk, reason="gone", by=adv, at=AT)
    with pytest.raises(WrongState):
        agree(held, raised(), by=adv)


def test_the_database_keeps_what_was_agreed(held: Order, adv: User) -> None:
    (row,) = agree(held, deposit(), by=adv)
    with pytest.raises(InternalError, match="frozen"), transaction.atomic():
        ReleaseCondition.objects.filter(pk=row.pk).update(amount=1)
    with pytest.raises(InternalError, match="not_deleted"), transaction.atomic():
        row.delete()
    with pytest.raises(IntegrityError, match="open_or_ended"), transaction.atomic():
        ReleaseCondition.objects.filter(pk=row.pk).update(status="MET")
    ReleaseCondition.objects.filter(pk=row.pk).update(status="MET", ended_at=AT)
    with pytest.raises(InternalError, match="ends_once"), transaction.atomic():
        ReleaseCondition.objects.filter(pk=row.pk).update(status="BROKEN")


# --- what it makes and what follows ------------------------------------------------------------------------------


def test_measures_become_what_they_stand_for(
    held: Order, ahead: ReceivableItem, adv: User, manager: User
) -> None:
    agree(held, deposit("2000"), early(ahead), raised("3000"), by=adv)

    assert DepositRequest.objects.get().amount == D(2000)
    promise = PromiseToPay.objects.get()
    assert (promise.amount, promise.made_by, promise.comment) == (D(9000), "Mrs Blanc, by mail", held.number)
    wish = LimitRequest.objects.get()
    assert (wish.amount, wish.kind, wish.status, wish.origin_order) == (
        D(3000),
        "temporary",
        "submitted",
        held.number,
    )
    assert held.cases.get().status == "IN_NEGOTIATION"
    assert set(states(held).values()) == {"OPEN"}
    event = AuditEvent.objects.get(action="order.alternatives_accepted")
    assert (event.after or {})["over_limit_by"] == "5000.00"


def test_a_deposit_and_a_raise_let_it_go_and_a_broken_promise_holds_it_again(
    held: Order, account: CustomerAccount, adv: User, clerk: User, manager: User, rep: User
) -> None:
    soon = open_item(account, "500", due=TODAY + timedelta(days=9), document="FA-2")
    agree(held, deposit("2500"), early(soon), raised("3000"), by=adv)
    credit.approve_limit_request(
        request_id=LimitRequest.objects.get().pk, reason="season", by=manager, at=timezone.now()
    )
    work.drain()
    assert status(held) == "on_hold"
    assert states(held)["TEMPORARY_LIMIT"] == "MET"

    pay(held, "2500", clerk)

    assert status(held) == "confirmed"
    assert states(held) == {"DEPOSIT": "MET", "TEMPORARY_LIMIT": "MET", "EARLY_PAYMENT": "OPEN"}
    told = Notice.objects.filter(kind="condition.met", user=rep)
    assert told.count() == 2

    over = PromiseToPay.objects.get().last_day - TODAY + timedelta(days=1)
    with time_machine.travel(timezone.now() + over):
        promises.judge_promises()
        work.drain()

    assert states(held)["EARLY_PAYMENT"] == "BROKEN"
    assert status(held) == "on_hold"
    assert "BROKEN_PROMISE" in held.cases.get(closed_at=None).holds.values_list("reason", flat=True)
    assert Notice.objects.filter(kind="condition.broken", user=rep).count() == 1


def test_a_shorter_term_is_changed_at_once(held: Order, adv: User) -> None:
    _result, outlook = orders.look_ahead_of(held, by=adv, at=AT)
    code, day = outlook.shorter_terms()[0]

    (row,) = agree(held, {"kind": "SHORTER_TERM", "expected_payment_date": day}, by=adv)

    held.refresh_from_db()
    assert (held.term, row.status) == (code, "MET")
    assert "→" in row.words


def test_a_refused_raise_a_deposit_taken_back_and_an_order_that_ends(
    held: Order, adv: User, manager: User
) -> None:
    agree(held, deposit(), raised(), by=adv)
    wish = LimitRequest.objects.get()
    credit.refuse_limit_request(request_id=wish.pk, reason="no", by=manager, at=timezone.now())
    work.drain()
    assert states(held) == {"DEPOSIT": "OPEN", "TEMPORARY_LIMIT": "BROKEN"}
    agree(held, raised("1000"), by=adv)
    invoicing.cancel_deposit(
        request_id=DepositRequest.objects.get().pk, reason="too much", by=adv, at=timezone.now()
    )
    orders.cancel(order_id=held.pk, reason="gone", by=adv, at=timezone.now())
    work.drain()
    assert sorted(held.release_conditions.values_list("kind", "status")) == [
        ("DEPOSIT", "WITHDRAWN"),
        ("TEMPORARY_LIMIT", "BROKEN"),
        ("TEMPORARY_LIMIT", "WITHDRAWN"),
    ]


def test_a_deposit_that_does_not_come_is_not_kept(held: Order, adv: User, rep: User) -> None:
    (row,) = agree(held, deposit(days=5), by=adv)
    before = timezone.now() + timedelta(days=(row.last_day - TODAY).days)
    assert orders.break_late_conditions(at=before) == 0
    assert orders.break_late_conditions(at=before + timedelta(days=1)) == 1
    assert orders.break_late_conditions(at=before + timedelta(days=1)) == 0
    work.drain()
    assert states(held) == {"DEPOSIT": "BROKEN"}
    assert status(held) == "on_hold"
    assert Notice.objects.filter(kind="condition.broken", user=rep).exists()


# --- a calendar ------------------------------------------------------------------------------------------------


def planned(account: CustomerAccount, adv: User, manager: User) -> tuple[Order, PaymentPlan]:
    """An order held for 9 000 that are late, which are to be paid in three parts; its release waits for the first."""
    late = open_item(account, "9000", due=TODAY - timedelta(days=20), document="FA-0")
    order = submitted(account, "6000", by=adv)
    (row,) = agree(order, calendar(late, "3000", "3000", "3000"), by=adv)
    assert (row.source, row.amount, row.words, row.due_on) == ("PLAN", D(9000), "FA-0", TODAY)
    orders.release_when_met(order_id=order.pk, comment="With the plan", by=manager, at=timezone.now())
    return order, PaymentPlan.objects.get()


def test_the_order_goes_with_the_first_instalment_and_is_held_when_one_is_missing(
    account: CustomerAccount, adv: User, manager: User, clerk: User, rep: User
) -> None:
    order, plan = planned(account, adv, manager)
    assert (plan.status, plan.comment, states(order)) == ("DRAFT", order.number, {"OVERDUE_SCHEDULE": "OPEN"})
    payment_plans.sign_plan(
        plan_id=plan.pk, signatory="Anne Blanc", capacity="manager", by=manager, at=timezone.now()
    )
    work.drain()
    assert status(order) == "on_hold"

    pay(order, "3000", clerk, for_order=False)
    assert (states(order), status(order)) == ({"OVERDUE_SCHEDULE": "MET"}, "confirmed")

    with time_machine.travel(timezone.now() + timedelta(days=13)):
        judge_plans()
        work.drain()
    assert status(order) == "on_hold"
    assert "BROKEN_PROMISE" in order.cases.get(closed_at=None).holds.values_list("reason", flat=True)
    assert Notice.objects.filter(kind="plan.late", user=manager).exists()


def test_a_plan_that_is_never_signed_is_no_condition_kept(
    account: CustomerAccount, adv: User, manager: User, clerk: User
) -> None:
    order, plan = planned(account, adv, manager)
    pay(order, "3000", clerk, for_order=False)
    assert (states(order), status(order)) == ({"OVERDUE_SCHEDULE": "OPEN"}, "on_hold")
    payment_plans.cancel_plan(plan_id=plan.pk, reason="not signed", by=adv, at=timezone.now())
    work.drain()
    assert (states(order), status(order)) == ({"OVERDUE_SCHEDULE": "WITHDRAWN"}, "on_hold")
    assert ConditionalRelease.objects.get().status == "VOID"


def test_a_first_instalment_that_is_missing_takes_the_release_back(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    order, plan = planned(account, adv, manager)
    payment_plans.sign_plan(
        plan_id=plan.pk, signatory="Anne", capacity="manager", by=manager, at=timezone.now()
    )
    with time_machine.travel(timezone.now() + timedelta(days=7)):
        judge_plans()
        work.drain()
    assert (states(order), status(order)) == ({"OVERDUE_SCHEDULE": "BROKEN"}, "on_hold")
    assert ConditionalRelease.objects.get().end_reason == "BROKEN"


# --- a release that waits ------------------------------------------------------------------------------------


def decide(order: Order, by: User, **fields: Any) -> ConditionalRelease:
    return orders.release_when_met(
        order_id=order.pk, comment="With the deposit", by=by, at=timezone.now(), **fields
    )


def test_a_release_that_waits_takes_effect_when_everything_is_there(
    held: Order, adv: User, manager: User, clerk: User
) -> None:
    with pytest.raises(NothingAgreed):
        decide(held, manager)
    agree(held, deposit("1000"), by=adv)
    with pytest.raises((FourEyes, AuthorityExceeded)):
        decide(held, adv)
    waiting = decide(held, manager)
    with pytest.raises(DecidedAlready):
        decide(held, manager)
    assert status(held) == "on_hold"

    pay(held, "1000", clerk)

    waiting.refresh_from_db()
    assert (waiting.status, status(held)) == ("DONE", "confirmed")
    assert held.releases.get().approved_by == manager
    actions = list(AuditEvent.objects.filter(object_id=held.pk).values_list("action", flat=True))
    assert {"order.release_agreed", "order.condition_met", "order.released"} <= set(actions)


def test_a_condition_that_is_not_kept_takes_the_release_back(held: Order, adv: User, manager: User) -> None:
    (row,) = agree(held, deposit("1000"), by=adv)
    waiting = decide(held, manager)
    orders.break_late_conditions(at=timezone.now() + timedelta(days=(row.last_day - TODAY).days + 1))
    work.drain()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.end_reason, status(held)) == ("VOID", "BROKEN", "on_hold")


def test_a_release_decided_about_something_else_is_taken_back(
    held: Order, adv: User, manager: User, clerk: User
) -> None:
    agree(held, deposit("1000"), by=adv)
    first = decide(held, manager)
    agree(held, raised("500"), by=adv)
    first.refresh_from_db()
    assert (first.status, first.end_reason) == ("VOID", "CHANGED")
    second = decide(held, manager)
    credit.refuse_limit_request(
        request_id=LimitRequest.objects.get().pk, reason="no", by=manager, at=timezone.now()
    )
    work.drain()
    second.refresh_from_db()
    assert second.status == "VOID"
    third = decide(held, manager)
    invoicing.cancel_deposit(
        request_id=DepositRequest.objects.get().pk, reason="other terms", by=adv, at=timezone.now()
    )
    work.drain()
    third.refresh_from_db()
    assert (third.status, third.end_reason, status(held)) == ("VOID", "WITHDRAWN", "on_hold")
    assert AuditEvent.objects.filter(action="order.release_void", object_id=held.pk).count() == 3


def test_authority_is_asked_for_again(
    held: Order, account: CustomerAccount, adv: User, analyst: User, clerk: User
) -> None:
    agree(held, deposit("1000"), by=adv)
    waiting = decide(held, analyst)
    open_item(account, "30000", due=TODAY + timedelta(days=20))
    pay(held, "1000", clerk)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.end_reason, status(held)) == ("VOID", "authority_exceeded", "on_hold")
    assert Notice.objects.filter(kind="release.void", user=analyst).exists()


def test_only_what_waits_for_its_conditions_needs_them(held: Order, adv: User, manager: User) -> None:
    agree(held, deposit("1000"), by=adv)
    waiting = decide(held, manager)
    orders.release(order_id=held.pk, comment="now", by=manager, at=timezone.now())
    waiting.refresh_from_db()
    assert (waiting.status, status(held)) == ("VOID", "confirmed")


# --- pages and API --------------------------------------------------------------------------------------------


def test_the_page_says_back_what_will_be_done_and_does_it(held: Order, adv: User, manager: User) -> None:
    page = reverse("orders:agree", args=[held.number])
    chosen = {"deposit": "on", "deposit_amount": "5000", "deposit_date": "+3"}
    assert browse(adv).get(page, {}).status_code == 302
    shown = browse(adv).get(page, chosen).content.decode()
    assert "€5,000.00" in shown
    assert not DepositRequest.objects.exists()

    again = browse(adv).post(page, chosen | {"agreed_with": ""})
    assert (again.status_code, DepositRequest.objects.count()) == (422, 0)
    done = browse(adv).post(page, chosen | {"agreed_with": "Mr Noir, by phone"}, follow=True).content.decode()

    assert "Agreed with the client" in done
    assert "Mr Noir, by phone" in done
    decider = browse(manager)
    assert (
        "Release once its conditions are met"
        in decider.get(reverse("orders:detail", args=[held.number])).content.decode()
    )
    decider.post(reverse("orders:release_when_met", args=[held.number]), {"reason": "With the deposit"})
    assert ConditionalRelease.objects.get().status == "WAITING"


def test_the_same_by_the_api(held: Order, adv: User, manager: User) -> None:
    api, address = browse(adv), f"/api/v1/orders/{held.number}/alternatives/"
    body = {"measures": [{"kind": "DEPOSIT", "amount": "1000.00", "date": f"{TODAY + timedelta(days=4)}"}]}
    simulated = api.post(address, body, content_type="application/json").json()
    assert simulated["conditions"] == []
    agreed = api.post(address, body | {"mode": "accept"}, content_type="application/json").json()
    (row,) = agreed["conditions"]
    assert (row["kind"], row["status"], row["amount"]) == ("DEPOSIT", "OPEN", "1000.00")
    answer = browse(manager).post(
        f"/api/v1/orders/{held.number}/release/",
        {"comment": "with it", "when_met": True},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "on_hold")
    assert ConditionalRelease.objects.get().approved_by == manager
