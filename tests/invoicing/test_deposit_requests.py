"""Deposits: asked for, received and invoiced, held against the limit, deducted, given up with their order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.queries import exposure_of
from invoicing import services
from invoicing.models import DepositRequest, Invoice, ReceivableItem
from invoicing.services.deposit_requests import NotWaiting, OrderNotLive
from invoicing.services.deposits import DepositTooLarge
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders import services as orders
from orders.models import Order, OrderHold
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import draft, give_limit, open_item, submitted

pytestmark = pytest.mark.django_db

AT = timezone.now()
TODAY = paris_date(AT)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    return account


@pytest.fixture
def clerk(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_manager", company)


def ask(order: Order, amount: str, by: User, days: int = 10) -> DepositRequest:
    due = TODAY + timedelta(days=days)
    return services.request_deposit(
        order_id=order.pk, amount=Decimal(amount), due_date=due, by=by, at=timezone.now()
    )


_numbers = iter(range(1, 1000))


def pay(order: Order, amount: str, by: User, **fields: Any) -> None:
    services.record_payment(
        company=order.company,
        external_id=f"P{next(_numbers)}",
        order=order,
        received_on=TODAY,
        amount=Decimal(amount),
        currency=fields.pop("currency", order.currency),
        method="transfer",
        by=by,
        at=timezone.now(),
        **fields,
    )
    work.drain()


def parts(account: CustomerAccount) -> dict[str, Decimal]:
    """The parts of the live exposure that are not zero, and its net."""
    view = exposure_of(account, on=TODAY)
    found = {code: amount for code, amount in view.figures.exposure().items() if amount}
    return found | {"net": view.net}


def held(order: Order) -> set[str]:
    return set(OrderHold.objects.filter(case__order=order, lifted_at=None).values_list("reason", flat=True))


def status(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


# --- asking --------------------------------------------------------------------------------------------------------


def test_asking_changes_no_figure_and_makes_no_document(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    before = parts(account)
    made = ask(order, "400", adv)
    assert (made.status, made.label, made.currency) == ("waiting", f"{order.number}-1", "EUR")
    assert parts(account) == before
    assert not Invoice.objects.exists()


def test_the_same_again_changes_nothing_and_another_waits_its_turn(
    account: CustomerAccount, adv: User
) -> None:
    order = submitted(account, "1200", by=adv)
    assert ask(order, "400", adv) == ask(order, "400", adv)
    with pytest.raises(services.DepositWaits):
        ask(order, "500", adv)
    services.cancel_deposit(
        request_id=order.deposit_requests.get().pk, reason="too much", by=adv, at=timezone.now()
    )
    assert ask(order, "300", adv).label == f"{order.number}-2"
    first = order.deposit_requests.get(position=1)
    with pytest.raises(NotWaiting):
        services.cancel_deposit(request_id=first.pk, reason="again", by=adv, at=timezone.now())


def test_what_is_refused(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    for amount, days in (("0", 1), ("-5", 1), ("1.001", 1), ("5", -1)):
        with pytest.raises(Invalid):
            ask(order, amount, adv, days)
    with pytest.raises(DepositTooLarge):
        ask(order, "1200.01", adv)
    with pytest.raises(OrderNotLive):
        ask(draft(account, "10", by=adv), "5", adv)
    with pytest.raises(NotAllowed):
        ask(order, "5", make_user("credit_manager", account.company))
    with pytest.raises(NotFound):
        ask(order, "5", make_user("adv_officer", CompanyFactory()))
    assert not DepositRequest.objects.exists()


# --- receiving -----------------------------------------------------------------------------------------------------


def test_its_money_is_invoiced_as_it_comes_and_held_against_the_limit(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "1200", by=adv)
    made = ask(order, "400", adv)
    pay(order, "150", clerk)
    made.refresh_from_db()
    assert made.status == "waiting"
    assert parts(account) == {
        "open_orders": Decimal(1200),
        "deposits_held": Decimal(-150),
        "net": Decimal(1050),
    }
    pay(order, "250", clerk)
    made.refresh_from_db()
    assert made.status == "received"
    issued = Invoice.objects.filter(kind="DEPOSIT_INVOICE", order=order).order_by("pk")
    assert [row.total_incl_vat for row in issued] == [150, 250]
    assert {row.created_by for row in issued} == {None}
    assert parts(account) == {
        "open_orders": Decimal(1200),
        "deposits_held": Decimal(-400),
        "net": Decimal(800),
    }


def test_money_that_was_there_before_anybody_asked_meets_it(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "1200", by=adv)
    pay(order, "400", clerk)
    assert not Invoice.objects.exists()
    assert parts(account)["deposits_held"] == -400
    made = ask(order, "400", adv)
    work.drain()
    made.refresh_from_db()
    assert made.status == "received"
    assert parts(account) == {
        "open_orders": Decimal(1200),
        "deposits_held": Decimal(-400),
        "net": Decimal(800),
    }


def test_money_matched_from_a_later_day_on_still_relieves_its_order(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "1200", by=adv)
    owed = open_item(account, "359")
    pay(order, "655.36", clerk)
    money = ReceivableItem.objects.get(kind="PAYMENT")
    before = {
        "open_orders": Decimal(1200),
        "open_invoices": Decimal(359),
        "deposits_held": Decimal("-655.36"),
        "net": Decimal("903.64"),
    }
    assert parts(account) == before
    for amount, rest in (("300", "-355.36"), ("59", "-296.36")):
        services.allocate(
            from_item_id=money.pk, to_item_id=owed.pk, amount=Decimal(amount), date=TODAY + timedelta(days=3),
            by=clerk, at=timezone.now(),
        )  # fmt: skip
        money.refresh_from_db()
        assert money.open_amount == Decimal(rest)
        assert parts(account) == before


def test_more_than_the_order_stays_the_clients(account: CustomerAccount, adv: User, clerk: User) -> None:
    order = submitted(account, "1200", by=adv)
    ask(order, "1200", adv)
    pay(order, "1500", clerk)
    assert Invoice.objects.get().total_incl_vat == 1200
    assert parts(account) == {
        "open_orders": Decimal(1200),
        "deposits_held": Decimal(-1200),
        "unallocated_payments": Decimal(-300),
        "net": Decimal(-300),
    }


def test_it_relieves_at_most_what_its_order_takes(account: CustomerAccount, adv: User, clerk: User) -> None:
    order = submitted(account, "1200", by=adv)
    ask(order, "900", adv)
    pay(order, "900", clerk)
    orders.deliver(order_id=order.pk, by=adv, at=timezone.now())
    assert parts(account)["deposits_held"] == -900
    services.issue_from_order(order_id=order.pk, by=adv, at=timezone.now())
    # Deducted: it is held no longer.
    assert parts(account) == {"open_invoices": Decimal(300), "net": Decimal(300)}


def test_money_of_another_currency_is_no_deposit(account: CustomerAccount, adv: User, clerk: User) -> None:
    order = submitted(account, "1200", by=adv)
    ask(order, "400", adv)
    pay(order, "400", clerk, currency="USD")
    assert not Invoice.objects.exists()


# --- in a check ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked_for", [True, False])
def test_the_orders_own_deposits_count_before_the_limit(
    account: CustomerAccount, adv: User, clerk: User, asked_for: bool
) -> None:
    open_item(account, "9500")
    order = submitted(account, "1200", by=adv)
    assert held(order) == {"OVER_LIMIT"}
    if asked_for:
        ask(order, "700", adv)
    pay(order, "700", clerk)
    assert status(order) == "confirmed"
    assert exposure_of(account, on=TODAY).available == 0


def test_a_deposit_of_one_order_frees_no_other_beyond_what_it_takes(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    open_item(account, "9500")
    small, other = submitted(account, "400", by=adv), submitted(account, "600", by=adv)
    assert (status(small), status(other)) == ("confirmed", "on_hold")
    ask(small, "400", adv)
    pay(small, "400", clerk)
    # 9 500 stay owed, the small order is paid in advance: 500 are free.
    assert exposure_of(account, on=TODAY).available == 500
    assert status(other) == "on_hold"


def test_a_prepaid_order_stays_covered_once_its_money_is_invoiced(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "500", by=adv, term="PREPAID")
    ask(order, "500", adv)
    assert held(order) == {"DEPOSIT_MISSING"}
    pay(order, "499.99", clerk)
    assert held(order) == {"DEPOSIT_MISSING"}
    pay(order, "0.01", clerk)
    assert status(order) == "confirmed"
    assert Invoice.objects.filter(kind="DEPOSIT_INVOICE").count() == 2
    orders.deliver(order_id=order.pk, by=adv, at=timezone.now())
    assert status(order) == "delivered"


# --- the end of an order -------------------------------------------------------------------------------------------


def test_money_for_a_cancelled_order_is_an_unallocated_payment(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "1200", by=adv)
    ask(order, "400", adv)
    pay(order, "400", clerk)
    other = submitted(account, "50", by=adv)
    waiting = ask(other, "20", adv)
    for each in (order, other):
        orders.cancel(order_id=each.pk, reason="client", by=adv, at=timezone.now())
    work.drain()
    assert parts(account) == {"unallocated_payments": Decimal(-400), "net": Decimal(-400)}
    waiting.refresh_from_db()
    assert (waiting.status, waiting.cancelled_by) == ("cancelled", None)
    pay(other, "20", clerk)
    assert parts(account)["unallocated_payments"] == -420
    invoice = Invoice.objects.get(kind="DEPOSIT_INVOICE")
    services.credit_invoice(
        invoice_id=invoice.pk, amount=Decimal(400), reason="cancelled", by=adv, at=timezone.now()
    )
    assert parts(account) == {
        "unallocated_payments": Decimal(-20),
        "unallocated_credit_notes": Decimal(-400),
        "net": Decimal(-420),
    }


def test_one_invoice_of_several_orders_deducts_the_deposits_of_each(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    one, two = submitted(account, "120", by=adv), submitted(account, "600", by=adv)
    for order, amount in ((one, "120"), (two, "100")):
        ask(order, amount, adv)
        pay(order, amount, clerk)
        orders.deliver(order_id=order.pk, by=adv, at=timezone.now())
    invoice = services.issue_grouped(order_ids=[one.pk, two.pk], by=adv, at=timezone.now())
    assert invoice.total_incl_vat == 500
    assert set(invoice.lines.exclude(deducts=None).values_list("deducts__total_incl_vat", flat=True)) == {
        120,
        100,
    }
    assert parts(account) == {"open_invoices": Decimal(500), "net": Decimal(500)}


# --- the database, pages, API --------------------------------------------------------------------------------------


def test_the_database_refuses_what_cannot_be(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    made = ask(order, "400", adv)
    facts = {
        name: getattr(made, name)
        for name in (
            "company",
            "account",
            "order",
            "amount",
            "currency",
            "due_date",
            "requested_by",
            "requested_at",
        )
    }
    for name, wrong in (
        ("one_deposit_request_waits_per_order", {"position": 2}),
        ("deposit_request_numbered_in_order", {"position": 1, "met_at": AT}),
        ("deposit_request_amount_positive", {"position": 2, "amount": 0, "met_at": AT}),
        (
            "deposit_request_met_or_cancelled",
            {"position": 2, "met_at": AT, "cancelled_at": AT, "cancel_reason": "x"},
        ),
        ("deposit_request_cancelled_for_a_reason", {"position": 2, "cancelled_at": AT}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            DepositRequest.objects.create(**facts | wrong)


def browser(user: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return found


def test_pages_ask_and_take_back(account: CustomerAccount, adv: User) -> None:
    order, reader = submitted(account, "1200", by=adv), browser(adv)
    card = reverse("invoicing:order_deposits", args=[order.number])
    assert card in reader.get(reverse("orders:detail", args=[order.number])).content.decode()
    form = reverse("invoicing:ask_deposit", args=[order.number])
    assert form in reader.get(card).content.decode()
    assert reader.get(form).status_code == 200
    due = TODAY + timedelta(days=9)
    assert reader.post(form, {"amount": "9999", "due_date": f"{due:%d/%m/%Y}"}).status_code == 422
    reader.post(form, {"amount": "400", "due_date": f"{due:%d/%m/%Y}"})
    made = DepositRequest.objects.get()
    shown = reader.get(card).content.decode()
    assert "Asked for" in shown
    paper = reader.get(reverse("invoicing:deposit_pdf", args=[made.pk]))
    assert paper.content.startswith(b"%PDF")
    reader.post(reverse("invoicing:cancel_deposit", args=[made.pk]), {"reason": "too much"})
    assert "Taken back" in reader.get(card).content.decode()


def test_the_api_asks_lists_and_takes_back(account: CustomerAccount, adv: User) -> None:
    order, api = submitted(account, "1200", by=adv), browser(adv)
    address = f"/api/v1/orders/{order.number}/deposit-request/"
    due = (TODAY + timedelta(days=9)).isoformat()
    body = {"amount": "400.00", "due_date": due}
    first = api.post(address, body, content_type="application/json")
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["reference"]) == ("waiting", f"{order.number}-1")
    assert api.post(address, body, content_type="application/json").status_code == 200
    other = api.post(address, body | {"amount": "500.00"}, content_type="application/json")
    assert (other.status_code, other.json()["code"]) == (409, "deposit_waits")
    assert [row["amount"] for row in api.get(address).json()["results"]] == ["400.00"]
    taken = api.post(f"{address}cancel/", {"reason": "no"}, content_type="application/json")
    assert (taken.status_code, taken.json()["status"]) == (200, "cancelled")
    again = api.post(f"{address}cancel/", {"reason": "no"}, content_type="application/json")
    assert again.status_code == 404
