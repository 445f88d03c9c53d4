"""Clients by HTTP: who sees which, opening once, changing, what is refused and how."""

from __future__ import annotations

import json

import pytest
from django.test.utils import CaptureQueriesContext

from accounts.models import Contact, CustomerAccount
from o2c.shared.models import AuditEvent
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db

ACCOUNTS = "/api/v1/accounts/"
NEW = {
    "code": "C0100",
    "name": "Étoile SARL",
    "siren": "443061841",
    "country": "FR",
    "address": {"line1": "1 rue de Lyon", "postcode": "69001", "city": "Lyon"},
    "currency": "EUR",
    "term": "30D_EOM",
    "sales_rep": "sales",
    "contacts": [{"name": "Ada Martin", "role": "BUYER", "email": "ada@etoile.example"}],
}


def test_a_stranger_is_told_to_sign_in(client):
    answer = client.get(ACCOUNTS)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


def test_a_token_comes_for_user_name_and_password(client, people):
    asked = {"username": "adv", "password": "demo"}
    answer = client.post("/api/v1/auth/token/", asked, content_type="application/json")
    assert answer.status_code == 200
    header = {"Authorization": f"Token {answer.json()['token']}"}
    assert client.get(ACCOUNTS, headers=header).status_code == 200


def test_wrong_passwords_are_refused_and_then_locked(client, people):
    wrong = {"username": "adv", "password": "wrong"}
    answers = [client.post("/api/v1/auth/token/", wrong, content_type="application/json") for _ in range(6)]
    assert [a.json()["code"] for a in answers[:4]] == ["bad_credentials"] * 4
    assert answers[0].status_code == 401
    assert (answers[5].status_code, answers[5].json()["code"]) == (429, "locked_out")
    assert answers[5]["Retry-After"] == "900"
    right = {"username": "adv", "password": "demo"}
    assert client.post("/api/v1/auth/token/", right, content_type="application/json").status_code == 429


def test_opening_stores_once_and_answers_the_same_body_again(api):
    adv = api("adv")
    first = adv.post(ACCOUNTS, NEW)
    assert first.status_code == 201
    made = first.json()
    assert (made["status"], made["risk_class"], made["sales_rep"]) == ("ACTIVE", "C", "sales")
    assert (made["blocked"], made["watched"], made["standing"]) == (False, False, None)
    assert made["entity"] == {"siren": "443061841", "name": "Étoile SARL", "country": "FR", "group": None}
    assert made["address"] == {"line1": "1 rue de Lyon", "line2": "", "postcode": "69001", "city": "Lyon"}
    again = adv.post(ACCOUNTS, NEW)
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    assert again.json() == made
    other = adv.post(ACCOUNTS, NEW | {"name": "Autre"})
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert CustomerAccount.objects.filter(code="C0100").count() == 1


def test_put_opens_and_brings_in_line(api):
    body = {key: value for key, value in NEW.items() if key != "code"}
    integration = api("integration")
    assert integration.put(f"{ACCOUNTS}C0100/", body).status_code == 201
    changed = integration.put(f"{ACCOUNTS}C0100/", body | {"term": "NET45"})
    assert (changed.status_code, changed.json()["term"], changed.json()["version"]) == (200, "NET45", 2)
    assert Contact.objects.filter(account__code="C0100").count() == 1


def test_patch_with_an_older_version_is_refused(api, account):
    adv, path = api("adv"), f"{ACCOUNTS}C0001/"
    version = adv.get(path).json()["version"]
    assert adv.patch(path, {"name": "Acme 2", "version": version}).status_code == 200
    late = adv.patch(path, {"name": "Acme 3", "version": version})
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")
    assert adv.get(path).json()["name"] == "Acme 2"


def test_joining_a_group_takes_the_locks_by_itself(api, account):
    answer = api("adv").patch(f"{ACCOUNTS}C0001/", {"group": "G-ACME"})
    assert (answer.status_code, answer.json()["group"]) == (200, "G-ACME")


def test_other_reps_clients_do_not_exist(api, account, other_account):
    sales2 = api("sales2")
    assert [row["code"] for row in sales2.get(ACCOUNTS).json()["results"]] == ["C0002"]
    unknown, others = sales2.get(f"{ACCOUNTS}NONE/"), sales2.get(f"{ACCOUNTS}C0001/")
    assert (unknown.status_code, others.status_code) == (404, 404)
    assert unknown.json() == others.json()
    assert sales2.put(f"{ACCOUNTS}C0001/", {"name": "Mine"}).status_code == 404


def test_without_the_right_the_lowest_role_that_has_it_is_named(api, account):
    answer = api("sales").post(f"{ACCOUNTS}C0001/block/", {"reason": "late", "review_on": "2027-01-31"})
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["required_role"]) == ("not_allowed", "credit_analyst")


def test_another_company_is_not_there(api, account):
    CompanyFactory(code="OTHER")
    assert api("adv").get(ACCOUNTS, {"company": "OTHER"}).json()["code"] == "company_not_found"
    assert api("admin").get(ACCOUNTS, {"company": "OTHER"}).json()["count"] == 0
    assert api("adv").get(ACCOUNTS, {"company": "DEMO"}).json()["count"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        (NEW | {"siren": "443061842"}, "siren"),
        (NEW | {"term": "30 jours"}, "term"),
        (NEW | {"country": "France"}, "country"),
        (NEW | {"currency": "euro"}, "currency"),
        (NEW | {"sales_rep": "nobody"}, "sales_rep"),
        (NEW | {"address": "Lyon"}, "address"),
        (NEW | {"address": {"line1": 1}}, "address.postcode"),
        (NEW | {"contacts": [{"name": "Ada", "email": "no"}]}, "contacts.0.email"),
        (NEW | {"code": "a\u0000b"}, "code"),
        (NEW | {"name": "x" * 201}, "name"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_what_cannot_be_read_is_named(api, people, body, field):
    answer = api("adv").post(ACCOUNTS, data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field in answer.json()["errors"]


def test_block_and_watch_show_beside_the_status(api, account):
    credit, path = api("credit"), f"{ACCOUNTS}C0001/"
    assert credit.post(f"{path}block/", {"reason": ""}).status_code == 400
    blocked = credit.post(f"{path}block/", {"reason": "Unpaid bill", "review_on": "2027-01-31"})
    assert (blocked.status_code, blocked.json()["blocked"], blocked.json()["status"]) == (200, True, "ACTIVE")
    assert credit.post(f"{path}block/", {"reason": "again"}).status_code == 409
    assert credit.post(f"{path}watch/").json()["watched"] is True
    assert credit.post(f"{path}unwatch/").json()["watched"] is False
    assert credit.post(f"{path}unblock/", {"reason": "Paid"}).json()["blocked"] is False
    actions = [event["action"] for event in credit.get(f"{path}timeline/").json()["results"]]
    assert actions == ["account.unblocked", "account.unwatched", "account.watched", "account.blocked"]


def test_search_filter_order_and_pages(api, company):
    for code, name in (("B1", "Œuvre d'été"), ("B2", "Bérard"), ("B3", "Zola")):
        CustomerAccountFactory(company=company, code=code, name=name, risk_class="A" if code == "B2" else "C")
    adv = api("adv")

    def codes(**query: str) -> list[str]:
        return [row["code"] for row in adv.get(ACCOUNTS, query).json()["results"]]

    assert codes(search="oeuvre ete") == ["B1"]
    assert codes(risk_class="A") == ["B2"]
    assert codes(ordering="-name") == ["B3", "B1", "B2"]
    page = adv.get(ACCOUNTS, {"page": 2, "page_size": 2}).json()
    assert (page["count"], page["next"], len(page["results"])) == (3, None, 1)
    assert adv.get(ACCOUNTS, {"page": 9}).status_code == 404
    assert adv.get(ACCOUNTS, {"ordering": "secret"}).status_code == 400
    assert adv.get(ACCOUNTS, {"risk_class": "Z"}).json()["errors"]["risk_class"] != []


def test_a_list_costs_the_same_whatever_its_length(api, company, django_assert_num_queries):
    from django.db import connection

    adv = api("adv")
    CustomerAccountFactory(company=company)
    with CaptureQueriesContext(connection) as one:
        adv.get(ACCOUNTS)
    for _ in range(2):
        CustomerAccountFactory(company=company)
    with django_assert_num_queries(len(one)):
        assert adv.get(ACCOUNTS).json()["count"] == 3


def test_an_idempotency_key_gives_the_stored_answer(api):
    adv = api("adv")
    first = adv.post(ACCOUNTS, NEW, headers={"Idempotency-Key": "k-1"})
    changed = adv.patch(f"{ACCOUNTS}C0100/", {"name": "Later"})
    again = adv.post(ACCOUNTS, NEW, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, changed.status_code, again.status_code) == (201, 200, 201)
    assert (again.json(), again["Idempotent-Replay"]) == (first.json(), "true")
    other = adv.post(ACCOUNTS, NEW | {"code": "C0200"}, headers={"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (409, "key_conflict")
    assert AuditEvent.objects.filter(action="account.opened").count() == 1


def test_a_refused_request_may_be_mended_under_its_key(api, account):
    credit, path, key = api("credit"), f"{ACCOUNTS}C0001/block/", {"Idempotency-Key": "k-2"}
    assert credit.post(path, {"reason": ""}, headers=key).status_code == 400
    assert credit.post(path, {"reason": "Late"}, headers=key).status_code == 200


def test_a_person_without_any_right_is_refused(api, company, people):
    people["nobody"] = make_user(None, company, "nobody")
    answer = api("nobody").get(ACCOUNTS)
    assert (answer.status_code, answer.json()["required_role"]) == (403, "dispute_owner")
