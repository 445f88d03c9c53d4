"""A colleague outside finance answers a dispute through a link of its own (features I5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from disputes import policy
from disputes.enums import DisputeStatus
from disputes.models import Dispute, ResolverLink, ResolverLinkAct
from disputes.policy import Act
from o2c.shared import formats, links, outbox
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.models import OutboxMessage
from o2c.shared.problems import Conflict, NotFound

from .shared import lock_dispute, require_hand
from .working import accept, comment_on, propose

KIND: Final = "dispute.link"
ACCEPT, ANSWER, PROPOSE = "accept", "answer", "propose"


class CaseEnded(Conflict):
    code = "dispute_ended"
    message = gettext_lazy("This dispute has ended: there is nothing to answer any more.")


def send_link(
    *,
    dispute_id: int,
    name: str,
    email: str,
    language: str = "fr",
    days: int = links.LIFETIME_DAYS,
    by: User,
    at: datetime,
) -> ResolverLink:
    """Send somebody without an account a link to one dispute; its address stands in that mail alone.

    :param language: of the mail and the page
    :raises NotTheOwner: neither the case's owner nor who decides disputes
    :raises CaseEnded: it has ended, or is decided
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by)
        require_hand(dispute, by)
        if dispute.status not in policy.UNDECIDED:
            raise CaseEnded
        link = ResolverLink(
            dispute=dispute,
            name=" ".join(name.split()),
            sent_to=email,
            language=language,
            created_at=at,
            created_by=by,
        )
        token = links.new_link(link, days=days)
        address = f"{settings.PORTAL_URL}{reverse('case_link:page', args=[token])}"
        links.record(link, "made", by=by, at=at, expires=paris_date(link.expires_at))
        outbox.write([_message(link, address, by, at)])
    return link


def revoke_link(*, dispute_id: int, link_id: int, by: User, at: datetime) -> ResolverLink:
    """End a link before its time.

    :raises LinkEnded: it was revoked, or has expired
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by)
        require_hand(dispute, by)
        link = ResolverLink.objects.select_for_update(of=("self",), no_key=True).filter(
            pk=link_id, dispute=dispute
        )
        found = link.first()
        if found is None:
            raise NotFound
        return links.revoke(found, by=by, at=at)


def accept_through(*, link: ResolverLink, key: str, at: datetime) -> bool:
    """Accept the agreed date; the same key once.

    :returns: False when this page has done it before
    :raises WrongState: not qualified yet, or ended
    """
    return _once(link, key, ACCEPT, at, lambda: accept(dispute_id=link.dispute_id, by=None, at=at))


def answer_through(
    *, link: ResolverLink, key: str, text: str, files: Sequence[ReceivedFile] = (), at: datetime
) -> bool:
    """Add words or evidence to the case; the same key once.

    :raises Invalid: neither words nor files
    :raises CaseEnded: it has ended
    """

    def act() -> Dispute:
        case = lock_dispute(link.dispute_id, by=None)
        if case.status in policy.ENDED:
            raise CaseEnded
        return comment_on(dispute_id=case.pk, text=text, files=tuple(files), by=None, at=at)

    return _once(link, key, ANSWER, at, act)


def propose_through(*, link: ResolverLink, key: str, proposal: str, at: datetime) -> bool:
    """Propose how the case should end, to whoever decides; the same key once.

    :raises Invalid: nothing is said
    :raises WrongState: not qualified yet, or ended
    """
    return _once(
        link, key, PROPOSE, at, lambda: propose(dispute_id=link.dispute_id, proposal=proposal, by=None, at=at)
    )


def may_accept(dispute: Dispute) -> bool:
    """Whether its clock waits to be accepted."""
    acts = policy.possible_acts(DisputeStatus(dispute.status))
    return Act.ACCEPT in acts and dispute.accepted_at is None


@retrying
def _once(link: ResolverLink, key: str, kind: str, at: datetime, act: Callable[[], Dispute]) -> bool:
    with transaction.atomic():
        row = ResolverLinkAct(link=link, key=links.key_of(key), kind=kind, at=at)
        _row, is_new = links.once(row)
        if is_new:
            act()
    return is_new


def _message(link: ResolverLink, address: str, by: User, at: datetime) -> OutboxMessage:
    dispute, language = link.dispute, link.language
    with translation.override(language):
        facts = {
            "number": dispute.number,
            "client": dispute.account.name,
            "who": by.label(),
            "amount": formats.money(dispute.amount, language, dispute.currency),
            "type": dispute.get_type_display(),
            "due": formats.date_short(dispute.agreed_due_on) if dispute.agreed_due_on else "",
            "until": f"{paris_date(link.expires_at):%d/%m/%Y}",
        }
        lines = [
            _("Hello %(name)s,") % {"name": link.name},
            _("%(who)s asks for your answer to a dispute: %(number)s, %(client)s, %(amount)s (%(type)s).")
            % facts,
            _("To be solved by %(due)s.") % facts if facts["due"] else "",
            _("Facts, evidence and your answer, without an account:"),
            address,
            _("The page opens until %(until)s, to this dispute alone. Keep its address to yourself.") % facts,
        ]
        subject = _("Dispute %(number)s of %(client)s: your answer") % facts
    return OutboxMessage(
        kind=KIND,
        key=f"case-link:{link.pk}",
        company_id=dispute.company_id,
        account_id=dispute.account_id,
        to=link.sent_to,
        subject=subject[:200],
        text="\n\n".join(filter(None, lines)) + "\n",
        language=language,
        about_type=Dispute._meta.label_lower,
        about_id=dispute.pk,
        created_at=at,
    )
