"""Which clients want the statement of a month, and where it goes."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from credit.legal_queries import splits_of
from dunning.models import AccountStatement, HandOverItem
from invoicing.models import BuyerDetails, ReceivableItem, SellerDetails
from o2c.shared import delivery, postal
from o2c.shared.calendar import end_of_month
from o2c.shared.models import OutboxMessage

Wish = BuyerDetails.Statements
# Who keeps the client's books, the first that there is.
_READERS = (ContactRole.ACCOUNTS_PAYABLE, ContactRole.FINANCE_HEAD, ContactRole.INVOICE_RECEIPT)


class Address(NamedTuple):
    """Where a statement goes: an e-mail address, or the lines of a postal one."""

    channel: str
    to: str


def wanting(month: date) -> list[int]:
    """Clients who want the statement of a month, owe or are owed something at its end, and were sent none."""
    left = AccountStatement.objects.filter(account=OuterRef("pk"), month=month, message__isnull=False)
    rows = _wanting(month).filter(~Exists(left))
    return list(rows.order_by("company", "pk").values_list("pk", flat=True))


def wants(account: CustomerAccount, month: date) -> bool:
    """Whether one client wants it, when it leaves; nobody in proceedings or with an agency gets one."""
    if splits_of([account.pk]):
        return False
    return _wanting(month).filter(pk=account.pk).exists()


def statement_list(user: User, company: Company) -> QuerySet[AccountStatement]:
    """Where the statements of each month stand, of the clients this user may see, the latest month first."""
    rows = AccountStatement.objects.visible_to(user, company).last_tries()
    return rows.select_related("account", "message").order_by("-month", "account__sort_key", "pk")


def not_there(user: User, company: Company, since: date) -> QuerySet[AccountStatement]:
    """Statements of the months since a day of which the client has nothing, the oldest first."""
    rows = AccountStatement.objects.visible_to(user, company).last_tries().not_there()
    return rows.filter(month__gte=since).select_related("account", "message").order_by("month", "pk")


def address_of(account: CustomerAccount) -> Address | None:
    """Where the statement of a client goes; None where nothing is there, or came back."""
    details = BuyerDetails.objects.filter(account=account).first()
    if details is not None and details.statements == Wish.POST:
        return _by_post(account)
    contacts = Contact.objects.filter(account=account).exclude(email="").order_by("pk")
    order = {role: place for place, role in enumerate(_READERS)}
    known = sorted(contacts, key=lambda each: order.get(ContactRole(each.role), len(order)))
    dead = delivery.bounced([each.email for each in known]) if known else {}
    found = next((each.email for each in known if each.email.lower() not in dead), None)
    return Address(OutboxMessage.Channel.EMAIL, found) if found else None


def _wanting(month: date) -> QuerySet[CustomerAccount]:
    end = end_of_month(month)
    company = Exists(SellerDetails.objects.filter(company=OuterRef("company"), sends_statements=True))
    own = BuyerDetails.objects.filter(account=OuterRef("pk"))
    says = Exists(own.filter(statements__in=[Wish.EMAIL, Wish.POST]))
    silent = ~Exists(own.exclude(statements=Wish.AS_COMPANY))
    open_items = ReceivableItem.objects.filter(account=OuterRef("pk"), effective_date__lte=end)
    handed_over = HandOverItem.objects.filter(hand_over__account=OuterRef("pk"), is_open=True)
    return CustomerAccount.objects.filter(
        Q(says) | (Q(company) & Q(silent)),
        Exists(open_items.exclude(open_amount=0)),
        ~Exists(handed_over),
    )


def _by_post(account: CustomerAccount) -> Address | None:
    written = postal.Address(
        name=account.name, line1=account.address_line1, line2=account.address_line2, postcode=account.postcode,
        city=account.city, country=account.country,
    )  # fmt: skip
    try:
        to = "\n".join(postal.block_of(written))
    except postal.NoAddress:
        return None
    return None if delivery.bounced([to]) else Address(OutboxMessage.Channel.POST, to)
