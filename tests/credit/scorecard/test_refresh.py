"""Cards from what stands in the book: every kind of fact, many clients at once, only what is new."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import nightly
from credit.models import BuyerCover, EntityFacts, FinancialStatement, ScoreCard
from credit.scorecard.enums import Block
from credit.scorecard.services import refresh_cards
from disputes.models import Dispute
from dunning.models import PromiseToPay
from invoicing import services as invoicing
from invoicing.expected.models import PaymentHabit
from invoicing.models import DisputedAmount
from o2c.shared import work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent, Notice, Work
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, TODAY, day, make_item, make_payment


def rate(account: CustomerAccount, *, on: date = TODAY, at: Any = AT) -> ScoreCard:
    refresh_cards([account.pk], at=at, day=on)
    return ScoreCard.objects.filter(account=account).order_by("-pk")[0]


def points(card: ScoreCard) -> dict[str, str]:
    return {
        block.name: str(value) for block, value in zip(Block, card.points, strict=True) if value is not None
    }


def habit(account: CustomerAccount, amount: str, delay: str) -> None:
    PaymentHabit.objects.create(
        company=account.company, account=account, payments=3, amount=Decimal(amount), delay=Decimal(delay),
        computed_on=day(-1),
    )  # fmt: skip


def dispute(account: CustomerAccount, amount: str, number: str, *, opened: date, cause: str = "") -> None:
    Dispute.objects.create(
        company=account.company, account=account, number=number, type="QUANTITY", origin="call", status="OPEN",
        currency="EUR", amount=Decimal(amount), opened_on=opened, opened_at=AT, department="LOGISTICS",
        first_answer_due_on=opened, root_cause=cause,
    )  # fmt: skip


def test_nothing_known_makes_a_card_without_a_score(account: CustomerAccount) -> None:
    card = rate(account)
    assert (card.score, card.risk_class, card.known, card.points, card.inputs) == (
        None, "", 0, [None] * 5, {name: {} for name in Block.values},
    )  # fmt: skip


def test_payment_behaviour_of_what_was_paid_and_what_is_late(
    account: CustomerAccount, accountant: User
) -> None:
    habit(account, "3000", "2")
    late = make_item(account, "1500", by=accountant, due=day(-14))
    DisputedAmount.objects.create(
        item=late, account=account, amount=Decimal(500), effective_from=day(-3), recorded_at=AT
    )
    make_item(account, "900", by=accountant, issued=day(-10), due=day(5))
    card = rate(account)
    found = card.inputs[Block.PAYMENT]
    assert points(card)["PAYMENT"] == "85.0"
    assert {name: found[name] for name in ("days", "paid", "paid_days", "late", "late_days")} == {
        "days": "5.0", "paid": "3000.00", "paid_days": "2.0", "late": "1000.00", "late_days": "14.0",
    }  # fmt: skip
    assert (found["paid_on"], found["late_on"]) == (day(-1).isoformat(), TODAY.isoformat())


def test_returned_debits_and_broken_promises_cost_points_for_a_year(
    account: CustomerAccount, accountant: User
) -> None:
    habit(account, "3000", "0")
    for method, returned in (("direct_debit", day(-5)), ("cheque", day(-5)), ("lcr", add_months(TODAY, -12))):
        payment = make_payment(account, "10", by=accountant, received=returned, method=method)
        invoicing.return_payment(
            payment_id=payment.pk, returned_on=returned, reason="AM04", by=accountant, at=AT
        )
    for status, ended in (
        ("BROKEN", day(-2)),
        ("PARTIAL", day(-9)),
        ("KEPT", day(-1)),
        ("BROKEN", day(-400)),
    ):
        PromiseToPay.objects.create(
            company=account.company, account=account, amount=1, currency="EUR", promised_date=ended,
            last_day=ended, taken_at=AT, status=status, ended_at=AT, ended_on=ended,
        )  # fmt: skip
    card = rate(account)
    found = card.inputs[Block.PAYMENT]
    assert points(card)["PAYMENT"] == "60.0"
    assert (found["returned"], found["returned_on"]) == (1, day(-5).isoformat())
    assert (found["broken"], found["broken_on"]) == (2, day(-2).isoformat())


def test_the_newest_word_on_the_newest_year_counts(account: CustomerAccount, analyst: User) -> None:
    for closed_on, equity in ((date(2024, 12, 31), 1), (date(2025, 12, 31), 20), (date(2025, 12, 31), 35)):
        FinancialStatement.objects.create(
            company=account.company, entity=account.entity, closed_on=closed_on, currency="EUR",
            equity=Decimal(equity), total_assets=Decimal(100), source="entered", recorded_at=AT, recorded_by=analyst,
        )  # fmt: skip
    card = rate(account)
    assert points(card) == {"STATEMENTS": "100.0"}
    assert card.inputs[Block.STATEMENTS] == {
        "closed_on": "2025-12-31",
        "ratios": [{"code": "equity", "value": "35.00", "points": "100.0"}],
    }
    assert points(rate(account, on=date(2027, 7, 1))) == {}


@pytest.mark.parametrize(
    ("status", "until", "expected"),
    [
        ("ACTIVE", None, "68.4"),
        ("PARTIAL", None, "60.0"),
        ("REDUCED", TODAY, "60.0"),
        ("CANCELLED", None, "0.0"),
        ("REFUSED", day(-1), "68.4"),
        ("REQUESTED", None, "68.4"),
    ],
)
def test_the_lower_of_rating_and_cover(
    account: CustomerAccount, analyst: User, status: str, until: date | None, expected: str
) -> None:
    facts = {"company": account.company, "entity": account.entity, "recorded_at": AT, "recorded_by": analyst}
    EntityFacts.objects.create(**facts, rating_scale="bureau", rating="10", rated_on=day(-60))
    EntityFacts.objects.create(**facts, rating_scale="bdf", rating="3+", rated_on=day(-40))
    cover = {"company": account.company, "entity": account.entity, "amount": 1, "currency": "EUR"}
    cover |= {"insured_pct": 90, "recorded_at": AT}
    BuyerCover.objects.create(**cover, status="REFUSED", effective_on=day(-90))
    BuyerCover.objects.create(**cover, status=status, effective_on=day(-30), valid_until=until)
    BuyerCover.objects.create(**cover, status="REFUSED", effective_on=day(1))
    card = rate(account)
    assert points(card) == {"EXTERNAL": expected}
    assert card.inputs[Block.EXTERNAL]["cover_on"] == day(-30).isoformat()


def test_age_and_a_recent_change(account: CustomerAccount, analyst: User) -> None:
    EntityFacts.objects.create(
        company=account.company, entity=account.entity, recorded_at=AT, recorded_by=analyst,
        founded_on=date(2000, 5, 1), changed_on=day(-30), change="control",
    )  # fmt: skip
    card = rate(account)
    assert points(card) == {"AGE": "80.0"}
    assert card.inputs[Block.AGE] == {
        "founded_on": "2000-05-01", "years": "26.50", "change": "control", "changed_on": day(-30).isoformat(),
    }  # fmt: skip


def test_disputes_of_a_year_and_pretexts(account: CustomerAccount, accountant: User, analyst: User) -> None:
    make_item(account, "1000", by=accountant, issued=day(-60), due=day(5))
    dispute(account, "30", "L1", opened=day(-20))
    dispute(account, "500", "L2", opened=day(-400))
    assert points(rate(account))["DISPUTES"] == "77.8"
    dispute(account, "15", "L3", opened=day(-12), cause="CUSTOMER_CASH_PRETEXT")
    dispute(account, "10", "L4", opened=day(-10), cause="CUSTOMER_CASH_PRETEXT")
    FinancialStatement.objects.create(
        company=account.company, entity=account.entity, closed_on=date(2025, 12, 31), currency="EUR",
        revenue=Decimal(20000), source="entered", recorded_at=AT, recorded_by=analyst,
    )  # fmt: skip
    card = rate(account)
    assert points(card)["DISPUTES"] == "30.0"
    assert card.inputs[Block.DISPUTES] == {
        "invoiced": "1000.00", "disputed": "55.00", "rate": "5.50", "until": TODAY.isoformat(),
        "currency": "EUR", "pretexts": 2, "pretext_on": day(-10).isoformat(), "dependence": "5.00",
    }  # fmt: skip


def test_facts_of_others_are_not_mine(company: Company, account: CustomerAccount, accountant: User) -> None:
    other = CustomerAccountFactory(company=company)
    habit(other, "100", "60")
    make_item(other, "900", by=accountant)
    assert rate(account).score is None
    assert rate(other).risk_class == "E" or rate(other).score is not None


def test_a_card_is_written_when_its_points_change_and_once_a_month(account: CustomerAccount) -> None:
    habit(account, "100", "5")
    assert refresh_cards([account.pk], at=AT, day=TODAY) == 1
    assert refresh_cards([account.pk], at=AT, day=TODAY) == 0
    assert refresh_cards([account.pk], at=AT, day=day(29)) == 0
    assert refresh_cards([account.pk], at=AT, day=day(30)) == 1
    PaymentHabit.objects.update(delay=6)
    assert refresh_cards([account.pk], at=AT, day=day(-1)) == 0
    assert refresh_cards([account.pk], at=AT, day=day(31)) == 1
    first, monthly, last = ScoreCard.objects.order_by("pk")
    assert [first.follows_id, monthly.follows_id, last.follows_id] == [None, first.pk, monthly.pk]


def test_the_number_of_queries_does_not_follow_the_clients(company: Company) -> None:
    def queries(clients: int) -> int:
        keys = sorted(CustomerAccountFactory(company=company).pk for _ in range(clients))
        with CaptureQueriesContext(
            connection,
        ) as seen:
            refresh_cards(keys, at=AT, day=TODAY)
        return len(seen)

    assert queries(1) == queries(4)


def test_a_fall_of_ten_points_is_told_once(
    account: CustomerAccount, analyst: User, django_capture_on_commit_callbacks: Any
) -> None:
    habit(account, "100", "0")
    rate(account)
    PaymentHabit.objects.update(delay=30)
    card = rate(account)
    assert (card.asks_review, card.score, card.risk_class) == (True, Decimal("30.0"), "E")
    event = AuditEvent.objects.get(action="score.changed")
    assert (event.before, event.after, event.account_id) == (
        {"score": "100.0", "class": "C"}, {"score": "30.0", "class": "E"}, account.pk,
    )  # fmt: skip
    work.drain()
    told = Notice.objects.get(kind="score.changed")
    assert (told.user.username, told.figures["score_before"], told.figures["score"]) == (
        "analyst", "100.0", "30.0",
    )  # fmt: skip


def test_two_at_a_time_do_not_write_two_first_cards(account: CustomerAccount) -> None:
    rate(account)
    with pytest.raises(IntegrityError, match="one_first_scorecard_per_account"), transaction.atomic():
        ScoreCard.objects.create(
            account=account, day=TODAY, version=1, known=0, points=[None] * 5, inputs={}, computed_at=AT
        )


def test_the_night_rates_everybody_after_its_figures(company: Company, account: CustomerAccount) -> None:
    other = CustomerAccountFactory(company=company)
    run = nightly.run_in_foreground(at=timezone.now())
    assert run.finished_at is not None
    assert set(ScoreCard.objects.values_list("account", flat=True)) == {account.pk, other.pk}
    assert not Work.objects.filter(kind="credit.nightly_scores", state="queued").exists()
    nightly.run_in_foreground(at=timezone.now())
    assert ScoreCard.objects.count() == 2


def test_a_run_of_a_day_to_come_rates_nobody(account: CustomerAccount) -> None:
    nightly.run_in_foreground(at=timezone.now(), day=paris_date(timezone.now()) + timedelta(days=3))
    assert not ScoreCard.objects.filter(account=account).exists()


def test_classes_follow_where_the_company_says_so(company: Company, account: CustomerAccount) -> None:
    today = paris_date(timezone.now())
    PaymentHabit.objects.create(
        company=company,
        account=account,
        payments=3,
        amount=100,
        delay=40,
        computed_on=today - timedelta(days=1),
    )
    nightly.begin(at=timezone.now())
    work.drain()
    account.refresh_from_db()
    assert account.risk_class == "C"
    Company.objects.update(class_follows_score=True)
    nightly.begin(at=timezone.now())
    work.drain()
    account.refresh_from_db()
    assert account.risk_class == "E"
    event = AuditEvent.objects.get(action="account.class_changed")
    assert (event.before, event.after, event.actor) == ({"risk_class": "C"}, {"risk_class": "E"}, "")
