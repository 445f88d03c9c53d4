"""Disputes over the API, as the contract writes them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from disputes.models import Dispute
from o2c.shared.calendar import paris_date
from tests.factories.invoicing import make_invoice

pytestmark = pytest.mark.django_db

URL = "/api/v1/disputes/"


@pytest.fixture
def invoice(account, people):
    return make_invoice(account, "1000.00", by=people["accountant"], number="F-1", at=timezone.now())


@pytest.fixture
def opened(api, invoice):
    body = {"invoice": "F-1", "type": "QUANTITY", "amount": "400.00", "origin": "call", "comment": "missing"}
    answer = api("adv").post(URL, body)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def act(api, who: str, number: str, name: str, **body: object):
    return api(who).post(f"{URL}{number}/{name}/", body)


def test_a_dispute_is_answered_with_its_number_and_state(opened):
    assert (opened["status"], opened["amount"], opened["currency"], opened["invoice"]) == (
        "OPEN", "400.00", "EUR", "F-1",
    )  # fmt: skip
    assert opened["number"].startswith("LIT-")
    assert (opened["opened_by"], opened["owner"], opened["department"]) == ("adv", None, "LOGISTICS")


def test_items_show_what_is_disputed(api, opened, invoice):
    item = api("adv").get(f"/api/v1/items/{invoice.items.get().pk}/").json()
    assert item["disputed_amount"] == "400.00"


def test_qualified_proposed_and_resolved_with_a_credit_note(api, opened, invoice):
    number = opened["number"]
    assert (
        act(api, "adv", number, "resolve", outcome="CREDIT_NOTE", reason="x", root_cause="PICKING").json()[
            "code"
        ]
        == "wrong_state"
    )
    told = act(api, "adv", number, "qualify", owner="credit", agreed_due_on="2099-01-01").json()
    assert (told["status"], told["owner"], told["agreed_due_on"]) == ("QUALIFIED", "credit", "2099-01-01")
    assert act(api, "credit", number, "accept").json()["status"] == "IN_PROGRESS"
    assert act(api, "credit", number, "propose", proposal="credit").json()["status"] == "PROPOSED"
    done = act(
        api, "credit", number, "resolve", outcome="CREDIT_NOTE", amount="100.00", reason="counted",
        root_cause="picking",
    )  # fmt: skip
    assert done.status_code == 200, done.json()
    told = done.json()
    assert (told["status"], told["outcome"], told["outcome_amount"]) == ("CLOSED", "CREDIT_NOTE", "100.00")
    assert api("adv").get("/api/v1/invoices/F-1/").json()["open_amount"] == "900.00"
    assert act(api, "adv", number, "reopen", reason="again").json()["status"] == "REOPENED"
    assert act(api, "adv", number, "reject", reason="no").json()["status"] == "REJECTED"
    assert act(api, "adv", number, "reopen").json()["code"] == "reopened_before"


def test_what_a_rule_refuses_is_422_with_its_reason(api, opened):
    body = {"invoice": "F-1", "type": "PRICE", "amount": "600.01", "origin": "mail"}
    told = api("adv").post(URL, body)
    assert (told.status_code, told.json()["code"]) == (422, "over_disputed")
    assert "600.00 is in no dispute yet" in told.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"invoice": "F-1", "item": 1}])
def test_either_an_invoice_or_an_item_is_named(api, invoice, body):
    told = api("adv").post(URL, body | {"type": "PRICE"})
    assert (told.status_code, list(told.json()["errors"])) == (400, ["invoice"])


def test_an_older_version_is_told_and_nothing_is_lost(api, opened):
    url = f"{URL}{opened['number']}/"
    first = api("adv").patch(url, {"comment": "two pallets", "version": opened["version"]})
    second = api("credit").patch(url, {"comment": "one pallet", "version": opened["version"]})
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "changed_meanwhile")
    assert api("adv").get(url).json()["comment"] == "two pallets"


def test_the_list_filters(api, opened):
    def numbers(query: str) -> list[str]:
        return [row["number"] for row in api("auditor").get(f"{URL}?{query}").json()["results"]]

    number = opened["number"]
    today = paris_date(timezone.now())
    assert numbers("open=1") == numbers("account=C0001") == numbers("invoice=F-1") == [number]
    assert numbers(f"opened_on={today}") == numbers("search=acme") == [number]
    assert numbers("open=0") == numbers("status=CLOSED") == numbers("owner=adv") == []


def test_rights(api, opened, other_account):
    number = opened["number"]
    assert api("sales2").get(f"{URL}{number}/").status_code == 404
    assert act(api, "sales", number, "resolve", outcome="GOODWILL", reason="x").status_code == 403
    assert act(api, "auditor", number, "qualify", owner="adv").status_code == 403
    unknown = act(api, "adv", number, "qualify", owner="nobody")
    assert (unknown.status_code, list(unknown.json()["errors"])) == (400, ["owner"])
    assert act(api, "accountant", number, "withdraw").status_code == 403


def test_waiting_commenting_assigning_withdrawing(api, opened):
    number = opened["number"]
    assert act(api, "adv", number, "assign", owner="accountant").json()["status"] == "QUALIFIED"
    assert act(api, "accountant", number, "wait", waits_for="client").json()["status"] == "WAITING_CUSTOMER"
    assert act(api, "accountant", number, "resume").json()["status"] == "IN_PROGRESS"
    told = act(api, "sales", number, "comments", text="said so", answers_client=True).json()
    assert told["first_answered_at"] is not None
    assert act(api, "adv", number, "withdraw", reason="found").json()["status"] == "WITHDRAWN"


def test_goods_received(api, opened):
    number = opened["number"]
    act(api, "adv", number, "qualify", owner="adv")
    told = act(
        api, "credit", number, "resolve", outcome="RETURN", reason="x", root_cause="PRODUCT.DEFECT"
    ).json()
    assert told["status"] == "RESOLVED"
    assert act(api, "credit", number, "receive").json()["status"] == "CLOSED"
    assert Dispute.objects.get().credits.count() == 1
