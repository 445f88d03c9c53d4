"""Pages of late-payment interest: the card of an invoice, claiming, notes, waivers, terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from invoicing.interest_queries import interest_of
from invoicing.models import AgreedTerms, Invoice, LegalRate, PenaltyNote, PenaltyWaiver
from invoicing.services import legal_rates, penalties
from o2c.shared.calendar import paris_date
from tests.factories.accounts import make_user
from tests.factories.invoicing import assume_rates, make_invoice

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def credit(company: Company) -> User:
    return make_user("credit_manager", company)


@pytest.fixture
def invoice(account: CustomerAccount, accountant: User) -> Invoice:
    """10 000, 30 days late now."""
    assume_rates(paris_date(timezone.now()))
    return make_invoice(account, "10000.00", by=accountant, at=timezone.now())


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"invoicing:{name}", args=args), query, HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code == 200
    return answer.content.decode()


def claim(invoice: Invoice, by: User) -> PenaltyNote:
    now = timezone.now()
    return penalties.claim_interest(
        account_id=invoice.account_id, invoice_ids=[invoice.pk], as_of=paris_date(now), by=by, at=now
    )


def test_the_card_shows_what_has_run_up_and_who_may_act(
    client: Client, invoice: Invoice, credit: User, company: Company
):
    client.force_login(credit)
    shown = page(client, "detail", invoice.number)
    assert 'id="interest"' in shown
    assert reverse("invoicing:waive_interest", args=[invoice.number]) in shown
    client.force_login(make_user("sales_manager", company))
    shown = page(client, "detail", invoice.number)
    assert 'id="interest"' in shown
    assert reverse("invoicing:waive_interest", args=[invoice.number]) not in shown
    early = page(client, "detail", invoice.number, as_of=invoice.issue_date.isoformat())
    assert 'id="interest"' not in early


def test_a_missing_rate_is_said_on_the_card(
    client: Client, invoice: Invoice, credit: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("invoicing.interest_queries.rate_table", dict)
    client.force_login(credit)
    assert reverse("invoicing:rates") in page(client, "detail", invoice.number)
    assert "missing" in page(client, "claim_interest", invoice.account.code)


def test_claiming_makes_a_note_once(client: Client, invoice: Invoice, credit: User):
    client.force_login(credit)
    address = reverse("invoicing:claim_interest", args=[invoice.account.code])
    assert invoice.number in page(client, "claim_interest", invoice.account.code, invoice=invoice.number)
    today = paris_date(timezone.now()).isoformat()
    assert client.post(address, {"as_of": today}).status_code == 422
    assert client.post(address, {"as_of": "never", "invoices": [invoice.pk]}).status_code == 422
    done = client.post(address, {"as_of": today, "invoices": [invoice.pk]})
    note = PenaltyNote.objects.get()
    assert (done.status_code, done["Location"]) == (302, reverse("invoicing:penalty_note", args=[note.pk]))
    assert client.post(address, {"as_of": today, "invoices": [invoice.pk]}).status_code == 422
    assert "claimed already" in page(client, "claim_interest", invoice.account.code)
    assert note.number in page(client, "penalty_notes")
    assert invoice.number in page(client, "penalty_note", note.pk)
    assert note.number in page(client, "detail", invoice.number)
    paper = client.get(reverse("invoicing:penalty_note_pdf", args=[note.pk]))
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_a_note_is_taken_back_with_a_reason(client: Client, invoice: Invoice, credit: User):
    client.force_login(credit)
    note = claim(invoice, credit)
    address = reverse("invoicing:cancel_penalty_note", args=[note.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": " "}).status_code == 422
    assert client.post(address, {"reason": "wrong day"}).status_code == 302
    back = PenaltyNote.objects.get(cancels=note)
    assert "wrong day" in page(client, "penalty_note", note.pk)
    assert note.number in page(client, "penalty_note", back.pk)
    assert client.post(address, {"reason": "again"}).status_code == 422


def test_waiving_and_lifting(client: Client, invoice: Invoice, credit: User):
    client.force_login(credit)
    address = reverse("invoicing:waive_interest", args=[invoice.number])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "goodwill"}).status_code == 422
    assert client.post(address, {"reason": "goodwill", "interest": "on", "fee": "on"}).status_code == 302
    waiver = PenaltyWaiver.objects.get()
    assert "goodwill" in page(client, "detail", invoice.number)
    lift = reverse("invoicing:lift_waiver", args=[waiver.pk])
    assert client.get(lift).status_code == 200
    assert client.post(lift, {"reason": "promise broken"}).status_code == 302
    assert "promise broken" in page(client, "detail", invoice.number)
    assert client.get(reverse("invoicing:lift_waiver", args=[0])).status_code == 404


def test_terms_of_a_client(client: Client, invoice: Invoice, credit: User):
    client.force_login(credit)
    address = reverse("invoicing:penalty_terms", args=[invoice.account.code])
    facts = {"regime": "CONTRACT", "valid_from": invoice.issue_date.isoformat(), "reason": "clause 7"}
    assert client.post(address, facts).status_code == 422
    assert client.post(address, facts | {"contract_rate": "1,5"}).status_code == 302
    assert AgreedTerms.objects.get().contract_rate == D("1.5")
    assert "clause 7" in page(client, "penalty_terms", invoice.account.code)
    # Below three times the legal rate: flagged on the card, applied as written.
    assert "below three times" in page(client, "detail", invoice.number)
    assert interest_of([invoice.pk], paris_date(timezone.now()))[invoice.pk].terms.contract_rate == D("1.5")


def test_the_rates_of_the_table_are_read_where_a_row_was_corrected(invoice: Invoice, company: Company):
    now = timezone.now()
    on = paris_date(now)
    before = interest_of([invoice.pk], on)[invoice.pk].claimable_interest
    for row in list(LegalRate.objects.filter(replaced_by=None)[:2]):
        legal_rates.correct_legal_rate(
            rate_id=row.pk, ecb=row.ecb_rate + 10, legal=row.legal_rate, source="JO", reason="misread",
            by=make_user("finance_director", company), at=now,
        )  # fmt: skip
    assert interest_of([invoice.pk], on)[invoice.pk].claimable_interest > before
