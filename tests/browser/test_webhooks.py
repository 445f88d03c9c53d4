"""Webhooks in a real browser: an address that is refused, one that is taken, its secret and its log."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from o2c.hooks.models import Webhook, WebhookDelivery
from tests.factories.accounts import CompanyFactory, make_user

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_webhook_is_made_and_its_log_is_read(page: Page, live_server: LiveServer) -> None:
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    make_user("integration", company, username="integration")
    sign_in(page, live_server, "integration")
    page.goto(f"{live_server.url}/webhooks/")
    axe(page)
    shot(page, "webhooks-empty")
    page.get_by_role("link", name="Nouveau webhook").first.click()
    page.get_by_label("Adresse").fill("http://127.0.0.1:5432/")
    page.get_by_label("Une commande est bloquée").check()
    page.get_by_role("button", name="Créer le webhook").click()
    expect(page.locator("main")).to_contain_text("réseau privé")
    axe(page)
    shot(page, "webhooks-refused")
    page.get_by_label("Adresse").fill("https://93.184.215.14/o2c/evenements?cle=1")
    page.get_by_label("Un paiement est lettré").check()
    page.get_by_role("button", name="Créer le webhook").click()
    hook = Webhook.objects.get()
    expect(page.locator("#secret")).to_have_text(hook.secret)
    now = timezone.now()
    for state, status, error in (("delivered", 200, ""), ("failed", None, "ConnectionRefusedError: refusé")):
        WebhookDelivery.objects.create(
            webhook=hook,
            event="payment.matched",
            body='{"account": "C0001", "data": {"amount": "60.00"}}',
            state=state,
            status_code=status,
            error=error,
            attempts=1,
            created_at=now,
            round_began_at=now,
            delivered_at=now if status else None,
        )
    page.goto(f"{live_server.url}/webhooks/{hook.pk}/")
    expect(page.locator("#secret")).to_have_count(0)
    axe(page)
    shot(page, "webhooks-log")
    page.get_by_role("button", name="Renvoyer").first.click()
    expect(page.locator("#log")).to_contain_text("En attente")
    page.goto(f"{live_server.url}/webhooks/")
    axe(page)
    shot(page, "webhooks-list")
