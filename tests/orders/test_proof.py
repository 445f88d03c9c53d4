"""The proof of a decision: every figure with its documents, kept when a person decides, never changed, as a file."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import InternalError, transaction
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Company, CustomerAccount, ExchangeRate, LegalEntity, User
from credit.models import CreditDecision, DecisionDocument
from credit.proof import proof_of
from invoicing import services as invoicing
from o2c.shared.calendar import paris_date
from orders import services
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_item
from tests.factories.orders import submitted

from .pages import browse, text_of

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company, "accountant")


@pytest.fixture
def book(account: CustomerAccount, accountant: User, adv: User) -> None:
    """Invoices in two currencies, one contested in part, money and a credit note unmatched, an order confirmed."""
    at = timezone.now()
    today = paris_date(at)
    ExchangeRate.objects.create(currency="USD", day=today, units_per_eur=D("1.0850"))
    submitted(account, "2000", by=adv, number="CDE-OPEN")
    late = make_item(account, "1000.10", number="F-1", by=accountant)
    make_item(account, "333.33", number="F-2", currency="USD", by=accountant)
    make_item(account, "111.11", number="F-3", currency="USD", by=accountant)
    make_credit(account, D("40.00"), by=accountant)
    invoicing.dispute_amount(item_id=late.pk, amount=D("250"), on=today, by=accountant, at=at)


def released(account: CustomerAccount, adv: User, manager: User, number: str = "CDE-9") -> CreditDecision:
    order = submitted(account, "12000", by=adv, number=number)
    services.release(order_id=order.pk, comment="known", by=manager, at=timezone.now())
    return CreditDecision.objects.get(releases__order=order)


def test_every_figure_of_a_release_is_what_its_documents_come_to(
    account: CustomerAccount, book: None, adv: User, manager: User
) -> None:
    decision = released(account, adv, manager)
    proof = proof_of(decision, manager)
    assert proof is not None
    assert proof.ties
    parts = {part.code: part for part in proof.parts}
    assert {row.document for row in parts["open_invoices"].documents} == {"F-1", "F-2", "F-3"}
    assert [row.document for row in parts["open_orders"].documents] == ["CDE-OPEN"]
    assert parts["disputed"].total == 250
    frozen = {part["code"]: D(part["amount"]) for part in decision.figures["exposure"]["parts"]}
    assert {code: part.total for code, part in parts.items() if code in frozen} == {
        code: amount for code, amount in frozen.items() if amount
    }


def test_what_happens_later_leaves_the_proof_as_it_was(
    account: CustomerAccount, book: None, adv: User, manager: User, accountant: User
) -> None:
    decision = released(account, adv, manager)
    make_item(account, "5000", number="F-LATER", by=accountant)
    proof = proof_of(decision, manager)
    assert proof is not None
    assert proof.ties
    assert not decision.documents.filter(document="F-LATER").exists()
    row = decision.documents.first()
    assert row is not None
    row.amount = D(1)
    for act in (row.save, row.delete):
        with pytest.raises(InternalError, match="decision_document_append_only"), transaction.atomic():
            act()


def test_the_check_alone_keeps_no_documents_and_the_page_says_so(
    account: CustomerAccount, book: None, adv: User, manager: User
) -> None:
    order = submitted(account, "12000", by=adv, number="CDE-9")
    assert order.last_decision is not None
    assert not DecisionDocument.objects.exists()
    page = browse(manager).get(f"/orders/CDE-9/decisions/{order.last_decision_id}/")
    assert "No documents were kept with this decision" in text_of(page)


def test_a_refused_request_is_proved_too(
    account: CustomerAccount, book: None, adv: User, rep: User, manager: User
) -> None:
    order = submitted(account, "12000", by=adv, number="CDE-9")
    asked = services.request_override(order_id=order.pk, reason="Signed", by=rep, at=timezone.now())
    services.refuse_override(request_id=asked.pk, reason="Too much", by=manager, at=timezone.now())
    asked.refresh_from_db()
    assert asked.decision is not None
    proof = proof_of(asked.decision, manager)
    assert proof is not None
    assert proof.ties


def test_relatives_are_listed_for_who_sees_them(
    company: Company, account: CustomerAccount, book: None, adv: User, manager: User, accountant: User
) -> None:
    entity: LegalEntity = account.entity
    sister = CustomerAccountFactory(company=company, code="C0043", entity=entity)
    make_item(sister, "70", number="F-SISTER", by=accountant)
    far = CompanyFactory(code="FAR")
    abroad = CustomerAccountFactory(company=far, code="C0044", entity=entity)
    make_item(abroad, "80", number="F-FAR", by=make_user("receivables_accountant", far, "far"))
    proof = proof_of(released(account, adv, manager), manager)
    assert proof is not None
    assert [row.document for row in proof.relatives] == ["F-SISTER"]
    assert proof.unseen == 1


def test_page_and_files(account: CustomerAccount, book: None, adv: User, manager: User, rep: User) -> None:
    decision = released(account, adv, manager)
    address = f"/orders/CDE-9/decisions/{decision.pk}/"
    client = browse(manager)
    assert address in client.get("/orders/CDE-9/").content.decode()
    page = text_of(client.get(address))
    for words in ("to the cent", "F-1", "CDE-OPEN", "1.0850", "Days late from which orders are held"):
        assert words in page
    answer: Any = client.get(address, {"export": "csv"})
    rows = list(
        csv.DictReader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    )
    assert {row["Document"] for row in rows} >= {"F-1", "F-2", "F-3", "CDE-OPEN"}
    answer = client.get(address, {"export": "xlsx"})
    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1
    assert browse(rep).get(address).status_code == 403
    assert client.get(f"/orders/CDE-9/decisions/{decision.pk + 999}/").status_code == 404
    other = Order.objects.get(number="CDE-OPEN")
    assert client.get(f"/orders/{other.number}/decisions/{decision.pk}/").status_code == 404
