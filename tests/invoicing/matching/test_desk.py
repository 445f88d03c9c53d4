"""The matching desk: what it shows and what its buttons do; unhappy paths first."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User
from invoicing.enums import ItemKind
from invoicing.models import DisputedAmount, Matching, MatchingRules, Payment, ReceivableItem
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_item, make_payment

DESK = reverse("invoicing:desk")


@pytest.fixture
def desk(client: Client, accountant: User) -> Client:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    client.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(desk: Client, payment: Payment | None = None) -> str:
    return desk.get(DESK, {"payment": payment.pk} if payment else {}).content.decode()


def settle(desk: Client, payment: Payment, place: int = 0, **fields: str) -> str:
    """Accept a proposal of those shown; what the page says after it."""
    shown = page(desk, payment)
    marks = re.findall(r'name="proposal" value="(\w+)"', shown)
    key = re.search(r'name="key" value="(\w+)"', shown)
    assert key is not None
    body = {"proposal": marks[place], "key": key[1]} | fields
    return desk.post(reverse("invoicing:settle", args=[payment.pk]), body, follow=True).content.decode()


def left(item: ReceivableItem) -> Decimal:
    item.refresh_from_db()
    return item.open_amount


def test_who_does_not_match_has_no_desk(client: Client, account: CustomerAccount, accountant: User) -> None:
    payment = make_payment(account, by=accountant)
    client.force_login(
        make_user("adv_officer", account.company), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.get(DESK).status_code == 403
    for name in ("settle", "identify"):
        assert client.post(reverse(f"invoicing:{name}", args=[payment.pk])).status_code == 403


def test_an_empty_desk_says_so(desk: Client) -> None:
    assert "Everything is matched" in page(desk)
    assert "Everything is matched" in desk.get(DESK, {"payment": "x" * 30}).content.decode()


def test_what_was_not_shown_is_not_accepted(desk: Client, account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    shown = page(desk, payment)
    mark = re.findall(r'name="proposal" value="(\w+)"', shown)[0]
    other = make_payment(account, "40", by=accountant)
    settle(desk, other)  # a part of the item is gone by now
    answer = desk.post(
        reverse("invoicing:settle", args=[payment.pk]), {"proposal": mark, "key": "k"}, follow=True
    )
    assert "look again" in answer.content.decode()
    assert left(owed) == 60


def test_a_proposal_is_accepted_and_undone(desk: Client, account: CustomerAccount, accountant: User) -> None:
    owed, payment = make_item(account, by=accountant), make_payment(account, by=accountant)
    said = settle(desk, payment)
    assert left(owed) == 0
    undo = re.search(r"/invoicing/matches/([0-9-]+)/undo/", said)
    assert undo is not None
    desk.post(undo[0])
    assert left(owed) == 100
    act = Matching.objects.get()
    assert (act.made_by, act.is_automatic, act.reasons[0]["why"]) == (accountant, False, "exact")


def test_what_is_missing_is_contested_or_let_go(
    desk: Client, account: CustomerAccount, accountant: User
) -> None:
    owed = make_item(account, "100", by=accountant)
    payment = make_payment(account, "70", reference=owed.document, by=accountant)
    refused = settle(desk, payment, rest="write_off")
    assert "written off" in refused
    assert left(owed) == 100
    assert "No cash discount is granted" in settle(desk, payment, rest="discount")
    settle(desk, payment, rest="dispute")
    assert left(owed) == 30
    assert DisputedAmount.objects.get().amount == 30
    MatchingRules.objects.create(company=account.company, tolerance=Decimal("0.00"))
    more = make_item(account, "50", by=accountant)
    little = make_payment(account, "49.50", reference=more.document, by=accountant)
    MatchingRules.objects.update(tolerance=Decimal("0.50"))
    settle(desk, little, rest="keep")
    assert left(more) == 0
    assert ReceivableItem.objects.filter(kind=ItemKind.WRITE_OFF).count() == 1


def test_unidentified_money_is_put_on_a_client(
    desk: Client, company: Company, account: CustomerAccount, accountant: User
) -> None:
    payment = make_payment(None, "12.34", company=company, payer_name="Nobody", by=accountant)
    assert "Not identified" in page(desk, payment)
    address = reverse("invoicing:identify", args=[payment.pk])
    assert "There is no client" in desk.post(address, {"account": "NONE"}, follow=True).content.decode()
    desk.post(address, {"account": account.code})
    payment.refresh_from_db()
    assert payment.account == account


def test_the_rules_are_read_by_all_and_set_by_few(client: Client, company: Company, accountant: User) -> None:
    address = reverse("invoicing:matching_rules")
    body = {"is_automatic": "on", "confidence": "0.95", "tolerance": "2"}
    client.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address).status_code == 200
    assert client.post(address, body).status_code == 403
    director = make_user("finance_director", company)
    client.force_login(director, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(address, body | {"discount_percent": "2"}).status_code == 422
    assert client.post(address, body).status_code == 302
    assert MatchingRules.objects.get().tolerance == 2
