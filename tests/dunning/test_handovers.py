"""Hand-overs: what may go out, what it stops, its file, its money, and what interrupts a limitation."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from credit import standing
from credit.alerts import services as alerts
from credit.models import CreditAlert
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from dunning import handover_file
from dunning.enums import Exclusion, HandOverOutcome, Interruption, LegalRoute
from dunning.models import HandOver, HandOverCost, HandOverItem, LimitationInterruption
from dunning.plan_policy import Part
from dunning.queries import handovers, worklist
from dunning.queries.handovers import costs_of, hand_over_list, limitation_dates, recovered
from dunning.queries.plan import read_plan
from dunning.services import handovers as services
from dunning.services import limitations, payment_plans
from dunning.services.calls import record_call
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.interest_policy import Regime
from invoicing.models import ReceivableItem
from invoicing.services import waivers
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item, make_payment
from tests.factories.orders import give_limit

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def late(account: CustomerAccount, accountant: User) -> Callable[..., ReceivableItem]:
    def make(amount: str = "1000.00", days: int = 60) -> ReceivableItem:
        due = TODAY - timedelta(days=days)
        return make_item(account, amount, by=accountant, issued=due - timedelta(days=30), due=due, at=NOW)

    return make


def out(by: User, *items: ReceivableItem, route: LegalRoute = LegalRoute.AMICABLE, **fields: Any) -> HandOver:
    given: dict[str, Any] = {"recipient": "Recouvra SA", "reason": "no answer", "at": NOW}
    return services.hand_over(item_ids=[item.pk for item in items], route=route, by=by, **given | fields)


class TestHandingOver:
    def test_nobody_reminds_of_what_is_out(
        self, account: CustomerAccount, company: Company, manager: User, late: Any
    ):
        ensure_scenario(company)
        first, second = late(), late("40.00", 50)
        made = out(manager, first)
        assert (made.to, made.amount, made.currency, made.badge) == (
            "agency",
            D(1000),
            "EUR",
            "hand_over_open",
        )
        letters, left = read_plan(company, as_of=TODAY)
        assert [item.document for letter in letters for item in letter.items] == [second.document]
        assert [(row.document, row.reason) for row in left] == [(first.document, Exclusion.HANDED_OVER)]
        assert worklist.work_list(manager, company, on=TODAY)[0][0].owed == D(40)
        event = AuditEvent.objects.get(action="handover.made")
        assert (event.account_id, event.reason) == (account.pk, "no answer")
        assert (event.after or {})["route"] == "amicable"

    def test_what_ends_is_reminded_of_again(self, company: Company, manager: User, late: Any):
        ensure_scenario(company)
        made = out(manager, late())
        services.end(
            hand_over_id=made.pk, outcome=HandOverOutcome.TAKEN_BACK, reason="agreed", by=manager, at=NOW
        )
        assert read_plan(company, as_of=TODAY)[1] == []
        assert len(read_plan(company, as_of=TODAY)[0]) == 1
        with pytest.raises(services.HandOverEnded):
            services.end(
                hand_over_id=made.pk, outcome=HandOverOutcome.PAID, reason="again", by=manager, at=NOW
            )

    def test_only_what_is_late_open_and_not_contested(
        self, account: CustomerAccount, accountant: User, manager: User, late: Any
    ):
        coming = make_item(account, "10", by=accountant, issued=TODAY, due=TODAY + timedelta(days=5), at=NOW)
        contested, other = late(), late("50.00")
        disputes.open_dispute(
            contested=[disputes.Contested(item_id=contested.pk)], type=DisputeType.PRICE,
            origin=DisputeOrigin.CALL, by=accountant, at=NOW,
        )  # fmt: skip
        for item in (coming, contested):
            with pytest.raises(services.NothingToHandOver):
                out(manager, item)
        out(manager, other)
        with pytest.raises(services.HandedOver):
            out(manager, other)
        planned = late("90.00")
        plan = payment_plans.make_plan(
            account_id=account.pk, item_ids=[planned.pk], signatory="Anne", capacity="manager",
            instalments=[Part(TODAY + timedelta(days=9), D(90))], by=manager, at=NOW,
        )  # fmt: skip
        payment_plans.sign_plan(plan_id=plan.pk, by=manager, at=NOW)
        with pytest.raises(services.NothingToHandOver):
            out(manager, planned)

    def test_a_route_that_does_not_fit_is_closed(self, accountant: User, manager: User, late: Any):
        with pytest.raises(services.RouteClosed):
            out(manager, late("5000.01"), route=LegalRoute.SMALL_CLAIM)
        partly = late("100.00")
        disputes.open_dispute(
            contested=[disputes.Contested(item_id=partly.pk, amount=D(30))], type=DisputeType.PRICE,
            origin=DisputeOrigin.CALL, by=accountant, at=NOW,
        )  # fmt: skip
        with pytest.raises(services.RouteClosed):
            out(manager, partly, route=LegalRoute.INJUNCTION)
        assert out(manager, partly, route=LegalRoute.ASSIGNMENT).amount == D(70)

    def test_who_may_and_of_one_client(self, accountant: User, company: Company, manager: User, late: Any):
        item = late()
        with pytest.raises(NotAllowed):
            out(accountant, item)
        with pytest.raises(NotFound):
            out(make_user("credit_manager", CompanyFactory(code="ELSE"), "abroad"), item)
        foreign = make_item(
            CustomerAccountFactory(company=company), "5", by=accountant, issued=TODAY - timedelta(days=50),
            due=TODAY - timedelta(days=20), at=NOW,
        )  # fmt: skip
        with pytest.raises(Invalid):
            out(manager, item, recipient=" ")
        with pytest.raises(Invalid):
            out(manager, item, reason="")
        with pytest.raises(Invalid):
            out(manager, item, foreign)


class TestMoney:
    def test_recovered_from_the_book_and_costs(
        self, account: CustomerAccount, accountant: User, manager: User, late: Any
    ):
        item = late()
        made = out(manager, item, at=NOW - timedelta(minutes=5))
        money = make_payment(account, "600", by=accountant, received=TODAY)
        invoicing.allocate_payment(
            payment_id=money.pk, items=[(item.pk, D(600))], by=accountant, at=timezone.now()
        )
        note = make_item(account, "-50", by=accountant, at=NOW)
        invoicing.allocate(
            from_item_id=note.pk, to_item_id=item.pk, amount=D(50), by=accountant, at=timezone.now()
        )
        assert recovered([made.pk]) == {made.pk: D(600)}
        for amount in ("120.00", "-20.00"):
            services.add_cost(hand_over_id=made.pk, what="Fee", amount=D(amount), by=manager, at=NOW)
        assert costs_of([made.pk]) == {made.pk: D(100)}
        for wrong in ({"amount": D(0)}, {"what": ""}, {"day": TODAY + timedelta(days=1)}):
            fields: dict[str, Any] = {"what": "Fee", "amount": D(1)} | wrong
            with pytest.raises(Invalid):
                services.add_cost(hand_over_id=made.pk, by=manager, at=NOW, **fields)
        with pytest.raises(services.NotPaid):
            services.end(hand_over_id=made.pk, outcome=HandOverOutcome.PAID, reason="all", by=manager, at=NOW)

    def test_history_stays(self, manager: User, late: Any):
        item = late()
        made = out(manager, item)
        services.add_cost(hand_over_id=made.pk, what="Fee", amount=D(1), by=manager, at=NOW)
        for rows in (HandOverCost.objects.all(), HandOver.objects.all(), HandOverItem.objects.all()):
            with pytest.raises(InternalError), transaction.atomic():
                rows._raw_delete("default")
        with pytest.raises(InternalError), transaction.atomic():
            HandOver.objects.update(amount=1)
        with pytest.raises(IntegrityError, match="hand_over_open_or_ended"), transaction.atomic():
            HandOver.objects.update(outcome="paid")
        second = HandOver.objects.create(
            company=made.company, account=made.account, to="court", route="summary", recipient="x", amount=1,
            currency="EUR", reason="x", handed_on=TODAY, handed_at=NOW, handed_by=manager,
        )  # fmt: skip
        with pytest.raises(IntegrityError, match="one_open_hand_over_per_item"), transaction.atomic():
            HandOverItem.objects.create(hand_over=second, item=item, amount=1)


def test_the_file_holds_statement_history_and_says_what_is_missing(manager: User, late: Any):
    item = late()
    made = out(manager, item)
    record_call(account_id=made.account_id, outcome="not_reached", by=manager, at=NOW)
    row = Work.objects.get(kind="handovers.bundle")
    assert handover_file.make(work=row, **row.payload) == {"made": True, "files": 2, "missing": 1}
    made.refresh_from_db()
    file = handover_file.file_of(made)
    assert file is not None
    with zipfile.ZipFile(BytesIO(default_storage.open(file.path).read())) as archive:
        assert sorted(archive.namelist()) == ["historique.pdf", "relevé de compte.pdf"]
        assert archive.read("historique.pdf").startswith(b"%PDF")
    assert made.missing == [item.document]
    assert handover_file.make(work=row, **row.payload) == {"made": False}


class TestLimitation:
    def test_a_signed_plan_starts_it_anew(self, account: CustomerAccount, manager: User, late: Any):
        item = late("90.00", 400)
        assert limitation_dates([item]) == {item.pk: add_months(item.due_date, 60)}
        plan = payment_plans.make_plan(
            account_id=account.pk, item_ids=[item.pk], signatory="Anne", capacity="manager",
            instalments=[Part(TODAY + timedelta(days=9), D(90))], by=manager, at=NOW,
        )  # fmt: skip
        payment_plans.sign_plan(plan_id=plan.pk, by=manager, at=NOW)
        assert limitation_dates([item]) == {item.pk: add_months(TODAY, 60)}
        assert LimitationInterruption.objects.get().plan == plan

    def test_a_consumer_can_be_claimed_from_for_two_years(
        self, account: CustomerAccount, accountant: User, manager: User, company: Company, late: Any
    ):
        item, other = late("90.00", 400), CustomerAccountFactory(company=company)
        due = add_months(TODAY, -13)
        theirs = make_item(other, "100", by=accountant, issued=due - timedelta(days=30), due=due, at=NOW)
        terms: dict[str, Any] = {"contract_rate": None, "reason": "private", "by": manager, "at": NOW}
        since: dict[str, Any] = {"regime": Regime.CONSUMER, "valid_from": theirs.issue_date}
        waivers.agree_on_terms(account_id=other.pk, **since, **terms)
        told = {item.pk: add_months(item.due_date, 60), theirs.pk: add_months(due, 24)}
        both = list(ReceivableItem.objects.select_related("account").filter(pk__in=told))
        with CaptureQueriesContext(connection) as asked:
            assert limitation_dates(both) == told
        assert len(asked) == 2
        near = handovers.limitations_near(account_ids=[account.pk, other.pk], since=TODAY, on=TODAY)
        assert [(event.account_id, event.key) for event in near] == [(other.pk, f"{theirs.pk}:12")]
        # From a later day on it is a trader.
        later: dict[str, Any] = {"regime": Regime.BCE10, "valid_from": theirs.issue_date + timedelta(days=1)}
        waivers.agree_on_terms(account_id=other.pk, **later, **terms)
        assert limitation_dates([theirs]) == {theirs.pk: add_months(due, 24)}

    def test_a_written_request_and_a_claim(self, accountant: User, manager: User, late: Any):
        item = late("90.00", 400)
        day = TODAY - timedelta(days=30)
        given: dict[str, Any] = {
            "kind": Interruption.ACKNOWLEDGED,
            "words": "Letter",
            "by": accountant,
            "at": NOW,
        }
        for _again in range(2):
            limitations.interrupt(item_ids=[item.pk], on=day, **given)
        assert limitation_dates([item]) == {item.pk: add_months(day, 60)}
        assert LimitationInterruption.objects.count() == 1
        wrongs: list[dict[str, Any]] = [{"item_ids": []}, {"words": " "}, {"on": TODAY + timedelta(days=1)}]
        for wrong in wrongs:
            fields: dict[str, Any] = {"item_ids": [item.pk], "on": day, **given, **wrong}
            with pytest.raises(Invalid):
                limitations.interrupt(**fields)
        made = out(manager, item, route=LegalRoute.INJUNCTION)
        services.note_claim(hand_over_id=made.pk, on=TODAY, reference="IP 26/118", by=manager, at=NOW)
        made.refresh_from_db()
        assert made.reference == "IP 26/118"
        assert limitation_dates([item]) == {item.pk: add_months(TODAY, 60)}
        with pytest.raises(InternalError), transaction.atomic():
            LimitationInterruption.objects.all().delete()

    def test_an_alert_tells_of_the_nearest_step_until_it_is_interrupted(
        self, account: CustomerAccount, accountant: User, manager: User
    ):
        TeamMember.objects.create(account=account, user=manager, role="credit", valid_from=TODAY)
        give_limit(account, "10000", decided_by=manager)
        CustomerAccount.objects.filter(pk=account.pk).update(cap_regime="TRANSPORT30")
        due = add_months(TODAY, -8)
        item = make_item(account, "100", by=accountant, issued=due - timedelta(days=30), due=due, at=NOW)

        def told() -> list[tuple[str, str]]:
            standing.refresh([account.pk], at=NOW)
            alerts.look([account.pk], on=TODAY, at=NOW)
            rows = CreditAlert.objects.filter(account=account, kind="LIMITATION", is_found=True)
            return [(row.key, row.figures["day"]) for row in rows]

        assert told() == [(f"{item.pk}:6", add_months(due, 12).isoformat())]
        limitations.interrupt(
            item_ids=[item.pk],
            kind=Interruption.ACKNOWLEDGED,
            on=TODAY,
            words="Letter",
            by=accountant,
            at=NOW,
        )
        assert told() == []


class TestEdges:
    def test_pages(self, account: CustomerAccount, manager: User, late: Any):
        item = late()
        browser = Client(headers={"accept-language": "en"})
        browser.force_login(manager)
        make = reverse("dunning:make_hand_over", args=[account.code])
        assert "Order to pay (injonction de payer)" in browser.get(make).content.decode()
        body = {"items": [item.pk], "route": "injunction", "recipient": "Me Durand", "reason": "no answer"}
        assert browser.post(make, body | {"recipient": ""}).status_code == 422
        assert browser.post(make, body).status_code == 302
        made = HandOver.objects.get()
        page = reverse("dunning:hand_over", args=[made.pk])
        assert "The file is being made" in browser.get(page).content.decode()
        assert browser.get(reverse("dunning:hand_over_file", args=[made.pk])).status_code == 404
        row = Work.objects.get(kind="handovers.bundle")
        handover_file.make(work=row, **row.payload)
        file = browser.get(reverse("dunning:hand_over_file", args=[made.pk]))
        assert b"".join(file.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
        cost = reverse("dunning:add_cost", args=[made.pk])
        assert browser.post(cost, {"what": "Court fee", "amount": "35,21"}).status_code == 302
        claim = reverse("dunning:note_claim", args=[made.pk])
        assert browser.post(claim, {"reference": "IP 1", "on": f"{TODAY:%d/%m/%Y}"}).status_code == 302
        shown = browser.get(page).content.decode()
        assert "€35.21" in shown
        assert f"{add_months(TODAY, 60):%d/%m/%Y}" in shown
        done = {"outcome": "irrecoverable", "reason": "liquidation"}
        assert browser.post(reverse("dunning:end_hand_over", args=[made.pk]), done).status_code == 302
        assert "Irrecoverable" in browser.get(reverse("dunning:hand_overs")).content.decode()
        interrupt = reverse("dunning:interrupt", args=[account.code])
        noted = {"items": [item.pk], "kind": "acknowledged", "on": f"{TODAY:%d/%m/%Y}", "words": "Letter"}
        assert browser.post(interrupt, noted).status_code == 302
        assert LimitationInterruption.objects.count() == 2

    def test_by_http(self, account: CustomerAccount, manager: User, late: Any):
        item = late()
        api = Client()
        api.force_login(manager)
        body = {"items": [item.pk], "route": "amicable", "recipient": "Recouvra SA", "reason": "no answer"}
        made = api.post("/api/v1/hand-overs/", body, content_type="application/json")
        assert made.status_code == 201
        key = made.json()["id"]
        address = f"/api/v1/hand-overs/{key}/"
        api.post(f"{address}costs/", {"what": "Fee", "amount": "12.50"}, content_type="application/json")
        told = api.get(address).json()
        assert (told["account"], told["to"], told["costs"], told["recovered"], told["has_file"]) == (
            account.code, "agency", "12.50", "0.00", False,
        )  # fmt: skip
        assert told["items"] == [
            {
                "id": item.pk, "document": item.document, "amount": "1000.00",
                "limitation_date": add_months(item.due_date, 60).isoformat(),
            }
        ]  # fmt: skip
        assert api.get(f"{address}file/").status_code == 404
        ended = api.post(
            f"{address}end/", {"outcome": "taken_back", "reason": "x"}, content_type="application/json"
        )
        assert ended.json()["outcome"] == "taken_back"
        noted = api.post(
            "/api/v1/limitation-interruptions/",
            {"items": [item.pk], "kind": "acknowledged", "on": TODAY.isoformat(), "words": "Letter"},
            content_type="application/json",
        )
        assert noted.json()["items"][0]["limitation_date"] == add_months(TODAY, 60).isoformat()

    def test_lists_ask_no_more_for_more_rows(self, company: Company, manager: User, late: Any):
        browser = Client()
        browser.force_login(manager)

        def count(address: str) -> int:
            with CaptureQueriesContext(connection) as captured:
                assert browser.get(address).status_code == 200
            return len(captured)

        out(manager, late())
        pages = (reverse("dunning:hand_overs"), "/api/v1/hand-overs/")
        before = [(count(page), count(page))[1] for page in pages]
        for _more in range(2):
            out(manager, late())
        assert [count(page) for page in pages] == before
        assert hand_over_list(manager, company).count() == 3
