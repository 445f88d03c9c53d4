"""Webhooks by HTTP: the API and the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, User
from o2c.hooks import services
from o2c.hooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db

HOOKS = "/api/v1/webhooks/"
BODY: dict[str, Any] = {"url": "https://93.184.215.14/hooks", "events": ["order.held", "payment.matched"]}
JSON: dict[str, Any] = {"content_type": "application/json"}


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def failed(company: Company, admin: User) -> WebhookDelivery:
    hook = services.subscribe(company=company, **BODY, by=admin, at=timezone.now()).webhook
    return WebhookDelivery.objects.create(
        webhook=hook,
        event="order.held",
        body='{"a": 1}',
        state="failed",
        status_code=500,
        created_at=timezone.now(),
        round_began_at=timezone.now(),
    )


def test_the_api_makes_changes_and_ends_them(company: Company, admin: User):
    asked = browser(admin)

    made = asked.post(f"{HOOKS}?company=HERE", BODY, **JSON)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret
    again = asked.post(f"{HOOKS}?company=HERE", BODY, **JSON)
    assert (again.status_code, again.headers["Idempotent-Replay"], again.json()["secret"]) == (
        200,
        "true",
        None,
    )
    one = f"{HOOKS}{made.json()['id']}/?company=HERE"
    assert asked.get(one).json()["secret"] is None
    assert secret not in asked.get(f"{HOOKS}?company=HERE").content.decode()
    changed = asked.patch(one, {"active": False, "events": ["order.refused"]}, **JSON).json()
    assert (changed["active"], changed["events"]) == (False, ["order.refused"])
    assert asked.delete(one).status_code == 204
    assert asked.get(one).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (BODY | {"url": "http://127.0.0.1:5432/"}, 422, "target_refused", "url"),
        (BODY | {"url": "http://[::ffff:10.0.0.1]/"}, 422, "target_refused", "url"),
        (BODY | {"events": ["order.eaten"]}, 400, "invalid", "events"),
        ({"events": ["order.held"]}, 400, "invalid", "url"),
    ],
)
def test_the_api_says_what_is_wrong_where(
    company: Company, admin: User, body: dict[str, Any], status: int, code: str, field: str
):
    answer = browser(admin).post(f"{HOOKS}?company=HERE", body, **JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()["errors"]) == {field}


def test_the_log_is_read_and_sent_again(failed: WebhookDelivery, admin: User):
    log = f"{HOOKS}{failed.webhook_id}/deliveries/"
    row = browser(admin).get(f"{log}?company=HERE").json()["results"][0]
    assert (row["id"], row["state"], row["status_code"]) == (failed.pk, "failed", 500)

    answer = browser(admin).post(f"{log}{failed.pk}/replay/?company=HERE", **JSON)
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    again = browser(admin).post(f"{log}{failed.pk}/replay/?company=HERE", **JSON)
    assert (again.status_code, again.json()["code"]) == (409, "still_waiting")


def test_who_may_not_reads_nothing(failed: WebhookDelivery, accountant: User):
    asked = browser(accountant)
    assert asked.get(f"{HOOKS}?company=HERE").status_code == 403
    assert asked.get(reverse("hooks:list")).status_code == 403
    assert reverse("hooks:list") not in asked.get("/").content.decode()


def test_the_pages_make_show_and_end_one(company: Company, admin: User):
    asked = browser(admin)
    asked.post("/company/", {"company": "HERE"})

    refused = asked.post(reverse("hooks:new"), {"url": "http://localhost/", "events": ["order.held"]})
    assert refused.status_code == 422
    assert "private network" in refused.content.decode()
    made = asked.post(reverse("hooks:new"), BODY)
    hook = Webhook.objects.get()
    assert hook.secret in made.content.decode()
    page = reverse("hooks:detail", args=[hook.pk])
    assert hook.secret not in asked.get(page).content.decode()
    asked.post(reverse("hooks:edit", args=[hook.pk]), {"url": hook.url, "events": ["order.refused"]})
    hook.refresh_from_db()
    assert (hook.events, hook.is_active) == (["order.refused"], False)
    renewed = asked.post(reverse("hooks:secret", args=[hook.pk])).content.decode()
    hook.refresh_from_db()
    assert hook.secret in renewed
    asked.post(reverse("hooks:end", args=[hook.pk]))
    assert asked.get(page).status_code == 404


def test_the_page_sends_a_delivery_again(failed: WebhookDelivery, admin: User):
    asked = browser(admin)
    asked.post("/company/", {"company": "HERE"})
    again = reverse("hooks:replay", args=[failed.webhook_id, failed.pk])
    assert again in asked.get(reverse("hooks:detail", args=[failed.webhook_id])).content.decode()
    for said in ("It is sent again within moments.", "waits to be sent already"):
        assert said in asked.post(again, follow=True).content.decode()
