"""Payment plans: made, signed, judged by the money, broken, and what they change elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, LegalEntity, User
from credit.models import BuyerCover
from credit.services.checks import check
from dunning.enums import Exclusion
from dunning.models import PaymentPlan, PlanInstalment, PlanItem
from dunning.plan_policy import Part, last_day, spread
from dunning.queries.payment_plans import plan_list
from dunning.queries.plan import read_plan
from dunning.services import payment_plans as services
from dunning.services import plan_judging as judging
from dunning.services import promises
from dunning.services.plan_shared import WITHOUT_EFFECT
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.expected.queries import expected_parts
from invoicing.models import PenaltyWaiver, ReceivableItem
from invoicing.queries import items_on
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, make_credit, make_item
from tests.factories.orders import give_limit
from tests.invoicing.test_races import race, raised

pytestmark = pytest.mark.django_db
D = Decimal
FIRST = date(2026, 11, 27)  # a Friday: kept by money up to the Wednesday after
MISSED = date(2026, 12, 3)
PARTS = spread(D(1000), 3, first=FIRST)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "1000.00", by=accountant)


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company)


def plan(*items: ReceivableItem, by: User, parts: Sequence[Part] = PARTS, **fields: Any) -> PaymentPlan:
    given: dict[str, Any] = {
        "account_id": items[0].account_id, "item_ids": [i.pk for i in items], "instalments": parts, "by": by, "at": AT,
    }  # fmt: skip
    return services.make_plan(**given | fields)


def sign(row: PaymentPlan, by: User, **fields: Any) -> PaymentPlan:
    given: dict[str, Any] = {"signatory": "Anne Blanc", "capacity": "manager", "by": by, "at": AT}
    return services.sign_plan(plan_id=row.pk, **given | fields)


@pytest.fixture
def running(item: ReceivableItem, accountant: User) -> PaymentPlan:
    return sign(plan(item, by=accountant), accountant)


def judged(row: PaymentPlan, on: date) -> PaymentPlan:
    judging.judge_plans(on=on)
    return PaymentPlan.objects.get(pk=row.pk)


def pay(account: CustomerAccount, amount: str, on: date, by: User) -> ReceivableItem:
    return make_credit(
        account, amount, by=by, received=on, at=AT + timedelta(days=(on - TODAY).days, minutes=5)
    )


def write_plan(
    item: ReceivableItem, by: User, parts: Sequence[tuple[int, date, int]], of_item: int, amount: int = 1000
) -> None:
    """A plan past its act, as another program would write it."""
    with transaction.atomic(), connection.cursor() as cursor:
        made = PaymentPlan.objects.create(
            company=item.company, account=item.account, amount=amount, currency="EUR", first_date=FIRST,
            last_date=FIRST, method="transfer", made_by=by, made_at=AT,
        )  # fmt: skip
        for number, day, part in parts:
            PlanInstalment.objects.create(plan=made, number=number, due_date=day, amount=part)
        PlanItem.objects.create(plan=made, item=item, amount=of_item)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def raw_delete(rows: Any) -> None:
    """Past the rules of the models, as a hand in the database would."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {rows.model._meta.db_table}")


def left_out(account: CustomerAccount) -> dict[str, str]:
    ensure_scenario(account.company)
    return {row.document: row.reason for row in read_plan(account.company, as_of=TODAY)[1]}


# --- made and signed -------------------------------------------------------------------------------------------------


def test_all_that_is_open_and_not_contested_is_planned(item: ReceivableItem, accountant: User):
    invoicing.dispute_amount(item_id=item.pk, amount=D(100), on=TODAY, by=accountant, at=AT)
    made = plan(item, by=accountant, parts=spread(D(900), 2, first=FIRST))
    assert (made.amount, made.currency, made.status, made.first_date) == (D(900), "EUR", "DRAFT", FIRST)
    assert [(row.item_id, row.amount) for row in made.plan_items.all()] == [(item.pk, D(900))]
    assert AuditEvent.objects.get(action="plan.made").object_id == made.pk


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"item_ids": []}, Invalid),
        ({"parts": ()}, Invalid),
        ({"parts": PARTS[:2]}, Invalid),
        ({"parts": PARTS[::-1]}, Invalid),
        ({"parts": spread(D(1000), 2, first=TODAY - timedelta(days=1))}, Invalid),
        ({"amount": D("1000.01")}, Invalid),
        ({"amount": D(0)}, Invalid),
        ({"account_id": 0}, Invalid),
    ],
)
def test_what_cannot_be_planned(item: ReceivableItem, accountant: User, fields: Any, refusal: Any):
    with pytest.raises(refusal):
        plan(item, by=accountant, **fields)
    assert not PaymentPlan.objects.exists()


def test_what_is_promised_planned_settled_or_a_credit_is_not_planned(
    account: CustomerAccount, item: ReceivableItem, accountant: User
):
    promised = promises.make_promise(item_ids=[item.pk], promised_date=FIRST, by=accountant, at=AT)
    with pytest.raises(promises.PromiseOpen):
        plan(item, by=accountant)
    promises.cancel_promise(promise_id=promised.pk, reason="a plan instead", by=accountant, at=AT)
    first = plan(item, by=accountant)
    with pytest.raises(services.PlanOpen):
        plan(item, by=accountant)
    with pytest.raises(promises.InPlan):
        promises.make_promise(item_ids=[item.pk], promised_date=FIRST, by=accountant, at=AT)
    services.cancel_plan(plan_id=first.pk, reason="paid at once", by=accountant, at=AT)
    with pytest.raises(services.NothingToPlan):
        plan(make_credit(account, "5.00", by=accountant), by=accountant)
    assert plan(item, by=accountant).status == "DRAFT"


def test_rights(item: ReceivableItem, company: Company, rep: User, accountant: User, director: User):
    with pytest.raises(NotFound):
        plan(item, by=rep)
    with pytest.raises(NotAllowed):
        plan(item, by=make_user("auditor", company))
    adv = make_user("adv_officer", company)
    made = plan(item, by=adv)
    assert sign(made, adv).status == "SIGNED"
    with pytest.raises(NotAllowed) as refused:
        services.approve_plan(plan_id=made.pk, by=adv, at=AT)
    assert refused.value.required_role == "credit_analyst"
    work.drain()
    assert set(Notice.objects.filter(kind="plan.signed").values_list("user", flat=True)) == {
        accountant.pk, director.pk,
    }  # fmt: skip
    begun = services.approve_plan(plan_id=made.pk, by=accountant, at=AT)
    assert (begun.status, begun.approved_by, begun.signed_by) == ("ACTIVE", accountant, adv)
    with pytest.raises(NotAllowed):
        services.break_plan(plan_id=made.pk, reason="no", by=adv, at=AT)


def test_each_state_has_its_acts(running: PaymentPlan, accountant: User, director: User):
    for act in (
        lambda: sign(running, accountant),
        lambda: services.approve_plan(plan_id=running.pk, by=accountant, at=AT),
        lambda: services.cancel_plan(plan_id=running.pk, reason="no", by=accountant, at=AT),
    ):
        with pytest.raises(services.WrongPlanState):
            act()
    with pytest.raises(services.NotLate):
        services.give_notice(plan_id=running.pk, by=director, at=AT)
    with pytest.raises(NotAllowed):
        services.give_notice(plan_id=running.pk, by=accountant, at=AT)
    with pytest.raises(Invalid):
        services.break_plan(plan_id=running.pk, reason=" ", by=accountant, at=AT)
    services.break_plan(plan_id=running.pk, reason="sold its business", by=accountant, at=AT)
    with pytest.raises(services.WrongPlanState):
        services.break_plan(plan_id=running.pk, reason="again", by=accountant, at=AT)


@pytest.mark.parametrize(
    "fields", [{"signatory": " "}, {"capacity": ""}, {"signed_on": TODAY + timedelta(days=1)}]
)
def test_a_signature_names_who_in_what_capacity_and_when(item: ReceivableItem, accountant: User, fields: Any):
    with pytest.raises(Invalid) as refused:
        sign(plan(item, by=accountant), accountant, **fields)
    assert set(refused.value.errors) == set(fields)


def test_beyond_sixty_days_an_insured_client_needs_the_insurer(
    company: Company, accountant: User, account: CustomerAccount
):
    account.entity = LegalEntity.objects.create(siren="812740504", name="Insured", country="FR")
    account.save()
    BuyerCover.objects.create(
        company=company, entity=account.entity, amount=1000, currency="EUR", insured_pct=90, status="ACTIVE",
        effective_on=TODAY, recorded_at=AT,
    )  # fmt: skip
    item = make_item(account, "1000.00", by=accountant)
    made = plan(item, by=accountant)
    with pytest.raises(services.AskInsurer):
        sign(made, accountant)
    services.cancel_plan(plan_id=made.pk, reason="asked", by=accountant, at=AT)
    assert sign(plan(item, by=accountant, insurer_agreed=True), accountant).status == "ACTIVE"


# --- judged by the money ---------------------------------------------------------------------------------------------


def test_instalments_are_paid_by_money_on_account_or_matched(
    account: CustomerAccount, item: ReceivableItem, running: PaymentPlan, accountant: User
):
    paid = pay(account, "333.33", FIRST, accountant)
    found = judged(running, FIRST)
    assert (found.received, found.late_since) == (D("333.33"), None)
    assert list(found.instalments.values_list("paid_on", flat=True)) == [FIRST, None, None]
    later = AT + timedelta(days=5)
    match = invoicing.allocate(
        from_item_id=paid.pk, to_item_id=item.pk, amount=D("333.33"), by=accountant, at=later
    )
    assert judged(running, FIRST).received == D("333.33")
    invoicing.unallocate(allocation_id=match.pk, by=accountant, at=later)
    invoicing.return_payment(
        payment_id=paid.payment_id or 0,
        returned_on=paris_date(later),
        reason="no funds",
        by=accountant,
        at=later,
    )
    again = judged(running, MISSED)
    assert (again.received, again.late_since) == (D(0), MISSED)


def test_the_last_instalment_completes_it_and_the_penalties_are_given_up(
    account: CustomerAccount, item: ReceivableItem, accountant: User, company: Company
):
    credit = make_user("credit_manager", company)
    made = plan(item, by=accountant, waives_interest=True)
    assert sign(made, accountant).status == "SIGNED"  # an accountant gives no penalties up
    services.approve_plan(plan_id=made.pk, by=credit, at=AT)
    pay(account, "1000.00", FIRST, accountant)
    found = judged(made, FIRST)
    assert (found.status, found.ended_on, found.received) == ("COMPLETED", FIRST, D(1000))
    assert not PlanItem.objects.filter(is_open=True).exists()
    work.drain()
    waiver = PenaltyWaiver.objects.get(invoice=item.invoice)
    assert (waiver.interest, waiver.fee, waiver.waived_by) == (True, False, credit)


def test_a_missed_instalment_is_told_once_and_made_up_for(account: CustomerAccount, accountant: User):
    now = timezone.now()
    today = paris_date(now)
    began = now - timedelta(days=10)
    item = make_item(account, "100.00", by=accountant)
    row = plan(item, by=accountant, parts=spread(D(100), 2, first=paris_date(began)), at=began)
    sign(row, accountant, at=began)
    missed = last_day(row.first_date) + timedelta(days=1)
    assert judged(row, missed - timedelta(days=1)).late_since is None
    assert judging.judge_plans(on=missed) == {"judged": 1, "missed": 1, "completed": 0, "broken": 0}
    assert judging.judge_plans(on=today)["missed"] == 0
    work.drain()
    assert Notice.objects.get(kind="plan.late").user == accountant
    make_credit(account, "50.00", by=accountant, received=today, at=now)
    found = judged(row, today)
    first = found.instalments.get(number=1)
    assert (found.late_since, first.paid_on, first.missed_on) == (None, today, missed)
    assert AuditEvent.objects.filter(action="plan.caught_up").count() == 1


def test_eight_days_after_a_notice_without_effect_the_balance_is_due(
    account: CustomerAccount, accountant: User, director: User
):
    ahead = make_item(account, "1000.00", by=accountant, issued=TODAY, due=date(2027, 2, 1))
    running = sign(plan(ahead, by=accountant), accountant)
    judged(running, MISSED)
    at = AT + timedelta(days=(MISSED - TODAY).days)
    services.give_notice(plan_id=running.pk, by=director, at=at)
    services.give_notice(plan_id=running.pk, by=director, at=at + timedelta(days=1))
    assert AuditEvent.objects.filter(action="plan.noticed").count() == 1
    assert judged(running, MISSED + timedelta(days=8)).status == "ACTIVE"
    found = judged(running, MISSED + timedelta(days=9))
    assert (found.status, found.reason, found.noticed_by) == ("BROKEN", WITHOUT_EFFECT, director)
    assert AuditEvent.objects.filter(action="plan.broken").count() == 1


def test_what_was_not_due_is_due_from_the_break_on(
    account: CustomerAccount, accountant: User, director: User
):
    now = timezone.now()
    today = paris_date(now)
    ahead = make_item(
        account, "90.00", by=accountant, issued=today - timedelta(days=40), due=today + timedelta(days=9)
    )
    began = now - timedelta(days=30)
    row = plan(ahead, by=accountant, parts=spread(D(90), 3, first=paris_date(began)), at=began)
    sign(row, accountant, at=began)
    judged(row, today - timedelta(days=20))
    services.give_notice(plan_id=row.pk, by=director, at=now - timedelta(days=20))
    assert judged(row, today).status == "BROKEN"
    work.drain()
    ahead.refresh_from_db()
    assert ahead.due_date == today
    assert ahead.due_date_changes.get().recorded_by == director
    assert judging.after_break(work=None, plan_id=row.pk) == {"accelerated": 0}


def test_judging_ten_asks_as_often_as_judging_one(account: CustomerAccount, accountant: User):
    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            judging.judge_plans(on=TODAY)
        return len(sent)

    sign(plan(make_item(account, "1000.00", by=accountant), by=accountant), accountant)
    few = asked()
    for _ in range(3):
        sign(plan(make_item(account, "1000.00", by=accountant), by=accountant), accountant)
    assert asked() == few


# --- what it changes elsewhere ---------------------------------------------------------------------------------------


def test_its_documents_are_not_reminded_of_while_it_runs(
    account: CustomerAccount, item: ReceivableItem, accountant: User, company: Company
):
    adv = make_user("adv_officer", company)
    made = plan(item, by=adv)
    assert left_out(account) == {}
    sign(made, adv)
    assert left_out(account) == {item.document: Exclusion.PLAN}
    services.approve_plan(plan_id=made.pk, by=accountant, at=AT)
    assert left_out(account) == {item.document: Exclusion.PLAN}
    services.break_plan(plan_id=made.pk, reason="refuses", by=accountant, at=AT)
    assert left_out(account) == {}


def test_the_forecast_follows_the_instalments(account: CustomerAccount, accountant: User):
    old, new = make_item(account, "400.00", by=accountant), make_item(account, "600.00", by=accountant)
    sign(plan(old, new, by=accountant, parts=[Part(FIRST, D(500)), Part(MISSED, D(500))]), accountant)

    def parts() -> list[tuple[int, Decimal, date | None, bool]]:
        rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY, open_only=True)
        found = expected_parts(rows.filter(amount__gt=0).select_related("account").order_by("pk"), on=TODAY)
        return [(row.item_id, row.amount, row.expected.day, row.planned) for row in found]

    assert parts() == [
        (old.pk, D(400), FIRST, True),
        (new.pk, D(100), FIRST, True),
        (new.pk, D(500), MISSED, True),
    ]
    paid = make_credit(account, "450.00", by=accountant)
    for row, amount in ((old, 400), (new, 50)):
        invoicing.allocate(from_item_id=paid.pk, to_item_id=row.pk, amount=D(amount), by=accountant, at=AT)
    assert parts() == [(new.pk, D(50), FIRST, True), (new.pk, D(500), MISSED, True)]


def test_a_missing_instalment_holds_orders_until_it_is_made_up_for(
    account: CustomerAccount, accountant: User
):
    give_limit(account, "100000", decided_by=accountant)
    now = timezone.now()
    today = paris_date(now)
    began = now - timedelta(days=10)
    item = make_item(account, "100.00", by=accountant, due=today + timedelta(days=40))
    row = plan(item, by=accountant, parts=spread(D(100), 2, first=paris_date(began)), at=began)
    sign(row, accountant, at=began)

    def held() -> bool:
        found = check(account=account, amount=D(1), at=now).found
        return "BROKEN_PROMISE" in {str(each.code) for each in found}

    assert not held()
    judged(row, today)
    assert held()
    make_credit(account, "50.00", by=accountant, received=today, at=now)
    judged(row, today)
    assert not held()
    services.break_plan(plan_id=row.pk, reason="no more", by=accountant, at=now)
    assert held()


def test_a_rep_reads_no_plan_on_a_colleagues_sale(running: PaymentPlan, accountant: User, company: Company):
    assert list(plan_list(accountant, company)) == [running]
    assert list(plan_list(make_user("sales", company), company)) == []


# --- the database ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"amount": D(0)}, "plan_amount_positive"),
        ({"received": D(1001)}, "plan_received_within_amount"),
        ({"status": "CANCELLED", "reason": "x"}, "plan_open_or_ended"),
        ({"status": "CANCELLED", "ended_at": AT, "ended_on": TODAY}, "plan_ended_with_a_reason"),
        ({"status": "SIGNED"}, "plan_signed_by_somebody"),
        (
            {"status": "ACTIVE", "signatory": "x", "capacity": "y", "signed_on": TODAY, "signed_by": True},
            "plan_runs_once_approved",
        ),
        ({"noticed_on": TODAY}, "plan_noticed_when_late"),
    ],
)
def test_what_the_database_refuses(item: ReceivableItem, accountant: User, change: dict[str, Any], rule: str):
    row = plan(item, by=accountant)
    fields = {
        each.name: getattr(row, each.name) for each in PaymentPlan._meta.concrete_fields if each.name != "id"
    }
    if change.get("signed_by"):
        change = change | {"signed_by": accountant}
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        PaymentPlan.objects.create(**fields | change)


@pytest.mark.parametrize(
    ("parts", "of_item"),
    [
        ([(1, FIRST, 999)], 1000),
        ([(1, FIRST, 1000)], 999),
        ([], 1000),
        ([(1, MISSED, 500), (2, FIRST, 500)], 1000),
        ([(1, FIRST, 500), (2, FIRST, 500)], 1000),
    ],
)
def test_a_plan_pays_what_it_covers_in_rising_days_whoever_writes(
    account: CustomerAccount, item: ReceivableItem, accountant: User, parts: list[Any], of_item: int
):
    with pytest.raises(IntegrityError, match="plan"):
        write_plan(item, accountant, parts, of_item)


def test_an_item_is_in_one_open_plan_whoever_writes(running: PaymentPlan, item: ReceivableItem):
    with pytest.raises(IntegrityError, match="one_open_plan_per_item"):
        write_plan(item, running.made_by, [(1, FIRST, 1)], 1, amount=1)


@pytest.mark.parametrize("change", [{"amount": 1}, {"status": "DRAFT"}, {"waives_interest": True}])
def test_the_terms_never_change_and_it_goes_forward(running: PaymentPlan, change: dict[str, Any]):
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        PaymentPlan.objects.filter(pk=running.pk).update(**change)


def test_an_ended_plan_is_history(running: PaymentPlan, accountant: User):
    services.break_plan(plan_id=running.pk, reason="refuses", by=accountant, at=AT)
    with pytest.raises(InternalError), transaction.atomic():
        PaymentPlan.objects.filter(pk=running.pk).update(reason="other")
    for rows in (PaymentPlan.objects, PlanInstalment.objects, PlanItem.objects):
        with pytest.raises(InternalError), transaction.atomic():
            raw_delete(rows)
    with pytest.raises(InternalError), transaction.atomic():
        PlanInstalment.objects.update(amount=1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_people_plan_the_same(company: Company):
    books = make_user("receivables_accountant", company)
    row = make_item(CustomerAccountFactory(company=company), "1000.00", by=books)
    found = race([lambda: plan(row, by=books)] * 4)
    assert [issubclass(each, Conflict) for each in raised(found)] == [True] * 3
    assert PlanItem.objects.filter(is_open=True).count() == 1
