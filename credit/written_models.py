"""The written credit policy: its draft, its published versions, and who has read which."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import Company

from .written.policy import LANGUAGES, NUMBER, ArticleText


class PolicyText(models.Model):
    """Base of an article in both languages."""

    number = models.CharField(max_length=5)
    # Chapter by chapter, article by article: ``policy.position_of(number)``.
    position = models.PositiveSmallIntegerField()
    # The settings shown beside it, a key of ``values.SETTINGS``.
    setting = models.CharField(max_length=20, blank=True)
    title_fr = models.CharField(max_length=160)
    title_en = models.CharField(max_length=160)
    text_fr = models.TextField()
    text_en = models.TextField()
    why_fr = models.TextField(blank=True)
    why_en = models.TextField(blank=True)

    class Meta:
        abstract = True
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.number} {self.title_fr}"

    @property
    def is_chapter(self) -> bool:
        """Whether it opens a chapter."""
        return "." not in self.number

    def words(self) -> ArticleText:
        """What it says, as the rules read it."""
        return ArticleText(
            number=self.number,
            setting=self.setting,
            **{
                f"{part}s": {code: getattr(self, f"{part}_{code}") for code in LANGUAGES}
                for part in ("title", "text", "why")
            },
        )


class CreditPolicyVersion(models.Model):
    """A published version, in force from a day until the next one begins; it is never changed.

    Of each day the version in force is the latest one begun: no two begin on the same day.
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="credit_policies")
    number = models.PositiveIntegerField()
    effective_on = models.DateField()
    # What is new in it, in the words of whoever published it.
    change = models.TextField()
    # What the settings named in the text were at publication (``values.Live.as_stored``).
    values = models.JSONField()
    article_count = models.PositiveSmallIntegerField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="one_credit_policy_per_number"),
            models.UniqueConstraint(
                fields=["company", "effective_on"], name="one_credit_policy_begins_a_day"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="credit_policy_numbers_begin_at_one"),
            models.CheckConstraint(condition=~Q(change=""), name="credit_policy_says_what_changed"),
            models.CheckConstraint(condition=Q(article_count__gte=1), name="credit_policy_has_articles"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="credit_policy_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} from {self.effective_on}"


class PolicyArticle(PolicyText):
    """An article of a published version; never changed, and none comes later."""

    version = models.ForeignKey(CreditPolicyVersion, on_delete=models.PROTECT, related_name="articles")

    class Meta(PolicyText.Meta):
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="one_policy_article_per_number"),
            models.CheckConstraint(condition=Q(number__regex=NUMBER), name="policy_article_is_numbered"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="policy_article_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="policy_article_published_with_its_version",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF (SELECT COUNT(*) FROM credit_policyarticle WHERE version_id = NEW.version_id) >=
                       (SELECT article_count FROM credit_creditpolicyversion WHERE id = NEW.version_id) THEN
                        RAISE EXCEPTION 'version % has all its articles', NEW.version_id
                            USING ERRCODE = 'check_violation',
                                  CONSTRAINT = 'policy_article_published_with_its_version';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class CreditPolicyDraft(models.Model):
    """The version that is being written, one at a time in a company."""

    company = models.OneToOneField(Company, on_delete=models.PROTECT, related_name="credit_policy_draft")
    # The version it began as a copy of; none for the first.
    follows = models.ForeignKey(
        CreditPolicyVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.company_id} since {self.started_at:%Y-%m-%d}"


class DraftArticle(PolicyText):
    """An article of the draft; ``edition`` counts its changes, so that nobody overwrites another's unseen."""

    draft = models.ForeignKey(CreditPolicyDraft, on_delete=models.CASCADE, related_name="articles")
    edition = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta(PolicyText.Meta):
        constraints = [
            models.UniqueConstraint(fields=["draft", "number"], name="one_draft_article_per_number"),
            models.CheckConstraint(condition=Q(number__regex=NUMBER), name="draft_article_is_numbered"),
        ]


class PolicyAcknowledgement(models.Model):
    """That a person has read a version, with the roles held then; never changed nor taken back."""

    version = models.ForeignKey(
        CreditPolicyVersion, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    roles = ArrayField(models.CharField(max_length=40))
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "user"], name="one_acknowledgement_per_reader"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="policy_acknowledgement_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.version_id}"
