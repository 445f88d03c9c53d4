"""The examples of the OpenAPI document, told to the API as one story: each answer is the one written down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import time_machine

from accounts.models import Company
from invoicing.models import ReceivableItem
from o2c.api_examples import examples
from o2c.shared.calendar import PARIS

pytestmark = pytest.mark.django_db

# Keys the database gives; an example shows others.
KEYS = ("id", "item", "from_item", "to_item")
LISTS_OF_KEYS = ("refs",)


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 26, 10, 0, tzinfo=PARIS), tick=False):
        yield


def without_keys(told: Any) -> Any:
    """An answer without what differs from one database to another."""
    if isinstance(told, dict):
        return {
            name: without_keys(value)
            for name, value in told.items()
            if name not in LISTS_OF_KEYS and (name not in KEYS or isinstance(value, dict | list))
        }
    return [without_keys(each) for each in told] if isinstance(told, list) else told


def sent(body: Any) -> Any:
    """A body with the keys of this database: items are numbered as they were made."""
    if not body or "from_item" not in body:
        return body
    items = list(ReceivableItem.objects.order_by("pk").values_list("pk", flat=True))
    return body | {"from_item": items[body["from_item"] - 1], "to_item": items[body["to_item"] - 1]}


def test_every_example_is_what_the_api_answers(api: Any, company: Company, account: Any) -> None:
    for example in examples():
        client = api(example.who)
        send = getattr(client, example.method)
        answer = send(f"/api/v1/{example.address}", *([sent(example.body)] if example.body else []))

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
