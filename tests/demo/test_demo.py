"""The demonstration company: what the contract promises of it, and books that add up."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import ExposureSnapshot
from credit.queries import exposure_of
from invoicing.models import Invoice, ReceivableItem
from o2c.demo.services import make_demo
from o2c.shared.calendar import add_months, paris_date
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
    assert ExposureSnapshot.objects.values("day").distinct().count() == 12
    # One currency in the ledger; the orders abroad are in their own.
    assert set(ReceivableItem.objects.values_list("currency", flat=True)) == {"EUR"}
    assert {"EUR", "USD", "GBP"} == set(Order.objects.values_list("currency", flat=True))
    _the_contract_holds(demo)
    _something_waits_for_everybody()
    call_command("verify_books")
    assert "0 differences" in capsys.readouterr().out


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
