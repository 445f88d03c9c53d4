"""What waits at the desk is what the list of payments says is left of: told from the few items that are open."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Company, CustomerAccount, User
from invoicing import lists, services
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_item, make_payment

pytestmark = pytest.mark.django_db


def keys(user: User, company: Company | None) -> list[int]:
    every: Any = lists.payment_list(user, company)
    listed = every.filter(unallocated__gt=0).order_by("received_on", "pk")
    waiting = list(lists.waiting_payments(user, company).values_list("pk", flat=True))
    assert waiting == list(listed.values_list("pk", flat=True))
    return waiting


def test_both_tell_the_same(company: Company, account: CustomerAccount, accountant: User, rep: User) -> None:
    whole = make_payment(account, "100", received=day(-1), by=accountant)
    part = make_payment(account, "100", received=day(-2), by=accountant)
    settled = make_payment(account, "70", by=accountant)
    returned = make_payment(account, "50", received=day(-3), by=accountant)
    services.return_payment(payment_id=returned.pk, returned_on=day(0), reason="AM04", by=accountant, at=AT)
    item = make_item(account, "100", by=accountant)
    services.allocate_payment(payment_id=settled.pk, items=[(item.pk, Decimal(70))], by=accountant, at=AT)
    services.allocate_payment(payment_id=part.pk, items=[(item.pk, Decimal(30))], by=accountant, at=AT)
    nobodys = make_payment(None, "20", received=day(-4), company=company, by=accountant)
    gone = make_payment(None, "20", company=company, by=accountant)
    services.return_payment(payment_id=gone.pk, returned_on=day(0), reason="AM04", by=accountant, at=AT)
    assert keys(accountant, company) == [nobodys.pk, part.pk, whole.pk]
    assert keys(accountant, None) == [nobodys.pk, part.pk, whole.pk]
    elsewhere = CustomerAccountFactory(company=CompanyFactory(code="ELSE"))
    make_payment(elsewhere, "100", by=make_user("receivables_accountant", elsewhere.company))
    assert keys(accountant, company) == [nobodys.pk, part.pk, whole.pk]
