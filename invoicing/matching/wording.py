"""Reasons of a proposal in words, for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from o2c.shared import formats

from .facts import Line, Proposal, Reason, Why

_MOST_NAMED: Final = 4
# What speaks against a proposal, or asks for a second look.
DOUBTS: Final = frozenset(
    {
        Why.SHORT,
        Why.OVER,
        Why.SEVERAL_FIT,
        Why.PAYER_UNLIKE,
        Why.PAYER_ELSEWHERE,
        Why.CITES_OTHER,
        Why.LATE_DISCOUNT,
        Why.OLDEST_FIRST,
    }
)


def title(proposal: Proposal) -> str:
    """Return a proposal's heading: what it settles."""
    owed = [line for line in proposal.lines if line.item.open_amount > 0]
    credits = len(proposal.lines) - len(owed)
    whys = {reason.why for reason in proposal.reasons}
    count = {"n": len(owed)}
    if whys & {Why.CITED, Why.REFERENCE, Why.CITED_LOOSELY}:
        text = ngettext("%(n)s item named", "%(n)s items named", len(owed)) % count
    elif Why.OLDEST_FIRST in whys:
        text = _("The oldest first")
    elif Why.BALANCE in whys:
        text = ngettext("The whole balance: %(n)s item", "The whole balance: %(n)s items", len(owed)) % count
    elif len(owed) == 1:
        text = owed[0].item.document
    else:
        text = ngettext("%(n)s item", "%(n)s items together", len(owed)) % count
    if credits:
        text += " " + ngettext("and a credit", "and %(n)s credits", credits) % {"n": credits}
    return text


def reasons_in_words(reasons: Sequence[Reason], currency: str) -> list[str]:
    """Return each reason as a sentence without a full stop."""
    return [_SAID[reason.why](_Figures(reason.figures, currency)) for reason in reasons]


def explanation(proposal: Proposal, currency: str) -> str:
    """Return all reasons of a proposal in one line."""
    return " · ".join(reasons_in_words(proposal.reasons, currency))


def stored(proposal: Proposal) -> list[dict[str, Any]]:
    """Return the reasons as they are kept with the match, plain."""
    return [{"why": reason.why.value, "figures": _plain(reason.figures)} for reason in proposal.reasons]


def restored(rows: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """Return kept reasons again; amounts come back as amounts."""
    found = []
    for row in rows:
        figures = dict(row["figures"])
        if "amount" in figures:
            figures["amount"] = Decimal(figures["amount"])
        found.append(Reason(Why(row["why"]), figures))
    return found


def let_go(line: Line) -> Decimal:
    """Return what of an item is neither paid nor stays open."""
    return line.discount + line.write_off


def _plain(figures: Mapping[str, object]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in figures.items()}


class _Figures:
    """Figures of a reason as the reader's language writes them."""

    def __init__(self, figures: Mapping[str, Any], currency: str) -> None:
        self._figures, self._currency = figures, currency

    def amount(self) -> dict[str, str]:
        value = abs(Decimal(str(self._figures["amount"])))
        written = formats.money(value, get_language() or "fr", self._currency)
        return {"amount": written, "document": str(self._figures.get("document", ""))}

    def count(self) -> int:
        return int(self._figures.get("count", self._figures.get("times", 0)))

    def text(self, name: str) -> dict[str, str]:
        return {name: str(self._figures[name])}

    def documents(self) -> dict[str, str]:
        named = list(self._figures["documents"])
        more = len(named) - _MOST_NAMED
        shown = ", ".join(named[:_MOST_NAMED])
        return {"documents": f"{shown} + {more}" if more > 0 else shown}


_SAID: Final[Mapping[Why, Callable[[_Figures], str]]] = {
    Why.REFERENCE: lambda f: _("the structured reference names %(documents)s") % f.documents(),
    Why.CITED: lambda f: _("the text names %(documents)s") % f.documents(),
    Why.CITED_LOOSELY: lambda f: _("the text seems to name %(documents)s") % f.documents(),
    Why.EXACT: lambda f: _("exactly this amount"),
    Why.SUM: lambda f: (
        ngettext("%(n)s item makes the amount", "%(n)s items make the amount", f.count()) % {"n": f.count()}
    ),
    Why.BALANCE: lambda f: _("everything that is open makes the amount"),
    Why.DISCOUNT: lambda f: _("%(amount)s of cash discount, taken in time") % f.amount(),
    Why.TOLERANCE: lambda f: _("a difference of %(amount)s, within the tolerance") % f.amount(),
    Why.EXCHANGE: lambda f: _("a difference of %(amount)s, as an exchange makes it") % f.amount(),
    Why.CREDIT_NOTE: lambda f: _("the credit note %(document)s explains the missing %(amount)s") % f.amount(),
    Why.SHORT: lambda f: _("%(amount)s are missing") % f.amount(),
    Why.OVER: lambda f: _("%(amount)s stay over") % f.amount(),
    Why.OLDEST_FIRST: lambda f: _("by due date, whatever the text says"),
    Why.PAYER_RECORDED: lambda f: _("the payment stands on this client"),
    Why.PAYER_IBAN: lambda f: (
        ngettext(
            "this bank account has paid for the client once",
            "this bank account has paid for the client %(n)s times",
            f.count(),
        )
        % {"n": f.count()}
    ),
    Why.PAYER_NAME: lambda f: _("the payer's name is %(percent)s %% like the client's") % f.text("percent"),
    Why.PAYER_RELATED: lambda f: _("paid for another client of the same group"),
    Why.PAYER_UNLIKE: lambda f: _("the payer “%(name)s” is not known for this client") % f.text("name"),
    Why.PAYER_ELSEWHERE: lambda f: _("this bank account has paid for another client so far"),
    Why.SEVERAL_FIT: lambda f: _("other items fit as well"),
    Why.CITES_OTHER: lambda f: _("the text names %(document)s, which is not open here") % f.text("document"),
    Why.LATE_DISCOUNT: lambda f: _("%(amount)s of cash discount, taken too late") % f.amount(),
}
