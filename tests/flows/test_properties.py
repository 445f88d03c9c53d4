"""Any sequence of acts keeps the book true: drawn by hypothesis, proved against the plain model of ``book_model``.

To the acts on the book come what the insurer says, what is agreed with a client so that an order may go, and what
becomes of it. ``PROPERTY_EXAMPLES`` and ``PROPERTY_STEPS`` ask for more than the few of every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from django.db import models
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from credit import services as credit
from credit.alternatives.projection import (
    AlternativeKind,
    Deposit,
    EarlyPayment,
    Measure,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from credit.enums import CoverStatus, GuaranteeKind, RequestStatus
from credit.models import BuyerCover, Guarantee, InsurancePolicy, LimitRequest
from credit.queries import exposure_of
from credit.services import guarantees
from credit.services.cover import CoverRow, record_covers
from credit.services.insurance import set_policy
from dunning.enums import PlanStatus, PromiseStatus
from dunning.models import PaymentPlan, PromiseToPay
from dunning.services import payment_plans as plans
from invoicing import services as invoicing
from invoicing.models import DepositRequest, ReceivableItem
from o2c.shared.files import ReceivedFile
from orders import services as orders
from orders.enums import ConditionSource
from orders.models import ConditionalRelease, HoldCase, Order, Release, ReleaseCondition

from . import book_model as model
from .book_machine import ROUNDING, Book, picks

EXAMPLES: Final = int(os.environ.get("PROPERTY_EXAMPLES", "15"))
STEPS: Final = int(os.environ.get("PROPERTY_STEPS", "20"))

kinds = st.sets(st.sampled_from(list(AlternativeKind)), min_size=1, max_size=3)


PAPER: Final = ReceivedFile(name="caution.pdf", content_type="application/pdf", content=b"%PDF-1.4")
HELD: Final = Q(closed_at=None)
DEPOSIT_WAITS: Final = Q(met_at=None, cancelled_at=None)
PROMISE_OPEN: Final = Q(status=PromiseStatus.OPEN)
PLAN_GOES_ON: Final = ~Q(status__in=["BROKEN", "COMPLETED", "CANCELLED"])
ASKED_FOR: Final = Q(status=RequestStatus.SUBMITTED)


def only_with(rows: type[models.Model], which: Q) -> Callable[[Any], bool]:
    """Draw an act only where there is something to act on."""
    return lambda machine: hasattr(machine, "company") and rows._default_manager.filter(which).exists()


class BookOnTerms(Book):
    """The book, its insurer, and what is agreed for orders that are held."""

    @initialize(late=st.integers(0, 20), owed=st.integers(100, 900), wanted=st.integers(600, 2000))
    def open_the_books(self, late: int, owed: int, wanted: int) -> None:
        """Something is owed by each client already, and each asks for more than its limit carries."""
        super().open_the_books()
        for number, account in enumerate(self.accounts):
            self.post_invoice(number, Decimal(owed), late + 10, 10, None, account.currency, False)
            self.order(number, [(Decimal(1), Decimal(wanted), Decimal(20))], "NET30", 5, True)

    # --- the insurer -------------------------------------------------------------------------------------------

    @rule(
        who=picks,
        status=st.sampled_from([CoverStatus.ACTIVE, *CoverStatus]),
        amount=st.sampled_from([0, 300, 1000, 3000]),
        pct=st.sampled_from([90, 100]),
        ahead=st.integers(-3, 3),
        runs=st.none() | st.integers(0, 60),
    )
    def cover(
        self, who: int, status: CoverStatus, amount: int, pct: int, ahead: int, runs: int | None
    ) -> None:
        """The insurer names a cover of a legal entity, reduces it, takes it back."""
        account, day = self._account(who), self.today + timedelta(days=ahead)
        known = BuyerCover.objects.filter(company=account.company, entity=account.entity, effective_on=day)
        if known.exists():
            return
        until = None if runs is None else day + timedelta(days=runs)
        row = CoverRow(account.entity.siren or "", Decimal(amount), Decimal(pct), status, day, until)
        self._act(record_covers, company=account.company, rows=[row], by=self.adv)

    @rule(
        where=st.sampled_from([0, 0, 1]),
        vat_insured=st.booleans(),
        extension=st.sampled_from([1, 10, 60]),
        longest=st.none() | st.sampled_from([40, 90]),
        blind=st.none() | st.sampled_from([200, 2000]),
    )
    def insure(
        self, where: int, vat_insured: bool, extension: int, longest: int | None, blind: int | None
    ) -> None:
        """A company's policy begins, or goes on under other terms."""
        company = self.companies[where]
        if InsurancePolicy.objects.filter(company=company, valid_from=self.today).exists():
            return
        self._act(
            set_policy,
            company=company,
            valid_from=self.today,
            insurer="Insurer",
            number=self._number("P"),
            vat_insured=vat_insured,
            extension_days=extension,
            max_term_days=longest,
            blind_limit=None if blind is None else Decimal(blind),
            by=self.director,
        )

    @rule(
        who=picks,
        level=st.sampled_from(["account", "entity", "group"]),
        amount=st.sampled_from([100, 700, 4000]),
        currency=st.sampled_from(["EUR", "EUR", "USD"]),
        share=st.sampled_from([50, 100]),
        begins=st.integers(-5, 3),
        runs=st.none() | st.integers(0, 60),
        confirmed=st.sampled_from([True, True, True, False]),
    )
    def secure(
        self,
        who: int,
        level: str,
        amount: int,
        currency: str,
        share: int,
        begins: int,
        runs: int | None,
        confirmed: bool,
    ) -> None:
        """A guarantee of a client, its legal entity or its group; it counts once somebody else has confirmed it."""
        account, first = self._account(who), self.today + timedelta(days=begins)
        made = self._act(
            guarantees.record_guarantee,
            account_id=account.pk,
            level=level,
            kind=GuaranteeKind.BANK,
            guarantor="A bank",
            reference=self._number("G"),
            amount=Decimal(amount),
            currency=currency,
            haircut_pct=Decimal(share),
            valid_from=first,
            valid_until=None if runs is None else first + timedelta(days=max(runs, -begins)),
            document=PAPER,
            by=self.asker,
        )
        if made and confirmed:
            self._act(guarantees.confirm_guarantee, guarantee_id=made.pk, by=self.chief)

    @precondition(only_with(Guarantee, Q(ended_on=None)))
    @rule(which=picks)
    def release_guarantee(self, which: int) -> None:
        """A guarantee is given back."""
        if row := self._pick(Guarantee.objects.filter(ended_on=None), which):
            self._act(guarantees.end_guarantee, guarantee_id=row.pk, reason="test", by=self.asker)

    # --- what is agreed for an order -----------------------------------------------------------------------------

    @precondition(only_with(HoldCase, HELD))
    @rule(
        which=picks,
        wished=kinds,
        acts=st.lists(
            st.sampled_from(["agree", "when met", "deposit", "promise", "plan", "answer", "a day"]),
            min_size=2,
            max_size=8,
        ),
        part=st.sampled_from([1, 1, 2]),
        yes=st.booleans(),
    )
    def negotiate(
        self, which: int, wished: set[AlternativeKind], acts: list[str], part: int, yes: bool
    ) -> None:
        """A held order is talked about with its client and in the house, and some of what was agreed comes."""
        does: dict[str, Callable[[], None]] = {
            "agree": lambda: self._agree_measures(which, wished),
            "when met": lambda: self._release_when_met(which),
            "deposit": lambda: self._deposit(which, part),
            "promise": lambda: self._keep_promise(which, part),
            "plan": lambda: self._follow_plan(which, part, yes),
            "answer": lambda: self._answer(which, yes),
            "a day": lambda: self.pass_days(1),
        }
        for act in ["agree", *acts]:
            does[act]()

    @precondition(only_with(ReleaseCondition, Q(status="OPEN")))
    @rule(which=picks, part=st.sampled_from([1, 1, 2]), yes=st.booleans())
    def what_was_agreed_comes(self, which: int, part: int, yes: bool) -> None:
        """Money that was agreed comes in, whole or in part; what was asked for is answered."""
        self._deposit(which, part)
        self._keep_promise(which, part)
        self._follow_plan(which, part, yes)
        self._answer(which, yes)

    def _agree_measures(self, which: int, wished: set[AlternativeKind]) -> None:
        """Measures proposed for a held order are agreed: all of them, or nothing is left of it."""
        case = self._pick(HoldCase.objects.filter(HELD), which)
        if case is None:
            return
        order = Order.objects.select_related("account__company", "account__entity", "company").get(
            pk=case.order_id
        )
        _result, outlook = orders.look_ahead_of(order, by=self.adv, at=self.now)
        written = [_written(offer.measure) for offer in outlook.proposals() if offer.kind in wished]
        if not written:
            return
        before = _agreed_so_far()
        made = self._act(
            orders.accept_alternatives, order_id=order.pk, measures=written, agreed_with="test", by=self.adv
        )
        if made is None:
            assert _agreed_so_far() == before
        else:
            assert [row.kind for row in made] == [each["kind"] for each in written]

    def _release_when_met(self, which: int) -> None:
        """Somebody with authority lets an order go once everything agreed is there."""
        if case := self._pick(HoldCase.objects.filter(HELD), which):
            self._act(orders.release_when_met, order_id=case.order_id, comment="test", by=self.chief)

    def _deposit(self, which: int, part: int) -> None:
        if asked := self._pick(DepositRequest.objects.filter(DEPOSIT_WAITS), which):
            self._act(
                invoicing.record_payment,
                company=asked.company,
                external_id=self._number("D"),
                account=asked.account,
                order=asked.order,
                received_on=self.today,
                amount=(asked.amount / part).quantize(Decimal("0.01")),
                currency=asked.currency,
                method="transfer",
                by=self.clerk,
            )

    def _keep_promise(self, which: int, part: int) -> None:
        if promise := self._pick(PromiseToPay.objects.filter(PROMISE_OPEN), which):
            items = promise.promise_items.values_list("item_id", flat=True)
            self._pay_items(promise.account_id, promise.amount / part, items)

    def _follow_plan(self, which: int, part: int, yes: bool) -> None:
        """A plan is signed and its first money comes, or it is dropped or broken."""
        plan = self._pick(PaymentPlan.objects.filter(PLAN_GOES_ON), which)
        if plan is None:
            return
        if not yes:
            ends = plans.break_plan if plan.status == PlanStatus.ACTIVE else plans.cancel_plan
            self._act(ends, plan_id=plan.pk, reason="test", by=self.asker)
            return
        if plan.status in (PlanStatus.DRAFT, PlanStatus.SENT):
            self._act(
                plans.sign_plan, plan_id=plan.pk, signatory="A person", capacity="Manager", by=self.asker
            )
        items = plan.plan_items.values_list("item_id", flat=True)
        self._pay_items(plan.account_id, plan.amount / (2 * part), items)

    def _answer(self, which: int, yes: bool) -> None:
        """A raise asked for with an agreement is granted or refused."""
        if wish := self._pick(LimitRequest.objects.filter(ASKED_FOR), which):
            if yes:
                self._grant(wish)
            else:
                self._act(credit.refuse_limit_request, request_id=wish.pk, reason="test", by=self.chief)

    # --- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def exposure_is_covered_as_agreed(self) -> None:
        """What guarantees and insurer bear is the formula over their rows and the plain model's exposure."""
        if not hasattr(self, "company"):
            return
        accounts = [self._account(number) for number in range(len(self.accounts))]
        nets = {account.pk: model.figures_of(account, self.today).net for account in accounts}
        for account in accounts:
            view = exposure_of(account, on=self.today)
            secured = model.guarantees_of(account, nets, self.today)
            assert abs(view.guarantees - secured) <= ROUNDING, (account.code, view.guarantees, secured)
            wanted = model.insured_of(account, accounts, nets, self.today)
            assert abs(view.insured - wanted) <= ROUNDING, (account.code, view.insured, wanted)
            assert 0 <= view.uncovered <= max(view.net, Decimal(0))

    @invariant()
    def agreements_are_followed(self) -> None:
        """A condition waits exactly while what stands behind it does, and a release waits for conditions."""
        if not hasattr(self, "company"):
            return
        for row in ReleaseCondition.objects.select_related("order"):
            if row.status == "OPEN":
                assert row.order.state in ("SUBMITTED", "CONFIRMED"), row
                assert row.last_day >= self.today, row
                assert _still_waits(row), row
            elif row.status == "MET" and row.source != ConditionSource.PLAN:
                # The first instalment of a plan may be taken back by the bank after it was there.
                assert not _still_waits(row), row
        for waiting in ConditionalRelease.objects.filter(status="WAITING").select_related("case", "order"):
            assert waiting.case.closed_at is None, waiting
            assert waiting.order.release_conditions.filter(status="OPEN").exists(), waiting

    # --- tools -------------------------------------------------------------------------------------------------

    def _pay_items(self, account_id: int, amount: Decimal, item_ids: Any) -> None:
        """Money of a client comes and settles these items, the earliest first."""
        items = list(
            ReceivableItem.objects.filter(pk__in=list(item_ids), open_amount__gt=0).order_by("due_date")
        )
        if not items:
            return
        account = next(each for each in self.accounts if each.pk == account_id)
        paid = self._act(
            invoicing.record_payment,
            company=account.company,
            external_id=self._number("R"),
            account=account,
            received_on=self.today,
            amount=max(Decimal("0.01"), amount.quantize(Decimal("0.01"))),
            currency=items[0].currency,
            method="transfer",
            match=False,
            by=self.clerk,
        )
        for item in items:
            left = -paid.items.get().open_amount if paid else Decimal(0)
            item.refresh_from_db()
            if (used := min(left, item.open_amount)) > 0:
                self._act(
                    invoicing.allocate,
                    from_item_id=paid.items.get().pk,
                    to_item_id=item.pk,
                    amount=used,
                    by=self.clerk,
                )

    def _had_credit(self, order: Order, *, until: date | None = None) -> None:
        super()._had_credit(order, until=until)
        carried = Release.objects.filter(order=order, voided_at=None, valid_until__gte=self.today)
        if order.term != "PREPAID" and not carried.exists():
            account = self._account(self.accounts.index(order.account))
            unpaid = model.unpaid_beyond_extension(account, self.today)
            assert unpaid <= Decimal(100) + ROUNDING, (order.number, unpaid)


def _written(measure: Measure) -> Mapping[str, Any]:
    """A measure in the fields of the API."""
    match measure:
        case Deposit(amount, day):
            return {"kind": "DEPOSIT", "amount": amount, "date": day}
        case EarlyPayment(refs, day):
            return {"kind": "EARLY_PAYMENT", "refs": refs, "date": day}
        case OverdueSchedule(refs, parts):
            planned = [{"date": part.day, "amount": part.amount} for part in parts]
            return {"kind": "OVERDUE_SCHEDULE", "refs": refs, "instalments": planned}
        case ShorterTerm(day):
            return {"kind": "SHORTER_TERM", "expected_payment_date": day}
        case TemporaryRaise(amount, until):
            return {"kind": "TEMPORARY_LIMIT", "amount": amount, "until": until}


def _agreed_so_far() -> tuple[int, ...]:
    """How much there is of everything an agreement makes."""
    made = (ReleaseCondition, DepositRequest, PromiseToPay, PaymentPlan, LimitRequest)
    return tuple(rows._default_manager.count() for rows in made)


def _still_waits(row: ReleaseCondition) -> bool:
    """Whether what stands behind a condition is still to come."""
    if row.source_id is None:
        return False
    match row.source:
        case ConditionSource.DEPOSIT_REQUEST:
            return DepositRequest.objects.filter(DEPOSIT_WAITS, pk=row.source_id).exists()
        case ConditionSource.PROMISE:
            return PromiseToPay.objects.filter(PROMISE_OPEN, pk=row.source_id).exists()
        case ConditionSource.LIMIT_REQUEST:
            return LimitRequest.objects.filter(ASKED_FOR, pk=row.source_id).exists()
        case ConditionSource.PLAN:
            plan = PaymentPlan.objects.get(pk=row.source_id)
            return (
                plan.status not in ("BROKEN", "COMPLETED", "CANCELLED")
                and not plan.instalments.filter(number=1, paid_on__isnull=False).exists()
            )
        case _:
            return False


@pytest.mark.slow
@pytest.mark.django_db
def test_any_sequence_of_acts_keeps_the_book_true() -> None:
    run_state_machine_as_test(
        BookOnTerms,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
