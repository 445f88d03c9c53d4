"""Believable French clients, made from a seed: names, towns, identities that pass every check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum import luhn

from accounts.models import (
    Company,
    Contact,
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    TeamMember,
    User,
)

TRADES = (
    "Menuiseries", "Charpentes", "Toitures", "Façades", "Carrelages", "Parquets", "Isolation", "Sanitaires",
    "Verrières", "Scierie", "Maçonnerie", "Plomberie", "Électricité", "Serrurerie", "Peintures", "Cuisines",
    "Ossature bois", "Étanchéité", "Terrassement", "Agencement",
)  # fmt: skip
NAMES = (
    "Kervadec", "du Grand Morvan", "Cap Nord", "Mirabel", "Fontcombe", "de l’Ostrevant", "Quatre-Vents",
    "Belleroche", "Lemoine", "des Trois-Vallées", "Poussin-Taillandier", "Haut-Jura", "Saint-Aubin", "Valbonne",
    "Duclos et Fils", "de la Baie", "Montgaillard", "Les Tilleuls", "Armorique", "du Ponant", "Rivoire",
    "Beauséjour", "Castelnau", "du Vieux Moulin", "Larzac", "Pontarlier", "Chantemerle", "Bourdelle",
)  # fmt: skip
TOWNS = (
    ("35600", "Redon"), ("21000", "Dijon"), ("29200", "Brest"), ("13006", "Marseille"), ("59000", "Lille"),
    ("69003", "Lyon"), ("31000", "Toulouse"), ("44000", "Nantes"), ("33000", "Bordeaux"), ("67000", "Strasbourg"),
    ("38000", "Grenoble"), ("87000", "Limoges"), ("45000", "Orléans"), ("14000", "Caen"), ("63000", "Clermont-Ferrand"),
    ("25000", "Besançon"), ("64000", "Pau"), ("34000", "Montpellier"), ("76000", "Rouen"), ("49000", "Angers"),
)  # fmt: skip
STREETS = (
    "rue des Artisans",
    "avenue de la Gare",
    "zone du Moulin",
    "quai Colbert",
    "rue Jean-Jaurès",
    "allée des Pins",
)
TERMS = ("NET30", "NET30", "NET45", "30D_EOM", "30D_EOM", "EOM_45D", "NET60", "30D_EOM_ON10")
CLASSES = "AABBBCCCCD"
PEOPLE = (
    "Anne Le Goff",
    "Erwan Tanguy",
    "Luc Moreau",
    "Sarah Petit",
    "Hugo Blanc",
    "Léa Girard",
    "Paul Henry",
)
COUNT = 240
# Plain clients for trying things out: class C, complete, never late (contract §1).
PLAIN = 10
# Clients abroad: country, currency and town of each; they order in their own currency.
EXPORT = {
    118: ("US", "USD", "Portland, OR", "97201"),
    119: ("GB", "GBP", "Bristol", "BS1 4DJ"),
}


@dataclass(frozen=True)
class Habit:
    """How a client buys and pays."""

    monthly: int
    orders_a_month: int
    delay_days: int
    spread: int


def siren(number: int) -> str:
    """A SIREN with a right check digit."""
    head = f"{81_000_000 + number * 731:08d}"
    return head + str(luhn.calc_check_digit(head))


def siret(of: str, site: int = 1) -> str:
    """A SIRET of that SIREN with a right check digit."""
    head = f"{of}{site:04d}"
    return head + str(luhn.calc_check_digit(head))


def vat_number(of: str) -> str:
    """The French VAT number of a SIREN."""
    return f"FR{(12 + 3 * (int(of) % 97)) % 97:02d}{of}"


def make_clients(
    company: Company, team: dict[str, User], *, today: date, random: Random
) -> list[CustomerAccount]:
    """Store the clients with identity, terms, team and contacts; the first ten are plain ones."""
    accounts: list[CustomerAccount] = []
    taken: set[str] = set()
    groups = [
        CustomerGroup(code="ARVENNES", name="Groupe Arvennes"),
        CustomerGroup(code="HORIZON", name="Groupe Horizon"),
    ]
    CustomerGroup.objects.bulk_create(groups)
    entities: list[LegalEntity] = []
    for number in range(1, COUNT + 1):
        name = _name(random, taken)
        # Some establishments share a legal entity: 42/43 and 60/61; some entities a group.
        if number in (43, 61):
            accounts.append(_account(company, number, name, entities[-1], site=2, today=today, random=random))
            continue
        group = groups[0] if number in (42, 44, 45) else groups[1] if number in (70, 71) else None
        country = EXPORT[number][0] if number in EXPORT else "FR"
        identity = siren(number) if country == "FR" else None
        entity = LegalEntity(siren=identity, name=name, country=country, group=group)
        entities.append(entity)
        accounts.append(_account(company, number, name, entity, site=1, today=today, random=random))
    LegalEntity.objects.bulk_create(entities)
    for account in accounts:
        account.entity_id = account.entity.pk
        account.refresh_keys()
    CustomerAccount.objects.bulk_create(accounts)
    EntityMembership.objects.bulk_create(
        EntityMembership(account=a, entity=a.entity, valid_from=a.opened_on) for a in accounts
    )
    GroupMembership.objects.bulk_create(
        GroupMembership(entity=e, group=e.group, valid_from=today - timedelta(days=900))
        for e in entities
        if e.group
    )
    _team(accounts, team)
    _contacts(accounts, random)
    return accounts


def habit_of(account: CustomerAccount, number: int, random: Random) -> Habit:
    """How this client behaves: the plain ones pay on time, worse classes later."""
    if number <= PLAIN:
        return Habit(monthly=random.randint(1500, 3500), orders_a_month=1, delay_days=-3, spread=2)
    delay = {"A": -2, "B": 2, "C": 7, "D": 18, "E": 40}[account.risk_class]
    if number % 11 == 0:
        delay += 34
    return Habit(
        monthly=random.choice((1800, 3200, 5200, 8400, 14000, 26000)),
        orders_a_month=random.choice((1, 1, 2, 3)),
        delay_days=delay,
        spread=12,
    )


def _name(random: Random, taken: set[str]) -> str:
    while True:
        name = f"{random.choice(TRADES)} {random.choice(NAMES)}"
        if name not in taken:
            taken.add(name)
            return name


def _account(
    company: Company, number: int, name: str, entity: LegalEntity, *, site: int, today: date, random: Random
) -> CustomerAccount:
    postcode, city = random.choice(TOWNS)
    country, currency = "FR", "EUR"
    if number in EXPORT:
        country, currency, city, postcode = EXPORT[number]
    plain = number <= PLAIN
    found = entity.siren or ""
    return CustomerAccount(
        company=company,
        code=f"C{number:04d}",
        name=name if site == 1 else f"{name} – agence de {city}",
        entity=entity,
        siret=siret(found, site) if found else "",
        vat_number=vat_number(found) if found else "",
        country=country,
        language="fr" if country == "FR" else "en",
        address_line1=f"{random.randint(1, 180)} {random.choice(STREETS)}",
        postcode=postcode,
        city=city,
        currency=currency,
        term="NET30" if plain else random.choice(TERMS),
        cap_regime="STD60",
        risk_class="C" if plain else random.choice(CLASSES),
        opened_on=today - timedelta(days=60 if number in (110, 111, *EXPORT) else random.randint(780, 3000)),
    )


def _team(accounts: list[CustomerAccount], team: dict[str, User]) -> None:
    rows: list[TeamMember] = []
    for position, account in enumerate(accounts):
        rep = team["sales"] if position % 2 == 0 else team["sales2"]
        for user, role in (
            (rep, "sales_rep"),
            (team["adv"], "adv"),
            (team["accountant"], "collector"),
            (team["credit"], "credit"),
        ):
            rows.append(TeamMember(account=account, user=user, role=role, valid_from=account.opened_on))
    TeamMember.objects.bulk_create(rows)


def _contacts(accounts: list[CustomerAccount], random: Random) -> None:
    rows: list[Contact] = []
    for account in accounts:
        domain = f"{account.code.lower()}.example"
        payer, buyer = random.sample(PEOPLE, 2)
        for name, role in ((payer, "ACCOUNTS_PAYABLE"), (buyer, "BUYER")):
            address = f"{role.split('_')[0].lower()}@{domain}"
            phone = f"02 99 00 {random.randint(10, 99)} {random.randint(10, 99)}"
            rows.append(Contact(account=account, name=name, role=role, email=address, phone=phone))
    Contact.objects.bulk_create(rows)
