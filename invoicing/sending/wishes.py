"""Whether a document leaves by itself once it is issued: as the client says, else as the company does (features F8)."""

from __future__ import annotations

from invoicing.models import BuyerDetails, Invoice, SellerDetails


def wants_mail(invoice: Invoice) -> bool:
    """Whether this document is sent as soon as it is issued."""
    rows = BuyerDetails.objects.filter(account=invoice.account_id)
    own = rows.values_list("mails_documents", flat=True).first()
    if own:
        return bool(own == BuyerDetails.Mailing.ALWAYS)
    return SellerDetails.objects.filter(company=invoice.company_id, mails_documents=True).exists()


def goes_to_platform(invoice: Invoice) -> bool:
    """Whether a document is handed over to the e-invoicing platform as soon as it is issued."""
    if invoice.total_incl_vat == 0:
        return False
    return SellerDetails.objects.filter(company=invoice.company_id, hands_over_documents=True).exists()
