"""What was remitted to the bank and falls due later is not reminded of (domain.md 6.2: direct debit, LCR)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import CustomerAccount, User
from dunning.queries.plan import read_plan
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from tests.factories.invoicing import AT, TODAY, day, make_item, make_payment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["direct_debit", "lcr"])
def test_an_item_whose_money_is_on_its_way(account: CustomerAccount, accountant: User, method: str):
    ensure_scenario(account.company)
    remitted = make_item(account, "900.00", by=accountant, issued=day(-40), due=day(-10))
    other = make_item(account, "400.00", by=accountant, issued=day(-40), due=day(-10))
    paid = make_payment(account, "900.00", by=accountant, received=TODAY + timedelta(days=5), method=method)
    invoicing.allocate(
        from_item_id=paid.items.get().pk, to_item_id=remitted.pk, amount=Decimal(900), by=accountant, at=AT
    )
    (letter,), left_out = read_plan(account.company, as_of=TODAY)
    assert [item.document for item in letter.items] == [other.document]
    assert left_out == []
