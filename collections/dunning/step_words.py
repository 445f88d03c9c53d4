"""A step in plain words, as the page of a scenario and its calendar say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.enums import ContactRole
from o2c.shared import formats

from .enums import StepChannel, StepOwner


def in_plain_words(step: Any, *, currency: str, language: str) -> str:
    """Say when a step is made, how, by whom and to whom.

    :param step: a ``DunningStep`` or what somebody wrote down for one
    """
    said = _("%(when)s, on a working day: %(what)s, by %(owner)s, to %(contact)s") % {
        "when": when_in_words(step.day),
        "what": what_in_words(step),
        "owner": owner_in_words(step.owner),
        "contact": str(ContactRole(step.contact).label).lower(),
    }
    extras = list(_extras(step, currency, language))
    return f"{said} ({' ; '.join(extras) if language == 'fr' else '; '.join(extras)})" if extras else said


def when_in_words(day: int) -> str:
    """Say on which day, counted from the due date."""
    if day == 0:
        return _("On the due date")
    count = abs(day)
    if day < 0:
        return ngettext("%(count)s day before the due date", "%(count)s days before the due date", count) % {
            "count": count
        }
    return ngettext("%(count)s day after the due date", "%(count)s days after the due date", count) % {
        "count": count
    }


def what_in_words(step: Any) -> str:
    """Say what is done."""
    if step.is_formal:
        return _("a formal notice by registered letter")
    return {
        StepChannel.EMAIL: _("an e-mail"),
        StepChannel.LETTER: _("a letter"),
        StepChannel.REGISTERED: _("a registered letter"),
        StepChannel.POST: _("a letter by the posting service"),
        StepChannel.SMS: _("a text message"),
        StepChannel.CALL: _("a call"),
        StepChannel.FILE: _("the file for hand-over"),
    }[StepChannel(step.channel)]


def owner_in_words(owner: str) -> str:
    """Say who stands behind it, within a sentence."""
    return {
        StepOwner.ADV: pgettext("by whom", "sales administration"),
        StepOwner.CREDIT: pgettext("by whom", "credit management"),
        StepOwner.FINANCE: pgettext("by whom", "the finance director"),
    }[StepOwner(owner)]


def pace_in_words(scenario: Any) -> list[str]:
    """Say what holds for all steps of a scenario: who is contacted how often, and what becomes of a missed day."""
    gap = ngettext(
        "Between two contacts with a client lies %(days)s day at least, whichever documents they are about: what falls"
        " due within it waits for its end.",
        "Between two contacts with a client lie %(days)s days at least, whichever documents they are about: what falls"
        " due within them waits for their end.",
        scenario.min_gap_days,
    ) % {"days": scenario.min_gap_days}
    said = [
        _("A run makes one letter for a client: everything late stands in it, at the highest step reached."),
        gap,
        _(
            "A step whose day was missed is made up for on the next working day, once: a document moves one step at a"
            " time."
        ),
    ]
    if scenario.most_contacts:
        most = ngettext(
            "Within thirty days a client is contacted %(count)s time at most; what comes after waits.",
            "Within thirty days a client is contacted %(count)s times at most; what comes after waits.",
            scenario.most_contacts,
        )
        said.insert(2, most % {"count": scenario.most_contacts})
    return said


def _extras(step: Any, currency: str, language: str) -> Iterable[str]:
    if step.min_amount > 0:
        yield _("from %(amount)s, or a client on watch") % {
            "amount": formats.money(step.min_amount, language, currency)
        }
    if step.attaches_invoices:
        yield _("with statement and invoices")
    if step.quotes_penalties:
        yield _("penalties named")
