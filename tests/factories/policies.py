"""Versions of the written credit policy, and drafts of the next, whoever may."""

from __future__ import annotations

from datetime import date, datetime

from accounts.models import Company, User
from credit.models import (
    CreditPolicyDraft,
    CreditPolicyVersion,
    DraftArticle,
    PolicyArticle,
)
from credit.written.defaults import default_articles
from credit.written.policy import ArticleText
from credit.written.queries import articles_of, newest
from credit.written.services import columns_of
from credit.written.values import Live
from o2c.shared.calendar import paris_date


def published(
    company: Company,
    *,
    by: User,
    at: datetime,
    number: int = 1,
    began: date | None = None,
    articles: tuple[ArticleText, ...] | None = None,
) -> CreditPolicyVersion:
    """A published version, with the text offered when none is given, in force from the day of ``at``."""
    texts = default_articles() if articles is None else articles
    version = CreditPolicyVersion.objects.create(
        company=company,
        number=number,
        effective_on=began or paris_date(at),
        change=f"version {number}",
        values=Live(company).as_stored(),
        article_count=len(texts),
        published_by=by,
        published_at=at,
    )
    PolicyArticle.objects.bulk_create(PolicyArticle(version=version, **columns_of(text)) for text in texts)
    return version


def begun(company: Company, *, by: User, at: datetime) -> CreditPolicyDraft:
    """A draft that copies the version published last."""
    follows = newest(company)
    draft = CreditPolicyDraft.objects.create(company=company, follows=follows, started_by=by, started_at=at)
    DraftArticle.objects.bulk_create(
        DraftArticle(draft=draft, **columns_of(text)) for text in articles_of(follows)
    )
    return draft
