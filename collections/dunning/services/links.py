"""The client's own link: made, sent, revoked; and the promises and disputes that come through it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Contact, CustomerAccount, User
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from dunning import policy
from dunning.enums import PromiseChannel
from dunning.models import ClientLink, ClientLinkAct, Reminder
from invoicing import lists
from invoicing.services.shared import require
from invoicing.statement import NotWhole, TooLong, own_statement_pdf
from o2c.shared import links, outbox, outbox_files, work
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.models import OutboxMessage
from o2c.shared.pdf import PDF_TYPE
from o2c.shared.problems import Invalid, NotFound, RuleRefused
from orders.paper import language_of

from .promises import TooManyPromises, make_promise

RIGHT: Final = "dunning.promise"
KIND: Final = "dunning.link"
MOST_FILES: Final = 3


class TooFarAhead(RuleRefused):
    code = "promise_too_far"
    message = gettext_lazy(
        "A payment more than %(days)s days ahead is agreed with us: answer our message or call us."
    )


class TooManyByLink(RuleRefused):
    code = "too_many_promises"
    message = gettext_lazy(
        "A date was announced twice for one of these documents already: answer our message or call us."
    )


class Made(NamedTuple):
    """A link and its address, which is told this once."""

    link: ClientLink
    address: str


def make_link(
    *, account_id: int, days: int = links.LIFETIME_DAYS, contact_id: int | None = None, by: User, at: datetime
) -> Made:
    """Make a client's link; with a contact it leaves by mail, with the statement.

    :raises NotWhole: the reader does not see all that the link would open
    :raises Invalid: longer than a link lives, or a contact without an address
    """
    with transaction.atomic():
        account = CustomerAccount.objects.visible_to(by).select_related("company", "entity")
        found = account.filter(pk=account_id).first()
        if found is None:
            raise NotFound
        require(by, RIGHT, found.company_id)
        if lists.outside_items(by, found.company, paris_date(at), found.code):
            raise NotWhole(
                _("Some of this client's documents are colleagues' sales: a link would open them.")
            )
        contact = _contact(found, contact_id) if contact_id is not None else None
        made = _made(found, days=days, to=contact.email if contact else "", by=by, at=at)
        links.record(made.link, "made", by=by, at=at, expires=paris_date(made.link.expires_at))
        if contact is not None:
            outbox.write([_message(made, contact, at)])
    return made


def revoke_link(*, link_id: int, by: User, at: datetime) -> ClientLink:
    """End a link before its time.

    :raises LinkEnded: it was revoked, or has expired
    """
    with transaction.atomic():
        seen = ClientLink.objects.visible_to(by).filter(pk=link_id)
        found = seen.select_for_update(of=("self",), no_key=True).first()
        if found is None:
            raise NotFound
        require(by, RIGHT, found.company_id)
        return links.revoke(found, by=by, at=at)


def link_of_reminder(reminder: Reminder, *, to: str, at: datetime) -> str:
    """The address that goes with a letter, made in the letter's own transaction."""
    return _made(reminder.account, to=to, reminder=reminder, at=at).address


def done_before(link: ClientLink, key: str) -> ClientLinkAct | None:
    """The act that a page with this key has done already; what it asks for may not be possible any more."""
    try:
        wanted = links.key_of(key)
    except Invalid:
        return None
    return ClientLinkAct.objects.filter(link=link, key=wanted).first()


@retrying
def promise_through(
    *,
    link: ClientLink,
    key: str,
    item_ids: Sequence[int],
    amount: Decimal | None,
    promised_date: date,
    made_by: str = "",
    comment: str = "",
    at: datetime,
) -> ClientLinkAct:
    """A client announces a payment through its link; the same key once.

    :raises TooFarAhead: later than a link may promise
    :raises TooManyByLink: announced twice already
    """
    if promised_date > paris_date(at) + timedelta(days=policy.FURTHEST_BY_LINK):
        raise TooFarAhead(str(TooFarAhead.message) % {"days": policy.FURTHEST_BY_LINK})
    with transaction.atomic():
        act, is_new = _once(link, key, ClientLinkAct.PROMISE, at)
        if is_new:
            try:
                act.promise = make_promise(
                    item_ids=item_ids, amount=amount, promised_date=promised_date, channel=PromiseChannel.LINK,
                    made_by=made_by, comment=comment, account_id=link.account_id, by=None, at=at,
                )  # fmt: skip
            except TooManyPromises as refusal:
                raise TooManyByLink from refusal
            act.save(update_fields=["promise"])
            payload = {"promise_id": act.promise.pk}
            work.emit("promise.through_link", key=f"promise:{act.promise.pk}", payload=payload)
    return act


@retrying
def dispute_through(
    *,
    link: ClientLink,
    key: str,
    item_id: int,
    amount: Decimal | None,
    type: DisputeType,
    text: str,
    files: Sequence[ReceivedFile] = (),
    at: datetime,
) -> ClientLinkAct:
    """A client contests an amount of an item through its link: exactly that part is reminded no more.

    :raises NothingOpen: paid, credited or cancelled
    :raises DisputedTwice: more than is open and in no other dispute
    """
    if not text.strip():
        raise Invalid(errors={"text": [gettext_lazy("Say in a few words what is wrong.")]})
    if len(files) > MOST_FILES:
        raise Invalid(errors={"evidence": [_("At most %(count)s files.") % {"count": MOST_FILES}]})
    with transaction.atomic():
        act, is_new = _once(link, key, ClientLinkAct.DISPUTE, at)
        if is_new:
            act.dispute = disputes.open_dispute(
                contested=[disputes.Contested(item_id=item_id, amount=amount)],
                type=type,
                origin=DisputeOrigin.PORTAL,
                comment=text,
                account_id=link.account_id,
                by=None,
                at=at,
            )
            if files:
                disputes.comment_on(dispute_id=act.dispute.pk, text="", files=tuple(files), by=None, at=at)
            act.save(update_fields=["dispute"])
    return act


def _once(link: ClientLink, key: str, kind: str, at: datetime) -> tuple[ClientLinkAct, bool]:
    return links.once(ClientLinkAct(link=link, key=links.key_of(key), kind=kind, at=at))


def _made(
    account: CustomerAccount,
    *,
    days: int = links.LIFETIME_DAYS,
    to: str = "",
    reminder: Reminder | None = None,
    by: User | None = None,
    at: datetime,
) -> Made:
    link = ClientLink(
        company_id=account.company_id, account=account, reminder=reminder, sent_to=to, created_at=at, created_by=by
    )  # fmt: skip
    token = links.new_link(link, days=days)
    return Made(link, f"{settings.PORTAL_URL}{reverse('client_link:page', args=[token])}")


def _contact(account: CustomerAccount, contact_id: int) -> Contact:
    contact = Contact.objects.filter(account=account, pk=contact_id).exclude(email="").first()
    if contact is None:
        raise Invalid(errors={"contact": [gettext_lazy("This person has no e-mail address.")]})
    return contact


def _message(made: Made, contact: Contact, at: datetime) -> OutboxMessage:
    """The mail that takes the link and the statement to somebody of the client."""
    account, day = made.link.account, paris_date(at)
    language = language_of(account)
    with translation.override(language):
        subject = _("Your account with %(company)s") % {"company": account.company.name}
        text = "\n\n".join(
            (
                _("Dear Sir or Madam,"),
                _(
                    "This page shows your statement. There you can download your invoices, announce a payment and "
                    "declare a disagreement, without an account:"
                ),
                made.address,
                _(
                    "It opens until %(day)s. Whoever has this address sees your account: keep it to yourselves."
                )
                % {"day": f"{paris_date(made.link.expires_at):%d/%m/%Y}"},
                _("Kind regards,"),
                account.company.name,
            )
        )
        name = _("statement-%(code)s") % {"code": account.code} + f"-{day}.pdf"
    try:
        files = [outbox_files.keep(name, own_statement_pdf(account, on=day), PDF_TYPE).as_row()]
    except TooLong:  # the page shows it all the same
        files = []
    return OutboxMessage(
        kind=KIND,
        key=f"link:{made.link.pk}",
        company_id=account.company_id,
        account_id=account.pk,
        to=contact.email,
        from_name=" ".join(account.company.name.split()),
        subject=subject,
        text=text + "\n",
        language=language,
        files=files,
        about_type=ClientLink._meta.label_lower,
        about_id=made.link.pk,
        created_at=at,
    )
