"""What a judgement froze is not promised, and no plan is made for it, until the proceedings let it be paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Company, CustomerAccount, User
from credit.enums import LegalNoticeKind
from credit.services.legal import end_notice, record_notice
from dunning.models import PaymentPlan, PromiseToPay
from dunning.plan_policy import spread
from dunning.services.payment_plans import make_plan
from dunning.services.promises import make_promise
from invoicing.models import ReceivableItem
from invoicing.policy import FrozenItem
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db
SOON = TODAY + timedelta(days=4)


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def before(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "1000.00", issued=day(-60), due=day(-30), by=accountant)


@pytest.fixture
def since(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "400.00", issued=day(-5), due=day(20), by=accountant)


def judge(account: CustomerAccount, by: User) -> int:
    notice = record_notice(
        account_id=account.pk,
        kind=LegalNoticeKind.SAFEGUARD,
        judgement_on=day(-20),
        published_on=day(-10),
        reference="A-1",
        by=by,
        at=AT,
    )
    return notice.pk


def test_neither_promise_nor_plan_for_what_is_frozen(
    account: CustomerAccount, before: ReceivableItem, since: ReceivableItem, manager: User
) -> None:
    judge(account, manager)
    for items in ([before.pk], [since.pk, before.pk]):
        with pytest.raises(FrozenItem):
            make_promise(item_ids=items, promised_date=SOON, by=manager, at=AT)
        with pytest.raises(FrozenItem):
            make_plan(
                account_id=account.pk,
                item_ids=items,
                instalments=spread(Decimal(1000), 2, first=SOON),
                by=manager,
                at=AT,
            )
    assert not PromiseToPay.objects.exists()
    assert not PaymentPlan.objects.exists()


def test_the_client_itself_promises_nothing_frozen_by_its_link(
    account: CustomerAccount, before: ReceivableItem, manager: User
) -> None:
    judge(account, manager)
    with pytest.raises(FrozenItem):
        make_promise(item_ids=[before.pk], promised_date=SOON, account_id=account.pk, by=None, at=AT)


def test_what_is_owed_since_is_promised_as_usual(
    account: CustomerAccount, since: ReceivableItem, manager: User
) -> None:
    judge(account, manager)
    assert make_promise(item_ids=[since.pk], promised_date=SOON, by=manager, at=AT).amount == 400


def test_once_the_proceedings_end_the_old_debt_may_be_promised(
    account: CustomerAccount, before: ReceivableItem, manager: User
) -> None:
    notice = judge(account, manager)
    director = make_user("finance_director", account.company, "director")
    end_notice(notice_id=notice, reason="plan adopted", by=director, at=AT)
    assert make_promise(item_ids=[before.pk], promised_date=SOON, by=manager, at=AT).amount == 1000
