"""Whom a step is addressed to at the client's (domain.md 6.2)."""

from __future__ import annotations

from typing import Final

from accounts.enums import ContactRole
from accounts.models import Contact, CustomerAccount
from dunning.models import DunningStep

# Whom to write to where nobody has the role a step asks for.
_INSTEAD: Final = (
    ContactRole.ACCOUNTS_PAYABLE,
    ContactRole.INVOICE_RECEIPT,
    ContactRole.FINANCE_HEAD,
    ContactRole.LEGAL_REPRESENTATIVE,
)


def contact_of(account: CustomerAccount, step: DunningStep) -> Contact | None:
    """The client's person for a step, or the next best who has an address."""
    found = list(Contact.objects.filter(account=account).exclude(email="").order_by("pk"))
    for role in (step.contact, *_INSTEAD):
        for contact in found:
            if contact.role == role:
                return contact
    return found[0] if found else None
