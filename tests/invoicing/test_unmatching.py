"""Undoing a match and making it again, by the act and by its buttons."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.models import Allocation, ReceivableItem
from invoicing.policy import OverAllocated
from invoicing.services import NotUndone
from o2c.shared.problems import NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import AT, make_credit, make_item, woken

pytestmark = pytest.mark.django_db


@pytest.fixture
def undone(account: CustomerAccount, accountant: User) -> Allocation:
    """A match of 60 that was undone."""
    debit, credit = make_item(account, by=accountant), make_credit(account, "60", by=accountant)
    made = services.allocate(
        from_item_id=credit.pk, to_item_id=debit.pk, amount=Decimal(60), by=accountant, at=AT
    )
    services.unallocate(allocation_id=made.pk, by=accountant, at=AT)
    return made


def again(match: Allocation, by: User) -> list[Allocation]:
    return services.match_again(allocation_ids=[match.pk], by=by, at=AT)


def test_who_may_not_match_may_not_match_again(undone: Allocation, account: CustomerAccount):
    with pytest.raises(NotAllowed):
        again(undone, make_user("adv_officer", account.company))
    with pytest.raises(NotFound):
        again(undone, make_user("receivables_accountant", CompanyFactory(code="FAR")))


def test_the_same_items_and_amount_once_however_often_it_is_asked(undone: Allocation, accountant: User):
    made = again(undone, accountant)

    assert [(row.debit_id, row.credit_id, row.amount) for row in made] == [
        (undone.debit_id, undone.credit_id, undone.amount)
    ]
    assert [row.pk for row in again(undone, accountant)] == [made[0].pk]
    assert ReceivableItem.objects.get(pk=undone.debit_id).open_amount == 40
    assert woken()[-1] == undone.debit.account_id


def test_what_is_in_force_or_used_elsewhere_is_refused(undone: Allocation, accountant: User):
    made = again(undone, accountant)[0]
    with pytest.raises(NotUndone):
        again(made, accountant)
    services.unallocate(allocation_id=made.pk, by=accountant, at=AT)
    other = make_item(undone.debit.account, by=accountant)
    services.allocate(
        from_item_id=undone.credit_id, to_item_id=other.pk, amount=Decimal(1), by=accountant, at=AT
    )
    with pytest.raises(OverAllocated):
        again(undone, accountant)


def test_the_page_offers_to_match_again_and_pressing_twice_does_nothing_more(
    account: CustomerAccount, accountant: User
):
    debit = make_item(account, by=accountant)
    credit = make_credit(account, "60", by=accountant)
    made = services.allocate(
        from_item_id=credit.pk, to_item_id=debit.pk, amount=Decimal(60), by=accountant, at=AT
    )
    page = reverse("invoicing:payment", args=[credit.payment_id])
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(accountant)
    undo, match_again = (
        reverse(f"invoicing:{name}", args=[str(made.pk)]) for name in ("unmatch", "match_again")
    )

    for said in ("The match is undone.", "This was undone already: nothing changes."):
        browser.post(undo, {"next": page})
        assert said in browser.get(page).content.decode()
    assert match_again in browser.get(page).content.decode()
    for _ in range(2):
        browser.post(match_again, {"next": page})
        text = browser.get(page).content.decode()
        assert "€60.00 matched." in text
        assert match_again not in text
    assert Allocation.objects.count() == 3
