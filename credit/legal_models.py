"""What the official gazette says of a legal entity (BODACC; domain.md 4.5, 5.3)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, LegalEntity

from .enums import LegalNoticeKind
from .legal_policy import OPENING


class LegalNotice(models.Model):
    """One notice about one legal entity, from a file or noted by hand; what it says is never changed.

    Notices that open insolvency proceedings split the accounts of the entity at the judgement. ``ended_on`` is the
    first day on which orders are taken as before; a notice that was a mistake counts for nothing, also backwards.
    """

    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="legal_notices")
    # Whose file brought it, or whose client it was noted for.
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=LegalNoticeKind.choices)
    judgement_on = models.DateField(_("date of the judgement"))
    published_on = models.DateField(_("date of publication"))
    reference = models.CharField(_("reference"), max_length=60)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.TextField(blank=True)
    was_mistake = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "reference"],
                condition=Q(was_mistake=False),
                name="one_legal_notice_per_reference",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=LegalNoticeKind.values), name="legal_notice_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(published_on__gte=F("judgement_on")), name="legal_notice_follows_its_judgement"
            ),
            models.CheckConstraint(condition=~Q(reference=""), name="legal_notice_has_a_reference"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_at=None, ended_by=None, end_reason="", was_mistake=False)
                | (
                    Q(ended_on__isnull=False, ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(end_reason="")
                    & ~Q(ended_by=F("recorded_by"))
                ),
                name="legal_notice_ended_by_another_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["entity", "judgement_on"], condition=Q(kind__in=OPENING), name="proceedings_of_entity"
            ),
            models.Index(fields=["-published_on"], name="legal_notices_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"

    @property
    def opens(self) -> bool:
        """Whether it opens insolvency proceedings."""
        return self.kind in OPENING

    @property
    def badge(self) -> str:
        """The badge of its kind."""
        return f"legal_{self.kind.lower()}"
