"""The agreement with a factor and its word on clients: dated rows that are never changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Company, CustomerAccount
from credit.factoring.queries import agreement_in_force, approvals_of
from credit.factoring.services import (
    AgreementKnown,
    ApprovalKnown,
    NoAgreement,
    record_approval,
    set_agreement,
)
from credit.models import FactorAgreement, FactorApproval
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.factoring import IBAN, approve, make_agreement
from tests.factories.invoicing import AT, TODAY, day

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company)


def limit(agreement: FactorAgreement, account: CustomerAccount, on: date) -> Decimal | None:
    found = approvals_of(agreement, [account.entity_id], on=on).get(account.entity_id)
    return found.amount if found else None


def test_the_latest_terms_begun_are_in_force_until_they_end(company: Company) -> None:
    first = make_agreement(company, valid_from=day(-100))
    later = make_agreement(company, valid_from=day(-10), valid_until=day(10), with_recourse=True)
    assert agreement_in_force(company, on=day(-101)) is None
    assert agreement_in_force(company, on=day(-11)) == first
    assert agreement_in_force(company, on=day(10)) == later
    assert agreement_in_force(company, on=day(11)) is None
    assert AuditEvent.objects.filter(action="factor.agreed").count() == 2


def test_the_same_terms_again_change_nothing_other_terms_have_their_day(company: Company) -> None:
    first = make_agreement(company)
    assert make_agreement(company) == first
    with pytest.raises(AgreementKnown):
        make_agreement(company, with_recourse=True)
    assert FactorAgreement.objects.get() == first


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("factor", {"factor": " "}),
        ("number", {"number": ""}),
        ("advance_pct", {"advance_pct": Decimal(0)}),
        ("advance_pct", {"advance_pct": Decimal(101)}),
        ("guarantee_fund_pct", {"guarantee_fund_pct": Decimal(100)}),
        ("commission_pct", {"commission_pct": Decimal(-1)}),
        ("max_term_days", {"max_term_days": 0}),
        ("valid_until", {"valid_until": date(2025, 1, 1)}),
        ("iban", {"is_notified": True, "iban": ""}),
        ("iban", {"iban": "FR7630006000011234567890188"}),
        ("siren", {"siren": "732829321"}),
    ],
)
def test_terms_that_cannot_be(company: Company, field: str, terms: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        make_agreement(company, **terms)
    assert list(refused.value.errors) == [field]


def test_only_who_sets_the_company_s_policy_agrees(company: Company, account: CustomerAccount) -> None:
    with pytest.raises(NotAllowed):
        set_agreement(company=company, valid_from=TODAY, by=make_user("credit_manager", company), at=AT)
    make_agreement(company)
    word: dict[str, Any] = {"status": "APPROVED", "amount": Decimal(1), "effective_on": TODAY, "at": AT}
    with pytest.raises(NotAllowed):
        record_approval(account_id=account.pk, by=make_user("receivables_accountant", company), **word)
    with pytest.raises(NotFound):
        record_approval(account_id=account.pk, by=make_user("credit_manager"), **word)


def test_a_reduction_takes_effect_on_its_day(company: Company, account: CustomerAccount) -> None:
    agreement = make_agreement(company)
    approve(account, "1000", effective_on=day(-30))
    approve(account, "400", effective_on=day(5), status="REDUCED")
    approve(account, "0", effective_on=day(9), status="CANCELLED")
    found = [limit(agreement, account, day(offset)) for offset in (-31, -30, 4, 5, 8, 9)]
    assert found == [None, 1000, 1000, 400, 400, None]


def test_an_approval_ends_on_its_last_day(company: Company, account: CustomerAccount) -> None:
    agreement = make_agreement(company)
    approve(account, "1000", effective_on=day(-30), valid_until=day(2))
    assert [limit(agreement, account, day(offset)) for offset in (2, 3)] == [1000, None]


def test_another_factor_s_word_does_not_count(company: Company, account: CustomerAccount) -> None:
    make_agreement(company, valid_from=day(-100))
    approve(account, effective_on=day(-90))
    other = make_agreement(company, valid_from=day(-10), factor="Other", number="O-1")
    assert limit(other, account, TODAY) is None
    approve(account, "70", effective_on=day(-5))
    assert limit(other, account, TODAY) == 70


def test_words_that_cannot_be(company: Company, account: CustomerAccount) -> None:
    with pytest.raises(NoAgreement):
        approve(account)
    make_agreement(company)
    for field, amount, word in (
        ("amount", "0", {}),
        ("amount", "0.001", {}),
        ("amount", "5", {"status": "REFUSED"}),
        ("status", "5", {"status": "MAYBE"}),
        ("valid_until", "5", {"valid_until": date(2026, 1, 31)}),
    ):
        with pytest.raises(Invalid) as refused:
            approve(account, amount, **word)
        assert list(refused.value.errors) == [field]
    kept = approve(account)
    assert approve(account) == kept
    with pytest.raises(ApprovalKnown):
        approve(account, "999")


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("factor_approval_amount_fits_its_word", {"amount": 0}),
        ("factor_approval_amount_fits_its_word", {"status": "REFUSED"}),
        ("factor_approval_ends_after_start", {"valid_until": TODAY - timedelta(days=1)}),
    ],
)
def test_the_database_refuses_words(
    account: CustomerAccount, constraint: str, fields: dict[str, Any]
) -> None:
    agreement = make_agreement(account.company)
    given = {
        "agreement": agreement, "company": account.company, "entity": account.entity, "amount": 5, "currency": "EUR",
        "status": "APPROVED", "effective_on": TODAY, "recorded_at": AT, "recorded_by": agreement.recorded_by,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint):
        FactorApproval.objects.create(**given | fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("factor_agreement_ends_after_start", {"valid_until": date(2025, 12, 31)}),
        ("factor_shares_of_a_hundred", {"advance_pct": 101}),
        ("factor_takes_some_term", {"max_term_days": 0}),
        ("notified_factor_has_an_account", {"is_notified": True}),
        ("factor_siren_of_nine_digits", {"siren": "7328293"}),
    ],
)
def test_the_database_refuses_terms(company: Company, constraint: str, fields: dict[str, Any]) -> None:
    given = {
        "company": company, "factor": "F", "number": "1", "valid_from": date(2026, 1, 1), "with_recourse": True,
        "is_notified": False, "guarantee_fund_pct": 10, "advance_pct": 85, "commission_pct": 1, "max_term_days": 60,
        "max_overdue_days": 0, "recorded_at": AT, "recorded_by": make_user("finance_director", company),
    }  # fmt: skip
    with pytest.raises(IntegrityError, match=constraint):
        FactorAgreement.objects.create(**given | fields)


def test_nobody_changes_a_row(company: Company, account: CustomerAccount) -> None:
    rows: list[Any] = [make_agreement(company), approve(account)]
    for row in rows:
        with pytest.raises(DatabaseError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(recorded_at=AT)
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()


def test_terms_and_word_are_entered_on_screen(
    client: Client, company: Company, account: CustomerAccount
) -> None:
    client.force_login(make_user("finance_director", company))
    terms = {
        "factor": "Factor SA", "number": "F-1", "valid_from": "1/1/2026", "with_recourse": "on", "is_notified": "on",
        "advance_pct": "85", "guarantee_fund_pct": "10", "commission_pct": "0,5", "max_term_days": "90",
        "max_overdue_days": "5", "iban": IBAN, "siren": "732 829 320",
    }  # fmt: skip
    page = reverse("credit:factor_agreement")
    assert client.post(page, terms | {"iban": ""}).status_code == 422
    assert client.post(page, terms).status_code == 302
    row = FactorAgreement.objects.get()
    assert row.siren == "732829320"
    assert (row.with_recourse, row.is_notified, row.commission_pct, row.iban) == (
        True,
        True,
        Decimal("0.5"),
        IBAN,
    )
    assert "F-1" in client.get(page).content.decode()
    form = reverse("credit:new_factor_approval", args=[account.code])
    assert (
        client.post(form, {"status": "APPROVED", "amount": "", "effective_on": "1/11/2026"}).status_code
        == 422
    )
    answer = client.post(form, {"status": "APPROVED", "amount": "5000", "effective_on": "1/11/2026"})
    assert answer.status_code == 302
    assert FactorApproval.objects.get().amount == 5000
    listed = client.get(reverse("credit:factor_approvals")).content.decode()
    assert account.name in listed
    exported = client.get(reverse("credit:factor_approvals"), {"export": "csv"})
    assert b"5000" in b"".join(exported)
