"""The committee: sittings, decisions, minutes that stay, who is told."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from disputes import committee_policy as rules
from disputes import proofs
from disputes.agenda import agenda
from disputes.committee_models import Committee, CommitteeDecision, CommitteeMember
from disputes.enums import Department, DisputeOutcome
from disputes.models import Dispute
from disputes.services import ChangedMeanwhile
from disputes.services import committee as services
from disputes.services.clock import escalate
from invoicing.models import Invoice
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice, OutboxMessage, Work
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import make_user

from .build import opened, qualified

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def lead(company: Company) -> User:
    return make_user("adv_manager", company, "lead")


@pytest.fixture
def seller(company: Company) -> User:
    return make_user("sales_manager", company, "seller")


@pytest.fixture
def members(company: Company, lead: User, manager: User, seller: User, logistics: User) -> list[User]:
    services.set_members(
        company=company,
        members=[
            (lead, Department.ADV), (manager, Department.CREDIT), (seller, Department.SALES),
            (logistics, Department.LOGISTICS),
        ],
        chair=lead, by=lead, at=NOW,
    )  # fmt: skip
    return [lead, manager, seller, logistics]


@pytest.fixture
def held(company: Company, lead: User, members: list[User]) -> Committee:
    made = services.plan(company=company, held_on=TODAY, by=lead, at=NOW)
    return services.attend(committee_id=made.pk, present=[each.pk for each in members], by=lead, at=NOW)


@pytest.fixture
def breached(invoice: Invoice, adv: User, logistics: User) -> Dispute:
    made = qualified(invoice, by=adv, owner=logistics, at=NOW - timedelta(days=12))
    assert made.agreed_due_on is not None
    assert made.agreed_due_on < TODAY
    return made


def decide(held: Committee, dispute: Dispute, owner: User, by: User, **fields: Any) -> CommitteeDecision:
    given: dict[str, Any] = {
        "decision": "Count again",
        "agreed_resolution_on": TODAY + timedelta(days=7),
    } | fields
    return services.decide(committee_id=held.pk, dispute_id=dispute.pk, owner=owner, by=by, at=NOW, **given)


def test_the_agenda_has_what_is_over_its_date(
    breached: Dispute, invoice: Invoice, adv: User, company: Company
):
    opened(invoice, "10.00", by=adv, at=NOW)
    (line,) = agenda(adv, company, TODAY)
    assert (line.dispute, line.reasons, line.left) == (breached, (rules.AgendaReason.BREACHED,), -2)


def test_a_decision_changes_owner_and_date_and_is_kept(
    held: Committee, breached: Dispute, manager: User, lead: User
):
    made = decide(
        held,
        breached,
        manager,
        lead,
        action="Ask the carrier",
        accepted_by=["CREDIT", "QUALITY"],
        objection="none",
    )
    breached.refresh_from_db()
    assert (breached.owner, breached.agreed_due_on) == (manager, TODAY + timedelta(days=7))
    assert made.former_due_on == TODAY - timedelta(days=2)
    assert made.accepted_by == ["CREDIT"]
    assert breached.steps.order_by("-pk").values_list("text", flat=True)[0].startswith("Count again")
    with pytest.raises(rules.DecidedHere):
        decide(held, breached, manager, lead)


def test_with_outcome_and_cause_the_decision_is_carried_out(
    held: Committee, breached: Dispute, manager: User, lead: User, invoice: Invoice
):
    decide(
        held, breached, manager, manager, outcome=DisputeOutcome.CREDIT_NOTE, outcome_amount=Decimal(100),
        root_cause="PICKING",
    )  # fmt: skip
    breached.refresh_from_db()
    assert (breached.status, breached.outcome_amount) == ("CLOSED", Decimal(100))
    assert invoice.items.get().open_amount == 900
    assert list(proofs.differences()) == []


def test_without_quorum_nothing_is_decided(
    company: Company, lead: User, manager: User, members: list[User], breached: Dispute
):
    made = services.plan(company=company, held_on=TODAY, by=lead, at=NOW)
    with pytest.raises(rules.NoQuorum):
        decide(made, breached, manager, lead)
    services.attend(committee_id=made.pk, present=[lead.pk, manager.pk], by=lead, at=NOW)
    with pytest.raises(rules.NoQuorum):
        decide(made, breached, manager, lead)
    with pytest.raises(rules.NoQuorum):
        services.close(committee_id=made.pk, by=lead, at=NOW)
    assert not CommitteeDecision.objects.exists()


def test_nobody_decides_the_own_case(held: Committee, invoice: Invoice, adv: User, lead: User, manager: User):
    own = qualified(invoice, by=adv, owner=lead, at=NOW)
    with pytest.raises(rules.OwnCase):
        decide(held, own, manager, lead)
    assert decide(held, own, manager, manager).dispute_owner == lead
    with pytest.raises(IntegrityError, match="nobody_decides_the_own_dispute"), transaction.atomic():
        CommitteeDecision.objects.create(
            committee=held, dispute=own, postponed=True, dispute_owner=lead, decided_by=lead, decided_at=NOW
        )


def test_the_second_to_edit_one_case_is_told(held: Committee, breached: Dispute, manager: User, lead: User):
    seen = breached.version
    services.postpone(committee_id=held.pk, dispute_id=breached.pk, by=lead, at=NOW)
    with pytest.raises(ChangedMeanwhile):
        decide(held, breached, manager, lead, version=seen)


def test_validated_minutes_stay(held: Committee, breached: Dispute, manager: User, lead: User):
    decide(held, breached, manager, lead)
    done = services.close(committee_id=held.pk, by=lead, at=NOW)
    content = done.minutes.read()
    assert content.startswith(b"%PDF")
    assert hashlib.sha256(content).hexdigest() == done.sha256
    for act in (
        lambda: decide(held, breached, manager, lead),
        lambda: services.attend(committee_id=held.pk, present=[], by=lead, at=NOW),
        lambda: services.close(committee_id=held.pk, by=lead, at=NOW),
    ):
        with pytest.raises(rules.MinutesValidated):
            act()
    with pytest.raises(IntegrityError, match="validated"), transaction.atomic():
        Committee.objects.filter(pk=held.pk).update(sha256="x")
    with pytest.raises(IntegrityError, match="validated"), transaction.atomic():
        CommitteeDecision.objects.create(
            committee=held, dispute=breached, postponed=True, decided_by=lead, decided_at=NOW
        )


def test_minutes_are_sent_to_those_who_were_there(
    held: Committee, breached: Dispute, manager: User, lead: User
):
    decide(held, breached, manager, lead)
    services.close(committee_id=held.pk, by=lead, at=NOW)
    for key in Work.objects.filter(kind__contains="committee_closed").values_list("pk", flat=True):
        work.run(key)
    sent = OutboxMessage.objects.filter(kind="committee.closed")
    assert sent.count() == 4
    assert all(message.files for message in sent)


def test_members_and_sittings_are_checked(
    company: Company, lead: User, manager: User, seller: User, adv: User
):
    seats = [(lead, Department.ADV), (manager, Department.CREDIT)]
    with pytest.raises(Invalid):
        services.set_members(company=company, members=seats, chair=lead, by=lead, at=NOW)
    with pytest.raises(Invalid):
        services.set_members(
            company=company, members=[*seats, (seller, Department.SALES)], chair=adv, by=lead, at=NOW
        )
    with pytest.raises(NotAllowed):
        services.plan(company=company, held_on=TODAY, by=adv, at=NOW)
    with pytest.raises(Invalid):
        services.plan(company=company, held_on=TODAY - timedelta(days=1), by=lead, at=NOW)
    services.plan(company=company, held_on=TODAY, by=lead, at=NOW)
    with pytest.raises(services.AlreadyPlanned):
        services.plan(company=company, held_on=TODAY, by=lead, at=NOW)


def test_the_clock_tells_owner_deciders_and_directors_once(
    breached: Dispute, logistics: User, lead: User, seller: User, company: Company
):
    finance = make_user("finance_director", company, "finance")
    for ahead in (-4, 0, 0, 10):
        escalate(TODAY + timedelta(days=ahead))
        for key in Work.objects.filter(kind__contains="dispute_notices", state="queued").values_list(
            "pk", flat=True
        ):
            work.run(key)
    told = {
        (kind, name)
        for kind, name in Notice.objects.filter(kind__startswith="dispute.").values_list(
            "kind", "user__username"
        )
    }
    assert ("dispute.due_soon", logistics.username) in told
    assert {("dispute.breached", lead.username), ("dispute.breached", logistics.username)} <= told
    assert {("dispute.directors", finance.username), ("dispute.directors", seller.username)} <= told
    assert Notice.objects.filter(kind="dispute.breached", user=logistics).count() == 1


class TestPages:
    """The sittings, the meeting screen, the decision."""

    def browser(self, user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    def test_plan_attend_decide_close(
        self, members: list[User], breached: Dispute, lead: User, manager: User, company: Company
    ):
        page = self.browser(lead)
        first = page.get(reverse("disputes:committees")).content.decode()
        assert "1 case for the next sitting" in first
        page.post(reverse("disputes:committee_plan"), {"held_on": f"{TODAY:%d/%m/%Y}", "starts_at": "10:00"})
        held = Committee.objects.get()
        url = held.get_absolute_url()
        assert (
            "no quorum"
            in page.post(
                reverse("disputes:committee_attend", args=[held.pk]), {"present": [lead.pk]}, follow=True
            ).content.decode()
        )
        page.post(
            reverse("disputes:committee_attend", args=[held.pk]), {"present": [each.pk for each in members]}
        )
        shown = page.get(url).content.decode()
        assert "Case 1 of 1" in shown
        assert breached.number in shown
        form = {
            "version": breached.version, "decision": "Count again", "owner": manager.pk,
            "agreed_resolution_on": f"{TODAY + timedelta(days=5):%d/%m/%Y}", "accepted_by": ["CREDIT"],
        }  # fmt: skip
        decide_url = reverse("disputes:committee_decide", args=[held.pk, breached.number])
        assert page.post(decide_url, form | {"decision": ""}).status_code == 422
        assert page.post(decide_url, form).status_code == 302
        page.post(reverse("disputes:committee_close", args=[held.pk]))
        held.refresh_from_db()
        assert held.state == "closed"
        minutes = self.browser(manager).get(reverse("disputes:committee_minutes", args=[held.pk]))
        assert minutes["Content-Type"] == "application/pdf"
        assert "nothing of this sitting changes any more" in page.get(url).content.decode()

    def test_members_are_named_on_the_page(self, company: Company, lead: User, manager: User, seller: User):
        page = self.browser(lead)
        form = {"chair": lead.pk, "of_ADV": lead.pk, "of_CREDIT": manager.pk}
        assert page.post(reverse("disputes:committee_members"), form).status_code == 422
        page.post(reverse("disputes:committee_members"), form | {"of_SALES": seller.pk})
        assert CommitteeMember.objects.filter(company=company, until=None).count() == 3


def test_over_the_api(held: Committee, breached: Dispute, lead: User, manager: User, account):
    client = Client(headers={"accept-language": "en"})
    client.force_login(lead)
    url = f"/api/v1/committees/{held.pk}/"
    (line,) = client.get(f"{url}agenda/").json()["cases"]
    assert (line["dispute"], line["reasons"], line["days_left"]) == (breached.number, ["breached"], -2)
    body = {
        "dispute": breached.number,
        "decision": "Count",
        "owner": "manager",
        "agreed_resolution_on": "2099-01-01",
    }
    told = client.post(f"{url}decide/", body, content_type="application/json")
    assert told.status_code == 200, told.json()
    assert told.json()["owner"] == "manager"
    closed = client.post(f"{url}close/", {}, content_type="application/json").json()
    assert (closed["state"], len(closed["minutes"])) == ("closed", 64)
    again = client.post(f"{url}close/", {}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "minutes_validated")
