"""From a match to the held order released and its mail written, by a real worker, as the payment's page tells it."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import CustomerAccount, User
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage, Work
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted
from tests.flows.test_killed_worker import kill, process, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WITHIN = 60
WORKER = ("worker", "--concurrency", "1", "--loglevel", "WARNING")
BEAT = ("beat", "--loglevel", "WARNING", "--pidfile", "")


class Story:
    """A client late with 2 000, and an order on hold: its own for being late, or a sister's for want of limit."""

    def __init__(self, *, sister: bool = False) -> None:
        company = CompanyFactory(code="DEMO")
        entity = LegalEntityFactory()
        self.payer: CustomerAccount = CustomerAccountFactory(company=company, entity=entity)
        self.buyer: CustomerAccount = (
            CustomerAccountFactory(company=company, entity=entity) if sister else self.payer
        )
        self.clerk: User = make_user("receivables_accountant", company)
        adv = make_user("adv_officer", company)
        give_limit(self.payer, "10000" if not sister else "2500", at_entity=sister)
        late = paris_date(timezone.now()) - timedelta(days=30)
        self.owed = open_item(self.payer, "2000", due=late)
        self.order: Order = submitted(self.buyer, "1000", by=adv)
        assert self.status() == "on_hold"
        self.payment = 0
        self.api = Client()
        self.api.force_login(self.clerk, backend="django.contrib.auth.backends.ModelBackend")

    def status(self) -> str:
        """The order as it is shown."""
        return shown_status(Order.objects.get(pk=self.order.pk)).value

    def receive(self, **fields: object) -> float:
        """``POST payments/``; when it was answered."""
        body = {"external_id": "P1", "account": self.payer.code, "amount": "2000.00", "currency": "EUR"}
        body |= {"date": paris_date(timezone.now()).isoformat(), "method": "transfer", "reference": ""}
        self.payment = self._post("payments/", body | fields)["id"]
        return time.monotonic()

    def match(self) -> float:
        """``POST allocations/``; when it was answered."""
        money = ReceivableItem.objects.get(payment=self.payment)
        self._post("allocations/", {"from_item": money.pk, "to_item": self.owed.pk, "amount": "2000.00"})
        return time.monotonic()

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.api.post(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code == 201, answer.content
        return answer.json()

    def told(self) -> bool:
        """Whether the order went through and the mail about it stands in the outbox."""
        written = OutboxMessage.objects.filter(kind="order.released", about_id=self.order.pk)
        return self.status() == "confirmed" and written.exists()

    def trace(self) -> dict[str, Any]:
        """What the API tells of the payment."""
        answer = self.api.get(f"/api/v1/payments/{self.payment}/trace/")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found


def steps_of(trace: dict[str, Any]) -> list[str]:
    """The steps, several people told in a row as one."""
    return [name for name, _same in groupby(step["step"] for step in trace["steps"])]


def test_a_match_releases_the_held_order_within_a_minute(real_broker: None, tmp_path: Path) -> None:
    story = Story()
    story.receive()
    with process(*BEAT, tmp_path=tmp_path), process(*WORKER, tmp_path=tmp_path):
        # What the payment alone set off is over: the item is late until it is matched.
        wait_until(lambda: not Work.objects.exclude(state="done").exists(), WITHIN)
        assert story.status() == "on_hold"
        began = story.match()
        wait_until(story.told, WITHIN)
        seconds = time.monotonic() - began
        wait_until(lambda: story.trace()["running"] is False, WITHIN)
    sys.stdout.write(f"\nmatch to released and told: {seconds:.2f} s\n")
    assert seconds < WITHIN
    trace = story.trace()
    assert steps_of(trace) == ["received", "examined", "matched", "examined", "told"]
    first, second = (step["orders"][0] for step in trace["steps"] if step["step"] == "examined")
    assert (first["result"], first["reasons"]) == ("kept", ["OVERDUE_DAYS", "OVERDUE_AMOUNT"])
    assert (second["result"], second["missing"], second["reasons"]) == ("released", "0.00", [])
    assert (second["order"], second["account"]) == (story.order.number, story.buyer.code)
    assert trace["steps"][2]["items"][0]["amount"] == "2000.00"
    assert trace["steps"][4]["message"]["kind"] == "order.released"
    assert all(Decimal(step["seconds"]) >= 0 for step in trace["steps"][1:])
    page = story.api.get(f"/invoicing/payments/{story.payment}/").content.decode()
    assert story.order.number in page
    assert "every 2s" not in page.split('id="trace"')[1].split("</section>")[0]


def test_a_worker_killed_in_between_changes_nothing(real_broker: None, tmp_path: Path) -> None:
    story = Story()
    story.receive()
    with process(*BEAT, tmp_path=tmp_path):
        with process(*WORKER, tmp_path=tmp_path) as first:
            wait_until(lambda: not Work.objects.exclude(state="done").exists(), WITHIN)
            began = story.match()
            kill(first)
        killed_before = not story.told()
        with process(*WORKER, tmp_path=tmp_path):
            wait_until(story.told, WITHIN)
            seconds = time.monotonic() - began
            wait_until(lambda: story.trace()["running"] is False, WITHIN)
    sys.stdout.write(
        f"\nmatch to released and told, the worker killed in between: {seconds:.2f} s ({killed_before=})\n"
    )
    assert killed_before, "killed too late to prove anything"
    assert seconds < WITHIN
    assert steps_of(story.trace()) == ["received", "examined", "matched", "examined", "told"]
    told = list(OutboxMessage.objects.filter(kind="order.released").values_list("user", flat=True))
    assert len(told) == len(set(told)) > 0


def test_an_order_of_a_sister_under_the_same_limit_goes_too(real_broker: None, tmp_path: Path) -> None:
    story = Story(sister=True)
    with process(*BEAT, tmp_path=tmp_path), process(*WORKER, tmp_path=tmp_path):
        wait_until(lambda: not Work.objects.exclude(state="done").exists(), WITHIN)
        began = story.receive(reference=story.owed.document, match=True)
        wait_until(story.told, WITHIN)
        seconds = time.monotonic() - began
        wait_until(lambda: story.trace()["running"] is False, WITHIN)
    sys.stdout.write(f"\nmoney matched to the sister's order released and told: {seconds:.2f} s\n")
    assert seconds < WITHIN
    trace = story.trace()
    assert steps_of(trace) == ["received", "matched", "examined", "told"]
    (row,) = trace["steps"][2]["orders"]
    assert (row["order"], row["account"], row["result"]) == (story.order.number, story.buyer.code, "released")
    assert (row["missing_before"], row["missing"]) == ("500.00", "0.00")
    assert (row["room_before"], row["room"]) == ("500.00", "2500.00")
