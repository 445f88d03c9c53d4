"""The scenarios of a company: made when first needed, changed by whoever may; what was decided by one stays with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, CustomerAccount, User
from accounts.queries import find_account
from dunning import defaults
from dunning.models import DunningScenario, DunningStep
from dunning.step_policy import Pace, Problem, StepGiven, problems_of
from invoicing.services.shared import require
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotFound

CONFIGURE: Final = "dunning.configure"


class ScenarioRefused(Invalid):
    """These steps are no scenario; each problem names its step and its field."""

    code = "scenario_refused"
    message = _("This scenario cannot be kept: see what is said beside its steps.")

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(errors={problem.field: [problem.text] for problem in problems})


class ScenarioChanged(Conflict):
    code = "changed_meanwhile"
    message = _("Somebody has changed this scenario meanwhile: open it again, what you wrote is not kept.")


class ScenarioExists(Conflict):
    code = "scenario_exists"
    message = _("These clients have a scenario of their own already: change that one.")


class CommonScenario(Conflict):
    code = "common_scenario"
    message = _("The scenario of all clients stays: change it instead.")


@dataclass(frozen=True)
class ScenarioGiven:
    """A scenario as somebody writes it down.

    :ivar risk_class: of the clients of this class; empty: of all
    :ivar account: code of the one client it is for; empty: of a class, or of all
    """

    name: str
    steps: tuple[StepGiven, ...]
    risk_class: str = ""
    account: str = ""
    grace_days: int = 2
    min_amount: Decimal = Decimal(15)
    min_gap_days: int = 5
    most_contacts: int | None = None
    formal_days: int = 8
    automatic_until: int | None = None

    @property
    def pace(self) -> Pace:
        """What it asks of all its steps."""
        return Pace(self.grace_days, self.min_amount, self.min_gap_days, self.most_contacts)


def ensure_scenario(company: Company) -> DunningScenario:
    """Return the scenario of all clients of a company, with the default steps where nobody has made one."""
    found = DunningScenario.objects.filter(
        company=company, account=None, risk_class="", is_active=True
    ).first()
    if found is not None:
        return found
    made = DunningScenario.objects.create(company=company, name=defaults.NAME)
    DunningStep.objects.bulk_create(DunningStep(scenario=made, **asdict(step)) for step in defaults.STEPS)
    return made


def one_at_a_time(company_id: int) -> None:
    """Let runs and changes of scenarios of a company follow each other, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunning'), %s)", [company_id])


def save_scenario(
    *, company: Company, given: ScenarioGiven, replaces: int | None, by: User, at: datetime
) -> DunningScenario:
    """Keep a scenario; the one it replaces stays with the reminders that were made by it.

    :param replaces: the scenario that was changed; None for a new one
    :raises ScenarioRefused: what is wrong with it, step by step
    :raises ScenarioChanged: the one to be replaced is not in use any more
    :raises ScenarioExists: a new one for clients that have one
    """
    require(by, CONFIGURE, company)
    account = _account(by, company, given)
    problems = problems_of(given.steps, given.pace, automatic_until=given.automatic_until)
    if not given.name.strip():
        problems.append(Problem(None, "name", _("A scenario has a name.")))
    if problems:
        raise ScenarioRefused(problems)
    with transaction.atomic():
        one_at_a_time(company.pk)
        old = DunningScenario.objects.filter(
            company=company, account=account, risk_class=given.risk_class, is_active=True
        ).first()
        if replaces is None and old is not None:
            raise ScenarioExists
        if replaces is not None and (old is None or old.pk != replaces):
            raise ScenarioChanged
        before = _journal(old) if old is not None else None
        if old is not None:
            old.is_active = False
            old.save(update_fields=["is_active"])
        made = DunningScenario.objects.create(
            company=company,
            account=account,
            risk_class=given.risk_class,
            name=given.name.strip(),
            grace_days=given.grace_days,
            min_amount=given.min_amount,
            min_gap_days=given.min_gap_days,
            most_contacts=given.most_contacts,
            formal_days=given.formal_days,
            automatic_until=given.automatic_until,
        )
        DunningStep.objects.bulk_create(DunningStep(scenario=made, **asdict(step)) for step in given.steps)
        _record(
            "scenario.changed" if old is not None else "scenario.made", made, by, at, before, _journal(made)
        )
    return made


def retire_scenario(*, scenario_id: int, by: User, at: datetime) -> DunningScenario:
    """Take a scenario of a class or a client out of use: its clients go by the wider one from the next run on.

    :raises CommonScenario: it is that of all clients
    :raises ScenarioChanged: it is not in use any more
    """
    found = DunningScenario.objects.filter(pk=scenario_id).select_related("company").first()
    if found is None:
        raise NotFound
    require(by, CONFIGURE, found.company)
    with transaction.atomic():
        one_at_a_time(found.company_id)
        found = DunningScenario.objects.get(pk=scenario_id)
        if not found.is_active:
            raise ScenarioChanged
        if found.account_id is None and not found.risk_class:
            raise CommonScenario
        before = _journal(found)
        found.is_active = False
        found.save(update_fields=["is_active"])
        _record("scenario.retired", found, by, at, before, None)
    return found


def _account(by: User, company: Company, given: ScenarioGiven) -> CustomerAccount | None:
    if given.risk_class and given.account:
        raise Invalid(errors={"account": [_("A scenario is for a class or for one client.")]})
    if given.risk_class and given.risk_class not in RiskClass.values:
        raise Invalid(errors={"risk_class": [_("There is no such class.")]})
    if not given.account:
        return None
    try:
        return find_account(by, company, given.account)
    except NotFound:
        raise Invalid(errors={"account": [_("There is no client of this code.")]}) from None


def _record(
    action: str,
    scenario: DunningScenario,
    by: User,
    at: datetime,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        action,
        scenario,
        by=by,
        at=at,
        label=scenario.name,
        company_id=scenario.company_id,
        account_id=scenario.account_id,
        before=before,
        after=after,
    )


def _journal(scenario: DunningScenario) -> dict[str, Any]:
    """A scenario as the journal keeps it: days, channels and amounts, not the words."""
    return {
        "risk_class": scenario.risk_class,
        "grace_days": scenario.grace_days,
        "min_amount": scenario.min_amount,
        "min_gap_days": scenario.min_gap_days,
        "most_contacts": scenario.most_contacts,
        "formal_days": scenario.formal_days,
        "automatic_until": scenario.automatic_until,
        "steps": [
            f"{step.number}: {step.day:+d} {step.channel} {step.owner} {step.contact} {step.min_amount}"
            for step in scenario.steps.all()
        ],
    }
