"""The API answers as its description promises: schemathesis makes requests from the schema and checks each answer.

Small in every run; ``API_EXAMPLES=200 ./portal test tests/api/test_promises.py`` tries as many of each operation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Company, CustomerAccount, Role, RoleGrant, User
from invoicing.models import ReceivableItem
from o2c.hooks.models import Webhook, WebhookDelivery
from o2c.roles import PERMISSIONS
from o2c.shared import work
from o2c.wsgi import application

from .conftest import order_body

pytestmark = [pytest.mark.django_db]

EXAMPLES = int(os.environ.get("API_EXAMPLES", "1"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
V1 = "/api/v1/"


class World:
    """A small book, with the keys that addresses and bodies may name."""

    def __init__(self, api: Any, account: CustomerAccount, people: dict[str, User]) -> None:
        adv, accountant = api("adv"), api("accountant")
        self.keys: dict[str, list[str]] = {"code": [account.code], "number": [], "id": ["1"]}
        for number, net, submit in (
            ("O-1", "100.00", False),
            ("O-2", "200.00", True),
            ("O-3", "90000.00", True),
        ):
            assert adv.post(f"{V1}orders/", order_body(number, net, submit=submit)).status_code == 201
            self.keys["number"].append(number)
        document = {
            "account": "C0001",
            "issue_date": "2026-10-01",
            "due_date": "2026-10-31",
            "currency": "EUR",
        }
        for number in ("F-1", "F-2"):
            imported = document | {"number": number, "total_incl_vat": "120.00", "origin": "imported"}
            assert accountant.post(f"{V1}invoices/", imported).status_code == 201
            self.keys["number"].append(number)
        paid = {
            "external_id": "P-1",
            "account": "C0001",
            "date": "2026-11-01",
            "amount": "200.00",
            "currency": "EUR",
            "reference": "F-1",
            "match": True,
        }
        payment = accountant.post(f"{V1}payments/", paid)
        assert payment.status_code == 201
        wish = {"account": "C0001", "amount": "20000", "currency": "EUR", "reason": "r", "submit": True}
        asked = adv.post(f"{V1}limit-requests/", wish)
        assert asked.status_code == 201
        job = work.add("credit.nightly", "promise", {}, requested_by=people["everything"])
        self.keys["id"] = [str(key) for key in (payment.json()["id"], asked.json()["id"], job)]
        self.keys["id"] += [str(key) for key in ReceivableItem.objects.values_list("pk", flat=True)]
        self.keys["delivery"] = [self._delivery(people["everything"])]
        self.tokens = [
            Token.objects.get_or_create(user=people[name])[0].key for name in ("everything", "sales")
        ]

    def _delivery(self, by: User) -> str:
        """A delivery of a webhook whose key becomes one of ``id``."""
        hook = Webhook.objects.create(
            company=Company.objects.get(code="DEMO"),
            url="https://93.184.215.14/hooks",
            events=["order.held"],
            secret="s",
            created_by=by,
            created_at=timezone.now(),
        )
        row = WebhookDelivery.objects.create(
            webhook=hook,
            event="order.held",
            body="{}",
            state="failed",
            created_at=timezone.now(),
            round_began_at=timezone.now(),
        )
        self.keys["id"].append(str(hook.pk))
        return str(row.pk)

    @cached_property
    def headers(self) -> st.SearchStrategy[dict[str, str]]:
        """Who asks: somebody who may do everything, a sales rep, a stranger."""
        known = [{"Authorization": f"Token {token}"} for token in self.tokens]
        return st.sampled_from([known[0], *known, {}])

    def addresses(self, names: set[str]) -> st.SearchStrategy[dict[str, str]]:
        """Keys that are there, for the parameters of an address."""
        return st.fixed_dictionaries({name: st.sampled_from(self.keys[name]) for name in names})


@pytest.fixture
def world(api, account, people, company):
    """A small book, and somebody who may do everything in it."""
    role = Role.objects.create(
        code="everything", permissions=sorted(PERMISSIONS), authority_level=5, sees_all_accounts=True
    )
    people["everything"] = User.objects.create(username="everything", home_company=company)
    RoleGrant.objects.create(user=people["everything"], company=company, role=role)
    made = World(api, account, people)
    # Its requests are made; what follows keeps the test's own connection, with its open transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield made
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """Let the database look at everything a request wrote, then take it back: every request meets the same book."""
    with transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        transaction.set_rollback(True)


def broken_promises(operation: Any, mode: GenerationMode, world: World, *, known: bool) -> list[str]:
    """Try one operation; what did not answer as promised.

    :param known: with keys that are there, instead of any
    """
    names = {each.name for each in operation.path_parameters}
    found: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(mode))
        if known:
            case.path_parameters = data.draw(world.addresses(names))
        headers = data.draw(world.headers)
        with undone():
            response = case.call(headers=headers)
        try:
            case.validate_response(response, checks=CHECKS)
        except* Exception as failures:
            for failure in failures.exceptions:
                told = f"{failure}\n{case.as_curl_command()}\n{response.text[:600]}"
                found.setdefault(f"{operation.label}: {type(failure).__name__} {response.status_code}", told)

    ask()
    return [f"{name}\n{told}" for name, told in found.items()]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_answers_as_described(world, mode):
    schema = schemathesis.openapi.from_wsgi(f"{V1}schema/?format=json", application)
    broken: list[str] = []
    tried = 0
    for each in schema.get_all_operations():
        operation: Any = each.ok()  # type: ignore[union-attr]
        tried += 1
        for known in (True, False) if operation.path_parameters else (False,):
            try:
                broken += broken_promises(operation, mode, world, known=known)
            except FailureGroup as group:
                broken.append(f"{operation.label}: {group}")
    assert tried > 50
    assert not broken, f"{len(broken)} broken:\n\n" + "\n\n".join(broken)
