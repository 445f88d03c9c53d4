"""What a document says, gathered from the rows as they are when it is issued.

The result is plain JSON for ``Invoice.frozen``: page and XML are written from it alone, so that both can be made again
years later whatever became of the client, the company or the law.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Company, Contact, CustomerAccount, ExchangeRate
from accounts.policy import describe_term
from credit.factoring.queries import agreement_in_force, approvals_of
from credit.models import FactorAgreement
from invoicing.enums import DocumentKind, OperationCategory, VatCategory, VatTreatment
from invoicing.models import BankAccount, BuyerDetails, CashDiscount, Invoice, InvoiceLine, SellerDetails
from invoicing.policy import Instalment
from o2c.shared import formats
from o2c.shared.money import round_cents
from o2c.shared.vat import VatTotals
from orders.models import Delivery
from orders.paper import language_of

from .mentions import RECOVERY_FEE, compulsory_notes, factor_note
from .rates import refinancing_rate
from .vat import EU_SCHEMES, Sale, breakdown, category_of

# UNTDID 1001.
INVOICE, CREDIT_NOTE, CORRECTIVE, DEPOSIT, DEPOSIT_CREDIT = "380", "381", "384", "386", "503"
# An invoice that names a factor as its payee, and a credit note on one.
FACTORED, FACTORED_CREDIT = "393", "396"
_LETTERS: Final = {
    OperationCategory.GOODS: "B",
    OperationCategory.SERVICES: "S",
    OperationCategory.BOTH: "M",
}
FRENCH_DIRECTORY: Final = "0225"
BY_MAIL: Final = "EM"


def frozen_facts(
    invoice: Invoice,
    parts: Sequence[Instalment],
    totals: VatTotals,
    lines: Sequence[InvoiceLine],
    *,
    supplied_on: date | None,
) -> dict[str, Any]:
    """Return seller, buyer, breakdown, notes and terms of a document as they are now; later changes leave them.

    Sets the category of VAT of each line on the way. Amounts have the document's sign.

    :param supplied_on: date of supply where it differs from the date of issue
    """
    seller, buyer = seller_details(invoice.company), buyer_details(invoice.account)
    sale = _sale(invoice, seller, buyer)
    language = language_of(invoice.account)
    for line in lines:
        line.vat_category = line.vat_category or category_of(line.vat_rate, sale)
    charged = [line for line in lines if line.deducts is None]
    order, corrected = invoice.order, invoice.corrects
    factor = factor_of(invoice)
    with translation.override(language):
        taxes = breakdown(
            ((VatCategory(line.vat_category), line.vat_rate, line.net) for line in charged), sale
        )
        notes = compulsory_notes(
            issued=invoice.issue_date,
            refinancing_rate=refinancing_rate(invoice.issue_date),
            contract_rate=seller.penalty_rate,
            discount_terms=seller.discount_terms or _discount(invoice, language),
            language=language,
        )
        if factor is not None:
            notes += (factor_note(factor.factor, factor.iban),)
        mentions = [_("Option to pay VAT on the basis of debits.")] if seller.vat_on_debits else []
        term_text = describe_term(invoice.term, language) if invoice.term else ""
    deductions = [line.deducts for line in lines if line.deducts is not None]
    return {
        "version": 2,
        "language": language,
        "type_code": type_code(invoice, is_factored=factor is not None),
        "framework": _framework(invoice, seller, has_deductions=bool(deductions)),
        "operation_category": str(seller.operation_category),
        "corrects": {"number": corrected.number, "issue_date": corrected.issue_date} if corrected else None,
        "seller": _seller(invoice.company, seller)
        | ({"iban": iban_for(seller, invoice.currency)} if factor is None else _pay_to(factor)),
        "payee": {"name": factor.factor, "siren": factor.siren} if factor is not None else None,
        "buyer": _buyer(invoice.account, buyer),
        "billing": _address(buyer, "billing", invoice.account.country),
        "delivery": _address(buyer, "delivery", invoice.account.country),
        "delivery_notes": _delivery_notes(lines, until=invoice.recorded_at),
        "order": {"number": order.number, "date": order.order_date} if order else None,
        "purchase_order": invoice.customer_reference,
        "supply_date": supplied_on or invoice.issue_date,
        "sale": {
            "operation": str(sale.operation),
            "treatment": str(sale.treatment),
            "exemption_text": sale.exemption_text,
            "franchise": sale.franchise,
            "buyer_country": sale.buyer_country,
            "is_identified": sale.is_identified,
        },
        "vat_breakdown": [
            {
                "rate": tax.rate,
                "base": tax.base,
                "vat": tax.vat,
                "category": str(tax.category),
                "exemption": tax.exemption.text if tax.exemption else "",
                "exemption_code": tax.exemption.code if tax.exemption else "",
            }
            for tax in taxes
        ],
        "vat_in_eur": _in_eur(sum((tax.vat for tax in taxes), Decimal(0)), invoice),
        "deductions": _deductions(deductions),
        "notes": [{"code": note.code, "text": note.text} for note in notes],
        "mentions": mentions,
        "term": invoice.term,
        "term_text": term_text,
        "instalments": [{"due_date": part.due_date, "amount": part.amount} for part in parts],
        "payment_method": invoice.account.payment_method,
        "recovery_fee": RECOVERY_FEE,
    }


def factor_of(invoice: Invoice) -> FactorAgreement | None:
    """The factor that an invoice tells its client to pay: by an agreement that notifies, of a client it takes.

    As on the day of issue; whether this invoice is sold later or not, the client pays there.
    """
    if invoice.kind != DocumentKind.INVOICE or invoice.currency != invoice.company.currency:
        return None
    agreement = agreement_in_force(invoice.company_id, on=invoice.issue_date)
    if agreement is None or not agreement.is_notified:
        return None
    entity = invoice.account.entity_id
    return agreement if approvals_of(agreement, [entity], on=invoice.issue_date) else None


def _pay_to(factor: FactorAgreement) -> dict[str, str]:
    return {"iban": factor.iban, "bic": factor.bic, "bank_name": factor.factor, "payee": factor.factor}


def iban_for(details: SellerDetails, currency: str) -> str:
    """The account to pay to: the one written for invoices, else the company's first in that currency."""
    if details.iban:
        return details.iban
    accounts = BankAccount.objects.filter(company=details.company, currency=currency).exclude(iban="")
    return accounts.order_by("pk").values_list("iban", flat=True).first() or ""


def _discount(invoice: Invoice, language: str) -> str:
    """The discount granted for early payment in words: the client's own, else the company's; empty without one."""
    granted = CashDiscount.objects.filter(company=invoice.company)
    mine = granted.filter(account=invoice.account).first() or granted.filter(account=None).first()
    if mine is None or invoice.kind != DocumentKind.INVOICE:
        return ""
    return _(
        "Discount of %(percent)s for payment within %(days)s days of issue; only the VAT on the price actually paid"
        " can then be deducted."
    ) % {"percent": formats.percent(mine.percent / 100, language), "days": mine.days}


def seller_details(company: Company) -> SellerDetails:
    """Return what the company's invoices say, empty where nobody has written it."""
    return SellerDetails.objects.filter(company=company).first() or SellerDetails(company=company)


def buyer_details(account: CustomerAccount) -> BuyerDetails:
    """Return what a client wants on its invoices, empty where nobody has written it."""
    return BuyerDetails.objects.filter(account=account).first() or BuyerDetails(account=account)


def type_code(invoice: Invoice, *, is_factored: bool) -> str:
    """Return the document type (UNTDID 1001): 380, 381, 384, 386, 393, 396 or 503 (domain.md 3.2).

    :param is_factored: it tells its client to pay a factor
    """
    corrected = invoice.corrects
    if invoice.kind == DocumentKind.CREDIT_NOTE:
        if corrected and corrected.kind == DocumentKind.DEPOSIT_INVOICE:
            return DEPOSIT_CREDIT
        was_factored = corrected is not None and corrected.frozen.get("type_code") == FACTORED
        return FACTORED_CREDIT if was_factored else CREDIT_NOTE
    if invoice.kind == DocumentKind.DEPOSIT_INVOICE:
        return DEPOSIT
    if corrected:
        return CORRECTIVE
    return FACTORED if is_factored else INVOICE


def _framework(invoice: Invoice, seller: SellerDetails, *, has_deductions: bool) -> str:
    """The billing framework BT-23: what is billed, and whether it is paid already or ends deposits."""
    letter = _LETTERS[OperationCategory(seller.operation_category)]
    if invoice.kind == DocumentKind.DEPOSIT_INVOICE:
        return f"{letter}2"
    return f"{letter}4" if has_deductions else f"{letter}1"


def _sale(invoice: Invoice, seller: SellerDetails, buyer: BuyerDetails) -> Sale:
    """What decides about VAT: of a credit note what decided about the invoice it corrects."""
    before = invoice.corrects.frozen.get("sale") if invoice.corrects else None
    if before:
        return Sale(
            OperationCategory(before["operation"]),
            before["buyer_country"],
            before["is_identified"],
            VatTreatment(before["treatment"]),
            before["exemption_text"],
            before["franchise"],
        )
    return Sale(
        operation=OperationCategory(seller.operation_category),
        buyer_country=invoice.account.country,
        is_identified=bool(invoice.account.vat_number),
        treatment=VatTreatment(buyer.vat_treatment),
        exemption_text=buyer.exemption_text,
        franchise=seller.vat_franchise,
    )


def _seller(company: Company, details: SellerDetails) -> dict[str, Any]:
    return {
        "name": company.name,
        "legal_form": company.legal_form,
        "share_capital": details.share_capital,
        "register_town": details.register_town,
        "siren": company.siren,
        "siret": details.siret,
        "vat_number": company.vat_number,
        "line1": company.address_line1,
        "line2": "",
        "postcode": company.postcode,
        "city": company.city,
        "country": "FR",
        "address": [company.address_line1, f"{company.postcode} {company.city}".strip()],
        "electronic_address": details.electronic_address or company.siren,
        "electronic_scheme": FRENCH_DIRECTORY,
        "phone": details.phone,
        "email": details.email,
        "iban": details.iban,
        "bic": details.bic,
        "bank_name": details.bank_name,
        "vat_on_debits": details.vat_on_debits,
        "currency": company.currency,
    }


def _buyer(account: CustomerAccount, details: BuyerDetails) -> dict[str, Any]:
    address, scheme = electronic_address(account, details)
    return {
        "code": account.code,
        "name": account.name,
        "siren": account.siren,
        "siret": account.siret,
        "vat_number": account.vat_number,
        "line1": account.address_line1,
        "line2": account.address_line2,
        "postcode": account.postcode,
        "city": account.city,
        "country": account.country,
        "address": [
            account.address_line1,
            account.address_line2,
            f"{account.postcode} {account.city}".strip(),
        ],
        "reference": details.reference,
        "electronic_address": address,
        "electronic_scheme": scheme,
    }


def electronic_address(account: CustomerAccount, details: BuyerDetails) -> tuple[str, str]:
    """Return where an e-invoice for a client goes, and the scheme; both empty where nobody knows.

    What was written for the client first, then its SIREN in the French directory, its VAT number elsewhere in the
    Union, and at last the e-mail address for invoices.
    """
    if details.electronic_address:
        return details.electronic_address, details.electronic_scheme or FRENCH_DIRECTORY
    if account.siren:
        return account.siren, FRENCH_DIRECTORY
    if account.vat_number and account.country in EU_SCHEMES:
        return account.vat_number, EU_SCHEMES[account.country]
    mails = Contact.objects.filter(account=account).exclude(email="").order_by("role", "pk")
    found = next((c.email for c in mails if c.role == "INVOICE_RECEIPT"), "") or next(
        (c.email for c in mails), ""
    )
    return (found, BY_MAIL) if found else ("", "")


def _address(details: BuyerDetails, prefix: str, country: str) -> dict[str, str] | None:
    names = ("name", "line1", "line2", "postcode", "city", "country")
    found = {name: str(getattr(details, f"{prefix}_{name}")) for name in names}
    if not found["line1"] and not found["city"]:
        return None
    return found | {"country": found["country"] or country}


def _delivery_notes(lines: Iterable[InvoiceLine], *, until: Any) -> list[dict[str, Any]]:
    keys = [line.order_line_id for line in lines if line.order_line_id]
    if not keys:
        return []
    found = (
        Delivery.objects.filter(lines__order_line__in=keys, is_return=False, recorded_at__lte=until)
        .order_by("delivered_on", "pk")
        .distinct()
    )
    return [{"number": each.number, "date": each.delivered_on} for each in found]


def _deductions(deposits: Iterable[Invoice]) -> list[dict[str, Any]]:
    """The deposit invoices a final one deducts, each once; amounts positive."""
    unique = {deposit.pk: deposit for deposit in deposits}
    return [
        {
            "number": deposit.number,
            "issue_date": deposit.issue_date,
            "excl": deposit.total_excl_vat,
            "vat": deposit.total_vat,
            "incl": deposit.total_incl_vat,
        }
        for deposit in unique.values()
    ]


def _in_eur(vat: Decimal, invoice: Invoice) -> Decimal | None:
    """VAT in euro of a document in another currency, at the last rate published by the day of issue."""
    if invoice.currency == "EUR":
        return None
    rate = (
        ExchangeRate.objects.filter(currency=invoice.currency, day__lte=invoice.issue_date)
        .order_by("-day")
        .first()
    )
    return round_cents(vat / rate.units_per_eur) if rate else None
