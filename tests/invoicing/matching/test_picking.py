"""Items picked by hand: what the money reaches, what stays, what is let go; at the desk with refusals first."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import ItemKind
from invoicing.matching.facts import OpenItem
from invoicing.matching.picking import Rest, Shared, share_out
from invoicing.models import Matching, MatchingRules, Payment, ReceivableItem
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_credit, make_item, make_payment

D = Decimal


def item(amount: str, key: int = 1) -> OpenItem:
    return OpenItem(key, f"F{key}", 7, D(amount), day(-30), day(key))


def shared(money: str, *picked: tuple[OpenItem, str | None], rest: Rest = Rest.KEEP) -> Shared:
    return share_out(D(money), [(one, None if amount is None else D(amount)) for one, amount in picked], rest)


def amounts(found: Shared) -> list[int]:
    return [int(line.amount) for line in found.lines]


def rest_of(found: Shared) -> dict[str, int]:
    """What stays and what is let go, as far as there is any."""
    values = {"left": found.left, "short": found.short, "gone": found.gone, "over": found.over}
    return {name: int(value) for name, value in values.items() if value}


def test_what_comes_out_even_leaves_nothing() -> None:
    found = shared("150", (item("100"), None), (item("50", 2), None))
    assert (amounts(found), rest_of(found)) == ([100, 50], {})


def test_money_that_does_not_reach_leaves_the_last_ones_open() -> None:
    found = shared("120", (item("100"), None), (item("50", 2), None), (item("30", 3), None))
    assert (amounts(found), rest_of(found)) == ([100, 20], {"short": 60})


def test_more_money_than_was_picked_stays_or_is_let_go() -> None:
    assert shared("120", (item("100"), None)).left == 20
    let_go = shared("120", (item("100"), None), rest=Rest.EXCHANGE)
    assert (rest_of(let_go), let_go.over_is_exchange) == ({"over": 20, "gone": -20}, True)
    assert not shared("120", (item("100"), None), rest=Rest.WRITE_OFF).over_is_exchange


@pytest.mark.parametrize(
    ("rest", "discount", "write_off", "is_exchange"),
    [(Rest.WRITE_OFF, 0, 5, False), (Rest.EXCHANGE, 0, 5, True), (Rest.DISCOUNT, 5, 0, False)],
)
def test_what_is_missing_is_let_go_of_the_largest(
    rest: Rest, discount: int, write_off: int, is_exchange: bool
) -> None:
    found = shared("145", (item("50"), None), (item("100", 2), None), rest=rest)
    line = found.lines[1]
    assert [int(each) for each in (line.amount, line.discount, line.write_off)] == [95, discount, write_off]
    assert line.is_exchange is is_exchange
    assert rest_of(found) == {"gone": 5}


def test_credits_add_to_the_money_and_parts_stay_parts() -> None:
    found = shared("80", (item("100"), None), (item("-20", 2), None))
    assert (amounts(found), rest_of(found)) == ([100, -20], {})
    part = shared("80", (item("100"), "30"))
    assert (amounts(part), rest_of(part)) == ([30], {"left": 50, "short": 70})


# --- the desk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(client: Client, accountant: User) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    return client


def address(payment: Payment) -> str:
    return reverse("invoicing:pick", args=[payment.pk])


def pick(desk: Client, payment: Payment, *picked: ReceivableItem, key: str = "k", **fields: Any) -> str:
    body = {"pick": [one.pk for one in picked], "rest": "keep", "key": key} | fields
    return desk.post(address(payment), body, follow=True).content.decode()


def left(*items: ReceivableItem) -> list[Decimal]:
    for one in items:
        one.refresh_from_db()
    return [one.open_amount for one in items]


def test_who_does_not_match_does_not_pick(client: Client, account: CustomerAccount, accountant: User) -> None:
    payment = make_payment(account, by=accountant)
    client.force_login(
        make_user("adv_officer", account.company), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(address(payment)).status_code == 403
    assert client.post(address(payment)).status_code == 403


def test_nothing_picked_and_nothing_owed_are_refused(
    desk: Client, account: CustomerAccount, accountant: User
) -> None:
    owed, credit = make_item(account, "100", by=accountant), make_credit(account, "40", by=accountant)
    payment = make_payment(account, "100", by=accountant)
    assert "Pick at least one item" in pick(desk, payment)
    assert "Pick at least one item" in pick(desk, payment, credit)
    elsewhere = make_item(CustomerAccountFactory(company=account.company), "100", by=accountant)
    assert "Pick at least one item" in pick(desk, payment, elsewhere)
    assert left(owed) == [100]


def test_several_with_a_credit_and_a_part(desk: Client, account: CustomerAccount, accountant: User) -> None:
    one, two = make_item(account, "100", by=accountant), make_item(account, "60", by=accountant)
    credit = make_credit(account, "20", by=accountant)
    payment = make_payment(account, "110", by=accountant)
    said = pick(desk, payment, one, credit, **{f"amount_{two.pk}": "30"})
    assert "130.00" in re.sub("[^0-9.]", "", said) or "matched" in said
    assert left(one, two, credit) == [0, 30, 0]
    act = Matching.objects.get()
    assert (act.made_by, act.score) == (accountant, None)
    # The same form sent twice matches once.
    pick(desk, payment, one, credit, **{f"amount_{two.pk}": "30"})
    assert Matching.objects.count() == 1


def test_what_is_let_go_keeps_within_the_rules(
    desk: Client, account: CustomerAccount, accountant: User
) -> None:
    owed, payment = make_item(account, "100", by=accountant), make_payment(account, "97", by=accountant)
    assert "written off" in pick(desk, payment, owed, rest="write_off")
    assert "exchange difference needs a foreign currency" in pick(desk, payment, owed, rest="exchange")
    assert "No cash discount" in pick(desk, payment, owed, rest="discount")
    assert left(owed) == [100]
    MatchingRules.objects.create(company=account.company, tolerance=D(3))
    pick(desk, payment, owed, rest="write_off")
    assert left(owed) == [0]
    assert ReceivableItem.objects.get(kind=ItemKind.WRITE_OFF).amount == -3


@pytest.mark.parametrize(("paid", "difference"), [("995", -5), ("1005", 5)])
def test_an_exchange_loses_or_gains(
    paid: str, difference: int, desk: Client, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "1000", currency="USD", by=accountant)
    payment = make_payment(account, paid, currency="USD", by=accountant)
    pick(desk, payment, owed, rest="exchange")
    assert left(owed, payment.items.get(kind=ItemKind.PAYMENT)) == [0, 0]
    made = ReceivableItem.objects.get(kind=ItemKind.EXCHANGE_DIFF)
    assert [int(made.amount), int(made.open_amount)] == [difference, 0]
    services.unallocate(allocation_id=Matching.objects.get().allocations[0], by=accountant, at=AT)
    assert left(owed) == [1000]


def test_money_of_nobody_finds_its_client(
    desk: Client, company: Company, account: CustomerAccount, accountant: User
) -> None:
    account.name = "Menuiseries Kervadec"
    account.save()
    owed = make_item(account, "100", number="FA-77", by=accountant)
    payment = make_payment(None, "100", company=company, payer_name="MENUISERIES KERVADEC", by=accountant)
    asked = desk.get(address(payment)).content.decode()
    assert f"?client={account.code}" in asked
    shown = desk.get(address(payment), {"client": account.code, "q": "FA-77"}).content.decode()
    assert f'value="{owed.pk}"' in shown
    assert "No client is found" in desk.get(address(payment), {"client": "zzzz"}).content.decode()
    pick(desk, payment, owed, client=account.code)
    payment.refresh_from_db()
    assert payment.account == account
    assert left(owed) == [0]


def test_the_sum_follows_what_is_typed(desk: Client, account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, "100", by=accountant), make_payment(account, "120", by=accountant)
    said = desk.get(
        address(payment),
        {"pick": str(owed.pk), "rest": "keep"},
        headers={"hx-request": "true", "hx-target": "pick-sum"},
    ).content.decode()
    assert "20.00" in said
    assert "stay on account" in said
    assert "<html" not in said


def test_found_by_number_or_amount(desk: Client, account: CustomerAccount, accountant: User) -> None:
    one = make_item(account, "123.45", number="FA-1", by=accountant)
    two = make_item(account, "99", number="FA-2", by=accountant)
    payment = make_payment(account, "500", by=accountant)
    for asked, found in (("FA-2", two), ("123,45", one)):
        shown = desk.get(address(payment), {"q": asked}).content.decode()
        assert [f'value="{each.pk}"' in shown for each in (one, two)] == [found == one, found == two]
    assert "Nothing open is found" in desk.get(address(payment), {"q": "nothing"}).content.decode()


def test_the_page_asks_as_often_for_three_items_as_for_one(
    desk: Client, account: CustomerAccount, accountant: User
) -> None:
    payment = make_payment(account, "500", by=accountant)

    def asked() -> int:
        make_item(account, "10", by=accountant)
        with CaptureQueriesContext(connection) as queries:
            desk.get(address(payment))
        return len(queries)

    asked()
    one = asked()
    asked()
    assert asked() == one
