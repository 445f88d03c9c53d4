"""What was simulated for a held order and is agreed with its client becomes what it stands for (domain.md 5.5).

A deposit is asked for, invoices are promised or planned, the term is changed, a raise is requested: all of it or
nothing, each by its own act with its own right. What the order then waits for stands on it as conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.policy import describe_term
from credit import services as credit
from credit.alternatives.measures import measures_of
from credit.alternatives.outlook import Outlook
from credit.alternatives.projection import (
    Deposit,
    EarlyPayment,
    Instalment,
    Measure,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from credit.enums import LimitKind
from dunning.plan_policy import Part, covered
from invoicing import services as invoicing
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid, NotAllowed, RuleRefused
from orders import services as orders
from orders.enums import AlternativeKind, ConditionSource
from orders.models import Order, ReleaseCondition
from orders.services import Agreed

from .payment_plans import make_plan
from .promises import make_promise

# Who may speak with the client about what makes an order possible; each measure asks for its own right besides.
RIGHT: Final = "orders.request_override"


class OtherCurrency(RuleRefused):
    code = "other_currency"
    message = gettext_lazy(
        "The order is in another currency than the limit: ask for its deposit on the order itself."
    )


class NoTerm(RuleRefused):
    code = "no_term"
    message = gettext_lazy("None of the usual terms has the order paid by that day.")


@retrying
def accept(
    *,
    order_id: int,
    written: Sequence[Mapping[str, Any]],
    agreed_with: str = "",
    by: User,
    at: datetime,
) -> list[ReleaseCondition]:
    """Turn measures into what they stand for and keep them as conditions of a held order.

    :param written: measures in the fields of the worked cases
    :param agreed_with: who said yes on the client's side, and how; whoever writes it down when left out
    :raises WrongState: the order is not on hold
    :raises AgreedAlready: a measure of this kind is expected already
    :raises Invalid: no measure, or one that cannot be
    :raises NotAllowed: a right of one of the acts is missing
    """
    with transaction.atomic():
        order = orders.lock_order(order_id)
        if not by.may(RIGHT, order.company):
            raise NotAllowed
        case = orders.open_case_of(order)
        _result, outlook = orders.look_ahead_of(order, by=by, at=at)
        measures = measures_of(written, outlook)
        if not measures:
            raise Invalid(errors={"measures": [_("Choose at least one measure.")]})
        simulation = outlook.simulate(measures)
        who = agreed_with.strip() or by.label()
        rows = orders.agree(
            order,
            case,
            [_made(measure, order, outlook, who, by=by, at=at) for measure in measures],
            agreed_with=who,
            by=by,
            at=at,
        )
        audit.record(
            "order.alternatives_accepted",
            order,
            by=by,
            at=at,
            label=order.number,
            after={
                "measures": [row.kind for row in rows],
                "over_limit_by": outlook.excess,
                "within_limit_from": simulation.within_limit_from,
                "within_base_limit_from": simulation.within_base_limit_from,
            },
        )
    return rows


def _made(measure: Measure, order: Order, outlook: Outlook, who: str, *, by: User, at: datetime) -> Agreed:
    """Do the act a measure stands for; say what the order waits for now."""
    match measure:
        case Deposit(amount, day):
            if outlook.currency != order.currency:
                raise OtherCurrency
            asked = invoicing.request_deposit(order_id=order.pk, amount=amount, due_date=day, by=by, at=at)
            return Agreed(
                AlternativeKind.DEPOSIT, ConditionSource.DEPOSIT_REQUEST, asked.pk, day, order.currency, amount,
                asked.label,
            )  # fmt: skip
        case EarlyPayment(refs, day):
            promise = make_promise(
                item_ids=[int(ref) for ref in refs],
                promised_date=day,
                account_id=order.account_id,
                made_by=who[:120],
                comment=order.number,
                by=by,
                at=at,
            )
            named = ", ".join(debt.document for debt in outlook.debts if debt.ref in refs)
            return Agreed(
                AlternativeKind.EARLY_PAYMENT, ConditionSource.PROMISE, promise.pk, day, promise.currency,
                promise.amount, named,
            )  # fmt: skip
        case ShorterTerm(day):
            term = next((code for code, paid in outlook.shorter_terms() if paid <= day), None)
            if term is None:
                raise NoTerm
            before = order.term
            orders.change_order(order_id=order.pk, term=term, by=by, at=at)
            with translation.override(settings.LANGUAGE_CODE):
                words = f"{describe_term(before, 'fr')} → {describe_term(term, 'fr')}"
            return Agreed(
                AlternativeKind.SHORTER_TERM, ConditionSource.TERM, None, paris_date(at), order.currency,
                words=words, met=True,
            )  # fmt: skip
        case TemporaryRaise(amount, until):
            wish = credit.create_limit_request(
                account=order.account,
                level=outlook.levels[0].figures.level.word,
                amount=amount,
                currency=outlook.currency,
                kind=LimitKind.TEMPORARY,
                reason=_("For order %(order)s, agreed with %(who)s.") % {"order": order.number, "who": who},
                valid_until=until,
                origin_order=order.number,
                submit=True,
                by=by,
                at=at,
            )
            return Agreed(
                AlternativeKind.TEMPORARY_LIMIT, ConditionSource.LIMIT_REQUEST, wish.pk, paris_date(at),
                outlook.currency, amount,
            )  # fmt: skip
        case OverdueSchedule(refs, instalments):
            return _planned(refs, instalments, order, outlook, by=by, at=at)


def _planned(
    refs: Sequence[str],
    instalments: Sequence[Instalment],
    order: Order,
    outlook: Outlook,
    *,
    by: User,
    at: datetime,
) -> Agreed:
    """Write the calendar down as a plan to be signed; the order waits for its first instalment.

    :raises OtherCurrency: the invoices are in another currency than the figures of the calendar
    """
    total = sum((part.amount for part in instalments), ZERO)
    debts = sorted((debt for debt in outlook.debts if debt.ref in refs), key=lambda debt: debt.due_date)
    paid = covered([(int(debt.ref), debt.amount) for debt in debts], total)
    plan = make_plan(
        account_id=order.account_id,
        item_ids=list(paid),
        instalments=[Part(part.day, part.amount) for part in instalments],
        amount=total,
        comment=order.number,
        by=by,
        at=at,
    )
    if plan.currency != outlook.currency:
        raise OtherCurrency
    named = ", ".join(debt.document for debt in debts if int(debt.ref) in paid)
    return Agreed(
        AlternativeKind.OVERDUE_SCHEDULE, ConditionSource.PLAN, plan.pk, plan.first_date, plan.currency, plan.amount,
        named,
    )  # fmt: skip
