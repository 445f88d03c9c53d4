"""Contested amounts as dated rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.policy import DatedAhead, OverDisputed
from invoicing.services.disputed import DisputeEnded
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item

pytestmark = pytest.mark.django_db


def dispute(item, amount: str, by: User, on=TODAY):
    return services.dispute_amount(item_id=item.pk, amount=Decimal(amount), on=on, by=by, at=AT)


def test_more_than_is_open_is_refused(account: CustomerAccount, accountant: User):
    item = make_item(account, by=accountant)
    dispute(item, "70", accountant)

    for amount in ("30.01", "0", "-1"):
        with pytest.raises(OverDisputed):
            dispute(item, amount, accountant)
    with pytest.raises(OverDisputed):
        dispute(make_credit(account, by=accountant), "1", accountant)


def test_days_to_come_rights_and_sight(account: CustomerAccount, accountant: User, rep: User):
    item = make_item(account, by=accountant)
    with pytest.raises(DatedAhead):
        dispute(item, "10", accountant, on=day(1))
    with pytest.raises(NotFound):
        dispute(item, "10", rep)
    with pytest.raises(NotAllowed):
        dispute(item, "10", make_user("credit_manager", account.company))


def test_a_dispute_begins_ends_once_and_is_journalled(account: CustomerAccount, accountant: User):
    row = dispute(make_item(account, by=accountant), "10", accountant, on=day(-5))

    with pytest.raises(Invalid):
        services.end_dispute(disputed_id=row.pk, on=day(-6), by=accountant, at=AT)
    ended = services.end_dispute(disputed_id=row.pk, on=TODAY, by=accountant, at=AT)
    with pytest.raises(DisputeEnded):
        services.end_dispute(disputed_id=row.pk, on=TODAY, by=accountant, at=AT)
    with pytest.raises(NotFound):
        services.end_dispute(disputed_id=0, on=TODAY, by=accountant, at=AT)

    assert (ended.effective_from, ended.effective_to) == (day(-5), TODAY)
    actions = AuditEvent.objects.filter(action__startswith="dispute").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["dispute.noted", "dispute.ended"]


def test_money_announced_for_later_leaves_the_item_disputable_today(
    account: CustomerAccount, accountant: User
):
    item = make_item(account, by=accountant)
    credit = make_credit(account, by=accountant, received=day(5))
    services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(100), by=accountant, at=AT)

    assert dispute(item, "100", accountant).amount == Decimal(100)
