"""Sure payments matched together: each as alone, none twice, none because of another."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.matching import reading
from invoicing.matching.policy import automatic as sure_one
from invoicing.models import CashDiscount, Matching, MatchingRules, Payment, ReceivableItem
from invoicing.services import automatic
from invoicing.services.settling import settle, settle_sure
from o2c.shared.models import AuditEvent, Work
from tests.factories import invoicing as factory
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, day, make_payment

pytestmark = pytest.mark.usefixtures("rules")

_numbers = count(101)


def make_item(account: CustomerAccount, amount: str, **fields: Any) -> ReceivableItem:
    """An open item whose number is told from any other text."""
    return factory.make_item(account, amount, number=f"FA2026-{next(_numbers):06d}", **fields)


@pytest.fixture
def rules(company: Company) -> MatchingRules:
    return MatchingRules.objects.create(company=company, is_automatic=True)


def is_open(*items: ReceivableItem) -> list[Decimal]:
    for item in items:
        item.refresh_from_db()
    return [item.open_amount for item in items]


def read(company: Company, *payments: Payment) -> list[automatic._Sure]:
    """What is sure of these payments as they stand now."""
    asked = reading.rules_of(company)
    cases = reading.proposals_for(company, [payment.pk for payment in payments], rules=asked)
    found = [(case, sure_one(case.proposals, asked)) for case in cases]
    return [(case, chosen) for case, chosen in found if chosen is not None]


def named(account: CustomerAccount, item: ReceivableItem, amount: str | None = None, *, by: User) -> Payment:
    """A payment nobody has identified that names an item."""
    amount = amount or str(item.open_amount)
    return make_payment(None, amount, company=account.company, reference=item.document, by=by)


def match(company: Company, sure: list[automatic._Sure]) -> tuple[int, list[int]]:
    return settle_sure(sure, reading.rules_of(company), at=AT)


def test_as_many_statements_for_three_as_for_one(company: Company, accountant: User) -> None:
    def statements(number: int) -> int:
        payments = []
        for _one in range(number):
            account = CustomerAccountFactory(company=company)
            payments.append(named(account, make_item(account, "83.17", by=accountant), by=accountant))
        sure = read(company, *payments)
        with CaptureQueriesContext(connection) as asked:
            assert match(company, sure) == (number, [])
        return len(asked)

    assert statements(1) == statements(3)


def test_each_is_matched_as_alone_and_leaves_the_same_trace(company: Company, accountant: User) -> None:
    CashDiscount.objects.create(company=company, percent=Decimal(2), days=90)
    traces = []
    for act in ("alone", "together"):
        account = CustomerAccountFactory(company=company)
        whole = make_item(account, "831.17", by=accountant)
        less = make_item(account, "1200", issued=day(-5), due=day(25), by=accountant)
        over = make_item(account, "412.50", by=accountant)
        payments = [
            named(account, whole, by=accountant),
            named(account, less, "1176", by=accountant),
            named(account, over, "412.80", by=accountant),
        ]
        before = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
        if act == "together":
            assert match(company, read(company, *payments)) == (3, [])
        else:
            for payment in payments:
                ((case, chosen),) = read(company, payment)
                settle(
                    payment_id=case.payment.pk, lines=services.lines_of(chosen), over=chosen.over,
                    account_id=chosen.account_id, key=f"automatic:{payment.pk}", proposal=chosen, by=None, at=AT,
                )  # fmt: skip
        assert is_open(whole, less, over) == [0, 0, 0]
        assert [payment.items.get().open_amount for payment in payments] == [0, 0, 0]
        acts = Matching.objects.filter(payment__in=payments).order_by("payment")
        assert [(row.is_automatic, len(row.differences)) for row in acts] == [(True, 0), (True, 1), (True, 1)]
        events = AuditEvent.objects.filter(pk__gt=before or 0)
        numbers = {
            whole.document: "whole",
            less.document: "less",
            over.document: "over",
            account.code: "client",
        }
        numbers |= {payment.external_id: f"payment {place}" for place, payment in enumerate(payments)}
        traces.append(sorted(f"{row.action} {_plain(row.after, numbers)}" for row in events))
    assert traces[0] == traces[1]
    assert len(traces[0]) == 3 + 3 + 5


def _plain(after: dict[str, object] | None, numbers: dict[str, str]) -> dict[str, object]:
    return {key: numbers.get(str(value), value) for key, value in sorted((after or {}).items())}


def test_what_somebody_was_faster_with_is_left_and_the_rest_is_matched(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    taken, other = make_item(account, "831.17", by=accountant), make_item(account, "55.20", by=accountant)
    late, sure = named(account, taken, by=accountant), named(account, other, by=accountant)
    found = read(company, late, sure)
    person = make_payment(account, "1", by=accountant)
    services.allocate_payment(payment_id=person.pk, items=[(taken.pk, Decimal(1))], by=accountant, at=AT)
    assert match(company, found) == (1, [late.pk])
    assert is_open(taken, other) == [Decimal("830.17"), 0]
    late.refresh_from_db()
    assert late.account is None  # nothing of it is kept
    assert not late.items.exists()


def test_two_that_want_one_item_are_not_both_matched(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "831.17", by=accountant)
    first, second = named(account, owed, by=accountant), named(account, owed, by=accountant)
    assert automatic.match_sure(work=None, company_id=company.pk, payment_ids=[first.pk, second.pk]) == {
        "matched": 1
    }
    assert list(Matching.objects.values_list("payment", flat=True)) == [first.pk]
    # The second waits for somebody, and asking again changes nothing.
    assert automatic.match_sure(work=None, company_id=company.pk, payment_ids=[first.pk, second.pk]) == {
        "matched": 0
    }
    assert is_open(owed) == [0]


def test_one_that_is_refused_takes_no_other_with_it(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    items = [make_item(account, amount, by=accountant) for amount in ("831.17", "55.20", "71.11")]
    payments = [named(account, item, by=accountant) for item in items]
    found = read(company, *payments)
    # The bank takes one of them back between the look and the act: its credit would be nobody's money.
    services.return_payment(
        payment_id=payments[1].pk, returned_on=day(0), reason="Recalled", fee=None, by=accountant, at=AT
    )
    assert automatic._matched(found, reading.rules_of(company)) == (2, [])
    assert is_open(*items) == [0, Decimal("55.20"), 0]


def test_payments_of_a_client_stand_in_one_piece(
    company: Company, accountant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(automatic, "_TOGETHER", 2)
    payments = []
    for several in (3, 1, 1, 1):
        account = CustomerAccountFactory(company=company)
        payments += [
            named(account, make_item(account, f"{80 + n}.17", by=accountant), by=accountant)
            for n in range(several)
        ]
    pieces = list(automatic._pieces(read(company, *payments)))
    assert pieces == [[p.pk for p in payments[:3]], [p.pk for p in payments[3:5]], [payments[5].pk]]


def test_clients_without_a_held_order_are_told_of_together(
    company: Company, accountant: User, work_drain: Callable[[], int]
) -> None:
    accounts = [CustomerAccountFactory(company=company) for _number in range(3)]
    payments = [named(a, make_item(a, "83.17", by=accountant), by=accountant) for a in accounts]
    work_drain()
    Work.objects.all().delete()
    owed = [make_item(account, "90.01", by=accountant) for account in accounts]
    payments = [named(a, item, by=accountant) for a, item in zip(accounts, owed, strict=True)]
    Work.objects.all().delete()
    assert match(company, read(company, *payments)) == (3, [])
    rows = Work.objects.all()
    assert {row.kind for row in rows} == {
        "react:orders.services.reexamine_many",
        "react:credit.standing.refresh_many",
        "react:dunning.services.promises.after_payments",
        "react:dunning.services.plan_judging.after_payments",
    }
    assert all(row.payload == {"account_ids": sorted(account.pk for account in accounts)} for row in rows)
    work_drain()
    assert not Work.objects.filter(state=Work.State.FAILED).exists()
