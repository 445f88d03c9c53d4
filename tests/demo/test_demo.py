"""The demonstration company: what the contract promises of it, and books that add up."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from accounts.models import Company, CustomerAccount, PaymentCircuit, User
from credit.enums import Level
from credit.models import CreditDecision, ExposureSnapshot
from credit.queries import exposure_of
from dunning.models import AccountRelay, AccountStatement, DunningScenario, HandOver, PaymentPlan
from invoicing.models import BankStatement, Invoice, Payment, ReceivableItem, ReturnProposal
from invoicing.queries import items_on
from o2c.demo.services import make_demo
from o2c.shared.calendar import add_months, end_of_month, paris_date
from orders.lists import with_status
from orders.models import HoldCase, Order, OrderEvidence, OverrideRequest, Quotation

pytestmark = [pytest.mark.django_db, pytest.mark.volume]


@pytest.fixture
def demo() -> Company:
    return make_demo(at=timezone.now())


def test_a_believable_company_whose_books_add_up(demo: Company, capsys: pytest.CaptureFixture[str]) -> None:
    today = paris_date(timezone.now())
    clients = CustomerAccount.objects.filter(company=demo)
    assert clients.count() == 240
    assert Invoice.objects.filter(company=demo).earliest("issue_date").issue_date < add_months(today, -23)
    _past_days_agree_with_the_items(demo, today)
    # One currency in the ledger; the orders abroad are in their own.
    assert set(ReceivableItem.objects.values_list("currency", flat=True)) == {"EUR"}
    assert {"EUR", "USD", "GBP"} == set(Order.objects.values_list("currency", flat=True))
    _the_contract_holds(demo)
    _something_waits_for_everybody()
    _a_bank_statement_waits()
    assert sorted(PaymentPlan.objects.values_list("status", flat=True)) == ["ACTIVE", "DRAFT"]
    assert PaymentPlan.objects.get(status="ACTIVE").instalments.exclude(paid_on=None).count() == 1
    _old_releases_are_judged(demo)
    _collections_are_under_way(demo)
    assert sorted(each.state for each in AccountStatement.objects.all()) == [
        "came_back",
        "on_its_way",
        "on_its_way",
    ]
    call_command("verify_books")
    assert "0 differences" in capsys.readouterr().out


def _old_releases_are_judged(demo: Company) -> None:
    outcomes = set(CreditDecision.objects.filter(account__company=demo).values_list("outcome", flat=True))
    assert {"paid", "late"} <= outcomes
    # Nothing waits for an answer since long ago.
    waiting = HoldCase.objects.filter(order__company=demo, closed_at=None)
    assert waiting.exists()
    assert not waiting.filter(opened_at__lt=timezone.now() - timedelta(days=60)).exists()


def _collections_are_under_way(demo: Company) -> None:
    handed = HandOver.objects.get(company=demo)
    assert list(CustomerAccount.objects.visible_to(User.objects.get(username="partner"))) == [handed.account]
    assert AccountRelay.objects.filter(company=demo).count() == 3
    assert PaymentCircuit.objects.filter(account__company=demo).count() == 3
    close = DunningScenario.objects.get(company=demo, risk_class="D")
    assert {"sms", "post"} <= set(close.steps.values_list("channel", flat=True))


def _a_bank_statement_waits() -> None:
    stored = BankStatement.objects.get()
    outcomes = Counter(stored.lines.values_list("outcome", flat=True))
    assert outcomes["payment"] >= 10
    assert outcomes["fee"] == outcomes["return"] == outcomes["other"] == 1
    payments = Payment.objects.exclude(statement_line=None)
    assert payments.exclude(account=None).count() == 2
    assert payments.filter(account=None).count() >= 8
    proposal = ReturnProposal.objects.get()
    assert proposal.payment is not None
    assert proposal.payment.method == "direct_debit"


def _past_days_agree_with_the_items(demo: Company, today: date) -> None:
    """What was kept of a client says what its items say, on the first of the days and on any other."""
    first = end_of_month(add_months(today, -12))
    assert ExposureSnapshot.objects.earliest("day").day == first
    clients = CustomerAccount.objects.filter(company=demo)
    for day in (first, *(today - timedelta(days=back) for back in (200, 41, 40, 39, 1))):
        open_, late, contested = (defaultdict[int, Decimal](Decimal) for _ in range(3))
        oldest: dict[int, date] = {}
        for item in items_on(clients, on=day, open_only=True):
            key = item.account_id
            open_[key] += item.open_on
            contested[key] += item.disputed_on
            if item.days_late:
                late[key] += item.open_on
                oldest[key] = min(item.due_on, oldest.get(key, day))
        kept = ExposureSnapshot.objects.filter(level=Level.ACCOUNT, day__lte=day).order_by(
            "target_id", "-day"
        )
        for row in kept.distinct("target_id"):
            key = row.target_id
            assert (row.net_exposure, row.overdue) == (open_[key], late[key])
            assert (row.disputed, row.oldest_due) == (contested[key], oldest.get(key))
            del open_[key]
        assert not any(open_.values())


def _the_contract_holds(demo: Company) -> None:
    plain = CustomerAccount.objects.filter(company=demo, code__in=[f"C{n:04d}" for n in range(1, 11)])
    assert {(c.risk_class, c.currency, bool(c.siret), bool(c.address_line1)) for c in plain} == {
        ("C", "EUR", True, True)
    }
    today = paris_date(timezone.now())
    free = [c for c in plain if (exposure_of(c, on=today).available or 0) > 2000]
    assert len(free) >= 5
    assert not HoldCase.objects.filter(order__account__in=plain).exists()
    own = {
        u: set(User.objects.get(username=u).portfolio.values_list("account", flat=True))
        for u in ("sales", "sales2")
    }
    assert min(len(own["sales"]), len(own["sales2"])) > 50
    assert own["sales"] & own["sales2"] == set()


def _something_waits_for_everybody() -> None:
    reasons = set(
        HoldCase.objects.filter(closed_at=None, holds__lifted_at=None).values_list("holds__reason", flat=True)
    )
    assert {"OVER_LIMIT", "NO_LIMIT", "REVIEW_EXPIRED", "ACCOUNT_BLOCKED", "PO_MISMATCH", "MANUAL"} <= reasons
    states = dict(Quotation.objects.values_list("state").annotate(Count("pk")))
    assert set(states) == {"DRAFT", "SENT", "ACCEPTED", "REFUSED", "EXPIRED", "ORDERED"}
    assert OrderEvidence.objects.exists()
    assert OverrideRequest.objects.filter(status="open").exists()
    shown = set(with_status(Order.objects.all()).values_list("status", flat=True))
    assert {"on_hold", "confirmed", "delivered", "invoiced"} <= shown
