"""Files of documents: made once by the worker, whole as PDF/A-3, refused where a rule is broken, kept for good."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.models import Company, Contact, CustomerAccount, User
from invoicing import services
from invoicing.enums import FileKind
from invoicing.models import BuyerDetails, Invoice, InvoiceFile
from o2c.shared import work
from o2c.shared.models import Work
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.invoicing import line, make_invoice

from .test_documents import issued

pytestmark = pytest.mark.django_db


def drained() -> bool:
    """The worker's turn, then the end of the waiting."""
    return bool(work.drain())


def made(invoice: Invoice, by: User, kind: FileKind = FileKind.PDF) -> bytes:
    return services.file_of(invoice, kind, by=by, wait=drained).file.read()


def text_of(pdf: bytes, tmp_path: Path) -> str:
    """The words of a PDF file, blanks and thousands marks made plain."""
    path = tmp_path / "read.pdf"
    path.write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return re.sub("[\u00a0\u202f]", " ", found.stdout.decode())


def fonts_of(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    for page in pdf.pages:
        for font in page.Resources.Font.values():
            yield (
                font.DescendantFonts[0].FontDescriptor if "/DescendantFonts" in font else font.FontDescriptor
            )


def test_the_file_is_an_archive_with_its_data(
    account: CustomerAccount, accountant: User, tmp_path: Path
) -> None:
    invoice = issued(account, line("3", "411.5", sku="P-1"), line("2", "9.99", "5.5"), by=accountant)
    content = made(invoice, accountant)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert not pdf.is_encrypted
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        (data,) = pdf.Root.AF
        assert (str(data.AFRelationship), str(data.UF)) == ("/Data", "factur-x.xml")
        assert len(pdf.Root.Names.EmbeddedFiles.Names) == 2
        embedded = data.EF.F.read_bytes()
        assert embedded == made(invoice, accountant, FileKind.XML)
        metadata = pdf.Root.Metadata.read_bytes().decode()
        assert metadata.count("<rdf:RDF") == 1
        assert re.search(r"<pdfaid:part>3</pdfaid:part>", metadata)
        assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", metadata)
        assert re.search(r"<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>", metadata)
        assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts_of(pdf))
    words = text_of(content, tmp_path)
    for part in (
        invoice.number,
        "1 502,48 €",
        "1 254,48 €",
        "Total TTC",
        account.name,
        "RCS Lyon",
        "45 jours",
    ):
        assert part in words


def test_a_file_is_made_once(account: CustomerAccount, accountant: User) -> None:
    invoice = issued(account, line(), by=accountant)
    first = made(invoice, accountant)
    assert Work.objects.filter(kind="invoicing.files").count() == 1
    other = make_user("adv_officer", account.company)
    assert services.file_of(invoice, FileKind.PDF, by=other, wait=lambda: False).file.read() == first
    work.add("invoicing.files", "again", {"invoice_id": invoice.pk})
    assert work.drain() == 1
    assert InvoiceFile.objects.filter(invoice=invoice).count() == 2


@pytest.mark.parametrize("change", [{"size": 1}, {}])
def test_a_kept_file_cannot_be_changed(
    account: CustomerAccount, accountant: User, change: dict[str, int]
) -> None:
    invoice = issued(account, line(), by=accountant)
    made(invoice, accountant)
    rows = InvoiceFile.objects.filter(invoice=invoice)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(**change) if change else rows.delete()


def test_a_document_that_breaks_a_rule_does_not_leave(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    Company.objects.filter(pk=company.pk).update(siren="")
    account.company.refresh_from_db()
    invoice = issued(account, line(), by=accountant)
    with pytest.raises(services.DocumentRefused) as refused:
        made(invoice, accountant)
    assert refused.value.findings
    assert not InvoiceFile.objects.exists()


def test_a_client_without_any_address_gets_a_plain_archive(
    abroad, accountant: User, client, tmp_path: Path
) -> None:
    invoice = issued(abroad("US"), line("1", "900", "0"), by=accountant)
    content = made(invoice, accountant)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert "/EmbeddedFiles" not in (pdf.Root.Names if "/Names" in pdf.Root else {})
        metadata = pdf.Root.Metadata.read_bytes().decode()
        assert re.search(r"pdfaid:part[=>\"' ]+3", metadata)
        assert "urn:factur-x" not in metadata
    assert "UNITED STATES" in text_of(content, tmp_path)
    with pytest.raises(services.NoEInvoice):
        made(invoice, accountant, FileKind.XML)
    # The same again: nothing is made anew, and still there is no XML.
    work.add("invoicing.files", "again", {"invoice_id": invoice.pk})
    work.drain()
    assert [each.kind for each in InvoiceFile.objects.all()] == [FileKind.PDF]
    client.force_login(accountant)
    page = client.get(reverse("invoicing:detail", args=[invoice.number])).content.decode()
    assert "/file/pdf/" in page
    assert "/file/xml/" not in page
    assert "Factur-X" in page
    refused = client.get(f"/api/v1/invoices/{invoice.number}/xml/?company=TEST")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_einvoice")


def test_a_private_client_gets_a_plain_archive(company: Company, accountant: User) -> None:
    entity = LegalEntityFactory(siren=None, name="Mme Durand")
    private = CustomerAccountFactory(
        company=company, entity=entity, name="Mme Durand", siret="", vat_number=""
    )
    invoice = issued(private, line(), by=accountant)
    assert made(invoice, accountant).startswith(b"%PDF-")
    assert services.is_plain(invoice)
    Contact.objects.create(
        account=private, name="Mme Durand", role="INVOICE_RECEIPT", email="durand@client.test"
    )
    later = issued(private, line(), by=accountant)
    made(later, accountant)
    assert not services.is_plain(later)


def test_whoever_waits_too_long_is_told_so(account: CustomerAccount, accountant: User) -> None:
    invoice = issued(account, line(), by=accountant)
    with pytest.raises(services.StillMade) as waiting:
        services.file_of(invoice, FileKind.PDF, by=accountant, wait=lambda: False)
    assert waiting.value.work.state == Work.State.QUEUED


def test_the_api_hands_it_out(client, settings, account: CustomerAccount, accountant: User) -> None:
    settings.INVOICE_FILE_WAIT = 0
    invoice = issued(account, line(), by=accountant)
    client.force_login(accountant)
    address = f"/api/v1/invoices/{invoice.number}/pdf/?company=TEST"
    first = client.get(address)
    assert (first.status_code, first.json()["state"]) == (202, "queued")
    work.drain()
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    xml = client.get(address.replace("/pdf/", "/xml/"))
    assert xml["Content-Type"] == "application/xml"
    taken_over = make_invoice(account, by=accountant)
    refused = client.get(f"/api/v1/invoices/{taken_over.number}/pdf/?company=TEST")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_issued_here")
    outsider = make_user("sales", account.company)
    client.force_login(outsider)
    assert client.get(address).status_code == 404


def test_the_page_offers_both(client, settings, account: CustomerAccount, accountant: User) -> None:
    settings.INVOICE_FILE_WAIT = 0
    invoice = issued(account, line(), by=accountant)
    client.force_login(accountant)
    page = reverse("invoicing:detail", args=[invoice.number])
    pdf = reverse("invoicing:file", args=[invoice.number, "pdf"])
    assert pdf in client.get(page).content.decode()
    assert client.get(pdf).url == page
    work.drain()
    assert client.get(pdf)["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert client.get(reverse("invoicing:file", args=[invoice.number, "exe"])).status_code == 404
    imported = make_invoice(account, by=accountant)
    other = client.get(reverse("invoicing:detail", args=[imported.number])).content.decode()
    assert "/file/pdf/" not in other


def test_an_english_client_reads_english(abroad, accountant: User, tmp_path: Path) -> None:
    invoice = issued(abroad("DE", vat="DE136695976"), line("1", "900", "0"), by=accountant)
    words = text_of(made(invoice, accountant), tmp_path)
    for part in ("€900.00", "Unit price excl. VAT", "262 ter", "GERMANY"):
        assert part in words


def test_addresses_of_their_own_are_printed(
    company: Company, account: CustomerAccount, accountant: User, tmp_path: Path
) -> None:
    BuyerDetails.objects.create(
        account=account,
        billing_line1="BP 12",
        billing_city="Paris Cedex",
        delivery_name="Chantier A",
        delivery_line1="Quai 3",
        delivery_postcode="13002",
        delivery_city="Marseille",
        reference="SERV-3",
    )
    invoice = issued(account, line("1", "10"), by=accountant)
    words = text_of(made(invoice, accountant), tmp_path)
    for part in ("BP 12", "Paris Cedex", "Chantier A", "13002 Marseille", "SERV-3"):
        assert part in words


def test_long_documents_carry_their_total(account: CustomerAccount, accountant: User, tmp_path: Path) -> None:
    invoice = issued(account, *(line("1", "10", sku=f"A{n}") for n in range(60)), by=accountant)
    words = text_of(made(invoice, accountant), tmp_path)
    pages = words.split("\f")
    carried = re.findall(r"À reporter ([\d ]+,\d\d) €", words)
    brought = re.findall(r"Report ([\d ]+,\d\d) €", words)
    assert len(carried) == len(brought) >= 2
    assert carried == brought
    assert "À reporter" not in pages[len(carried)]
    assert Decimal(carried[0].replace(",", ".").replace(" ", "")) % 10 == 0
