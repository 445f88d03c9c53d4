"""Real threads on real transactions: one open amount, one series of numbers, one set of letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier, Event
from time import sleep

import pytest
from django.db import connection, connections, transaction

from accounts.models import CustomerAccount, User
from invoicing import proofs, services
from invoicing.enums import Origin
from invoicing.models import Allocation, Invoice, NumberSeries, Payment, ReceivableItem
from invoicing.policy import ClosedPeriod, OverAllocated
from invoicing.services import AlreadyReversed, KeyTaken, MatchPair, NotReturned
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, line, make_credit, make_item, make_payment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def accountant() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="RACE"))


@pytest.fixture
def account(accountant: User) -> CustomerAccount:
    return CustomerAccountFactory(company=accountant.home_company)


def race(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Start all acts at the same moment, each on its own connection; results, or what they raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            start.wait()
            return act()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def raised(results: Sequence[object]) -> list[type]:
    return [type(result) for result in results if isinstance(result, Exception)]


def sound() -> bool:
    return list(proofs.differences()) == []


def test_two_matches_race_for_one_open_amount(account: CustomerAccount, accountant: User):
    for _ in range(5):
        debit = make_item(account, "100", by=accountant)
        rivals = [make_credit(account, "100", by=accountant) for _ in range(4)]

        def match(credit: ReceivableItem, debit: ReceivableItem = debit) -> object:
            return services.allocate(
                from_item_id=credit.pk, to_item_id=debit.pk, amount=Decimal(100), by=accountant, at=AT
            )

        results = race([lambda credit=credit: match(credit) for credit in rivals])  # type: ignore[misc]

        assert raised(results) == [OverAllocated] * 3
        debit.refresh_from_db()
        assert debit.open_amount == 0
    assert sound()


def test_matches_crossing_over_the_same_items_never_deadlock(account: CustomerAccount, accountant: User):
    debits = [make_item(account, "100", by=accountant) for _ in range(4)]
    credits_ = [make_credit(account, "100", by=accountant) for _ in range(4)]

    def all_pairs(order: int) -> Callable[[], object]:
        pairs = [
            MatchPair(debit.pk, credit.pk, Decimal(1))
            for debit, credit in zip(debits[order:] + debits[:order], reversed(credits_), strict=True)
        ]
        return lambda: services.allocate_many(pairs if order % 2 else pairs[::-1], by=accountant, at=AT)

    results = race([all_pairs(order) for order in range(4)] * 2)

    assert raised(results) == []
    assert Allocation.objects.count() == 8 * 4
    assert sound()


def test_a_match_is_undone_by_one_alone(account: CustomerAccount, accountant: User):
    made = services.allocate(
        from_item_id=make_credit(account, by=accountant).pk,
        to_item_id=make_item(account, by=accountant).pk,
        amount=Decimal(100),
        by=accountant,
        at=AT,
    )

    results = race([lambda: services.unallocate(allocation_id=made.pk, by=accountant, at=AT)] * 4)

    assert raised(results) == [AlreadyReversed] * 3
    assert Allocation.objects.filter(reversal_of=made).count() == 1
    assert sound()


def test_letters_of_an_account_are_given_once(account: CustomerAccount, accountant: User):
    pairs = [
        MatchPair(make_credit(account, by=accountant).pk, make_item(account, by=accountant).pk, Decimal(100))
        for _ in range(8)
    ]

    results = race([lambda pair=pair: services.allocate_many([pair], by=accountant, at=AT) for pair in pairs])  # type: ignore[misc]

    assert raised(results) == []
    assert sorted(Allocation.objects.values_list("letter", flat=True)) == [
        f"AA{letter}" for letter in "ABCDEFGH"
    ]


def test_numbers_have_no_gap_under_threads_and_rollbacks(account: CustomerAccount, accountant: User):
    company = account.company
    accounts = [account, *(CustomerAccountFactory(company=company) for _ in range(3))]

    def issue(position: int) -> list[str]:
        numbers = []
        for round_ in range(6):
            with transaction.atomic():
                invoice = services.record_invoice(
                    company=company,
                    account=accounts[(position + round_) % len(accounts)],
                    issue_date=TODAY,
                    lines=[line()],
                    origin="issued",
                    by=accountant,
                    at=AT + timedelta(seconds=position),
                )
                if (position + round_) % 3 == 0:
                    transaction.set_rollback(True)
                else:
                    numbers.append(invoice.number)
        return numbers

    results = race([lambda position=position: issue(position) for position in range(8)])  # type: ignore[misc]

    assert raised(results) == []
    given = sorted(number for numbers in results for number in numbers)  # type: ignore[attr-defined]
    assert given == [f"FA2026-{number:06d}" for number in range(1, 33)]
    assert sorted(Invoice.objects.values_list("number", flat=True)) == given
    assert NumberSeries.objects.get().next_number == 33
    assert sound()


def test_one_of_several_payments_with_one_key_is_kept(account: CustomerAccount, accountant: User):
    results = race([lambda: make_payment(account, by=accountant, external_id="BANK-1")] * 4)

    assert raised(results) == [KeyTaken] * 3
    assert Payment.objects.count() == 1
    assert ReceivableItem.objects.count() == 1


def test_payments_and_invoices_go_on_beside_each_other(account: CustomerAccount, accountant: User):
    """What frees credit and what takes it never wait for each other in a circle."""
    items = [make_item(account, "100", by=accountant, number=f"N-{i}") for i in range(8)]

    def pay(position: int) -> object:
        reference = f"N-{position} N-{(position + 1) % 8}"
        payment = make_payment(account, "100", by=accountant, reference=reference, match=True)
        made = Allocation.objects.filter(credit__payment=payment).first()
        return made and services.unallocate(allocation_id=made.pk, by=accountant, at=AT)

    def invoice(position: int) -> object:
        return make_item(account, "50", by=accountant, number=f"M-{position}")

    acts: list[Callable[[], object]] = []
    for position in range(6):
        acts += [lambda position=position: pay(position), lambda position=position: invoice(position)]  # type: ignore[misc]
    results = race(acts)

    assert raised(results) == []
    assert ReceivableItem.objects.filter(document__startswith="M-").count() == 6
    assert len(items) == 8
    assert sound()


def test_no_posting_slips_into_a_month_that_is_being_closed(account: CustomerAccount, accountant: User):
    company, last = account.company, date(2026, 10, 31)

    def post(number: int) -> object:
        return [
            services.record_invoice(
                company=company,
                account=account,
                number=f"P{number}-{n}",
                issue_date=last,
                due_date=last,
                total_incl_vat=Decimal(10),
                origin=Origin.IMPORTED,
                by=accountant,
                at=AT,
            )
            for n in range(20)
        ]

    def close() -> object:
        services.close_period(company=company, month=last, by=accountant, at=AT)
        return ReceivableItem.objects.filter(effective_date=last).count()

    results = race([*(partial(post, number) for number in range(6)), close])
    assert set(raised(results)) <= {ClosedPeriod}
    assert results[-1] == ReceivableItem.objects.filter(effective_date=last).count()
    assert sound()


def test_a_closing_waits_for_whoever_is_posting(account: CustomerAccount, accountant: User):
    company, last = account.company, date(2026, 10, 31)
    posted, closing = Event(), Event()

    def post() -> object:
        with transaction.atomic():
            item = make_item(account, by=accountant, issued=last, due=last)
            posted.set()
            assert closing.wait(60)
            sleep(0.2)
            return item.pk

    def close() -> object:
        assert posted.wait(60)
        closing.set()
        services.close_period(company=company, month=last, by=accountant, at=AT)
        return ReceivableItem.objects.filter(effective_date=last).count()

    assert race([post, close])[1] == 1


def _paid(account: CustomerAccount, accountant: User) -> tuple[ReceivableItem, Payment]:
    debit, payment = make_item(account, "100", by=accountant), make_payment(account, "150", by=accountant)
    services.allocate_payment(payment_id=payment.pk, items=[(debit.pk, Decimal(100))], by=accountant, at=AT)
    return debit, payment


def test_one_return_however_many_record_it(account: CustomerAccount, accountant: User):
    for _ in range(4):
        _debit, payment = _paid(account, accountant)
        back = partial(
            services.return_payment,
            payment_id=payment.pk,
            returned_on=TODAY,
            reason="x",
            by=accountant,
            at=AT,
        )

        results = race([back] * 4)

        assert raised(results) == []
        assert [done.is_new for done in results].count(True) == 1  # type: ignore[attr-defined]
    assert sound()


def test_a_return_races_with_matches_of_its_payment_and_of_what_it_had_settled(
    account: CustomerAccount, accountant: User
):
    for _ in range(6):
        debit, payment = _paid(account, accountant)
        other, second = make_item(account, "50", by=accountant), make_credit(account, "100", by=accountant)
        acts: list[Callable[[], object]] = [
            partial(
                services.return_payment,
                payment_id=payment.pk,
                returned_on=TODAY,
                reason="x",
                by=accountant,
                at=AT,
            ),
            partial(
                services.allocate_payment,
                payment_id=payment.pk,
                items=[(other.pk, Decimal(50))],
                by=accountant,
                at=AT,
            ),
            partial(
                services.allocate,
                from_item_id=second.pk,
                to_item_id=debit.pk,
                amount=Decimal(100),
                by=accountant,
                at=AT,
            ),
        ]

        results = race(acts)

        assert set(raised(results)) <= {OverAllocated}
        assert payment.items.get(kind="PAYMENT").open_amount == 0
        other.refresh_from_db()
        assert other.open_amount == 50
    assert sound()


def test_an_undone_return_races_with_the_second_payment(account: CustomerAccount, accountant: User):
    for _ in range(6):
        debit, payment = _paid(account, accountant)
        services.return_payment(payment_id=payment.pk, returned_on=TODAY, reason="x", by=accountant, at=AT)
        second = make_credit(account, "100", by=accountant)
        undo = partial(services.undo_return, payment_id=payment.pk, by=accountant, at=AT)
        match = partial(
            services.allocate,
            from_item_id=second.pk,
            to_item_id=debit.pk,
            amount=Decimal(100),
            by=accountant,
            at=AT,
        )

        acts: list[Callable[[], object]] = [undo, undo, match]
        results = race(acts)

        assert raised(results).count(NotReturned) == 1
        assert set(raised(results)) <= {NotReturned, OverAllocated}
        debit.refresh_from_db()
        assert debit.open_amount == 0
    assert sound()
