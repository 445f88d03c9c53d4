"""The acts of the written policy: begin a draft, change an article, publish, acknowledge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused
from o2c.shared.work import emit

from ..models import (
    CreditPolicyDraft,
    CreditPolicyVersion,
    DraftArticle,
    PolicyAcknowledgement,
    PolicyArticle,
)
from .policy import (
    LANGUAGES,
    QUOTED,
    ArticleText,
    Obstacle,
    obstacles,
    placeholders_of,
    position_of,
)
from .queries import articles_of, follows, newest
from .values import NAMES, SETTINGS, Live

# Writing the text, and putting it in force.
WRITE: Final = "policy.write"
PUBLISH: Final = "policy.change"
_TITLE_LENGTH: Final = 160
_FIELDS: Final = tuple(f"{part}_{code}" for part in ("title", "text", "why") for code in LANGUAGES)


class DraftOpen(Conflict):
    """One is being written already."""

    code = "already_open"
    message = _("A new version is being written already: go on with it.")


class ArticleChangedMeanwhile(Conflict):
    """Somebody else changed the article after the form was drawn."""

    code = "changed_meanwhile"
    message = _("Somebody has changed this article in the meantime. Both texts are here: yours is not lost.")


class DraftChangedMeanwhile(Conflict):
    """The draft is not the one that was looked at."""

    code = "changed_meanwhile"
    message = _("The draft has changed since you looked at it. Look at it again before it is published.")


class ArticleUnchanged(Conflict):
    """The article says this already."""

    code = "nothing_changes"
    message = _("The article says this already: nothing changes.")


class StillNeeded(RuleRefused):
    """The check quotes the article, or articles stand under it."""

    code = "still_needed"
    message = _("It stays: the credit check quotes it, or articles stand under it.")


class AlreadyAcknowledged(Conflict):
    """This person has done so."""

    code = "already_acknowledged"
    message = _("You have acknowledged this version already.")


class NotTheNewest(Conflict):
    """A newer version has been published."""

    code = "not_the_newest"
    message = _("A newer version has been published: read and acknowledge that one.")


# Beside which field of the form each obstacle stands, and what it says.
_OBSTACLES: Final[Mapping[Obstacle, tuple[str, str | Promise]]] = {
    Obstacle.NO_CHANGE_SAID: ("change", _("Say what is new in this version.")),
    Obstacle.NOT_BEFORE_TODAY: ("effective_on", _("A text is not put in force for days gone by.")),
    Obstacle.AFTER_THE_LAST: ("effective_on", _("It must begin after the version published before it.")),
    Obstacle.MISSES_ARTICLES: ("", _("Articles are missing that the credit check quotes.")),
    Obstacle.SAYS_THE_SAME: ("", _("It says the same as the version before: there is nothing to publish.")),
}


def start_draft(*, company_id: int, by: User, at: datetime) -> CreditPolicyDraft:
    """Begin a new version as a copy of the one published last, or of the text offered where there is none.

    :raises NotAllowed: no right to write the policy there
    :raises DraftOpen: one is being written
    """
    with transaction.atomic():
        company = _locked(company_id, by, WRITE)
        if CreditPolicyDraft.objects.filter(company=company).exists():
            raise DraftOpen
        follows_on = newest(company)
        draft = CreditPolicyDraft.objects.create(
            company=company, follows=follows_on, started_by=by, started_at=at
        )
        DraftArticle.objects.bulk_create(
            DraftArticle(draft=draft, **columns_of(article)) for article in articles_of(follows_on)
        )
        _record("credit_policy.draft_started", company, draft, by, at, label=str(_next_number(follows_on)))
        return draft


def change_article(
    *, company_id: int, number: str, given: Mapping[str, str], seen: int, by: User, at: datetime
) -> DraftArticle:
    """Say an article of the draft otherwise.

    :param given: ``title_fr, title_en, text_fr, text_en, why_fr, why_en``
    :param seen: the edition the person had before them; another one by now is not overwritten unseen
    :raises NotAllowed: no right to write the policy there
    :raises NotFound: no draft, or no such article
    :raises Invalid: nothing said in a language, a title too long, a placeholder that does not exist
    :raises ArticleChangedMeanwhile: somebody else changed it
    :raises ArticleUnchanged: it says so already
    """
    wanted = {name: given.get(name, "").strip() for name in _FIELDS}
    _check_words(wanted)
    with transaction.atomic():
        company = _locked(company_id, by, WRITE)
        article = DraftArticle.objects.filter(draft__company=company, number=number).first()
        if article is None:
            raise NotFound
        before = {name: getattr(article, name) for name in _FIELDS}
        if article.edition != seen:
            raise ArticleChangedMeanwhile
        if wanted == before:
            raise ArticleUnchanged
        for name, value in wanted.items():
            setattr(article, name, value)
        article.edition, article.edited_by, article.edited_at = article.edition + 1, by, at
        article.save(update_fields=[*_FIELDS, "edition", "edited_by", "edited_at"])
        changed = [name for name in _FIELDS if wanted[name] != before[name]]
        _record(
            "credit_policy.article_changed",
            company,
            article,
            by,
            at,
            label=number,
            before={name: before[name] for name in changed},
            after={name: wanted[name] for name in changed},
        )
        return article


def add_article(
    *, company_id: int, number: str, setting: str, given: Mapping[str, str], by: User, at: datetime
) -> DraftArticle:
    """Put an article of the company's own into the draft, or a chapter.

    :param number: ``9`` of a chapter, ``9.1`` of an article of a chapter that is there
    :param setting: the settings shown beside it, a key of ``values.SETTINGS``; empty for none
    :raises NotAllowed: no right to write the policy there
    :raises NotFound: no draft
    :raises Invalid: a number that is none, is taken or has no chapter; an unknown setting; words as in
        ``change_article``
    """
    wanted = {name: given.get(name, "").strip() for name in _FIELDS}
    _check_words(wanted)
    with transaction.atomic():
        company = _locked(company_id, by, WRITE)
        draft = _draft(company)
        _check_number(number, set(draft.articles.values_list("number", flat=True)))
        if setting and setting not in SETTINGS:
            raise Invalid(
                errors={"setting": [_("There is no such setting: %(names)s.") % {"names": setting}]}
            )
        made = DraftArticle.objects.create(
            draft=draft, number=number, position=position_of(number), setting=setting, edited_by=by, edited_at=at,
            **wanted,
        )  # fmt: skip
        _record("credit_policy.article_added", company, made, by, at, label=number, after=wanted)
        return made


def leave_out(*, company_id: int, number: str, by: User, at: datetime) -> None:
    """Take an article out of the draft.

    :raises NotAllowed: no right to write the policy there
    :raises NotFound: no draft, or no such article
    :raises StillNeeded: the check quotes it, or it is a chapter that has articles
    """
    with transaction.atomic():
        company = _locked(company_id, by, WRITE)
        draft = _draft(company)
        article = draft.articles.filter(number=number).first()
        if article is None:
            raise NotFound
        if number in QUOTED or draft.articles.filter(number__startswith=f"{number}.").exists():
            raise StillNeeded
        before = {name: getattr(article, name) for name in _FIELDS}
        _record("credit_policy.article_left_out", company, article, by, at, label=number, before=before)
        article.delete()


def discard_draft(*, company_id: int, by: User, at: datetime) -> None:
    """Give a draft up; published versions stay as they are.

    :raises NotAllowed: no right to write the policy there
    :raises NotFound: there is none
    """
    with transaction.atomic():
        company = _locked(company_id, by, WRITE)
        draft = _draft(company)
        _record(
            "credit_policy.draft_discarded", company, draft, by, at, label=str(_next_number(draft.follows))
        )
        draft.delete()


def publish(
    *, company_id: int, effective_on: date, change: str, seen: str, by: User, at: datetime
) -> CreditPolicyVersion:
    """Publish the draft: it takes effect on its day, never changes, and everybody concerned is asked to read it.

    :param change: what is new, in the words of whoever publishes
    :param seen: ``fingerprint`` of the draft that was looked at
    :raises NotAllowed: no right to put the policy in force there
    :raises NotFound: there is no draft
    :raises DraftChangedMeanwhile: somebody changed it since
    :raises Invalid: everything that keeps it from being published, at once
    """
    with transaction.atomic():
        company = _locked(company_id, by, PUBLISH)
        draft = _draft(company)
        articles = [article.words() for article in draft.articles.all()]
        if fingerprint(draft) != seen:
            raise DraftChangedMeanwhile
        last = newest(company)
        found = obstacles(
            articles,
            articles_of(last) if last else (),
            effective_on=effective_on,
            last_began=last.effective_on if last else None,
            change=change,
            today=paris_date(at),
        )
        if found:
            raise _refusal(found)
        version = CreditPolicyVersion.objects.create(
            company=company,
            number=_next_number(last),
            effective_on=effective_on,
            change=change.strip(),
            values=Live(company).as_stored(),
            article_count=len(articles),
            published_by=by,
            published_at=at,
        )
        PolicyArticle.objects.bulk_create(
            PolicyArticle(version=version, **columns_of(article)) for article in articles
        )
        draft.delete()
        _record(
            "credit_policy.published",
            company,
            version,
            by,
            at,
            label=str(version.number),
            reason=version.change,
            after={"effective_on": effective_on},
        )
        emit("credit_policy.published", f"policy:{version.pk}", {"version_id": version.pk})
        return version


def acknowledge(*, version_id: int, by: User, at: datetime) -> PolicyAcknowledgement:
    """Keep that somebody has read a version, with the roles they hold.

    :raises NotFound: no such version in a company of theirs
    :raises NotAllowed: no role of theirs keeps to the policy there
    :raises NotTheNewest: a newer one has been published
    :raises AlreadyAcknowledged: they have done so
    """
    with transaction.atomic():
        version = CreditPolicyVersion.objects.select_related("company").filter(pk=version_id).first()
        if version is None or not by.may("accounts.view", version.company):
            raise NotFound
        if not follows(by, version.company):
            raise NotAllowed
        # Whoever is faster wins, also against oneself in another window.
        Company.objects.select_for_update(no_key=True).get(pk=version.company_id)
        if newest(version.company) != version:
            raise NotTheNewest
        if version.acknowledgements.filter(user=by).exists():
            raise AlreadyAcknowledged
        made = PolicyAcknowledgement.objects.create(
            version=version,
            user=by,
            roles=sorted(role.code for role in by.roles_in(version.company)),
            acknowledged_at=at,
        )
        _record("credit_policy.acknowledged", version.company, version, by, at, label=str(version.number))
        return made


def fingerprint(draft: CreditPolicyDraft) -> str:
    """What tells one state of a draft from another: its key, and every article with its last change."""
    rows = draft.articles.values_list("number", "edition", "edited_at")
    return f"{draft.pk}-{sha256(repr(list(rows)).encode()).hexdigest()[:20]}"


def _locked(company_id: int, by: User, permission: str) -> Company:
    company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
    if not by.may(permission, company):
        raise NotAllowed
    return company


def _draft(company: Company) -> CreditPolicyDraft:
    draft = CreditPolicyDraft.objects.select_related("follows").filter(company=company).first()
    if draft is None:
        raise NotFound(_("No new version is being written."))
    return draft


def _next_number(follows_on: CreditPolicyVersion | None) -> int:
    return 1 if follows_on is None else follows_on.number + 1


def columns_of(article: ArticleText) -> dict[str, Any]:
    """An article as the columns of a row."""
    by_language = {
        f"{part}_{code}": texts[code]
        for part, texts in (("title", article.titles), ("text", article.texts), ("why", article.whys))
        for code in LANGUAGES
    }
    return {
        "number": article.number,
        "position": position_of(article.number),
        "setting": article.setting,
        **by_language,
    }


def _check_words(wanted: Mapping[str, str]) -> None:
    errors: dict[str, list[str | Promise]] = {}
    for name, value in wanted.items():
        if not value and not name.startswith("why"):
            errors[name] = [_("Both languages are needed: everybody reads the policy in theirs.")]
        elif name.startswith("title") and len(value) > _TITLE_LENGTH:
            errors[name] = [_("A title has at most 160 characters.")]
        elif unknown := sorted(placeholders_of(value) - NAMES.keys()):
            errors[name] = [_("There is no such setting: %(names)s.") % {"names": ", ".join(unknown)}]
    if errors:
        raise Invalid(errors=errors)


def _check_number(number: str, taken: Collection[str]) -> None:
    try:
        position_of(number)
    except ValueError:
        raise Invalid(errors={"number": [_("Write 9 for a chapter, 9.1 for an article.")]}) from None
    if number in taken:
        raise Invalid(errors={"number": [_("There is an article of this number already.")]})
    if "." in number and number.partition(".")[0] not in taken:
        raise Invalid(errors={"number": [_("There is no such chapter: add the chapter first.")]})


def _refusal(found: tuple[Obstacle, ...]) -> Invalid:
    errors: dict[str, list[str | Promise]] = {}
    for obstacle in found:
        field, words = _OBSTACLES[obstacle]
        errors.setdefault(field, []).append(words)
    # What belongs to no field stands above the form.
    above = errors.pop("", [])
    return Invalid(above[0], errors=errors) if above else Invalid(errors=errors)


def _record(action: str, company: Company, subject: Any, by: User, at: datetime, **facts: Any) -> None:
    audit.record(action, subject, by=by, at=at, company_id=company.pk, **facts)
