"""Crediting an invoice on its page: the preview, the asking, the answer, from the page and from the inbox."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import Origin
from invoicing.models import CreditNoteRequest, Invoice
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import line

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    """An invoice of 1200 with a line of 10 and one of 5.5 %."""
    return services.record_invoice(
        company=account.company,
        account=account,
        issue_date=paris_date(NOW),
        lines=(line("9", "100"), line("1", "113.744", "5.5", description="Book")),
        origin=Origin.ISSUED,
        by=make_user("adv_officer", account.company),
        at=NOW,
    )


def url(invoice: Invoice, name: str = "credit") -> str:
    return reverse(f"invoicing:{name}", args=[invoice.number])


def test_who_may_not_credit_finds_neither_button_nor_page(invoice: Invoice, company: Company):
    sales = browser(make_user("sales_manager", company))

    assert url(invoice) not in sales.get(url(invoice, "detail")).content.decode()
    assert sales.get(url(invoice)).status_code == sales.post(url(invoice), {}).status_code == 403
    far = browser(make_user("credit_manager", CompanyFactory(code="FAR")))
    assert far.get(url(invoice)).status_code == 404


def test_the_preview_says_what_it_settles_and_who_must_approve(
    invoice: Invoice, accountant: User, manager: User
):
    asked = browser(accountant)

    text = asked.get(url(invoice, "credit_preview"), {"amount": "600"}).content.decode()
    assert "€600.00" in text
    assert "Above your authority: it waits for" in text
    text = asked.get(url(invoice, "credit_preview"), {"line_1": "2"}).content.decode()
    assert "€240.00" in text
    assert "Within your authority: issued at once." in text
    assert (
        "More than the invoice"
        in asked.get(url(invoice, "credit_preview"), {"amount": "9999"}).content.decode()
    )
    assert "while you type" in asked.get(url(invoice, "credit_preview")).content.decode()
    assert not CreditNoteRequest.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": "x"}, "Write either an amount or quantities."),
        ({"reason": "x", "amount": "5", "line_1": "1"}, "Write either an amount or quantities."),
        ({"reason": "x", "line_1": "10"}, "More than was invoiced."),
        ({"reason": "x", "amount": "5000"}, "cannot be credited"),
        ({"amount": "5"}, "This field is required."),
    ],
)
def test_what_cannot_be_is_shown_again(invoice: Invoice, accountant: User, typed: dict[str, str], said: str):
    response = browser(accountant).post(url(invoice), typed)

    assert response.status_code == 422
    assert said in response.content.decode()
    assert not CreditNoteRequest.objects.exists()


def test_within_authority_it_is_issued_and_put_on_the_invoice(invoice: Invoice, accountant: User):
    response = browser(accountant).post(url(invoice), {"reason": "Two broken", "line_1": "2"}, follow=True)

    made = CreditNoteRequest.objects.get()
    assert f"Credit note {made.number} is issued." in response.content.decode()
    assert invoice.items.get().open_amount == invoice.total_incl_vat - Decimal(240)
    assert services.creditable(invoice) == invoice.total_incl_vat - Decimal(240)


def test_above_it_waits_and_is_answered_from_the_page(invoice: Invoice, accountant: User, manager: User):
    books = browser(accountant)
    response = books.post(url(invoice), {"reason": "Agreed", "amount": "600"}, follow=True)
    waiting = CreditNoteRequest.objects.get()
    decide = reverse("invoicing:decide_credit", args=[waiting.pk])
    assert "waits for somebody with more authority" in response.content.decode()
    assert decide not in response.content.decode()

    assert books.post(decide, {"decision": "approve"}).status_code == 403
    decider = browser(manager)
    assert decide in decider.get(url(invoice, "detail")).content.decode()
    assert "Say why." in decider.post(decide, {"decision": "refuse"}, follow=True).content.decode()
    response = decider.post(decide, {"decision": "approve", "reason": "ok"}, follow=True)
    waiting.refresh_from_db()
    assert f"Credit note {waiting.number} is issued." in response.content.decode()
    again = decider.post(decide, {"decision": "approve", "reason": "ok"}, follow=True)
    assert "does not wait for a decision" in again.content.decode()
    # What is not there, or another company's, is not found, with or without a reason.
    stranger = browser(make_user("credit_manager", CompanyFactory(code="OTHER")))
    for reason in ("", "ok"):
        answer = {"decision": "refuse", "reason": reason}
        assert stranger.post(decide, answer).status_code == 404
        assert decider.post(reverse("invoicing:decide_credit", args=[10**40]), answer).status_code == 404


def test_the_inbox_of_who_may_holds_it_and_names_them_to_others(
    invoice: Invoice, accountant: User, manager: User, company: Company
):
    browser(accountant).post(url(invoice), {"reason": "Agreed", "amount": "600"})
    waiting = CreditNoteRequest.objects.get()
    adv = browser(make_user("adv_manager", company))
    assert f'value="credit-{waiting.pk}"' not in adv.get(reverse("decisions")).content.decode()
    assert f"Credit note on {invoice.number}" in adv.get(reverse("decisions")).content.decode()
    decider = browser(manager)
    assert f'value="credit-{waiting.pk}"' in decider.get(reverse("decisions")).content.decode()

    answer = {"request": f"credit-{waiting.pk}", "decision": "approve", "reason": "ok"}
    assert adv.post(reverse("decisions"), answer).status_code == 403
    decider.post(reverse("decisions"), answer)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.decided_by, waiting.decision_reason) == ("issued", manager, "ok")


def test_the_inbox_asks_as_often_for_three_as_for_one(invoice: Invoice, accountant: User, manager: User):
    decider, counts = browser(manager), []
    for _ in range(3):
        CreditNoteRequest.objects.create(
            company=invoice.company,
            account=invoice.account,
            invoice=invoice,
            amount=Decimal(5),
            currency="EUR",
            reason="x",
            status="pending",
            requested_by=accountant,
            requested_at=NOW,
        )
        decider.get(reverse("decisions"))
        with CaptureQueriesContext(connection) as queries:
            decider.get(reverse("decisions"))
        counts.append(len(queries))
    assert counts[0] == counts[2]
