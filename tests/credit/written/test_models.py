"""What must never be false of the written policy, broken one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import Company, User
from credit.models import (
    CreditDecision,
    CreditPolicyDraft,
    CreditPolicyVersion,
    PolicyAcknowledgement,
    PolicyArticle,
)
from credit.written.defaults import default_articles
from credit.written.services import columns_of
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders import submitted
from tests.factories.policies import begun, published


@pytest.fixture
def version(company: Company, director: User) -> CreditPolicyVersion:
    return published(company, by=director, at=timezone.now())


def refused(match: str, act: Callable[[], Any]) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        act()


def test_a_published_version_never_changes(version: CreditPolicyVersion):
    rows = CreditPolicyVersion.objects.filter(pk=version.pk)
    refused("credit_policy_append_only", lambda: rows.update(change="other"))
    refused("credit_policy_append_only", lambda: rows._raw_delete(rows.db))


def test_nor_do_its_articles_and_none_comes_later(version: CreditPolicyVersion):
    rows = PolicyArticle.objects.filter(version=version, number="4.2")
    refused("policy_article_append_only", lambda: rows.update(text_fr="autre"))
    refused("policy_article_append_only", lambda: rows._raw_delete(rows.db))
    later = PolicyArticle(version=version, **{**columns_of(default_articles()[0]), "number": "9.9"})
    refused("has all its articles", later.save)


def test_of_each_day_one_version_is_in_force(version: CreditPolicyVersion, company: Company, director: User):
    with pytest.raises(IntegrityError, match="one_credit_policy_begins_a_day"), transaction.atomic():
        published(company, by=director, at=timezone.now(), number=2)
    other = version.effective_on + timedelta(days=1)
    with pytest.raises(IntegrityError, match="one_credit_policy_per_number"), transaction.atomic():
        published(company, by=director, at=timezone.now(), began=other)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("credit_policy_numbers_begin_at_one", {"number": 0}),
        ("credit_policy_says_what_changed", {"change": ""}),
        ("credit_policy_has_articles", {"article_count": 0}),
    ],
)
def test_a_version_has_number_words_and_articles(
    company: Company, director: User, constraint: str, changes: dict[str, Any]
):
    fields: dict[str, Any] = {
        "company": company, "number": 1, "effective_on": timezone.localdate(), "change": "c", "values": {},
        "article_count": 1, "published_by": director, "published_at": timezone.now(), **changes,
    }  # fmt: skip
    refused(constraint, lambda: CreditPolicyVersion.objects.create(**fields))


def test_articles_are_numbered_once(company: Company, director: User, version: CreditPolicyVersion):
    draft = begun(company, by=director, at=timezone.now())
    text = columns_of(default_articles()[0])
    refused("one_draft_article_per_number", lambda: draft.articles.create(**text))
    refused("draft_article_is_numbered", lambda: draft.articles.create(**{**text, "number": "x"}))
    empty = CreditPolicyVersion.objects.create(
        company=company, number=2, effective_on=version.effective_on + timedelta(days=1), change="c", values={},
        article_count=2, published_by=director, published_at=timezone.now(),
    )  # fmt: skip
    refused("policy_article_is_numbered", lambda: empty.articles.create(**{**text, "number": "0"}))
    empty.articles.create(**text)
    refused("one_policy_article_per_number", lambda: empty.articles.create(**text))


def test_one_draft_at_a_time(company: Company, director: User):
    begun(company, by=director, at=timezone.now())
    refused(
        "company_id",
        lambda: CreditPolicyDraft.objects.create(
            company=company, started_by=director, started_at=timezone.now()
        ),
    )


def test_an_acknowledgement_is_given_once_and_stays(version: CreditPolicyVersion, rep: User):
    fields = {"version": version, "user": rep, "roles": ["sales"], "acknowledged_at": timezone.now()}
    PolicyAcknowledgement.objects.create(**fields)
    refused("one_acknowledgement_per_reader", lambda: PolicyAcknowledgement.objects.create(**fields))
    rows = PolicyAcknowledgement.objects.all()
    refused("policy_acknowledgement_append_only", lambda: rows.update(roles=[]))
    refused("policy_acknowledgement_append_only", lambda: rows._raw_delete(rows.db))


def test_a_decision_keeps_its_version(account: Any, version: CreditPolicyVersion, company: Company):
    order: Order = submitted(account, "1500", by=make_user("adv_officer", company, "adv"))
    decision = order.last_decision
    assert decision is not None
    assert decision.policy_version == version
    rows = CreditDecision.objects.filter(pk=decision.pk)
    refused("decision_frozen", lambda: rows.update(policy_version=None))
