"""Making the demonstration company: all of it in one transaction, or nothing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from random import Random

from django.db import connection, transaction

from accounts.models import Company
from invoicing.expected.services import refresh_habits
from invoicing.models import SellerDetails
from o2c.shared.calendar import paris_date

from .bank import bring_in_statement
from .clients import make_clients, siret
from .disputes import make_disputes
from .history import make_history, make_rates, make_snapshots
from .interest import late_interest
from .notes import make_notes
from .papers import Papers
from .people import make_people
from .plans import make_plans
from .policy import make_policy
from .present import Story
from .ratings import make_ratings
from .recovery import make_recovery
from .released import judge_old_releases, old_releases
from .statements import make_statements
from .watching import insure_and_watch

CODE = "DEMO"
SEED = 20


def demo_exists() -> bool:
    """Whether the demonstration company is there."""
    return Company.objects.filter(code=CODE).exists()


def make_demo(*, at: datetime, seed: int = SEED) -> Company:
    """Store the company, its people, clients, history and present, with dates relative to ``at``."""
    random = Random(seed)
    today = paris_date(at)
    with transaction.atomic():
        company = Company.objects.create(
            code=CODE,
            name="Comptoir Valmont",
            siren="812740504",
            vat_number="FR36812740504",
            legal_form="SAS au capital de 1 200 000 €",
            address_line1="14 quai des Chartrons",
            postcode="33000",
            city="Bordeaux",
            margin_pct=Decimal("27.50"),
        )
        SellerDetails.objects.create(
            company=company,
            register_town="Bordeaux",
            siret=siret(company.siren),
            phone="05 56 00 00 00",
            email="facturation@comptoir-valmont.example",
            iban="FR7630006000011234567890189",
            bic="AGRIFRPP",
            bank_name="Crédit Agricole",
        )
        team = make_people(company)
        make_policy(company, team, at=at)
        make_rates(today)
        accounts = make_clients(company, team, today=today, random=random)
        make_history(company, accounts, by=team["integration"], at=at, today=today, random=random)
        story = Story(company, accounts, team, at=at, random=random)
        story.limits()
        old_releases(story)
        story.orders_under_way()
        story.export_orders()
        story.holds_today()
        papers = Papers(company, accounts, team, at=at, random=random)
        papers.quotations()
        papers.their_papers()
        papers.override_requests()
        story.requests_and_watches()
        story.money_not_matched()
        late_interest(company, team, at=at)
        bring_in_statement(company, accounts, team, at=at)
        judge_old_releases(story)
        make_disputes(company, accounts, team, at=at)
        make_plans(company, accounts, team, at=at)
        make_recovery(company, accounts, team, at=at)
        make_statements(accounts, team, at=at)
        make_snapshots(company, at=at, today=today)
        refresh_habits(company, on=today)
        make_notes(accounts, team, at=at, today=today)
        insure_and_watch(company, accounts, team, at=at, today=today)
        make_ratings(company, accounts, team, at=at, today=today)
    # So much at once is unknown to the planner until somebody counts it; a role that may not is passed over.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return company
