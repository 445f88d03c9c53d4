"""Money that is not good yet still counts: per method, by the day, in exposure, deposits and on the pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User
from credit.exposure import Cuts, read
from invoicing import clearing_policy, proofs, queries, services
from invoicing.clearing import days_of
from invoicing.enums import Objection
from invoicing.expected.queries import expected_parts
from invoicing.models import ClearingDays, Payment
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_confirmed_order, make_item, make_payment

D = Decimal
CLEARS = date(2026, 12, 3)  # the eighth business day after Monday, 23 November


def exposure(account: CustomerAccount, on: date = TODAY) -> dict[str, Decimal]:
    """The parts that are not zero, with gross and net."""
    figures = read([account.pk], currency="EUR", cuts=Cuts.on(on)).of(account.pk).exposure()
    return {code: amount for code, amount in figures.items() if amount} | {"net": figures.net}


@pytest.mark.parametrize(
    ("method", "good"),
    [
        ("cheque", CLEARS),
        ("direct_debit", date(2026, 11, 30)),
        ("sdd_b2b", date(2026, 11, 26)),
        ("lcr", date(2026, 11, 27)),
        ("bor", date(2026, 11, 27)),
        ("transfer", None),
        ("card", None),
        ("offset", None),
    ],
)
def test_business_days_by_method(method: str, good: date | None) -> None:
    assert clearing_policy.clears_on(TODAY, method, clearing_policy.DEFAULT_DAYS) == good


@pytest.mark.parametrize(
    ("method", "days", "said"),
    [
        ("sdd_b2b", 3, None),
        ("sdd_b2b", 4, Objection.NO_REFUND),
        ("direct_debit", 56, None),
        ("direct_debit", 57, Objection.UNAUTHORISED_ONLY),
        ("direct_debit", 395, Objection.UNAUTHORISED_ONLY),  # 23 December 2027, thirteen months later
        ("direct_debit", 396, Objection.TOO_LATE),
        ("cheque", 400, None),
    ],
)
def test_what_the_bank_may_take_back_under_each_scheme(
    method: str, days: int, said: Objection | None
) -> None:
    assert clearing_policy.objection(TODAY, method, returned_on=TODAY + timedelta(days=days)) == said


def test_a_b2b_debit_is_never_refunded() -> None:
    assert clearing_policy.refundable_until(TODAY, "sdd_b2b") is None
    assert clearing_policy.reclaimable_until(TODAY, "sdd_b2b") is None
    assert clearing_policy.reclaimable_until(TODAY, "direct_debit") == date(2027, 12, 23)


@pytest.mark.parametrize(
    ("said", "of_client", "drawn"),
    [
        ("direct_debit", "sdd_b2b", "sdd_b2b"),
        ("direct_debit", "transfer", "direct_debit"),
        ("sdd_b2b", "direct_debit", "sdd_b2b"),
        ("transfer", "sdd_b2b", "transfer"),
    ],
)
def test_the_mandate_says_the_scheme_where_the_bank_does_not(said: str, of_client: str, drawn: str) -> None:
    assert clearing_policy.under_mandate(said, of_client) == drawn


def test_holidays_are_no_business_days() -> None:
    christmas = date(2026, 12, 24)
    assert clearing_policy.clears_on(christmas, "cheque", {"cheque": 1}) == date(2026, 12, 28)
    assert clearing_policy.refundable_until(TODAY, "direct_debit") == TODAY + timedelta(days=56)
    assert clearing_policy.refundable_until(TODAY, "cheque") is None


def test_a_matched_cheque_frees_nothing_until_it_is_good(account: CustomerAccount, accountant: User) -> None:
    owed = make_item(account, "1000", by=accountant)
    payment = make_payment(account, "1000", method="cheque", by=accountant)
    assert payment.clears_on == CLEARS
    assert exposure(account) == {
        "open_invoices": D(1000), "unallocated_payments": D(-1000), "bills_not_matured": D(1000), "net": D(1000)
    }  # fmt: skip
    services.allocate_payment(payment_id=payment.pk, items=[(owed.pk, D(1000))], by=accountant, at=AT)
    waits = {"bills_not_matured": D(1000), "net": D(1000)}
    assert exposure(account) == waits
    assert exposure(account, CLEARS - timedelta(days=1)) == waits
    assert exposure(account, CLEARS) == {"net": 0}
    assert not list(proofs.differences(company=account.company, today=TODAY))


def test_a_bill_waits_from_its_maturity_on(account: CustomerAccount, accountant: User) -> None:
    make_item(account, "1000", by=accountant)
    bill = make_payment(account, "1000", method="lcr", received=day(30), by=accountant)
    matures, good = day(30), date(2026, 12, 30)
    assert (bill.received_on, bill.clears_on) == (matures, good)
    assert exposure(account) == {"open_invoices": D(1000), "net": D(1000)}
    assert exposure(account, matures)["net"] == D(1000)
    assert exposure(account, good)["net"] == 0


def test_what_the_bank_took_back_waits_no_more(account: CustomerAccount, accountant: User) -> None:
    owed = make_item(account, "1000", by=accountant)
    payment = make_payment(account, "1000", method="cheque", by=accountant)
    services.allocate_payment(payment_id=payment.pk, items=[(owed.pk, D(1000))], by=accountant, at=AT)
    services.return_payment(
        payment_id=payment.pk, returned_on=day(0), reason="Unpaid", fee=None, by=accountant, at=AT
    )
    assert exposure(account) == {"open_invoices": D(1000), "net": D(1000)}
    services.undo_return(payment_id=payment.pk, by=accountant, at=AT)
    assert exposure(account) == {"bills_not_matured": D(1000), "net": D(1000)}


def test_a_cheque_is_no_deposit_that_is_there(account: CustomerAccount, accountant: User) -> None:
    order = make_confirmed_order(account, by=accountant)
    before = exposure(account)["net"]
    make_payment(account, "400", method="cheque", order=order, by=accountant)
    make_payment(account, "100", order=order, by=accountant)
    assert exposure(account)["net"] == before - 100
    assert queries.deposit_received(order_id=order.pk, on=TODAY) == D(100)
    assert queries.deposit_received(order_id=order.pk, on=CLEARS) == D(500)
    assert exposure(account, CLEARS)["net"] == before - 500


def test_payments_by_the_thousand_wait_too(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    row = services.PaymentRow(account, "BANK-1", TODAY, D(100), "EUR", PaymentMethod.CHEQUE, "hash")
    services.enter_payments(company=company, rows=[row], by=accountant, at=AT)
    assert Payment.objects.get().clears_on == CLEARS


def test_the_database_refuses_money_that_is_good_before_it_came(
    account: CustomerAccount, accountant: User
) -> None:
    payment = make_payment(account, "100", by=accountant)
    payment.clears_on = payment.received_on
    with pytest.raises(IntegrityError, match="payment_clears_after_it_came"), transaction.atomic():
        payment.save()
    row = ClearingDays.objects.create(company=account.company, method="card", days=2)
    row.days = 61
    with pytest.raises(IntegrityError, match="clearing_days_within_a_season"), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError, match="clearing_days_once_per_method"), transaction.atomic():
        ClearingDays.objects.create(company=account.company, method="card", days=3)


def test_a_company_sets_its_days_for_what_comes_from_then_on(company: Company, accountant: User) -> None:
    account = CustomerAccountFactory(company=company, payment_method=PaymentMethod.LCR)
    before = make_payment(account, "10", method="cheque", by=accountant)
    director = make_user("finance_director", company)
    with pytest.raises(NotAllowed):
        services.set_clearing_days(company=company, days={"cheque": 2}, by=accountant, at=AT)
    for wrong in ({"cheque": 61}, {"cheque": -1}, {"cash": 1}):
        with pytest.raises(Invalid):
            services.set_clearing_days(company=company, days=wrong, by=director, at=AT)
    for _again in range(2):
        services.set_clearing_days(
            company=company, days={"cheque": 2, "lcr": 10, "transfer": 0}, by=director, at=AT
        )
    event = AuditEvent.objects.get(action="clearing.days_changed")
    assert (event.before, event.after) == ({"cheque": 8, "lcr": 4}, {"cheque": 2, "lcr": 10})
    after = make_payment(account, "10", method="cheque", by=accountant)
    before.refresh_from_db()
    assert (before.clears_on, after.clears_on) == (CLEARS, date(2026, 11, 25))
    other = CompanyFactory(code="ELSE")
    assert days_of([company.pk, other.pk])[other.pk] == dict(clearing_policy.DEFAULT_DAYS)
    # The forecast waits as long: a bill of a client who pays so.
    item = make_item(account, "100", due=day(10), by=accountant)
    items = queries.items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).filter(pk=item.pk)
    (part,) = expected_parts(items.select_related("account"), on=TODAY)
    assert part.expected.day == date(2026, 12, 17)


def test_exposure_reads_as_many_statements_whatever_waits(account: CustomerAccount, accountant: User) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            exposure(account)
        return len(asked)

    make_payment(account, "10", method="cheque", by=accountant)
    one = statements()
    for _more in range(3):
        make_payment(account, "10", method="cheque", by=accountant)
    assert statements() == one


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(accountant: User) -> Client:
    client = Client()
    client.force_login(accountant)
    return client


@pytest.mark.time_machine(AT)
def test_the_payment_says_when_it_is_good(
    account: CustomerAccount, accountant: User, browser: Client
) -> None:
    payment = make_payment(account, "400", method="cheque", by=accountant)
    debit = make_payment(account, "300", method="direct_debit", by=accountant)
    plain = make_payment(account, "200", by=accountant)
    pages = [
        browser.get(
            reverse("invoicing:payment", args=[each.pk]), headers={"accept-language": "en"}
        ).content.decode()
        for each in (payment, debit, plain)
    ]
    assert ["Not yet cleared" in page for page in pages] == [True, True, False]
    assert ["Refundable until" in page for page in pages] == [False, True, False]
    found = browser.get(reverse("invoicing:payments"), {"state": "clearing"}).content.decode()
    assert payment.external_id in found
    assert plain.external_id not in found
    client_page = browser.get(reverse("accounts:detail", args=[account.code])).content.decode()
    assert f"account={account.code}&amp;state=clearing" in client_page


def test_the_days_are_read_by_all_and_set_by_few(company: Company, accountant: User, browser: Client) -> None:
    address = reverse("invoicing:clearing")
    page = browser.get(address, headers={"accept-language": "en"}).content.decode()
    assert 'name="cheque"' in page
    assert "The finance director and the chief executive set these." in page
    body = dict.fromkeys(PaymentMethod.values, "1")
    assert browser.post(address, body).status_code == 403
    director = Client()
    director.force_login(make_user("finance_director", company))
    assert director.post(address, body | {"cheque": "99"}).status_code == 422
    assert director.post(address, body | {"cheque": "12"}).status_code == 302
    assert days_of([company.pk])[company.pk]["cheque"] == 12


@pytest.mark.time_machine(AT)
def test_a_b2b_debit_taken_back_late_is_to_be_objected_to(
    account: CustomerAccount, accountant: User, browser: Client
) -> None:
    late = make_payment(account, "300", method="sdd_b2b", received=day(-10), by=accountant)
    core = make_payment(account, "400", method="direct_debit", received=day(-10), by=accountant)
    for each in (late, core):
        services.return_payment(payment_id=each.pk, returned_on=day(0), reason="MD06", by=accountant, at=AT)
    pages = [
        browser.get(
            reverse("invoicing:payment", args=[each.pk]), headers={"accept-language": "en"}
        ).content.decode()
        for each in (late, core)
    ]
    assert ["Object to your bank" in page for page in pages] == [True, False]


# --- by the API ----------------------------------------------------------------------------------------------------


def test_the_days_by_the_api_need_the_rights_of_the_page(company: Company, accountant: User) -> None:
    def ask(user: User, method: str, body: object = None) -> Any:
        client = APIClient()
        client.force_authenticate(user)
        return getattr(client, method)("/api/v1/clearing-days/", body, format="json")

    defaults = dict.fromkeys(PaymentMethod.values, 0) | dict(clearing_policy.DEFAULT_DAYS)
    assert ask(accountant, "get").json() == defaults
    assert ask(accountant, "patch", {"cheque": 3}).status_code == 403
    director = make_user("finance_director", company)
    for wrong in ({"cheque": 61}, {"cheque": -1}, {"cheque": "many"}):
        answer = ask(director, "patch", wrong)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cheque"])
    answer = ask(director, "patch", {"cheque": 3})
    assert (answer.status_code, answer.json()) == (200, defaults | {"cheque": 3})
    assert days_of([company.pk])[company.pk]["cheque"] == 3


def test_payments_by_the_api_say_how_long_they_may_go_back(
    account: CustomerAccount, accountant: User
) -> None:
    client = APIClient()
    client.force_authenticate(accountant)
    body = {
        "account": account.code, "date": "2026-11-23", "amount": "10.00", "currency": "EUR",
        "reference": "x",
    }  # fmt: skip
    core = client.post(
        "/api/v1/payments/", body | {"external_id": "C", "method": "direct_debit"}, format="json"
    )
    b2b = client.post("/api/v1/payments/", body | {"external_id": "B", "method": "sdd_b2b"}, format="json")
    told = [(row["refundable_until"], row["reclaimable_until"]) for row in (core.json(), b2b.json())]
    assert told == [("2027-01-18", "2027-12-23"), (None, None)]
