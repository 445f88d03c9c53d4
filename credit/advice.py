"""What would let an order through, cheapest for the client first, and words that may be said to the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.money import ZERO

from .authority import role_label
from .enums import Finding, LimitedPart, Severity

ANSWER_HOURS: Final = 4
# Reasons that hold whatever the amount: no smaller order passes.
_OF_THE_LIMIT: Final = frozenset({Finding.OVER_LIMIT, Finding.NO_LIMIT, Finding.REVIEW_EXPIRED})
# Reasons that money takes away, with what is to be paid.
_LATE: Final = (Finding.OVERDUE_AMOUNT, Finding.OVERDUE_DAYS, Finding.UNPAID_INSTRUMENT)
# Reasons for which credit refuses orders outright until it changes its mind.
STOPS: Final = frozenset({Finding.ACCOUNT_BLOCKED, Finding.INSOLVENCY, Finding.COMPLIANCE})


@dataclass(frozen=True)
class Way:
    """One way to make an order possible."""

    icon: str
    title: str
    detail: str = ""
    url: str = ""


@dataclass(frozen=True)
class Answer:
    """A credit check (contract §4, ``credit-check``) read for people."""

    check: Mapping[str, Any]

    def _figures(self, code: Finding) -> Mapping[str, Any]:
        found = next((f for f in self.check["findings"] if f["code"] == code), None)
        figures: Mapping[str, Any] = found["figures"] if found else {}
        return figures

    @property
    def holding(self) -> frozenset[str]:
        """Codes of what keeps the order."""
        return frozenset(f["code"] for f in self.check["findings"] if f["severity"] == Severity.HOLD)

    @property
    def missing(self) -> Decimal:
        """The part that the limit does not carry."""
        return Decimal(self.check["over_limit_by"])

    @property
    def passes_now(self) -> Decimal | None:
        """The largest order that would pass at once: zero while another reason holds, None without bound."""
        if self.holding - {Finding.OVER_LIMIT, Finding.PART_LIMIT}:
            return ZERO
        room = self._figures(Finding.PART_LIMIT).get("room")
        known = [Decimal(each) for each in (self.check["available_before"], room) if each is not None]
        return max(ZERO, min(known)) if known else None

    @property
    def late(self) -> Decimal:
        """What must be paid of the late items."""
        amounts = [Decimal(self._figures(code).get("amount", "0")) for code in _LATE]
        return max(amounts)

    @property
    def disputed(self) -> Decimal:
        """What is in dispute, where that keeps the order."""
        return Decimal(self._figures(Finding.DISPUTE_OPEN).get("amount", "0"))

    def _beyond_part(self, *parts: LimitedPart) -> Decimal:
        """What is too much of one of these kinds of risk, where that keeps the order."""
        figures = self._figures(Finding.PART_LIMIT)
        beyond = (figures, *figures["others"]) if figures else ()
        return sum((Decimal(each["excess"]) for each in beyond if each["part"] in parts), ZERO)

    @property
    def decided_by(self) -> str:
        """Role that decides, as people say it; empty when nothing is to be decided."""
        role = next((f["decided_by"] for f in self.check["findings"] if f["decided_by"]), None)
        return str(role_label(role)) if role else ""

    def without(self, amount: Decimal) -> Decimal | None:
        """What would still be short if this amount left the exposure; None when nothing is short now."""
        return max(ZERO, self.missing - amount) if self.missing else None

    def ways(self, *, limit_url: str = "") -> list[Way]:
        """What would make it possible, as far as the check knows."""
        money = _money(self.check["currency"])
        ways: list[Way] = []
        holding = self.holding
        passes = self.passes_now
        if passes and (self.missing or Finding.PART_LIMIT in holding):
            ways.append(
                Way(
                    "package",
                    _("An order of %(amount)s at most") % {"amount": money(passes)},
                    _("passes now"),
                )
            )
        owed = self._beyond_part(LimitedPart.OVERDUE, LimitedPart.NOT_DUE)
        payment = max(self.late, owed, self.missing if Finding.OVER_LIMIT in holding else ZERO)
        if payment:
            rest = holding - _OF_THE_LIMIT - {*_LATE, *((Finding.PART_LIMIT,) if owed else ())}
            if not rest:
                detail = _("passes as soon as the payment is matched")
            elif self.late:
                detail = _("%(amount)s of it is late; other reasons would remain") % {
                    "amount": money(self.late)
                }
            else:
                detail = _("other reasons would remain")
            ways.append(Way("cash", _("A payment of %(amount)s") % {"amount": money(payment)}, detail))
        if self.disputed:
            ways.append(
                Way(
                    "message-check",
                    _("Settle the dispute of %(amount)s") % {"amount": money(self.disputed)},
                    _("a credit note or an agreement closes it"),
                )
            )
        if to_invoice := self._beyond_part(LimitedPart.DELIVERED):
            ways.append(
                Way(
                    "file-invoice",
                    _("Invoice %(amount)s of what was delivered") % {"amount": money(to_invoice)},
                    _("what is invoiced counts as invoices, no more as deliveries"),
                )
            )
        if holding and holding <= _OF_THE_LIMIT | {Finding.PART_LIMIT}:
            ways.append(
                Way(
                    "coins",
                    _("Payment in advance"),
                    _("needs no limit; the order leaves once the money is in"),
                )
            )
        if Finding.INSOLVENCY in holding:
            ways.append(
                Way(
                    "coins",
                    _("Payment in advance"),
                    _("during the proceedings, released by credit each time"),
                )
            )
        if holding & _OF_THE_LIMIT:
            ways.append(
                Way("adjustments-dollar", _("A higher limit"), _("for good, or for a few weeks"), limit_url)
                if Finding.NO_LIMIT not in holding
                else Way("adjustments-dollar", _("A credit limit"), _("none has been decided yet"), limit_url)
            )
        if holding:
            ways.append(
                Way(
                    "user-check",
                    _("Approval of this order"),
                    _("%(role)s, within %(hours)d working hours")
                    % {"role": self.decided_by, "hours": ANSWER_HOURS},
                )
            )
        return ways

    def words(self, *, delivery: date | None) -> str:
        """What may be said to the client: no limit, no rating, no insurer, no judgement."""
        money = _money(self.check["currency"])
        asked = Decimal(self.check["amount"])
        when = (
            _(" for %(day)s") % {"day": formats.date_long(delivery, get_language() or "fr")}
            if delivery
            else ""
        )
        if not self.holding:
            return _("We can take your order of %(amount)s%(when)s. I will send you the confirmation.") % {
                "amount": money(asked),
                "when": when,
            }
        text = _("Your order of %(amount)s%(when)s is ready to be entered.") % {
            "amount": money(asked),
            "when": when,
        }
        if self.late:
            text += " " + _(
                "To start it, our accounts need the %(amount)s of invoices that are past their date."
            ) % {"amount": money(self.late)}
        elif self.missing and (passes := self.passes_now):
            text += " " + _(
                "%(now)s can leave right away; for the rest a payment of %(missing)s would do, or I ask for"
                " an agreement."
            ) % {"now": money(passes), "missing": money(self.missing)}
        else:
            text += " " + _("I am asking for an agreement inside the house.")
        if self.disputed:
            text += " " + _("I am also taking up the open complaint on your side.")
        return (
            text
            + " "
            + _("You will have an answer within %(hours)d working hours.") % {"hours": ANSWER_HOURS}
        )


def _money(currency: str) -> Any:
    language = get_language() or "fr"
    return lambda value: formats.money(value, language, currency)
