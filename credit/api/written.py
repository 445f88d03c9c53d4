"""``credit-policy/``: the written policy in force with its articles, or one of its versions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from credit.enums import Finding
from credit.models import CreditPolicyVersion
from credit.policy import ARTICLES
from credit.written.policy import VersionState, state_of
from credit.written.queries import articles_of, in_force, shown_articles, versions_of
from o2c.shared.api.bodies import read_date
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]


class SettingShape(Shape):
    """A setting beside an article, in the reader's language; ``at_publication`` null where it is still the same."""

    label = serializers.CharField()  # type: ignore[assignment]
    today = serializers.CharField()
    at_publication = serializers.CharField(allow_null=True)


class ArticleShape(Shape):
    """One article in the reader's language, its placeholders filled from the settings of today."""

    number = serializers.CharField(help_text=_("`4` of a chapter, `4.2` of an article."))
    title = serializers.CharField()
    text = serializers.CharField()
    why = serializers.CharField(allow_blank=True)
    findings = serializers.ListField(
        child=serializers.ChoiceField(Finding.choices),
        help_text=_("Findings of a credit check that quote it (`policy_article`)."),
    )
    settings = SettingShape(many=True)


class PolicyAnswer(Shape):
    """One published version."""

    company = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField([(state.value, state.value) for state in VersionState])
    effective_on = serializers.DateField()
    published_at = serializers.DateTimeField()
    published_by = serializers.CharField()
    change = serializers.CharField()
    articles = ArticleShape(many=True)


class NoPolicy(NotFound):
    """The company has published none by that day, or none of that number."""

    message = _("No version of the credit policy has been published under this number, or by this day.")


class CreditPolicyView(CompanyEdge):
    """The version in force."""

    reads = "accounts.view"
    takes = {"get": ("on",)}

    @extend_schema(
        parameters=[OpenApiParameter("on", date, description=_("The day asked about; today when left out."))],
        responses=PolicyAnswer,
    )
    def get(self, request: Request) -> Response:
        """The policy in force on a day, with its articles."""
        today = paris_date(self.at)
        version = in_force(self.company, read_date(request, "on") or today)
        return Response(_answer(version, today))


class CreditPolicyVersionView(CompanyEdge):
    """One version."""

    reads = "accounts.view"

    @extend_schema(operation_id="credit_policy_version_retrieve", responses=PolicyAnswer)
    def get(self, request: Request, number: int) -> Response:
        """A version by its number, in force or not."""
        return Response(_answer(versions_of(self.company).filter(number=number).first(), paris_date(self.at)))


def _answer(version: CreditPolicyVersion | None, today: date) -> dict[str, Any]:
    if version is None:
        raise NoPolicy
    now = in_force(version.company_id, today)
    since = now.effective_on if now else None
    return {
        "company": version.company.code,
        "number": version.number,
        "state": state_of(version.effective_on, on=today, in_force_since=since).value,
        "effective_on": version.effective_on,
        "published_at": version.published_at,
        "published_by": version.published_by.username,
        "change": version.change,
        "articles": [
            {
                "number": article.number,
                "title": article.title,
                "text": article.text,
                "why": article.why,
                "findings": [code.value for code, number in ARTICLES.items() if number == article.number],
                "settings": [
                    {"label": str(line.label), "today": line.today, "at_publication": line.at_publication}
                    for line in article.lines
                ],
            }
            for article in shown_articles(articles_of(version), version.company, kept=version.values)
        ],
    }
