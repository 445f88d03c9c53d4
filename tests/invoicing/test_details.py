"""What documents say of company and client: changed by those with the right, never on a document that was issued."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, User
from invoicing import services as invoicing
from invoicing.enums import FileKind
from invoicing.models import BuyerDetails, DocumentMail, Invoice, SellerDetails
from invoicing.services import details as services
from invoicing.services import files
from o2c.shared import work
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import line
from tests.invoicing.facturx.test_documents import issued
from tests.invoicing.sending.conftest import contact
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db
IBAN = "FR7630006000011234567890189"


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST", name="Ateliers", siren="732829320")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company)


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


def seller(company: Company, by: User, **values: Any) -> dict[str, Any]:
    return services.change_seller(company=company, values=values, by=by, at=timezone.now())


def buyer(account: CustomerAccount, by: User, **values: Any) -> dict[str, Any]:
    return services.change_buyer(account_id=account.pk, values=values, by=by, at=timezone.now())


def test_what_changed_is_in_the_journal_and_issued_documents_keep_theirs(
    company: Company, account: CustomerAccount, director: User, accountant: User
) -> None:
    before = issued(account, line(), by=accountant)
    changed = seller(
        company, director, iban="FR76 3000 6000 0112 3456 7890 189", city=" Lyon ", name="Ateliers"
    )
    assert changed == {"iban": IBAN, "city": "Lyon"}
    event = AuditEvent.objects.get(action="company.details_changed")
    assert event.before is not None
    assert (event.before["iban"], event.after) == ("", {"iban": IBAN, "city": "Lyon"})
    account.company.refresh_from_db()
    after = issued(account, line(), by=accountant)
    before.refresh_from_db()
    assert (before.frozen["seller"]["iban"], after.frozen["seller"]["iban"]) == ("", IBAN)
    # The same again changes nothing and writes nothing.
    assert seller(company, director, iban=IBAN) == {}
    assert AuditEvent.objects.filter(action="company.details_changed").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("iban", "FR7630006000011234567890188"), ("siret", "81274050400019"), ("siret", "123"),
        ("vat_number", "FR00732829320"), ("name", ""), ("email", "nobody"), ("penalty_rate", Decimal(0)),
        ("share_capital", Decimal(-1)), ("operation_category", "else"), ("phone", "1" * 31),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(company: Company, director: User, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        seller(company, director, **{field: value})
    assert list(refused.value.errors) == [field]
    assert not SellerDetails.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"vat_treatment": "exempt"}, "exemption_text"), ({"delivery_country": "Fr"}, "delivery_country"),
        ({"vat_treatment": "else"}, "vat_treatment"), ({"reference": "x" * 121}, "reference"),
        ({"mails_documents": "else"}, "mails_documents"),
    ],
)  # fmt: skip
def test_what_is_wrong_of_a_client_is_named(
    account: CustomerAccount, adv: User, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        buyer(account, adv, **values)
    assert list(refused.value.errors) == [field]


def test_only_those_with_the_right(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    with pytest.raises(NotAllowed):
        seller(company, adv, city="Lyon")
    with pytest.raises(NotAllowed):
        buyer(account, make_user("sales_manager", company), reference="S1")
    with pytest.raises(NotFound):
        buyer(account, make_user("adv_officer", CompanyFactory(code="FAR")), reference="S1")
    assert buyer(account, adv, reference=" S1 ") == {"reference": "S1"}
    event = AuditEvent.objects.get(action="account.invoice_details_changed")
    assert event.after == {"fields": ["reference"]}


def test_the_database_refuses_an_exemption_without_its_reference(account: CustomerAccount) -> None:
    with pytest.raises(IntegrityError, match="exempt_buyer_has_its_reference"):
        BuyerDetails.objects.create(account=account, vat_treatment="exempt")


def test_pages(company: Company, account: CustomerAccount, director: User, adv: User) -> None:
    address = reverse("invoicing:seller")
    browser = browse(director)
    assert "Our details on documents" in text_of(browser.get(address))
    data = {"name": "Ateliers", "operation_category": "goods", "share_capital": "150000", "iban": IBAN}
    assert browser.post(address, data).status_code == 302
    assert SellerDetails.objects.get().share_capital == Decimal(150000)
    wrong = browser.post(address, data | {"iban": "FR00"})
    assert (wrong.status_code, SellerDetails.objects.get().iban) == (422, IBAN)
    assert browse(adv).post(address, data).status_code == 403
    assert "The finance director and the chief executive set these." in text_of(browse(adv).get(address))
    address = reverse("invoicing:buyer", args=[account.code])
    assert address in browse(adv).get(reverse("accounts:detail", args=[account.code])).content.decode()
    assert (
        browse(adv).post(address, {"delivery_city": "Lyon", "delivery_line1": "8 quai Est"}).status_code
        == 302
    )
    assert "8 quai Est" in browse(adv).get(address).content.decode()
    assert browse(adv).post(address, {"vat_treatment": "exempt"}).status_code == 422
    assert browse(adv).get(reverse("invoicing:buyer", args=["none"])).status_code == 404


def test_api(company: Company, account: CustomerAccount, director: User) -> None:
    client = APIClient(headers={"accept-language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=director).key}")
    answer = client.patch("/api/v1/company-details/", {"iban": IBAN, "penalty_rate": "12.00"}, format="json")
    assert (answer.status_code, answer.json()["iban"], answer.json()["name"]) == (200, IBAN, "Ateliers")
    assert client.get("/api/v1/company-details/").json()["penalty_rate"] == "12.00"
    wrong = client.patch("/api/v1/company-details/", {"iban": "FR00"}, format="json")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["iban"])
    address = f"/api/v1/accounts/{account.code}/invoice-details/"
    assert client.patch(address, {"reference": "S1"}, format="json").json()["reference"] == "S1"
    assert client.get(address).json()["reference"] == "S1"
    assert client.get("/api/v1/accounts/none/invoice-details/").status_code == 404


# --- documents that leave by themselves ---


def ready(account: CustomerAccount, by: User) -> Invoice:
    made = issued(account, line(), by=by)
    files.keep(made, FileKind.PDF, b"%PDF-1.7", at=timezone.now())
    return made


@pytest.mark.parametrize(
    ("company_does", "client", "leaves"),
    [(False, "", False), (True, "", True), (True, "never", False), (False, "always", True)],
)
def test_a_document_leaves_by_itself_where_it_is_wanted(
    company: Company, account: CustomerAccount, accountant: User, settings: LazySettings,
    company_does: bool, client: str, leaves: bool,
) -> None:  # fmt: skip
    settings.EMAIL_URL = "smtp://mail.valmont.test"
    contact(account, "billing@client.test")
    SellerDetails.objects.create(company=company, mails_documents=company_does)
    BuyerDetails.objects.create(account=account, mails_documents=client)
    invoice = ready(account, accountant)
    work.drain()
    assert len(mail.outbox) == int(leaves)
    assert [row.asked_by for row in DocumentMail.objects.all()] == [None] * int(leaves)
    note = invoicing.credit_invoice(
        invoice_id=invoice.pk, amount=Decimal(12), reason="price", by=accountant, at=timezone.now()
    ).credit_note
    assert note is not None
    files.keep(note, FileKind.PDF, b"%PDF-1.7", at=timezone.now())
    work.drain()
    assert len(mail.outbox) == 2 * int(leaves)


def test_a_client_without_an_address_keeps_nothing_from_being_issued(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    SellerDetails.objects.create(company=company, mails_documents=True)
    invoice = ready(account, accountant)
    work.drain()
    assert not DocumentMail.objects.exists()
    assert invoice.number
