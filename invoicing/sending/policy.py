"""To whom a document goes, which addresses are left out and why, and where it stands (features F8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.enums import ContactRole

# Who gets an invoice where nobody is named for it, in this order.
FALLBACK: Final = (ContactRole.ACCOUNTS_PAYABLE, ContactRole.FINANCE_HEAD)


class MailState(models.TextChoices):
    """Where a document stands on its way to the client, over all its addresses: the worst of them."""

    BOUNCED = "bounced", pgettext_lazy("document", "Came back")
    FAILED = "failed", pgettext_lazy("document", "Failed")
    UNCERTAIN = "uncertain", pgettext_lazy("document", "Uncertain")
    WAITING = "waiting", pgettext_lazy("document", "Waiting")
    SENT = "sent", pgettext_lazy("document", "Sent")
    DELIVERED = "delivered", pgettext_lazy("document", "Delivered")


# The worst first.
SEVERITY: Final = tuple(MailState.values)
TROUBLE: Final = (MailState.BOUNCED, MailState.FAILED, MailState.UNCERTAIN)


class LeftOut(models.TextChoices):
    """Why nothing is sent to an address."""

    BOUNCED = "bounced", _("mail to this address came back")
    WAITING = "waiting", _("on its way already")
    SENT = "sent", _("sent already")
    UNCERTAIN = "uncertain", _("perhaps sent already")


@dataclass(frozen=True, slots=True)
class Addressee:
    """A contact with an address."""

    address: str
    role: ContactRole
    name: str = ""


@dataclass(frozen=True, slots=True)
class Addressees:
    """Who gets a document.

    :ivar fallback: the role that stands in where nobody is named for invoices
    """

    chosen: tuple[Addressee, ...]
    fallback: ContactRole | None = None


def addressees(contacts: Iterable[Addressee]) -> Addressees:
    """The contacts for invoice receipt, else those of the first role that stands in; each address once."""
    by_role: dict[ContactRole, dict[str, Addressee]] = {}
    for contact in contacts:
        if "@" in contact.address:
            by_role.setdefault(contact.role, {}).setdefault(contact.address.lower(), contact)
    for role in (ContactRole.INVOICE_RECEIPT, *FALLBACK):
        if found := by_role.get(role):
            fallback = None if role == ContactRole.INVOICE_RECEIPT else role
            return Addressees(tuple(found.values()), fallback)
    return Addressees(())


def hindrances(
    chosen: Sequence[Addressee],
    *,
    under_way: Mapping[str, str],
    bounced: Collection[str],
    again: bool,
) -> dict[Addressee, LeftOut | None]:
    """For each addressee why nothing is written to it; None where a message is.

    :param under_way: state of the last message to each address, in small letters
    :param bounced: addresses that take no mail
    :param again: whether what was sent is sent once more
    """
    return {each: _hindrance(each.address.lower(), under_way, bounced, again=again) for each in chosen}


def _hindrance(
    address: str, under_way: Mapping[str, str], bounced: Collection[str], *, again: bool
) -> LeftOut | None:
    if address in bounced:
        return LeftOut.BOUNCED
    match under_way.get(address):
        case MailState.WAITING:
            return LeftOut.WAITING
        case MailState.SENT | MailState.DELIVERED if not again:
            return LeftOut.SENT
        case MailState.UNCERTAIN if not again:
            return LeftOut.UNCERTAIN
    return None


def worst(states: Collection[str]) -> MailState | None:
    """Where a document stands whose addresses stand so; None where nothing is on its way."""
    return next((MailState(state) for state in SEVERITY if state in states), None)
