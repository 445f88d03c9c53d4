"""Pages of invoices, open items and payments: what they show, to whom, and what their buttons do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.models import Allocation, Invoice
from invoicing.policy import Instalment
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_confirmed_order, make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def reader(accountant: User) -> Client:
    return signed_in(accountant)


def text_of(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def late(account: CustomerAccount, days: int, amount: str, *, by: User, **fields: object) -> Invoice:
    """An invoice that many days late today."""
    due = TODAY - timedelta(days=days)
    return make_invoice(account, amount, by=by, issued=due - timedelta(days=30), due=due, at=NOW, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["invoicing:list", "invoicing:items", "invoicing:payments"])
def test_lists_ask_as_often_for_three_rows_as_for_one(
    name: str,
    reader: Client,
    accountant: User,
    company: Company,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    def add() -> None:
        account = CustomerAccountFactory(company=company)
        late(account, 5, "100.00", by=accountant)
        make_payment(account, "40.00", by=accountant, at=NOW)

    add()
    reader.get(reverse(name))
    with django_assert_max_num_queries(40) as one:
        reader.get(reverse(name))
    add()
    add()
    with django_assert_max_num_queries(40) as three:
        reader.get(reverse(name))
    assert len(three) == len(one)


def test_a_list_shows_the_company_at_work_and_no_other(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    elsewhere = CompanyFactory(code="OTHER")
    late(account, 5, "100.00", by=accountant, number="HERE-1")
    writer = make_user("receivables_accountant", elsewhere)
    late(CustomerAccountFactory(company=elsewhere), 5, "1.00", by=writer, number="THERE-1")
    shown = text_of(reader.get(reverse("invoicing:list")))
    assert "HERE-1" in shown
    assert "THERE-1" not in shown


def test_a_rep_sees_the_own_clients_alone(accountant: User, company: Company, rep: User) -> None:
    mine = CustomerAccountFactory(company=company, rep=rep)
    other = CustomerAccountFactory(company=company)
    late(mine, 5, "100.00", by=accountant, number="MINE-1")
    late(other, 5, "100.00", by=accountant, number="OTHER-1")
    client = signed_in(rep)
    shown = text_of(client.get(reverse("invoicing:list")))
    assert ("MINE-1" in shown, "OTHER-1" in shown) == (True, False)
    assert client.get(reverse("invoicing:detail", args=["MINE-1"])).status_code == 200
    assert client.get(reverse("invoicing:detail", args=["OTHER-1"])).status_code == 404
    assert client.get(reverse("invoicing:panel", args=[other.code])).status_code == 404


def test_who_may_not_read_invoices_is_told_so(company: Company) -> None:
    client = signed_in(make_user(None, company))
    assert client.get(reverse("invoicing:list")).status_code == 403
    assert Client().get(reverse("invoicing:list")).status_code == 302


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("open", {"LATE-1", "FRESH-1", "DISPUTED-1"}),
        ("overdue", {"LATE-1", "DISPUTED-1"}),
        ("disputed", {"DISPUTED-1"}),
        ("paid", {"PAID-1"}),
        ("", {"LATE-1", "FRESH-1", "DISPUTED-1", "PAID-1"}),
    ],
)
def test_tabs_keep_invoices_in_one_state(
    status: str, expected: set[str], reader: Client, accountant: User, account: CustomerAccount
) -> None:
    late(account, 5, "100.00", by=accountant, number="LATE-1")
    late(account, -5, "100.00", by=accountant, number="FRESH-1")
    contested = late(account, 5, "100.00", by=accountant, number="DISPUTED-1").items.get()
    services.dispute_amount(item_id=contested.pk, amount=Decimal(30), on=TODAY, by=accountant, at=NOW)
    paid = late(account, 5, "50.00", by=accountant, number="PAID-1").items.get()
    credit = make_credit(account, "50.00", by=accountant, at=NOW)
    services.allocate(from_item_id=credit.pk, to_item_id=paid.pk, amount=Decimal(50), by=accountant, at=NOW)
    response = reader.get(reverse("invoicing:list"), {"status": status})
    rows = {row.record.number: row.record for row in response.context["table"].page}
    assert set(rows) == expected


def test_search_filters_and_totals_go_together(
    reader: Client, accountant: User, company: Company, account: CustomerAccount
) -> None:
    dear = CustomerAccountFactory(company=company, name="Façades Mirabel")
    late(dear, 5, "70.00", by=accountant)
    late(dear, 10, "30.00", by=accountant)
    late(account, 5, "999.00", by=accountant)
    response = reader.get(reverse("invoicing:list"), {"q": "facades mirabel"})
    table = response.context["table"]
    assert len(table.page) == 2
    assert table.totals == {"total": Decimal("100.00"), "open_amount": Decimal("100.00")}


def test_two_currencies_are_never_added_up(reader: Client, accountant: User, company: Company) -> None:
    late(CustomerAccountFactory(company=company), 5, "100.00", by=accountant)
    late(CustomerAccountFactory(company=company, currency="USD"), 5, "40.00", by=accountant, currency="USD")
    response = reader.get(reverse("invoicing:list"))
    assert response.context["table"].totals == {}
    assert response.context["subtitle"] == "€100.00, $40.00 open"


def test_the_export_holds_the_filtered_rows(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    late(account, 5, "100.00", by=accountant, number="LATE-1")
    late(account, -5, "200.00", by=accountant, number="FRESH-1")
    response = reader.get(reverse("invoicing:list"), {"status": "overdue", "export": "csv"})
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(";")[0] for line in lines[1:]] == ["LATE-1"]


def test_open_items_of_a_past_day_are_those_of_that_day(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    item = late(account, 20, "100.00", by=accountant, number="LATE-1").items.get()
    credit = make_credit(account, "100.00", by=accountant, at=NOW)
    services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(100), by=accountant, at=NOW)
    assert len(reader.get(reverse("invoicing:items")).context["table"].rows) == 0
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    rows = reader.get(reverse("invoicing:items"), {"as_of": yesterday}).context["table"].rows
    assert [(row.record.document, row.record.open_on) for row in rows] == [("LATE-1", Decimal("100.00"))]


def test_the_page_of_an_invoice_shows_instalments_matches_and_what_is_left(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    parts = [
        Instalment(TODAY - timedelta(days=8), Decimal(60)),
        Instalment(TODAY + timedelta(days=9), Decimal(40)),
    ]
    invoice = late(account, -9, "100.00", by=accountant, number="2026/77", instalments=parts)
    first = invoice.items.get(instalment=1)
    credit = make_credit(account, "25.00", by=accountant, at=NOW)
    made = services.allocate(
        from_item_id=credit.pk, to_item_id=first.pk, amount=Decimal(25), by=accountant, at=NOW
    )
    services.dispute_amount(item_id=first.pk, amount=Decimal(10), on=TODAY, by=accountant, at=NOW)
    response = reader.get(reverse("invoicing:detail", args=["2026/77"]))
    page = response.context["page"]
    assert (page.open_amount, page.matched, page.disputed, page.days_late) == (75, 25, 10, 8)
    assert [item.open_on for item in page.items] == [35, 40]
    assert [(row.other, row.amount, row.letter) for row in page.matches] == [
        (credit.document, 25, made.letter)
    ]
    assert {event["title"] for event in page.events} == {"Invoice imported", "Matched", "Amount disputed"}


def test_a_payment_suggests_what_its_text_names_then_the_same_amount(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    named = late(account, 5, "80.00", by=accountant, number="FA-NAMED").items.get()
    late(account, 50, "30.00", by=accountant, number="FA-OLD")
    payment = make_payment(account, "100.00", by=accountant, at=NOW, reference="REGLT FA-NAMED")
    form = reader.get(reverse("invoicing:payment", args=[payment.pk])).context["match_form"]
    chosen = [(c.item.pk, c.suggested, c.reason) for c, _bound in form.rows if c.suggested]
    assert chosen == [(named.pk, Decimal("80.00"), "named")]
    exact = make_payment(account, "30.00", by=accountant, at=NOW, reference="no number")
    form = reader.get(reverse("invoicing:payment", args=[exact.pk])).context["match_form"]
    assert [(c.item.document, c.reason) for c, _bound in form.rows if c.suggested] == [
        ("FA-OLD", "same_amount")
    ]


def test_matching_books_the_amounts_and_undo_gives_them_back(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    one, two = (late(account, days, "60.00", by=accountant).items.get() for days in (20, 5))
    payment = make_payment(account, "100.00", by=accountant, at=NOW)
    credit = payment.items.get()
    url = reverse("invoicing:match", args=[credit.pk])
    response = reader.post(url, {f"item_{one.pk}": "60", f"item_{two.pk}": "12,50"}, follow=True)
    assert [message.message for message in response.context["messages"]] == ["€72.50 matched."]
    credit.refresh_from_db()
    assert credit.open_amount == Decimal("-27.50")
    keys = Allocation.objects.order_by("pk").values_list("pk", flat=True)
    undo = next(message.extra_tags for message in response.context["messages"])
    assert undo == reverse("invoicing:unmatch", args=["-".join(map(str, keys))])
    reader.post(undo)
    credit.refresh_from_db()
    assert credit.open_amount == Decimal("-100.00")
    rows = reader.get(reverse("invoicing:payment", args=[payment.pk])).context["page"].matches
    assert [(row.amount, row.undone, row.is_undoing) for row in rows if row.amount in {60, -60}] == [
        (-60, False, True),
        (60, True, False),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"one": "70"}, "The largest amount accepted is 60.00."),
        ({"one": "60", "two": "60"}, "The amounts come to more than is left of this credit."),
        ({}, "Write an amount beside at least one item."),
        ({"one": "sixty"}, "sixty"),
    ],
)
def test_amounts_that_do_not_fit_are_shown_again_and_nothing_is_matched(
    typed: dict[str, str], said: str, reader: Client, accountant: User, account: CustomerAccount
) -> None:
    items = {name: make_item(account, "60.00", by=accountant, at=NOW) for name in ("one", "two")}
    credit = make_credit(account, "100.00", by=accountant, at=NOW)
    data = {f"item_{items[name].pk}": value for name, value in typed.items()}
    response = reader.post(reverse("invoicing:match", args=[credit.pk]), data)
    assert response.status_code == 422
    assert said in text_of(response)
    assert not Allocation.objects.exists()


def test_the_sum_is_told_while_amounts_are_typed(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    item = make_item(account, "60.00", by=accountant, at=NOW)
    credit = make_credit(account, "100.00", by=accountant, at=NOW)
    response = reader.get(reverse("invoicing:match", args=[credit.pk]), {f"item_{item.pk}": "45,5"})
    assert (response.context["total"], response.context["rest"]) == (Decimal("45.50"), Decimal("54.50"))
    assert not Allocation.objects.exists()


def test_an_item_of_the_same_entity_is_offered_and_a_stranger_is_not(
    reader: Client, accountant: User, company: Company, account: CustomerAccount
) -> None:
    sister = CustomerAccountFactory(company=company, entity=account.entity)
    of_sister = make_item(sister, "60.00", by=accountant, at=NOW)
    make_item(CustomerAccountFactory(company=company), "60.00", by=accountant, at=NOW)
    payment = make_payment(account, "10.00", by=accountant, at=NOW)
    form = reader.get(reverse("invoicing:payment", args=[payment.pk])).context["match_form"]
    assert [candidate.item for candidate, _bound in form.rows] == [of_sister]


def test_who_may_not_match_sees_the_payment_without_the_form(
    company: Company, accountant: User, account: CustomerAccount
) -> None:
    make_item(account, "60.00", by=accountant, at=NOW)
    payment = make_payment(account, "10.00", by=accountant, at=NOW)
    reader = signed_in(make_user("auditor", company))
    response = reader.get(reverse("invoicing:payment", args=[payment.pk]))
    assert response.status_code == 200
    assert response.context["credit"] is None
    assert reader.post(reverse("invoicing:match", args=[payment.items.get().pk])).status_code == 403
    assert reader.post(reverse("invoicing:unmatch", args=["1"])).status_code == 403


def test_money_nobody_knows_is_shown_to_those_who_see_every_client(
    company: Company, accountant: User, rep: User
) -> None:
    payment = make_payment(None, "10.00", by=accountant, company=company, at=NOW)
    url = reverse("invoicing:payment", args=[payment.pk])
    assert signed_in(accountant).get(url).status_code == 200
    assert signed_in(rep).get(url).status_code == 404


def test_payments_that_wait_stand_first(reader: Client, accountant: User, account: CustomerAccount) -> None:
    item = make_item(account, "50.00", by=accountant, at=NOW)
    done = make_payment(account, "50.00", by=accountant, at=NOW, external_id="DONE")
    make_payment(
        account, "20.00", by=accountant, at=NOW, received=TODAY - timedelta(days=9), external_id="WAITS"
    )
    services.allocate(
        from_item_id=done.items.get().pk, to_item_id=item.pk, amount=Decimal(50), by=accountant, at=NOW
    )
    rows = reader.get(reverse("invoicing:payments")).context["table"].page
    assert [(row.record.external_id, row.record.status) for row in rows] == [
        ("WAITS", "unallocated"),
        ("DONE", "matched"),
    ]


def test_an_order_is_invoiced_with_one_button(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    order = make_confirmed_order(account, by=accountant, delivered=("10",))
    url = reverse("invoicing:from_order", args=[order.number])
    response = reader.post(url)
    invoice = Invoice.objects.get(order=order)
    assert response.headers["Location"] == reverse("invoicing:detail", args=[invoice.number])
    assert invoice.total_incl_vat == Decimal("1200.00")
    again = reader.post(url, follow=True)
    assert [m.message for m in again.context["messages"]][
        -1
    ] == "Everything delivered has been invoiced already."
    assert Invoice.objects.count() == 1


def test_only_those_who_issue_invoices_invoice_an_order(
    company: Company, accountant: User, account: CustomerAccount
) -> None:
    order = make_confirmed_order(account, by=accountant, delivered=("10",))
    url = reverse("invoicing:from_order", args=[order.number])
    assert signed_in(make_user("credit_manager", company)).post(url).status_code == 403
    assert signed_in(accountant).get(url).status_code == 405
    assert signed_in(accountant).post(reverse("invoicing:from_order", args=["NONE"])).status_code == 404
    assert not Invoice.objects.exists()


def test_the_panel_of_a_client_adds_up_to_its_open_items(
    reader: Client, accountant: User, account: CustomerAccount
) -> None:
    for days in range(1, 11):
        late(account, days, "10.00", by=accountant)
    make_payment(account, "25.00", by=accountant, at=NOW)
    response = reader.get(reverse("invoicing:panel", args=[account.code]))
    assert response.context["count"] == 11
    assert [row.open_amount for row in response.context["totals"]] == [Decimal("75.00")]
    assert len(response.context["items"]) == 8
