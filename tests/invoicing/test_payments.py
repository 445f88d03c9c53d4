"""Money that comes in: refusals, whose it is, what it is matched with by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError

from accounts.models import CustomerAccount, User
from invoicing.models import Allocation, Payment, ReceivableItem
from invoicing.policy import ClosedPeriod, OtherDebtor
from invoicing.services import KeyTaken
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import TODAY, day, make_confirmed_order, make_invoice, make_payment, woken

pytestmark = pytest.mark.django_db


def matches(payment: Payment) -> list[tuple[str, str]]:
    found = Allocation.objects.filter(credit__payment=payment).order_by("pk")
    return [(a.debit.document, f"{a.amount:.2f}") for a in found.select_related("debit")]


@pytest.mark.parametrize("amount", ["0", "-5", "1.005"])
def test_amounts_that_are_none_are_refused(account: CustomerAccount, accountant: User, amount: str):
    with pytest.raises(Invalid) as refusal:
        make_payment(account, amount, by=accountant)
    assert "amount" in refusal.value.errors


def test_the_right_to_record_is_needed(account: CustomerAccount, rep: User):
    with pytest.raises(NotAllowed):
        make_payment(account, by=rep)


def test_an_external_id_comes_once(account: CustomerAccount, accountant: User):
    make_payment(account, by=accountant, external_id="BANK-1")

    with pytest.raises(KeyTaken) as refusal:
        make_payment(account, "50", by=accountant, external_id="BANK-1")

    assert (refusal.value.code, refusal.value.status) == ("key_conflict", 409)
    assert Payment.objects.count() == 1


def test_a_closed_period_takes_no_money(account: CustomerAccount, accountant: User):
    first_open = -account.company.open_period_days
    with pytest.raises(ClosedPeriod):
        make_payment(account, by=accountant, received=day(first_open - 1))
    assert make_payment(account, by=accountant, received=day(first_open)).pk


def test_money_of_another_companys_client_is_refused(account: CustomerAccount, accountant: User):
    with pytest.raises(OtherDebtor):
        make_payment(CustomerAccountFactory(), by=accountant, company=account.company)


def test_a_payment_is_a_credit_of_its_day(account: CustomerAccount, accountant: User):
    payment = make_payment(account, "75.50", by=accountant, received=day(3))

    item = payment.items.get()
    assert (item.kind, item.amount, item.open_amount) == ("PAYMENT", Decimal("-75.50"), Decimal("-75.50"))
    assert (item.effective_date, item.due_date) == (day(3), day(3))
    assert AuditEvent.objects.get(action="payment.recorded").account_id == account.pk
    assert woken() == [account.pk]


def test_money_from_nobody_known_stays_out_of_every_book(account: CustomerAccount, accountant: User):
    payment = make_payment(None, by=accountant, company=account.company)

    assert payment.account is None
    assert not ReceivableItem.objects.exists()
    assert woken() == []


def test_a_deposit_goes_to_the_client_of_its_order(account: CustomerAccount, accountant: User):
    order = make_confirmed_order(account, by=accountant)

    payment = make_payment(None, by=accountant, company=account.company, order=order)

    assert (payment.account, payment.order) == (account, order)
    assert payment.items.get().account == account


def test_nothing_is_matched_unasked(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1")
    assert matches(make_payment(account, by=accountant, reference="F-1")) == []


def test_documents_named_in_the_reference_are_settled_oldest_due_first(
    account: CustomerAccount, accountant: User
):
    make_invoice(account, "80", by=accountant, number="FA-002", due=day(10))
    make_invoice(account, "50", by=accountant, number="FA-001", due=day(-10))
    make_invoice(account, "100", by=accountant, number="FA-003", due=day(-90))

    payment = make_payment(account, "100", by=accountant, reference="vir fa-001, FA-002.", match=True)

    assert matches(payment) == [("FA-001", "50.00"), ("FA-002", "50.00")]


def test_a_number_inside_another_is_not_named(account: CustomerAccount, accountant: User):
    make_invoice(account, "30", by=accountant, number="12")
    assert matches(make_payment(account, "31", by=accountant, reference="INV 7126", match=True)) == []


def test_more_money_than_is_named_stays_unallocated(account: CustomerAccount, accountant: User):
    make_invoice(account, "40", by=accountant, number="F-1")

    payment = make_payment(account, "100", by=accountant, reference="F-1", match=True)

    assert matches(payment) == [("F-1", "40.00")]
    assert payment.items.get().open_amount == -60


def test_without_a_name_the_oldest_item_of_exactly_the_amount_is_settled(
    account: CustomerAccount, accountant: User
):
    make_invoice(account, "100", by=accountant, number="LATER", due=day(-5))
    make_invoice(account, "100", by=accountant, number="OLDER", due=day(-25))
    make_invoice(account, "99.99", by=accountant, number="NEARLY", due=day(-50))

    assert matches(make_payment(account, "100", by=accountant, match=True)) == [("OLDER", "100.00")]
    assert matches(make_payment(account, "99.98", by=accountant, match=True)) == []


def test_the_documents_named_tell_whose_money_it_is(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1")

    payment = make_payment(None, by=accountant, company=account.company, reference="F-1", match=True)

    assert payment.account == account
    assert matches(payment) == [("F-1", "100.00")]


def test_documents_of_two_clients_tell_nothing(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1")
    make_invoice(CustomerAccountFactory(company=account.company), by=accountant, number="F-2")

    payment = make_payment(None, by=accountant, company=account.company, reference="F-1 F-2", match=True)

    assert (payment.account, matches(payment)) == (None, [])


def test_other_currencies_are_left_alone(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1", currency="USD")
    assert matches(make_payment(account, by=accountant, reference="F-1", match=True)) == []


def test_money_announced_is_matched_from_its_day(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1")

    payment = make_payment(account, by=accountant, received=day(4), reference="F-1", match=True)

    match = Allocation.objects.get(credit__payment=payment)
    assert (match.effective_date, match.dated_ahead) == (day(4), True)


def test_the_database_refuses_a_second_payment_of_that_key_and_amounts_that_are_none(
    account: CustomerAccount, accountant: User
):
    payment = make_payment(account, by=accountant, external_id="ONCE", received=TODAY)
    payment.pk = None
    with pytest.raises(IntegrityError, match="payment_once_per_company"):
        payment.save(force_insert=True)
