"""Messages that leave the house, what became of each, and the addresses that take none any more."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OutboxMessage(models.Model):
    """A message to one address, written by an act or the reaction to it; sent once, or shown here where no mail is
    set up. What it says never changes. Text messages and letters leave by a carrier (``carriers``).

    One whose sending was interrupted is *uncertain*: it waits for a person and is never sent again by itself
    (design 3.20).

    :ivar to: an e-mail address, a number of E.164 or the lines of a postal address, as its channel wants it
    :ivar files: what goes with it, as ``outbox_files.Attachment`` writes it
    :ivar bounce: how it came back: ``hard``, the address takes no mail; ``soft``, not this time
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("message", "Waiting")
        SENT = "sent", pgettext_lazy("message", "Sent")
        DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
        BOUNCED = "bounced", pgettext_lazy("message", "Came back")
        UNCERTAIN = "uncertain", pgettext_lazy("message", "Uncertain")
        FAILED = "failed", pgettext_lazy("message", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("message", "Cancelled")

    class Bounce(models.TextChoices):
        HARD = "hard", _("the address takes no mail")
        SOFT = "soft", _("not taken this time")

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("Text message")
        POST = "post", _("Post")

    # States of a message that has left.
    LEFT = (State.SENT, State.DELIVERED, State.BOUNCED)

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200, unique=True)
    company_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    channel = models.CharField(
        max_length=5, choices=Channel.choices, default=Channel.EMAIL, db_default=Channel.EMAIL
    )
    to = models.CharField(_("to"), max_length=254)
    cc = models.CharField(max_length=500, blank=True)
    # Whose name stands before the portal's address, and who reads the answers.
    from_name = models.CharField(max_length=200, blank=True)
    reply_to = models.CharField(max_length=254, blank=True)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    language = models.CharField(max_length=2, default="fr")
    url = models.CharField(max_length=300, blank=True)
    files = models.JSONField(default=list, blank=True)
    about_type = models.CharField(max_length=60, blank=True)
    about_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    bounce = models.CharField(max_length=4, choices=Bounce.choices, blank=True)
    # Goes with the next digest instead of by itself; then ``digest`` is the message that carries it.
    in_digest = models.BooleanField(default=False)
    digest = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="carries"
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["sent", "delivered", "bounced"], sent_at__isnull=False)
                | (~Q(state__in=["sent", "delivered", "bounced"]) & Q(sent_at=None)),
                name="message_sent_with_its_time",
            ),
            models.CheckConstraint(
                condition=(Q(state="bounced") & ~Q(bounce="")) | (~Q(state="bounced") & Q(bounce="")),
                name="message_bounced_hard_or_soft",
            ),
            models.CheckConstraint(condition=~Q(subject="") & ~Q(to=""), name="message_has_subject_and_to"),
        ]
        indexes = [
            models.Index(fields=["account_id", "-created_at"], name="outbox_by_account"),
            models.Index(fields=["company_id", "-created_at"], name="outbox_by_company"),
            models.Index(
                fields=["user"],
                condition=Q(state="waiting", in_digest=True, digest=None),
                name="outbox_for_digest",
            ),
            models.Index(
                fields=["account_id"],
                condition=Q(state__in=["bounced", "failed", "uncertain"]),
                name="outbox_not_arrived",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="message_text_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "kind", "key", "channel", "account_id", "to", "cc", "from_name", "reply_to", "subject", "text",
                    "html", "created_at",
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"

    @property
    def look(self) -> str:
        """The code of the badge that shows its state."""
        return f"mail_{self.state}" if self.state in ("delivered", "bounced") else str(self.state)


class OutboxEvent(models.Model):
    """One thing that happened to a message: it was sent, a mail server said that it arrived or did not. Never changed.

    :ivar code: what the server said, as RFC 3463 writes it: ``5.1.1``
    :ivar report: digest of the report that said so: one that is heard twice is noted once
    """

    class What(models.TextChoices):
        WAITING = "waiting", _("To be sent again")
        SENT = "sent", pgettext_lazy("message", "Sent")
        DELIVERED = "delivered", pgettext_lazy("message", "Delivered")
        BOUNCED = "bounced", pgettext_lazy("message", "Came back")
        UNCERTAIN = "uncertain", pgettext_lazy("message", "Uncertain")
        FAILED = "failed", pgettext_lazy("message", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("message", "Cancelled")
        DELAYED = "delayed", pgettext_lazy("message", "On its way still")
        RELAYED = "relayed", pgettext_lazy("message", "Handed on to another server")

    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="events")
    what = models.CharField(max_length=9, choices=What.choices)
    at = models.DateTimeField()
    recipient = models.CharField(max_length=254, blank=True)
    code = models.CharField(max_length=11, blank=True)
    text = models.CharField(max_length=500, blank=True)
    report = models.CharField(max_length=64, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "report"], condition=~Q(report=""), name="mail_report_heard_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="outbox_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.what}"


class BouncedAddress(models.Model):
    """An address from which a message came back for good; nothing goes there until somebody says that it works."""

    address = models.CharField(max_length=254)
    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=11, blank=True)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    # Nobody where a later message arrived there.
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "bounced addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["address"], condition=Q(lifted_at=None), name="address_bounced_once"
            ),
            models.CheckConstraint(
                condition=Q(lifted_by=None) | Q(lifted_at__isnull=False), name="bounce_lifted_with_its_time"
            ),
        ]

    def __str__(self) -> str:
        return self.address
