"""*Can I sell?*: the answer in words, what would free it, and a link that gives the same answer again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from accounts.enums import AccountStatus
from accounts.models import Company, CustomerAccount, User
from credit import services
from credit.models import CreditDecision
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db

URL = reverse_lazy("credit:can_i_sell")


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(
        company=company, code="C0042", name="Menuiseries Kervadec", risk_class="D", rep=rep
    )
    give_limit(account, "10000")
    return account


def ask(user: User, **query: str) -> str:
    return text_of(browse(user).get(str(URL), {"client": "C0042", **query}))


def test_yes(account: CustomerAccount, rep: User) -> None:
    page = browse(rep).get(str(URL), {"client": "C0042", "amount": "4 000,00", "delivery": "2030-12-02"})
    said = text_of(page)
    assert "Yes: this order would pass" in said
    assert "Up to €10,000.00 would pass right away." in said
    assert "We can take your order of €4,000.00 for Monday 2 December 2030." in said
    assert f"{reverse('orders:new')}?client=C0042&amp;amount=4000.00" in page.content.decode()
    assert not CreditDecision.objects.exists()


def test_not_yet_says_what_is_missing_and_what_passes(account: CustomerAccount, rep: User) -> None:
    said = ask(rep, amount="12k")
    assert "Not yet: it would be put on hold" in said
    assert "€2,000.00 is missing. You can sell €10,000.00 right now." in said
    assert "An order of €10,000.00 at most" in said
    assert "A payment of €2,000.00" in said
    assert "Credit analyst, within 4 working hours" in said
    assert "Request approval" in said


def test_says_whether_it_fits_on_the_delivery_day(account: CustomerAccount, rep: User) -> None:
    today = paris_date(timezone.now())
    open_item(account, "9500", due=today + timedelta(days=10))
    assert "delivery day" not in ask(rep, amount="1200")
    near = ask(rep, amount="1200", delivery=(today + timedelta(days=3)).isoformat())
    assert "not expected to fit" in near
    assert "€700.00 too much" in near
    assert "It would from" in near
    far = ask(rep, amount="1200", delivery=(today + timedelta(days=60)).isoformat())
    assert "it is expected to fit" in far
    assert "€8,800.00 left" in far


def test_late_items_hold_any_amount(account: CustomerAccount, rep: User) -> None:
    open_item(account, "900", due=paris_date(timezone.now()) - timedelta(days=30))
    said = ask(rep, amount="10")
    assert "No amount passes by itself until the reasons below are settled." in said
    assert "A payment of €900.00 passes as soon as the payment is matched" in said
    assert "need the €900.00 of invoices that are past their date" in said


def test_a_blocked_client_is_a_no(account: CustomerAccount, rep: User, company: Company) -> None:
    credit = make_user("credit_manager", company)
    services.block(account_id=account.pk, reason="Safeguard", by=credit, at=timezone.now())
    assert "No: this client is blocked" in ask(rep, amount="10")


def test_without_an_amount_it_says_how_much_there_is_room_for(account: CustomerAccount, rep: User) -> None:
    said = ask(rep)
    assert "Up to €10,000.00 right now" in said
    assert "This field is required" not in said
    free = CustomerAccountFactory(company=account.company, code="C0050", rep=rep)
    give_limit(free, None)
    assert "This client has no limit to keep" in ask(rep, client="C0050")


def test_no_limit_asks_for_one(company: Company, rep: User) -> None:
    CustomerAccountFactory(company=company, code="C0060", rep=rep)
    said = ask(rep, client="C0060", amount="100")
    assert "No credit limit has been decided for this client." in said
    assert "Payment in advance" in said
    assert "A credit limit" in said


def test_an_account_that_is_not_active_sells_in_advance_only(account: CustomerAccount, rep: User) -> None:
    CustomerAccount.objects.update(status=AccountStatus.IN_REVIEW)
    assert "not open for orders on credit" in ask(rep, amount="10")


def test_an_unknown_client_or_one_of_somebody_else(account: CustomerAccount, company: Company) -> None:
    stranger = make_user("sales", company)
    said = ask(stranger, amount="10")
    assert "You have no client of this name or code" in said
    assert "Kervadec" not in said


def test_no_rating_is_shown(account: CustomerAccount, rep: User) -> None:
    page = ask(rep, amount="12000")
    assert "class D" not in page
    assert "Score" not in page


def test_the_fragment_alone_for_htmx_and_unreadable_amounts(account: CustomerAccount, rep: User) -> None:
    client = browse(rep)
    fragment = client.get(str(URL), {"client": "C0042", "amount": "12x"}, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content
    whole = client.get(str(URL), {"client": "C0042", "amount": "12x"})
    assert "“12x” is not a number" in text_of(whole)


def test_the_box_offers_clients_of_the_portfolio(
    account: CustomerAccount, rep: User, company: Company
) -> None:
    CustomerAccountFactory(company=company, name="Menuiseries Autres")
    offered = browse(rep).get(reverse("credit:client_options"), {"q": "menuis"}).content.decode()
    assert 'data-value="Menuiseries Kervadec · C0042"' in offered
    assert "Autres" not in offered


def test_a_signed_out_visitor_signs_in_first() -> None:
    assert Client().get(str(URL)).status_code == 302
