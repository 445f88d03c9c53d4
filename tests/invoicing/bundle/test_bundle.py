"""The proofs of an invoice in one file: in their order, what is missing named, hostile papers left beside."""

from __future__ import annotations

import re
import subprocess
import zipfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, User
from invoicing.bundle.contents import Kind, pieces_of
from invoicing.bundle.files import bundle_for
from invoicing.bundle.joining import bundle_of
from invoicing.enums import FileKind
from invoicing.models import Invoice
from invoicing.sending import services as sending
from invoicing.services import files
from o2c.shared import work
from o2c.shared.pdf import PDF_TYPE
from orders.models import Delivery, Order, OrderConfirmation, OrderEvidence
from tests.factories.invoicing import line, make_confirmed_order
from tests.invoicing.facturx.test_documents import issued
from tests.invoicing.sending.conftest import contact
from tests.orders.pages import browse

pytestmark = pytest.mark.django_db


def paper(pages: int = 1, **root: object) -> bytes:
    """A PDF of blank pages."""
    out = BytesIO()
    with pikepdf.Pdf.new() as pdf:
        for _number in range(pages):
            pdf.add_blank_page()
        for page in pdf.pages:
            page.obj["/AA"] = pikepdf.Dictionary(
                O=pikepdf.Dictionary(S=pikepdf.Name("/JavaScript"), JS="app.alert(1)")
            )
        pdf.save(out, **root)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.fixture
def order(account: CustomerAccount, accountant: User) -> Order:
    return make_confirmed_order(account, by=accountant, delivered=("10",))


@pytest.fixture
def invoice(order: Order, accountant: User) -> Invoice:
    made = issued(order.account, line("10", "100", order_line=1), by=accountant, order=order)
    files.keep(made, FileKind.PDF, paper(2), at=timezone.now())
    return made


def evidence(
    order: Order, by: User, content: bytes, name: str = "po.pdf", kind: str = PDF_TYPE
) -> OrderEvidence:
    return OrderEvidence.objects.create(
        order=order, channel="email", name=name, content_type=kind, size=len(content), sha256="0" * 64,
        file=ContentFile(content, name=name), recorded_by=by, recorded_at=timezone.now(),
    )  # fmt: skip


def proved(order: Order, invoice: Invoice, by: User) -> None:
    evidence(order, by, paper(3))
    OrderConfirmation.objects.create(
        order=order, issue=1, content_hash="0" * 64, language="fr", sha256="0" * 64, issued_by=by,
        file=ContentFile(paper(), name="c.pdf"), issued_at=timezone.now(),
    )  # fmt: skip
    row = Delivery.objects.create(
        order=order, number=f"{order.number}-L1", delivered_on=invoice.issue_date, recorded_by=by,
        recorded_at=invoice.recorded_at,
    )  # fmt: skip
    row.lines.create(order_line=order.lines.get(line=1), quantity=Decimal(10))


def words_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "read.pdf"
    path.write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return re.sub(r"\s+", " ", found.stdout.decode())


def test_everything_in_its_order(order: Order, invoice: Invoice, accountant: User, tmp_path: Path) -> None:
    proved(order, invoice, accountant)
    made = bundle_for(invoice, by=accountant, at=timezone.now())
    assert (made.name, made.content_type) == (f"Justificatifs de {invoice.number}.pdf", PDF_TYPE)
    with pikepdf.open(BytesIO(made.content)) as pdf:
        assert len(pdf.pages) == 1 + 3 + 1 + 1 + 2
        assert not [page for page in pdf.pages if "/AA" in page.obj]
    words = words_of(made.content, tmp_path)
    for part in (
        "Commande du client po.pdf", "2–4", f"Bon de livraison {order.number}-L1",
        f"Facture {invoice.number}", "7–8", "Toutes les pièces sont là.",
    ):  # fmt: skip
        assert part in words
    places = [
        words.index(str(kind))
        for kind in ("Commande du client", "Accusé de réception de commande", "Bon de livraison")
    ]
    assert places == sorted(places)
    assert "manquant" not in words


def test_what_is_missing_is_named(invoice: Invoice, accountant: User, tmp_path: Path) -> None:
    pieces = pieces_of(invoice, at=timezone.now())
    assert [(piece.kind, piece.is_missing) for piece in pieces] == [
        (Kind.ORDER, True), (Kind.CONFIRMATION, True), (Kind.DELIVERY, True), (Kind.INVOICE, False),
    ]  # fmt: skip
    words = words_of(bundle_of(invoice, pieces).content, tmp_path)
    assert words.count("manquant") >= 3
    assert "n’ont pas été trouvées" in words


def test_a_number_without_a_file_is_no_gap(order: Order, invoice: Invoice, accountant: User) -> None:
    OrderEvidence.objects.create(
        order=order, channel="phone", reference="PO-7", recorded_by=accountant, recorded_at=timezone.now()
    )
    piece = pieces_of(invoice, at=timezone.now())[0]
    assert (piece.is_missing, piece.read) == (False, None)
    assert "PO-7" in piece.title


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"\x89PNG photo", "photo.png", "image/png"),
        (b"%PDF-1.4 damaged", "broken.pdf", PDF_TYPE),
        (paper(1, encryption=pikepdf.Encryption(owner="o", user="u")), "locked.pdf", PDF_TYPE),
        (paper(301), "book.pdf", PDF_TYPE),
    ],
)
def test_what_cannot_be_joined_goes_beside(
    order: Order, invoice: Invoice, accountant: User, content: bytes, name: str, kind: str
) -> None:
    evidence(order, accountant, content, name, kind)
    made = bundle_for(invoice, by=accountant, at=timezone.now())
    assert made.content_type == "application/zip"
    with zipfile.ZipFile(BytesIO(made.content)) as archive:
        joined, beside = archive.namelist()
        assert archive.read(beside) == content
        with pikepdf.open(BytesIO(archive.read(joined))) as pdf:
            assert len(pdf.pages) == 1 + 2
    assert name in beside
    assert not re.search(r"[\\/]", beside)


def test_by_page_api_and_mail(
    order: Order, invoice: Invoice, accountant: User, settings: LazySettings
) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"
    proved(order, invoice, accountant)
    browser = browse(accountant)
    page = browser.get(reverse("invoicing:bundle", args=[invoice.number]))
    assert (page.status_code, page["Content-Type"], page["X-Content-Type-Options"]) == (
        200,
        PDF_TYPE,
        "nosniff",
    )
    told = browser.get(f"/api/v1/invoices/{invoice.number}/bundle/?company=TEST")
    assert (told.status_code, told["Content-Type"]) == (200, PDF_TYPE)
    assert browser.get("/api/v1/invoices/none/bundle/?company=TEST").status_code == 404
    contact(order.account, "billing@client.test")
    for _time in range(2):  # asked for with its proofs, it goes again
        sending.send_document(invoice_id=invoice.pk, proofs=True, by=accountant, at=timezone.now())
        work.drain()
    assert len(mail.outbox) == 2
    names = [file[0] for file in mail.outbox[0].attachments]
    assert names == [f"{invoice.number}.pdf", f"Justificatifs de {invoice.number}.pdf"]


def test_a_document_from_elsewhere_has_none(account: CustomerAccount, accountant: User) -> None:
    from tests.factories.invoicing import make_invoice

    imported = make_invoice(account, by=accountant)
    browser = browse(accountant)
    answer = browser.get(reverse("invoicing:bundle", args=[imported.number]))
    assert answer.status_code == 302
    assert browser.get(f"/api/v1/invoices/{imported.number}/bundle/?company=TEST").status_code == 409
