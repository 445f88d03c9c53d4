"""Matching and un-matching: what is refused, what is written, which day it counts from."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.models import Allocation, ReceivableItem
from invoicing.policy import ClosedPeriod, Instalment, OtherCurrency, OtherDebtor, OverAllocated, SameSide
from invoicing.services import AlreadyReversed, MatchPair
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_invoice, make_item, woken

pytestmark = pytest.mark.django_db


def match(credit: ReceivableItem, debit: ReceivableItem, amount: str, by: User, **fields) -> Allocation:
    return services.allocate(
        from_item_id=credit.pk, to_item_id=debit.pk, amount=Decimal(amount), by=by, at=AT, **fields
    )


def opens(*items: ReceivableItem) -> list[str]:
    for item in items:
        item.refresh_from_db()
    return [f"{item.open_amount:.2f}" for item in items]


@pytest.mark.parametrize("amount", ["0", "-10", "100.01", "60.01"])
def test_too_much_or_nothing_is_refused(account: CustomerAccount, accountant: User, amount: str):
    debit, credit = make_item(account, by=accountant), make_credit(account, "60", by=accountant)

    with pytest.raises(OverAllocated) as refusal:
        match(credit, debit, amount, accountant)

    assert (refusal.value.code, refusal.value.status) == ("over_allocated", 422)
    assert opens(debit, credit) == ["100.00", "-60.00"]


def test_a_settled_item_takes_no_more(account: CustomerAccount, accountant: User):
    debit, credit = make_item(account, by=accountant), make_credit(account, "250", by=accountant)
    match(credit, debit, "100", accountant)

    with pytest.raises(OverAllocated):
        match(credit, debit, "0.01", accountant)


def test_pairs_that_together_take_too_much_are_refused_whole(account: CustomerAccount, accountant: User):
    first, second = make_item(account, by=accountant), make_item(account, by=accountant)
    credit = make_credit(account, "150", by=accountant)

    with pytest.raises(OverAllocated):
        services.allocate_many(
            [MatchPair(credit.pk, first.pk, Decimal(100)), MatchPair(credit.pk, second.pk, Decimal(100))],
            by=accountant,
            at=AT,
        )

    assert opens(first, second, credit) == ["100.00", "100.00", "-150.00"]


def test_fractions_of_a_cent_are_refused(account: CustomerAccount, accountant: User):
    debit, credit = make_item(account, by=accountant), make_credit(account, by=accountant)

    with pytest.raises(Invalid):
        match(credit, debit, "10.001", accountant)


def test_two_invoices_or_two_payments_are_no_pair(account: CustomerAccount, accountant: User):
    debits = make_item(account, by=accountant), make_item(account, by=accountant)
    credits_ = make_credit(account, by=accountant), make_credit(account, by=accountant)

    for one, other in (debits, credits_):
        with pytest.raises(SameSide):
            match(one, other, "10", accountant)


def test_another_client_is_refused_unless_of_one_entity_or_group(account: CustomerAccount, accountant: User):
    group = CustomerGroupFactory()
    stranger = CustomerAccountFactory(company=account.company)
    sibling = CustomerAccountFactory(company=account.company, entity=account.entity)
    cousins = [
        CustomerAccountFactory(company=account.company, entity=LegalEntityFactory(group=group))
        for _ in range(2)
    ]
    debit = make_item(account, by=accountant)

    with pytest.raises(OtherDebtor) as refusal:
        match(make_credit(stranger, by=accountant), debit, "10", accountant)
    assert (refusal.value.code, refusal.value.status) == ("other_debtor", 422)

    match(make_credit(sibling, by=accountant), debit, "10", accountant)
    match(make_credit(cousins[0], by=accountant), make_item(cousins[1], by=accountant), "10", accountant)
    assert Allocation.objects.count() == 2


def test_a_sister_companys_book_is_another_debtor(account: CustomerAccount, accountant: User):
    sister = CompanyFactory(code="SISTER")
    theirs = CustomerAccountFactory(company=sister, entity=account.entity)
    controller = make_user("receivables_accountant", sister)
    credit = make_credit(theirs, by=controller)
    both = make_user("receivables_accountant", account.company)
    both.role_grants.create(company=sister, role_id="receivables_accountant")

    with pytest.raises(OtherDebtor):
        match(credit, make_item(account, by=accountant), "10", User.objects.get(pk=both.pk))


def test_currencies_are_not_mixed(account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant, currency="USD")

    with pytest.raises(OtherCurrency):
        match(make_credit(account, by=accountant), debit, "10", accountant)


def test_who_may_not_allocate_is_told_so_and_who_may_not_see_finds_nothing(
    account: CustomerAccount, accountant: User, rep: User
):
    debit, credit = make_item(account, by=accountant), make_credit(account, by=accountant)
    adv = make_user("adv_officer", account.company)

    with pytest.raises(NotAllowed):
        match(credit, debit, "10", adv)
    with pytest.raises(NotFound):
        match(credit, debit, "10", rep)
    with pytest.raises(NotFound):
        services.allocate(from_item_id=credit.pk, to_item_id=0, amount=Decimal(1), by=accountant, at=AT)


def test_either_way_round_is_the_same_match(account: CustomerAccount, accountant: User):
    debit, credit = make_item(account, by=accountant), make_credit(account, by=accountant)

    made = match(debit, credit, "40", accountant)

    assert (made.debit_id, made.credit_id) == (debit.pk, credit.pk)
    assert opens(debit, credit) == ["60.00", "-60.00"]


def test_the_later_of_both_days_counts_unless_a_later_one_is_given(
    account: CustomerAccount, accountant: User
):
    debit = make_item(account, by=accountant, issued=day(-40))
    credit = make_credit(account, by=accountant, received=day(-5))

    first, second = match(credit, debit, "10", accountant), match(credit, debit, "10", accountant, date=TODAY)
    third = match(credit, debit, "10", accountant, date=day(-20))

    assert [a.effective_date for a in (first, second, third)] == [day(-5), TODAY, day(-5)]
    assert not any(a.dated_ahead for a in (first, second, third))


def test_a_match_with_money_announced_for_later_is_dated_ahead(account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant)
    made = match(make_credit(account, by=accountant, received=day(7)), debit, "100", accountant)

    assert (made.effective_date, made.dated_ahead) == (day(7), True)


def test_closed_periods_take_the_first_open_day_instead(account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant, issued=day(-60))
    credit = make_credit(account, by=accountant, received=day(-50))
    account.company.open_period_days = 30
    account.company.save()

    with pytest.raises(ClosedPeriod):
        match(credit, debit, "10", accountant, date=day(-31))
    assert match(credit, debit, "10", accountant).effective_date == day(-30)


def test_letters_follow_the_account_and_what_hangs_together(account: CustomerAccount, accountant: User):
    debits = [make_item(account, by=accountant) for _ in range(3)]
    wide, narrow = make_credit(account, "150", by=accountant), make_credit(account, "50", by=accountant)
    other = CustomerAccountFactory(company=account.company)

    letters = [
        match(wide, debits[0], "100", accountant).letter,
        match(narrow, debits[2], "50", accountant).letter,
        match(wide, debits[1], "50", accountant).letter,
        match(make_credit(other, by=accountant), make_item(other, by=accountant), "1", accountant).letter,
    ]

    assert letters == ["AAA", "AAB", "AAA", "AAA"]


def test_a_payment_is_put_on_several_items_at_once(account: CustomerAccount, accountant: User):
    first, second = make_item(account, by=accountant), make_item(account, by=accountant)
    credit = make_credit(account, "130", by=accountant)
    assert credit.payment_id is not None

    made = services.allocate_payment(
        payment_id=credit.payment_id,
        items=[(first.pk, Decimal(100)), (second.pk, Decimal(30))],
        by=accountant,
        at=AT,
    )

    assert [(a.debit_id, a.amount, a.letter) for a in made] == [
        (first.pk, Decimal(100), "AAA"),
        (second.pk, Decimal(30), "AAA"),
    ]
    assert opens(first, second, credit) == ["0.00", "70.00", "0.00"]


def test_a_match_is_journalled_and_wakes_waiting_orders(account: CustomerAccount, accountant: User):
    debit, credit = make_item(account, by=accountant), make_credit(account, by=accountant)
    Work.objects.all().delete()

    made = match(credit, debit, "40", accountant)

    event = AuditEvent.objects.get(action="allocation.made")
    assert (event.object_id, event.account_id, event.actor) == (made.pk, account.pk, accountant.username)
    assert event.after is not None
    assert (event.after["amount"], event.after["debit_open"]) == ("40", "60.00")
    assert woken() == [account.pk]


def test_unmatching_appends_a_reversal_of_today_and_opens_both(account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant)
    credit = make_credit(account, by=accountant, received=day(-9))
    made = match(credit, debit, "100", accountant)
    Work.objects.all().delete()

    reversal = services.unallocate(allocation_id=made.pk, by=accountant, at=AT)

    assert (reversal.amount, reversal.reversal_of_id, reversal.letter) == (Decimal(-100), made.pk, "AAA")
    assert (made.effective_date, reversal.effective_date) == (day(-9), TODAY)
    assert opens(debit, credit) == ["100.00", "-100.00"]
    assert Allocation.objects.count() == 2
    assert woken() == [account.pk]
    assert AuditEvent.objects.filter(action="allocation.reversed").count() == 1


def test_unmatching_money_dated_ahead_never_counts_before_the_match(
    account: CustomerAccount, accountant: User
):
    made = match(
        make_credit(account, by=accountant, received=day(7)),
        make_item(account, by=accountant),
        "9",
        accountant,
    )

    reversal = services.unallocate(allocation_id=made.pk, by=accountant, at=AT)

    assert (reversal.effective_date, reversal.dated_ahead) == (day(7), True)


def test_unmatching_twice_is_a_conflict(account: CustomerAccount, accountant: User):
    made = match(make_credit(account, by=accountant), make_item(account, by=accountant), "9", accountant)
    reversal = services.unallocate(allocation_id=made.pk, by=accountant, at=AT)

    for key in (made.pk, reversal.pk):
        with pytest.raises(AlreadyReversed) as refusal:
            services.unallocate(allocation_id=key, by=accountant, at=AT)
        assert refusal.value.status == 409
    with pytest.raises(NotFound):
        services.unallocate(allocation_id=0, by=accountant, at=AT)


def test_letters_of_undone_matches_are_not_taken_up_again(account: CustomerAccount, accountant: User):
    debit, credit = make_item(account, by=accountant), make_credit(account, by=accountant)
    services.unallocate(allocation_id=match(credit, debit, "9", accountant).pk, by=accountant, at=AT)

    assert match(credit, debit, "9", accountant).letter == "AAB"


def test_many_matches_cost_as_many_statements_as_one(account: CustomerAccount, accountant: User):
    def statements(pairs: int) -> int:
        credit = make_credit(account, "1000", by=accountant)
        wanted = [
            MatchPair(credit.pk, make_item(account, by=accountant).pk, Decimal(1)) for _ in range(pairs)
        ]
        before = len(connection.queries_log)
        services.allocate_many(wanted, by=accountant, at=AT)
        return len(connection.queries_log) - before

    connection.force_debug_cursor = True
    try:
        statements(1)
        assert statements(1) == statements(5)
    finally:
        connection.force_debug_cursor = False


def test_instalments_are_matched_one_by_one(account: CustomerAccount, accountant: User):
    invoice = make_invoice(
        account,
        "100",
        by=accountant,
        instalments=[Instalment(day(5), Decimal(60)), Instalment(day(35), Decimal(40))],
    )
    first, second = invoice.items.order_by("instalment")
    match(make_credit(account, "60", by=accountant), first, "60", accountant)

    assert opens(first, second) == ["0.00", "40.00"]
