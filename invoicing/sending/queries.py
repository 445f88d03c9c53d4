"""Where documents stand on their way to clients: for lists, for one page, and what waits for somebody."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower

from accounts.enums import ContactRole, TeamRole
from accounts.models import Company, Contact, CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from invoicing.models import DocumentMail, Invoice
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage

from .policy import SEVERITY, TROUBLE, Addressee, Addressees, addressees


def under_way() -> QuerySet[DocumentMail]:
    """The last message to each address of each document, without those that were stopped."""
    return DocumentMail.objects.filter(superseded_at=None).exclude(message__state="cancelled")


# The badge of each state: the same word means another thing of goods.
BADGES: Final = {state: OutboxMessage(state=state).look for state in SEVERITY}


def with_mail_state(rows: QuerySet[Invoice]) -> QuerySet[Any]:
    """Annotate ``mail_state``: the badge of the worst state of a document's messages, null where none was sent."""
    weight = Case(*(When(message__state=state, then=Value(at)) for at, state in enumerate(SEVERITY)))
    badge = Case(
        *(When(message__state=state, then=Value(code)) for state, code in BADGES.items()),
        output_field=CharField(),
    )
    mails = under_way().filter(invoice=OuterRef("pk")).order_by(weight)
    return rows.annotate(mail_state=Subquery(mails.annotate(badge=badge).values("badge")[:1]))


def in_mail_state(rows: QuerySet[Any], state: str) -> QuerySet[Any]:
    """Keep documents with a message in this state; ``none`` keeps those never sent, ``trouble`` what needs somebody."""
    mails = under_way().filter(invoice=OuterRef("pk")).order_by()
    if state == "none":
        return rows.filter(~Exists(mails))
    states = TROUBLE if state == "trouble" else (state,)
    return rows.filter(Exists(mails.filter(message__state__in=states)))


def addressees_of(account: CustomerAccount) -> Addressees:
    """Who gets a client's documents."""
    rows = Contact.objects.filter(account=account).exclude(email="").order_by("pk")
    return addressees(Addressee(row.email, ContactRole(row.role), row.name) for row in rows)


def troubles(user: User, company: Company, at: Any) -> QuerySet[DocumentMail]:
    """Messages that did not arrive and wait for this person: the ADV of the client, else all who may send.

    One waits no more once the document is sent again or the address is none of the client's contacts any more.
    """
    adv = TeamMember.objects.filter(
        in_force_on(paris_date(at)), account=OuterRef("invoice__account"), role=TeamRole.ADV
    )
    hands = {acting.represented_id or acting.user_id for acting in user.acting_in(company)}
    contacts = Contact.objects.annotate(small=Lower("email")).filter(
        account=OuterRef("invoice__account"), small=OuterRef("address")
    )
    return (
        under_way()
        .filter(message__state__in=TROUBLE, invoice__in=Invoice.objects.visible_to(user, company))
        .filter(Exists(contacts))
        .filter(Q(Exists(adv.filter(user__in=hands))) | ~Exists(adv))
        .select_related("invoice__account", "message")
        .order_by("asked_at", "pk")
    )
