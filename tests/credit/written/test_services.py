"""The acts of the written policy: who may, what is refused, who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Company, User
from accounts.services.substitutes import name_substitute
from credit.models import CreditPolicyDraft, CreditPolicyVersion, RiskPolicy
from credit.written import services
from credit.written.policy import LANGUAGES
from credit.written.queries import (
    articles_of,
    in_force,
    newest,
    readers_of,
    shown_articles,
    to_acknowledge,
)
from credit.written.services import columns_of, fingerprint
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice, OutboxMessage
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.policies import begun, published


def today() -> date:
    return paris_date(timezone.now())


def said(draft: CreditPolicyDraft, number: str, **changes: str) -> dict[str, str]:
    columns = columns_of(draft.articles.get(number=number).words())
    texts = {
        name: columns[name]
        for part in ("title", "text", "why")
        for name in (f"{part}_{c}" for c in LANGUAGES)
    }
    return texts | changes


def rewrite(company: Company, by: User, seen: int = 1, **changes: Any) -> Any:
    draft = CreditPolicyDraft.objects.get(company=company)
    return services.change_article(
        company_id=company.pk, number="4.2", given=said(draft, "4.2", **changes), seen=seen, by=by,
        at=timezone.now(),
    )  # fmt: skip


def publish(company: Company, by: User, **asked: Any) -> CreditPolicyVersion:
    draft = CreditPolicyDraft.objects.filter(company=company).first()
    fields = {
        "effective_on": today(), "change": "new", "seen": fingerprint(draft) if draft else "", "at": timezone.now(),
        **asked,
    }  # fmt: skip
    return services.publish(company_id=company.pk, by=by, **fields)


def test_the_first_version_starts_from_the_text_offered_and_is_in_force_at_once(
    company: Company, manager: User, director: User
):
    draft = services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    assert (draft.follows, draft.articles.filter(number="4.16").count()) == (None, 1)
    version = publish(company, director)
    assert (version.number, in_force(company, today()), version.articles.count()) == (
        1,
        version,
        version.article_count,
    )
    assert not CreditPolicyDraft.objects.exists()
    assert version.values["overdue_days"]["C"] == 15
    assert set(AuditEvent.objects.values_list("action", "actor")) == {
        ("credit_policy.draft_started", "credit"), ("credit_policy.published", "finance"),
    }  # fmt: skip


def test_the_next_version_is_a_copy_and_begins_on_its_day(company: Company, manager: User, director: User):
    first = published(company, by=director, at=timezone.now(), began=today() - timedelta(days=9))
    draft = services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    assert draft.follows == first
    article = rewrite(company, manager, text_fr="Autre règle.")
    assert (article.edition, article.edited_by, article.text_fr) == (2, manager, "Autre règle.")
    second = publish(company, director, effective_on=today() + timedelta(days=3))
    assert (in_force(company, today()), newest(company)) == (first, second)
    assert in_force(company, today() + timedelta(days=3)) == second
    assert in_force(company, today() - timedelta(days=10)) is None
    assert second.articles.get(number="4.2").text_fr == "Autre règle."
    assert first.articles.get(number="4.2").text_fr != "Autre règle."


def test_one_draft_at_a_time_and_it_can_be_given_up(company: Company, manager: User):
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(services.DraftOpen):
        services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    services.discard_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(NotFound):
        services.discard_draft(company_id=company.pk, by=manager, at=timezone.now())


def test_two_people_at_one_article_lose_nothing(company: Company, manager: User, director: User):
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    rewrite(company, manager, text_en="Mine.")
    with pytest.raises(services.ArticleChangedMeanwhile):
        rewrite(company, director, text_en="Theirs.")
    assert CreditPolicyDraft.objects.get().articles.get(number="4.2").text_en == "Mine."
    rewrite(company, director, seen=2, text_en="Theirs.")
    assert CreditPolicyDraft.objects.get().articles.get(number="4.2").text_en == "Theirs."


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title_fr": " "}, "title_fr"),
        ({"text_en": ""}, "text_en"),
        ({"title_en": "x" * 161}, "title_en"),
        ({"why_fr": "selon {rien_de_tel}"}, "why_fr"),
    ],
)
def test_words_that_cannot_be_are_named(company: Company, manager: User, changes: dict[str, Any], field: str):
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(Invalid) as refusal:
        rewrite(company, manager, seen=1, **changes)
    assert list(refusal.value.errors) == [field]


def test_the_same_words_and_no_such_article_are_refused(company: Company, manager: User):
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(services.ArticleUnchanged):
        rewrite(company, manager)
    with pytest.raises(NotFound):
        services.change_article(
            company_id=company.pk, number="4.99", given=said(CreditPolicyDraft.objects.get(), "4.2"), seen=1,
            by=manager, at=timezone.now(),
        )  # fmt: skip


def test_an_article_of_the_companys_own_comes_and_goes(company: Company, manager: User):
    draft = services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    words = said(draft, "4.2")
    asked: dict[str, Any] = {
        "company_id": company.pk, "setting": "tolerance", "given": words, "by": manager, "at": timezone.now(),
    }  # fmt: skip
    before = fingerprint(draft)
    made = services.add_article(number="4.17", **asked)
    assert (made.position, made.setting, made.title_fr) == (417, "tolerance", words["title_fr"])
    assert fingerprint(draft) != before
    services.add_article(number="10", **asked)
    services.add_article(number="10.1", **asked)
    for number in ("4.17", "x", "12.1"):
        with pytest.raises(Invalid) as refusal:
            services.add_article(number=number, **asked)
        assert list(refusal.value.errors) == ["number"]
    with pytest.raises(Invalid) as refusal:
        services.add_article(number="4.18", **{**asked, "setting": "nothing"})
    assert list(refusal.value.errors) == ["setting"]
    gone: dict[str, Any] = {"company_id": company.pk, "by": manager, "at": timezone.now()}
    # The check quotes the first; articles stand under the second.
    for number in ("4.16", "10"):
        with pytest.raises(services.StillNeeded):
            services.leave_out(number=number, **gone)
    services.leave_out(number="4.17", **gone)
    services.leave_out(number="10.1", **gone)
    services.leave_out(number="10", **gone)
    with pytest.raises(NotFound):
        services.leave_out(number="10", **gone)
    assert not draft.articles.filter(position__in=(417, 1000, 1001)).exists()


def test_what_keeps_a_draft_from_being_published_is_said_at_its_field(
    company: Company, manager: User, director: User
):
    published(company, by=director, at=timezone.now())
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(Invalid) as refusal:
        publish(company, director, change=" ")
    assert set(refusal.value.errors) == {"change", "effective_on"}
    assert "same as the version before" in str(refusal.value)
    with pytest.raises(Invalid) as refusal:
        publish(company, director, effective_on=today() - timedelta(days=1))
    assert list(refusal.value.errors) == ["effective_on"]


def test_a_draft_that_changed_since_it_was_looked_at_is_not_published(
    company: Company, manager: User, director: User
):
    draft = services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    seen = fingerprint(draft)
    rewrite(company, manager, text_fr="Autre.")
    with pytest.raises(services.DraftChangedMeanwhile):
        publish(company, director, seen=seen)
    assert newest(company) is None


def test_without_the_right_nothing_is_written(company: Company, manager: User, rep: User, auditor: User):
    for nobody in (rep, auditor):
        with pytest.raises(NotAllowed):
            services.start_draft(company_id=company.pk, by=nobody, at=timezone.now())
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    with pytest.raises(NotAllowed):
        rewrite(company, rep, text_fr="Autre.")
    with pytest.raises(NotAllowed):
        services.discard_draft(company_id=company.pk, by=rep, at=timezone.now())
    with pytest.raises(NotAllowed):
        services.leave_out(company_id=company.pk, number="5.1", by=rep, at=timezone.now())
    words = said(CreditPolicyDraft.objects.get(), "5.1")
    with pytest.raises(NotAllowed):
        services.add_article(
            company_id=company.pk, number="5.9", setting="", given=words, by=rep, at=timezone.now()
        )
    # The credit manager writes; the director puts it in force.
    with pytest.raises(NotAllowed):
        publish(company, manager)
    services.discard_draft(company_id=company.pk, by=manager, at=timezone.now())
    boss = make_user("executive", company, "boss")
    with pytest.raises(NotFound):
        publish(company, boss)


def test_another_companys_policy_is_nobodys_business(company: Company, manager: User, rep: User):
    other = CompanyFactory(code="OTHER")
    version = published(other, by=manager, at=timezone.now())
    begun(other, by=manager, at=timezone.now())
    with pytest.raises(NotAllowed):
        services.start_draft(company_id=other.pk, by=manager, at=timezone.now())
    with pytest.raises(NotAllowed):
        rewrite(other, manager, text_fr="Autre.")
    with pytest.raises(NotFound):
        services.acknowledge(version_id=version.pk, by=rep, at=timezone.now())
    assert to_acknowledge(rep, other) is None


# --- acknowledging ---


def test_everybody_bound_is_asked_once_and_nobody_else(
    company: Company, manager: User, director: User, rep: User, auditor: User, work_drain: Callable[[], int]
):
    make_user("sales", CompanyFactory(code="OTHER"), "far")
    services.start_draft(company_id=company.pk, by=manager, at=timezone.now())
    publish(company, director, change="First of all.")
    work_drain()
    told = Notice.objects.filter(kind="credit_policy.published")
    assert set(told.values_list("user__username", flat=True)) == {"credit", "finance", "sales"}
    message = OutboxMessage.objects.get(user=rep, kind="credit_policy.published")
    assert "First of all." in message.text
    assert "/credit/policy/1/" in message.text


def test_who_has_read_which_version_is_kept_with_the_roles_held(company: Company, director: User, rep: User):
    version = published(company, by=director, at=timezone.now())
    assert to_acknowledge(rep, company) == version
    made = services.acknowledge(version_id=version.pk, by=rep, at=timezone.now())
    assert (made.roles, to_acknowledge(rep, company)) == (["sales"], None)
    assert dict(readers_of(version, company).values_list("user__username", "state")) == {
        "sales": "policy_read", "finance": "policy_unread",
    }  # fmt: skip
    with pytest.raises(services.AlreadyAcknowledged):
        services.acknowledge(version_id=version.pk, by=rep, at=timezone.now())
    assert AuditEvent.objects.filter(action="credit_policy.acknowledged").count() == 1


def test_a_new_version_is_read_anew_and_the_old_one_no_more(company: Company, director: User, rep: User):
    old = published(company, by=director, at=timezone.now(), began=today() - timedelta(days=9))
    services.acknowledge(version_id=old.pk, by=rep, at=timezone.now())
    new = published(company, by=director, at=timezone.now(), number=2, began=today() + timedelta(days=9))
    assert to_acknowledge(rep, company) == new
    with pytest.raises(services.NotTheNewest):
        services.acknowledge(version_id=old.pk, by=director, at=timezone.now())


def test_whoever_is_not_bound_acknowledges_nothing(company: Company, director: User, auditor: User):
    version = published(company, by=director, at=timezone.now())
    assert to_acknowledge(auditor, company) is None
    with pytest.raises(NotAllowed):
        services.acknowledge(version_id=version.pk, by=auditor, at=timezone.now())


def test_a_substitute_is_not_bound_by_what_is_lent(
    company: Company, manager: User, director: User, auditor: User
):
    version = published(company, by=director, at=timezone.now())
    name_substitute(
        absent=manager, substitute=auditor, company=company, valid_from=today(), reason="holiday",
        valid_until=today() + timedelta(days=5), by=manager, at=timezone.now(),
    )  # fmt: skip
    stand_in = User.objects.get(pk=auditor.pk)
    assert (stand_in.authority_in(company), to_acknowledge(stand_in, company)) == (3, None)
    assert to_acknowledge(manager, company) == version


def test_a_setting_changed_since_publication_is_shown_beside_the_article(company: Company, director: User):
    version = published(company, by=director, at=timezone.now())
    common = RiskPolicy.objects.get(company=None, risk_class="C")
    RiskPolicy.objects.create(company=company, risk_class="C", overdue_days=12, limit_cap=common.limit_cap)
    shown = {one.number: one for one in shown_articles(articles_of(version), company, kept=version.values)}
    line = shown["4.4"].lines[0]
    assert "12 days (class C)" in line.today
    assert "15 days (class C)" in (line.at_publication or "")
    assert "12 days (class C)" in shown["4.4"].text
    assert [each.at_publication for each in shown["4.5"].lines] == [None]
