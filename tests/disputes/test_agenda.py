"""What the agenda and the page of a case show beside it: cover at stake, anomalies waved through, a calendar."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import BuyerCover
from disputes.agenda import agenda
from disputes.committee_models import Committee
from disputes.committee_policy import AgendaReason
from disputes.enums import DisputeType
from disputes.waved import anomalies_behind
from invoicing.firewall.models import InvoiceAnomaly
from invoicing.models import Invoice
from o2c.shared.calendar import paris_date
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_invoice

from .build import opened

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = paris_date(NOW)


def cover(account: CustomerAccount, amount: str, status: str = "ACTIVE", since: int = 300) -> None:
    BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=Decimal(amount), currency="EUR",
        insured_pct=Decimal(90), status=status, effective_on=TODAY - timedelta(days=since), recorded_at=NOW,
    )  # fmt: skip


def test_cover_at_stake_puts_a_late_case_on_the_agenda(
    account: CustomerAccount, accountant: User, adv: User, company: Company
):
    recent = make_invoice(account, "500.00", by=accountant, at=NOW)
    late = make_invoice(
        account,
        "9000.00",
        by=accountant,
        at=NOW,
        issued=TODAY - timedelta(days=90),
        due=TODAY - timedelta(days=55),
    )
    opened(recent, "100.00", by=adv, at=NOW)
    case = opened(late, "3000.00", by=adv, at=NOW)
    assert agenda(adv, company, TODAY) == []
    cover(account, "2000.00")
    (line,) = agenda(adv, company, TODAY)
    assert (line.dispute, line.reasons, line.cover) == (case, (AgendaReason.COVER,), Decimal("1800.00"))
    # The insurer's last word counts: what it cancelled is not at stake.
    cover(account, "2000.00", "CANCELLED", since=1)
    assert agenda(adv, company, TODAY) == []


def test_a_dispute_points_back_to_what_was_waved_through(
    account: CustomerAccount, invoice: Invoice, accountant: User, adv: User
):
    for code, by in (("VAT_NUMBER_MISSING", None), ("PRICE_DIFFERS", accountant)):
        InvoiceAnomaly.objects.create(
            invoice=invoice,
            code=code,
            place="lines",
            severity="warn" if by else "note",
            acknowledged_by=by,
            noted_at=NOW,
        )
    case = opened(invoice, by=adv, kind=DisputeType.PRICE)
    first, second = anomalies_behind(case)
    assert (first.by, first.explains, first.invoice) == (accountant, True, "F-1")
    assert (second.by, second.explains) == (None, False)
    reader = Client(headers={"accept-language": "en"})
    reader.force_login(adv)
    page = reader.get(case.get_absolute_url()).content.decode()
    assert "Found before issue and waved through" in page
    assert "explains it" in page


def test_a_fortnightly_calendar_is_planned_at_once(company: Company):
    lead = make_user("adv_manager", company, "lead")
    chair = Client(headers={"accept-language": "en"})
    chair.force_login(lead)
    first = next(TODAY + timedelta(days=n) for n in range(1, 8) if (TODAY + timedelta(days=n)).weekday() == 1)
    body = {
        "held_on": f"{first}",
        "starts_at": "10:00",
        "rhythm": "fortnight",
        "until": f"{first + timedelta(days=28)}",
    }
    answer = chair.post(reverse("disputes:committee_plan"), body, follow=True)
    assert "3 sittings are planned." in answer.content.decode()
    assert Committee.objects.filter(company=company).count() == 3
    again = chair.post(reverse("disputes:committee_plan"), body)
    assert again.status_code == 409
    longer = chair.post(reverse("disputes:committee_plan"), body | {"until": f"{first + timedelta(days=42)}"})
    assert longer.status_code == 302
    assert Committee.objects.filter(company=company).count() == 4
    assert chair.post(reverse("disputes:committee_plan"), body | {"until": ""}).status_code == 400
