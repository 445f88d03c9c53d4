"""The fields of a receivables ledger as people read them, and the names their columns go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: Final[Mapping[str, str | Promise]] = {
    "customer_code": _("Client code"),
    "number": _("Number"),
    "issue_date": _("Issue date"),
    "due_date": _("Due date"),
    "amount": _("Amount incl. VAT"),
    "customer_name": _("Client"),
    "siren": "SIREN",
    "country": _("Country"),
    "term": _("Payment term"),
    "currency": _("Currency"),
    "settled_on": _("Settled on"),
    "disputed": _("Disputed, yes or no"),
    "disputed_amount": _("Disputed amount"),
    "customer_reference": _("Client's reference"),
}
NAMES: Final[Mapping[str, Sequence[str]]] = {
    "customer_code": (
        "code client",
        "n° client",
        "compte",
        "compte client",
        "compte auxiliaire",
        "customer code",
    ),
    "number": (
        "n° facture",
        "numéro de facture",
        "facture",
        "pièce",
        "n° pièce",
        "invoice number",
        "document",
    ),
    "issue_date": (
        "date",
        "date facture",
        "date de facture",
        "date d'émission",
        "date pièce",
        "invoice date",
    ),
    "due_date": ("échéance", "date d'échéance", "date échéance"),
    "amount": ("montant", "montant ttc", "total ttc", "ttc", "invoice amount"),
    "customer_name": ("nom", "raison sociale", "nom du client", "customer name", "intitulé"),
    "country": ("pays",),
    "term": ("délai", "conditions de paiement", "condition de règlement"),
    "currency": ("devise", "monnaie"),
    "settled_on": ("réglée le", "réglé le", "date de règlement", "soldé le", "settled date"),
    "disputed": ("litige", "contesté", "en litige"),
    "disputed_amount": ("montant en litige", "montant contesté"),
    "customer_reference": ("référence", "référence client", "votre référence"),
}
SAMPLE: Final[Mapping[str, str]] = {
    "customer_code": "C0001",
    "number": "F-2026-0001",
    "issue_date": "05/11/2026",
    "due_date": "05/12/2026",
    "amount": "1 200,00",
    "customer_name": "Ateliers Mirabel",
    "siren": "732829320",
    "country": "FR",
    "term": "NET30",
    "currency": "EUR",
    "settled_on": "",
    "disputed": "non",
    "disputed_amount": "",
    "customer_reference": "PO-4711",
}
