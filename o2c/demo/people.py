"""Who works at the demonstration company: one sign-in per role, password ``demo`` (contract §1)."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, RoleGrant, User

PASSWORD = "demo"


@dataclass(frozen=True)
class Person:
    """A demo sign-in."""

    username: str
    first_name: str
    last_name: str
    role: str
    is_system: bool = False


PEOPLE = (
    Person("adv", "Sophie", "Marchand", "adv_officer"),
    Person("advlead", "Claire", "Vasseur", "adv_manager"),
    Person("sales", "Julien", "Roche", "sales"),
    Person("sales2", "Manon", "Tessier", "sales"),
    Person("salesmanager", "Bruno", "Delmas", "sales_manager"),
    Person("credit", "Hélène", "Carpentier", "credit_manager"),
    Person("analyst", "Karim", "Benali", "credit_analyst"),
    Person("accountant", "Nathalie", "Perrin", "receivables_accountant"),
    Person("finance", "Philippe", "Aubry", "finance_director"),
    Person("director", "Anne", "Valmont", "executive"),
    Person("logistics", "Thomas", "Lefort", "dispute_owner"),
    Person("partner", "Élise", "Garnier", "partner"),
    Person("auditor", "Marc", "Lenoir", "auditor"),
    Person("admin", "Inès", "Fabre", "administrator"),
    Person("integration", "", "", "integration", is_system=True),
)
LABELS = {
    "adv_officer": _("ADV officer"),
    "adv_manager": _("ADV manager"),
    "sales": _("Sales rep"),
    "sales_manager": _("Sales manager"),
    "credit_manager": _("Credit manager"),
    "credit_analyst": _("Credit analyst"),
    "receivables_accountant": _("Receivables accountant"),
    "finance_director": _("Finance director"),
    "executive": _("Chief executive"),
    "dispute_owner": _("Dispute owner, logistics"),
    "partner": _("Outside partner, collections"),
    "auditor": _("Auditor"),
    "administrator": _("Administrator"),
}


def make_people(company: Company) -> dict[str, User]:
    """Store the sign-ins with their role in the company."""
    password = make_password(PASSWORD)
    users: dict[str, User] = {}
    for person in PEOPLE:
        users[person.username] = User.objects.create(
            username=person.username,
            first_name=person.first_name,
            last_name=person.last_name,
            password=password,
            home_company=company,
            is_system=person.is_system,
        )
    RoleGrant.objects.bulk_create(
        RoleGrant(user=users[person.username], company=company, role_id=person.role) for person in PEOPLE
    )
    return users


def sign_ins() -> list[dict[str, object]]:
    """What the sign-in page lists: people only, the integration account is for the API."""
    return [
        {
            "username": person.username,
            "label": f"{person.first_name} {person.last_name}",
            "role": LABELS[person.role],
        }
        for person in PEOPLE
        if not person.is_system
    ]
