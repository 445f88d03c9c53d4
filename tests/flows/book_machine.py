"""Acts on a book of two companies, drawn by hypothesis, and what must hold after each (``book_model``)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from unittest import mock

from django.db import connection, models, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.models import CustomerAccount, ExchangeRate, RoleGrant, User
from credit import exposure, nightly
from credit import services as credit
from credit.enums import Level
from credit.horizon import BEYOND
from credit.models import CreditStanding, LimitRequest, RiskPolicy
from credit.proof import proof_of
from credit.queries import exposure_of
from credit.services.horizon import set_horizon
from credit.services.moves import change_client
from dunning import tasks as dunning_tasks
from invoicing import proofs
from invoicing import services as invoicing
from invoicing.enums import Origin
from invoicing.models import (
    AccountingPeriod,
    Allocation,
    DisputedAmount,
    Invoice,
    Payment,
    PaymentReturn,
    ReceivableItem,
)
from invoicing.policy import Instalment
from o2c.reports.aged_balance import AgedBalance, aged_balance
from o2c.shared import work
from o2c.shared.calendar import PARIS, add_months
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Refusal
from orders import services as orders
from orders import tasks as orders_tasks
from orders.models import HoldCase, Order, OrderHold, Release
from orders.services import LineInput
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)

from . import book_model as model

FIRST_DAY = date(2026, 9, 1)
# Parts of an order are rounded once each: what went out of it and what is left may differ by that.
ROUNDING = Decimal("0.03")

Row = TypeVar("Row", bound=models.Model)

amounts = st.decimals(min_value=1, max_value=900, places=2)
picks = st.integers(min_value=0, max_value=50)
quantities = st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(2), Decimal("3.333"), Decimal(7)])
order_lines = st.lists(
    st.tuples(
        quantities,
        st.decimals(min_value=1, max_value=150, places=3),
        st.sampled_from([Decimal(20), Decimal("5.5")]),
    ),
    min_size=1,
    max_size=3,
)
terms = st.sampled_from(["NET30", "NET30", "NET60", "EOM45", "PREPAID"])


class Reading(NamedTuple):
    """A past day as it was read, and how far the journal of dated acts had come then."""

    totals: dict[tuple[int, str], Decimal]
    split: list[tuple[Any, ...]]
    seen: int


class Book(RuleBasedStateMachine):
    """Four clients of two companies, two entities, one group, two currencies, and everybody who works on them."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.now = datetime(2026, 9, 1, 9, 0, tzinfo=PARIS)
        self._clock = mock.patch.object(timezone, "now", self._tell_time)
        self._clock.start()
        self.number = 0
        self.dirty = True
        # The order a release has just let through, whatever it takes.
        self.released: int | None = None
        self.readings: dict[date, Reading] = {}
        # Dated acts in their order, with their company: what is posted changes totals, what moves changes the split.
        self.dated: list[tuple[date, bool, int]] = []
        # Closed months, each with how many dated acts there were when it was closed.
        self.frozen: dict[tuple[int, date], int] = {}

    @initialize()
    def open_the_books(self) -> None:
        """Two companies of one house with four clients and a limit each."""
        self.company = CompanyFactory(code="DEMO")
        self.companies = [self.company, CompanyFactory(code="SISTER")]
        self.adv = self._somebody("adv_manager")
        self.clerk = self._somebody("receivables_accountant")
        self.asker = self._somebody("credit_manager")
        self.chief = self._somebody("executive")
        self.seller = self._somebody("sales_manager")
        self.director = self._somebody("finance_director")
        ExchangeRate.objects.bulk_create(
            ExchangeRate(
                currency="USD",
                day=FIRST_DAY + timedelta(days=n),
                units_per_eur=Decimal("1.1") + Decimal(n % 7) / 100,
            )
            for n in range(-10, 200)
        )
        for company in self.companies:
            RiskPolicy.objects.create(
                company=company,
                risk_class="A",
                overdue_days=30,
                tolerance_pct=Decimal(10),
                tolerance_amount=Decimal(40),
            )
        group = CustomerGroupFactory(code="HOLDING")
        CustomerGroupFactory(code="OTHER")
        shared = LegalEntityFactory(group=group)
        opened = {"opened_on": FIRST_DAY - timedelta(days=20)}
        here, there = ({"company": company, **opened} for company in self.companies)
        self.accounts = [
            CustomerAccountFactory(code="EUR1", entity=shared, **here),
            CustomerAccountFactory(code="USD1", entity=shared, currency="USD", risk_class="A", **here),
            CustomerAccountFactory(code="EUR2", entity=LegalEntityFactory(group=group), **here),
            # The sister sells to a legal entity that its sister knows: levels span companies.
            CustomerAccountFactory(code="SIS1", entity=shared, **there),
        ]
        for account in self.accounts:
            self._decide(account, "account", "base", Decimal(1500), 0, 365)
        self._remember()

    def teardown(self) -> None:
        """Prove the whole book, then leave nothing behind."""
        try:
            if hasattr(self, "company"):
                self._compare_past()
                for company in self.companies:
                    assert list(proofs.differences(company=company, today=self.today)) == [], company
        finally:
            self._clock.stop()
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    # --- orders ------------------------------------------------------------------------------------------------

    @rule(who=picks, lines=order_lines, term=terms, in_days=st.integers(0, 60), submit=st.booleans())
    def order(self, who: int, lines: list[Any], term: str, in_days: int, submit: bool) -> None:
        """Enter an order, mostly with its submission."""
        account = self._account(who)
        made = self._act(
            orders.create_order,
            company=account.company,
            account=account,
            lines=_lines(lines),
            term=term,
            requested_delivery=self.today + timedelta(days=in_days),
            by=self.adv,
        )
        if made and submit:
            self._act(orders.submit, order_id=made.pk, by=self.adv)

    @rule(which=picks)
    def submit(self, which: int) -> None:
        """Submit a draft."""
        if order := self._pick(Order.objects.filter(state="DRAFT"), which):
            self._act(orders.submit, order_id=order.pk, by=self.adv)

    @rule(which=picks, lines=order_lines, keep=st.booleans(), term=st.none() | terms)
    def change(self, which: int, lines: list[Any], keep: bool, term: str | None) -> None:
        """Change an order: other quantities and prices, lines more or fewer, another term."""
        if order := self._pick(Order.objects.exclude(state="CANCELLED"), which):
            numbers = list(order.lines.values_list("line", flat=True)) if keep else []
            self._act(
                orders.change_order, order_id=order.pk, lines=_lines(lines, numbers), term=term, by=self.adv
            )

    @rule(which=picks, act=st.sampled_from([orders.cancel, orders.close]))
    def end(self, which: int, act: Callable[..., Order]) -> None:
        """Cancel or close an order."""
        if order := self._pick(Order.objects.filter(state__in=["SUBMITTED", "CONFIRMED"]), which):
            self._act(act, order_id=order.pk, reason="test", by=self.adv)

    @rule(which=picks)
    def reopen(self, which: int) -> None:
        """Take an ended order up again."""
        if order := self._pick(Order.objects.filter(state__in=["CANCELLED", "CLOSED"]), which):
            self._act(orders.reopen, order_id=order.pk, by=self.adv)

    @rule(which=picks)
    def copy(self, which: int) -> None:
        """Copy an order and submit the copy."""
        order = self._pick(Order.objects.all(), which)
        if order and (made := self._act(orders.copy, order_id=order.pk, by=self.adv)):
            self._act(orders.submit, order_id=made.pk, by=self.adv)

    @rule(which=picks)
    def hold(self, which: int) -> None:
        """Hold an order by hand."""
        if order := self._pick(Order.objects.filter(state__in=["SUBMITTED", "CONFIRMED"]), which):
            self._act(orders.hold, order_id=order.pk, comment="test", by=self.asker)

    @rule(which=picks)
    def release(self, which: int) -> None:
        """Release a held order: nothing keeps it afterwards, and what kept it is covered."""
        case = self._pick(HoldCase.objects.filter(closed_at=None), which)
        if case is None:
            return
        self.released = case.order_id
        order = self._act(orders.release, order_id=case.order_id, comment="test", by=self.chief)
        if order and order.override_requests.filter(status="open").exists():
            # Above level 3 the chief's approval waits for the countersignature.
            order = self._act(orders.release, order_id=case.order_id, comment="test", by=self.seller)
        if order:
            assert not OrderHold.objects.filter(case__order=order, lifted_at=None).exists()
            holding = {
                f["code"] for f in order.last_decision.figures["check"]["findings"] if f["severity"] == "hold"
            }
            released = Release.objects.filter(order=order, voided_at=None).select_related("decision__account")
            assert not holding or any(holding <= set(row.covers) for row in released)
            proofs = [proof_of(row.decision, self.chief) for row in released]
            assert all(proof is None or proof.ties for proof in proofs), "figures are not what documents say"

    @rule(which=picks)
    def refuse(self, which: int) -> None:
        """Refuse a held order, or what was asked to be changed of it."""
        if case := self._pick(HoldCase.objects.filter(closed_at=None), which):
            self._act(orders.refuse, order_id=case.order_id, reason="test", by=self.chief)

    @rule(which=picks, share=st.sampled_from(["all", "part"]), back=st.integers(0, 3))
    def deliver(self, which: int, share: str, back: int) -> None:
        """Deliver an order, whole or the half of a line."""
        order = self._pick(Order.objects.filter(state="CONFIRMED"), which)
        if order is None:
            return
        lines = None
        if share == "part":
            left = [
                (line.line, line.quantity - line.cancelled - line.delivered) for line in order.lines.all()
            ]
            lines = [(n, (q / 2).quantize(Decimal("0.001"))) for n, q in left if q > Decimal("0.001")][:1]
        self._act(
            orders.deliver, order_id=order.pk, lines=lines, on=self.today - timedelta(days=back), by=self.adv
        )

    @rule(which=picks, half=st.booleans())
    def take_back(self, which: int, half: bool) -> None:
        """Take delivered goods back."""
        order = self._pick(Order.objects.filter(lines__delivered__gt=0).distinct(), which)
        if order is None:
            return
        lines = None
        if half:
            out = [(line.line, line.delivered) for line in order.lines.all() if line.delivered]
            lines = [(n, (q / 2).quantize(Decimal("0.001"))) for n, q in out][:1]
        self._act(orders.take_back, order_id=order.pk, lines=lines, reason="test", by=self.adv)

    # --- documents and money -----------------------------------------------------------------------------------

    @rule(which=picks, ahead=st.booleans(), parts=st.booleans())
    def invoice(self, which: int, ahead: bool, parts: bool) -> None:
        """Invoice an order, what is delivered or all of it."""
        order = self._pick(Order.objects.filter(state__in=["CONFIRMED", "CLOSED"]), which)
        if order is None:
            return
        self._act(
            invoicing.issue_from_order,
            order_id=order.pk,
            only_delivered=not ahead,
            due_date=self.today + timedelta(days=10) if parts else None,
            by=self.adv,
        )

    @rule(
        who=picks,
        amount=amounts,
        back=st.integers(0, 70),
        days=st.integers(0, 60),
        order=st.none() | picks,
        currency=st.sampled_from(["EUR", "EUR", "USD"]),
        split=st.booleans(),
    )
    def post_invoice(
        self,
        who: int,
        amount: Decimal,
        back: int,
        days: int,
        order: int | None,
        currency: str,
        split: bool,
    ) -> None:
        """Post a document issued elsewhere, at times for an order, at times in two instalments."""
        account, issued = self._account(who), self.today - timedelta(days=back)
        due = issued + timedelta(days=days)
        first = (amount / 3).quantize(Decimal("0.01"))
        named = None if order is None else self._pick(account.orders.exclude(state="DRAFT"), order)
        self._act(
            invoicing.record_invoice,
            company=account.company,
            account=account,
            number=self._number("F"),
            issue_date=issued,
            due_date=due,
            currency=currency,
            total_incl_vat=amount,
            instalments=[
                Instalment(due, first),
                Instalment(due + timedelta(days=20), amount - first),
            ]
            if split and first
            else None,
            origin=Origin.IMPORTED,
            order=named,
            by=self.clerk,
        )

    @rule(which=picks, part=st.sampled_from([1, 2, 3]), match=st.booleans())
    def credit_note(self, which: int, part: int, match: bool) -> None:
        """Credit an invoice, whole or in part, and match it with what it corrects."""
        invoice = self._pick(Invoice.objects.filter(total_incl_vat__gt=0), which)
        if invoice is None:
            return
        amount = (invoice.total_incl_vat / part).quantize(Decimal("0.01"))
        note = self._act(
            invoicing.record_invoice,
            company=invoice.company,
            account=invoice.account,
            number=self._number("A"),
            issue_date=self.today,
            due_date=self.today,
            currency=invoice.currency,
            total_incl_vat=-amount,
            origin=Origin.IMPORTED,
            by=self.clerk,
        )
        item = invoice.items.filter(open_amount__gt=0).first()
        if note and item and match:
            self._act(
                invoicing.allocate,
                from_item_id=note.items.get().pk,
                to_item_id=item.pk,
                amount=min(amount, item.open_amount),
                by=self.clerk,
            )

    @rule(
        who=picks,
        amount=amounts,
        ahead=st.integers(-40, 12),
        order=st.none() | picks,
        match=st.booleans(),
        currency=st.sampled_from(["EUR", "EUR", "USD"]),
    )
    def pay(
        self, who: int, amount: Decimal, ahead: int, order: int | None, match: bool, currency: str
    ) -> None:
        """Money comes in, is announced, or is a deposit for an order."""
        account = self._account(who)
        named = None if order is None else self._pick(account.orders.all(), order)
        if named is not None and named.term == "PREPAID":
            amount, currency = named.total_incl_vat, named.currency
        self._act(
            invoicing.record_payment,
            company=account.company,
            external_id=self._number("P"),
            account=account,
            order=named,
            received_on=self.today + timedelta(days=ahead),
            amount=amount,
            currency=currency,
            method="transfer",
            match=match,
            by=self.clerk,
        )

    @rule(one=picks, other=picks, part=st.sampled_from([1, 1, 2]), later=st.none() | st.integers(0, 10))
    def match(self, one: int, other: int, part: int, later: int | None) -> None:
        """Match a credit with something owed, of one client or of two of one family, at times from a later day."""
        credit_item = self._pick(ReceivableItem.objects.filter(open_amount__lt=0), one)
        if credit_item is None:
            return
        debits = ReceivableItem.objects.filter(open_amount__gt=0, currency=credit_item.currency)
        if debit := self._pick(debits, other):
            amount = min(-credit_item.open_amount, debit.open_amount) / part
            self._act(
                invoicing.allocate,
                from_item_id=credit_item.pk,
                to_item_id=debit.pk,
                amount=max(Decimal("0.01"), amount.quantize(Decimal("0.01"), "ROUND_DOWN")),
                date=None if later is None else self.today + timedelta(days=later),
                by=self.clerk,
            )

    @rule(which=picks)
    def unmatch(self, which: int) -> None:
        """Undo a match."""
        if match := self._pick(Allocation.objects.filter(reversal_of=None, reversal=None), which):
            self._act(invoicing.unallocate, allocation_id=match.pk, by=self.clerk)

    @rule(which=picks, back=st.integers(0, 12), fee=st.none() | st.decimals(1, 30, places=2))
    def give_back(self, which: int, back: int, fee: Decimal | None) -> None:
        """The bank takes a payment back, mostly one that has settled something."""
        back_already = PaymentReturn.objects.filter(undone_at=None).values("payment")
        rows = Payment.objects.filter(received_on__lte=self.today).exclude(pk__in=back_already)
        used = rows.filter(items__allocations_given__reversal_of=None).distinct()
        if payment := self._pick(used, which) or self._pick(rows, which):
            self._act(
                invoicing.return_payment,
                payment_id=payment.pk,
                returned_on=max(payment.received_on, self.today - timedelta(days=back)),
                reason="test",
                fee=fee,
                by=self.clerk,
            )

    @rule(which=picks)
    def undo_return(self, which: int) -> None:
        """The return was a mistake."""
        if row := self._pick(PaymentReturn.objects.filter(undone_at=None), which):
            self._act(invoicing.undo_return, payment_id=row.payment_id, by=self.clerk)

    @rule(which=picks, part=st.sampled_from([1, 2]), back=st.integers(0, 10))
    def dispute(self, which: int, part: int, back: int) -> None:
        """The client contests what is open."""
        if item := self._pick(ReceivableItem.objects.filter(open_amount__gt=0), which):
            amount = (item.open_amount / part).quantize(Decimal("0.01"))
            day = self.today - timedelta(days=back)
            if self._act(invoicing.dispute_amount, item_id=item.pk, amount=amount, on=day, by=self.clerk):
                self.dated.append((day, False, item.company_id))

    @rule(which=picks, back=st.integers(0, 5))
    def end_dispute(self, which: int, back: int) -> None:
        """The dispute ends."""
        if row := self._pick(DisputedAmount.objects.filter(effective_to=None), which):
            day = self.today - timedelta(days=back)
            if self._act(invoicing.end_dispute, disputed_id=row.pk, on=day, by=self.clerk):
                self.dated.append((day, False, row.item.company_id))

    @rule(which=picks, days=st.integers(-20, 60), back=st.integers(0, 10))
    def put_off(self, which: int, days: int, back: int) -> None:
        """A due date is put off or brought forward, at times from an earlier day on."""
        if item := self._pick(ReceivableItem.objects.filter(open_amount__gt=0), which):
            day = self.today - timedelta(days=back)
            due = item.due_date + timedelta(days=days)
            if self._act(
                invoicing.change_due_date,
                item_id=item.pk,
                due_date=due,
                reason="test",
                on=day,
                by=self.asker,
            ):
                self.dated.append((day, False, item.company_id))

    @rule(where=st.sampled_from([0, 0, 1]), back=st.integers(1, 3), again=st.booleans())
    def close_month(self, where: int, back: int, again: bool) -> None:
        """A month is closed with those before it, or opened again."""
        company, month = self.companies[where], add_months(self.today, -back)
        if again:
            self._act(
                invoicing.reopen_period,
                company=company,
                month=month,
                reason="test",
                by=self.director,
            )
        else:
            self._act(invoicing.close_period, company=company, month=month, by=self.clerk)
        still_closed = AccountingPeriod.objects.filter(is_closed=True).values_list("company_id", "month")
        self.frozen = {each: self.frozen.get(each, len(self.dated)) for each in still_closed}

    # --- limits, blocks, families, days ------------------------------------------------------------------------

    @rule(
        who=picks,
        level=st.sampled_from(["account", "account", "entity", "group"]),
        kind=st.sampled_from(["base", "base", "temporary", "unlimited"]),
        amount=st.sampled_from([0, 100, 500, 1000, 2000, 5000]),
        begins=st.integers(-40, 10),
        runs=st.integers(0, 80),
    )
    def decide_limit(self, who: int, level: str, kind: str, amount: int, begins: int, runs: int) -> None:
        """Ask for a limit and grant it: also zero, unlimited, temporary, expired, to come."""
        wish = None if kind == "unlimited" else Decimal(amount)
        self._decide(self._account(who), level, kind, wish, begins, runs)

    @rule(who=picks, blocked=st.booleans())
    def block(self, who: int, blocked: bool) -> None:
        """Block a client or lift the block."""
        self._act(
            credit.block if blocked else credit.unblock,
            account_id=self._account(who).pk,
            reason="test",
            by=self.chief,
        )

    @rule(who=picks, where=st.sampled_from(["same", "new", "HOLDING", "OTHER", ""]))
    def move(self, who: int, where: str) -> None:
        """Move a client to another entity, or its entity to another group, or out of one."""
        account = self._account(who)
        if where in ("same", "new"):
            other = self._account(who + 1).entity if where == "same" else LegalEntityFactory.build()
            fields: dict[str, Any] = {"siren": other.siren}
            if other.siren == account.entity.siren:
                return
        else:
            fields = {"group": where}
            if (account.entity.group.code if account.entity.group else "") == where:
                return
        self._act(change_client, account_id=account.pk, by=self.adv, **fields)

    @rule(where=st.sampled_from([0, 0, 1]), days=st.sampled_from([None, 0, 10, 30]))
    def set_horizon(self, where: int, days: int | None) -> None:
        """A company counts orders up to another day from tomorrow on, or all of them."""
        self._act(
            set_horizon, company_id=self.companies[where].pk, days=days, reason="test", by=self.director
        )

    @rule(which=picks, in_days=st.integers(0, 60))
    def move_delivery(self, which: int, in_days: int) -> None:
        """Move the delivery of an order."""
        if order := self._pick(Order.objects.exclude(state="CANCELLED"), which):
            day = self.today + timedelta(days=in_days)
            self._act(orders.change_order, order_id=order.pk, requested_delivery=day, by=self.adv)

    @rule(days=st.sampled_from([1, 1, 2, 5, 20]))
    def pass_days(self, days: int) -> None:
        """Days pass: the nightly run of the new one computes, and what was read of the past stays."""
        self._remember()
        self.now = datetime.combine(
            self.today + timedelta(days=days), self.now.timetz().replace(hour=9, minute=0, second=0)
        )
        before, counted = self._approved(), self._beyond(self.today)
        nightly.begin(at=self.now)
        orders_tasks.new_day()
        dunning_tasks.judge_promises()
        dunning_tasks.judge_plans()
        self._settle(before)
        self._let_in(counted)
        self._compare_past()

    def _beyond(self, day: date) -> set[int]:
        """Confirmed orders that did not count on a day."""
        rows = Order.objects.filter(state="CONFIRMED").select_related("account__company")
        return {order.pk for order in rows if model.is_beyond(order, day)}

    def _let_in(self, before: set[int]) -> None:
        """Prove that an order which entered a horizon found its place within the limits, or is held."""
        entered = before - self._beyond(self.today)
        held = HoldCase.objects.filter(closed_at=None).values("order_id")
        for order in Order.objects.filter(pk__in=entered, is_open=True).exclude(pk__in=held):
            assert not order.is_beyond_horizon, order.number
            if model.order_value(order).to_deliver:
                self._had_credit(order)

    # --- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def book_holds(self) -> None:
        """Open amounts, exposure, standing and levels are what the documents say."""
        if not self.dirty or not hasattr(self, "company"):
            return
        self.dirty = False
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        for (company, month), seen in self.frozen.items():
            since = [day for day, _posted, where in self.dated[seen:] if where == company]
            assert not [day for day in since if day.replace(day=1) <= month], (company, month)
        everything = list(ReceivableItem.objects.all())
        left = model.open_amounts(everything)
        assert {item.pk: item.open_amount for item in everything} == left
        accounts = list(CustomerAccount.objects.select_related("company", "entity").order_by("pk"))
        live = exposure.read(
            [a.pk for a in accounts], currency=self.company.currency, cuts=exposure.Cuts.on(self.today)
        )
        expected = {account.pk: model.figures_of(account, self.today) for account in accounts}
        for account in accounts:
            self._agree(account, live.of(account.pk), expected[account.pk])
        self._compare_standing(accounts, live)

    def _agree(
        self, account: CustomerAccount, found: exposure.AccountFigures, expected: model.Figures
    ) -> None:
        for part, amount in found.parts.items():
            wanted = expected.parts.get(part, Decimal(0))
            assert abs(amount - wanted) <= ROUNDING, (account.code, part, amount, wanted)
        beyond = found.left_out.get(BEYOND, Decimal(0))
        assert abs(beyond - expected.beyond) <= ROUNDING, (account.code, beyond, expected.beyond)
        assert (found.disputed, found.on_hold, found.overdue) == (
            expected.disputed,
            expected.on_hold,
            expected.overdue,
        ), account.code

    def _compare_standing(self, accounts: list[CustomerAccount], live: exposure.Book) -> None:
        nets = {account.pk: live.of(account.pk).exposure().net for account in accounts}
        wanted = {(int(Level.ACCOUNT), pk): net for pk, net in nets.items()}
        for account in accounts:
            for (level, key), members in model.levels_of(account).items():
                wanted[int(Level.from_word(level)), key] = sum((nets[m.pk] for m in members), Decimal(0))
        for row in CreditStanding.objects.all():
            target = (row.level, row.target_id)
            assert row.net_exposure == wanted.pop(target, Decimal(0)), (target, row.net_exposure)
            if row.level == Level.ACCOUNT:
                figures = live.of(row.target_id)
                assert (row.overdue, row.disputed, row.on_hold_orders) == (
                    figures.overdue,
                    figures.disputed,
                    figures.on_hold,
                ), target
        assert not any(wanted.values())
        for account in accounts:
            shown = CreditStanding.objects.get(level=Level.ACCOUNT, target_id=account.pk).available
            assert shown == exposure_of(account, on=self.today).available, account.code

    # --- tools -------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The day it is."""
        return self.now.date()

    def _tell_time(self) -> datetime:
        return self.now

    def _somebody(self, role: str) -> User:
        """Somebody with one role in both companies."""
        user = make_user(role, self.company)
        RoleGrant.objects.create(user=user, company=self.companies[1], role_id=role)
        return user

    def _number(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number:05d}"

    def _account(self, which: int) -> CustomerAccount:
        account = self.accounts[which % len(self.accounts)]
        return CustomerAccount.objects.select_related("company", "entity__group").get(pk=account.pk)

    def _pick(self, rows: models.QuerySet[Row], which: int) -> Row | None:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.model._default_manager.get(pk=keys[which % len(keys)]) if keys else None

    def _act(self, act: Callable[..., Any], **asked: Any) -> Any:
        """Do an act a moment later than the last; a refusal is an answer, and every act is in the journal."""
        self.now += timedelta(seconds=1)
        before = self._approved()
        last = AuditEvent.objects.aggregate(last=models.Max("pk"))["last"] or 0
        item, match = self._last(ReceivableItem), self._last(Allocation)
        try:
            done = act(at=self.now, **asked)
            assert AuditEvent.objects.filter(pk__gt=last).exists(), act.__name__
        except Refusal:
            done = None
        for day, where in ReceivableItem.objects.filter(pk__gt=item).values_list(
            "effective_date", "company_id"
        ):
            self.dated.append((day, True, where))
        for day, where in Allocation.objects.filter(pk__gt=match).values_list(
            "effective_date", "debit__company_id"
        ):
            self.dated.append((day, False, where))
        self._settle(before)
        return done

    def _last(self, rows: type[models.Model]) -> int:
        return rows._default_manager.aggregate(last=models.Max("pk"))["last"] or 0

    def _decide(
        self,
        account: CustomerAccount,
        level: str,
        kind: str,
        amount: Decimal | None,
        begins: int,
        runs: int,
    ) -> None:
        starts = self.today + timedelta(days=begins)
        request = self._act(
            credit.create_limit_request,
            account=account,
            level=level,
            kind=kind,
            amount=amount,
            reason="test",
            valid_from=starts,
            valid_until=starts + timedelta(days=runs),
            submit=True,
            by=self.asker,
        )
        if request is not None:
            self._grant(request)

    def _grant(self, request: LimitRequest) -> None:
        """Grant a limit; above level 3 the chief's approval waits for the countersignature."""
        signed = self._act(credit.approve_limit_request, request_id=request.pk, reason="test", by=self.chief)
        if signed is not None and signed.status == "submitted":
            self._act(credit.approve_limit_request, request_id=request.pk, reason="test", by=self.seller)

    def _approved(self) -> dict[int, Decimal]:
        """What each order counts in the exposure."""
        return {order.pk: model.order_value(order).whole for order in Order.objects.all()}

    def _settle(self, before: dict[int, Decimal]) -> None:
        """Do the work that follows an act, then look at every order that takes more credit than before."""
        work.drain()
        assert not Work.objects.exclude(state=Work.State.DONE).exists()
        released, self.released = self.released, None
        more = [
            order_id
            for order_id, value in self._approved().items()
            if value > before.get(order_id, Decimal(0)) + ROUNDING and order_id != released
        ]
        for order in Order.objects.select_related("account__entity").filter(pk__in=more):
            # Of several, a nearer one may have come after a far one, which it does not count.
            self._had_credit(order, until=order.requested_delivery if len(more) == 1 else None)
        self.dirty = True

    def _had_credit(self, order: Order, *, until: date | None = None) -> None:
        """Prove that an order that takes more credit was within every limit, prepaid, or carried by a release.

        :param until: its own delivery: everything up to it counts
        """
        carried = Release.objects.filter(order=order, voided_at=None, valid_until__gte=self.today)
        if order.term == "PREPAID" or carried.exists():
            return
        tolerance = Decimal(40) if order.account.risk_class == "A" else Decimal(0)
        decided = 0
        for (level, key), members in model.levels_of(order.account).items():
            limit = model.limit_of(level, key, self.today)
            decided += limit.decided
            assert not limit.expired, (order.number, level)
            if limit.decided and limit.amount is not None:
                net = sum((model.figures_of(m, self.today, until=until).net for m in members), Decimal(0))
                assert net <= limit.amount + tolerance + ROUNDING, (order.number, level, net, limit)
        assert decided, order.number
        assert not order.account.accountblocks.filter(lifted_at=None).exists()

    def _read(self, day: date) -> list[AgedBalance]:
        return [aged_balance(user=None, company=company, as_of=day) for company in self.companies]

    def _remember(self) -> None:
        """Keep what the book says of today, as its day ends."""
        self.readings[self.today] = self._reading(self.today)

    def _reading(self, day: date) -> Reading:
        books = self._read(day)
        split = [
            (number, row.account, row.currency, row.buckets, row.credits, row.disputed)
            for number, book in enumerate(books)
            for row in book.rows
        ]
        totals = {(number, t.currency): t.total for number, book in enumerate(books) for t in book.totals}
        return Reading(totals, split, len(self.dated))

    def _compare_past(self) -> None:
        """A past day keeps its total unless something was posted on or before it, its split unless moved by then."""
        for day, kept in self.readings.items():
            if day >= self.today:
                continue
            since = self.dated[kept.seen :]
            now = self._reading(day)
            if not any(acted <= day for acted, _posted, _where in since):
                assert now.split == kept.split, day
            if not any(acted <= day and posted for acted, posted, _where in since):
                assert now.totals == kept.totals, day
            self.readings[day] = now


def _lines(drawn: list[Any], numbers: list[int] | None = None) -> list[LineInput]:
    known = dict(enumerate(numbers or ()))
    return [
        LineInput(f"A{n}", f"Article {n}", quantity, price, rate, known.get(n))
        for n, (quantity, price, rate) in enumerate(drawn)
    ]
