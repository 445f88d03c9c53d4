"""Calls by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import CustomerAccount

from .test_invoicing import imported

pytestmark = pytest.mark.django_db

CALLS = "/api/v1/calls/"


def test_a_call_with_its_promise(api: Any, account: CustomerAccount):
    made = api("accountant").post("/api/v1/invoices/", imported()).json()
    day = (timezone.localdate() + timedelta(days=4)).isoformat()
    body = {"account": "C0001", "outcome": "promise", "items": [made["items"][0]["id"]], "promised_date": day,
            "satisfaction": 4, "topic": "delivery", "spoke_to": "Ms Roy"}  # fmt: skip
    answer = api("sales").post(CALLS, body)
    told = answer.json()
    assert (answer.status_code, told["made_by"], told["satisfaction"], told["topic"]) == (
        201,
        "sales",
        4,
        "delivery",
    )
    promise = api("credit").get(f"/api/v1/promises/{told['promise']}/").json()
    assert (promise["promised_date"], promise["made_by"]) == (day, "Ms Roy")
    assert api("auditor").get(CALLS, {"account": "C0001"}).json()["count"] == 1
    assert api("auditor").get(f"{CALLS}{told['id']}/").status_code == 200
    assert api("sales2").get(f"{CALLS}{told['id']}/").status_code == 404


def test_refusals(api: Any, account: CustomerAccount):
    body = {"account": "C0001", "outcome": "other"}
    assert api("auditor").post(CALLS, body).status_code == 403
    assert api("sales2").post(CALLS, body).status_code == 404
    assert api("sales").post(CALLS, body | {"outcome": "promise"}).status_code == 400
    assert api("sales").post(CALLS, body | {"satisfaction": 0}).status_code == 400
    assert api("sales").post(CALLS, body | {"outcome": "dispute"}).status_code == 400
