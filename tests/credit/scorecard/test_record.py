"""Years and facts of a legal entity: entered by right, checked, kept, and rated at once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Company, CustomerAccount, User
from accounts.services import Effect
from credit.models import EntityFacts, FinancialStatement, ScoreCard
from credit.scorecard import services
from credit.scorecard.services import KnownRow, StatementRow
from credit.scorecard.services.record import NothingNew
from credit.services.cover import EntityUnknown
from o2c.shared import work
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day

YEAR = date(2025, 12, 31)


def enter(account: CustomerAccount, by: User, **fields: Any) -> FinancialStatement:
    given: dict[str, Any] = {"closed_on": YEAR, "equity": Decimal(35), "total_assets": Decimal(100)}
    return services.record_statement(account_id=account.pk, by=by, at=AT, **given | fields)


def know(account: CustomerAccount, by: User, **fields: Any) -> EntityFacts:
    return services.record_facts(account_id=account.pk, by=by, at=AT, known=KnownRow(**fields))


def test_a_year_is_kept_and_rates_every_client_of_the_entity(
    company: Company, account: CustomerAccount, analyst: User
) -> None:
    sister = CustomerAccountFactory(company=company, entity=account.entity)
    elsewhere = CustomerAccountFactory(entity=account.entity)
    made = enter(account, analyst)
    work.drain()
    cards = dict(ScoreCard.objects.values_list("account", "risk_class"))
    assert cards == {account.pk: "C", sister.pk: "C", elsewhere.pk: ""}
    event = AuditEvent.objects.get(action="statement.recorded")
    assert event.object_id == made.pk
    assert (event.after or {}).items() >= {"equity": "35", "source": "entered"}.items()


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("closed_on", {"closed_on": day(1)}),
        ("equity", {"equity": None, "total_assets": None}),
        ("equity", {"equity": Decimal(101)}),
        ("total_assets", {"total_assets": Decimal(-1), "equity": None}),
        ("current_assets", {"current_assets": Decimal(101)}),
        ("revenue", {"revenue": Decimal(10) ** 14}),
        ("currency", {"currency": "euro"}),
    ],
)
def test_figures_that_cannot_be_are_refused(
    account: CustomerAccount, analyst: User, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        enter(account, analyst, **fields)
    assert set(refusal.value.errors) == {field}
    assert not FinancialStatement.objects.exists()


def test_the_same_year_twice_is_refused_and_another_word_is_kept_beside(
    account: CustomerAccount, analyst: User
) -> None:
    enter(account, analyst)
    with pytest.raises(NothingNew):
        enter(account, analyst)
    enter(account, analyst, equity=Decimal(20))
    assert list(FinancialStatement.objects.values_list("equity", flat=True)) == [Decimal(20), Decimal(35)]


def test_who_may_not_enter(account: CustomerAccount, rep: User, accountant: User) -> None:
    for act in (enter, know):
        for who, refusal in (
            (rep, NotAllowed),
            (accountant, NotAllowed),
            (make_user("credit_manager", CompanyFactory()), NotFound),
        ):
            with pytest.raises(refusal):
                act(account, who)
    assert not FinancialStatement.objects.exists()


def test_what_is_known_replaces_what_was(account: CustomerAccount, analyst: User) -> None:
    with pytest.raises(NothingNew):
        know(account, analyst)
    know(account, analyst, founded_on=date(2000, 1, 1), rating_scale="bdf", rating="3+", rated_on=day(-30))
    with pytest.raises(NothingNew):
        know(
            account, analyst, founded_on=date(2000, 1, 1), rating_scale="bdf", rating="3+", rated_on=day(-30)
        )
    know(account, analyst, founded_on=date(2000, 1, 1), is_natural_person=True)
    work.drain()
    assert EntityFacts.objects.count() == 2
    event = AuditEvent.objects.filter(action="entity.facts_recorded").order_by("-pk")[0]
    before, after = event.before or {}, event.after or {}
    assert (before["rating"], after["rating"], "founded_on" in after) == ("3+", "", False)
    assert ScoreCard.objects.get(account=account).known == 10


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("founded_on", {"founded_on": TODAY + timedelta(days=1)}),
        ("changed_on", {"founded_on": TODAY, "changed_on": day(-1), "change": "control"}),
        ("change", {"changed_on": TODAY}),
        ("changed_on", {"change": "address"}),
        ("rating", {"rating_scale": "bdf", "rating": "9", "rated_on": TODAY}),
        ("rating", {"rating_scale": "bureau", "rating": "many", "rated_on": TODAY}),
        ("rating", {"rating_scale": "bureau", "rating": "NaN", "rated_on": TODAY}),
        ("rating", {"rating_scale": "bureau", "rated_on": TODAY}),
        ("rating_scale", {"rating": "3", "rated_on": TODAY}),
        ("rated_on", {"rating_scale": "bdf", "rating": "3"}),
    ],
)
def test_facts_that_cannot_be_are_refused(
    account: CustomerAccount, analyst: User, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        know(account, analyst, **fields)
    assert set(refusal.value.errors) == {field}
    assert not EntityFacts.objects.exists()


def test_years_of_a_file_each_for_itself(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    siren = account.siren
    rows = [
        StatementRow(siren, YEAR, equity=Decimal(1)),
        StatementRow(siren, YEAR, equity=Decimal(1)),
        StatementRow(siren, YEAR, equity=Decimal(2)),
        StatementRow(siren, day(1), equity=Decimal(2)),
        StatementRow("404833048", YEAR, equity=Decimal(2)),
    ]
    expected = [Effect.CREATED, Effect.UNCHANGED, Effect.UPDATED, Invalid, EntityUnknown]
    for only_ask in (True, False):
        verdicts = services.record_statements(
            company=company, rows=rows, by=accountant, at=AT, only_ask=only_ask
        )
        assert [v if isinstance(v, Effect) else type(v) for v in verdicts] == expected
        assert FinancialStatement.objects.count() == (0 if only_ask else 2)
    again = services.record_statements(company=company, rows=rows[2:3], by=accountant, at=AT)
    assert again == [Effect.UNCHANGED]


def test_a_file_names_clients_of_its_own_company_only(company: Company, accountant: User, rep: User) -> None:
    foreign = CustomerAccountFactory()
    rows = [StatementRow(foreign.siren, YEAR, equity=Decimal(1))]
    (verdict,) = services.record_statements(company=company, rows=rows, by=accountant, at=AT)
    assert isinstance(verdict, EntityUnknown)
    with pytest.raises(NotAllowed):
        services.record_statements(company=company, rows=rows, by=rep, at=AT)
