"""Synthetic volume: exact counts, the same book from the same seed, sound by every constraint and every proof."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import Company, CustomerAccount, CustomerGroup, LegalEntity, TeamMember
from credit import services as credit
from credit.enums import Verdict
from credit.models import CreditLimit, TemporaryLimit
from credit.queries import exposure_of
from invoicing.models import Allocation, DisputedAmount, ReceivableItem
from o2c.bench.volume import Shape, make_volume, shapes
from o2c.bench.volume.sheets import Sheet, money
from o2c.reports.proofs import differences
from o2c.shared.calendar import paris_date
from orders.models import HoldCase, Order, OrderLine

pytestmark = pytest.mark.volume

ACCOUNTS, ITEMS, ORDERS = 200, 2_000, 300


def made(code: str = "VOLUME", seed: int = 1) -> Company:
    plan = shapes(ACCOUNTS, ITEMS, ORDERS, random=Random(seed))
    return make_volume(plan, code=code, seed=seed, at=timezone.now()).company


def summary(company: Company) -> dict[str, object]:
    """What does not depend on keys."""
    items = ReceivableItem.objects.filter(company=company)
    orders = Order.objects.filter(company=company)
    return {
        "open": Counter(items.exclude(open_amount=0).values_list("account__term", "kind", "open_amount")),
        "orders": Counter(orders.values_list("state", "total_incl_vat", "is_open", "is_started")),
        "due": Counter(items.values_list("due_date", flat=True)),
    }


# --- plan: no database -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "items", "orders"), [(1, 0, 0), (1, 7, 3), (200, 2_000, 300), (5_000, 60_000, 1)]
)
def test_a_plan_shares_out_exactly_what_was_asked_for(accounts, items, orders):
    plan = shapes(accounts, items, orders, random=Random(1))
    assert (len(plan), sum(s.items for s in plan), sum(s.orders for s in plan)) == (accounts, items, orders)


def test_few_clients_hold_much_of_the_book_and_none_of_it_too_much():
    counts = sorted((s.items for s in shapes(10_000, 100_000, 0, random=Random(1))), reverse=True)
    assert counts[0] == 1_000
    assert sum(counts[:1_000]) > 0.6 * 100_000
    assert counts[5_000] < 5


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-12345, "-123.45")])
def test_amounts_are_written_to_the_cent(cents, text):
    assert money(cents) == text


# --- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_book_is_as_large_as_asked_and_every_proof_holds():
    company = made()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    items = ReceivableItem.objects.filter(company=company)
    assert CustomerAccount.objects.filter(company=company).count() == ACCOUNTS
    assert items.exclude(open_amount=0).count() == ITEMS
    held = Order.objects.filter(company=company, cases__closed_at=None, cases__isnull=False)
    assert Order.objects.filter(company=company).count() == ORDERS + held.count()
    assert not held.filter(last_decision=None).exists()
    assert list(differences(today=paris_date(timezone.now()))) == []


@pytest.mark.django_db
def test_the_book_has_something_of_everything():
    company = made()
    today = paris_date(timezone.now())
    items = ReceivableItem.objects.filter(company=company)
    open_items = items.exclude(open_amount=0)
    late = open_items.filter(due_date__lt=today, amount__gt=0).count()
    found = {
        "credit notes": items.filter(kind="CREDIT_NOTE", open_amount__lt=0),
        "payments on account": items.filter(kind="PAYMENT", open_amount__lt=0),
        "payments announced": items.filter(kind="PAYMENT", effective_date__gt=today),
        "partly paid": items.filter(open_amount__gt=0, allocations_received__isnull=False),
        "paid": items.filter(kind="INVOICE", open_amount=0),
        "instalments": items.filter(instalment=2),
        "contested": DisputedAmount.objects.filter(item__company=company),
        "foreign": open_items.exclude(currency="EUR"),
        "shared entities": LegalEntity.objects.annotate(n=Count("accounts")).filter(n__gt=1),
        "groups": CustomerGroup.objects.filter(entities__accounts__company=company),
        "limits": CreditLimit.objects.filter(level=3, valid_until__gte=today),
        "limits of entities": CreditLimit.objects.filter(level=2),
        "limits of groups": CreditLimit.objects.filter(level=1),
        "expired": CreditLimit.objects.filter(valid_until__lt=today),
        "undecided": CustomerAccount.objects.filter(company=company, creditlimits=None),
        "raised": TemporaryLimit.objects.all(),
        "drafts": Order.objects.filter(company=company, state="DRAFT"),
        "open orders": Order.objects.filter(company=company, is_open=True, is_started=False),
        "started orders": Order.objects.filter(company=company, is_open=True, is_started=True),
        "invoiced lines": OrderLine.objects.filter(order__company=company, invoiced__gt=0),
        "held": HoldCase.objects.filter(order__company=company, closed_at=None),
        "matches": Allocation.objects.filter(debit__company=company),
    }
    assert [name for name, rows in found.items() if not rows.exists()] == []
    assert 0.01 < late / ITEMS < 0.15
    assert (
        TeamMember.objects.filter(account__company=company, role="sales_rep")
        .values("user")
        .distinct()
        .count()
        > 1
    )


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_book_and_another_another():
    first, second, other = made("ONE"), made("TWO"), made("THREE", seed=2)
    assert summary(first) == summary(second)
    assert summary(first) != summary(other)


@pytest.mark.django_db
def test_a_second_run_adds_to_what_is_there():
    company = made()
    before = ReceivableItem.objects.aggregate(total=Sum("open_amount"))["total"]
    assert made().pk == company.pk
    assert CustomerAccount.objects.filter(company=company).count() == 2 * ACCOUNTS
    assert ReceivableItem.objects.aggregate(total=Sum("open_amount"))["total"] == 2 * before


@pytest.mark.django_db
def test_a_calm_client_has_exactly_its_shape_and_is_accepted():
    volume = make_volume([Shape(100, 10, calm=True)], at=timezone.now())
    account = CustomerAccount.objects.select_related("company", "entity__group").get(pk=volume.accounts[0])
    view = exposure_of(account, on=paris_date(timezone.now()))
    assert ReceivableItem.objects.filter(account=account).count() == 100
    assert Order.objects.filter(account=account, is_open=True).count() == 10
    assert view.figures.overdue == view.figures.disputed == Decimal(0)
    result = credit.check(account=account, amount=Decimal("100.00"), at=timezone.now())
    assert result.verdict == Verdict.ACCEPT


@pytest.mark.django_db
def test_orders_are_held_for_the_reasons_a_check_gives():
    company = made()
    cases = HoldCase.objects.filter(order__company=company).select_related("order__account__company")
    assert cases
    for case in cases:
        order = case.order
        result = credit.check(
            account=order.account, amount=order.total_incl_vat, at=timezone.now(), currency=order.currency,
            order=credit.OrderInCheck(order_id=order.pk, order_date=order.order_date),
        )  # fmt: skip
        assert {hold.reason for hold in case.holds.all()} == {found.code.value for found in result.holding}
        assert "OVER_LIMIT" in {hold.reason for hold in case.holds.all()}
        assert case.over_limit_by == result.over_limit_by


@pytest.mark.django_db
def test_a_column_without_default_must_be_given():
    with pytest.raises(ValueError, match="has no default"):
        Sheet(Order, "number")


@pytest.mark.django_db
def test_the_command_says_what_it_made_and_in_which_time(capsys):
    call_command("make_volume", accounts=20, items=100, seed=3, company="OTHER")
    shown = capsys.readouterr().out
    assert "company OTHER: 20 accounts, 100 open items" in shown
    assert "ReceivableItem" in shown
    assert Order.objects.filter(company__code="OTHER").count() >= 10


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"accounts": 0}, {"items": -1}, {"orders": -1}, {"company": "no good"}])
def test_the_command_refuses_what_cannot_be(wrong):
    with pytest.raises(CommandError):
        call_command("make_volume", **({"accounts": 1, "items": 1} | wrong))
