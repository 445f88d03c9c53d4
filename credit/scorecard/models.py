"""What a rating rests on, the cards it gave, and classes set by decision: rows that are added, never changed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, CustomerAccount, LegalEntity

from .enums import Block, Change, OverrideCause, OverrideStatus, RatingScale, StatementSource

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# The figures of a statement, in the order they are asked for; each may be left out.
FIGURES = (
    "equity", "total_assets", "current_assets", "current_liabilities", "revenue", "operating_result", "net_debt",
    "ebitda",
)  # fmt: skip
_NEVER_NEGATIVE = ("total_assets", "current_assets", "current_liabilities", "revenue")


def _figure(label: _StrPromise) -> models.DecimalField[Decimal | None, Decimal | None]:
    return models.DecimalField(label, max_digits=16, decimal_places=2, null=True, blank=True)


class FinancialStatement(models.Model):
    """A year of a legal entity as it was handed in or imported. Of two for one closing day the newer word counts."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="statements")
    closed_on = models.DateField(_("year closed on"))
    currency = models.CharField(_("currency"), max_length=3)
    equity = _figure(_("equity"))
    total_assets = _figure(_("total assets"))
    current_assets = _figure(_("current assets"))
    current_liabilities = _figure(_("current liabilities"))
    revenue = _figure(_("revenue"))
    operating_result = _figure(_("operating result"))
    net_debt = _figure(_("net debt"))
    ebitda = _figure(_("EBITDA"))
    source = models.CharField(max_length=8, choices=StatementSource.choices)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-closed_on", "-pk"]
        indexes = [models.Index(fields=["entity", "company", "-closed_on", "-id"], name="statement_newest")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(**dict.fromkeys(FIGURES, None)), name="statement_has_a_figure"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__gte": 0}),
                    name=f"statement_{name}_not_negative",
                )
                for name in _NEVER_NEGATIVE
            ),
            models.CheckConstraint(
                condition=Q(equity=None) | Q(total_assets=None) | Q(equity__lte=F("total_assets")),
                name="statement_equity_within_assets",
            ),
            models.CheckConstraint(
                condition=Q(current_assets=None)
                | Q(total_assets=None)
                | Q(current_assets__lte=F("total_assets")),
                name="statement_current_within_assets",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="statement_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.closed_on}"


class EntityFacts(models.Model):
    """What is known of a legal entity beside its accounts; the newest row is what is known now.

    :ivar changed_on: of the last change of control or address
    :ivar rating: as its scale writes it: ``3+``, or 0 to 100
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="facts")
    founded_on = models.DateField(_("founded on"), null=True, blank=True)
    changed_on = models.DateField(_("changed on"), null=True, blank=True)
    change = models.CharField(_("what changed"), max_length=8, choices=Change.choices, blank=True)
    rating_scale = models.CharField(_("rated by"), max_length=6, choices=RatingScale.choices, blank=True)
    rating = models.CharField(_("rating"), max_length=6, blank=True)
    rated_on = models.DateField(_("rated on"), null=True, blank=True)
    is_natural_person = models.BooleanField(_("natural person"), default=False)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["entity", "company", "-id"], name="entity_facts_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(rating_scale="", rating="", rated_on=None)
                | Q(~Q(rating_scale=""), ~Q(rating=""), rated_on__isnull=False),
                name="entity_rating_whole",
            ),
            models.CheckConstraint(
                condition=Q(change="", changed_on=None) | Q(~Q(change=""), changed_on__isnull=False),
                name="entity_change_with_its_day",
            ),
            models.CheckConstraint(
                condition=Q(founded_on=None) | Q(changed_on=None) | Q(changed_on__gte=F("founded_on")),
                name="entity_changed_after_it_was_founded",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="entity_facts_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.entity_id}"


class ScoreCard(models.Model):
    """One rating of a client: written when something in it changed, and at least once a month.

    :ivar points: a sub-score for each ``Block``, in its order; None where unknown
    :ivar inputs: by block, what it was computed from: ``{code: value}``, days as ISO text
    :ivar asks_review: the score fell by ten points or the class is another: the limit is to be looked at again
    :ivar version: of the rule (``scorecard.policy.VERSION``)
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="scorecards")
    day = models.DateField()
    version = models.PositiveSmallIntegerField()
    score = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    risk_class = models.CharField(max_length=1, choices=RiskClass.choices, blank=True)
    known = models.PositiveSmallIntegerField()
    points = ArrayField(
        models.DecimalField(max_digits=4, decimal_places=1, null=True), size=len(Block.values)
    )
    inputs = models.JSONField()
    asks_review = models.BooleanField(default=False)
    # The card before it; None of the first.
    follows = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="followed"
    )
    computed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="scorecard_newest")]
        constraints = [
            # Two who rate a client at a time: the second one finds the first one's card.
            models.UniqueConstraint(
                fields=["account"], condition=Q(follows=None), name="one_first_scorecard_per_account"
            ),
            models.CheckConstraint(
                condition=Q(score=None, risk_class="", known=0)
                | Q(
                    score__isnull=False,
                    score__gte=0,
                    score__lte=100,
                    risk_class__in=RiskClass.values,
                    known__gt=0,
                    known__lte=100,
                ),
                name="scorecard_class_with_its_score",
            ),
            models.CheckConstraint(
                condition=Q(points__len=len(Block.values)), name="scorecard_points_of_every_block"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="scorecard_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.score} {self.risk_class}"


class ClassOverride(models.Model):
    """A class that somebody asked for and somebody else approved, whatever the score says, until a day.

    :ivar class_before: what the client was in when it was approved
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="class_overrides")
    risk_class = models.CharField(_("risk class"), max_length=1, choices=RiskClass.choices)
    cause = models.CharField(_("why"), max_length=12, choices=OverrideCause.choices)
    reason = models.TextField(_("reason"))
    valid_until = models.DateField(_("valid until"))
    status = models.CharField(max_length=8, choices=OverrideStatus.choices, default=OverrideStatus.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The absent person whose authority a substitute used.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    class_before = models.CharField(max_length=1, choices=RiskClass.choices, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # None where it ran out by itself.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(status__in=["asked", "approved"]),
                name="one_class_override_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="class_override_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(cause=OverrideCause.INSOLVENCY) | Q(risk_class=RiskClass.E),
                name="class_override_insolvency_is_e",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | (~Q(decided_by=F("asked_by")) & (Q(on_behalf_of=None) | ~Q(on_behalf_of=F("asked_by")))),
                name="class_override_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(status="asked", decided_by=None, decided_at=None, class_before="")
                | Q(status="lapsed", decided_by=None, decided_at=None, class_before="")
                | Q(status="refused", decided_by__isnull=False, decided_at__isnull=False, class_before="")
                | Q(
                    ~Q(class_before=""),
                    status__in=["approved", "ended"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
                name="class_override_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["ended", "lapsed"], ended_at__isnull=False)
                | Q(status__in=["asked", "approved", "refused"], ended_at=None, ended_by=None, end_reason=""),
                name="class_override_ended_with_its_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None) | ~Q(end_reason=""), name="class_override_ended_with_a_reason"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="class_override_not_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="class_override_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "account", "risk_class", "cause", "reason", "valid_until", "asked_by", "asked_at"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.risk_class} until {self.valid_until}"
