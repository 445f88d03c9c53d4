from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import FileStatus, ReturnStatus
from invoicing.models import BankAccount, BankStatement, PaymentReturn, ReturnProposal, StatementFile
from invoicing.services import statement_files
from o2c.shared import work
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, make_payment
from tests.factories.statements import cfonb120, entry, make_bank_account

pytestmark = pytest.mark.django_db
CONTENT = cfonb120(entry("480.00", NPY="DUPONT", LIB="FA2026-1"), entry("-72.00", "IMPAYE PRLV LEROY"))


@pytest.fixture
def bank(company: Company, accountant: User) -> BankAccount:
    return make_bank_account(company, accountant)


@pytest.fixture
def page(client: Client, accountant: User) -> Client:
    client.force_login(accountant)
    return client


def upload(page: Client, content: bytes = CONTENT, **fields: Any) -> Any:
    file = SimpleUploadedFile("nov.txt", content)
    return page.post("/invoicing/bank/import/", {"file": file, "format": "", **fields}, follow=True)


def test_a_file_is_looked_at_then_booked(page: Client, bank: BankAccount):
    seen = upload(page)
    kept = StatementFile.objects.get()
    assert kept.status == FileStatus.PREVIEWED
    assert "FA2026-1" in seen.content.decode()
    assert not BankStatement.objects.exists()

    done = page.post(f"/invoicing/bank/files/{kept.pk}/", follow=True)

    stored = BankStatement.objects.get()
    assert f"/invoicing/bank/{stored.pk}/" in done.content.decode()
    assert StatementFile.objects.get().status == FileStatus.DONE
    for address in ("", f"{stored.pk}/", f"{stored.pk}/?outcome=return", "accounts/", "import/"):
        assert page.get(f"/invoicing/bank/{address}").status_code == 200
    # Pressed once more, it says so and books nothing.
    page.post(f"/invoicing/bank/files/{kept.pk}/")
    assert BankStatement.objects.count() == 1
    assert "déjà" in upload(page).content.decode()


@pytest.mark.parametrize("content", [b"", b"A letter", CONTENT[:300], CONTENT.replace(b"4800{", b"4801{")])
def test_what_cannot_be_booked_is_said(page: Client, bank: BankAccount, content: bytes):
    answer = upload(page, content)
    assert StatementFile.objects.get().status == FileStatus.REFUSED
    assert "Ligne" in answer.content.decode()


def test_a_file_that_is_too_large_is_not_kept(
    page: Client, bank: BankAccount, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statement_files, "LARGEST_FILE", 100)
    assert "20 Mo" in upload(page).content.decode()
    assert not StatementFile.objects.exists()


def test_an_account_nobody_named_is_said_before_the_booking(page: Client, company: Company):
    answer = upload(page).content.decode()
    assert "/invoicing/bank/accounts/?" in answer
    page.post(f"/invoicing/bank/files/{StatementFile.objects.get().pk}/")
    assert StatementFile.objects.get().status == FileStatus.REFUSED


def test_a_large_file_is_read_and_booked_in_the_background(
    page: Client, bank: BankAccount, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statement_files, "AT_ONCE", 10)
    upload(page)
    kept = StatementFile.objects.get()
    assert kept.status == FileStatus.UPLOADED
    assert page.get(f"/invoicing/bank/files/{kept.pk}/progress/").status_code == 200
    work.drain()
    kept.refresh_from_db()
    assert kept.status == FileStatus.PREVIEWED
    page.post(f"/invoicing/bank/files/{kept.pk}/")
    assert not BankStatement.objects.exists()
    work.drain()
    assert BankStatement.objects.count() == 1
    assert page.get(f"/invoicing/bank/files/{kept.pk}/progress/").status_code == 286


def test_an_account_is_named(page: Client, company: Company):
    fields = {"name": "BNP", "iban": "FR76 3000 6000 0112 3456 7890 189", "currency": "EUR"}
    assert page.post("/invoicing/bank/accounts/", fields).status_code == 302
    assert BankAccount.objects.get().name == "BNP"
    wrong = page.post("/invoicing/bank/accounts/", fields | {"iban": "FR76"})
    assert wrong.status_code == 422


def test_a_return_is_settled_or_left_aside(
    page: Client, company: Company, account: CustomerAccount, bank: BankAccount, accountant: User
):
    payment = make_payment(account, "72.00", by=accountant, payer_name="LEROY")
    services.import_statements(company=company, content=CONTENT, by=accountant, at=AT)
    proposal = ReturnProposal.objects.get()
    address = f"/invoicing/bank/returns/{proposal.pk}/"
    assert payment.external_id in page.get(address).content.decode()
    assert page.post(address, {"act": "leave", "reason": ""}).status_code == 422
    assert page.post(address, {"act": "settle", "payment": payment.pk, "fee": ""}).status_code == 302
    assert PaymentReturn.objects.get().payment == payment
    assert ReturnProposal.objects.get().status == ReturnStatus.RETURNED
    assert page.get(address).status_code == 200
    assert page.get(f"/invoicing/bank/{proposal.line.statement_id}/").status_code == 200


def test_the_lines_cost_as_many_queries_however_many_there_are(
    page: Client, company: Company, bank: BankAccount, accountant: User
):
    asked = []
    opening = Decimal(1000)
    for count in (1, 6):
        rows = [entry("5", f"VIR {n}") for n in range(count)] + [
            entry("-1", f"REJET {n}") for n in range(count)
        ]
        (result,) = services.import_statements(
            company=company, content=cfonb120(*rows, opening=opening), by=accountant, at=AT
        )
        assert result.stored is not None
        opening = result.stored.closing_balance
        page.get(f"/invoicing/bank/{result.stored.pk}/")
        with CaptureQueriesContext(connection) as sent:
            page.get(f"/invoicing/bank/{result.stored.pk}/")
        asked.append(len(sent))
    assert asked[0] == asked[1]


def test_whoever_may_not_sees_no_bank(client: Client, company: Company, bank: BankAccount):
    client.force_login(make_user("sales", company))
    for address in ("", "import/", "accounts/"):
        assert client.get(f"/invoicing/bank/{address}").status_code == 403
