"""Matching a payment with all that goes with it, and undoing it: unhappy paths first."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Company, CustomerAccount, User
from invoicing import policy, services
from invoicing.enums import ItemKind
from invoicing.matching import reading
from invoicing.models import (
    Allocation,
    CashDiscount,
    Matching,
    MatchingRules,
    PayerLink,
    Payment,
    ReceivableItem,
)
from invoicing.services import SettleLine
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_item, make_payment

IBAN = "FR7630006000011234567890189"


def settle(payment: Payment, *lines: SettleLine, by: User | None, key: str = "k", **options: Any) -> Matching:
    return services.settle(payment_id=payment.pk, lines=lines, key=key, by=by, at=AT, **options)


def taken(item: ReceivableItem, amount: str | None = None, **let_go: str) -> SettleLine:
    let_go_amounts: dict[str, Any] = {name: Decimal(value) for name, value in let_go.items()}
    return SettleLine(item.pk, Decimal(amount) if amount else item.open_amount, **let_go_amounts)


def is_open(*items: ReceivableItem) -> list[Decimal]:
    for item in items:
        item.refresh_from_db()
    return [item.open_amount for item in items]


def own_of(payment: Payment) -> ReceivableItem:
    return payment.items.get(kind=ItemKind.PAYMENT)


def test_who_may_not_match_does_not(account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    with pytest.raises(NotAllowed):
        settle(payment, taken(owed), by=make_user("adv_officer", account.company))
    with pytest.raises(NotFound):
        settle(payment, taken(owed), by=make_user("receivables_accountant", CompanyFactory(code="ELSE")))
    with pytest.raises(NotFound):
        settle(payment, taken(owed), by=make_user("sales", account.company))
    assert is_open(owed) == [Decimal(100)]


@pytest.mark.parametrize("wrong", ["nothing", "twice", "negative", "cents", "too much", "credits"])
def test_lines_that_cannot_be_are_refused(account: CustomerAccount, accountant: User, wrong: str) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    lines = {
        "nothing": [],
        "twice": [taken(owed, "50"), taken(owed, "50")],
        "negative": [taken(owed, "100", write_off="-1")],
        "cents": [taken(owed, "99.999")],
        "too much": [taken(owed, "100.01")],
        "credits": [SettleLine(own_of(payment).pk, Decimal(-5)), SettleLine(owed.pk, Decimal(1))],
    }[wrong]
    with pytest.raises((Invalid, policy.OverAllocated, policy.SameSide)):
        settle(payment, *lines, by=accountant)
    assert not Matching.objects.exists()


def test_a_wish_sent_twice_is_done_once(account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    first = settle(payment, taken(owed, "40"), by=accountant)
    assert settle(payment, taken(owed, "40"), by=accountant) == first
    with pytest.raises(services.KeyTaken):
        settle(payment, taken(owed, "41"), by=accountant)
    assert is_open(owed, own_of(payment)) == [Decimal(60), Decimal(-60)]


def test_several_items_and_a_credit_note_with_one_letter(account: CustomerAccount, accountant: User) -> None:
    one, two = make_item(account, "2640", by=accountant), make_item(account, "1860", by=accountant)
    credit = make_payment(account, "45", by=accountant)
    payment = make_payment(account, "4455", by=accountant)
    act = settle(payment, taken(one), taken(two), SettleLine(own_of(credit).pk, Decimal(-45)), by=accountant)
    assert is_open(one, two, own_of(credit), own_of(payment)) == [0, 0, 0, 0]
    assert set(Allocation.objects.values_list("letter", flat=True)) == {"AAA"}
    assert len(act.allocations) == 3


def test_a_discount_is_taken_within_its_terms_only(account: CustomerAccount, accountant: User) -> None:
    owed = make_item(account, "1200", issued=day(-5), due=day(25), by=accountant)
    payment = make_payment(account, "1176", by=accountant)
    with pytest.raises(services.NoDiscount, match="No cash discount is granted"):
        settle(payment, taken(owed, "1176", discount="24"), by=accountant)
    terms = CashDiscount.objects.create(company=account.company, percent=Decimal(2), days=4)
    with pytest.raises(services.NoDiscount, match="was to be had until"):
        settle(payment, taken(owed, "1176", discount="24"), by=accountant)
    terms.days = 5
    terms.save()
    with pytest.raises(services.NoDiscount, match="at most"):
        settle(payment, taken(owed, "1175.99", discount="24.01"), by=accountant)
    act = settle(payment, taken(owed, "1176", discount="24"), by=accountant)
    assert is_open(owed, own_of(payment)) == [0, 0]
    item = ReceivableItem.objects.get(pk__in=act.differences)
    assert (str(item.kind), item.amount, item.open_amount) == ("DISCOUNT", Decimal(-24), Decimal(0))
    assert (AuditEvent.objects.get(action="payment.settled").after or {})["discount"] == "24.00"


def test_small_differences_are_let_go_by_right_up_to_the_tolerance(
    account: CustomerAccount, accountant: User
) -> None:
    owed, payment = make_item(account, "100", by=accountant), make_payment(account, "99.20", by=accountant)
    system = make_user("integration", account.company)
    with pytest.raises(NotAllowed):
        settle(payment, taken(owed, "99.20", write_off="0.80"), by=system)
    MatchingRules.objects.create(company=account.company, tolerance=Decimal("0.79"))
    with pytest.raises(services.AboveTolerance):
        settle(payment, taken(owed, "99.20", write_off="0.80"), by=accountant)
    MatchingRules.objects.update(tolerance=Decimal("0.80"))
    settle(payment, taken(owed, "99.20", write_off="0.80"), by=accountant)
    assert is_open(owed, own_of(payment)) == [0, 0]
    more = make_item(account, "100", by=accountant)
    above = make_payment(account, "100.50", by=accountant)
    act = settle(above, taken(more), over=Decimal("0.50"), key="over", by=accountant)
    assert is_open(more, own_of(above)) == [0, 0]
    assert ReceivableItem.objects.get(pk__in=act.differences).amount == Decimal("0.50")


def test_an_exchange_difference_needs_a_foreign_currency(company: Company, accountant: User) -> None:
    at_home = CustomerAccountFactory(company=company)
    owed, payment = make_item(at_home, "1000", by=accountant), make_payment(at_home, "994", by=accountant)
    line = SettleLine(owed.pk, Decimal(994), write_off=Decimal(6), is_exchange=True)
    with pytest.raises(services.AboveTolerance):
        settle(payment, line, by=accountant)
    abroad = CustomerAccountFactory(company=company, currency="USD", country="US")
    owed = make_item(abroad, "1000", currency="USD", by=accountant)
    payment = make_payment(abroad, "994", currency="USD", by=accountant)
    line = SettleLine(owed.pk, Decimal(994), write_off=Decimal(6), is_exchange=True)
    act = settle(payment, line, by=accountant)
    assert ReceivableItem.objects.get(pk__in=act.differences).kind == ItemKind.EXCHANGE_DIFF
    assert is_open(owed) == [0]


def test_undoing_takes_back_what_was_let_go(account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, "100", by=accountant), make_payment(account, "99.20", by=accountant)
    act = settle(payment, taken(owed, "99.20", write_off="0.80"), by=accountant)
    services.unallocate(allocation_id=act.allocations[0], by=accountant, at=AT)
    assert is_open(owed, own_of(payment)) == [Decimal(100), Decimal("-99.20")]
    gone = ReceivableItem.objects.filter(kind=ItemKind.WRITE_OFF)
    assert sorted(gone.values_list("amount", "open_amount")) == [
        (Decimal("-0.80"), Decimal(0)),
        (Decimal("0.80"), Decimal(0)),
    ]
    with pytest.raises(services.AlreadyReversed):
        services.unallocate(allocation_id=act.allocations[1], by=accountant, at=AT)


def test_undoing_an_overpayment_takes_it_back(account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, "100", by=accountant), make_payment(account, "100.50", by=accountant)
    act = settle(payment, taken(owed), over=Decimal("0.50"), by=accountant)
    services.unallocate(allocation_id=act.allocations[0], by=accountant, at=AT)
    assert is_open(owed, own_of(payment)) == [Decimal(100), Decimal("-100.50")]
    assert not ReceivableItem.objects.filter(kind=ItemKind.WRITE_OFF).exclude(open_amount=0).exists()


def test_a_returned_payment_opens_all_it_had_settled(account: CustomerAccount, accountant: User) -> None:
    owed, more = make_item(account, "100", by=accountant), make_item(account, "50", by=accountant)
    payment = make_payment(account, "149.70", by=accountant)
    settle(payment, taken(owed, "99.70", write_off="0.30"), taken(more), by=accountant)
    services.return_payment(payment_id=payment.pk, returned_on=day(0), reason="AM04", by=accountant, at=AT)
    assert is_open(owed, more, own_of(payment)) == [Decimal(100), Decimal(50), 0]
    assert not ReceivableItem.objects.filter(kind=ItemKind.WRITE_OFF).exclude(open_amount=0).exists()


def test_unidentified_money_is_put_on_the_client_it_settles(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "100", by=accountant)
    payment = make_payment(None, "100", company=company, payer_iban=IBAN, by=accountant)
    with pytest.raises(NotFound):
        settle(payment, taken(owed), by=accountant)
    settle(payment, taken(owed), account_id=account.pk, by=accountant)
    payment.refresh_from_db()
    assert payment.account == account
    link = PayerLink.objects.get()
    assert (link.account, link.iban, link.seen, link.learned_by) == (account, IBAN, 1, accountant)
    again = make_payment(account, "5", payer_iban=IBAN, by=accountant)
    settle(again, taken(make_item(account, "5", by=accountant)), key="again", by=accountant)
    assert PayerLink.objects.get().seen == 2


def test_identifying_alone_frees_credit_once(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    payment = make_payment(None, "100", company=company, by=accountant)
    with pytest.raises(NotFound):
        services.identify(payment_id=payment.pk, account_id=0, by=accountant, at=AT)
    item = services.identify(payment_id=payment.pk, account_id=account.pk, by=accountant, at=AT)
    assert (item.account, item.open_amount) == (account, Decimal(-100))
    with pytest.raises(services.AlreadyIdentified):
        services.identify(payment_id=payment.pk, account_id=account.pk, by=accountant, at=AT)


def test_what_was_matched_is_never_changed(account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    act = settle(payment, taken(owed), by=accountant)
    for statement in ("UPDATE invoicing_matching SET score = 1", "DELETE FROM invoicing_matching"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Matching.objects.get() == act


def test_sure_payments_match_by_themselves_where_it_is_wanted(
    company: Company, account: CustomerAccount, accountant: User, work_drain: Callable[[], int]
) -> None:
    sure, doubtful = make_item(account, "831.17", by=accountant), make_item(account, "55", by=accountant)
    make_payment(account, "831.17", by=accountant)
    work_drain()
    assert is_open(sure) == [Decimal("831.17")]  # not wanted
    MatchingRules.objects.create(company=company, is_automatic=True)
    make_payment(account, "831.17", by=accountant)
    make_payment(account, "40", reference=doubtful.document, by=accountant)
    work_drain()
    assert is_open(sure, doubtful) == [0, Decimal(55)]
    act = Matching.objects.get()
    assert (act.is_automatic, act.made_by) == (True, None)
    assert act.payment_id
    assert act.score
    assert act.score >= reading.rules_of(company).confidence
    # What a person undoes stays undone.
    services.unallocate(allocation_id=act.allocations[0], by=accountant, at=AT)
    services.ask_to_match(company, [act.payment_id])
    work_drain()
    assert is_open(sure) == [Decimal("831.17")]


def test_rules_are_set_by_the_finance_director(company: Company, accountant: User) -> None:
    asked: dict[str, Any] = {
        "company": company, "is_automatic": True, "confidence": Decimal("0.95"), "tolerance": Decimal(2),
        "discount_percent": Decimal(2), "discount_days": 10, "at": AT,
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        services.set_matching_rules(**asked, by=accountant)
    director = make_user("finance_director", company)
    with pytest.raises(Invalid):
        services.set_matching_rules(**asked | {"discount_days": None}, by=director)
    services.set_matching_rules(**asked, by=director)
    assert reading.rules_of(company).automatic
    assert CashDiscount.objects.get().percent == 2
    services.set_matching_rules(**asked | {"discount_percent": None, "discount_days": None}, by=director)
    assert not CashDiscount.objects.exists()


def test_payments_that_come_by_the_thousand_are_looked_at_too(
    company: Company, account: CustomerAccount, accountant: User, work_drain: Callable[[], int]
) -> None:
    owed = make_item(account, "831.17", number="FA2026-000031", by=accountant)
    MatchingRules.objects.create(company=company, is_automatic=True)
    row = services.PaymentRow(
        None, "BANK-1", day(0), Decimal("831.17"), "EUR", "transfer", "hash", reference="FA2026-000031"
    )
    services.enter_payments(company=company, rows=[row], by=accountant, at=AT)
    work_drain()
    assert is_open(owed) == [0]
    assert Payment.objects.get().account == account
