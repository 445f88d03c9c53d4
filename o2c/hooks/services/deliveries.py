"""Deliveries: written with the act, sent by the worker, tried again for a day, sent again by hand."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from invoicing.enums import ItemKind
from invoicing.models import Allocation
from o2c.hooks import policy
from o2c.hooks.enums import OF_ACTION, DeliveryState, HookEvent
from o2c.hooks.models import Webhook, WebhookDelivery
from o2c.hooks.queries import visible
from o2c.shared import audit, work
from o2c.shared.models import AuditEvent
from o2c.shared.prepared import PreparedRows
from o2c.shared.problems import Conflict, NotFound

from .calling import post
from .subscriptions import require

SEND: Final = "hooks.send"
USER_AGENT: Final = "o2c-webhooks/1"
# Asked by every act that somebody could have subscribed to.
_SUBSCRIBED: Final = PreparedRows(
    "hooks_subscribed",
    Webhook,
    "WHERE own.company_id = ANY(%(companies)s) AND own.is_active AND own.events && %(kinds)s::varchar[] "
    "ORDER BY own.id",
    {"companies": "bigint[]", "kinds": "text[]"},
    related=("company",),
)


class StillWaiting(Conflict):
    code = "still_waiting"
    message = _("This delivery waits to be sent already.")


def write(events: Iterable[AuditEvent]) -> None:
    """Write what subscribers want to be told of an act, in the act's own transaction (``settings.JOURNAL_LISTENERS``).

    A delivery holds what the journal holds: ids, codes, amounts, no personal data.
    """
    told = [(event, kind) for event in events if (kind := OF_ACTION.get(event.action)) and event.company_id]
    if not told:
        return
    hooks = _SUBSCRIBED.fetch(
        companies=sorted({event.company_id for event, _kind in told if event.company_id}),
        kinds=sorted({str(kind) for _event, kind in told}),
    )
    if not hooks:
        return
    others = _not_of_payments([event for event, kind in told if kind == HookEvent.PAYMENT_MATCHED])
    told = [(event, kind) for event, kind in told if (event.object_type, event.object_id) not in others]
    codes = dict(
        CustomerAccount.objects.filter(
            pk__in={event.account_id for event, _kind in told if event.account_id}
        ).values_list("pk", "code")
    )
    made = [
        _delivery(hook, event, kind, codes.get(event.account_id or 0))
        for event, kind in told
        for hook in hooks
        if hook.company_id == event.company_id and kind in hook.events
    ]
    WebhookDelivery.objects.bulk_create(made, batch_size=1000)
    if made:
        work.add_many(SEND, {f"delivery:{row.pk}:0": {"delivery_id": row.pk} for row in made})


def _not_of_payments(matches: Sequence[AuditEvent]) -> set[tuple[str, int | None]]:
    """Matches whose credit is no payment: a credit note put on an invoice."""
    keys = [event.object_id for event in matches if event.object_id]
    rows = Allocation.objects.filter(pk__in=keys).exclude(credit__kind=ItemKind.PAYMENT) if keys else ()
    return {(Allocation._meta.label_lower, row.pk) for row in rows}


def _delivery(hook: Webhook, event: AuditEvent, kind: str, account: str | None) -> WebhookDelivery:
    key = uuid.uuid4()
    body = {
        "id": str(key),
        "event": kind,
        "at": event.at.isoformat(),
        "company": hook.company.code,
        "account": account,
        "object": {
            "type": event.object_type.partition(".")[2],
            "id": event.object_id,
            "label": event.object_label,
        },
        "data": event.after or {},
    }
    return WebhookDelivery(
        webhook=hook,
        key=key,
        event=kind,
        body=json.dumps(body, ensure_ascii=False, sort_keys=True),
        created_at=event.at,
        round_began_at=event.at,
        next_try_at=event.at,
    )


def send(*, work: Any, delivery_id: int) -> dict[str, Any]:
    """Work handler: send one delivery; what the other side does not take is tried again with growing pauses."""
    row = (
        WebhookDelivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("webhook")
        .get(pk=delivery_id)
    )
    if row.state != DeliveryState.WAITING:
        return {"state": row.state}
    hook, now = row.webhook, timezone.now()
    if not hook.is_active:
        row.state, row.next_try_at = DeliveryState.CANCELLED, None
        row.save(update_fields=["state", "next_try_at"])
        return {"state": row.state}
    body = row.body.encode()
    answer = post(
        hook.url,
        body,
        {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-Portal-Event": row.event,
            "X-Portal-Delivery": str(row.key),
            "X-Portal-Signature": policy.signature(hook.secret, body),
        },
    )
    row.attempts += 1
    row.status_code = answer.status
    row.error = answer.error or ("" if answer.is_good else f"HTTP {answer.status}")
    row.next_try_at = None
    if answer.is_good:
        row.state, row.delivered_at = DeliveryState.DELIVERED, now
    elif (again := policy.next_try(row.round_began_at, row.attempts, now)) is not None:
        row.next_try_at = again
        _ask(row, not_before=again)
    else:
        row.state = DeliveryState.FAILED
    row.save(update_fields=["attempts", "status_code", "error", "next_try_at", "state", "delivered_at"])
    return {"state": row.state, "status": row.status_code}


def replay(*, delivery_id: int, by: User, at: datetime, company: Company | None = None) -> WebhookDelivery:
    """Send a delivery again, the same body under the same id, for another day.

    :raises StillWaiting: it waits already
    :raises NotFound: its subscription has ended, or is not this user's to see
    """
    with transaction.atomic():
        seen = WebhookDelivery.objects.filter(pk=delivery_id, webhook__in=visible(by, company))
        row = seen.select_for_update(of=("self",), no_key=True).select_related("webhook").first()
        if row is None:
            raise NotFound
        require(by, row.webhook.company_id)
        if row.state == DeliveryState.WAITING:
            raise StillWaiting
        row.state, row.attempts, row.round_began_at, row.next_try_at = DeliveryState.WAITING, 0, at, at
        row.delivered_at = None
        row.save(update_fields=["state", "attempts", "round_began_at", "next_try_at", "delivered_at"])
        audit.record(
            "webhook.replayed",
            row.webhook,
            by=by,
            at=at,
            label=policy.target_of(row.webhook.url).host,
            after={"event": row.event, "delivery": str(row.key)},
        )
        _ask(row)
    return row


def _ask(row: WebhookDelivery, *, not_before: datetime | None = None) -> None:
    key = f"delivery:{row.pk}:{row.attempts}"
    work.add(SEND, key, {"delivery_id": row.pk}, not_before=not_before)
