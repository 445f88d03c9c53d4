"""Reads of the written policy: versions, articles as pages show them, what a reason quotes, who has read what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When
from django.urls import reverse
from django.utils.translation import get_language

from accounts.models import Company, RoleGrant, User
from o2c.shared.menu import url_or_nothing

from ..models import CreditPolicyDraft, CreditPolicyVersion, PolicyAcknowledgement, PolicyArticle
from ..services.checks import CheckResult
from .defaults import default_articles
from .policy import ArticleText, VersionState, anchor_of, filled, position_of, state_of
from .values import SETTINGS, Line, Live

# Who keeps to the policy, and so reads and acknowledges each version of it.
FOLLOW = "policy.follow"


@dataclass(frozen=True)
class Shown:
    """One article as a page shows it: filled from the settings, with what they are beside it.

    :ivar page: address of the page that changes the settings; empty where there is none
    """

    number: str
    anchor: str
    title: str
    text: str
    why: str
    is_chapter: bool
    setting: str
    lines: Sequence[Line]
    page: str


@dataclass(frozen=True)
class Quote:
    """The article a reason belongs to, in the words of the version it was judged by.

    :ivar version: its number; None while the company has published none and the text offered is quoted
    """

    number: str
    title: str
    why: str
    url: str
    version: int | None


def versions_of(company: Company | int) -> QuerySet[CreditPolicyVersion]:
    """Every published version, the newest first."""
    return CreditPolicyVersion.objects.filter(company=company).order_by("-number")


def in_force(company: Company | int, on: date) -> CreditPolicyVersion | None:
    """The version in force on a day; None before the first."""
    return versions_of(company).filter(effective_on__lte=on).order_by("-effective_on").first()


def newest(company: Company | int) -> CreditPolicyVersion | None:
    """The version published last, in force or coming; None where there is none."""
    return versions_of(company).first()


def draft_of(company: Company | int) -> CreditPolicyDraft | None:
    """The version that is being written."""
    rows = CreditPolicyDraft.objects.filter(company=company)
    return rows.select_related("follows", "started_by").first()


def with_states(
    versions: Iterable[CreditPolicyVersion], on: date
) -> list[tuple[CreditPolicyVersion, VersionState]]:
    """Versions, each with where it stands on a day."""
    rows = list(versions)
    since = max((row.effective_on for row in rows if row.effective_on <= on), default=None)
    return [(row, state_of(row.effective_on, on=on, in_force_since=since)) for row in rows]


def articles_of(version: CreditPolicyVersion | None) -> tuple[ArticleText, ...]:
    """What a version says; the text offered to begin with where there is none."""
    if version is None:
        return default_articles()
    return tuple(article.words() for article in version.articles.all())


def shown_articles(
    articles: Iterable[ArticleText], company: Company, *, kept: Mapping[str, Any]
) -> list[Shown]:
    """Articles in the language in force, filled from the settings of today.

    :param kept: the settings as the version stored them at publication
    """
    live, language = Live(company), spoken()
    return [
        Shown(
            number=article.number,
            anchor=anchor_of(article.number),
            title=article.titles[language],
            text=filled(article.texts[language], live.words),
            why=filled(article.whys[language], live.words),
            is_chapter="." not in article.number,
            setting=str(SETTINGS[article.setting].label) if article.setting in SETTINGS else "",
            lines=live.lines(article.setting, kept),
            page=_page_of(article.setting),
        )
        for article in sorted(articles, key=lambda each: position_of(each.number))
    ]


def articles_on(company: Company, numbers: Collection[str], on: date) -> list[Shown]:
    """The articles of these numbers as they are on a day, filled from the settings of today."""
    version = in_force(company, on)
    found = [article for article in articles_of(version) if article.number in numbers]
    return shown_articles(found, company, kept=version.values if version else {})


def quotes_of(
    company_id: int, numbers: Collection[str], *, on: date, version_id: int | None = None
) -> dict[str, Quote]:
    """The articles that reasons name, in the language in force, from one version.

    :param version_id: the version a decision was taken under; the one in force on ``on`` where it keeps none
    """
    wanted = {number for number in numbers if number}
    if not wanted:
        return {}
    rows = PolicyArticle.objects.filter(number__in=wanted).select_related("version")
    if version_id is not None:
        rows = rows.filter(version=version_id)
    else:
        begun = versions_of(company_id).filter(effective_on__lte=on).order_by("-effective_on")
        rows = rows.filter(version=Subquery(begun.values("pk")[:1]))
    found = [(row.words(), row.version) for row in rows]
    if not found:
        return {text.number: _quote(text, None) for text in default_articles() if text.number in wanted}
    return {text.number: _quote(text, version) for text, version in found}


def with_quotes(answer: Mapping[str, Any], quotes: Mapping[str, Quote]) -> list[dict[str, Any]]:
    """The findings of an answer of the check, each with its article."""
    return [{**found, "quote": quotes.get(found["policy_article"])} for found in answer["findings"]]


def articles_in(answer: Mapping[str, Any]) -> set[str]:
    """The numbers of the articles that the findings of an answer name."""
    return {found["policy_article"] for found in answer["findings"]}


def quotes_for(result: CheckResult) -> dict[str, Quote]:
    """The articles of what a check found, from the version it was made under."""
    numbers = {found.article for found in result.found}
    company_id, day = result.account.company_id, result.view.on
    return quotes_of(company_id, numbers, on=day, version_id=result.policy_version)


def _quote(text: ArticleText, version: CreditPolicyVersion | None) -> Quote:
    page = (
        reverse("credit:policy")
        if version is None
        else reverse("credit:policy_version", args=[version.number])
    )
    language = spoken()
    return Quote(
        number=text.number,
        title=text.titles[language],
        why=text.whys[language],
        url=f"{page}#{anchor_of(text.number)}",
        version=None if version is None else version.number,
    )


def to_acknowledge(user: User, company: Company) -> CreditPolicyVersion | None:
    """The version this person has still to read and acknowledge; None where nothing waits."""
    if not follows(user, company):
        return None
    version = newest(company)
    if version is None or version.acknowledgements.filter(user=user).exists():
        return None
    return version


def follows(user: User, company: Company) -> bool:
    """Whether a role of the user's own keeps to the policy of this company."""
    return not user.is_system and user.may(FOLLOW, company)


def acknowledged_by(version: CreditPolicyVersion, user: User) -> PolicyAcknowledgement | None:
    """When this person acknowledged it."""
    return version.acknowledgements.filter(user=user).first()


def readers_of(version: CreditPolicyVersion | None, company: Company) -> QuerySet[Any]:
    """Everybody who keeps to the policy, once per role, with when they acknowledged this version."""
    rows = RoleGrant.objects.filter(
        company=company,
        role__permissions__contains=[FOLLOW],
        user__is_active=True,
        user__is_system=False,
    ).select_related("user", "role")
    read = PolicyAcknowledgement.objects.filter(version=version, user=OuterRef("user"))
    known = rows.annotate(acknowledged_at=Subquery(read.values("acknowledged_at")[:1]))
    return known.annotate(
        state=Case(When(acknowledged_at=None, then=Value("policy_unread")), default=Value("policy_read"))
    ).order_by("role__authority_level", "role", "user__last_name", "user__username")


def _page_of(setting: str) -> str:
    found = SETTINGS.get(setting)
    return url_or_nothing(found.page) if found is not None and found.page else ""


def spoken() -> str:
    """The language articles are read in: French, or English."""
    return "en" if (get_language() or "fr").startswith("en") else "fr"
