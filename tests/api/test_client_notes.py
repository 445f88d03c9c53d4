"""``client-notes/``: the acts of the pages by HTTP, each refusal with its status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import CustomerAccount
from credit.models import ClientNote
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CustomerAccountFactory

pytestmark = pytest.mark.django_db
Speak = Callable[[str], APIClient]
N = "/api/v1/client-notes/"
TODAY = paris_date(timezone.now())


def body(**fields: Any) -> dict[str, Any]:
    return {"account": "C0001", "kind": "MARKET", "topic": "STRIKE", "text": "Site closed"} | fields


def post(client: APIClient, address: str, sent: Any = None, **headers: str) -> Any:
    return client.post(address, sent if sent is not None else {}, format="json", headers=headers)


def test_a_note_is_written_once_corrected_and_withdrawn(api: Speak, account: CustomerAccount) -> None:
    sales = api("sales")
    sent = body(source="Visit", url="https://presse.example/a", weight="WORRYING")
    first = post(sales, N, sent, **{"Idempotency-Key": "note-1"})
    again = post(sales, N, sent, **{"Idempotency-Key": "note-1"})
    assert (first.status_code, again.json()) == (201, first.json())
    made = first.json()
    assert {name: made[name] for name in ("account", "kind", "topic", "weight", "seen_on", "written_by")} == {
        "account": "C0001", "kind": "MARKET", "topic": "STRIKE", "weight": "WORRYING",
        "seen_on": TODAY.isoformat(), "written_by": "sales",
    }  # fmt: skip
    better = post(sales, N, body(text="Site open again", supersedes=made["id"]))
    assert (better.status_code, better.json()["supersedes"]) == (201, made["id"])
    assert sales.get(f"{N}{made['id']}/").json()["superseded_by"] == better.json()["id"]
    twice = post(sales, N, body(supersedes=made["id"]))
    assert (twice.status_code, twice.json()["code"]) == (409, "wrong_state")
    mine = f"{N}{better.json()['id']}/withdraw/"
    assert post(api("accountant"), mine, {"reason": "x"}).status_code == 403
    taken = post(sales, mine, {"reason": "Another company"})
    assert (taken.status_code, taken.json()["withdraw_reason"]) == (200, "Another company")
    assert api("accountant").get(mine.removesuffix("withdraw/")).status_code == 404
    assert ClientNote.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"topic": ""}, 400, "invalid"),
        ({"url": "javascript:alert(1)"}, 400, "invalid"),
        ({"seen_on": (TODAY + timedelta(days=1)).isoformat()}, 400, "invalid"),
        ({"text": "The manager is divorced"}, 422, "risky_words"),
        ({"kind": "RESTRICTED", "topic": ""}, 403, "not_allowed"),
        ({"account": "NONE"}, 404, "account_not_found"),
    ],
)
def test_what_cannot_be_is_refused(
    given: dict[str, Any], status: int, code: str, api: Speak, account: CustomerAccount
) -> None:
    answer = post(api("sales"), N, body(**given))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not ClientNote.objects.exists()


def test_risky_words_are_named_and_kept_once_confirmed(api: Speak, account: CustomerAccount) -> None:
    refused = post(api("sales"), N, body(text="The manager is divorced")).json()
    assert "“divorced” (family and private life)" in refused["errors"]["text"][0]
    kept = post(api("sales"), N, body(text="The manager is divorced", confirmed=True))
    assert kept.json()["risky_words"] == ["divorced"]


def test_the_list_shows_the_readers_notes_and_filters_them(api: Speak, account: CustomerAccount) -> None:
    post(api("sales"), N, body())
    post(api("sales"), N, body(kind="PRESS", topic="", weight="GOOD", seen_on="2026-01-05"))
    post(api("credit"), N, body(kind="RESTRICTED", topic="", text="Insurer asks"))
    wrong = post(api("sales"), N, body(text="Wrong, the manager is sick", confirmed=True)).json()
    post(api("sales"), f"{N}{wrong['id']}/withdraw/", {"reason": "mistake"})
    CustomerAccountFactory(company=account.company, code="C0002")
    post(api("adv"), N, body(account="C0002", text="Of another"))

    def kinds(who: str, query: str = "") -> list[str]:
        return [row["kind"] for row in api(who).get(f"{N}?ordering=written_at{query}").json()["results"]]

    assert kinds("sales") == ["MARKET", "PRESS"]
    assert kinds("credit") == ["MARKET", "PRESS", "RESTRICTED", "MARKET"]
    assert kinds("accountant") == ["MARKET", "PRESS", "MARKET"]
    assert kinds("credit", "&account=C0001&kind=RESTRICTED") == ["RESTRICTED"]
    assert kinds("credit", "&weight=GOOD") == kinds("credit", "&seen_until=2026-02-01") == ["PRESS"]
    assert kinds("sales", "&topic=STRIKE&seen_from=2026-02-01") == ["MARKET"]
    assert kinds("sales", "&state=withdrawn") == kinds("auditor", "&state=all&risky=true") == ["MARKET"]
    assert kinds("accountant", "&state=withdrawn") == []
    assert kinds("sales2") == []


def test_as_many_readings_for_three_notes_as_for_one(api: Speak, account: CustomerAccount) -> None:
    def readings() -> int:
        client = api("credit")
        client.get(N)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(N).status_code == 200
        return len(seen)

    post(api("sales"), N, body())
    few = readings()
    post(api("adv"), N, body(text="Second"))
    post(api("credit"), N, body(text="Third"))
    assert readings() == few
