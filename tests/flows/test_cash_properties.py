"""Any sequence of what happens to money keeps what is open equal to the documents: drawn by hypothesis.

Issued, credited, paid, identified, matched with discounts and differences, un-matched, matched again, returned,
taken as a deposit. ``PROPERTY_EXAMPLES`` and ``PROPERTY_STEPS`` ask for more than the few of every run.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from unittest import mock

import pytest
from django.db import connection, models, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import CustomerAccount
from invoicing import services as invoicing
from invoicing.models import (
    Allocation,
    CashDiscount,
    Invoice,
    Matching,
    Payment,
    PaymentReturn,
    ReceivableItem,
)
from invoicing.policy import Instalment
from invoicing.services.settling import SettleLine
from o2c.reports.proofs import differences
from o2c.shared import work
from o2c.shared.calendar import PARIS, paris_date
from o2c.shared.problems import Refusal
from orders import services as orders
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.invoicing import line
from tests.factories.orders import give_limit, submitted

from . import book_model as model

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "15"))
STEPS = int(os.environ.get("PROPERTY_STEPS", "30"))
CENT = Decimal("0.01")

Row = TypeVar("Row", bound=models.Model)

picks = st.integers(min_value=0, max_value=50)
amounts = st.decimals(min_value=1, max_value=400, places=2)
small = st.sampled_from(
    [Decimal(0), Decimal(0), Decimal("0.01"), Decimal("0.40"), Decimal("1.00"), Decimal(2)]
)


class Cash(RuleBasedStateMachine):
    """Two clients of one entity, a clerk, a company that grants 2 % within ten days and tolerates 1.00."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.now = datetime(2026, 9, 14, 9, 0, tzinfo=PARIS)
        self._clock = mock.patch.object(timezone, "now", self._tell_time)
        self._clock.start()
        self.number = 0

    @initialize()
    def open_the_books(self) -> None:
        """The company and who is in it."""
        self.company = CompanyFactory(code="DEMO")
        self.clerk = make_user("receivables_accountant", self.company)
        entity = LegalEntityFactory()
        self.accounts = [CustomerAccountFactory(company=self.company, entity=entity) for _ in range(2)]
        give_limit(self.accounts[0], "100000", at_entity=True)
        CashDiscount.objects.create(company=self.company, percent=Decimal(2), days=10)
        self.adv = make_user("adv_officer", self.company)
        self.orders = [submitted(self.accounts[0], "1200", by=self.adv, at=self.now) for _ in range(2)]

    def teardown(self) -> None:
        """Prove everything that is stored, then leave nothing behind."""
        try:
            if hasattr(self, "company"):
                work.drain()
                assert [str(each) for each in differences(today=self.now.date())] == []
        finally:
            self._clock.stop()
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    # --- documents and money -----------------------------------------------------------------------------------

    @rule(who=picks, price=amounts, parts=st.integers(1, 3), due=st.integers(0, 30))
    def issue(self, who: int, price: Decimal, parts: int, due: int) -> None:
        """An invoice, at times in instalments."""
        today = self.now.date()
        total = price + model.cents(price * Decimal(20) / 100)
        each = (total / parts).quantize(CENT, "ROUND_DOWN")
        split = [Instalment(today + timedelta(days=due + n), each) for n in range(parts - 1)]
        split.append(Instalment(today + timedelta(days=due + parts), total - each * (parts - 1)))
        self._act(
            invoicing.record_invoice,
            company=self.company,
            account=self._account(who),
            issue_date=today,
            instalments=split,
            lines=[line("1", str(price))],
            origin="issued",
        )

    @rule(which=picks, part=st.sampled_from([1, 2, 3]))
    def credit(self, which: int, part: int) -> None:
        """A credit note on an invoice, put on what is open of it."""
        rows = Invoice.objects.filter(kind__in=["INVOICE", "DEPOSIT_INVOICE"])
        if invoice := self._pick(rows, which):
            amount = (invoice.total_incl_vat / part).quantize(CENT, "ROUND_DOWN")
            self._act(invoicing.credit_invoice, invoice_id=invoice.pk, amount=amount, reason="test")

    @rule(who=picks, amount=amounts, known=st.booleans(), named=st.booleans())
    def pay(self, who: int, amount: Decimal, known: bool, named: bool) -> None:
        """Money comes in, known whose or not, at times exactly what is owed of an item."""
        owed = self._pick(ReceivableItem.objects.filter(open_amount__gt=0), who) if named else None
        self.number += 1
        self._act(
            invoicing.record_payment,
            company=self.company,
            external_id=f"P{self.number}",
            account=self._account(who) if known else None,
            received_on=self.now.date(),
            amount=owed.open_amount if owed else amount,
            currency="EUR",
            method="transfer",
            reference=owed.document if owed else "",
            match=bool(owed),
        )

    @rule(which=picks, who=picks)
    def identify(self, which: int, who: int) -> None:
        """Somebody knows whose money it is."""
        if payment := self._pick(Payment.objects.filter(account=None), which):
            account = self._account(who)
            self._act(invoicing.identify, payment_id=payment.pk, account_id=account.pk)

    @rule(which=picks, order=picks)
    def deposit(self, which: int, order: int) -> None:
        """What is left of a payment becomes a deposit for an order."""
        if payment := self._pick(Payment.objects.exclude(account=None), which):
            key = self.orders[order % len(self.orders)].pk
            self._act(invoicing.issue_deposit, order_id=key, payment_id=payment.pk)

    @rule(order=picks)
    def final_invoice(self, order: int) -> None:
        """The order is delivered and invoiced, its deposits taken off."""
        key = self.orders[order % len(self.orders)].pk
        with suppress(Refusal):
            orders.deliver(order_id=key, by=self.adv, at=self.now)
        self._act(invoicing.issue_from_order, order_id=key)

    # --- matching ----------------------------------------------------------------------------------------------

    @rule(one=picks, other=picks, part=st.sampled_from([1, 1, 2]))
    def match(self, one: int, other: int, part: int) -> None:
        """Match a credit with something owed, of one client or of both."""
        credit = self._pick(ReceivableItem.objects.filter(open_amount__lt=0), one)
        debit = self._pick(ReceivableItem.objects.filter(open_amount__gt=0), other)
        if credit and debit:
            amount = (min(-credit.open_amount, debit.open_amount) / part).quantize(CENT, "ROUND_DOWN")
            self._act(
                invoicing.allocate, from_item_id=credit.pk, to_item_id=debit.pk, amount=max(CENT, amount)
            )

    @rule(which=picks, first=picks, count=st.integers(1, 3), off=small, over=small, discount=st.booleans())
    def settle(self, which: int, first: int, count: int, off: Decimal, over: Decimal, discount: bool) -> None:
        """Match a payment with items at the desk: a discount, a small difference, a little too much."""
        payments = Payment.objects.filter(items__kind="PAYMENT", items__open_amount__lt=0)
        payment = self._pick(payments, which)
        keys = list(
            ReceivableItem.objects.filter(open_amount__gt=0).order_by("pk").values_list("pk", flat=True)
        )
        if payment is None or not keys:
            return
        chosen = {keys[(first + n) % len(keys)] for n in range(count)}
        left = -payment.items.get(kind="PAYMENT").open_amount
        lines = []
        for item in ReceivableItem.objects.filter(pk__in=chosen).order_by("pk"):
            taken = (item.amount * 2 / 100).quantize(CENT, "ROUND_DOWN") if discount else Decimal(0)
            amount = min(left, item.open_amount - taken - off)
            if amount > 0:
                lines.append(SettleLine(item.pk, amount, discount=taken, write_off=off))
                left -= amount
        self.number += 1
        self._act(
            invoicing.settle,
            payment_id=payment.pk,
            lines=lines,
            over=min(over, left),
            key=f"S{self.number}",
        )

    @rule(which=picks)
    def unmatch(self, which: int) -> None:
        """Undo a match, at times that of a difference."""
        if match := self._pick(Allocation.objects.filter(reversal_of=None, reversal=None), which):
            self._act(invoicing.unallocate, allocation_id=match.pk)

    @rule(which=picks)
    def match_again(self, which: int) -> None:
        """Match again what was undone."""
        if match := self._pick(Allocation.objects.filter(reversal_of=None, reversal__isnull=False), which):
            self._act(invoicing.match_again, allocation_ids=[match.pk])

    @rule(which=picks, fee=st.none() | st.decimals(1, 30, places=2))
    def give_back(self, which: int, fee: Decimal | None) -> None:
        """The bank takes a payment back."""
        if payment := self._pick(
            Payment.objects.exclude(returns__undone_at=None, returns__isnull=False), which
        ):
            self._act(
                invoicing.return_payment,
                payment_id=payment.pk,
                returned_on=self.now.date(),
                reason="test",
                fee=fee,
            )

    @rule(which=picks)
    def undo_return(self, which: int) -> None:
        """The return was a mistake."""
        if row := self._pick(PaymentReturn.objects.filter(undone_at=None), which):
            self._act(invoicing.undo_return, payment_id=row.payment_id)

    @rule(days=st.sampled_from([1, 3, 12]))
    def pass_days(self, days: int) -> None:
        """Time passes: discounts run out."""
        self.now += timedelta(days=days)

    # --- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def what_is_open_is_what_the_documents_say(self) -> None:
        """Each item by its matches, each client by its documents, each difference by what it was let go with."""
        if not hasattr(self, "company"):
            return
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        items = list(ReceivableItem.objects.all())
        assert {item.pk: item.open_amount for item in items} == model.open_amounts(items)
        let_go = self._let_go()
        for account in self.accounts:
            own = [item for item in items if item.account_id == account.pk]
            documents = self._documents(account)
            assert sum((item.amount for item in own), Decimal(0)) == documents + let_go[account.pk]
        whole = sum((item.open_amount for item in items), Decimal(0))
        assert whole == sum((self._documents(a) + let_go[a.pk] for a in self.accounts), Decimal(0))

    def _documents(self, account: CustomerAccount) -> Decimal:
        """Invoices and credit notes, less payments, plus what was returned of them and its fees."""
        invoices = _sum(Invoice.objects.filter(account=account).values_list("total_incl_vat", flat=True))
        payments = _sum(Payment.objects.filter(account=account).values_list("amount", flat=True))
        back = PaymentReturn.objects.filter(payment__account=account, undone_at=None)
        returned = _sum(back.values_list("payment__amount", flat=True))
        return invoices - payments + returned + _sum(fee or 0 for fee in back.values_list("fee", flat=True))

    def _let_go(self) -> dict[int, Decimal]:
        """Differences in force by client: those whose own match, and one they were let go with, are in force."""
        in_force = {
            row.pk: row
            for row in Allocation.objects.filter(reversal_of=None, reversal=None).select_related("debit")
        }
        found: dict[int, Decimal] = defaultdict(Decimal)
        for act in Matching.objects.all():
            for item in ReceivableItem.objects.filter(pk__in=act.differences):
                closing = [
                    row
                    for key in act.allocations
                    if (row := in_force.get(key)) and item.pk in (row.debit_id, row.credit_id)
                ]
                if closing:
                    found[item.account_id] += item.amount
        return found

    # --- tools -------------------------------------------------------------------------------------------------

    def _act(self, act: Callable[..., Any], **asked: Any) -> Any:
        """Do an act a moment later than the last; a refusal is an answer and leaves nothing behind."""
        self.now += timedelta(seconds=1)
        before = self._counts()
        try:
            done = act(by=self.clerk, at=self.now, **asked)
        except Refusal:
            assert self._counts() == before, act.__name__
            return None
        assert paris_date(self.now) == self.now.date()
        return done

    def _tell_time(self) -> datetime:
        return self.now

    def _counts(self) -> list[int]:
        return [
            row._default_manager.count() for row in (ReceivableItem, Allocation, Invoice, Payment, Matching)
        ]

    def _account(self, which: int) -> CustomerAccount:
        return self.accounts[which % len(self.accounts)]

    def _pick(self, rows: models.QuerySet[Row], which: int) -> Row | None:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model._default_manager.get(pk=keys[which % len(keys)]) if keys else None


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum(amounts, Decimal(0))


@pytest.mark.slow
@pytest.mark.django_db
def test_any_sequence_of_money_keeps_what_is_open_true() -> None:
    run_state_machine_as_test(
        Cash,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
