"""Collections of the demonstration company: a debt at an agency, clients passed on, circuits, texts and post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from accounts.models import Company, CustomerAccount, User
from accounts.services import add_member
from accounts.services.circuit import change_circuit
from dunning import defaults
from dunning.enums import LegalRoute, StepChannel
from dunning.services.account_relays import pass_on
from dunning.services.handovers import add_cost, hand_over
from dunning.services.scenarios import ScenarioGiven, ensure_scenario, save_scenario
from dunning.step_policy import StepGiven
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date

# Late for so long that friendly words are over.
_LATE_DAYS: Final = 60
# The first clients stand for others: they are left as they are.
_UNTOUCHED: Final = 20
_CIRCUITS: Final = (
    (21, {"run_days": [10, 25], "cut_off_day": 5, "validator": "Service achats", "portal": "Chorus Pro"}),
    (24, {"run_days": [31], "references": "Numéro de commande et code chantier"}),
    (30, {"run_days": [15], "cut_off_day": 31, "portal": "Coupa", "references": "Numéro de commande"}),
)  # fmt: skip


def make_recovery(
    company: Company, accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime
) -> None:
    """Write them by the acts of the people whose work it is."""
    for number, values in _CIRCUITS:
        change_circuit(account_id=accounts[number].pk, values=values, by=team["adv"], at=at)
    owing = _owing(company, accounts[_UNTOUCHED:], at)
    if owing:
        _at_the_agency(owing[0], team, at - timedelta(days=6))
    for place, items in enumerate(owing[1:4]):
        pass_on(
            account_id=items[0].account_id,
            to="finance" if place == 2 else "credit",
            reason="Deux relances sans réponse."
            if place < 2
            else "Montant élevé, le dirigeant est à appeler.",
            by=team["adv"] if place < 2 else team["credit"],
            at=at - timedelta(days=4 - place),
        )
    ensure_scenario(company)
    save_scenario(company=company, given=_close_watch(), replaces=None, by=team["credit"], at=at)


def _at_the_agency(items: Sequence[ReceivableItem], team: dict[str, User], at: datetime) -> None:
    """An oldest debt, its cost, and the partner to whom the client is entrusted."""
    made = hand_over(
        item_ids=[item.pk for item in items], route=LegalRoute.AMICABLE, recipient="Recouvrement Aquitaine",
        reference="RA-2417", reason="Trois relances et une mise en demeure sans réponse.", by=team["credit"], at=at,
    )  # fmt: skip
    add_cost(
        hand_over_id=made.pk, what="Ouverture du dossier", amount=Decimal("45.00"), by=team["credit"], at=at
    )
    add_member(
        account_id=made.account_id, user=team["partner"], role="partner", by=team["credit"], at=at,
        reason="Dossier confié",
    )  # fmt: skip


def _close_watch() -> ScenarioGiven:
    """The steps of the riskiest class: a text message after the call, the second reminder by post."""
    steps = []
    for step in defaults.STEPS:
        given = StepGiven(**vars(step))
        if step.number == 2:
            given = replace(
                given, channel=StepChannel.SMS, attaches_invoices=False, subject_fr="", subject_en="",
                body_fr=defaults.TEXT_FR, body_en=defaults.TEXT_EN,
            )  # fmt: skip
        elif step.number == 3:
            given = replace(given, channel=StepChannel.POST, attaches_invoices=True)
        steps.append(given)
    return ScenarioGiven(name="Suivi rapproché", risk_class="D", steps=tuple(steps))


def _owing(company: Company, accounts: Sequence[CustomerAccount], at: datetime) -> list[list[ReceivableItem]]:
    """What is late for long, undisputed, neither promised nor planned, of the clients who owe most of it."""
    day = paris_date(at) - timedelta(days=_LATE_DAYS)
    rows = ReceivableItem.objects.filter(
        company=company, account__in=accounts, currency=company.currency, open_amount__gt=0, amount__gt=0,
        due_date__lt=day, disputed_amounts=None, promises=None, plans=None,
    )  # fmt: skip
    most = (
        rows.order_by().values("account").annotate(owed=Sum("open_amount")).order_by("-owed", "account")[:4]
    )
    return [list(rows.filter(account=row["account"]).order_by("due_date", "pk")) for row in most]
