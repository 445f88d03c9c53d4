"""The aged balance: same figures as the pure rule, as of any day, within the reader's sight, tied to documents."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Company, CustomerAccount, EntityMembership, GroupMembership, User
from credit.enums import Level
from credit.models import CreditLimit, TemporaryLimit
from invoicing import services
from invoicing.ageing import Basis, OpenItem, age_items
from invoicing.models import ReceivableItem
from invoicing.queries import items_on
from o2c.reports.aged_balance import AgedBalance, aged_balance
from o2c.reports.history import overdue_history
from o2c.reports.scope import Selection
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="A1", name="Bravo")


def report(company: Company, **asked: Any) -> AgedBalance:
    return aged_balance(**{"user": None, "company": company, "as_of": TODAY, **asked})


def match(
    credit: ReceivableItem, debit: ReceivableItem, amount: str, by: User, days: int = 0, **fields: Any
) -> int:
    made = services.allocate(
        from_item_id=credit.pk,
        to_item_id=debit.pk,
        amount=Decimal(amount),
        by=by,
        at=AT + timedelta(days=days),
        **fields,
    )
    return made.pk


def make_book(company: Company, by: User) -> list[CustomerAccount]:
    """Two clients with items of every age, credits, a match dated ahead, one undone, two currencies."""
    first = CustomerAccountFactory(company=company, code="A1", name="Bravo")
    second = CustomerAccountFactory(company=company, code="A2", name="Alpha")
    for position, late in enumerate((-12, 0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 400)):
        amount = Decimal(100) + position
        make_item(first, amount, by=by, issued=day(-late - 30) if late > -30 else TODAY, due=day(-late))
    make_invoice(second, "-25.25", by=by, issued=day(-5), due=day(-5))
    old = make_item(second, "80", by=by, issued=day(-100), due=day(-70))
    young = make_item(second, "60", by=by, issued=day(-20), due=day(-10))
    match(make_credit(second, "60", by=by, received=day(6)), young, "60", by)
    undone = match(make_credit(second, "80", by=by, received=day(-40)), old, "80", by, days=-30)
    services.unallocate(allocation_id=undone, by=by, at=AT - timedelta(days=3))
    make_item(second, "500", by=by, currency="USD", issued=day(-50), due=day(-20))
    make_payment(None, "77", by=by, company=company)
    services.dispute_amount(item_id=young.pk, amount=Decimal(45), on=day(-4), by=by, at=AT)
    return [first, second]


def expected(
    company: Company, on: date, basis: Basis, edges: tuple[int, ...]
) -> dict[tuple[str, str], dict[str, Decimal]]:
    """The same figures from the pure rule, over the rows of the drill-down."""
    items: dict[tuple[str, str], list[OpenItem]] = {}
    rows = items_on(CustomerAccount.objects.filter(company=company), on=on, open_only=True)
    for item in rows.select_related("account"):
        key = (item.account.code, item.currency)
        items.setdefault(key, []).append(OpenItem(item.issue_date, item.due_date, item.open_on))
    return {key: age_items(found, on, basis, edges) for key, found in items.items()}


@pytest.mark.parametrize("basis", list(Basis))
def test_rows_are_those_of_the_pure_rule_and_tie_to_the_documents(
    company: Company, accountant: User, basis: Basis
):
    make_book(company, accountant)

    for offset in (-130, -41, -35, -3, 0, 6, 40):
        for edges in ((30, 60, 90, 120), (30, 60, 90), (10,)):
            found = report(company, as_of=day(offset), by=basis, buckets=edges)

            assert {
                (row.account, row.currency): dict(zip(found.bucket_names, row.buckets, strict=True))
                | {"credits": row.credits, "total": row.total}
                for row in found.rows
            } == expected(company, day(offset), basis, edges)
            assert [total.difference for total in found.totals] == [Decimal(0)] * len(found.totals)


def test_an_empty_book_has_no_rows_and_one_line_of_zeros(company: Company):
    answer = report(company).as_contract()

    assert answer == {
        "as_of": TODAY.isoformat(),
        "company": "TEST",
        "scope": "company",
        "rows": [],
        "totals": {
            "currency": "EUR",
            "not_due": "0.00",
            "d1_30": "0.00",
            "d31_60": "0.00",
            "d61_90": "0.00",
            "d91_120": "0.00",
            "d121_plus": "0.00",
            "credits": "0.00",
            "total": "0.00",
            "disputed": "0.00",
            "oldest_days": 0,
        },
        "control": {"currency": "EUR", "ledger_total": "0.00", "difference": "0.00"},
    }


def test_the_contract_of_a_row(company: Company, accountant: User):
    rep = make_user("sales", company, "paul")
    account = CustomerAccountFactory(company=company, code="A1", name="Bravo", rep=rep)
    make_item(account, "100.10", by=accountant, due=day(-3))
    item = make_item(account, "50", by=accountant, due=day(-40))
    services.dispute_amount(item_id=item.pk, amount=Decimal(50), on=TODAY, by=accountant, at=AT)
    make_credit(account, "20", by=accountant)

    assert report(company).as_contract()["rows"] == [
        {
            "account": "A1",
            "name": "Bravo",
            "siren": account.siren,
            "sales_rep": "paul",
            "currency": "EUR",
            "not_due": "0.00",
            "d1_30": "100.10",
            "d31_60": "50.00",
            "d61_90": "0.00",
            "d91_120": "0.00",
            "d121_plus": "0.00",
            "credits": "-20.00",
            "total": "130.10",
            "disputed": "50.00",
            "limit": None,
            "oldest_days": 40,
        }
    ]


def test_several_currencies_have_totals_and_control_lines_each(company: Company, accountant: User):
    make_book(company, accountant)

    answer = report(company).as_contract()

    assert [(row["account"], row["currency"]) for row in answer["rows"]] == [
        ("A2", "EUR"),
        ("A2", "USD"),
        ("A1", "EUR"),
    ]
    assert [(total["currency"], total["total"]) for total in answer["totals"]] == [
        ("EUR", "1300.75"),
        ("USD", "500.00"),
    ]
    assert answer["control"]["ledger_total"] == {"EUR": "1300.75", "USD": "500.00"}
    assert answer["control"]["difference"] == "0.00"


def test_a_book_all_in_another_currency_is_a_single_one(
    company: Company, account: CustomerAccount, accountant: User
):
    make_item(account, "10", by=accountant, currency="USD")
    answer = report(company).as_contract()
    assert (answer["totals"]["currency"], answer["control"]["ledger_total"]) == ("USD", "10.00")


def test_a_past_day_stays_as_it_was(company: Company, account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant, issued=day(-60), due=day(-30))
    credit = make_credit(account, by=accountant, received=day(-5))
    past = report(company, as_of=day(-10)).as_contract()

    made = match(credit, debit, "100", accountant)
    assert report(company, as_of=day(-10)).as_contract() == past
    services.unallocate(allocation_id=made, by=accountant, at=AT)
    assert report(company, as_of=day(-10)).as_contract() == past
    assert [row.total for row in report(company).rows] == [Decimal(0)]


def test_money_announced_counts_from_its_day(company: Company, account: CustomerAccount, accountant: User):
    debit = make_item(account, by=accountant, due=day(-1))
    match(make_credit(account, by=accountant, received=day(2)), debit, "100", accountant)

    assert [row.buckets[1] for row in report(company).rows] == [Decimal(100)]
    assert report(company, as_of=day(2)).rows == ()


def test_a_rep_reads_the_own_portfolio_and_totals_of_it_alone(company: Company, accountant: User):
    rep = make_user("sales", company, "paul")
    mine, other = CustomerAccountFactory(company=company, rep=rep), CustomerAccountFactory(company=company)
    make_item(mine, "10", by=accountant)
    make_item(other, "99", by=accountant)

    seen = report(company, user=rep).as_contract()

    assert [row["account"] for row in seen["rows"]] == [mine.code]
    assert (seen["scope"], seen["totals"]["total"]) == ("portfolio", "10.00")
    assert seen["control"] == {"currency": "EUR", "ledger_total": "10.00", "difference": "0.00"}
    with pytest.raises(NotFound):
        report(company, user=rep, selection=Selection(account=other.code))
    everything = report(company, user=accountant)
    assert (everything.scope, everything.totals[0].total) == ("company", Decimal(109))


def test_filters_by_client_and_by_rep(company: Company, accountant: User):
    rep = make_user("sales", company, "paul")
    mine, other = CustomerAccountFactory(company=company, rep=rep), CustomerAccountFactory(company=company)
    make_item(mine, "10", by=accountant)
    make_item(other, "99", by=accountant)

    for asked, code in (({"account": other.code}, other.code), ({"sales_rep": "paul"}, mine.code)):
        found = report(company, user=accountant, selection=Selection(**asked))
        assert [row.account for row in found.rows] == [code]
        assert (found.scope, found.totals[0].difference) == ("selection", Decimal(0))
    assert report(company, selection=Selection(sales_rep="nobody")).rows == ()


def test_filters_by_legal_entity_and_by_group_of_the_day(company: Company, accountant: User):
    group = CustomerGroupFactory(code="GRP")
    old, new = LegalEntityFactory(), LegalEntityFactory(group=group)
    moved = CustomerAccountFactory(company=company, code="M1", entity=new)
    stayed = CustomerAccountFactory(company=company, code="S1", entity=new)
    for account in (moved, stayed):
        make_item(account, "10", by=accountant, issued=day(-60))
    EntityMembership.objects.filter(account=moved).delete()
    EntityMembership.objects.create(account=moved, entity=old, valid_from=day(-900), valid_to=day(-5))
    EntityMembership.objects.create(account=moved, entity=new, valid_from=day(-5))

    def codes(on: date, **asked: str) -> list[str]:
        found = report(company, as_of=on, selection=Selection(**asked))
        assert found.totals[0].difference == 0
        return sorted(row.account for row in found.rows)

    assert codes(TODAY, siren=str(new.siren)) == ["M1", "S1"]
    assert codes(day(-6), siren=str(new.siren)) == ["S1"]
    assert codes(day(-6), siren=str(old.siren)) == ["M1"]
    assert codes(TODAY, group="GRP") == ["M1", "S1"]
    assert codes(day(-6), group="GRP") == ["S1"]
    with pytest.raises(NotFound):
        report(company, selection=Selection(siren=str(old.siren)))


def test_a_group_of_a_past_day_is_who_was_in_it_then(company: Company, accountant: User):
    before, after = CustomerGroupFactory(code="OLD"), CustomerGroupFactory(code="NEW")
    entity = LegalEntityFactory(group=after)
    GroupMembership.objects.filter(entity=entity).delete()
    GroupMembership.objects.create(entity=entity, group=before, valid_from=day(-900), valid_to=day(-5))
    GroupMembership.objects.create(entity=entity, group=after, valid_from=day(-5))
    make_item(CustomerAccountFactory(company=company, code="M1", entity=entity), "10", by=accountant)

    for on, group, other in ((day(-6), "OLD", "NEW"), (TODAY, "NEW", "OLD")):
        found = report(company, as_of=on, selection=Selection(group=group))
        assert [row.account for row in found.rows] == ["M1"]
        with pytest.raises(NotFound):
            report(company, as_of=on, selection=Selection(group=other))


def test_another_companys_book_is_not_in_it(company: Company, account: CustomerAccount, accountant: User):
    sister = CustomerAccountFactory(entity=account.entity)
    make_item(sister, by=make_user("receivables_accountant", sister.company))
    assert report(company).rows == ()


def test_rights_and_unreadable_questions(company: Company, account: CustomerAccount):
    with pytest.raises(NotAllowed):
        report(company, user=make_user("dispute_owner", company))
    with pytest.raises(NotAllowed):
        report(company, user=make_user("finance_director", CompanyFactory()))
    with pytest.raises(NotFound):
        report(company, selection=Selection(account="NOBODY"))
    for asked in ({"buckets": (60, 30)}, {"buckets": ()}, {"by": "shoe size"}):
        with pytest.raises(Invalid):
            report(company, **asked)


def limit(
    level: Level,
    amount: str | None,
    by: User,
    *,
    until: date | None = None,
    currency: str = "EUR",
    **target: Any,
) -> None:
    CreditLimit.objects.create(
        level=level,
        kind="unlimited" if amount is None else "base",
        amount=amount,
        currency=currency,
        valid_from=day(-30),
        valid_until=until or day(30),
        reason="because",
        decided_by=by,
        decided_at=AT,
        **target,
    )


def test_the_limit_shown_is_the_lowest_decided_one_of_the_day(company: Company, accountant: User):
    group = CustomerGroupFactory()
    found: dict[str, str | None] = {}
    accounts = {
        name: CustomerAccountFactory(company=company, entity=LegalEntityFactory(group=group), code=name)
        for name in ("OWN", "ENTITY", "GROUP", "NONE_HERE", "UNLIMITED", "EXPIRED", "DOLLARS")
    }
    alone = CustomerAccountFactory(company=company, code="NOBODY")
    for account in (*accounts.values(), alone):
        make_item(account, by=accountant)
    limit(Level.ACCOUNT, "1000", accountant, account=accounts["OWN"])
    limit(Level.ENTITY, "7", accountant, entity=accounts["OWN"].entity)
    limit(Level.ENTITY, "2000", accountant, entity=accounts["ENTITY"].entity)
    limit(Level.GROUP, "3000", accountant, group=group)
    limit(Level.ACCOUNT, None, accountant, account=accounts["UNLIMITED"])
    limit(Level.ACCOUNT, "9", accountant, account=accounts["EXPIRED"], until=day(-1))
    limit(Level.ACCOUNT, "9", accountant, account=accounts["DOLLARS"], currency="USD")
    TemporaryLimit.objects.create(
        level=Level.ACCOUNT,
        account=accounts["OWN"],
        amount=50,
        currency="EUR",
        valid_from=day(-1),
        valid_until=TODAY,
        reason="because",
        decided_by=accountant,
        decided_at=AT,
    )

    found = {row["account"]: row["limit"] for row in report(company).as_contract()["rows"]}

    assert found == {
        "OWN": "1050.00",
        "ENTITY": "2000.00",
        "GROUP": "3000.00",
        "NONE_HERE": "3000.00",
        "UNLIMITED": None,
        "EXPIRED": "0.00",
        "DOLLARS": None,
        "NOBODY": None,
    }
    before = {row["account"]: row["limit"] for row in report(company, as_of=day(-31)).as_contract()["rows"]}
    assert set(before.values()) == {None}


def test_one_statement_reads_however_many_clients(
    company: Company, accountant: User, django_assert_num_queries
):
    make_book(company, accountant)
    for _ in range(3):
        make_item(CustomerAccountFactory(company=company), by=accountant)

    # Whether anything has moved, the memory allowed, the statement.
    with django_assert_num_queries(3):
        assert len(report(company).rows) == 6


def test_what_moves_while_the_report_is_asked_for_is_counted(
    company: Company, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    """Nothing had moved, says the first look; a match dated ahead comes in before the statement reads the book."""
    make_book(company, accountant)
    before = report(company)

    monkeypatch.setattr("o2c.reports.aged_balance.moved_after", lambda day: False)
    assert report(company) == before
    assert before.totals[0].difference == 0


def test_the_history_of_the_overdue_is_that_of_each_reports_day(company: Company, accountant: User):
    make_book(company, accountant)

    points = overdue_history(user=None, company=company, as_of=TODAY, months=12)

    assert [point.day for point in points[-3:]] == [date(2026, 9, 30), date(2026, 10, 31), TODAY]
    assert len(points) == 12
    for point in points:
        total = next(t for t in report(company, as_of=point.day).totals if t.currency == "EUR")
        assert (point.owed, point.overdue) == (sum(total.buckets), sum(total.buckets[1:]))


def test_the_history_is_limited_to_the_readers_sight(company: Company, accountant: User):
    rep = make_user("sales", company, "paul")
    make_item(CustomerAccountFactory(company=company, rep=rep), "10", by=accountant)
    make_item(CustomerAccountFactory(company=company), "99", by=accountant)

    assert overdue_history(user=rep, company=company, as_of=TODAY, months=1)[0].overdue == Decimal(10)
