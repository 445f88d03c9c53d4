"""What alerts are judged from, for many clients at once: last known figures, what falls late, limits that end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from accounts.enums import TeamRole
from accounts.models import TeamMember
from accounts.queries import in_force_on
from o2c.shared.money import ZERO, convert

from ..enums import AlertKind
from ..exposure import DISPUTED, FAR_FUTURE, OPEN_INVOICES, all_rates_on
from ..guarantee_policy import COUNTED_SQL, END_TOLD_DAYS, IN_FORCE_SQL
from ..rule_queries import all_thresholds
from . import policy
from .policy import Alert, ClientFacts, Use
from .reviews import reviews_found

_CLIENTS: Final = """
    WITH clients AS (
        SELECT a.id, a.company_id, a.risk_class, c.currency, a.entity_id, e.group_id
        FROM accounts_customeraccount a
        JOIN accounts_company c ON c.id = a.company_id
        JOIN accounts_legalentity e ON e.id = a.entity_id
        WHERE a.id = ANY(%(accounts)s)
    ),
    levels AS (
        SELECT id, 3 AS level, id AS target_id FROM clients
        UNION ALL SELECT id, 2, entity_id FROM clients
        UNION ALL SELECT id, 1, group_id FROM clients WHERE group_id IS NOT NULL
    ),
    decided AS (
        SELECT v.id, MIN(l.valid_until) AS valid_until
        FROM levels v
        CROSS JOIN LATERAL (
            SELECT l.valid_until FROM credit_creditlimit l
            WHERE (CASE v.level WHEN 3 THEN l.account_id WHEN 2 THEN l.entity_id ELSE l.group_id END) = v.target_id
              AND l.level = v.level AND l.valid_from <= %(today)s
              AND (l.closed_on IS NULL OR l.closed_on > %(today)s)
            ORDER BY l.valid_from DESC, l.id DESC LIMIT 1
        ) l
        GROUP BY v.id
    ),
    used AS (
        SELECT v.id, array_agg(s.net_exposure) AS nets, array_agg(s.effective_limit) AS limits,
               bool_or(s.limit_kind <> 'none') AS has_decision
        FROM levels v JOIN credit_creditstanding s ON s.level = v.level AND s.target_id = v.target_id
        GROUP BY v.id
    )
    SELECT a.id, a.company_id, a.risk_class, a.currency, u.nets, u.limits, u.has_decision,
           s.gross_exposure, s.overdue, s.oldest_due, d.valid_until,
           EXISTS (SELECT FROM credit_accountblock b WHERE b.account_id = a.id AND b.lifted_at IS NULL)
    FROM clients a
    JOIN credit_creditstanding s ON s.level = 3 AND s.target_id = a.id
    JOIN used u ON u.id = a.id
    LEFT JOIN decided d ON d.id = a.id
    ORDER BY a.id
"""
# Undisputed, by due date: what the check counts as late on the last day looked at.
_DEBTS: Final = f"""
    SELECT account_id, currency, due_date,
           SUM(CASE part WHEN '{DISPUTED}' THEN -amount ELSE amount END) AS undisputed
    FROM ({{rows}}) AS book (account_id, part, currency, amount, due_date)
    WHERE part IN ('{OPEN_INVOICES}', '{DISPUTED}') AND due_date < %(until)s
    GROUP BY account_id, currency, due_date
    ORDER BY account_id, due_date
"""
_COVERS: Final = """
    SELECT a.id, c.status, c.effective_on, c.amount, c.currency
    FROM credit_buyercover c
    JOIN accounts_customeraccount a ON a.entity_id = c.entity_id AND a.company_id = c.company_id
    WHERE a.id = ANY(%(accounts)s) AND c.effective_on > %(since)s AND c.effective_on <= %(today)s
      AND c.status IN ('REDUCED', 'CANCELLED', 'REFUSED', 'EXPIRED')
"""
# Who may ask for another one: the client it was entered for, whoever else it counts for.
_ENDING: Final = f"""
    SELECT given_for_id, reference, valid_until, {COUNTED_SQL}, currency, guarantor
    FROM credit_guarantee
    WHERE given_for_id = ANY(%(accounts)s) AND {IN_FORCE_SQL} AND valid_until <= %(until)s
"""
_NOTICES: Final = """
    SELECT a.id, n.reference, n.kind, n.judgement_on, n.published_on, c.currency
    FROM credit_legalnotice n
    JOIN accounts_customeraccount a ON a.entity_id = n.entity_id
    JOIN accounts_company c ON c.id = a.company_id
    WHERE a.id = ANY(%(accounts)s) AND n.ended_on IS NULL AND n.published_on <= %(today)s
      AND (n.recorded_at AT TIME ZONE 'Europe/Paris')::date > %(since)s
"""
# Restricted ones stay among those who write them.
_WORRYING: Final = """
    SELECT n.account_id, n.id, n.kind, n.topic, n.seen_on, c.currency
    FROM credit_clientnote n
    JOIN accounts_customeraccount a ON a.id = n.account_id
    JOIN accounts_company c ON c.id = a.company_id
    WHERE n.account_id = ANY(%(accounts)s) AND n.weight = 'WORRYING' AND n.kind <> 'RESTRICTED'
      AND n.withdrawn_at IS NULL AND NOT EXISTS (SELECT FROM credit_clientnote l WHERE l.supersedes_id = n.id)
      AND (n.written_at AT TIME ZONE 'Europe/Paris')::date > %(since)s
"""


class Event(NamedTuple):
    """Something that happened to a client of late; ``key`` tells it from the next one.

    :ivar until: by when somebody must answer, a working week where nothing is said
    """

    account_id: int
    key: str
    amount: Decimal
    currency: str
    figures: Mapping[str, Any]
    until: date | None = None


def alerts_found(account_ids: Sequence[int], on: date) -> dict[int, list[Alert]]:
    """What is found about each of some clients on a day; clients about whom nothing is found are left out.

    A constant number of statements for any number of clients.
    """
    facts = dict(_client_facts(account_ids, on))
    found = {key: policy.alerts_of(client, on) for key, client in facts.items()}
    until = policy.add_business_days(on, policy.ANSWER_DAYS)
    rates = all_rates_on(on)
    for kind, events in _events(account_ids, on):
        for event in events:
            client = facts.get(event.account_id)
            if client is None:
                continue
            if kind == AlertKind.NEW_DISPUTE and not policy.is_large(_in(client, event, rates), client.gross):
                continue
            figures = {"amount": event.amount, "currency": event.currency, **event.figures}
            found[event.account_id].append(Alert(kind, event.until or until, event.key, figures))
    for key, alerts in reviews_found(account_ids, on).items():
        found.setdefault(key, []).extend(alerts)
    return {key: alerts for key, alerts in found.items() if alerts}


def owners_of(account_ids: Sequence[int], on: date) -> dict[tuple[int, str], int]:
    """Who looks after each client, by client and role: the rep and whoever keeps its credit."""
    rows = (
        TeamMember.objects.filter(
            in_force_on(on), account__in=account_ids, role__in=(TeamRole.SALES_REP, TeamRole.CREDIT)
        )
        .order_by("valid_from", "pk")
        .values_list("account", "role", "user")
    )
    return {(account, role): user for account, role, user in rows}


def _client_facts(account_ids: Sequence[int], on: date) -> Iterator[tuple[int, ClientFacts]]:
    thresholds = all_thresholds(on)
    rates = all_rates_on(on)
    debts = _debts(account_ids, on)
    with connection.cursor() as cursor:
        cursor.execute(_CLIENTS, {"accounts": list(account_ids), "today": on})
        rows = cursor.fetchall()
    for key, company, risk, currency, nets, limits, decided, gross, overdue, oldest, until, blocked in rows:
        per_day: dict[date, Decimal] = defaultdict(Decimal)
        for owed_in, due, amount in debts.get(key, ()):
            if owed_in in rates and currency in rates:
                per_day[due] += convert(amount, rates[owed_in], rates[currency])
        yield (
            key,
            ClientFacts(
                currency=currency,
                uses=[Use(net, limit) for net, limit in zip(nets, limits, strict=True)],
                gross=gross,
                overdue=overdue,
                oldest_due=oldest,
                debts=[(due, amount) for due, amount in sorted(per_day.items()) if amount > 0],
                thresholds=thresholds.get((company, risk)) or thresholds[None, risk],
                limit_until=until,
                is_held=blocked or not decided,
            ),
        )


def _debts(account_ids: Sequence[int], on: date) -> dict[int, list[tuple[str, date, Decimal]]]:
    """By client: currency, due date and undisputed amount of all that is late within the days looked at."""
    rows = "\n    UNION ALL\n".join(import_string(path)() for path in settings.CREDIT_EXPOSURE)
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "today": on,
        "until": on + timedelta(days=policy.AHEAD_DAYS),
        "skip_order": 0,
        "confirmed_before": FAR_FUTURE,
        "counted_until": on,
    }
    found: dict[int, list[tuple[str, date, Decimal]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_DEBTS.format(rows=rows), values)
        for account, currency, due, amount in cursor.fetchall():
            found[account].append((currency, due, amount))
    return found


def _events(account_ids: Sequence[int], on: date) -> Iterator[tuple[AlertKind, Iterable[Event]]]:
    """What happened of late: the insurer's word, and what later applications know (``settings.ALERT_EVENTS``)."""
    yield AlertKind.COVER_CHANGE, _cover_changes(account_ids, on)
    yield AlertKind.GUARANTEE_END, _guarantees_ending(account_ids, on)
    yield AlertKind.LEGAL_NOTICE, _legal_notices(account_ids, on)
    yield AlertKind.CLIENT_NOTE, _worrying_notes(account_ids, on)
    for kind, path in settings.ALERT_EVENTS.items():
        tell: Callable[..., Iterable[Event]] = import_string(path)
        since = on - timedelta(days=policy.NEW_FOR_DAYS)
        yield AlertKind(kind), tell(account_ids=account_ids, since=since, on=on)


def _cover_changes(account_ids: Sequence[int], on: date) -> Iterator[Event]:
    since = on - timedelta(days=policy.NEW_FOR_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_COVERS, {"accounts": list(account_ids), "since": since, "today": on})
        for key, status, day, amount, currency in cursor.fetchall():
            yield Event(key, day.isoformat(), amount, currency, {"cover": status, "day": day})


def _legal_notices(account_ids: Sequence[int], on: date) -> Iterator[Event]:
    since = on - timedelta(days=policy.NEW_FOR_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_NOTICES, {"accounts": list(account_ids), "since": since, "today": on})
        for key, reference, kind, judged, published, currency in cursor.fetchall():
            figures = {
                "notice": kind,
                "reference": reference,
                "judgement_on": judged,
                "published_on": published,
            }
            yield Event(key, reference, ZERO, currency, figures)


def _worrying_notes(account_ids: Sequence[int], on: date) -> Iterator[Event]:
    since = on - timedelta(days=policy.NEW_FOR_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_WORRYING, {"accounts": list(account_ids), "since": since})
        for key, note, kind, topic, day, currency in cursor.fetchall():
            yield Event(
                key, str(note), ZERO, currency, {"note": note, "kind": kind, "topic": topic, "day": day}
            )


def _guarantees_ending(account_ids: Sequence[int], on: date) -> Iterator[Event]:
    until = on + timedelta(days=END_TOLD_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(_ENDING, {"accounts": list(account_ids), "until": until, "today": on})
        for key, reference, day, amount, currency, guarantor in cursor.fetchall():
            figures = {"reference": reference, "guarantor": guarantor, "day": day}
            yield Event(key, reference, amount, currency, figures, day)


def _in(client: ClientFacts, event: Event, rates: Mapping[str, Decimal]) -> Decimal:
    """The amount of an event in the client's currency; without a rate as it stands, so that it is not overlooked."""
    if event.currency in rates and client.currency in rates:
        return convert(event.amount, rates[event.currency], rates[client.currency])
    return event.amount
