"""The written policy on paper, to hand to staff."""

from __future__ import annotations

from datetime import date

from django.utils import translation

from accounts.models import Company
from o2c.shared.pdf import render_pdf

from ..models import CreditPolicyVersion
from .queries import articles_of, shown_articles


def policy_pdf(company: Company, version: CreditPolicyVersion, *, language: str, today: date) -> bytes:
    """Write a version in one language, its placeholders filled from the settings of today.

    :param language: ``fr`` or ``en``
    """
    with translation.override(language):
        articles = shown_articles(articles_of(version), company, kept=version.values)
    context = {"company": company, "version": version, "articles": articles, "today": today}
    return render_pdf("pdf/credit_policy.html", context, language=language)
