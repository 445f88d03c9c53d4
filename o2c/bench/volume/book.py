"""The book under way: whose it is, its days, its sheets of rows, and the slices in which they are stored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from django.db import connection, models, transaction

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
from credit.models import (
    AccountBlock,
    AccountWatch,
    CreditLimit,
    CreditLock,
    LimitRequest,
    TemporaryLimit,
)
from invoicing.models import Allocation, DisputedAmount, Invoice, InvoiceLine, Payment, ReceivableItem
from invoicing.services.shared import tell_disputed
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from orders.models import Delivery, DeliveryLine, Order, OrderLine

from .sheets import Sheet, packed

_PAST, _AHEAD = 4000, 800
# What lies in memory at a time; a slice is stored and committed by itself.
_ROWS_A_SLICE: Final = 60_000

_COLUMNS: Final[dict[type[models.Model], str]] = {
    CustomerGroup: "code name",
    LegalEntity: "siren name country group_id",
    CustomerAccount: "company_id code name entity_id siret vat_number country address_line1 postcode city currency"
    " term risk_class opened_on sort_key search_key",
    EntityMembership: "account_id entity_id valid_from",
    GroupMembership: "entity_id group_id valid_from",
    TeamMember: "account_id user_id role valid_from",
    Contact: "account_id name role email phone",
    CreditLock: "level target_id",
    CreditLimit: "level account_id entity_id group_id kind amount currency valid_from valid_until reason"
    " decided_by_id decided_at",
    TemporaryLimit: "level account_id amount currency valid_from valid_until reason decided_by_id decided_at",
    LimitRequest: "level account_id asked_for_id kind amount currency valid_from reason status requested_by_id"
    " created_at submitted_at",
    AccountBlock: "account_id reason review_on set_by_id set_at",
    AccountWatch: "account_id reason review_on set_by_id set_at",
    Order: "company_id account_id number state currency term order_date requested_delivery total_excl_vat"
    " total_incl_vat approved_total approved_lines approved_term is_started is_open sales_rep_id created_by_id"
    " created_at submitted_by_id submitted_at confirmed_at ended_at end_reason",
    OrderLine: "order_id line sku description quantity unit_price vat_rate cancelled delivered invoiced"
    " approved_quantity approved_price",
    Delivery: "order_id number delivered_on recorded_by_id recorded_at",
    DeliveryLine: "delivery_id order_line_id quantity",
    Invoice: "company_id account_id kind number origin issue_date due_date term currency total_excl_vat total_vat"
    " total_incl_vat order_id created_by_id recorded_at",
    InvoiceLine: "invoice_id line order_line_id sku description quantity unit_price vat_rate net",
    Payment: "company_id account_id external_id received_on amount currency reference created_by_id recorded_at",
    ReceivableItem: "company_id account_id kind document invoice_id payment_id instalment issue_date due_date"
    " currency amount open_amount effective_date recorded_at",
    Allocation: "debit_id credit_id amount effective_date recorded_at recorded_by_id letter reversal_of_id",
    DisputedAmount: "item_id account_id amount effective_from effective_to recorded_at recorded_by_id",
    AuditEvent: "at actor_id actor action object_type object_id object_label company_id account_id after",
}


@dataclass(frozen=True)
class Team:
    """Who works with the book."""

    reps: tuple[User, ...]
    adv: User
    credit: User
    accountant: User


@dataclass
class Client:
    """A client while its rows are written. Amounts in cents of its own currency."""

    pk: int
    code: str
    currency: str
    term: str
    days: int
    opened: int
    rep: User
    calm: bool
    scale: int
    net: int = 0
    letter: str = ""


@dataclass
class Book:
    """Where rows go. Days are counted from today: 0 is today, −30 a month ago."""

    company: Company
    team: Team
    at: datetime
    random: Random
    today: date = field(init=False)
    now: str = field(init=False)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.today, self.now = paris_date(self.at), self.at.isoformat()
        self._days = [(self.today + timedelta(n)).isoformat() for n in range(-_PAST, _AHEAD)]
        self._sheets = {model: Sheet(model, *columns.split()) for model, columns in _COLUMNS.items()}

    def sheet(self, model: type[models.Model]) -> Sheet:
        """The sheet of a table."""
        return self._sheets[model]

    def day(self, number: int) -> str:
        """A day as the database reads it."""
        return self._days[number + _PAST]

    def moment(self, number: int) -> str:
        """An hour of a day at the office, of a day to come the present moment."""
        return self.now if number >= 0 else f"{self._days[number + _PAST]} 09:30:00+00"

    def journal(
        self, action: str, kind: str, key: int, label: str, client: Client, by: User, day: int, after: object
    ) -> None:
        """The event an act would have left."""
        self._sheets[AuditEvent].add(
            self.moment(day), by.pk, by.username, action, kind, key, label, self.company.pk, client.pk,
            packed(after),
        )  # fmt: skip

    def store_slice(self, *, last: bool = False) -> None:
        """Store what was written once it is much, or what is left of it."""
        if not last and sum(map(len, self._sheets.values())) < _ROWS_A_SLICE:
            return
        with transaction.atomic():
            for sheet in self._sheets.values():
                sheet.store()

    def finish(self) -> None:
        """Tell the planner what was made; outside a transaction also which pages everybody sees."""
        self.store_slice(last=True)
        how = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
        with connection.cursor() as cursor:
            for model, sheet in self._sheets.items():
                cursor.execute(f"{how} {connection.ops.quote_name(model._meta.db_table)}")
                self.counts[model.__name__] = sheet.count
        contested = DisputedAmount.objects.filter(item__company=self.company, effective_to=None)
        tell_disputed(contested.values_list("pk", flat=True))
