"""What a mail with a document says, in the client's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from invoicing.enums import DocumentKind
from invoicing.models import Invoice
from o2c.shared import formats

LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a mail, with the text once more as HTML."""

    subject: str
    text: str
    html: str
    language: str


def letter_for(invoice: Invoice) -> Letter:
    """The mail that takes a document to its client."""
    language = invoice.account.language or "fr"
    with translation.override(language):
        facts = {
            "number": invoice.number,
            "company": invoice.company.name,
            "issued": formats.date_short(invoice.issue_date),
            "amount": formats.money(abs(invoice.total_incl_vat), language, invoice.currency),
            "due": formats.date_short(invoice.due_date),
        }
        subject = _SUBJECTS[DocumentKind(invoice.kind)]() % facts
        lines = [_("Dear Sir or Madam,"), _TEXTS[DocumentKind(invoice.kind)]() % facts]
        if invoice.customer_reference:
            lines.append(_("Your reference: %(reference)s.") % {"reference": invoice.customer_reference})
        lines += [
            _("For any question, simply answer this message."),
            _("Kind regards,"),
            invoice.company.name,
        ]
    paragraphs = format_html_join("", "<p>{}</p>", ((line,) for line in lines))
    return Letter(
        " ".join(subject.split())[:LONGEST_SUBJECT],
        "\n\n".join(lines) + "\n",
        format_html('<!doctype html><html lang="{}"><body>{}</body></html>', language, paragraphs),
        language,
    )


_SUBJECTS = {
    DocumentKind.INVOICE: lambda: _("Invoice %(number)s of %(company)s"),
    DocumentKind.DEPOSIT_INVOICE: lambda: _("Deposit invoice %(number)s of %(company)s"),
    DocumentKind.CREDIT_NOTE: lambda: _("Credit note %(number)s of %(company)s"),
}
_TEXTS = {
    DocumentKind.INVOICE: lambda: _(
        "Please find attached our invoice %(number)s of %(issued)s over %(amount)s, payable by %(due)s."
    ),
    DocumentKind.DEPOSIT_INVOICE: lambda: _(
        "Please find attached our deposit invoice %(number)s of %(issued)s over %(amount)s."
    ),
    DocumentKind.CREDIT_NOTE: lambda: _(
        "Please find attached our credit note %(number)s of %(issued)s over %(amount)s."
    ),
}
