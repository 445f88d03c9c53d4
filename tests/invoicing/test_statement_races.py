"""Real threads: a file brought twice at once is booked once."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from accounts.models import User
from invoicing import services
from invoicing.models import BankStatement, Payment, PaymentReturn, ReturnProposal, StatementLine
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.invoicing import AT
from tests.factories.statements import cfonb120, entry, make_bank_account

from .test_races import race, raised

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def accountant() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="RACE"))


def test_two_uploads_at_once_book_once(accountant: User):
    company = accountant.home_company
    assert company is not None
    make_bank_account(company, accountant)
    opening = Decimal(1000)
    for _ in range(4):
        rows = [entry("10", f"VIR SEPA N{n}") for n in range(20)]
        bring = partial(
            services.import_statements,
            company=company,
            content=cfonb120(*rows, opening=opening),
            by=accountant,
            at=AT,
        )

        results = race([bring] * 4)

        assert raised(results) == []
        assert sorted(result[0].created for result in results) == [0, 0, 0, 20]  # type: ignore[index]
        opening += 200
    assert (BankStatement.objects.count(), StatementLine.objects.count(), Payment.objects.count()) == (
        4,
        80,
        80,
    )


def test_overlapping_files_at_once_book_each_line_once(accountant: User):
    company = accountant.home_company
    assert company is not None
    make_bank_account(company, accountant)
    rows = [entry("10", f"VIR SEPA N{n}", days=n - 6) for n in range(6)]
    files = [cfonb120(*rows[n : n + 3], opening=Decimal(1000 + 10 * n)) for n in range(4)]
    acts = [
        partial(services.import_statements, company=company, content=content, by=accountant, at=AT)
        for content in files
    ]

    results = race(acts)

    assert raised(results) == []
    assert Payment.objects.count() == 6


def test_one_bank_account_however_many_name_it(accountant: User):
    company = accountant.home_company
    assert company is not None
    results = race([partial(make_bank_account, company, accountant)] * 4)
    assert raised(results) == []
    assert len({row.pk for row in results}) == 1  # type: ignore[attr-defined]


def test_a_return_is_settled_once(accountant: User):
    company = accountant.home_company
    assert company is not None
    make_bank_account(company, accountant)
    content = cfonb120(entry("72", "PRLV SEPA LEROY", days=-1), entry("-72", "IMPAYE PRLV SEPA LEROY"))
    services.import_statements(company=company, content=content, by=accountant, at=AT)
    proposal = ReturnProposal.objects.get()
    proposal.payment_id = proposal.payment_id or Payment.objects.get().pk
    act = partial(
        services.settle_return, proposal_id=proposal.pk, payment_id=proposal.payment_id, by=accountant, at=AT
    )

    assert raised(race([act] * 4)) == []

    assert PaymentReturn.objects.count() == 1
