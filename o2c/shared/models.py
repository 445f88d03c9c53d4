"""Rows every application uses: work to do, the journal, notices to people, answered API keys."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .outbox_models import BouncedAddress, OutboxEvent, OutboxMessage

__all__ = [
    "AuditEvent",
    "AuditSeal",
    "BouncedAddress",
    "CurrentTransaction",
    "IdempotencyKey",
    "MailChoice",
    "Notice",
    "OutboxEvent",
    "OutboxMessage",
    "Work",
]


class Work(models.Model):
    """Something that must happen after an act, written in the act's own transaction (ADR 0006).

    At most one row of a kind and key waits at a time; while one runs, the next may already wait, so nothing
    that is committed during a run is missed.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state="queued"), name="work_one_waiting_per_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(state__in=["queued", "running"]), name="work_due"
            ),
            models.Index(fields=["kind", "key"], condition=Q(state="failed"), name="work_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} ({self.state})"


class CurrentTransaction(models.Func):
    """The number of the writing transaction, as the database counts them."""

    template = "(pg_current_xact_id()::text::bigint)"
    output_field = models.BigIntegerField()


class AuditEvent(models.Model):
    """One act in the journal: who, when, what, why, before and after. Never changed, never deleted.

    It has no foreign keys, so that history outlives its subject, and holds ids, codes and amounts only:
    personal data stays in the row it points to (domain.md 10).
    """

    at = models.DateTimeField(db_index=True)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150, blank=True)
    on_behalf_of = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.BigIntegerField(null=True)
    object_label = models.CharField(max_length=120, blank=True)
    company_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)
    # Whose transaction wrote it: all below the oldest running one are settled and can be sealed.
    transaction_id = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        indexes = [
            BrinIndex(
                fields=["transaction_id"], autosummarize=True, pages_per_range=16, name="audit_by_transaction"
            ),
            models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
            models.Index(fields=["account_id", "-at"], name="audit_by_account"),
            models.Index(fields=["company_id", "-at"], name="audit_by_company"),
        ]
        triggers = [
            pgtrigger.Protect(name="audit_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.object_label}"


class AuditSeal(models.Model):
    """Settled events of the journal, chained: each seal holds the digest of every event and the head before it.

    Never changed, never deleted. ``o2c.shared.sealing`` makes and proves them.
    """

    number = models.PositiveBigIntegerField(unique=True)
    form = models.PositiveSmallIntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.PositiveIntegerField()
    event_ids = ArrayField(models.BigIntegerField())
    # SHA-256 of each event, in the order of ``event_ids``: a changed one can be named.
    digests = models.BinaryField()
    # The oldest transaction that ran when it was made, and the cluster that counted it.
    horizon = models.BigIntegerField()
    cluster = models.CharField(max_length=40, blank=True)
    sealed_at = models.DateTimeField()
    previous = models.CharField(max_length=64, blank=True, unique=True)
    head = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(number=1, previous="") | Q(number__gt=1) & ~Q(previous=""),
                name="only_the_first_seal_follows_none",
            ),
        ]
        indexes = [models.Index(fields=["last_id", "first_id"], name="seal_by_events")]
        triggers = [
            pgtrigger.Protect(name="seal_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.head[:12]}"


class Notice(models.Model):
    """One line for one person: what changed for me. Made once per person and event."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    figures = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "key"], name="notice_once_per_person_and_event"),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], condition=Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class MailChoice(models.Model):
    """How one person wants to be told of one kind of event; without a row the digest of the next morning."""

    class How(models.TextChoices):
        AT_ONCE = "at_once", _("At once")
        DIGEST = "digest", _("In the digest of 8:00")
        OFF = "off", _("Not by e-mail")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=60)
    how = models.CharField(max_length=7, choices=How.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_mail_choice_per_kind")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.how}"


class IdempotencyKey(models.Model):
    """The answer once given to a request with an Idempotency-Key, kept 24 hours (contract §3)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_per_user")]

    def __str__(self) -> str:
        return self.key
