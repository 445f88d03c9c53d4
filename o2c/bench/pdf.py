"""``pdf``: files of documents per second and core: page, XML, proof and joining, beside WeasyPrint alone.

Documents are made in memory: nothing is read or stored, only the work of the engines counts. One process, one core.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from weasyprint import HTML

from invoicing.enums import DocumentKind, OperationCategory
from invoicing.facturx.checks import failures
from invoicing.facturx.cii import cii_xml
from invoicing.facturx.document import Address, Document, DocumentLine, Party, TaxLine
from invoicing.facturx.joined import invoice_pdf
from invoicing.facturx.mentions import compulsory_notes
from invoicing.facturx.page import invoice_html
from invoicing.facturx.vat import Sale, breakdown, category_of
from invoicing.policy import Instalment
from o2c.shared.money import round_cents
from o2c.shared.pdf_engine import BASE, StaticFilesOnly

from .session import Session
from .timing import Act, in_turns

LINES: Final = (4, 60)
_REPEATS: Final = 9
_ISSUED: Final = date(2026, 11, 23)
_SALE: Final = Sale(OperationCategory.GOODS, "FR", is_identified=True)


def run(session: Session) -> None:
    """Print documents per second for short and long ones, ours beside bare drawing, and what the proof takes."""
    rows = []
    for count in LINES:
        document = sample(count)
        page, xml = invoice_html(document), cii_xml(document)
        if broken := failures(xml):
            session.report.say(f"the sample breaks {broken[0].rule}: {broken[0].message}")
        taken = in_turns(
            {
                "ours": Act(partial(_whole, document)),
                "bare": Act(partial(_bare, page)),
                "xml": Act(partial(_proved, document)),
            },
            repeats=_REPEATS,
        )
        rows.append(
            [
                str(count),
                f"{1 / taken['ours']:.1f}",
                f"{1 / taken['bare']:.1f}",
                f"{taken['ours'] / taken['bare']:.2f} ×",
                f"{taken['xml'] * 1000:.0f} ms",
                f"{len(invoice_pdf(document, xml)) // 1024} kB",
            ]
        )
    head = ("lines", "ours/s", "bare/s", "ratio", "XML and proof", "size")
    session.report.table("pdf: documents per second and core", head, rows)


def _whole(document: Document) -> None:
    xml = cii_xml(document)
    failures(xml)
    invoice_pdf(document, xml)


def _proved(document: Document) -> None:
    failures(cii_xml(document))


def _bare(page: str) -> None:
    HTML(string=page, base_url=BASE, url_fetcher=StaticFilesOnly()).write_pdf()


def sample(count: int) -> Document:
    """An invoice of so many lines between two French businesses."""
    lines = tuple(_line(number) for number in range(1, count + 1))
    taxes = breakdown(((line.category, line.rate, line.net) for line in lines), _SALE)
    excl, vat = sum((t.base for t in taxes), Decimal(0)), sum((t.vat for t in taxes), Decimal(0))
    due = _ISSUED + timedelta(days=30)
    return Document(
        number="FA2026-000001",
        kind=DocumentKind.INVOICE,
        type_code="380",
        framework="B1",
        operation="goods",
        language="fr",
        issue_date=_ISSUED,
        due_date=due,
        supply_date=_ISSUED,
        currency="EUR",
        seller=_party("Vendeur SA", "732829320", legal_form="SA", register_town="Lyon"),
        buyer=_party("Acheteur SARL", "812740504", code="C0001"),
        payee=None,
        billing=None,
        delivery=None,
        delivery_notes=(("BL-1", _ISSUED),),
        purchase_order="PO-1",
        sales_order="O-1",
        preceding=(),
        lines=lines,
        taxes=tuple(TaxLine(t.category, t.rate, t.base, t.vat, "", "") for t in taxes),
        excl=excl,
        vat=vat,
        incl=excl + vat,
        paid=Decimal(0),
        payable=excl + vat,
        vat_in_eur=None,
        deductions=(),
        notes=compulsory_notes(
            issued=_ISSUED,
            refinancing_rate=Decimal("2.40"),
            contract_rate=None,
            discount_terms="",
            language="fr",
        ),
        mentions=(),
        term="30 jours nets",
        instalments=(Instalment(due, excl + vat),),
        payment_method="transfer",
    )


def _line(number: int) -> DocumentLine:
    rate = Decimal("5.5") if number % 5 == 0 else Decimal(20)
    quantity, price = Decimal(number % 13 + 1), Decimal(1000 + number * 37) / 100
    net = round_cents(quantity * price)
    words = f"Article {number} de la gamme courante, conditionné par lot"
    return DocumentLine(
        number, f"A-{number:04d}", words, quantity, price, category_of(rate, _SALE), rate, net
    )


def _party(name: str, siren: str, **facts: str) -> Party:
    return Party(
        name=name,
        address=Address("1 rue de la Paix", "", "69003", "Lyon", "FR"),
        siren=siren,
        siret="",
        vat_number=f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}",
        electronic_address=siren,
        electronic_scheme="0225",
        facts=facts | {"iban": "FR7630006000011234567890189", "bic": "AGRIFRPP", "currency": "EUR"},
    )
