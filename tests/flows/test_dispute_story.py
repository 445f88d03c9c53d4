"""One short payment, from the bank to the released order: dispute, missed date, committee, credit note."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from disputes import proofs, services
from disputes.agenda import agenda
from disputes.committee_policy import AgendaReason
from disputes.enums import Department, DisputeOutcome
from disputes.models import Dispute
from disputes.services import committee
from disputes.services.clock import escalate
from invoicing import proofs as book
from invoicing import services as invoicing
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice, OutboxMessage
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice
from tests.factories.orders import give_limit, submitted

pytestmark = pytest.mark.django_db


def test_from_the_short_payment_to_the_released_order() -> None:
    now = timezone.now()
    today = paris_date(now)
    company = CompanyFactory(code="DEMO")
    people = {
        name: make_user(role, company, name)
        for name, role in (
            ("clerk", "receivables_accountant"), ("adv", "adv_officer"), ("lead", "adv_manager"),
            ("credit", "credit_manager"), ("seller", "sales_manager"), ("logistics", "dispute_owner"),
        )
    }  # fmt: skip
    clerk, adv, lead = people["clerk"], people["adv"], people["lead"]
    account = CustomerAccountFactory(company=company)
    give_limit(account, "1000")
    invoice = make_invoice(account, "1000.00", by=clerk, at=now, due=today + timedelta(days=30))
    item = invoice.items.get()
    order = submitted(account, "700", by=adv)

    # The client pays 600 of 1000 and contests the rest.
    money = make_credit(account, "600.00", by=clerk, at=now)
    invoicing.allocate(from_item_id=money.pk, to_item_id=item.pk, amount=Decimal(600), by=clerk, at=now)
    invoicing.dispute_amount(
        item_id=item.pk, amount=Decimal(400), on=today, by=clerk, at=now, reference="Short payment P1",
        origin="short-payment", type="DEDUCTION",
    )  # fmt: skip
    work.drain()
    case = Dispute.objects.get()
    assert (case.status, case.amount) == ("OPEN", Decimal(400))
    assert shown_status(Order.objects.get(pk=order.pk)).value == "on_hold"

    # Qualified with an agreed date, accepted, and missed.
    services.qualify(
        dispute_id=case.pk, owner=people["logistics"], agreed_due_on=today + timedelta(days=3), by=adv, at=now
    )
    services.accept(dispute_id=case.pk, by=people["logistics"], at=now)
    later = now + timedelta(days=5)
    escalate(paris_date(later))
    work.drain()
    assert Notice.objects.filter(kind="dispute.breached", user=lead).exists()

    # The committee has it on its agenda by itself, and decides.
    committee.set_members(
        company=company,
        members=[(lead, Department.ADV), (people["credit"], Department.CREDIT), (people["seller"], Department.SALES)],
        chair=lead, by=lead, at=now,
    )  # fmt: skip
    (line,) = agenda(lead, company, paris_date(later))
    assert line.reasons == (AgendaReason.BREACHED, AgendaReason.BLOCKING)
    assert line.orders == [order.number]
    held = committee.plan(company=company, held_on=today, by=lead, at=now)
    present = [people[name].pk for name in ("lead", "credit", "seller")]
    committee.attend(committee_id=held.pk, present=present, by=lead, at=now)
    committee.decide(
        committee_id=held.pk, dispute_id=case.pk, decision="Credit what was deducted", owner=people["credit"],
        agreed_resolution_on=today, outcome=DisputeOutcome.CREDIT_NOTE, root_cause="CONTRACT.TERMS",
        accepted_by=["CREDIT", "SALES"], by=people["credit"], at=now,
    )  # fmt: skip
    committee.close(committee_id=held.pk, by=lead, at=now)
    work.drain()

    case.refresh_from_db()
    item.refresh_from_db()
    assert (case.status, item.open_amount) == ("CLOSED", Decimal(0))
    assert OutboxMessage.objects.filter(kind="committee.closed").count() == 3
    assert shown_status(Order.objects.get(pk=order.pk)).value == "confirmed"
    assert [*book.differences(today=today), *proofs.differences()] == []
