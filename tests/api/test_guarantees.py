"""``guarantees/`` and ``buyer-covers/``: the acts of their pages by HTTP, each refusal with its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount
from credit.models import BuyerCover, Guarantee
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory

pytestmark = pytest.mark.django_db
Speak = Callable[[str], APIClient]
G, C = "/api/v1/guarantees/", "/api/v1/buyer-covers/"
FILE = {"name": "guarantee.pdf", "content": "JVBERi0xLjQ="}
TODAY = paris_date(timezone.now())


def body(**fields: Any) -> dict[str, Any]:
    return {
        "account": "C0001", "kind": "BANK", "guarantor": "Banque du Nord", "reference": "GAR-1", "amount": "10000",
        "currency": "EUR", "haircut_pct": "80", "valid_from": TODAY.isoformat(),
        "valid_until": (TODAY + timedelta(days=90)).isoformat(), "file": FILE,
    } | fields  # fmt: skip


def cover(**fields: Any) -> dict[str, Any]:
    return {
        "account": "C0001", "amount": "40000", "insured_pct": "90", "status": "ACTIVE",
        "effective_on": TODAY.isoformat(),
    } | fields  # fmt: skip


def post(client: APIClient, address: str, sent: Any = None, **headers: str) -> Any:
    return client.post(address, sent if sent is not None else {}, format="json", headers=headers)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_guarantee_is_entered_once_confirmed_extended_and_ended(
    api: Speak, account: CustomerAccount
) -> None:
    analyst, manager = api("analyst"), api("credit")
    made = post(analyst, G, body(), **{"Idempotency-Key": "g-1"})
    assert made.status_code == 201
    told = made.json()
    assert (told["state"], told["counts"], told["level"]) == ("waiting", "8000.00", "account")
    assert post(analyst, G, body(), **{"Idempotency-Key": "g-1"}).json() == told
    assert post(analyst, G, body()).status_code == 200, "the same again is the one that stands there"
    assert Guarantee.objects.count() == 1
    assert code_of(post(analyst, G, body(amount="9"))) == (409, "key_conflict")
    one = f"{G}{told['id']}/"
    assert code_of(post(analyst, f"{one}confirm/")) == (403, "four_eyes")
    assert post(manager, f"{one}confirm/").json()["state"] == "counts"
    assert post(manager, f"{one}confirm/").status_code == 200
    until = (TODAY + timedelta(days=200)).isoformat()
    extension = {"reference": "GAR-1 bis", "valid_until": until, "file": FILE}
    longer = post(analyst, f"{one}extend/", extension, **{"Idempotency-Key": "g-2"})
    assert longer.status_code == 201
    assert longer.json()["valid_from"] == (TODAY + timedelta(days=91)).isoformat()
    assert (longer.json()["amount"], longer.json()["state"]) == ("10000.00", "waiting")
    assert post(analyst, f"{one}extend/", extension | {"valid_until": TODAY.isoformat()}).status_code == 400
    assert post(analyst, f"{one}end/", {"reason": ""}).status_code == 400
    ended = post(analyst, f"{one}end/", {"reason": "Called: 8 000 paid"}).json()
    assert (ended["state"], ended["ended_by"]) == ("ended", "analyst")
    assert code_of(post(analyst, f"{one}extend/", extension | {"reference": "X"})) == (409, "wrong_state")
    open_ended = post(analyst, G, body(reference="GAR-9", valid_until=None)).json()
    assert code_of(post(analyst, f"{G}{open_ended['id']}/extend/", extension)) == (409, "wrong_state")
    assert {row["reference"] for row in manager.get(G, {"account": "C0001"}).json()["results"]} == {
        "GAR-1", "GAR-1 bis", "GAR-9",
    }  # fmt: skip


def test_who_may_not_and_what_is_not_theirs(api: Speak, account: CustomerAccount, company: Company) -> None:
    made = post(api("analyst"), G, body()).json()
    one = f"{G}{made['id']}/"
    told = post(api("adv"), G, body(reference="GAR-2"))
    assert code_of(told)[0] == 403
    assert told.json()["required_role"] == "credit_analyst"
    assert post(api("adv"), f"{one}end/", {"reason": "r"}).status_code == 403
    extension = {"reference": "X", "valid_until": "2099-01-01", "file": FILE}
    assert post(api("adv"), f"{one}extend/", extension).status_code == 403
    assert api("sales2").get(one).status_code == 404, "a client of another rep"
    assert post(api("analyst"), G, body(account="NOBODY")).status_code == 404
    assert post(api("analyst"), f"{G}999999/confirm/").status_code == 404
    assert (
        post(api("analyst"), G, body(reference="G-3", file={"name": "g.pdf", "content": "?"})).status_code
        == 400
    )
    assert set(post(api("analyst"), G, {}).json()["errors"]) >= {"account", "kind", "file"}


def test_each_word_of_the_insurer_is_a_row_from_its_day_on(api: Speak, account: CustomerAccount) -> None:
    adv = api("adv")
    before = TODAY - timedelta(days=40)
    asked = post(adv, C, cover(status="REQUESTED", amount="50000", effective_on=before.isoformat()))
    assert asked.status_code == 201
    granted = post(adv, C, cover(status="PARTIAL", effective_on=(TODAY - timedelta(days=20)).isoformat()))
    assert (granted.status_code, granted.json()["siren"]) == (201, account.entity.siren)
    reduced = cover(status="REDUCED", amount="10000")
    assert post(adv, C, reduced, **{"Idempotency-Key": "c-1"}).status_code == 201
    assert post(adv, C, reduced).status_code == 200
    assert code_of(post(adv, C, cover(status="CANCELLED", amount="0"))) == (409, "key_conflict")
    ahead = cover(status="CANCELLED", amount="0", effective_on=(TODAY + timedelta(days=1)).isoformat())
    assert post(adv, C, ahead).status_code == 201
    assert BuyerCover.objects.count() == 4
    shown = api("sales").get(C, {"account": "C0001"}).json()["results"]
    assert [(row["status"], row["amount"]) for row in shown] == [("REDUCED", "10000.00")]
    assert api("sales2").get(C).json()["results"] == []


def test_covers_refused(api: Speak, account: CustomerAccount, company: Company) -> None:
    assert post(api("analyst"), C, cover()).status_code == 403
    assert post(api("adv"), C, cover(account="NOBODY")).status_code == 404
    CustomerAccountFactory(company=CompanyFactory(code="FAR"), code="FAR1")
    assert post(api("adv"), C, cover(account="FAR1")).status_code == 404
    CustomerAccountFactory(company=company, code="C0077", entity=LegalEntityFactory(siren=None))
    assert set(post(api("adv"), C, cover(account="C0077")).json()["errors"]) == {"account"}
    ends = cover(valid_until=(TODAY - timedelta(days=1)).isoformat())
    assert set(post(api("adv"), C, ends).json()["errors"]) == {"valid_until"}
    assert post(api("adv"), C, cover(insured_pct="101")).status_code == 400
