"""The examples of the OpenAPI document, told to the API as one story: each answer is the one written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from invoicing.claims.services import open_claim
from invoicing.models import ReceivableItem
from o2c.api_examples import examples
from o2c.shared.calendar import PARIS
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.insurance import insure
from tests.factories.invoicing import make_item

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 26, 10, 0, tzinfo=PARIS)
TODAY = MORNING.date()

# Keys the database gives; an example shows others.
KEYS = ("id", "item", "from_item", "to_item")
LISTS_OF_KEYS = ("refs",)
# Items of an answer that says no more of them than their keys.
ITEMS = "items"


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(MORNING, tick=False):
        yield


def without_keys(told: Any) -> Any:
    """An answer without what differs from one database to another."""
    if isinstance(told, dict):
        return {
            name: without_keys(value)
            for name, value in told.items()
            if name not in LISTS_OF_KEYS
            and not (name == ITEMS and all(isinstance(each, int) for each in value))
            and (name not in KEYS or isinstance(value, dict | list))
        }
    return [without_keys(each) for each in told] if isinstance(told, list) else told


def sent(body: Any) -> Any:
    """A body with the keys of this database: items are numbered as they were made."""
    items = list(ReceivableItem.objects.order_by("pk").values_list("pk", flat=True))
    named = {
        name: items[place - 1] for name, place in body.items() if name in ("from_item", "to_item", "item")
    }
    if "items" in body:
        named["items"] = [items[place - 1] for place in body["items"]]
    return body | named


def key_of(told: Any) -> Any:
    """The key of what was answered, of the first row of a list; later addresses name it by the example."""
    rows = told.get("results") or [{}]
    return told.get("id", rows[0].get("id"))


def tell_the_insurer(account: CustomerAccount, by: User) -> None:
    """A claim file, which nobody opens by the API."""
    insure(account.company)
    item = ReceivableItem.objects.get(document="FA-1001")
    open_claim(item_ids=[item.pk], told_on=TODAY, note="No answer since October", by=by, at=timezone.now())


def sell_to_the_factor(account: CustomerAccount, by: User) -> None:
    """An invoice sold and received, which nobody sells by the API."""
    at = timezone.now()
    make_agreement(account.company, at=at)
    approve(account, "20000", at=at)
    item = make_item(account, "2400", by=by, at=at, number="FA-1002", issued=TODAY, due=date(2026, 12, 26))
    sell(item, by=by, at=at)


def test_every_example_is_what_the_api_answers(
    api: Any, company: Company, account: CustomerAccount, people: dict[str, User]
) -> None:
    keys: dict[str, Any] = {}
    for example in examples():
        if example.name == "insurance_claims":
            tell_the_insurer(account, people["credit"])
        if example.name == "factor_assignments":
            sell_to_the_factor(account, people["accountant"])
        send = getattr(api(example.who), example.method)
        address = f"/api/v1/{example.address.format(**keys)}"
        answer = send(address, *([sent(example.body)] if example.body else []))
        keys[example.name] = key_of(answer.json())

        assert answer.status_code == example.status, (example.name, answer.json())
        assert without_keys(answer.json()) == without_keys(example.answer), example.name


def test_the_document_shows_them(client: Any) -> None:
    told = client.get("/api/v1/schema/", headers={"Accept": "application/json"}).json()
    for example in examples():
        operation = told["paths"][f"/api/v1/{example.path}"][example.method]
        content = next(iter(operation["responses"][str(example.status)]["content"].values()))
        assert content["examples"][example.name]["value"] == example.answer
        if example.body is not None:
            shown = operation["requestBody"]["content"]["application/json"]["examples"][example.name]
            assert shown == {"summary": example.summary, "value": example.body}
