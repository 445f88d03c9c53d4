"""Whom a step is addressed to at the client's, and whether anything can reach them (domain.md 6.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from accounts.enums import ContactRole
from accounts.models import Contact, CustomerAccount
from dunning.enums import ReminderStatus, StepChannel, Unreached
from dunning.models import DunningRun, DunningStep, Reminder
from o2c.shared import delivery, postal, texting

# Whom to write to where nobody has the role a step asks for.
_INSTEAD: Final = (
    ContactRole.ACCOUNTS_PAYABLE,
    ContactRole.INVOICE_RECEIPT,
    ContactRole.FINANCE_HEAD,
    ContactRole.LEGAL_REPRESENTATIVE,
)
# Channels that need more than the client's name.
ADDRESSED: Final = (StepChannel.EMAIL, StepChannel.SMS, StepChannel.POST)
# So many reminders of a run are looked at for whom they reach, and so many findings are drawn.
LOOKED_AT: Final = 500
SHOWN: Final = 20


class Reached(NamedTuple):
    """Where a reminder goes: an e-mail address, a number of E.164, the lines of an address, or a name on paper."""

    to: str
    contact: Contact | None


class Finding(NamedTuple):
    """Why nothing reaches a client.

    :ivar place: the contact or the address that is to be mended
    :ivar to: the number or address from which something came back
    """

    problem: Unreached
    place: str
    to: str = ""


class Unreachable(NamedTuple):
    """A reminder of a run that would reach nobody."""

    reminder: Reminder
    finding: Finding


def contact_of(account: CustomerAccount, step: DunningStep) -> Contact | None:
    """The client's person for a step, or the next best who has an address."""
    return next((each for each in _in_order(_contacts(account), step) if each.email), None)


def reach(
    account: CustomerAccount, step: DunningStep, *, contacts: Sequence[Contact] | None = None
) -> Reached | Finding:
    """Where a step reaches a client, or what is missing.

    :param contacts: the client's, where they are at hand
    """
    known = _in_order(_contacts(account) if contacts is None else contacts, step)
    if step.channel == StepChannel.EMAIL:
        found = next((each for each in known if each.email), None)
        return Finding(Unreached.NO_EMAIL, "") if found is None else Reached(found.email, found)
    if step.channel == StepChannel.SMS:
        return _by_text(account, known)
    addressed = next((each for each in known if each.email), known[0] if known else None)
    if step.channel == StepChannel.POST:
        return _by_post(account, addressed)
    return Reached(account.name, addressed)


def unreachable(run: DunningRun) -> list[Unreachable]:
    """Reminders of a run that wait and would reach nobody, the largest first; three readings for any number."""
    waiting = (ReminderStatus.PROPOSED, ReminderStatus.APPROVED)
    rows = Reminder.objects.filter(run=run, status__in=waiting, channel__in=ADDRESSED)
    rows = rows.select_related("account", "step").order_by("-total", "pk")[:LOOKED_AT]
    reminders = list(rows)
    contacts: dict[int, list[Contact]] = {row.account_id: [] for row in reminders}
    for contact in Contact.objects.filter(account__in=contacts).order_by("pk"):
        contacts[contact.account_id].append(contact)
    found = ((row, reach(row.account, row.step, contacts=contacts[row.account_id])) for row in reminders)
    return [Unreachable(row, each) for row, each in found if isinstance(each, Finding)]


def _by_text(account: CustomerAccount, known: Sequence[Contact]) -> Reached | Finding:
    """The first mobile number that takes messages; else what is wrong with the first number there is."""
    wrong: Finding | None = None
    numbers: list[tuple[str, Contact]] = []
    for contact in known:
        try:
            numbers.append((texting.mobile_number(contact.phone, account.country), contact))
        except texting.NoNumber as error:
            if contact.phone.strip():
                wrong = wrong or Finding(Unreached(error.problem.value), f"{contact.name}, {contact.phone}")
    dead: Mapping[str, object] = delivery.bounced([number for number, _contact in numbers]) if numbers else {}
    for number, contact in numbers:
        if number not in dead:
            return Reached(number, contact)
    if numbers:
        number, contact = numbers[0]
        return Finding(Unreached.CAME_BACK, f"{contact.name}, {contact.phone}", number)
    return wrong or Finding(Unreached.NO_NUMBER, "")


def _by_post(account: CustomerAccount, contact: Contact | None) -> Reached | Finding:
    written = postal.Address(
        name=account.name,
        line1=account.address_line1,
        line2=account.address_line2,
        postcode=account.postcode,
        city=account.city,
        country=account.country,
    )
    place = ", ".join(
        part for part in (account.address_line1, f"{account.postcode} {account.city}".strip()) if part
    )
    try:
        lines = postal.block_of(written)
    except postal.NoAddress as error:
        return Finding(Unreached(error.problem.value), place)
    to = "\n".join(lines)
    if delivery.bounced([to]):
        return Finding(Unreached.CAME_BACK, place, to)
    return Reached(to, contact)


def _contacts(account: CustomerAccount) -> list[Contact]:
    return list(Contact.objects.filter(account=account).order_by("pk"))


def _in_order(known: Sequence[Contact], step: DunningStep) -> list[Contact]:
    """Contacts by how well they fit a step: its role, then the next best, then whoever there is."""
    roles = {role: place for place, role in reversed(list(enumerate((step.contact, *_INSTEAD))))}
    return sorted(known, key=lambda each: (roles.get(each.role, len(roles)), each.pk or 0))
