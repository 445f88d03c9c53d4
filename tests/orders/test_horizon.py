"""The order horizon: what counts on a day, what a far order is checked against, what happens when it comes near."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, CustomerAccount, CustomerGroup, User
from credit import history, standing
from credit.exposure import Cuts, read
from credit.horizon import horizon_days, horizon_on
from credit.horizon_models import OrderHorizon
from credit.horizon_policy import counted_until, enters_on, is_beyond
from credit.models import CreditDecision, CreditStanding
from credit.proof import proof_of
from credit.queries import exposure_of
from credit.services import check, look_ahead
from credit.services.horizon import set_horizon
from credit.services.switches import SwitchUnchanged
from invoicing import services as invoicing
from o2c.reports.exposure import exposure_report
from o2c.reports.proofs import nightly_differences, standing_differences
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders import services as orders
from orders.enums import Occasion
from orders.models import Order, ReexaminedOrder
from orders.services.horizon import enter_horizon, follow_horizons
from orders.services.refusals import HeldAgain
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import draft, give_limit, submitted
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)
DAYS = 30


def day(n: int) -> date:
    return TODAY + timedelta(days=n)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Alpha")
    give_limit(account, "10000")
    return account


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


def horizon(company: Company, by: User, days: int = DAYS, since: date = TODAY) -> OrderHorizon:
    OrderHorizon.objects.filter(company=company, effective_to=None).update(effective_to=since)
    return OrderHorizon.objects.create(
        company=company, days=days, effective_from=since, reason="Call-offs", set_by=by, set_at=NOW
    )


def ordered(account: CustomerAccount, amount: str, by: User, in_days: int | None, **fields: Any) -> Order:
    delivery = None if in_days is None else day(in_days)
    return submitted(account, amount, by=by, requested_delivery=delivery, **fields)


def figures(account: CustomerAccount) -> dict[str, Decimal]:
    view = exposure_of(account, on=TODAY)
    shown = {code: amount for code, amount in view.figures.exposure().items() if amount}
    return shown | view.figures.left_out


def is_held(order: Order) -> bool:
    return order.cases.filter(closed_at=None).exists()


def new_day() -> dict[str, int]:
    found = follow_horizons(TODAY)
    for row in work.Work.objects.filter(kind="orders.enter_horizon", state="queued").order_by("pk"):
        enter_horizon(work=None, **row.payload)
        row.delete()
    return found


def pass_days(account: CustomerAccount, n: int) -> None:
    """As if so many days had passed: deliveries come nearer."""
    account.orders.update(requested_delivery=F("requested_delivery") - timedelta(days=n))


def agree(account: CustomerAccount, reader: User) -> None:
    """Every reading says to the cent what the live statement of a check says."""
    view = exposure_of(account, on=TODAY)
    live = tuple(amount for _code, amount in view.figures.exposure().items())
    book = read([account.pk], currency="EUR", cuts=Cuts.on(TODAY)).of(account.pk)
    assert (tuple(book.parts.values()), book.left_out) == (live, view.figures.left_out)
    standing.refresh([account.pk], at=NOW)
    standing.refresh_levels([account.entity_id], at=NOW)
    stored = CreditStanding.objects.get(level=3, target_id=account.pk)
    assert (tuple(stored.parts), stored.net_exposure) == (live, view.net)
    assert history.view_by(account, on=TODAY).net == view.net
    found = exposure_report(user=reader, company=account.company, as_of=TODAY, at=NOW)
    (row,) = [row for row in found.rows if row.account_id == account.pk]
    assert (row.parts, row.net_exposure) == (live, view.net)
    assert (found.left_out, found.difference) == (view.figures.left_out, D(0))
    assert list(standing_differences(today=TODAY)) == []
    assert nightly_differences(day=TODAY) == []


days = st.dates(min_value=date(2020, 1, 1), max_value=date(2030, 1, 1))


@given(delivery=days, on=days, horizon_of=st.integers(0, 400))
def test_an_order_is_beyond_until_the_day_it_enters(delivery: date, on: date, horizon_of: int) -> None:
    assert is_beyond(delivery, on=on, days=horizon_of) == (on < enters_on(delivery, horizon_of))
    assert not is_beyond(None, on=on, days=horizon_of)
    assert not is_beyond(delivery, on=on, days=None)
    assert counted_until(delivery, on=on) == max(delivery, on)
    assert counted_until(None, on=on) == on


def test_what_is_delivered_later_is_told_apart(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    ordered(account, "100", adv, None)
    ordered(account, "200", adv, DAYS)
    ordered(account, "400", adv, DAYS + 1)
    assert figures(account) == {"open_orders": D(700)}
    horizon(company, director)
    assert figures(account) == {"open_orders": D(300), "beyond_horizon": D(400)}
    agree(account, director)
    OrderHorizon.objects.update(days=0)
    assert figures(account) == {"open_orders": D(100), "beyond_horizon": D(600)}
    OrderHorizon.objects.update(effective_to=TODAY)
    assert figures(account) == {"open_orders": D(700)}


def test_what_is_delivered_counts_and_only_the_rest_is_beyond(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    order = ordered(account, "1200", adv, DAYS + 1)
    orders.deliver(order_id=order.pk, lines=[(order.lines.get().line, D("0.5"))], by=adv, at=NOW)
    assert figures(account) == {"delivered_not_invoiced": D(600), "beyond_horizon": D(600)}
    agree(account, director)


def test_a_deposit_relieves_only_what_counts(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    order = ordered(account, "3000", adv, DAYS + 1)
    invoicing.record_payment(
        company=company,
        account=account,
        external_id="DEP-1",
        received_on=TODAY,
        amount=D(1000),
        currency="EUR",
        method="transfer",
        order=order,
        by=make_user("receivables_accountant", company, "acc"),
        at=NOW,
    )
    assert figures(account) == {"open_orders": D(3000), "deposits_held": D(-1000)}
    horizon(company, director)
    assert figures(account) == {"unallocated_payments": D(-1000), "beyond_horizon": D(3000)}
    agree(account, director)


def test_a_far_order_is_checked_against_everything_up_to_its_own_day(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    ordered(account, "6000", adv, 90)
    assert not is_held(ordered(account, "6000", adv, 10)), "a near one is not hurt by a far one"
    asked: dict[str, Any] = {"account": account, "amount": D(5000), "at": NOW}
    assert check(**asked, delivery_date=day(89)).over_limit_by == D(1000)
    assert check(**asked, delivery_date=day(90)).over_limit_by == D(7000)
    assert check(**asked).over_limit_by == D(1000), "without a day it may leave at once"
    assert is_held(ordered(account, "5000", adv, 90))
    assert is_held(ordered(account, "10001", adv, 400)), "the order itself is always tested in full"


def test_an_order_that_enters_is_checked_once_and_held(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    far = ordered(account, "6000", adv, DAYS + 1, number="FAR")
    near = ordered(account, "6000", adv, 5, number="NEAR")
    assert (Order.objects.get(pk=far.pk).is_beyond_horizon, near.is_beyond_horizon) == (True, False)
    assert new_day() == {"beyond_horizon": 0, "entered_horizon": 0}
    pass_days(account, 1)
    assert new_day() == {"beyond_horizon": 0, "entered_horizon": 1}
    assert (is_held(far), is_held(near)) == (True, False)
    decision = Order.objects.get(pk=far.pk).last_decision
    assert decision is not None
    assert decision.occasion == Occasion.HORIZON
    assert AuditEvent.objects.filter(action="order.entered_horizon").count() == 1
    assert "Its delivery came within the horizon of orders" in text_of(browse(director).get("/orders/FAR/"))
    kept = CreditDecision.objects.count()
    assert new_day() == {"beyond_horizon": 0, "entered_horizon": 0}
    assert CreditDecision.objects.count() == kept
    orders.recheck_account(work=None, account_id=account.pk)
    assert (is_held(far), is_held(near)) == (True, False), (
        "it came after what was confirmed before it entered"
    )
    agree(account, director)


def test_a_missed_night_is_made_up_for(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    far = ordered(account, "6000", adv, 90)
    ordered(account, "6000", adv, 5)
    pass_days(account, 70)
    assert new_day()["entered_horizon"] == 1
    assert is_held(far)


def test_of_those_that_enter_together_the_later_delivery_waits(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    last = ordered(account, "6000", adv, 41)
    first = ordered(account, "6000", adv, 40)
    assert (is_held(first), is_held(last)) == (False, False), "neither counts yet"
    pass_days(account, 20)
    assert new_day()["entered_horizon"] == 2
    assert (is_held(first), is_held(last)) == (False, True)


def test_between_midnight_and_the_check_a_near_order_keeps_its_place(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    ordered(account, "6000", adv, DAYS + 1)
    near = ordered(account, "6000", adv, 5)
    pass_days(account, 1)
    orders.deliver(order_id=near.pk, by=adv, at=timezone.now())
    assert not is_held(near)


def test_no_horizon_any_more_lets_every_order_enter(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    far = ordered(account, "6000", adv, 90)
    fits = ordered(account, "1000", adv, 200)
    ordered(account, "6000", adv, 5)
    horizon(company, director, days=60)
    assert new_day() == {"beyond_horizon": 0, "entered_horizon": 0}
    horizon(company, director, days=120)
    assert new_day()["entered_horizon"] == 1
    assert is_held(far)
    OrderHorizon.objects.update(effective_to=TODAY)
    assert new_day()["entered_horizon"] == 1
    assert is_held(fits), "it counts now, beside what is more than the limit already"


def test_a_shorter_horizon_lets_held_orders_be_looked_at(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    far = ordered(account, "6000", adv, 90)
    waiting = ordered(account, "6000", adv, 5)
    assert is_held(waiting)
    horizon(company, director)
    assert new_day() == {"beyond_horizon": 1, "entered_horizon": 0}
    assert Order.objects.get(pk=far.pk).is_beyond_horizon
    work.drain()
    assert not is_held(waiting)
    assert ReexaminedOrder.objects.get(order=waiting).result == "released"
    pass_days(account, 60)
    assert new_day()["entered_horizon"] == 1
    assert (is_held(far), is_held(waiting)) == (True, False)


def test_moving_the_delivery_nearer_is_checked(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    order = ordered(account, "6000", adv, 5)
    orders.change_order(order_id=order.pk, requested_delivery=day(90), by=adv, at=timezone.now())
    assert Order.objects.get(pk=order.pk).is_beyond_horizon
    assert not is_held(ordered(account, "6000", adv, 5))
    orders.change_order(order_id=order.pk, requested_delivery=day(5), by=adv, at=timezone.now())
    assert is_held(order), "there and back is no way round"
    assert not Order.objects.get(pk=order.pk).is_beyond_horizon


def test_a_far_order_taken_up_again_is_beyond_at_once(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    order = ordered(account, "1200", adv, 90)
    orders.deliver(order_id=order.pk, lines=[(order.lines.get().line, D("0.5"))], by=adv, at=NOW)
    orders.close(order_id=order.pk, reason="no more", by=adv, at=timezone.now())
    horizon(company, director)
    orders.reopen(order_id=order.pk, by=adv, at=timezone.now())
    assert Order.objects.get(pk=order.pk).is_beyond_horizon
    assert figures(account) == {"delivered_not_invoiced": D(600), "beyond_horizon": D(600)}


def test_goods_of_a_far_order_leave_only_where_they_fit(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    far = ordered(account, "6000", adv, 90)
    ordered(account, "6000", adv, 5)
    with pytest.raises(HeldAgain):
        orders.deliver(order_id=far.pk, by=adv, at=timezone.now())
    assert is_held(far)


def test_each_company_of_a_group_counts_by_its_own(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    other = CompanyFactory(code="FAR")
    entity = account.entity
    entity.group = CustomerGroup.objects.create(code="G", name="Group")
    entity.save()
    relative = CustomerAccountFactory(company=other, entity=entity)
    give_limit(relative, "10000")
    seller = make_user("adv_officer", other, "faradv")
    horizon(company, director)
    horizon(other, make_user("finance_director", other, "farfinance"), days=100)
    ordered(account, "1000", adv, 90)
    ordered(relative, "300", seller, 90)
    view = exposure_of(account, on=TODAY)
    assert [level.net_exposure for level in view.levels] == [D(0), D(300), D(300)]
    view = exposure_of(account, on=TODAY, counted_until=day(90))
    assert [level.net_exposure for level in view.levels] == [D(1000), D(1300), D(1300)]
    for each, reader in ((account, director), (relative, seller)):
        del reader
        standing.refresh([each.pk], at=NOW)
    standing.refresh_levels([entity.pk], at=NOW)
    assert CreditStanding.objects.get(level=1).net_exposure == D(300)
    assert list(standing_differences(today=TODAY)) == []


def test_the_proof_of_a_decision_names_what_is_beyond(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    ordered(account, "1000", adv, 90, number="LATER")
    ordered(account, "2000", adv, 60, number="SOONER")
    order = ordered(account, "9000", adv, 60, number="HELD")
    orders.release(order_id=order.pk, comment="known", by=director, at=timezone.now())
    decision = CreditDecision.objects.get(releases__order=order)
    proof = proof_of(decision, director)
    assert proof is not None
    assert proof.ties
    shown = {part.code: [row.document for row in part.documents] for part in proof.parts}
    assert shown == {"open_orders": ["SOONER"], "beyond_horizon": ["LATER"]}


def test_what_must_never_be(company: Company, account: CustomerAccount, director: User, adv: User) -> None:
    horizon(company, director)
    row: dict[str, Any] = {
        "company": company,
        "effective_from": TODAY,
        "reason": "Why",
        "set_by": director,
        "set_at": NOW,
    }
    wrong: dict[str, dict[str, Any]] = {
        "one_order_horizon_in_force": {"days": 5},
        "order_horizon_of_so_many_days": {"days": 1826, "effective_to": TODAY},
        "order_horizon_ends_after_it_starts": {"days": 5, "effective_to": day(-1)},
        "order_horizon_has_a_reason": {"days": 5, "effective_to": TODAY, "reason": ""},
    }
    for name, fields in wrong.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            OrderHorizon.objects.create(**row | fields)
    with pytest.raises(IntegrityError, match="order_horizon_in_force_is_not_ended"), transaction.atomic():
        OrderHorizon.objects.update(end_reason="ended")
    order = draft(account, "10", by=adv)
    with pytest.raises(IntegrityError, match="only_an_order_with_a_day_lies_beyond"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(is_beyond_horizon=True)
    order = submitted(account, "10", by=adv)
    with pytest.raises(IntegrityError, match="order_enters_after_it_is_confirmed"):
        Order.objects.filter(pk=order.pk).update(entered_horizon_at=NOW - timedelta(days=1))


def test_setting_it_takes_effect_tomorrow_and_keeps_its_history(company: Company, director: User) -> None:
    asked: dict[str, Any] = {"company_id": company.pk, "by": director, "at": NOW}
    row = set_horizon(days=60, reason="Call-offs", **asked)
    assert row is not None
    assert (row.days, row.effective_from, horizon_days(company.pk, TODAY)) == (60, day(1), None)
    with pytest.raises(SwitchUnchanged):
        set_horizon(days=60, reason="Again", **asked)
    event = AuditEvent.objects.get(action="exposure.horizon_set")
    assert event.after is not None
    assert event.after["days"] == 60
    second = set_horizon(days=0, reason="Only at once", **asked)
    row.refresh_from_db()
    assert row.effective_to == row.effective_from, "it never took effect"
    assert (row.ended_by, row.end_reason) == (director, "Only at once")
    assert horizon_on(company.pk, day(1)) == second
    assert set_horizon(days=None, reason="All again", **asked) is None
    assert horizon_days(company.pk, day(1)) is None
    with pytest.raises(SwitchUnchanged):
        set_horizon(days=None, reason="Again", **asked)
    with pytest.raises(Invalid) as refused:
        set_horizon(days=1826, reason=" ", **asked)
    assert set(refused.value.errors) == {"days", "reason"}
    for role in ("credit_manager", "administrator"):
        with pytest.raises(NotAllowed):
            set_horizon(**asked | {"by": make_user(role, company)}, days=5, reason="Why")


def test_the_page_says_which_orders_count(company: Company, director: User) -> None:
    address = "/credit/exposure-rules/"
    rep = make_user("sales", company, "rep")
    assert "Every confirmed order counts" in text_of(browse(rep).get(address))
    data = {"horizon": "1", "horizon-days": "60", "horizon-reason": "Call-off orders"}
    assert browse(rep).post(address, data).status_code == 403
    assert browse(director).post(address, data | {"horizon-reason": ""}).status_code == 422
    assert browse(director).post(address, data | {"horizon-days": "2000"}).status_code == 422
    assert browse(director).post(address, data).status_code == 302
    assert "within 60 days from tomorrow on" in text_of(browse(rep).get(address))
    OrderHorizon.objects.update(effective_from=TODAY)
    page = text_of(browse(rep).get(address))
    assert "Orders to be delivered within 60 days count" in page
    assert "Call-off orders" in page
    assert browse(director).post(address, data | {"horizon-days": ""}).status_code == 302
    assert "all of them from tomorrow on" in text_of(browse(rep).get(address))


def test_the_client_is_told_what_does_not_count_yet(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    ordered(account, "1000", adv, 90)
    page = text_of(browse(director).get(f"/clients/{account.code}/"))
    assert "Orders beyond the horizon, not counted: €1,000.00" in page
    panel = text_of(browse(director).get(f"/orders/of-client/{account.pk}/"))
    assert "beyond the horizon, not counted yet" in panel


def test_the_curve_rises_when_an_order_enters(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    horizon(company, director)
    ordered(account, "6000", adv, 60)
    asked: dict[str, Any] = {"account": account, "amount": D(9000), "at": NOW}
    result = check(**asked, delivery_date=day(5))
    outlook = look_ahead(result, reader=director, term="NET30", delivered_on=day(5))
    points = {point.day: point.exposure for point in outlook.untouched.binding.points}
    assert (points[TODAY], points[day(29)], points[day(30)]) == (D(9000), D(9000), D(15000))
    assert outlook.untouched.binding.peak_exposure == D(15000)
    assert outlook.untouched.within_limit_from is not None
    assert outlook.untouched.within_limit_from > day(30)
    result = check(**asked, delivery_date=day(60))
    outlook = look_ahead(result, reader=director, term="NET30", delivered_on=day(60))
    points = {point.day: point.exposure for point in outlook.untouched.binding.points}
    assert (points[TODAY], points[day(30)]) == (D(15000), D(15000)), (
        "it counts from the start for a later one"
    )


def test_the_history_costs_no_more_with_more_rows(company: Company, director: User) -> None:
    reader = browse(director)
    reader.get("/credit/exposure-rules/")

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert reader.get("/credit/exposure-rules/").status_code == 200
        return len(asked)

    horizon(company, director)
    first = cost()
    horizon(company, director, days=60)
    horizon(company, director, days=90)
    assert cost() == first


def test_a_check_asks_no_more_where_a_horizon_is_set(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    ordered(account, "100", adv, 90)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            check(account=account, amount=D(10), at=NOW, delivery_date=day(5))
        return len(asked)

    cost()
    before = cost()
    horizon(company, director)
    assert cost() == before
