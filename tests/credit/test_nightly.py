"""The nightly run and the figures of lists: equal to the live ones, written only when they changed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, ExchangeRate
from credit import nightly, standing
from credit.models import CreditStanding, ExposureSnapshot, NightlyRun
from credit.queries import exposure_of
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Work
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


def standing_of(account: CustomerAccount) -> CreditStanding:
    return CreditStanding.objects.get(level=3, target_id=account.pk)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


def test_the_run_stores_what_the_live_statement_says(company: Company) -> None:
    today = paris_date(timezone.now())
    group = CustomerGroupFactory()
    entity = LegalEntityFactory(group=group)
    accounts = [CustomerAccountFactory(company=company, entity=entity) for _ in range(2)]
    accounts.append(CustomerAccountFactory(company=company))
    give_limit(accounts[0], "10000")
    give_limit(accounts[0], "12000", at_entity=True)
    give_limit(accounts[0], None, at_group=True)
    for number, account in enumerate(accounts):
        open_item(account, Decimal(1000 + number), due=today - timedelta(days=3))
        open_item(account, "-200")
        submitted(account, "300", by=make_user("adv_officer", company))
    run = nightly.begin(at=timezone.now())
    work.drain()
    run.refresh_from_db()
    assert (run.accounts, run.differences) == (3, [])
    assert run.finished_at is not None
    for account in accounts:
        view, row = exposure_of(account, on=today), standing_of(account)
        assert (row.gross_exposure, row.net_exposure, row.available) == (view.gross, view.net, view.available)
        assert (row.overdue, row.on_hold_orders) == (view.figures.overdue, view.figures.on_hold)
        assert row.parts == [amount for _code, amount in view.figures.exposure().items()]
    levels = {int(level.level): level for level in exposure_of(accounts[0], on=today).levels}
    stored = CreditStanding.objects.get(level=2, target_id=entity.pk)
    assert (stored.net_exposure, stored.available) == (levels[2].net_exposure, levels[2].available)


def test_a_second_run_writes_nothing(company: Company) -> None:
    open_item(CustomerAccountFactory(company=company), "100")
    for _ in range(2):
        nightly.begin(at=timezone.now())
        work.drain()
    first, second = NightlyRun.objects.order_by("pk")
    assert (first.changed, second.changed) == (1, 0)
    assert ExposureSnapshot.objects.filter(level=3).count() == 1


def test_a_drifted_figure_is_found_and_counted(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    open_item(account, "100")
    standing.refresh([account.pk], at=timezone.now())
    CreditStanding.objects.update(net_exposure=999)
    assert standing.refresh([account.pk], at=timezone.now()).changed == 1
    assert standing_of(account).net_exposure == Decimal("100.00")


def test_foreign_items_are_converted_at_the_rate_of_the_day(company: Company) -> None:
    today = paris_date(timezone.now())
    ExchangeRate.objects.create(currency="USD", day=today - timedelta(days=2), units_per_eur=Decimal("1.25"))
    account = CustomerAccountFactory(company=company, currency="USD")
    open_item(account, "100")
    standing.refresh([account.pk], at=timezone.now())
    assert standing_of(account).net_exposure == Decimal("80.00")
    assert exposure_of(account, on=today).net == Decimal("80.00")


def test_a_stale_rate_holds_the_order_and_is_never_guessed(company: Company) -> None:
    today = paris_date(timezone.now())
    ExchangeRate.objects.create(currency="USD", day=today - timedelta(days=8), units_per_eur=Decimal("1.25"))
    account = CustomerAccountFactory(company=company, currency="USD")
    give_limit(account, "1000")
    order = submitted(account, "100", by=make_user("adv_officer", company))
    assert order.last_decision is not None
    assert {f["code"] for f in order.last_decision.figures["check"]["findings"]} == {"RATE_MISSING"}


def test_the_run_holds_a_confirmed_order_that_no_longer_passes(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    order = submitted(account, "5000", by=make_user("adv_officer", company))
    open_item(account, "4000", due=paris_date(timezone.now()) - timedelta(days=40))
    nightly.begin(at=timezone.now())
    work.drain()
    assert shown_status(Order.objects.get(pk=order.pk)) == "on_hold"


def test_the_snapshot_follows_the_acts_of_a_day(company: Company) -> None:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    for total in ("1000", "2000"):
        submitted(account, total, by=make_user("adv_officer", company))
        work.drain()
    assert ExposureSnapshot.objects.get(level=3, target_id=account.pk).net_exposure == Decimal("3000.00")
    assert not Work.objects.filter(state="queued").exists()


def test_what_the_night_confirms_is_in_the_figures_of_every_level(company: Company) -> None:
    adv, group = make_user("adv_manager", company), CustomerGroupFactory()
    one, other = (
        CustomerAccountFactory(company=company, entity=LegalEntityFactory(group=group)) for _ in range(2)
    )
    blocking = give_limit(other, "500", at_group=True, decided_by=adv)
    held = submitted(one, "600", by=adv)
    work.drain()
    assert shown_status(held) == "on_hold"
    type(blocking).objects.filter(pk=blocking.pk).update(amount=Decimal(5000))
    nightly.begin(at=timezone.now())
    work.drain()
    assert shown_status(Order.objects.get(pk=held.pk)) == "confirmed"
    assert standing_of(one).net_exposure == Decimal(600)
    for level, key in ((2, one.entity_id), (1, group.pk)):
        assert CreditStanding.objects.get(level=level, target_id=key).net_exposure == Decimal(600)
