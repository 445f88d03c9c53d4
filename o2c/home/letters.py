"""Messages to people in their own language: what, why, who decides, by when, what now, with a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from credit.authority import role_label
from credit.messages import message as sentence
from o2c.shared import formats, outbox
from o2c.shared.models import MailChoice, OutboxMessage
from o2c.shared.outbox_files import Attachment

from .act_words import Words
from .vocabulary import NOTICES

# What one may be told of by mail; decisions that wait for somebody are no choice of theirs.
KINDS: Final[dict[str, str | Promise]] = {
    "order.held": gettext_lazy("An order of your clients is on hold"),
    "order.released": gettext_lazy("An order of your clients may go"),
    "order.refused": gettext_lazy("An order of your clients is refused"),
    "order.message": gettext_lazy("Somebody wrote about an order on hold"),
    "override.requested": gettext_lazy("An override is asked for"),
    "override.approved": gettext_lazy("An override is approved"),
    "override.refused": gettext_lazy("An override is refused"),
    "limit.approved": gettext_lazy("A limit is granted"),
    "limit.refused": gettext_lazy("A limit is refused"),
    "authority.agreed": gettext_lazy("Another authority you asked for is agreed"),
    "authority.refused": gettext_lazy("Another authority you asked for is refused"),
    "score.changed": gettext_lazy("The score of one of your clients fell, or its class is another"),
    "class_override.approved": gettext_lazy("A class set by decision is approved"),
    "class_override.refused": gettext_lazy("A class set by decision is refused"),
    "class_override.ended": gettext_lazy("A class set by decision is over"),
    "case.overdue": gettext_lazy("An answer is overdue"),
    "payment.returned": gettext_lazy("The bank took a payment of your clients back"),
    "payment.return_undone": gettext_lazy("The return of a payment was a mistake"),
    "call.displeased": gettext_lazy("One of your clients is not content with us"),
    "condition.met": gettext_lazy("What an order waits for is there"),
    "condition.broken": gettext_lazy("What was agreed for an order is not kept"),
    "release.void": gettext_lazy("A release with conditions could not take effect"),
    "promise.through_link": gettext_lazy("One of your clients announced a payment on its own page"),
    "note.written": gettext_lazy("Market information, press or news about one of your clients is noted"),
    "note.worrying": gettext_lazy("Something worrying is noted about one of your clients"),
    "alert.block_ahead": gettext_lazy("Orders of one of your clients will soon be held"),
    "alert.raised": gettext_lazy("The figures of one of your clients ask for a look"),
    "promise.not_kept": gettext_lazy("One of your clients has not kept a promise to pay"),
    "plan.signed": gettext_lazy("A payment plan waits for approval"),
    "plan.late": gettext_lazy("An instalment of a payment plan is missing"),
    "plan.broken": gettext_lazy("A payment plan is broken"),
}
DIGEST: Final = "digest"
_SUBJECT_LENGTH: Final = 200


def write(
    kind: str,
    key: str,
    facts: Mapping[str, Any],
    url: str,
    told: Mapping[int, bool],
    *,
    company_id: int | None = None,
    account_id: int | None = None,
    about: tuple[str, int] = ("", 0),
    files: Sequence[Attachment] = (),
) -> int:
    """Write one message a person, once per event.

    :param files: what goes with the message
    :param told: people by key; true where a decision waits for them: then it goes at once, whatever they chose
    """
    people = User.objects.filter(pk__in=told, is_active=True, is_system=False).order_by("pk")
    chosen = choices_of(kind, people)
    messages = []
    for person in people:
        how = MailChoice.How.AT_ONCE if told[person.pk] else chosen.get(person.pk, MailChoice.How.DIGEST)
        if how == MailChoice.How.OFF:
            continue
        language = person.language or settings.LANGUAGE_CODE
        with translation.override(language):
            subject, lines = compose(kind, facts, waits=told[person.pk])
            link = _("Open it here:") + f" {settings.PORTAL_URL}{url}"
            messages.append(
                _message(
                    person,
                    kind,
                    f"{kind}:{key}:{person.pk}",
                    subject,
                    [*lines, "", link],
                    url,
                    in_digest=how == MailChoice.How.DIGEST,
                )
            )
        found = messages[-1]
        found.company_id, found.account_id = company_id, account_id
        found.about_type, found.about_id = about[0], about[1] or None
        found.files = [file.as_row() for file in files]
    return outbox.write(messages)


def choices_of(kind: str, people: QuerySet[User]) -> dict[int, str]:
    """How people chose to be told of a kind."""
    rows = MailChoice.objects.filter(kind=kind, user__in=people)
    return dict(rows.values_list("user_id", "how"))


def compose(kind: str, facts: Mapping[str, Any], *, waits: bool) -> tuple[str, list[str]]:
    """Subject and lines in the language in force."""
    subject = str((NOTICES.get(kind) or Words(kind, "")).text) % facts
    lines = [subject + _amount_of(facts)]
    if holds := facts.get("holds"):
        lines += ["", _("Why:")]
        currency = facts.get("limit_currency") or facts["currency"]
        articles = facts.get("articles") or [""] * len(holds)
        for (code, figures), article in zip(holds, articles, strict=True):
            said = f"- {sentence(code, figures, currency=currency)}"
            quoted = _("(credit policy, art. %(number)s)") % {"number": article}
            lines.append(f"{said} {quoted}" if article else said)
    if (short := Decimal(facts.get("over_limit_by") or 0)) > 0:
        amount = _money(short, facts.get("limit_currency") or facts["currency"])
        lines.append(_("%(amount)s is missing.") % {"amount": amount})
    if who := facts.get("asked_by"):
        lines.append(_("Asked for by %(name)s.") % {"name": who})
    if reason := facts.get("reason"):
        lines += ["", _("Reason given:"), str(reason)]
    if role := facts.get("role"):
        lines += ["", _("Who decides: %(role)s.") % {"role": role_label(role)}]
    if target := facts.get("target_at"):
        at = timezone.localtime(datetime.fromisoformat(target))
        lines.append(_("Answer due: %(at)s.") % {"at": f"{formats.date_short(at.date())} {at:%H:%M}"})
    return subject[:_SUBJECT_LENGTH], [*lines, "", str(_NOW[kind, waits])] if (kind, waits) in _NOW else lines


_NOW: Final[dict[tuple[str, bool], str | Promise]] = {
    ("order.held", True): gettext_lazy("What now: release or refuse it, or ask the sales rep for more."),
    ("order.held", False): gettext_lazy(
        "What now: say on the order why it should go, have the client pay, or change the order. It goes by itself once"
        " it fits."
    ),
    ("order.released", False): gettext_lazy("What now: nothing, the order goes on."),
    ("order.refused", False): gettext_lazy("What now: tell the client; the order can be copied and changed."),
    ("order.message", False): gettext_lazy("What now: answer on the page of the order."),
    ("override.requested", True): gettext_lazy("What now: approve or refuse the request."),
    ("override.requested", False): gettext_lazy("What now: nothing, whoever may decide is told."),
    ("override.refused", False): gettext_lazy(
        "What now: the order stays on hold and goes by itself once it fits."
    ),
    ("score.changed", False): gettext_lazy(
        "What now: look at the scorecard, and at the limit: ask for another one where it no longer fits."
    ),
    ("class_override.asked", True): gettext_lazy("What now: approve or refuse the class on the scorecard."),
    ("authority.asked", True): gettext_lazy("What now: agree to the change or refuse it, under Decisions."),
    ("authority.refused", False): gettext_lazy("What now: nothing, the authority stays as it is."),
    ("credit_policy.published", True): gettext_lazy(
        "What now: read it and acknowledge it, one click at the top of its page."
    ),
    ("limit.submitted", True): gettext_lazy("What now: grant or refuse the limit."),
    ("override.signed", True): gettext_lazy("What now: approve it as the second of two, or refuse it."),
    ("limit.signed", True): gettext_lazy("What now: approve it as the second of two, or refuse it."),
    ("case.alert", True): gettext_lazy("What now: decide before the answer is overdue."),
    ("payment.returned", False): gettext_lazy(
        "What now: agree another payment with the client. What it had settled is owed again; orders on the way are"
        " looked at again."
    ),
    ("promise.through_link", False): gettext_lazy(
        "What now: nothing; until its day these documents are not reminded of."
    ),
    ("promise.not_kept", False): gettext_lazy(
        "What now: call the client. Its items are reminded of again, and new orders are held for 30 days."
    ),
    ("alert.block_ahead", False): gettext_lazy(
        "What now: open the alert; it says what to ask the client for, with ready words."
    ),
    ("note.worrying", False): gettext_lazy(
        "What now: read it before you sell, and say what you know on the page of the client."
    ),
    ("alert.raised", False): gettext_lazy("What now: open the alert and say what was done about it."),
    ("call.relayed", True): gettext_lazy("What now: call the client, and note what came of it."),
    ("reminder.bounced", True): gettext_lazy(
        "What now: correct the number or the address of the client, and call: it has not read the reminder."
    ),
    ("client_statement.bounced", True): gettext_lazy(
        "What now: correct the address of the client and send the statement again (Statements to clients)."
    ),
    ("plan.signed", True): gettext_lazy("What now: approve the plan, or cancel it with a reason."),
    ("plan.late", False): gettext_lazy(
        "What now: call the client; without the money, give formal notice: eight days later the balance is due."
    ),
    ("plan.broken", False): gettext_lazy(
        "What now: the documents are reminded of again from the step they had reached; new orders are held for 30 days."
    ),
    ("condition.met", False): gettext_lazy("What now: nothing, the order goes by itself as soon as it fits."),
    ("condition.broken", False): gettext_lazy(
        "What now: call the client and agree anew, or refuse the order. It stays on hold, or is held again."
    ),
    ("release.void", False): gettext_lazy(
        "What now: look at the order again; more is missing than was decided on."
    ),
    ("case.overdue", True): gettext_lazy("What now: decide, or see to it that somebody does."),
}


def send_digests(*, work: Any, day: str) -> dict[str, int]:
    """Work handler of every morning: one message a person with everything that waited for it."""
    del work
    waiting = outbox.waiting_for_digest()
    people = User.objects.in_bulk({row.user_id for row in waiting if row.user_id})
    carried = {
        key: list(rows) for key, rows in groupby(waiting, key=lambda row: row.user_id) if key is not None
    }
    digests = {key: _digest(people[key], rows, day) for key, rows in carried.items()}
    outbox.write(digests.values())
    stored = OutboxMessage.objects.in_bulk([message.key for message in digests.values()], field_name="key")
    for key, rows in carried.items():
        for row in rows:
            row.digest = stored[digests[key].key]
    OutboxMessage.objects.bulk_update(waiting, ["digest"], batch_size=500)
    return {"digests": len(digests)}


def _digest(person: User, rows: Sequence[OutboxMessage], day: str) -> OutboxMessage:
    with translation.override(person.language or settings.LANGUAGE_CODE):
        subject = ngettext("%(n)s thing happened", "%(n)s things happened", len(rows)) % {"n": len(rows)}
        lines = [f"- {row.subject}\n  {settings.PORTAL_URL}{row.url}" for row in rows]
        return _message(person, DIGEST, f"{DIGEST}:{day}:{person.pk}", subject, lines, "/notifications/")


def _message(
    person: User,
    kind: str,
    key: str,
    subject: str,
    lines: Sequence[str],
    url: str,
    *,
    in_digest: bool = False,
) -> OutboxMessage:
    paragraphs = format_html_join("", "<p>{}</p>", ((line,) for line in lines if line))
    return OutboxMessage(
        kind=kind,
        key=key,
        user=person,
        to=person.email or person.label(),
        subject=subject,
        text="\n".join(lines) + "\n",
        html=format_html('<!doctype html><html lang="{}"><body>{}</body></html>', _language(), paragraphs),
        language=_language(),
        url=url,
        in_digest=in_digest,
        created_at=timezone.now(),
    )


def _amount_of(facts: Mapping[str, Any]) -> str:
    amount = facts.get("amount")
    return f" ({_money(Decimal(str(amount)), str(facts['currency']))})" if amount else ""


def _money(amount: Decimal, currency: str) -> str:
    return formats.money(amount, _language(), currency)


def _language() -> str:
    return translation.get_language() or settings.LANGUAGE_CODE
