"""Causes and alternatives over the API: proposed, simulated in combination, refused with the place of the mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import CustomerAccount, User
from credit.models import CreditLimit
from invoicing.models import DisputedAmount
from o2c.shared.calendar import add_business_days, paris_date
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.orders import give_limit, open_item, submitted

from .conftest import order_body

pytestmark = pytest.mark.django_db
Speak = Callable[[str], APIClient]
ORDERS = "/api/v1/orders/"


def today() -> date:
    return paris_date(timezone.now())


def day(offset: int) -> date:
    return today() + timedelta(days=offset)


def held(api: Speak, number: str = "ORD-1", net: str = "5000.00") -> str:
    """6 000 incl. VAT, to be delivered in a week."""
    body = order_body(number, net, submit=True, requested_delivery=day(7).isoformat())
    answer = api("adv").post(ORDERS, body)
    assert answer.json()["status"] == "on_hold", answer.json()
    return f"{ORDERS}{number}/alternatives/"


@pytest.fixture
def book(account: CustomerAccount) -> dict[str, str]:
    """9 000 open beside a limit of 10 000: 2 000 late, 3 000 and 4 000 ahead."""
    items = {
        "late": open_item(account, "2000", due=day(-30), document="F1"),
        "soon": open_item(account, "3000", due=day(20), document="F2"),
        "later": open_item(account, "4000", due=day(40), document="F3"),
    }
    return {name: str(item.pk) for name, item in items.items()}


def by_kind(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["kind"]: found for found in answer["alternatives"]}


def test_causes_and_alternatives_of_a_held_order(api: Speak, book: dict[str, str]) -> None:
    answer = api("sales").get(held(api)).json()
    assert answer["over_limit_by"] == "5000.00"
    assert [(cause["code"], cause["amount"]) for cause in answer["causes"]] == [("LATE_PAYMENT", "2000.00")]
    assert answer["causes"][0]["figures"] == {"oldest_days": 30}
    # Late money within a week, then F2: 5 000 short until both are in.
    assert answer["none"]["within_limit_from"] >= day(20).isoformat()
    assert answer["none"]["curve"][0] == {
        "date": today().isoformat(), "exposure": "15000.00", "limit": "10000.00",
    }  # fmt: skip
    found = by_kind(answer)
    assert list(found) == ["DEPOSIT", "EARLY_PAYMENT", "OVERDUE_SCHEDULE", "SHORTER_TERM", "TEMPORARY_LIMIT"]
    deposit = found["DEPOSIT"]
    assert deposit["amount"] == "5100.00"
    assert deposit["within_limit_from"] == deposit["date"] == add_business_days(today(), 3).isoformat()
    assert found["EARLY_PAYMENT"]["refs"] == [book["soon"], book["later"]]
    assert found["OVERDUE_SCHEDULE"]["refs"] == [book["late"]]
    assert sum(Decimal(part["amount"]) for part in found["OVERDUE_SCHEDULE"]["instalments"]) == 2000
    assert found["TEMPORARY_LIMIT"]["amount"] == "5000.00"
    assert found["TEMPORARY_LIMIT"]["days_to_within_limit"] == 0


def test_the_question_answers_the_same(api: Speak, book: dict[str, str]) -> None:
    asked = {"amount": "6000.00", "delivery_date": day(7).isoformat()}
    check = api("sales").post("/api/v1/accounts/C0001/credit-check/", asked).json()
    answer = api("sales").get(held(api)).json()
    assert check["alternatives"] == answer["alternatives"]
    assert check["causes"] == answer["causes"]
    assert (
        check["release_expected_on"] == answer["release_expected_on"] == answer["none"]["within_limit_from"]
    )
    # What the order was held for is kept with it.
    order = api("sales").get(f"{ORDERS}ORD-1/").json()
    assert order["credit_decision"]["causes"] == answer["causes"]


def test_whether_it_fits_on_its_delivery_day(api: Speak, book: dict[str, str]) -> None:
    def asked(days: int) -> Any:
        body = {"amount": "6000.00", "delivery_date": day(days).isoformat()}
        return api("sales").post("/api/v1/accounts/C0001/credit-check/", body).json()

    soon, late = asked(1), asked(90)
    assert soon["on_delivery"] == {
        "day": day(1).isoformat(),
        "exposure": "15000.00",
        "limit": "10000.00",
        "over_by": "5000.00",
        "fits_from": soon["release_expected_on"],
    }
    # Every invoice is expected by then: the order alone is left.
    assert (late["on_delivery"]["exposure"], late["on_delivery"]["over_by"]) == ("6000.00", "0.00")
    for none in (0, 500):
        assert asked(none)["on_delivery"] is None


def test_measures_are_simulated_together(api: Speak, book: dict[str, str]) -> None:
    url = held(api)
    measures: list[dict[str, Any]] = [
        {"kind": "DEPOSIT", "amount": "2000.00", "date": day(3).isoformat()},
        {"kind": "TEMPORARY_LIMIT", "amount": "3000.00", "until": day(90).isoformat()},
    ]
    both = api("credit").post(url, {"measures": measures}).json()["simulated"]
    one = api("credit").post(url, {"measures": measures[:1], "mode": "simulate"}).json()["simulated"]
    assert (both["within_limit_from"], both["days_to_within_limit"]) == (day(3).isoformat(), 3)
    assert one["within_limit_from"] > day(3).isoformat()
    assert both["over_limit_at_start"] == "5000.00"
    assert both["curve"][0]["limit"] == "13000.00"


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ({"kind": "DEPOSIT", "amount": "6000.01", "date": "+3"}, "more than the order"),
        ({"kind": "DEPOSIT", "amount": "-1.00", "date": "+3"}, "above zero"),
        ({"kind": "DEPOSIT", "amount": "10.00", "date": "-1"}, "from today on"),
        ({"kind": "DEPOSIT", "amount": "10.00"}, "from today on"),
        ({"kind": "EARLY_PAYMENT", "refs": ["999999"], "date": "+3"}, "open invoices of this client"),
        ({"kind": "EARLY_PAYMENT", "refs": [], "date": "+3"}, "open invoices of this client"),
        ({"kind": "OVERDUE_SCHEDULE", "refs": ["soon"], "instalments": []}, "not due yet"),
        ({"kind": "OVERDUE_SCHEDULE", "refs": ["late"], "instalments": []}, "between 1 and 12"),
        ({"kind": "SHORTER_TERM", "expected_payment_date": "+119"}, "present term"),
        ({"kind": "TEMPORARY_LIMIT", "amount": "10.00", "until": "+200"}, "within 120 days"),
    ],
)
def test_a_measure_that_cannot_be_says_why(
    api: Speak, book: dict[str, str], measure: dict[str, Any], words: str
) -> None:
    for name in ("date", "until", "expected_payment_date"):
        if name in measure:
            measure = {**measure, name: day(int(measure[name])).isoformat()}
    if "refs" in measure:
        measure = {**measure, "refs": [book.get(ref, ref) for ref in measure["refs"]]}
    answer = api("sales").post(held(api), {"measures": [measure]})
    assert answer.status_code == 400
    assert words in answer.json()["errors"]["measures.0"][0]


def test_more_instalments_than_debt_and_one_invoice_twice(api: Speak, book: dict[str, str]) -> None:
    url = held(api)
    calendar = {
        "kind": "OVERDUE_SCHEDULE",
        "refs": [book["late"]],
        "instalments": [{"date": day(5).isoformat(), "amount": "2000.01"}],
    }
    too_much = api("sales").post(url, {"measures": [calendar]})
    assert "more than what is open" in too_much.json()["errors"]["measures.0"][0]
    calendar["instalments"] = [{"date": day(5).isoformat(), "amount": "2000.00"}]
    early = {"kind": "EARLY_PAYMENT", "refs": [book["late"]], "date": day(3).isoformat()}
    twice = api("sales").post(url, {"measures": [calendar, early]})
    assert "not both" in twice.json()["errors"]["measures.1"][0]
    again = api("sales").post(url, {"measures": [early, early]})
    assert "once" in again.json()["errors"]["measures.1"][0]


def test_what_is_disputed_is_a_cause_and_nobody_is_asked_to_pay_it(
    api: Speak, account: CustomerAccount, book: dict[str, str], people: dict[str, User]
) -> None:
    DisputedAmount.objects.create(
        item_id=int(book["late"]), account=account, amount=Decimal(2000), effective_from=today(),
        recorded_at=timezone.now(),
    )  # fmt: skip
    answer = api("sales").get(held(api)).json()
    assert [(cause["code"], cause["amount"]) for cause in answer["causes"]] == [("OPEN_DISPUTE", "2000.00")]
    assert "OVERDUE_SCHEDULE" not in by_kind(answer)


def test_an_exceptional_order_and_a_lowered_limit_are_causes(
    api: Speak, account: CustomerAccount, people: dict[str, User]
) -> None:
    for _number in range(3):
        submitted(account, "1000", by=people["adv"])
    CreditLimit.objects.update(closed_on=today() - timedelta(days=10), amount=Decimal(15000))
    give_limit(account, "8000", valid_from=today() - timedelta(days=10), decided_by=people["credit"])
    answer = api("sales").get(held(api, net="6000.00")).json()
    causes = {cause["code"]: cause for cause in answer["causes"]}
    assert set(causes) == {"EXCEPTIONAL_ORDERS", "LIMIT_REDUCED"}
    assert causes["EXCEPTIONAL_ORDERS"]["amount"] == "6200.00"
    assert causes["EXCEPTIONAL_ORDERS"]["figures"]["mean"] == "1000.00"
    assert causes["LIMIT_REDUCED"]["amount"] == "7000.00"
    assert causes["LIMIT_REDUCED"]["figures"]["since"] == (today() - timedelta(days=10)).isoformat()


def test_a_level_above_that_does_not_fit_is_waited_for(api: Speak, account: CustomerAccount) -> None:
    """The account fits soon; its legal entity, whose sister owes more, only later."""
    sister = CustomerAccountFactory(company=account.company, entity=account.entity)
    give_limit(account, "20000", at_entity=True)
    open_item(account, "9000", due=day(10))
    open_item(sister, "21000", due=day(60), document="SISTER")
    answer = api("sales").get(held(api)).json()
    assert answer["over_limit_by"] == "16000.00"
    assert answer["none"]["within_limit_from"] >= day(60).isoformat()
    assert "SISTER" not in str(answer)
    # Its steps would be the sister's invoices: who may not see these gets the dates alone.
    assert "curve" not in answer["none"]
    assert (
        "curve" not in api("sales").post(f"{ORDERS}ORD-1/alternatives/", {"measures": []}).json()["simulated"]
    )
    assert "curve" in api("credit").get(f"{ORDERS}ORD-1/alternatives/").json()["none"]
    # Not even the whole order in advance makes it fit.
    assert "DEPOSIT" not in by_kind(answer)


def test_a_reason_that_money_does_not_lift_has_no_date(api: Speak, account: CustomerAccount) -> None:
    api("credit").post("/api/v1/accounts/C0001/block/", {"reason": "Fraud", "review_on": day(9).isoformat()})
    answer = api("sales").get(held(api, net="100.00")).json()
    assert (answer["alternatives"], answer["release_expected_on"]) == ([], None)


def test_nothing_is_stored_and_an_ended_order_has_no_future(api: Speak, book: dict[str, str]) -> None:
    url = held(api)
    before = api("sales").get(f"{ORDERS}ORD-1/").json()
    api("sales").post(url, {"measures": []})
    assert api("sales").get(f"{ORDERS}ORD-1/").json() == before
    assert api("sales2").get(url).status_code == 404
    api("adv").post(f"{ORDERS}ORD-1/cancel/", {"reason": "withdrawn"})
    assert api("sales").get(url).status_code == 409


def test_what_is_in_credit_is_deducted_from_what_is_paid_next(api: Speak, account: CustomerAccount) -> None:
    open_item(account, "-3000", document="PAY")
    open_item(account, "3000", due=day(10), document="A")
    open_item(account, "9000", due=day(30), document="B")
    answer = api("sales").get(held(api)).json()
    # Net 9 000: the 3 000 in credit will settle A, so that only B brings money.
    exposures = [Decimal(point["exposure"]) for point in answer["none"]["curve"]]
    assert exposures[:2] == [Decimal(15000), Decimal(6000)]


def test_it_costs_the_same_with_more_items(
    api: Speak, account: CustomerAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    open_item(account, "6000", due=day(10))
    url, client = held(api), api("sales")
    with CaptureQueriesContext(connection) as one:
        assert client.get(url).status_code == 200
    for number in range(3):
        open_item(account, "500", due=day(number * 20 - 20))
    with django_assert_num_queries(len(one)):
        assert len(client.get(url).json()["alternatives"]) == 5
