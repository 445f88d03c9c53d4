"""What people note about a client (features B15, J4)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount

from .enums import NoteKind, NoteTopic, NoteWeight
from .policy import LONGEST

_FROZEN = (
    "account", "kind", "topic", "weight", "seen_on", "text", "source", "url", "risky_words", "key", "supersedes",
    "written_by", "written_at",
)  # fmt: skip


class ClientNote(models.Model):
    """One note: written once, never changed. A correction is a new note that supersedes it; a mistake is withdrawn.

    ``risky_words`` are those that its author confirmed to be factual and needed. ``key`` is the form or request it
    came with: the same one again is the same note.
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=10, choices=NoteKind.choices)
    topic = models.CharField(max_length=14, choices=NoteTopic.choices, blank=True)
    weight = models.CharField(max_length=8, choices=NoteWeight.choices, default=NoteWeight.NEUTRAL)
    # The day it was seen, heard or published.
    seen_on = models.DateField(_("seen on"))
    text = models.CharField(_("text"), max_length=LONGEST)
    source = models.CharField(_("source"), max_length=150, blank=True)
    url = models.CharField(_("web address"), max_length=500, blank=True)
    risky_words = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    key = models.UUIDField(unique=True)
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdraw_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=NoteKind.values), name="note_kind_is_known"),
            models.CheckConstraint(condition=Q(weight__in=NoteWeight.values), name="note_weight_is_known"),
            models.CheckConstraint(
                condition=Q(kind=NoteKind.MARKET, topic__in=NoteTopic.values)
                | (~Q(kind=NoteKind.MARKET) & Q(topic="")),
                name="note_topic_with_market_information",
            ),
            models.CheckConstraint(condition=~Q(text=""), name="note_says_something"),
            models.CheckConstraint(
                condition=Q(url="") | Q(url__startswith="https://") | Q(url__startswith="http://"),
                name="note_address_of_the_web",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdraw_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdraw_reason="")),
                name="note_withdrawn_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(supersedes=F("id")), name="note_supersedes_another"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-written_at"], name="notes_of_client"),
            models.Index(
                fields=["account", "-seen_on"],
                condition=Q(weight=NoteWeight.WORRYING, withdrawn_at=None),
                name="notes_that_worry",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="note_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="note_frozen", operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*_FROZEN)
            ),
            pgtrigger.Protect(
                name="note_stays_withdrawn",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.account_id} {self.seen_on}"

    @property
    def kind_badge(self) -> str:
        """The badge of its kind."""
        return f"note_{self.kind.lower()}"

    @property
    def badge(self) -> str:
        """The badge of what it says about the client's credit."""
        return f"note_{self.weight.lower()}"

    @property
    def headline(self) -> str:
        """Its topic where it has one, else its kind."""
        return str(self.get_topic_display() if self.topic else self.get_kind_display())
