"""Clients of the book: sites of legal entities, some in groups, some abroad, each with a team and a contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stdnum import luhn

from accounts.models import (
    Contact,
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    TeamMember,
)
from credit.enums import Level
from credit.models import CreditLock
from o2c.shared.text import search_key, sort_key

from .book import Book, Client
from .plan import Shape

TRADES: Final = (
    "Ateliers", "Bâtiments", "Charpentes", "Distribution", "Équipements", "Fournitures", "Garages", "Imprimerie",
    "Jardins", "Laboratoires", "Menuiseries", "Négoce", "Outillage", "Plomberie", "Quincaillerie", "Réseaux",
    "Serrurerie", "Transports", "Usinage", "Verrerie",
)  # fmt: skip
PLACES: Final = (
    ("Alpes", "38000", "Grenoble"), ("Bretagne", "35000", "Rennes"), ("Centre", "45000", "Orléans"),
    ("Dauphiné", "26000", "Valence"), ("Est", "57000", "Metz"), ("Flandres", "59000", "Lille"),
    ("Gascogne", "32000", "Auch"), ("Île-de-France", "93200", "Saint-Denis"), ("Jura", "39000", "Lons-le-Saunier"),
    ("Littoral", "76600", "Le Havre"), ("Midi", "31000", "Toulouse"), ("Nord", "62000", "Arras"),
    ("Ouest", "44000", "Nantes"), ("Provence", "13010", "Marseille"), ("Rhône", "69007", "Lyon"),
    ("Savoie", "73000", "Chambéry"), ("Vendée", "85000", "La Roche-sur-Yon"), ("Vosges", "88000", "Épinal"),
)  # fmt: skip
# Term and the days it gives in the book, where every due date is that many days after its issue.
TERMS: Final = (("NET30", 30), ("NET30", 30), ("NET45", 45), ("NET60", 60))
ABROAD: Final = (("US", "USD"), ("GB", "GBP"), ("CH", "CHF"), ("BE", "EUR"), ("DE", "EUR"))
CLASSES: Final = "AABBBBCCCCCCDDE"

_FOREIGN, _NEXT_SITE, _GROUPED = 0.05, 0.08, 0.02
_ENTITIES_A_GROUP: Final = 4
# First eight digits of the identities made here; the ninth is their check digit.
_FIRST_SIREN: Final = 10_000_000


@dataclass
class Above:
    """The legal entity and the group that may take a next member, with what their members owe together.

    :ivar net: of the entity's accounts, and of the group's, in cents whatever the currency
    """

    entity: int | None = None
    siren: str = ""
    sites: int = 0
    net: int = 0
    group: int | None = None
    entities: int = 0
    group_net: int = 0
    # Entities and groups that take no further member: (key, net), for their limits.
    closed_entities: list[tuple[int, int]] = field(default_factory=list)
    closed_groups: list[tuple[int, int]] = field(default_factory=list)

    def leave_entity(self) -> None:
        """No further account joins the entity."""
        if self.sites > 1 and self.entity is not None:
            self.closed_entities.append((self.entity, self.net))
        self.entity, self.sites, self.net = None, 0, 0

    def leave_group(self) -> None:
        """No further entity joins the group."""
        if self.group is not None:
            self.closed_groups.append((self.group, self.group_net))
        self.group, self.entities, self.group_net = None, 0, 0


def add_client(book: Book, shape: Shape, above: Above) -> Client:
    """Write a client with its identity, place in the hierarchy, team, contact and lock row."""
    random = book.random
    pk = book.sheet(CustomerAccount).next_key()
    code = f"V{pk:06d}"
    area, postcode, city = random.choice(PLACES)
    name = f"{random.choice(TRADES)} {area} {pk}"
    country, currency = "FR", book.company.currency
    joins = not shape.calm and above.entity is not None and above.siren and random.random() < _NEXT_SITE
    if not joins and not shape.calm and random.random() < _FOREIGN:
        country, currency = random.choice(ABROAD)
    opened = -random.randint(600, 3500)
    if not joins:
        _add_entity(book, name, country, opened, above, alone=shape.calm)
    assert above.entity is not None
    above.sites += 1
    siret = _checked(f"{above.siren}{above.sites:04d}") if above.siren else ""
    term, days = ("NET30", 30) if shape.calm else random.choice(TERMS)
    book.sheet(CustomerAccount).add(
        book.company.pk, code, name, above.entity, siret, _vat_number(above.siren), country,
        f"{random.randint(1, 180)} rue du Port", postcode, city, currency, term,
        "C" if shape.calm else random.choice(CLASSES), book.day(opened), sort_key(name)[0],
        search_key(f"{name} {code} {above.siren} {siret} {city}"), key=pk,
    )  # fmt: skip
    rep = random.choice(book.team.reps)
    since = book.day(opened)
    book.sheet(EntityMembership).add(pk, above.entity, since)
    for user, role in ((rep, "sales_rep"), (book.team.accountant, "collector")):
        book.sheet(TeamMember).add(pk, user.pk, role, since)
    book.sheet(Contact).add(
        pk, "Service comptabilité", "ACCOUNTS_PAYABLE", f"compta@{code.lower()}.example", ""
    )
    book.sheet(CreditLock).add(int(Level.ACCOUNT), pk)
    scale = random.choice((1, 1, 1, 2, 2, 4))
    return Client(pk, code, currency, term, days, opened, rep, shape.calm, scale)


def _add_entity(book: Book, name: str, country: str, opened: int, above: Above, *, alone: bool) -> None:
    random = book.random
    above.leave_entity()
    grouped = not alone and (0 < above.entities < _ENTITIES_A_GROUP or random.random() < _GROUPED)
    if not grouped or above.entities == _ENTITIES_A_GROUP:
        above.leave_group()
    if grouped and above.group is None:
        key = book.sheet(CustomerGroup).next_key()
        above.group = book.sheet(CustomerGroup).add(f"VG{key:05d}", f"Groupe {name}", key=key)
        book.sheet(CreditLock).add(int(Level.GROUP), key)
    key = book.sheet(LegalEntity).next_key()
    above.siren = _checked(f"{_FIRST_SIREN + key:08d}") if country == "FR" else ""
    above.entity = book.sheet(LegalEntity).add(above.siren or None, name, country, above.group, key=key)
    book.sheet(CreditLock).add(int(Level.ENTITY), key)
    if above.group is not None:
        above.entities += 1
        book.sheet(GroupMembership).add(key, above.group, book.day(opened))


def _checked(head: str) -> str:
    return head + str(luhn.calc_check_digit(head))


def _vat_number(siren: str) -> str:
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}" if siren else ""
