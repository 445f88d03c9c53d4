"""Scenarios as pages show them: what is in use, the days of one document, a letter with a client's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User
from accounts.queries import find_account
from credit.models import AccountWatch
from dunning.enums import ReminderStatus, StepChannel
from dunning.letters import Asked, Written, write_letter
from dunning.models import DunningScenario, DunningStep, Reminder, ReminderLine
from dunning.queries.arrived import Arrived
from dunning.queries.contacts import contact_of
from dunning.queries.letter_items import credits_of
from dunning.queries.plan import Stands, standing_of
from dunning.step_policy import CAP_DAYS, Foreseen, Pace, StepRules, foreseen
from invoicing.models import ReceivableItem
from invoicing.scope import own_items

# So many documents of a client are offered for a calendar or stand in a preview.
_OFFERED: Final = 50
_IN_A_PREVIEW: Final = 5
# The document of a calendar where none is chosen.
EXAMPLE_AMOUNT: Final = Decimal(5000)
EXAMPLE_DUE_IN: Final = timedelta(days=30)
# What stands for the secret of a client's page in a text message that is not sent: as long as a real one.
_EXAMPLE_TOKEN: Final = "x" * 76


class Calendar(NamedTuple):
    """The days of a document; without a client those of an example.

    :ivar other: the scenario the client goes by, where it is another one than this
    :ivar done: steps made already
    """

    code: str
    account: CustomerAccount | None
    offered: Sequence[ReceivableItem]
    item: ReceivableItem | None
    due: date
    amount: Decimal
    currency: str
    days: Sequence[Foreseen]
    done: frozenset[int]
    other: DunningScenario | None


def scenarios_in_use(company: Company) -> QuerySet[DunningScenario]:
    """The scenarios of a company, that of all clients first, with their steps."""
    rows = DunningScenario.objects.filter(company=company, is_active=True)
    return (
        rows.select_related("company", "account")
        .prefetch_related("steps")
        .order_by("risk_class", "account", "pk")
    )


def scenario_of(account: CustomerAccount) -> DunningScenario | None:
    """The scenario a client goes by: its own, that of its class, that of all."""
    rows = {
        (row.account_id, row.risk_class): row
        for row in DunningScenario.objects.filter(company_id=account.company_id, is_active=True)
    }
    for key in ((account.pk, ""), (None, account.risk_class), (None, "")):
        if key in rows:
            return rows[key]
    return None


def calendar_of(scenario: DunningScenario, *, reader: User, code: str, item: str, today: date) -> Calendar:
    """When each step of a scenario is made for a document, as far as is known today.

    :param code: the client; empty: a document as an example
    :param item: key of the document; else the first that is open
    :raises NotFound: no client of this code that the reader may see
    """
    steps = [StepRules(step.number, step.day, step.min_amount) for step in scenario.steps.all()]
    pace = Pace(scenario.grace_days, scenario.min_amount, scenario.min_gap_days, scenario.most_contacts)
    if not code:
        due = today + EXAMPLE_DUE_IN
        days = foreseen(steps, pace, due=due, amount=EXAMPLE_AMOUNT, since=today)
        currency = scenario.company.currency
        return Calendar("", None, (), None, due, EXAMPLE_AMOUNT, currency, days, frozenset(), None)
    account = find_account(reader, scenario.company, code)
    offered = _open_items(reader, account)
    chosen = next((row for row in offered if str(row.pk) == item), offered[0] if offered else None)
    watched = AccountWatch.objects.filter(account=account, lifted_at=None).exists()
    due = chosen.due_date if chosen is not None else today + EXAMPLE_DUE_IN
    amount = chosen.open_amount if chosen is not None else EXAMPLE_AMOUNT
    done = _done(chosen) if chosen is not None else {}
    days = foreseen(
        steps, pace, due=due, amount=amount, since=today, is_watched=watched, done=done, contacted=_contacted(account)
    )  # fmt: skip
    own = scenario_of(account)
    return Calendar(
        account.code,
        account,
        offered,
        chosen,
        due,
        amount,
        chosen.currency if chosen is not None else account.currency,
        days,
        frozenset(done),
        own if own is not None and own.pk != scenario.pk else None,
    )


def letter_preview(
    step: DunningStep, *, reader: User, code: str, language: str, today: date
) -> Written | None:
    """A letter of a step as this client would read it today; None without a client or anything open.

    What may be asked for stands in it; before the due date, or where nothing is late, what is due next.

    :raises NotFound: no client of this code that the reader may see
    """
    if not code:
        return None
    account = find_account(reader, step.scenario.company, code)
    items = _open_items(reader, account)
    ahead = [Asked(row, row.open_amount) for row in items if row.due_date >= today][:_IN_A_PREVIEW]
    stands = standing_of(account.company, account.pk, as_of=today)
    asked = ahead if step.day < 0 else _late(items, stands) or ahead
    asked = [row for row in asked if row.item.currency == asked[0].item.currency]
    if not asked:
        return None
    contact = contact_of(account, step)
    page = reverse("client_link:page", args=[_EXAMPLE_TOKEN])
    link = f"{settings.PORTAL_URL}{page}" if step.channel == StepChannel.SMS else ""
    credits = credits_of(account, asked[0].item.currency, on=today, stands=stands, arrived=Arrived())
    return write_letter(
        account, step, asked, on=today, contact=contact, language=language, link=link, credits=credits
    )


def _late(items: Sequence[ReceivableItem], stands: Mapping[int, Stands]) -> list[Asked]:
    return [
        Asked(row, stands[row.pk].amount)
        for row in items
        if row.pk in stands and not stands[row.pk].reason and stands[row.pk].late > 0
    ]


def _open_items(reader: User, account: CustomerAccount) -> list[ReceivableItem]:
    rows = ReceivableItem.objects.filter(
        own_items(reader, account.company), account=account, open_amount__gt=0
    )
    return list(rows.select_related("invoice").order_by("due_date", "pk")[:_OFFERED])


def _done(item: ReceivableItem) -> dict[int, date]:
    """Steps of the present cycle of an item that were made, and when."""
    rows = ReminderLine.objects.filter(item=item, dropped="", repeats=False).order_by("cycle")
    found: dict[int, dict[int, date]] = {}
    for cycle, step, day in rows.values_list("cycle", "step", "as_of"):
        found.setdefault(cycle, {})[step] = day
    return found[max(found)] if found else {}


def _contacted(account: CustomerAccount) -> list[date]:
    """The days of the last contacts, the latest first: as many as a scenario may count."""
    unsent = (ReminderStatus.DROPPED, ReminderStatus.NO_CONTACT)
    rows = Reminder.objects.filter(account=account).exclude(status__in=unsent)
    return list(rows.order_by("-as_of").values_list("as_of", flat=True).distinct()[:CAP_DAYS])
