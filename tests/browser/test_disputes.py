"""One short payment in a real browser, from the bank to the released order: dispute, missed date, committee, credit."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import CustomerAccount, User
from disputes.models import Committee, CommitteeDecision, Dispute
from disputes.services import links
from disputes.services.clock import escalate
from invoicing.models import Invoice
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice, OutboxMessage
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice, make_payment
from tests.factories.orders import give_limit, submitted

from .helpers import axe, on_phone, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = timezone.now()
TODAY = paris_date(NOW)
ROLES = {
    "clerk": "receivables_accountant",
    "adv": "adv_officer",
    "lead": "adv_manager",
    "credit": "credit_manager",
    "seller": "sales_manager",
    "logistics": "dispute_owner",
}


@pytest.fixture
def people() -> dict[str, User]:
    cache.clear()
    company = CompanyFactory(code="DEMO", name="Comptoir Valmont")
    return {name: make_user(role, company, username=name) for name, role in ROLES.items()}


@pytest.fixture
def account(people: dict[str, User]) -> CustomerAccount:
    company = CompanyFactory(code="DEMO")
    made = CustomerAccountFactory(company=company, code="C0021", name="Transports Le Goff")
    give_limit(made, "1000")
    return made


def enter(page: Page, live_server: LiveServer, name: str) -> None:
    """Work as somebody else."""
    page.context.clear_cookies()
    sign_in(page, live_server, name)


def test_from_the_short_payment_to_the_released_order(
    page: Page, live_server: LiveServer, people: dict[str, User], account: CustomerAccount
) -> None:
    invoice = make_invoice(
        account, "1000.00", by=people["clerk"], at=NOW, number="FA-2100", issued=TODAY - timedelta(days=20),
        due=TODAY + timedelta(days=10),
    )  # fmt: skip
    order = submitted(account, "700", by=people["adv"])
    assert shown_status(Order.objects.get(pk=order.pk)).value == "on_hold"
    payment = make_payment(
        account,
        "600.00",
        by=people["clerk"],
        at=NOW,
        external_id="VIR-88",
        reference="FA-2100 moins palettes",
    )

    enter(page, live_server, "clerk")
    page.goto(f"{live_server.url}/invoicing/matching/?payment={payment.pk}")
    page.locator("select[name=rest]").select_option("dispute")
    axe(page)
    shot(page, "story-1-short-payment")
    page.get_by_role("button", name=re.compile("^Lettrer")).click()
    expect(page.get_by_text("Tout est lettré")).to_be_visible()
    work.drain()
    case = Dispute.objects.get()
    assert (case.status, case.amount, case.origin) == ("OPEN", Decimal(400), "short-payment")

    enter(page, live_server, "adv")
    address = f"{live_server.url}/disputes/{case.number}/"
    page.goto(address)
    axe(page)
    shot(page, "story-2-to-qualify")
    page.locator("#qualify_type").select_option("QUANTITY")
    page.locator("#qualify_owner").select_option(str(people["logistics"].pk))
    page.locator("#qualify_agreed_due_on").fill("+3")
    page.locator("#qualify_agreed_due_on").press("Control+Enter")
    expect(page.get_by_text("Le litige est qualifié")).to_be_visible()
    axe(page)
    shot(page, "story-3-qualified")
    case.refresh_from_db()
    assert (case.owner, case.agreed_due_on) == (people["logistics"], TODAY + timedelta(days=3))

    enter(page, live_server, "logistics")
    page.goto(address)
    page.get_by_role("button", name=re.compile("^Accepter pour le")).click()
    expect(page.get_by_text("Vous avez accepté")).to_be_visible()

    # Eight days go by: the date has passed.
    Dispute.objects.filter(pk=case.pk).update(
        opened_on=TODAY - timedelta(days=8), agreed_due_on=TODAY - timedelta(days=5)
    )
    escalate(TODAY)
    work.drain()
    assert Notice.objects.filter(kind="dispute.breached", user=people["lead"]).exists()

    enter(page, live_server, "lead")
    page.goto(f"{live_server.url}/disputes/committee/")
    page.get_by_role("link", name="Délais convenus").click()
    expect(page.get_by_text("Qualité, non-conformité")).to_be_visible()
    axe(page)
    shot(page, "agreed-days-read")
    page.goto(f"{live_server.url}/disputes/committee/")
    page.get_by_text("Modifier les membres").click()
    for department, name in (("ADV", "lead"), ("CREDIT", "credit"), ("SALES", "seller")):
        page.locator(f"select[name=of_{department}]").select_option(str(people[name].pk))
    page.locator("select[name=chair]").select_option(str(people["lead"].pk))
    page.locator("form[action$='/members/'] button").click()
    page.locator("form[action$='/plan/'] [name=held_on]").fill(f"{TODAY:%d/%m/%Y}")
    axe(page)
    shot(page, "story-4-plan")
    page.locator("form[action$='/plan/'] button").click()
    sitting = Committee.objects.get()
    page.goto(f"{live_server.url}{sitting.get_absolute_url()}")
    expect(page.get_by_text("Personne n’est encore noté présent")).to_be_visible()
    for box in page.locator("input[name=present]").all():
        box.check()
    page.locator("form[action$='/attend/'] button").click()
    expect(page.get_by_text("quorum atteint")).to_be_visible()
    axe(page)
    shot(page, "story-5-agenda")
    page.locator("#decide_outcome").select_option("CREDIT_NOTE")
    page.locator("#decide_root_cause").select_option("PICKING.QUANTITY")
    page.locator("#decide_decision").fill("Avoir des deux palettes manquantes")
    page.locator("#decide_owner").select_option(str(people["credit"].pk))
    page.locator("#decide_agreed_resolution_on").fill("+1")
    for box in page.locator("input[name=accepted_by]").all():
        box.check()
    axe(page)
    shot(page, "story-6-decision")
    page.locator("#decide_decision").press("Control+Enter")
    expect(page.get_by_text(f"{case.number} est décidé")).to_be_visible()
    work.drain()
    page.reload()
    page.get_by_role("button", name=re.compile("Valider le procès-verbal")).click()
    expect(page.get_by_text("Le procès-verbal est validé et envoyé aux présents.")).to_be_visible()
    axe(page)
    shot(page, "story-7-minutes")
    sitting.refresh_from_db()
    with sitting.minutes.open("rb") as minutes:
        assert minutes.read(5) == b"%PDF-"
    work.drain()
    assert OutboxMessage.objects.filter(kind="committee.closed").count() == 3
    assert CommitteeDecision.objects.get().dispute == case

    case.refresh_from_db()
    assert (case.status, case.outcome) == ("CLOSED", "CREDIT_NOTE")
    assert invoice.items.get().open_amount == 0
    page.goto(address)
    axe(page)
    shot(page, "story-8-closed")
    assert shown_status(Order.objects.get(pk=order.pk)).value == "confirmed"
    page.goto(f"{live_server.url}/orders/{order.number}/")
    expect(page.locator("h1")).to_contain_text("Confirmée")
    axe(page)
    shot(page, "story-9-released")


def test_a_colleague_without_an_account_answers_from_its_phone(
    page: Page, live_server: LiveServer, people: dict[str, User], account: CustomerAccount
) -> None:
    invoice: Invoice = make_invoice(account, "1000.00", by=people["clerk"], at=NOW, number="FA-2100")
    enter(page, live_server, "adv")
    page.goto(f"{live_server.url}/disputes/open/?invoice={invoice.number}")
    page.get_by_label("Objet du litige").select_option("QUALITY")
    page.get_by_label("Montant en litige").fill("250")
    page.get_by_label("Ce que dit le client").fill("La laque s’écaille.")
    page.get_by_role("button", name=re.compile("^Ouvrir le litige")).click()
    expect(page.locator("#qualify_owner")).to_be_visible()
    page.locator("#qualify_owner").select_option(str(people["logistics"].pk))
    page.locator("#qualify_owner").press("Control+Enter")
    expect(page.get_by_role("heading", name="Demander à quelqu’un sans compte")).to_be_visible()
    page.get_by_text("Envoyer un lien vers ce litige").click()
    page.locator("#link_name").fill("Léa Martin, qualité")
    page.locator("#link_email").fill("lea@qualite.test")
    axe(page)
    shot(page, "case-link-form")
    page.get_by_role("button", name="Envoyer le lien").click()
    expect(page.get_by_text("Le lien part à lea@qualite.test.")).to_be_visible()
    axe(page)
    shot(page, "case-link-sent")
    mail = OutboxMessage.objects.get(kind=links.KIND)
    (path,) = re.findall(r"http\S+(/case/\S+/)", mail.text)

    page.context.clear_cookies()
    on_phone(page)
    page.goto(f"{live_server.url}{path}")
    axe(page)
    shot(page, "case-link")
    on_phone(page)
    page.get_by_role("button", name=re.compile("^Accepter pour le")).click()
    expect(page.get_by_text("Vous avez accepté le litige et son délai.")).to_be_visible()
    page.get_by_label("Votre réponse").fill("Lot 88 : laque trop fine, confirmé.")
    page.get_by_role("button", name="Envoyer votre réponse").click()
    expect(page.get_by_text("Votre réponse est dans l’historique")).to_be_visible()
    page.get_by_label("Proposition").fill("Avoir de 250 €")
    page.get_by_role("button", name="Proposer", exact=True).click()
    expect(page.get_by_text("Votre proposition est transmise à qui décide.")).to_be_visible()
    axe(page)
    shot(page, "case-link-answered")
    assert Dispute.objects.get().status == "PROPOSED"


def test_the_finance_director_sets_the_agreed_days(
    page: Page, live_server: LiveServer, people: dict[str, User]
) -> None:
    make_user("finance_director", CompanyFactory(code="DEMO"), username="director")
    enter(page, live_server, "director")
    page.goto(f"{live_server.url}/disputes/rules/")
    page.locator("[name=days_QUALITY]").fill("15")
    page.get_by_label("Motif").fill("Décidé en comité de direction")
    axe(page)
    shot(page, "agreed-days")
    page.get_by_label("Motif").press("Control+Enter")
    expect(page.get_by_text("Les délais convenus sont fixés")).to_be_visible()
    expect(page.get_by_text("QUALITY 20 → QUALITY 15")).to_be_visible()
    axe(page)
    shot(page, "agreed-days-set")
