"""The written credit policy of the demonstration company: one version replaced, one in force, not read by everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from accounts.models import Company, User
from credit.models import DraftArticle
from credit.written.policy import LANGUAGES, ArticleText
from credit.written.queries import follows
from credit.written.services import (
    acknowledge,
    change_article,
    columns_of,
    fingerprint,
    publish,
    start_draft,
)
from o2c.shared.calendar import paris_date

# What the first version said of a broken promise, before it held new orders.
_BEFORE: Final = {
    "text_fr": "Une promesse de paiement non tenue est signalée au crédit, qui décide de la suite.",
    "text_en": "A promise to pay that is broken is told to credit, who decide what follows.",
    "why_fr": "Le crédit doit savoir à qui il peut encore se fier.",
    "why_en": "Credit must know whom it can still rely on.",
}
_ARTICLE: Final = "4.15"
_FIRST_AGE: Final = timedelta(days=800)
_SECOND_AGE: Final = timedelta(days=40)
# They were away, or have put it off.
_NOT_YET: Final = frozenset({"sales2", "logistics", "analyst"})


def make_policy(company: Company, team: Mapping[str, User], *, at: datetime) -> None:
    """Publish both versions at their times, and acknowledge the second for most people."""
    writer, director = team["credit"], team["finance"]
    first = at - _FIRST_AGE
    draft = start_draft(company_id=company.pk, by=writer, at=first)
    row = draft.articles.get(number=_ARTICLE)
    offered = row.words()
    _rewrite(company, row, {**_said(offered), **_BEFORE}, by=writer, at=first)
    publish(
        company_id=company.pk,
        effective_on=paris_date(first),
        change="Première politique écrite.",
        seen=fingerprint(draft),
        by=director,
        at=first,
    )
    second = at - _SECOND_AGE
    draft = start_draft(company_id=company.pk, by=writer, at=second)
    _rewrite(company, draft.articles.get(number=_ARTICLE), _said(offered), by=writer, at=second)
    version = publish(
        company_id=company.pk,
        effective_on=paris_date(second) + timedelta(days=9),
        change="Art. 4.15 : une promesse non tenue bloque désormais les nouvelles commandes.",
        seen=fingerprint(draft),
        by=director,
        at=second,
    )
    readers = [person for name, person in team.items() if name not in _NOT_YET and follows(person, company)]
    for days, person in enumerate(readers, 1):
        acknowledge(version_id=version.pk, by=person, at=second + timedelta(days=days % 9, hours=days))


def _said(article: ArticleText) -> dict[str, str]:
    columns = columns_of(article)
    return {
        f"{part}_{code}": columns[f"{part}_{code}"] for part in ("title", "text", "why") for code in LANGUAGES
    }


def _rewrite(
    company: Company, row: DraftArticle, given: Mapping[str, str], *, by: User, at: datetime
) -> None:
    change_article(company_id=company.pk, number=row.number, given=given, seen=row.edition, by=by, at=at)
