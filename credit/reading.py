"""Everything a check reads of a client, in one statement (design 3.3): who shares its limits, the limits in force,
what the book says, the thresholds of its class, who may decide, whether it is blocked.

Two statements would see two books. The planner looks at it once per connection (``o2c.shared.prepared``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO, convert
from o2c.shared.prepared import Prepared

from .enums import CoverStatus, LegalNoticeKind, Level
from .exposure import DISPUTED, FAR_FUTURE, OPEN_INVOICES, Book, book_of
from .formulas import LimitFacts, LimitState, TemporaryAmount, limit_facts
from .guarantee_policy import COUNTED_SQL, IN_FORCE_SQL, Secured
from .insurance_policy import CoverFacts
from .legal_policy import IN_PROCEEDINGS_SQL
from .policy import DATED_THRESHOLDS, Mandate, Thresholds
from .switches import IN_FORCE_SQL as SWITCH_IN_FORCE_SQL
from .switches import counts


@dataclass(frozen=True)
class Relatives:
    """An account with all accounts that share its entity or group."""

    account_id: int
    entity_id: int
    siren: str
    group_id: int | None
    group_code: str
    by_entity: tuple[int, ...]
    by_group: tuple[int, ...]

    @property
    def account_ids(self) -> tuple[int, ...]:
        """Everybody whose exposure counts at some level of this account."""
        return self.by_group or self.by_entity

    def of_level(self, level: Level) -> tuple[int, ...]:
        """Accounts added up at a level."""
        return {
            Level.ACCOUNT: (self.account_id,),
            Level.ENTITY: self.by_entity,
            Level.GROUP: self.by_group,
        }[level]

    def targets(self) -> tuple[tuple[Level, int, str], ...]:
        """Levels from the account up, each with its key and the name the API gives it."""
        found: list[tuple[Level, int, str]] = [
            (Level.ACCOUNT, self.account_id, ""),
            (Level.ENTITY, self.entity_id, self.siren),
        ]
        if self.group_id is not None:
            found.append((Level.GROUP, self.group_id, self.group_code))
        return tuple(found)


@dataclass(frozen=True)
class Block:
    """The block in force: since when, why, and when somebody looks at it again."""

    since: date
    reason: str
    review_on: date | None


class Proceedings(NamedTuple):
    """The insolvency proceedings in force: of which kind by now, and the first judgement of those."""

    kind: LegalNoticeKind
    since: date


@dataclass(frozen=True)
class InsuredReading:
    """What the insurer says of the client's legal entity, and who shares it.

    :ivar accounts: of the entity with the same company, the client among them
    :ivar beyond_extension: undisputed and late by more than the policy's days of extension, in the reading's currency
    """

    facts: CoverFacts
    accounts: tuple[int, ...]
    beyond_extension: Decimal


@dataclass(frozen=True)
class ClientReading:
    """What one statement says of a client on one day."""

    relatives: Relatives
    limits: Mapping[Level, LimitFacts]
    book: Book
    thresholds: Thresholds
    matrix: tuple[Mandate, ...]
    block: Block | None
    cover: InsuredReading | None = None
    proceedings: Proceedings | None = None
    secured: Secured = field(default_factory=Secured)
    # The version of the written policy in force, by key.
    policy_version: int | None = None
    # The most the client may have of some kinds of risk.
    part_limits: Mapping[str, Decimal] = field(default_factory=dict)
    # Days within which an order is to be delivered to count; None where every order does.
    horizon_days: int | None = None


class NoThresholds(LookupError):
    """A risk class without thresholds: migrations bring them."""


class _Row(NamedTuple):
    """The columns all parts of the statement share; each part leaves empty what it does not need."""

    key: Any
    other: Any
    name: Any
    code: Any
    amount: Any
    overdue: Any
    beyond_grace: Any
    beyond_class: Any
    beyond_cover: Any
    day: Any
    until: Any
    moment: Any


_COLUMNS: Final = {
    "key": "bigint", "other": "bigint", "name": "text", "code": "text", "amount": "numeric", "overdue": "numeric",
    "beyond_grace": "numeric", "beyond_class": "numeric", "beyond_cover": "numeric",
    "day": "date", "until": "date", "moment": "timestamptz",
}  # fmt: skip
_SOURCES: Final = (
    "me",
    "kin",
    "thresholds",
    "mandate",
    "block",
    "base",
    "raise",
    "part_limit",
    "insured",
    "secured",
    "proceedings",
    "written",
    "switched",
    "horizon",
    "book",
)


def _part(source: str, tables: str, **values: str) -> str:
    columns = ", ".join(
        f"{values[name]}::{kind} AS {name}" if name in values else f"NULL::{kind} AS {name}"
        for name, kind in _COLUMNS.items()
    )
    return f"SELECT '{source}' AS source, {columns} FROM {tables}"


# A company's own thresholds from a day on, else those that come with the portal.
_THRESHOLDS: Final = ", ".join(f"COALESCE(c.{name}, r.{name}) AS {name}" for name in DATED_THRESHOLDS)

_ON_A_LEVEL: Final = """
    (account_id = %(account)s OR entity_id = (SELECT entity_id FROM me) OR group_id = (SELECT group_id FROM me))
    AND valid_from <= %(today)s AND (closed_on IS NULL OR closed_on > %(today)s)
"""


def _statement() -> str:
    rows = "\n    UNION ALL\n".join(import_string(path)() for path in settings.CREDIT_EXPOSURE)
    rows = rows.replace("%(accounts)s", "(SELECT ids FROM keys)::bigint[]")
    parts = [
        _part("me", "me", key="entity_id", other="group_id", name="siren", code="group_code"),
        _part("kin", "kin", key="id", other="entity_id", code="company_id"),
        _part("thresholds", "thresholds", code="to_jsonb(thresholds)"),
        _part(
            "mandate",
            """(SELECT DISTINCT ON (level) d.* FROM credit_delegationrule d
                WHERE (d.company_id = (SELECT company_id FROM me) OR d.company_id IS NULL)
                  AND (d.set_by_id IS NULL OR d.is_accepted) AND d.effective_from <= %(today)s
                ORDER BY level, company_id NULLS LAST, effective_from DESC, id DESC) AS matrix""",
            key="level",
            code="to_jsonb(matrix)",
        ),
        _part(
            "block",
            "credit_accountblock WHERE account_id = %(account)s AND lifted_at IS NULL",
            name="reason",
            until="review_on",
            moment="set_at",
        ),
        _part(
            "base",
            f"""(SELECT DISTINCT ON (level) * FROM credit_creditlimit WHERE {_ON_A_LEVEL}
                ORDER BY level, valid_from DESC, id DESC) AS base""",
            key="level",
            name="kind",
            amount="amount",
            until="valid_until",
        ),
        _part(
            "raise",
            f"credit_temporarylimit WHERE {_ON_A_LEVEL}",
            key="level",
            amount="amount",
            day="valid_from",
            until="valid_until",
        ),
        _part(
            "part_limit",
            f"credit_partlimit WHERE account_id = %(account)s AND {SWITCH_IN_FORCE_SQL}",
            name="part",
            amount="amount",
        ),
        _part(
            "insured",
            "insured",
            key="extension_days",
            other="max_term_days",
            name="status",
            code="vat_insured",
            amount="amount",
            overdue="insured_pct",
            day="effective_on",
            until="valid_until",
        ),
        _part(
            "secured",
            f"""(SELECT level, COALESCE(account_id, entity_id, group_id) AS target_id, currency,
                        SUM({COUNTED_SQL}) AS amount
                 FROM credit_guarantee
                 WHERE (account_id = ANY((SELECT ids FROM keys)::bigint[]) OR entity_id = (SELECT entity_id FROM me)
                        OR group_id = (SELECT group_id FROM me)) AND {IN_FORCE_SQL}
                 GROUP BY 1, 2, 3) AS secured""",
            key="level",
            other="target_id",
            code="currency",
            amount="amount",
        ),
        _part(
            "proceedings",
            f"""(SELECT MIN(judgement_on) AS since, (array_agg(kind ORDER BY judgement_on DESC, id DESC))[1] AS kind
                 FROM credit_legalnotice WHERE entity_id = (SELECT entity_id FROM me) AND {IN_PROCEEDINGS_SQL}
                 HAVING COUNT(*) > 0) AS proceedings""",
            name="kind",
            day="since",
        ),
        _part(
            "written",
            """(SELECT id FROM credit_creditpolicyversion
                WHERE company_id = (SELECT company_id FROM me) AND effective_on <= %(today)s
                ORDER BY effective_on DESC LIMIT 1) AS written""",
            key="id",
        ),
        _part(
            "switched",
            f"""credit_exposureswitch
                WHERE company_id IN (SELECT company_id FROM kin) AND {SWITCH_IN_FORCE_SQL}""",
            code="company_id",
            name="part",
        ),
        _part(
            "horizon",
            f"""(SELECT days FROM credit_orderhorizon
                WHERE company_id = (SELECT company_id FROM me) AND {SWITCH_IN_FORCE_SQL}
                ORDER BY effective_from DESC LIMIT 1) AS horizon""",
            key="days",
        ),
        _part(
            "book",
            f"({rows}) AS book (account_id, part, currency, amount, due_date) GROUP BY account_id, part, currency",
            key="account_id",
            name="part",
            code="currency",
            amount="SUM(amount)",
            overdue="SUM(amount) FILTER (WHERE due_date < %(today)s)",
            beyond_grace="SUM(amount) FILTER (WHERE due_date < %(today)s - (SELECT grace_days FROM thresholds))",
            beyond_class="SUM(amount) FILTER (WHERE due_date < %(today)s - (SELECT overdue_days FROM thresholds))",
            beyond_cover="SUM(amount) FILTER (WHERE due_date < %(today)s - (SELECT extension_days FROM insured))",
            day="MIN(due_date) FILTER (WHERE due_date < %(today)s)",
        ),
    ]
    return f"""
        WITH me AS MATERIALIZED (
            SELECT a.entity_id, e.group_id, e.siren, g.code AS group_code, a.company_id, a.risk_class
            FROM accounts_customeraccount a
            JOIN accounts_legalentity e ON e.id = a.entity_id
            LEFT JOIN accounts_customergroup g ON g.id = e.group_id
            WHERE a.id = %(account)s
        ),
        kin AS MATERIALIZED (
            SELECT id, entity_id, company_id FROM accounts_customeraccount
            WHERE entity_id = (SELECT entity_id FROM me)
            UNION ALL
            SELECT a.id, a.entity_id, a.company_id
            FROM accounts_legalentity e
            JOIN accounts_customeraccount a ON a.entity_id = e.id
            WHERE e.group_id = (SELECT group_id FROM me) AND e.id <> (SELECT entity_id FROM me)
        ),
        keys AS MATERIALIZED (SELECT array_agg(id) AS ids FROM kin),
        thresholds AS MATERIALIZED (
            SELECT r.evidence_required, {_THRESHOLDS}
            FROM (
                SELECT * FROM credit_riskpolicy
                WHERE risk_class = (SELECT risk_class FROM me)
                  AND (company_id = (SELECT company_id FROM me) OR company_id IS NULL)
                ORDER BY company_id NULLS LAST LIMIT 1
            ) r
            LEFT JOIN LATERAL (
                SELECT * FROM credit_thresholdchange
                WHERE company_id = (SELECT company_id FROM me) AND risk_class = r.risk_class
                  AND effective_from <= %(today)s
                ORDER BY effective_from DESC, id DESC LIMIT 1
            ) c ON TRUE
        ),
        insured AS MATERIALIZED (
            SELECT c.status, COALESCE(c.amount, p.blind_limit) AS amount,
                   COALESCE(c.insured_pct, p.blind_pct) AS insured_pct, c.effective_on, c.valid_until,
                   p.extension_days, p.max_term_days, COALESCE(p.vat_insured, FALSE) AS vat_insured
            FROM me
            LEFT JOIN LATERAL (
                SELECT * FROM credit_buyercover
                WHERE company_id = me.company_id AND entity_id = me.entity_id AND effective_on <= %(today)s
                ORDER BY effective_on DESC LIMIT 1
            ) c ON TRUE
            LEFT JOIN LATERAL (
                SELECT * FROM credit_insurancepolicy
                WHERE company_id = me.company_id AND valid_from <= %(today)s ORDER BY valid_from DESC LIMIT 1
            ) p ON TRUE
            WHERE c.id IS NOT NULL OR p.blind_limit IS NOT NULL
        )
        {" UNION ALL ".join(f"({part})" for part in parts)}
    """


_READ: Final = Prepared(
    "credit_client_reading",
    _statement,
    {
        "account": "bigint",
        "today": "date",
        "skip_order": "bigint",
        "confirmed_before": "timestamptz",
        "counted_until": "date",
    },
)


def read_client(
    account_id: int,
    *,
    currency: str,
    on: date,
    skip_order: int | None = None,
    confirmed_before: datetime | None = None,
    counted_until: date | None = None,
) -> ClientReading:
    """Read a client with everybody who shares its limits, live.

    :param currency: what the figures are converted into, with the rate of the day
    :param skip_order: an order left out, since a re-check leaves the order itself out
    :param confirmed_before: count undelivered orders confirmed earlier than this only (design 3.11)
    :param counted_until: delivery of the order asked about: orders up to it count whatever the horizon
    :raises NoThresholds: nothing is set for the client's risk class
    """
    rows = _READ.rows(
        account=account_id,
        today=on,
        skip_order=skip_order or 0,
        confirmed_before=confirmed_before or FAR_FUTURE,
        counted_until=counted_until or on,
    )
    found: dict[str, list[_Row]] = {source: [] for source in _SOURCES}
    for source, *columns in rows:
        found[source].append(_Row(*columns))
    if not found["thresholds"]:
        raise NoThresholds(f"No thresholds for the risk class of client {account_id}: run the migrations.")
    relatives = _relatives(account_id, found["me"][0], found["kin"])
    book = book_of(
        _in_book(found),
        currency=currency,
        on=on,
        also=(row.code for row in found["secured"]),
    )
    return ClientReading(
        relatives=relatives,
        limits=_limits(relatives, found["base"], found["raise"], on),
        book=book,
        thresholds=_thresholds(found["thresholds"][0].code),
        matrix=tuple(_mandate(row.code) for row in sorted(found["mandate"])),
        block=_block(found["block"]),
        cover=_cover(found, relatives, book),
        proceedings=_proceedings(found["proceedings"]),
        secured=_secured(found["secured"], book),
        policy_version=found["written"][0].key if found["written"] else None,
        part_limits={row.name: row.amount for row in found["part_limit"]},
        horizon_days=found["horizon"][0].key if found["horizon"] else None,
    )


def _in_book(found: Mapping[str, list[_Row]]) -> list[tuple[Any, ...]]:
    """The sums of the book, each with whether its company counts the part."""
    company = {row.key: row.code for row in found["kin"]}
    turned: dict[str, set[str]] = {}
    for row in found["switched"]:
        turned.setdefault(row.code, set()).add(row.name)
    return [
        (
            row.key, row.name, row.code, counts(row.name, turned.get(company[row.key], ())),
            row.amount, row.overdue, row.beyond_grace, row.beyond_class, row.day,
        )
        for row in found["book"]
    ]  # fmt: skip


def _relatives(account_id: int, me: _Row, kin: list[_Row]) -> Relatives:
    return Relatives(
        account_id=account_id,
        entity_id=me.key,
        siren=me.name or "",
        group_id=me.other,
        group_code=me.code or "",
        by_entity=tuple(sorted(row.key for row in kin if row.other == me.key)),
        by_group=tuple(sorted(row.key for row in kin)) if me.other is not None else (),
    )


def _limits(relatives: Relatives, bases: list[_Row], raised: list[_Row], on: date) -> dict[Level, LimitFacts]:
    by_level = {row.key: row for row in bases}
    temporary: dict[int, list[TemporaryAmount]] = {}
    for row in raised:
        temporary.setdefault(row.key, []).append(TemporaryAmount(row.amount, row.day, row.until))
    found: dict[Level, LimitFacts] = {}
    for level, _key, _name in relatives.targets():
        base = by_level.get(level)
        found[level] = limit_facts(
            base.amount if base else None,
            base.until if base else None,
            temporary.get(level, ()),
            on,
            unlimited=base is not None and base.name == LimitState.UNLIMITED.value,
        )
    return found


def _thresholds(stored: str) -> Thresholds:
    row = json.loads(stored, parse_float=Decimal)
    return Thresholds(**{name: row[name] for name in Thresholds.__dataclass_fields__})


def _mandate(stored: str) -> Mandate:
    row = json.loads(stored, parse_float=Decimal)
    return Mandate(**{name: row[name] for name in Mandate.__dataclass_fields__})


def _block(rows: list[_Row]) -> Block | None:
    if not rows:
        return None
    return Block(since=paris_date(rows[0].moment), reason=rows[0].name, review_on=rows[0].until)


def _proceedings(rows: list[_Row]) -> Proceedings | None:
    return Proceedings(LegalNoticeKind(rows[0].name), rows[0].day) if rows else None


def _secured(rows: list[_Row], book: Book) -> Secured:
    """Guarantees in the reading's currency; one without a rate of the day counts for nothing."""
    amounts: dict[tuple[Level, int], Decimal] = {}
    for row in rows:
        if row.code != book.currency and row.code not in book.rates:
            continue
        amount = (
            row.amount
            if row.code == book.currency
            else convert(row.amount, book.rates[row.code], book.rates[book.currency])
        )
        target = Level(row.key), row.other
        amounts[target] = amounts.get(target, ZERO) + amount
    return Secured(amounts)


def _cover(found: Mapping[str, list[_Row]], relatives: Relatives, book: Book) -> InsuredReading | None:
    if not found["insured"]:
        return None
    row = found["insured"][0]
    own = next(each for each in found["kin"] if each.key == relatives.account_id)
    beyond = ZERO
    for part in found["book"]:
        if part.key != relatives.account_id or part.beyond_cover is None:
            continue
        sign = {OPEN_INVOICES: 1, DISPUTED: -1}.get(part.name, 0)
        if part.code == book.currency:
            beyond += sign * part.beyond_cover
        elif part.code in book.rates:
            beyond += sign * convert(part.beyond_cover, book.rates[part.code], book.rates[book.currency])
    return InsuredReading(
        CoverFacts(
            status=CoverStatus(row.name) if row.name else None,
            amount=row.amount,
            insured_pct=row.overdue,
            since=row.day,
            until=row.until,
            vat_insured=row.code == "true",
            extension_days=row.key,
            max_term_days=row.other,
        ),
        tuple(
            each.key for each in found["kin"] if (each.other, each.code) == (relatives.entity_id, own.code)
        ),
        beyond,
    )
