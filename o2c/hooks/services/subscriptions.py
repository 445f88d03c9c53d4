"""Subscriptions: made with a secret that is shown once, changed, ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.hooks.enums import DeliveryState, HookEvent
from o2c.hooks.models import Webhook
from o2c.hooks.policy import TargetRefused, target_of
from o2c.hooks.queries import visible
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

from .calling import check_url

RIGHT: Final = "webhooks.manage"


class WebhookKnown(Conflict):
    code = "key_conflict"
    message = _("This address is subscribed already, to other events.")


@dataclass(frozen=True)
class Subscribed:
    """A subscription; ``secret`` is empty where it was there already: it is shown once."""

    webhook: Webhook
    secret: str
    is_new: bool


def require(by: User, company: Company | int) -> None:
    """Refuse whoever may not manage webhooks there.

    :raises NotAllowed: no role carries it
    """
    if not by.may(RIGHT, company):
        raise NotAllowed


def subscribe(*, company: Company, url: str, events: Sequence[str], by: User, at: datetime) -> Subscribed:
    """Subscribe an address to events of a company. The same once more answers what is there, without its secret.

    :raises TargetRefused: an address the portal does not call
    :raises WebhookKnown: subscribed already, to other events
    """
    require(by, company)
    wanted = _checked(url, events)
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        if known := Webhook.objects.filter(company=company, url=url, ended_at=None).first():
            if known.events != wanted:
                raise WebhookKnown
            return Subscribed(known, "", is_new=False)
        secret = secrets.token_urlsafe(32)
        made = Webhook.objects.create(
            company=company, url=url, events=wanted, secret=secret, created_by=by, created_at=at
        )
        _record("webhook.created", made, by=by, at=at)
    return Subscribed(made, secret, is_new=True)


def change_webhook(
    *,
    webhook_id: int,
    url: str | None = None,
    events: Sequence[str] | None = None,
    is_active: bool | None = None,
    by: User,
    at: datetime,
    company: Company | None = None,
) -> Webhook:
    """Change the address, the events, or pause and resume; what is left out stays.

    :raises TargetRefused: an address the portal does not call
    """
    with transaction.atomic():
        row = _locked(webhook_id, by, company)
        row.events = _checked(url or row.url, row.events if events is None else events)
        if url is not None and url != row.url:
            if Webhook.objects.filter(company=row.company, url=url, ended_at=None).exists():
                raise WebhookKnown
            row.url = url
        row.is_active = row.is_active if is_active is None else is_active
        row.save(update_fields=["url", "events", "is_active"])
        _record("webhook.changed", row, by=by, at=at)
    return row


def renew_secret(*, webhook_id: int, by: User, at: datetime, company: Company | None = None) -> Subscribed:
    """Make a new secret; what is sent from now on is signed with it."""
    with transaction.atomic():
        row = _locked(webhook_id, by, company)
        row.secret = secrets.token_urlsafe(32)
        row.save(update_fields=["secret"])
        _record("webhook.secret_renewed", row, by=by, at=at)
    return Subscribed(row, row.secret, is_new=False)


def end_webhook(*, webhook_id: int, by: User, at: datetime, company: Company | None = None) -> Webhook:
    """End a subscription: what waits is not sent, its secret is forgotten, its log stays."""
    with transaction.atomic():
        row = _locked(webhook_id, by, company)
        row.is_active, row.secret, row.ended_at = False, "", at
        row.save(update_fields=["is_active", "secret", "ended_at"])
        row.deliveries.filter(state=DeliveryState.WAITING).update(
            state=DeliveryState.CANCELLED, next_try_at=None
        )
        _record("webhook.ended", row, by=by, at=at)
    return row


def _locked(webhook_id: int, by: User, company: Company | None) -> Webhook:
    rows = visible(by, company).filter(pk=webhook_id)
    row = rows.select_for_update(of=("self",), no_key=True).select_related("company").first()
    if row is None:
        raise NotFound
    require(by, row.company_id)
    return row


def _checked(url: str, events: Sequence[str]) -> list[str]:
    """The events in their order, once each; the address may be called."""
    unknown = sorted(set(events) - set(HookEvent.values))
    if unknown or not events:
        said = _("Choose at least one of: %(events)s.") % {"events": ", ".join(HookEvent.values)}
        raise Invalid(errors={"events": [said]})
    try:
        check_url(url)
    except TargetRefused as refusal:
        raise TargetRefused(refusal.message, errors={"url": [refusal.message]}) from refusal
    return [event for event in HookEvent.values if event in set(events)]


def _record(action: str, row: Webhook, *, by: User, at: datetime) -> None:
    # The host alone: the rest of an address may hold a key.
    audit.record(
        action,
        row,
        by=by,
        at=at,
        label=target_of(row.url).host,
        after={"events": row.events, "is_active": row.is_active},
    )
