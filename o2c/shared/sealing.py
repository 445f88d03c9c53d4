"""Seals over the journal: what is sealed cannot be changed, deleted or slipped in behind without being named.

Acts insert their event and nothing else. Each minute ``seal`` takes the events that are *settled* — those of
transactions below the oldest one still running, of which no further event can appear — and chains them into
``AuditSeal`` rows (ADR 0011). ``faults`` recomputes all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from .models import AuditSeal

# The canonical form of an event and of a seal; a change of either is a new number, old seals keep theirs.
FORM: Final = 1
FIELDS: Final = (
    "id", "transaction_id", "at", "actor_id", "actor", "on_behalf_of", "action", "object_type", "object_id",
    "object_label", "company_id", "account_id", "before", "after", "reason", "request_id", "ip",
)  # fmt: skip
PER_SEAL: Final = 2_000
# An event that waits longer than this for its seal is worth a warning: the task does not run, or an act hangs.
PATIENCE: Final = timedelta(minutes=10)
_LOCK: Final = 0x5EA1
_SIZE: Final = hashlib.sha256().digest_size

# Texts that every version of PostgreSQL gives alike; JSON is read again and written in one way of ours.
_COLUMNS: Final = """e.id, e.transaction_id, EXTRACT(EPOCH FROM e.at)::numeric(20, 6)::text, e.actor_id, e.actor,
    e.on_behalf_of, e.action, e.object_type, e.object_id, e.object_label, e.company_id, e.account_id,
    e.before::text, e.after::text, e.reason, e.request_id, host(e.ip)"""
_IN_NO_SEAL: Final = """NOT EXISTS (
        SELECT 1 FROM shared_auditseal s WHERE s.last_id >= e.id AND s.first_id <= e.id AND e.id = ANY(s.event_ids)
    )"""
_SETTLED: Final = f"""
    SELECT {_COLUMNS} FROM shared_auditevent e
    WHERE e.transaction_id >= %s AND e.transaction_id < %s AND {_IN_NO_SEAL}
    ORDER BY e.transaction_id, e.id
"""
# After a restore into another cluster transactions are counted anew: what the seals do not hold and is settled
# by the counting of this cluster.
_SETTLED_HERE: Final = f"""
    SELECT {_COLUMNS} FROM shared_auditevent e
    WHERE age(e.xmin) > age((%s::bigint %% 4294967296)::text::xid) AND {_IN_NO_SEAL}
    ORDER BY e.id
"""
_UNSEALED: Final = """
    SELECT e.id, e.transaction_id, e.action, e.object_label, e.at FROM shared_auditevent e
    LEFT JOIN (SELECT unnest(event_ids) AS id FROM shared_auditseal) AS s ON s.id = e.id
    WHERE s.id IS NULL ORDER BY e.id
"""
_HORIZON: Final = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END
"""


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was sealed; ``is_warning`` where nothing is wrong yet."""

    text: str
    is_warning: bool = False

    def __str__(self) -> str:
        return self.text


def seal(*, at: datetime) -> int:
    """Seal every settled event; the number of events sealed.

    Two at once cannot fork the chain: the second finds the lock taken and leaves it to the first; without the
    lock the unique number would stop it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        last = last_seal()
        cursor.execute(_HORIZON)
        horizon, cluster = cursor.fetchone()
        sealed = 0
        for rows in _batches(*_settled(last, horizon, cluster)):
            last = _seal(rows, last, horizon=horizon, cluster=cluster, at=at)
            last.save(force_insert=True)
            sealed += len(rows)
    return sealed


def last_seal() -> AuditSeal | None:
    """The end of the chain, without the digests of its events."""
    return AuditSeal.objects.defer("event_ids", "digests").order_by("-number").first()


def _settled(last: AuditSeal | None, horizon: int, cluster: str) -> tuple[str, list[int]]:
    if last is None:
        return _SETTLED, [0, horizon]
    if last.cluster != cluster or last.horizon > horizon:
        return _SETTLED_HERE, [horizon]
    return _SETTLED, [last.horizon, horizon]


def _batches(sql: str, params: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in pieces, through a cursor of the server: memory stays flat."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(PER_SEAL):
            yield rows


def _seal(
    rows: Sequence[tuple[Any, ...]], last: AuditSeal | None, *, horizon: int, cluster: str, at: datetime
) -> AuditSeal:
    ids = [row[0] for row in rows]
    made = AuditSeal(
        number=last.number + 1 if last else 1,
        form=FORM,
        first_id=min(ids),
        last_id=max(ids),
        count=len(ids),
        event_ids=ids,
        digests=b"".join(map(event_digest, rows)),
        horizon=horizon,
        cluster=cluster,
        sealed_at=at,
        previous=last.head if last else "",
    )
    made.head = head_of(made)
    return made


def event_digest(row: Sequence[Any]) -> bytes:
    """SHA-256 over every column of an event, in the order of ``FIELDS``, in one form everywhere."""
    *plain, before, after, reason, request_id, ip = row
    return _digest([*plain, _value(before), _value(after), reason, request_id, ip])


def head_of(sealed: AuditSeal) -> str:
    """What a seal says of itself and of all before it: the figure to keep outside."""
    return _digest(
        [
            sealed.number,
            sealed.form,
            sealed.count,
            list(sealed.event_ids),
            hashlib.sha256(bytes(sealed.digests)).hexdigest(),
            sealed.horizon,
            sealed.cluster,
            sealed.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
            sealed.previous,
        ]
    ).hex()


def _digest(parts: Sequence[Any]) -> bytes:
    text = json.dumps([FORM, *parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).digest()


def _value(text: str | None) -> Any:
    """A JSON column, fractions as the text they were given in: no float of any machine comes between."""
    return None if text is None else json.loads(text, parse_float=lambda number: f"\0{number}")


# --- proof ---------------------------------------------------------------------------------------------------


def faults(*, at: datetime, kept: dict[int, str] | None = None) -> Iterator[Fault]:
    """Recompute the chain and every sealed event, and name what differs; memory stays flat.

    :param kept: heads noted outside, by the number of their seal: what shows that the end was cut off
    """
    last: AuditSeal | None = None
    wanted = dict(kept or {})
    for sealed in AuditSeal.objects.order_by("number").iterator(chunk_size=50):
        yield from _chain_faults(sealed, last)
        yield from _event_faults(sealed)
        head = wanted.pop(sealed.number, sealed.head)
        if head != sealed.head:
            yield Fault(f"audit seal {sealed.number} is not the one whose head was kept outside")
        last = sealed
    for number in wanted:
        yield Fault(f"audit seal {number}, whose head was kept outside, is missing")
    yield from _unsealed_faults(last, at)


def _chain_faults(sealed: AuditSeal, last: AuditSeal | None) -> Iterator[Fault]:
    expected = last.number + 1 if last else 1
    for number in range(expected, sealed.number):
        yield Fault(f"audit seal {number} is missing")
    if sealed.head != head_of(sealed) or sealed.count != len(sealed.event_ids):
        yield Fault(f"audit seal {sealed.number} was changed after it was made")
    elif sealed.number == expected and sealed.previous != (last.head if last else ""):
        yield Fault(f"audit seal {sealed.number} does not follow the one before it: one of them was replaced")


def _event_faults(sealed: AuditSeal) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM shared_auditevent e WHERE e.id = ANY(%s)", [list(sealed.event_ids)]
        )
        found = {row[0]: row for row in cursor}
    kept = bytes(sealed.digests)
    for position, key in enumerate(sealed.event_ids):
        row = found.get(key)
        if row is None:
            yield Fault(f"audit event {key} was deleted after it was sealed (seal {sealed.number})")
        elif event_digest(row) != kept[position * _SIZE : (position + 1) * _SIZE]:
            action, label = row[FIELDS.index("action")], row[FIELDS.index("object_label")]
            yield Fault(f"audit event {key} {action} {label} was changed after it was sealed")


def _unsealed_faults(last: AuditSeal | None, at: datetime) -> Iterator[Fault]:
    """Events in no seal: slipped in behind, or waiting; all that wait too long are one warning."""
    waiting, oldest = 0, None
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_UNSEALED)
        for key, number, action, label, happened in cursor:
            if last is not None and number < last.horizon:
                yield Fault(f"audit event {key} {action} {label} was inserted behind the seals")
            elif happened < at - PATIENCE:
                waiting += 1
                oldest = min(happened, oldest or happened)
    if oldest is not None:
        since = oldest.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield Fault(f"{waiting} audit events have waited for their seal since {since}", is_warning=True)
