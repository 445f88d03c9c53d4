"""The written credit policy in a browser: read, acknowledged, rewritten, published, compared, quoted on an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from credit.models import DraftArticle, PolicyAcknowledgement
from credit.written.services import change_article, columns_of
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.factories.policies import published

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_policy_from_reading_to_the_next_version(page: Page, live_server: LiveServer) -> None:
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    director = make_user("finance_director", company, "finance")
    manager = make_user("credit_manager", company, "credit")
    adv = make_user("adv_officer", company, "adv")
    begun = timezone.now() - timedelta(days=40)
    published(company, by=director, at=begun, began=paris_date(begun))
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire")
    give_limit(account, "1000", decided_by=manager)
    order = submitted(account, "1500", by=adv)

    sign_in(page, live_server, "finance")
    page.goto(f"{live_server.url}/credit/policy/")
    expect(page.get_by_role("heading", name="4.4 Retards de paiement")).to_be_visible()
    axe(page)
    shot(page, "policy")
    page.get_by_role("button", name="Je l’ai lue").click()
    expect(page.get_by_text("Vous avez attesté la version 1")).to_be_visible()
    assert PolicyAcknowledgement.objects.get().user == director

    page.goto(f"{live_server.url}/orders/{order.number}/")
    expect(page.get_by_role("link", name="art. 4.2 · Plafond dépassé")).to_be_visible()
    axe(page)
    shot(page, "policy-order")
    page.get_by_role("link", name="art. 4.2 · Plafond dépassé").click()
    expect(page.locator("#a4-2")).to_be_in_viewport()

    page.get_by_role("button", name="Écrire une nouvelle version").click()
    page.locator("a[href$='/credit/policy/draft/4.2/']").click()
    axe(page)
    shot(page, "policy-article")
    # Meanwhile somebody else keeps the article.
    row = DraftArticle.objects.get(number="4.2")
    words = {name: value for name, value in columns_of(row.words()).items() if name[-3:] in {"_fr", "_en"}}
    change_article(
        company_id=company.pk, number="4.2", given=words | {"text_fr": "Une tout autre règle."}, seen=1, by=manager,
        at=timezone.now(),
    )  # fmt: skip
    page.locator("#id_text_fr").fill("Une commande passe si l’encours reste dans le plafond.")
    page.locator("#id_text_fr").press("Control+Enter")
    expect(page.get_by_text("le vôtre n’est pas perdu").first).to_be_visible()
    axe(page)
    shot(page, "policy-both")
    page.get_by_role("button", name="Enregistrer l’article").click()
    expect(page.get_by_role("heading", name="1 article diffère")).to_be_visible()
    axe(page)
    shot(page, "policy-draft")
    page.get_by_role("link", name="Ajouter un article").click()
    axe(page)
    shot(page, "policy-add")
    page.go_back()
    page.locator("#id_change").fill("Art. 4.2 : règle plus courte.")
    page.get_by_role("button", name="Publier cette version").click()
    expect(page.get_by_text("Publiée, pas encore en vigueur").first).to_be_visible()
    shot(page, "policy-coming")

    page.goto(f"{live_server.url}/credit/policy/2/differences/")
    expect(page.locator("del").first).to_be_visible()
    axe(page)
    shot(page, "policy-differences")
    page.goto(f"{live_server.url}/credit/policy/2/readers/")
    axe(page)
    shot(page, "policy-readers")
    page.goto(f"{live_server.url}/credit/can-i-sell/?client=C0001&amount=1500")
    axe(page)
    shot(page, "policy-sell")
