"""Rules of disputes over plain values (domain.md 7): which act leads where, the clock, and what an outcome does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import add_business_days
from o2c.shared.problems import Conflict, Invalid, RuleRefused

from .enums import Department, DisputeOutcome, DisputeStatus, DisputeType, RootCause

_S = DisputeStatus

# Working days within which the client has a first answer (domain.md 7.2).
FIRST_ANSWER_DAYS: Final = 2
# Days before the agreed date on which the owner is reminded, and after it when the directors are told.
REMINDED_BEFORE: Final = 2
DIRECTORS_AFTER: Final = 10
# Above this the committee has the case at once, in the company's currency.
COMMITTEE_AT_ONCE: Final = Decimal(10_000)
# Older than this a case is on the agenda whatever its clock says.
OLD_AFTER: Final = 30

# Claims made only to delay that count against a client, within twelve months (domain.md 7.5).
PRETEXTS_THAT_COUNT: Final = 2

# The longest delay that may be agreed for a type, in days.
LONGEST_DELAY: Final = 365
# Beyond this an hour of work was typed wrongly, in the company's currency.
DEAREST_HOUR: Final = Decimal(1_000)

# Department that usually has the answer, and the days agreed for it (domain.md 7.1).
DEFAULTS: Final[dict[DisputeType, tuple[Department, int]]] = {
    DisputeType.PRICE: (Department.SALES, 10),
    DisputeType.QUANTITY: (Department.LOGISTICS, 10),
    DisputeType.QUALITY: (Department.QUALITY, 20),
    DisputeType.DELIVERY: (Department.LOGISTICS, 10),
    DisputeType.DAMAGED: (Department.LOGISTICS, 15),
    DisputeType.MISSING_PO: (Department.ADV, 5),
    DisputeType.VAT_ADMIN: (Department.INVOICING, 5),
    DisputeType.INVOICE_NOT_RECEIVED: (Department.ADV, 2),
    DisputeType.DUPLICATE: (Department.INVOICING, 3),
    DisputeType.TERMS: (Department.CREDIT, 5),
    DisputeType.CONTRACT: (Department.LEGAL, 20),
    DisputeType.CALCULATION: (Department.INVOICING, 5),
    DisputeType.MISSING_DOCUMENT: (Department.ADV, 3),
    DisputeType.DEDUCTION: (Department.SALES, 15),
    DisputeType.COMMERCIAL_OTHER: (Department.SALES, 15),
}

# The department of those who hold a role, for "my department's" cases.
DEPARTMENT_OF_ROLE: Final[dict[str, frozenset[Department]]] = {
    "adv_officer": frozenset({Department.ADV}),
    "adv_manager": frozenset({Department.ADV}),
    "sales": frozenset({Department.SALES, Department.LEGAL}),
    "sales_manager": frozenset({Department.SALES, Department.LEGAL}),
    "credit_analyst": frozenset({Department.CREDIT}),
    "credit_manager": frozenset({Department.CREDIT}),
    "receivables_accountant": frozenset({Department.INVOICING}),
    "dispute_owner": frozenset({Department.LOGISTICS, Department.QUALITY}),
}

# Nothing is contested any more; what is decided and not yet carried out still is.
ENDED: Final = frozenset({_S.CLOSED, _S.REJECTED, _S.WITHDRAWN})
UNDER_WAY: Final = frozenset(
    {_S.QUALIFIED, _S.IN_PROGRESS, _S.WAITING_CUSTOMER, _S.WAITING_INTERNAL, _S.PROPOSED, _S.REOPENED}
)
UNDECIDED: Final = UNDER_WAY | {_S.OPEN}


class Act(StrEnum):
    """What people do with a dispute."""

    QUALIFY = "qualify"
    ASSIGN = "assign"
    ACCEPT = "accept"
    WAIT_CUSTOMER = "wait_customer"
    WAIT_INTERNAL = "wait_internal"
    RESUME = "resume"
    PROPOSE = "propose"
    RESOLVE = "resolve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    CARRY_OUT = "carry_out"
    FALL_BACK = "fall_back"
    REOPEN = "reopen"


# From which states an act starts, and the state it leads to; None leaves it as it is.
ACTS: Final[dict[Act, tuple[frozenset[DisputeStatus], DisputeStatus | None]]] = {
    Act.QUALIFY: (frozenset({_S.OPEN}), _S.QUALIFIED),
    Act.ASSIGN: (UNDECIDED, None),
    Act.ACCEPT: (UNDER_WAY, _S.IN_PROGRESS),
    Act.WAIT_CUSTOMER: (UNDER_WAY - {_S.WAITING_CUSTOMER}, _S.WAITING_CUSTOMER),
    Act.WAIT_INTERNAL: (UNDER_WAY - {_S.WAITING_INTERNAL}, _S.WAITING_INTERNAL),
    Act.RESUME: (frozenset({_S.WAITING_CUSTOMER, _S.WAITING_INTERNAL, _S.PROPOSED}), _S.IN_PROGRESS),
    Act.PROPOSE: (UNDER_WAY, _S.PROPOSED),
    Act.RESOLVE: (UNDER_WAY, _S.RESOLVED),
    Act.REJECT: (UNDECIDED, _S.REJECTED),
    Act.WITHDRAW: (UNDECIDED, _S.WITHDRAWN),
    Act.CARRY_OUT: (frozenset({_S.RESOLVED}), _S.CLOSED),
    Act.FALL_BACK: (frozenset({_S.RESOLVED}), _S.IN_PROGRESS),
    Act.REOPEN: (ENDED, _S.REOPENED),
}


class WrongState(Conflict):
    code = "wrong_state"
    message = _("This dispute is not in a state that allows it.")


class ReopenedBefore(Conflict):
    code = "reopened_before"
    message = _("This dispute was opened again once already: the committee decides what follows.")


class NothingOpen(RuleRefused):
    code = "nothing_open"
    message = _("Nothing of this document is open: there is nothing to dispute.")


class DisputedTwice(RuleRefused):
    code = "over_disputed"
    message = _("More than what is open and not disputed yet cannot be disputed.")


class OutcomeAmount(RuleRefused):
    code = "outcome_amount"
    message = _("The amount is above 0 and at most what is disputed.")


def next_status(act: Act, now: DisputeStatus) -> DisputeStatus:
    """The state that an act leads to.

    :raises WrongState: the act does not start from this state
    """
    start, end = ACTS[act]
    if now not in start:
        raise WrongState(
            _("This dispute is “%(status)s”: that does not allow it.") % {"status": DisputeStatus(now).label}
        )
    return end or now


def possible_acts(now: DisputeStatus) -> frozenset[Act]:
    """The acts that start from a state."""
    return frozenset(act for act, (start, _end) in ACTS.items() if now in start)


def check_disputed(
    amount: Decimal, *, total: Decimal, open_amount: Decimal, undisputed: Decimal, credited: Decimal
) -> None:
    """Refuse a disputed amount that the document does not bear, and say why.

    :param total: of the document, incl. VAT
    :param open_amount: what is open of it today
    :param undisputed: what is open and in no other dispute
    :param credited: what credit notes took off it
    :raises NothingOpen: paid, credited, or owed to the client
    :raises DisputedTwice: another dispute stands on the amount
    """
    if total <= 0:
        raise NothingOpen(_("Only what a client owes can be disputed."))
    if open_amount <= 0:
        if credited >= total:
            raise NothingOpen(_("This document is cancelled by a credit note: there is nothing to dispute."))
        raise NothingOpen(_("This document is paid: there is nothing to dispute."))
    if undisputed <= 0:
        raise DisputedTwice(_("All that is open of this document is disputed already."))
    if not 0 < amount <= undisputed:
        if undisputed < open_amount:
            said = _("Of %(open)s open, %(left)s is in no dispute yet: more cannot be disputed.")
            raise DisputedTwice(said % {"open": open_amount, "left": undisputed})
        raise DisputedTwice(_("%(open)s is open: more cannot be disputed.") % {"open": open_amount})


def first_answer_due(opened_on: date) -> date:
    """The day by which the client has a first answer: two working days on."""
    return add_business_days(opened_on, FIRST_ANSWER_DAYS)


def agreed_due(opened_on: date, days: int) -> date:
    """The day agreed for a solution: calendar days from the opening, whatever is waited for meanwhile."""
    return opened_on + timedelta(days=days)


def days_left(due_on: date | None, today: date) -> int | None:
    """Days until the agreed date, negative when it has passed; None before qualification."""
    return None if due_on is None else (due_on - today).days


def departments_of(roles: Iterable[str]) -> frozenset[Department]:
    """The departments of somebody with these roles; none for those above all of them."""
    return frozenset().union(*(DEPARTMENT_OF_ROLE.get(role, frozenset()) for role in roles))


def root_cause_of(text: str) -> RootCause:
    """A root cause as people and systems write it: ``carrier.damage``, ``platform/routing``, ``PICKING``.

    :raises Invalid: it is none of the tree, or missing
    """
    key = "_".join(text.strip().upper().replace("-", " ").replace("/", " ").split())
    try:
        return RootCause(key)
    except ValueError as error:
        known = ", ".join(RootCause.values)
        said = _("A root cause is needed: %(known)s.") % {"known": known}
        raise Invalid(errors={"root_cause": [said]}) from error


@dataclass(frozen=True)
class Effects:
    """What an outcome does to the book (domain.md 7.4).

    :ivar credits: a credit note takes the amount off, with its own approval
    :ivar whole: of the whole invoice, so that its order is invoiced again
    :ivar on_receipt: only once the goods are back
    :ivar writes_off: the amount is a loss
    :ivar takes_amount: an amount below what is disputed may be named; the rest is payable
    :ivar completes: a suspended e-invoice is reported as completed (status 209)
    """

    credits: bool = False
    whole: bool = False
    on_receipt: bool = False
    writes_off: bool = False
    takes_amount: bool = False
    completes: bool = False


_O = DisputeOutcome
EFFECTS: Final[dict[DisputeOutcome, Effects]] = {
    _O.CREDIT_NOTE: Effects(credits=True, takes_amount=True),
    _O.REINVOICE: Effects(credits=True, whole=True),
    _O.REJECTED: Effects(),
    _O.GOODWILL: Effects(credits=True, takes_amount=True),
    _O.REPLACEMENT: Effects(on_receipt=True),
    _O.RETURN: Effects(credits=True, on_receipt=True, takes_amount=True),
    _O.DOCUMENT_SENT: Effects(completes=True),
    _O.SETTLEMENT: Effects(credits=True, takes_amount=True),
    _O.WRITE_OFF: Effects(writes_off=True, takes_amount=True),
}


def outcome_amount(outcome: DisputeOutcome, asked: Decimal | None, disputed: Decimal) -> Decimal:
    """What an outcome takes off the client's debt; all that is disputed where no amount is named.

    :raises OutcomeAmount: not above 0, or more than is disputed
    """
    effects = EFFECTS[outcome]
    if not (effects.credits or effects.writes_off):
        return Decimal("0.00")
    if asked is None or effects.whole:
        return disputed
    if not 0 < asked <= disputed:
        raise OutcomeAmount(
            _("The amount is above 0 and at most the %(disputed)s disputed.") % {"disputed": disputed}
        )
    return asked


def time_cost(hours: Decimal, rate: Decimal | None) -> Decimal | None:
    """What hours spent cost (domain.md 7.5), to the cent; None where nobody has said what an hour costs."""
    return None if rate is None else (hours * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


def share_unfounded(unfounded: int, decided: int) -> Decimal:
    """The share of decided disputes that were unfounded, in [0, 1] with four decimals; 0 of none."""
    return (Decimal(unfounded) / decided).quantize(Decimal("0.0001")) if decided else Decimal(0)


def only_to_delay(pretexts: int) -> bool:
    """Whether a client contested only to pay later as often as feeds its score (domain.md 7.5)."""
    return pretexts >= PRETEXTS_THAT_COUNT
