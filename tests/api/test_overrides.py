"""Override requests over the API: asked, listed, answered; codes of the contract."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import CustomerAccount
from orders.models import OverrideDocument, Release
from tests.factories.accounts import CustomerAccountFactory

from .conftest import order_body

pytestmark = pytest.mark.django_db
Speak = Callable[[str], APIClient]
ORDERS, REQUESTS = "/api/v1/orders/", "/api/v1/override-requests/"


def held(api: Speak, number: str = "ORD-1", net: str = "10000.00") -> str:
    """12 000 incl. VAT against a limit of 10 000."""
    answer = api("adv").post(ORDERS, order_body(number, net, submit=True))
    assert answer.json()["status"] == "on_hold"
    return f"{ORDERS}{number}/"


def ask(api: Speak, order: str, who: str = "sales", **body: Any) -> Any:
    return api(who).post(f"{order}override-requests/", {"reason": "Signed", **body})


def test_a_request_is_made_listed_and_approved(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    content = base64.b64encode(b"%PDF-1.7").decode()
    answer = ask(
        api,
        order,
        amount="13000.00",
        valid_until=None,
        alternative={"kind": "DEPOSIT", "amount": "3600.00"},
        documents=[{"name": "bc.pdf", "content": content}],
    )
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["status"] == "open"
    assert made["amount"] == "13000.00"
    assert made["over_limit_by"] == "2000.00"
    assert made["codes"] == ["OVER_LIMIT"]
    assert made["required_role"] == "credit_analyst"
    assert made["alternative"] == {"kind": "DEPOSIT", "amount": "3600.00"}
    assert [document["name"] for document in made["documents"]] == ["bc.pdf"]
    assert made["facts"]["decision"] == "hold"

    listed = api("credit").get(f"{REQUESTS}?status=open").json()
    assert [row["id"] for row in listed["results"]] == [made["id"]]
    done = api("credit").post(f"{REQUESTS}{made['id']}/approve/", {"reason": "Paid on time"})
    assert done.status_code == 200
    assert (done.json()["status"], done.json()["decided_by"]) == ("approved", "credit")
    assert api("credit").get(order).json()["status"] == "confirmed"
    assert api("credit").get(f"{REQUESTS}?status=open").json()["count"] == 0
    again = api("credit").post(f"{REQUESTS}{made['id']}/approve/", {"reason": "Paid on time"})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_the_same_wish_again_is_a_replay_and_another_a_conflict(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    first = ask(api, order, amount="13000.00")
    again = ask(api, order, amount="13000")
    assert again.status_code == 200
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.json()["id"] == first.json()["id"]
    other = ask(api, order, amount="14000.00")
    assert (other.status_code, other.json()["code"]) == (409, "already_requested")
    somebody = ask(api, order, "adv", amount="13000.00")
    assert (somebody.status_code, somebody.json()["code"]) == (409, "already_requested")


def test_a_key_makes_one_request(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    client = api("sales")
    first = client.post(f"{order}override-requests/", {"reason": "Signed"}, headers={"Idempotency-Key": "k1"})
    again = client.post(f"{order}override-requests/", {"reason": "Signed"}, headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert again.status_code == 201


def test_authority_and_four_eyes_have_their_codes(api: Speak, account: CustomerAccount) -> None:
    big = ask(api, held(api, "ORD-2", "30000.00")).json()["id"]
    above = api("analyst").post(f"{REQUESTS}{big}/approve/", {"reason": "ok"})
    assert above.status_code == 403
    assert (above.json()["code"], above.json()["required_role"]) == ("authority_exceeded", "credit_manager")
    no_right = api("sales").post(f"{REQUESTS}{big}/refuse/", {"reason": "ok"})
    assert no_right.status_code == 403
    submitter = api("adv").post(f"{REQUESTS}{big}/approve/", {"reason": "ok"})
    assert (submitter.status_code, submitter.json()["code"]) == (403, "four_eyes")
    own = ask(api, held(api, "ORD-3"), "credit").json()["id"]
    answer = api("credit").post(f"{REQUESTS}{own}/approve/", {"reason": "ok"})
    assert (answer.status_code, answer.json()["code"]) == (403, "four_eyes")


def test_a_refusal_leaves_the_order_on_hold(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    made = ask(api, order).json()["id"]
    empty = api("credit").post(f"{REQUESTS}{made}/refuse/", {"reason": ""})
    assert (empty.status_code, list(empty.json()["errors"])) == (400, ["reason"])
    answer = api("credit").post(f"{REQUESTS}{made}/refuse/", {"reason": "Pay first"})
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")
    assert api("credit").get(order).json()["status"] == "on_hold"


def test_withdrawn_by_who_asked(api: Speak, account: CustomerAccount) -> None:
    made = ask(api, held(api)).json()["id"]
    assert api("adv").post(f"{REQUESTS}{made}/withdraw/").status_code == 403
    assert api("sales").post(f"{REQUESTS}{made}/withdraw/").json()["status"] == "withdrawn"


def test_outside_the_portfolio_there_is_nothing(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    made = ask(api, order).json()["id"]
    other = api("sales2")
    assert ask(api, order, "sales2").status_code == 404
    assert other.get(f"{REQUESTS}{made}/").status_code == 404
    assert other.post(f"{REQUESTS}{made}/approve/", {"reason": "x"}).status_code == 404
    assert other.get(REQUESTS).json()["count"] == 0
    assert api("credit").get(f"{REQUESTS}999/").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"amount": "1.00"}, "amount"),
        ({"amount": "x"}, "amount"),
        ({"alternative": {"kind": "X"}}, "alternative"),
        ({"alternative": "X"}, "alternative"),
        ({"documents": [{"name": "a.exe", "content": "TVo="}]}, "documents"),
        ({"documents": [{"name": "a.pdf", "content": "not base64"}]}, "documents"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
    ],
)
def test_what_cannot_be_read_names_its_field(
    api: Speak, account: CustomerAccount, body: dict[str, Any], field: str
) -> None:
    answer = ask(api, held(api), **body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not OverrideDocument.objects.exists()


def test_a_release_takes_scope_and_conditions(api: Speak, account: CustomerAccount) -> None:
    order = held(api)
    unknown = api("credit").post(
        f"{order}release/", {"comment": "ok", "conditions": [{"kind": "DEPOSIT", "amount": "10.00"}]}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (400, "condition_unknown")
    answer = api("credit").post(
        f"{order}release/",
        {"comment": "ok", "scope": "amount", "amount": "12500.00", "conditions": ["Call first"]},
    )
    assert answer.status_code == 200
    release = Release.objects.get()
    assert release.conditions == [{"kind": "text", "text": "Call first"}]
    assert release.scope == "amount"


def test_the_list_costs_the_same_however_long_it_is(
    api: Speak, account: CustomerAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api("credit")
    ask(api, held(api, "ORD-1"))
    client.get(REQUESTS)
    with django_assert_num_queries(8):
        assert client.get(REQUESTS).json()["count"] == 1
    CustomerAccountFactory(company=account.company)
    for number in ("ORD-2", "ORD-3"):
        ask(api, held(api, number))
    with django_assert_num_queries(8):
        assert client.get(REQUESTS).json()["count"] == 3
