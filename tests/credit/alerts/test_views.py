"""Alerts on screen and by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import CustomerAccount, User
from credit.models import CreditAlert
from tests.factories.orders import open_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def ahead(account: CustomerAccount, look: Callable[..., Any], today: date) -> CreditAlert:
    open_item(account, "3000", due=today + timedelta(days=2))
    look(account)
    return CreditAlert.objects.get()


def signed_in(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_rep_finds_ready_words_in_both_languages_and_answers(
    ahead: CreditAlert, rep: User, account: CustomerAccount, today: date
):
    client = signed_in(rep)
    home = client.get("/").content.decode()
    assert f"/credit/credit-alerts/{ahead.pk}/" in home
    assert f"/credit/credit-alerts/{ahead.pk}/" in client.get(f"/clients/{account.code}/").content.decode()
    assert "Menuiseries Kervadec" in client.get("/credit/credit-alerts/?state=mine").content.decode()

    page = client.get(f"/credit/credit-alerts/{ahead.pk}/").content.decode()
    assert "we could not confirm your new orders" in page
    assert "nous ne pourrons plus confirmer vos nouvelles commandes" in page
    assert "€3,000.00" in page
    assert "3\u202f000,00\u00a0€" in page

    missing = client.post(f"/credit/credit-alerts/{ahead.pk}/", {"comment": "x"})
    assert missing.status_code == 422
    done = client.post(
        f"/credit/credit-alerts/{ahead.pk}/", {"outcome": "PAYMENT_AGREED", "comment": "Friday"}
    )
    assert done.status_code == 302
    ahead.refresh_from_db()
    assert (ahead.status, ahead.outcome, ahead.comment, ahead.ended_by) == (
        "ANSWERED",
        "PAYMENT_AGREED",
        "Friday",
        rep,
    )
    page = client.get(f"/credit/credit-alerts/{ahead.pk}/").content.decode()
    assert "Payment agreed" in page
    assert "Menuiseries Kervadec" in client.get("/credit/credit-alerts/?state=done").content.decode()


def test_whoever_keeps_the_credit_takes_it_over(ahead: CreditAlert, manager: User):
    client = signed_in(manager)
    assert client.post(f"/credit/credit-alerts/{ahead.pk}/", {"take": "1"}).status_code == 302
    ahead.refresh_from_db()
    assert ahead.owner == manager


def test_by_http(ahead: CreditAlert, manager: User, today: date):
    client = signed_in(manager)
    (row,) = client.get("/api/v1/credit-alerts/?status=OPEN&kind=BLOCK_AHEAD").json()["results"]
    assert row["figures"]["day"] == (today + timedelta(days=5)).isoformat()
    assert row["owner"] == "rep"
    assert row["message"].startswith("Orders will be held from")
    answered = client.post(
        f"/api/v1/credit-alerts/{ahead.pk}/answer/",
        {"outcome": "CLIENT_CALLED"},
        content_type="application/json",
    )
    assert (answered.status_code, answered.json()["status"]) == (200, "ANSWERED")
    again = client.post(
        f"/api/v1/credit-alerts/{ahead.pk}/answer/", {"outcome": "WATCHED"}, content_type="application/json"
    )
    assert (again.status_code, again.json()["code"]) == (409, "alert_ended")
