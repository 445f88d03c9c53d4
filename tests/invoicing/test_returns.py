"""Payments that the bank takes back, and the undoing: refusals first, then what is booked and for which days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Company, CustomerAccount, User
from credit.services import check
from invoicing import proofs, services
from invoicing.models import Allocation, Payment, PaymentReturn, ReceivableItem
from invoicing.policy import ClosedPeriod, DatedAhead, ReturnedBeforeReceived
from invoicing.queries import items_on
from invoicing.services import AlreadyReturned, NotReturned, OfReturn, WentBack
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_invoice, make_item, make_payment, woken

pytestmark = pytest.mark.django_db


def paid(account: CustomerAccount, by: User, amount: str = "100") -> tuple[ReceivableItem, Payment]:
    """An invoice paid ten days ago."""
    debit = make_item(account, amount, by=by)
    payment = make_payment(account, amount, by=by, received=day(-10))
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(amount))], by=by, at=AT)
    return debit, payment


def take_back(payment: Payment, by: User, on: date | None = None, **fields: Any) -> services.Returned:
    return services.return_payment(
        payment_id=payment.pk,
        returned_on=on or day(-2),
        reason=fields.pop("reason", "Insufficient funds"),
        by=by,
        at=AT,
        **fields,
    )


def undo(payment: Payment, by: User) -> PaymentReturn:
    return services.undo_return(payment_id=payment.pk, by=by, at=AT)


def opens(account: CustomerAccount, on: date = TODAY) -> dict[str, str]:
    """What is open on a day, by kind and document."""
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=on)
    return {f"{row.kind} {row.document}": f"{row.open_on:.2f}" for row in rows if row.open_on}


def sound(account: CustomerAccount) -> None:
    """Every constraint holds, and so does every proof."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    assert list(proofs.differences(company=account.company, today=TODAY)) == []


def test_only_whoever_records_payments_returns_them(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    adv = make_user("adv_officer", account.company)

    for act in (take_back, undo):
        with pytest.raises(NotAllowed):
            act(payment, adv)
    assert not PaymentReturn.objects.exists()


def test_another_companys_payment_does_not_exist(account: CustomerAccount, accountant: User):
    far = make_user("receivables_accountant", CompanyFactory(code="FAR"))
    _debit, payment = paid(account, accountant)

    for act in (take_back, undo):
        with pytest.raises(NotFound):
            act(payment, far)


@pytest.mark.parametrize(
    ("on", "refusal"),
    [(day(1), DatedAhead), (day(-11), ReturnedBeforeReceived), (date(2020, 1, 1), ReturnedBeforeReceived)],
)
def test_a_day_on_which_it_cannot_have_come_back_is_refused(
    account: CustomerAccount, accountant: User, on: date, refusal: type[Exception]
):
    _debit, payment = paid(account, accountant)

    with pytest.raises(refusal):
        take_back(payment, accountant, on)


def test_a_closed_month_takes_no_return_and_gives_none_back(account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant)
    payment = make_payment(account, by=accountant, received=date(2026, 10, 12))
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(100))], by=accountant, at=AT)
    take_back(payment, accountant, date(2026, 10, 20))
    services.close_period(company=account.company, month=date(2026, 10, 1), by=accountant, at=AT)

    with pytest.raises(ClosedPeriod):
        undo(payment, accountant)
    other = make_payment(account, by=accountant, received=date(2026, 11, 2))
    Payment.objects.filter(pk=other.pk).update(received_on=date(2026, 10, 2))
    with pytest.raises(ClosedPeriod):
        take_back(other, accountant, date(2026, 10, 20))


@pytest.mark.parametrize("fields", [{"reason": " "}, {"fee": Decimal("-1")}, {"fee": Decimal("1.001")}])
def test_what_cannot_be_read_is_refused_by_its_field(
    account: CustomerAccount, accountant: User, fields: dict[str, Any]
):
    _debit, payment = paid(account, accountant)

    with pytest.raises(Invalid) as refusal:
        take_back(payment, accountant, **fields)
    assert set(refusal.value.errors) == set(fields)


def test_what_it_had_settled_is_owed_again_from_its_day(account: CustomerAccount, accountant: User):
    debit, payment = paid(account, accountant)
    before = {on: opens(account, on) for on in (day(-20), day(-10), day(-3))}

    made = take_back(payment, accountant, fee=Decimal("12.50"))

    number = payment.external_id
    assert made.is_new
    assert opens(account) == {f"INVOICE {debit.document}": "100.00", f"BANK_FEE {number}": "12.50"}
    assert opens(account, day(-2)) == opens(account)
    assert {on: opens(account, on) for on in before} == before
    assert made.row.item is not None
    assert made.row.item.amount == 100
    sound(account)


def test_the_same_once_more_changes_nothing_another_is_a_conflict(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    first = take_back(payment, accountant, fee=Decimal(5))

    again = take_back(payment, accountant, fee=Decimal(5))
    assert (again.row.pk, again.is_new) == (first.row.pk, False)
    others: list[dict[str, Any]] = [{"fee": None}, {"reason": "Other"}, {"on": day(-1)}]
    for other in others:
        with pytest.raises(AlreadyReturned):
            take_back(payment, accountant, **{"fee": Decimal(5), **other})
    assert PaymentReturn.objects.count() == 1


def test_held_orders_are_examined_again_and_people_are_told(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    Work.objects.all().delete()

    made = take_back(payment, accountant)
    assert woken() == [account.pk]
    assert Work.objects.filter(kind="react:o2c.home.notices.payment_returned").count() == 1
    event = AuditEvent.objects.get(action="payment.returned")
    assert event.after is not None
    assert (event.object_id, event.reason, event.after["date"]) == (
        payment.pk,
        "Insufficient funds",
        day(-2).isoformat(),
    )
    assert made.row.recorded_by == accountant

    Work.objects.all().delete()
    undo(payment, accountant)
    assert woken() == [account.pk]


def test_siblings_whose_invoices_it_paid_are_examined_too(account: CustomerAccount, accountant: User):
    sibling = CustomerAccountFactory(company=account.company, entity=account.entity)
    debit, payment = make_item(sibling, by=accountant), make_payment(account, by=accountant)
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(100))], by=accountant, at=AT)
    Work.objects.all().delete()

    take_back(payment, accountant, TODAY)

    assert woken() == sorted([account.pk, sibling.pk])
    assert opens(sibling) == {f"INVOICE {debit.document}": "100.00"}
    sound(account)


def test_a_match_dated_later_than_the_return_is_reversed_on_its_own_day(
    account: CustomerAccount, accountant: User
):
    debit = make_item(account, by=accountant, issued=day(-4), due=day(20))
    payment = make_payment(account, by=accountant, received=day(-10))
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(100))], by=accountant, at=AT)

    take_back(payment, accountant, day(-6))

    assert opens(account, day(-5)) == {}
    assert opens(account, day(-4)) == opens(account) == {f"INVOICE {debit.document}": "100.00"}
    sound(account)


def test_a_match_undone_after_the_day_of_the_return_was_in_force_until_then(
    account: CustomerAccount, accountant: User
):
    debit, payment = paid(account, accountant)
    services.unallocate(allocation_id=Allocation.objects.get().pk, by=accountant, at=AT)

    take_back(payment, accountant, day(-5))

    number = payment.external_id
    assert opens(account, day(-3)) == {f"PAYMENT_RETURN {number}": "100.00"}
    assert opens(account) == {f"INVOICE {debit.document}": "100.00"}
    sound(account)


def test_the_match_of_a_return_is_not_undone_by_itself(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    row = take_back(payment, accountant).row

    closing = Allocation.objects.get(debit=row.item)
    with pytest.raises(OfReturn):
        services.unallocate(allocation_id=closing.pk, by=accountant, at=AT)


def test_money_nobody_has_identified_comes_back_without_a_trace_in_the_book(
    account: CustomerAccount, accountant: User
):
    payment = make_payment(None, company=account.company, by=accountant)

    with pytest.raises(Invalid):
        take_back(payment, accountant, TODAY, fee=Decimal(5))
    assert take_back(payment, accountant, TODAY).row.item is None
    undo(payment, accountant)
    assert not ReceivableItem.objects.exists()


def test_an_undone_return_leaves_the_book_as_if_it_had_never_been(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    take_back(payment, accountant, fee=Decimal(7))

    undo(payment, accountant)

    assert [opens(account, on) for on in (day(-10), day(-2), day(-1), TODAY)] == [{}] * 4
    with pytest.raises(NotReturned):
        undo(payment, accountant)
    assert take_back(payment, accountant).is_new
    undo(payment, accountant)
    sound(account)


def test_what_was_paid_again_meanwhile_stays_paid(account: CustomerAccount, accountant: User):
    debit, payment = paid(account, accountant)
    row = take_back(payment, accountant, fee=Decimal(7)).row
    assert row.fee_item is not None
    second = make_payment(account, "107", by=accountant, received=day(-1))
    services.allocate_payment(
        payment_id=second.pk,
        items=[(debit.pk, Decimal(100)), (row.fee_item.pk, Decimal(7))],
        by=accountant,
        at=AT,
    )

    undo(payment, accountant)

    number = payment.external_id
    assert opens(account) == {f"PAYMENT {number}": "-100.00", f"BANK_FEE {number}": "-7.00"}
    sound(account)


def test_the_database_keeps_one_return_in_force_and_none_before_the_money(
    account: CustomerAccount, accountant: User
):
    _debit, payment = paid(account, accountant)
    row = take_back(payment, accountant).row
    fields = {"reason": "x", "recorded_by": accountant, "recorded_at": AT}

    for payment_, on in ((payment, TODAY), (make_payment(account, by=accountant), day(-1))):
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentReturn.objects.create(payment=payment_, returned_on=on, **fields)
    with pytest.raises(Exception, match="frozen"), transaction.atomic():
        PaymentReturn.objects.filter(pk=row.pk).update(reason="other")
    with pytest.raises(Exception, match="not_deleted"), transaction.atomic():
        row.delete()


def test_money_that_went_back_is_put_on_nobody(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    payment = make_payment(None, "100", company=company, by=accountant)
    owed = make_item(account, "100", by=accountant)
    take_back(payment, accountant, on=TODAY)

    with pytest.raises(WentBack):
        services.identify(payment_id=payment.pk, account_id=account.pk, by=accountant, at=AT)
    with pytest.raises(WentBack):
        services.settle(
            payment_id=payment.pk,
            lines=[services.SettleLine(owed.pk, Decimal(100))],
            account_id=account.pk,
            key="late",
            by=accountant,
            at=AT,
        )
    with pytest.raises(IntegrityError, match="nobodys"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(account=account)
    sound(account)

    undo(payment, accountant)
    services.identify(payment_id=payment.pk, account_id=account.pk, by=accountant, at=AT)
    sound(account)


def test_matched_again_counts_from_the_day_it_was_un_matched(account: CustomerAccount, accountant: User):
    debit, payment = paid(account, accountant)
    services.unallocate(allocation_id=Allocation.objects.get().pk, by=accountant, at=AT)

    made = services.allocate_payment(
        payment_id=payment.pk, items=[(debit.pk, Decimal(100))], by=accountant, at=AT
    )

    assert made[0].effective_date == TODAY
    assert opens(account, day(-5)) == {}
    sound(account)


def test_an_invoice_of_two_parts_is_reopened_whole(account: CustomerAccount, accountant: User):
    first, second = (make_invoice(account, by=accountant).items.get() for _ in range(2))
    payment = make_payment(account, "150", by=accountant, received=day(-10))
    services.allocate_payment(
        payment_id=payment.pk,
        items=[(first.pk, Decimal(100)), (second.pk, Decimal(50))],
        by=accountant,
        at=AT,
    )

    take_back(payment, accountant)
    assert opens(account) == {f"INVOICE {first.document}": "100.00", f"INVOICE {second.document}": "100.00"}
    undo(payment, accountant)
    assert opens(account) == {f"INVOICE {second.document}": "50.00"}
    sound(account)


def holding(account: CustomerAccount, by: User) -> dict[str, dict[str, Any]]:
    """What a check of a small order of the client finds, by code."""
    answer = check(account=account, amount=Decimal(1), at=AT, by=by).as_contract()
    return {each["code"]: each["figures"] for each in answer["findings"]}


def test_what_came_back_holds_orders_until_it_is_replaced(account: CustomerAccount, accountant: User):
    debit, payment = paid(account, accountant)
    assert "UNPAID_INSTRUMENT" not in holding(account, accountant)

    take_back(payment, accountant)
    found = holding(account, accountant)["UNPAID_INSTRUMENT"]
    assert (found["amount"], found["last_on"]) == ("100.00", str(day(-2)))

    # Paid again in part: the rest still holds.
    again = make_payment(account, "60", by=accountant, received=day(-1))
    services.allocate_payment(payment_id=again.pk, items=[(debit.pk, Decimal(60))], by=accountant, at=AT)
    assert holding(account, accountant)["UNPAID_INSTRUMENT"]["amount"] == "40.00"

    last = make_payment(account, "40", by=accountant, received=day(-1))
    services.allocate_payment(payment_id=last.pk, items=[(debit.pk, Decimal(40))], by=accountant, at=AT)
    assert "UNPAID_INSTRUMENT" not in holding(account, accountant)


def test_money_on_account_that_came_back_is_replaced_by_as_much(account: CustomerAccount, accountant: User):
    payment = make_payment(account, "100", by=accountant, received=day(-10))
    take_back(payment, accountant)
    assert holding(account, accountant)["UNPAID_INSTRUMENT"]["amount"] == "100.00"

    make_payment(account, "99", by=accountant, received=day(-1))
    assert holding(account, accountant)["UNPAID_INSTRUMENT"]["amount"] == "100.00"
    make_payment(account, "1", by=accountant, received=day(-1))
    assert "UNPAID_INSTRUMENT" not in holding(account, accountant)


def test_a_return_undone_holds_nothing(account: CustomerAccount, accountant: User):
    _debit, payment = paid(account, accountant)
    take_back(payment, accountant)
    undo(payment, accountant)
    assert "UNPAID_INSTRUMENT" not in holding(account, accountant)


def test_another_clients_return_holds_nothing_here(account: CustomerAccount, accountant: User):
    other = CustomerAccountFactory(company=account.company)
    _debit, payment = paid(other, accountant)
    take_back(payment, accountant)
    assert "UNPAID_INSTRUMENT" in holding(other, accountant)
    assert "UNPAID_INSTRUMENT" not in holding(account, accountant)
