"""No address lets an order count without the credit check: every one that writes is sent, with and without a limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import CustomerAccount
from credit.models import CreditLimit, RiskPolicy
from credit.queries import exposure_of
from dunning.queries import promises
from o2c.shared import work
from o2c.shared.calendar import paris_date

from .addresses import METHODS
from .expected import ACCESS, HOLDERS, NEW_ORDER, Entry
from .test_access import Case, send
from .world import Worlds

# Who tries: sales administration first, since it enters orders and releases the least.
TRIED_BY: Final = ("adv_officer", "integration", "receivables_accountant", "credit_manager", "executive")
# A decision in somebody's own name, by right and amount: that is the way through, and it is kept.
DECISIONS: Final = frozenset({"orders.release", "credit.decide_limit"})
# What makes an order count where the limit suffices. A new address that does stands here, and is checked below.
RAISING: Final = frozenset(
    {
        "orders/new/",
        "orders/<number>/submit/",
        "orders/quotations/<number>/order/",
        "api/v1/orders/",
        "api/v1/orders/bulk/",
        "api/v1/orders/<number>/submit/",
        "api/v1/quotations/<number>/order/",
    }
)

_ORDER: Final = {**NEW_ORDER, "submit": True}
# Orders that are sent to the check at once, where the access table enters drafts. Changes of confirmed orders, and
# orders taken up again, are in tests/orders/test_services.py and test_exposure_edges.py.
BODIES: Final = {
    "orders/new/": {
        "client": "{client}", "currency": "EUR", "term": "NET30", "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0",
        "lines-0-sku": "A1", "lines-0-description": "Goods", "lines-0-quantity": "1", "lines-0-unit_price": "10",
        "lines-0-vat_rate": "20", "submit": "1",
    },
    "api/v1/orders/": _ORDER,
    "api/v1/orders/bulk/": [_ORDER],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_broken_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the instalments that the client of the world has not paid: only its limit is in the way."""
    monkeypatch.setattr(promises, "HOLDS_FOR_DAYS", 0)


def role_for(entry: Entry, method: str) -> str | None:
    """Somebody who may, and decides nothing by it."""
    permission = entry.permission(method)
    if not permission or permission in DECISIONS or permission not in HOLDERS:
        return None
    return next((role for role in TRIED_BY if role in HOLDERS[permission]), None)


def counted(account: CustomerAccount) -> Decimal:
    """What the client's orders take of its limit, once everything asked for is done."""
    work.drain()
    parts = exposure_of(account, on=paris_date(timezone.now())).figures.parts
    return parts["open_orders"] + parts["delivered_not_invoiced"]


def raised_by(
    worlds: Worlds, browsers: dict[str, Client], addresses: Iterable[str], *, limit: int
) -> set[str]:
    """Those of some addresses that make more of the client's orders count, with nothing but the limit in their way."""
    CreditLimit.objects.filter(account=worlds.own.client_id).update(amount=limit)
    RiskPolicy.objects.update(overdue_floor=10**8, overdue_cap=10**8, dispute_pct=Decimal("999.99"))
    account = CustomerAccount.objects.get(pk=worlds.own.client_id)
    before = counted(account)
    found = set()
    for address in sorted(addresses):
        entry = replace(ACCESS[address], body=BODIES.get(address, ACCESS[address].body))
        for method in METHODS:
            role = role_for(entry, method) if method != "get" else None
            if role is None:
                continue
            case = Case(method, role, "own", "")
            answer = send(browsers[role], address, entry, case, worlds.own, lambda: counted(account))
            if answer.seen > before:
                found.add(address)
    return found


@pytest.mark.django_db
def test_what_makes_an_order_count_is_known(worlds: Worlds, browsers: dict[str, Client]):
    assert raised_by(worlds, browsers, ACCESS, limit=1_000_000) == RAISING


@pytest.mark.django_db
def test_nothing_counts_beyond_the_limit(worlds: Worlds, browsers: dict[str, Client]):
    assert raised_by(worlds, browsers, RAISING, limit=0) == set()
