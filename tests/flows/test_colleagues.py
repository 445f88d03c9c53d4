"""Colleagues' sales to one's own client: true totals for everybody in the team, their documents for nobody else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from invoicing import services
from invoicing.models import Invoice, ReceivableItem
from o2c.shared.calendar import paris_date
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice, make_payment
from tests.factories.orders import draft, give_limit, submitted

pytestmark = pytest.mark.django_db

AT = timezone.now()
TODAY = paris_date(AT)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def people(company: Company) -> dict[str, User]:
    roles = {"rep": "sales", "other": "sales", "adv": "adv_officer", "books": "receivables_accountant"}
    return {name: make_user(role, company, name) for name, role in roles.items()}


@pytest.fixture
def client_of_rep(company: Company, people: dict[str, User]) -> CustomerAccount:
    """A client that ``rep`` has had for a year, and ``other`` before."""
    account = CustomerAccountFactory(company=company, code="C0001", name="Acme")
    changed = TODAY - timedelta(days=365)
    for user, since, until in (
        ("other", TODAY - timedelta(days=700), changed),
        ("rep", changed, None),
    ):
        TeamMember.objects.create(
            account=account, user=people[user], role=TeamRole.SALES_REP, valid_from=since, valid_to=until
        )
    give_limit(account, "100000")
    return account


def browser(user: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return found


def order_of(account: CustomerAccount, number: str, rep: User | None, **people: Any) -> Order:
    order = submitted(account, "6000.00", by=people["by"], at=AT, number=number)
    Order.objects.filter(pk=order.pk).update(sales_rep=rep)
    return Order.objects.get(pk=order.pk)


def text_of(answer: Any) -> str:
    return str(answer.content.decode()).replace("\xa0", " ").replace("\u202f", " ")


def test_whose_sale_an_order_is(client_of_rep, people):
    order_of(client_of_rep, "MINE", people["rep"], by=people["adv"])
    order_of(client_of_rep, "NOBODYS", None, by=people["adv"])
    order_of(client_of_rep, "THEIRS", people["other"], by=people["adv"])
    entered = draft(client_of_rep, "10.00", by=people["rep"], at=AT, number="ENTERED")
    Order.objects.filter(pk=entered.pk).update(sales_rep=people["other"])
    seen = {order.number for order in Order.objects.visible_to(people["rep"])}
    assert seen == {"MINE", "NOBODYS", "ENTERED"}
    assert Order.objects.visible_to(people["adv"]).count() == 4
    assert not Order.objects.visible_to(people["other"]).exists(), "no longer in the team"


def test_whose_sale_an_invoice_is(client_of_rep, people):
    """By the order's rep, else by the client's rep of the issue date; without one it is everybody's."""
    for number, days in (("NOW", 30), ("BEFORE", 500), ("LONG-AGO", 730)):
        make_invoice(
            client_of_rep, by=people["books"], number=number, issued=TODAY - timedelta(days=days), at=AT
        )
    theirs = order_of(client_of_rep, "O-1", people["other"], by=people["adv"])
    mine = order_of(client_of_rep, "O-2", people["rep"], by=people["adv"])
    for number, order, days in (("OF-THEIRS", theirs, 30), ("OF-MINE", mine, 500)):
        make_invoice(
            client_of_rep, by=people["books"], number=number, order=order, at=AT,
            issued=TODAY - timedelta(days=days),
        )  # fmt: skip
    payment = make_payment(client_of_rep, by=people["books"], external_id="MONEY", at=AT)
    assert {i.number for i in Invoice.objects.visible_to(people["rep"])} == {"NOW", "LONG-AGO", "OF-MINE"}
    seen = {item.document for item in ReceivableItem.objects.visible_to(people["rep"])}
    assert seen == {"NOW", "LONG-AGO", "OF-MINE", payment.external_id}
    assert Invoice.objects.visible_to(people["books"]).count() == 5


def test_they_are_a_count_and_a_total_on_every_screen(client_of_rep, people):
    order_of(client_of_rep, "MINE-1", people["rep"], by=people["adv"])
    for number in ("THEIRS-1", "THEIRS-2"):
        order_of(client_of_rep, number, people["other"], by=people["adv"])
    old = TODAY - timedelta(days=500)
    make_invoice(client_of_rep, "250.00", by=people["books"], number="THEIRS-3", issued=old, at=AT)
    rep = browser(people["rep"])
    words = {
        "orders": "and 2 documents outside of your portfolio, €12,000.00",
        "one": "and 1 document outside of your portfolio, €250.00",
    }
    shown = {
        reverse("orders:list"): words["orders"],
        reverse("orders:panel", args=[client_of_rep.pk]): words["orders"],
        reverse("invoicing:list"): words["one"],
        reverse("invoicing:items"): words["one"],
        reverse("invoicing:panel", args=["C0001"]): words["one"],
        reverse("accounts:part", args=["C0001", "items"]): words["one"],
        reverse("accounts:part", args=["C0001", "timeline"]): "",
        reverse("search") + "?q=THEIRS": "",
        reverse("orders:list") + "?q=THEIRS": words["orders"],
    }
    for address, said in shown.items():
        text = text_of(rep.get(address)).replace("THEIRS&quot;", "").replace('value="THEIRS"', "")
        assert said in text, address
        assert "THEIRS-" not in text, address
    assert "outside of your portfolio" not in text_of(browser(people["adv"]).get(reverse("orders:list")))


def test_a_direct_link_leads_nowhere(client_of_rep, people):
    order_of(client_of_rep, "THEIRS", people["other"], by=people["adv"])
    rep = browser(people["rep"])
    assert rep.get(reverse("orders:detail", args=["THEIRS"])).status_code == 404
    assert rep.get("/api/v1/orders/THEIRS/").status_code == 404
    assert rep.post("/api/v1/orders/THEIRS/cancel/", {"reason": "x"}, "application/json").status_code == 404


def test_the_api_tells_count_and_total_beside_the_page(client_of_rep, people):
    order_of(client_of_rep, "MINE", people["rep"], by=people["adv"])
    order_of(client_of_rep, "THEIRS", people["other"], by=people["adv"])
    answer = browser(people["rep"]).get("/api/v1/orders/", {"search": "THEIRS"}).json()
    assert (answer["count"], answer["results"]) == (0, [])
    assert answer["outside_portfolio"] == [{"currency": "EUR", "count": 1, "total": "6000.00"}]
    assert "outside_portfolio" not in browser(people["adv"]).get("/api/v1/orders/").json()


def test_exposure_and_credit_check_count_everything(client_of_rep, people):
    order_of(client_of_rep, "THEIRS", people["other"], by=people["adv"])
    answer = browser(people["rep"]).get("/api/v1/accounts/C0001/exposure/").json()
    assert Decimal(answer["net_exposure"]) == Decimal("6000.00")


def test_a_payment_on_a_siblings_invoice_names_neither_sibling_nor_amount(
    people: dict[str, User], client_of_rep: CustomerAccount
) -> None:
    """Two clients of one legal entity with a rep each: the money of one settles an invoice of the other."""
    sibling = CustomerAccountFactory(
        company=client_of_rep.company,
        code="C0002",
        name="Zenith sibling",
        entity=client_of_rep.entity,
        rep=people["other"],
    )
    books = people["books"]
    hidden = make_invoice(sibling, "61.37", by=books, number="HIDDEN-1", at=AT)
    own = make_invoice(client_of_rep, "40.00", by=books, number="OWN-1", at=AT)
    payment = make_payment(client_of_rep, "200.00", by=books, at=AT)
    services.allocate_payment(
        payment_id=payment.pk,
        items=[(hidden.items.get().pk, Decimal("61.37")), (own.items.get().pk, Decimal(40))],
        by=books,
        at=AT,
    )

    page = browser(people["rep"]).get(reverse("invoicing:payment", args=[payment.pk])).content.decode()
    assert "OWN-1" in page
    assert "One match is with a document outside your portfolio." in page
    for secret in ("HIDDEN-1", "Zenith", "61.37"):
        assert secret not in page
    theirs = browser(people["other"]).get(reverse("invoicing:detail", args=["HIDDEN-1"])).content.decode()
    assert payment.external_id not in theirs
    assert "Acme" not in theirs
    assert "One match is with a document outside your portfolio." in theirs
    whole = browser(books).get(reverse("invoicing:payment", args=[payment.pk])).content.decode()
    assert "HIDDEN-1" in whole
    assert "outside your portfolio" not in whole

    api = browser(people["other"]).get("/api/v1/allocations/").json()
    assert api["results"] == []
