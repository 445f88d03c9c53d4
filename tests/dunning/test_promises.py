"""Promises to pay: taken, cancelled, judged by the money, and what they change elsewhere."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.services.checks import check
from dunning.enums import PromiseStatus
from dunning.models import PromiseItem, PromiseToPay
from dunning.queries.promises import promise_list, promised_days
from dunning.services import promises as services
from invoicing import services as invoicing
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item
from tests.factories.orders import give_limit
from tests.invoicing.test_races import race, raised

pytestmark = pytest.mark.django_db
D = Decimal
FOR = date(2026, 11, 27)  # a Friday: kept by money up to the Tuesday after
AFTER = date(2026, 12, 2)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "1000.00", by=accountant)


def promise(*items: ReceivableItem, by: User, **fields: Any) -> PromiseToPay:
    given: dict[str, Any] = {"item_ids": [i.pk for i in items], "promised_date": FOR, "by": by, "at": AT}
    return services.make_promise(**given | fields)


def judged(row: PromiseToPay, on: date) -> tuple[str, Decimal]:
    services.judge_promises(on=on)
    row.refresh_from_db()
    return row.status, row.received


def test_all_that_is_open_and_not_contested_is_promised(item: ReceivableItem, accountant: User):
    invoicing.dispute_amount(item_id=item.pk, amount=D(300), on=TODAY, by=accountant, at=AT)

    made = promise(item, by=accountant)

    assert (made.amount, made.currency, made.last_day, made.status) == (
        D(700),
        "EUR",
        date(2026, 12, 1),
        "OPEN",
    )
    assert promised_days([item.pk]) == [(item.pk, FOR)]
    assert AuditEvent.objects.get(action="promise.made", after__amount="700.00").object_id == made.pk
    assert Work.objects.filter(kind="react:orders.services.reexamine_held").count() >= 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"promised_date": TODAY - timedelta(days=1)}, Invalid),
        ({"amount": D("1000.01")}, services.PromisedTooMuch),
        ({"amount": D(0)}, Invalid),
        ({"amount": D("1.005")}, Invalid),
        ({"item_ids": []}, Invalid),
    ],
)
def test_what_cannot_be_promised(item: ReceivableItem, accountant: User, fields: Any, refusal: Any):
    with pytest.raises(refusal):
        promise(item, by=accountant, **fields)
    assert not PromiseToPay.objects.exists()


def test_neither_credits_nor_settled_items_nor_two_clients(
    account: CustomerAccount, item: ReceivableItem, accountant: User, company: Company
):
    credit = make_credit(account, "1000.00", by=accountant)
    with pytest.raises(services.NothingPromised):
        promise(credit, by=accountant)
    other = make_item(CustomerAccountFactory(company=company), by=accountant)
    with pytest.raises(Invalid):
        promise(item, other, by=accountant)
    invoicing.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=D(1000), by=accountant, at=AT)
    with pytest.raises(services.NothingPromised):
        promise(item, by=accountant)


def test_rights(item: ReceivableItem, company: Company, rep: User):
    with pytest.raises(NotFound):
        promise(item, by=rep)
    with pytest.raises(NotAllowed):
        promise(item, by=make_user("auditor", company))


def test_one_at_a_time_and_a_third_by_a_manager(item: ReceivableItem, accountant: User, company: Company):
    first = promise(item, by=accountant)
    with pytest.raises(services.PromiseOpen):
        promise(item, by=accountant)
    mistake = services.cancel_promise(promise_id=first.pk, reason="wrong client", by=accountant, at=AT)
    with pytest.raises(services.PromiseEnded):
        services.cancel_promise(promise_id=mistake.pk, reason="again", by=accountant, at=AT)
    for _ in range(2):
        row = promise(item, by=accountant, promised_date=TODAY)
        assert judged(row, TODAY + timedelta(days=9))[0] == "BROKEN"

    with pytest.raises(services.TooManyPromises):
        promise(item, by=accountant)
    assert promise(item, by=make_user("credit_manager", company)).status == "OPEN"


def test_kept_at_once_by_money_matched_or_on_account(
    account: CustomerAccount, item: ReceivableItem, accountant: User
):
    made = promise(item, by=accountant)
    assert judged(made, TODAY) == ("OPEN", D(0))
    paid = make_credit(account, "980.00", by=accountant, received=TODAY)

    assert judged(made, TODAY) == ("KEPT", D(980))
    assert (made.ended_on, PromiseItem.objects.get().is_open) == (TODAY, False)

    other = make_item(account, "500.00", by=accountant)
    second = promise(other, by=accountant, at=AT + timedelta(minutes=1))
    invoicing.allocate(
        from_item_id=paid.pk, to_item_id=other.pk, amount=D(500), by=accountant, at=AT + timedelta(minutes=2)
    )
    assert judged(second, TODAY) == ("KEPT", D(500))


def test_money_after_the_last_day_is_too_late(
    account: CustomerAccount, item: ReceivableItem, accountant: User
):
    made = promise(item, by=accountant)
    make_credit(account, "300.00", by=accountant, received=date(2026, 12, 1), at=AT + timedelta(days=9))
    make_credit(account, "700.00", by=accountant, received=AFTER, at=AT + timedelta(days=9))

    assert judged(made, AFTER) == ("PARTIAL", D(300))
    assert made.ended_on == AFTER


def test_what_a_credit_note_settled_need_not_come(item: ReceivableItem, accountant: User, company: Company):
    made = promise(item, by=accountant)
    assert item.invoice_id is not None
    invoicing.credit_invoice(
        invoice_id=item.invoice_id,
        amount=D(1000),
        reason="returned goods",
        by=make_user("credit_manager", company),
        at=AT + timedelta(minutes=1),
    )
    assert judged(made, TODAY)[0] == "CANCELLED"
    assert made.reason == services.SETTLED_OTHERWISE


def test_judging_twice_changes_nothing(item: ReceivableItem, accountant: User):
    made = promise(item, by=accountant)
    assert services.judge_promises(on=AFTER)["broken"] == 1
    made.refresh_from_db()
    before = (made.status, made.ended_at)
    assert sum(services.judge_promises(on=AFTER + timedelta(days=3)).values()) == 0
    made.refresh_from_db()
    assert (made.status, made.ended_at) == before
    assert AuditEvent.objects.filter(action="promise.broken").count() == 1


def test_a_broken_promise_holds_orders_for_thirty_days_and_is_told(
    account: CustomerAccount, item: ReceivableItem, accountant: User, work_drain: Any
):
    give_limit(account, "100000", decided_by=accountant)
    now = timezone.now()
    today = paris_date(now)
    made = promise(item, by=accountant, promised_date=today, at=now)
    judged(made, today + timedelta(days=9))

    def codes(days: int) -> set[str]:
        found = check(account=account, amount=D(1), at=now + timedelta(days=9 + days))
        return {str(each.code) for each in found.found}

    assert made.ended_on is not None
    last = (made.ended_on - today).days - 9
    assert "BROKEN_PROMISE" in codes(last) & codes(last + 29)
    assert "BROKEN_PROMISE" not in codes(last - 1) | codes(last + 30)
    work_drain()
    assert Notice.objects.get(kind="promise.not_kept").user == accountant


def test_a_rep_reads_no_promise_on_a_colleagues_sale(
    account: CustomerAccount, accountant: User, company: Company
):
    make_user("sales", company)
    row = promise(make_item(account, by=accountant), by=accountant)
    assert list(promise_list(accountant, company)) == [row]
    assert list(promise_list(make_user("sales", company), company)) == []


def test_the_list_asks_as_often_for_ten_as_for_one(
    account: CustomerAccount, accountant: User, company: Company
):
    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            services.judge_promises(on=TODAY)
        return len(sent)

    promise(make_item(account, by=accountant), by=accountant)
    few = asked()
    for _ in range(9):
        promise(make_item(account, by=accountant), by=accountant)
    assert asked() == few


@pytest.mark.parametrize(
    "change",
    [
        {"amount": D(0)},
        {"last_day": TODAY - timedelta(days=400)},
        {"status": "KEPT"},
        {"status": "CANCELLED", "ended_at": AT, "ended_on": TODAY},
    ],
)
def test_what_the_database_refuses(item: ReceivableItem, accountant: User, change: dict[str, Any]):
    row = promise(item, by=accountant)
    fields = {
        each.name: getattr(row, each.name) for each in PromiseToPay._meta.concrete_fields if each.name != "id"
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        PromiseToPay.objects.create(**fields | change)


def test_an_item_has_one_open_promise_whoever_writes(item: ReceivableItem, accountant: User):
    row = promise(item, by=accountant)
    with pytest.raises(IntegrityError), transaction.atomic():
        PromiseItem.objects.create(
            promise=PromiseToPay.objects.create(
                company=row.company, account=row.account, amount=1, currency="EUR", promised_date=FOR,
                last_day=FOR, taken_at=AT,
            ),
            item=item,
        )  # fmt: skip


def test_a_judged_promise_is_history(item: ReceivableItem, accountant: User):
    row = promise(item, by=accountant)
    with pytest.raises(Exception, match=r"promise_frozen|Cannot update"), transaction.atomic():
        PromiseToPay.objects.filter(pk=row.pk).update(amount=1)
    judged(row, AFTER)
    with pytest.raises(Exception, match=r"promise_ends_once|Cannot update"), transaction.atomic():
        PromiseToPay.objects.filter(pk=row.pk).update(status=PromiseStatus.KEPT)
    with pytest.raises(Exception, match=r"promise_not_deleted|Cannot delete"), transaction.atomic():
        PromiseToPay.objects.filter(pk=row.pk).delete()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_people_note_the_same_promise(company: Company):
    books = make_user("receivables_accountant", company)
    row = make_item(CustomerAccountFactory(company=company), by=books)
    found = race([lambda: promise(row, by=books)] * 4)
    assert raised(found) == [services.PromiseOpen] * 3
    assert PromiseItem.objects.filter(is_open=True).count() == 1


def test_days_in_the_book_are_those_of_the_test():
    assert day(4) == FOR
