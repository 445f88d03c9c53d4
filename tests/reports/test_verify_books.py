"""The command that proves the books, and what it proves across applications."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import nightly, standing
from credit.models import CreditStanding, ExposureSnapshot
from invoicing.models import ReceivableItem
from o2c.reports import proofs
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditSeal, Notice, Work
from orders.models import OrderLine
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_confirmed_order, make_credit, make_item

pytestmark = pytest.mark.django_db

TODAY = paris_date(timezone.now())


def verify(*more: str) -> tuple[int, list[str]]:
    out = StringIO()
    try:
        call_command("verify_books", *more, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def by(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def account(company: Company, by: User) -> CustomerAccount:
    """A client with an item, a payment and an order in confirmed state, its standing computed."""
    account = CustomerAccountFactory(company=company, code="A1")
    make_item(account, "100", by=by, number="F-1", at=timezone.now())
    make_credit(account, "30", by=by, at=timezone.now())
    make_confirmed_order(account, by=by)
    Work.objects.all().delete()
    standing.refresh([account.pk], at=timezone.now())
    standing.refresh_levels([account.entity_id], at=timezone.now())
    return account


def test_sound_books(account: CustomerAccount):
    assert verify() == (0, ["books verified: 2 items, 1 accounts, 0 differences"])
    assert verify("--company=TEST") == (0, ["books verified: 2 items, 1 accounts, 0 differences"])
    with pytest.raises(CommandError, match="no company NONE"):
        verify("--company=NONE")


def test_a_broken_open_amount_is_named_and_fails(account: CustomerAccount):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE invoicing_receivableitem SET open_amount = 90 WHERE document = 'F-1'")
        cursor.execute("SET session_replication_role = DEFAULT")

    code, lines = verify()

    assert code == 1
    assert lines[0] == "TEST open amount: F-1 should be 100.00, is 90.00"
    assert lines[-1].startswith("books verified: 2 items, 1 accounts, ")
    ReceivableItem.objects.filter(document="F-1").update(open_amount=100)


def test_a_standing_that_is_not_live_is_named(account: CustomerAccount):
    CreditStanding.objects.filter(level=3).update(net_exposure=7)

    found = [(d.proof, d.document, d.found) for d in proofs.differences(today=TODAY)]

    assert ("standing, net exposure", "A1", "7.00") in found
    assert "last snapshot" in {proof for proof, _document, _found in found}
    assert "standing of a level" in {proof for proof, _document, _found in found}
    assert verify()[0] == 1


def test_figures_that_wait_for_a_worker_are_late_not_wrong(account: CustomerAccount, by: User):
    make_item(account, "55", by=by, at=timezone.now())

    code, lines = verify()

    assert (code, lines[0]) == (0, "1 accounts wait for fresh figures and were left out of the standings")


def test_a_standing_of_an_earlier_day_is_read_at_that_day(company: Company, by: User):
    account = CustomerAccountFactory(company=company)
    make_item(account, "100", by=by, at=timezone.now(), due=TODAY)
    Work.objects.all().delete()
    standing.refresh([account.pk], at=timezone.now())

    assert list(proofs.standing_differences(today=TODAY + timedelta(days=3))) == []
    CreditStanding.objects.update(overdue=1)
    assert [d.proof for d in proofs.standing_differences(today=TODAY + timedelta(days=3))] == [
        "standing, overdue"
    ]


def test_snapshots_are_those_of_the_standing(account: CustomerAccount):
    ExposureSnapshot.objects.filter(level=3).update(net_exposure=1)
    assert [(d.proof, d.document) for d in proofs.differences(today=TODAY)] == [("last snapshot", "A1")]


def test_quantities_are_those_of_deliveries_and_invoices(account: CustomerAccount):
    OrderLine.objects.update(delivered=4)
    standing.refresh([account.pk], at=timezone.now())
    standing.refresh_levels([account.entity_id], at=timezone.now())

    found = [(d.proof, d.expected, d.found) for d in proofs.differences(today=TODAY)]

    assert found == [("delivered quantity", "0", "4.000")]


def test_the_night_proves_the_seals_of_the_journal(account: CustomerAccount, company: Company) -> None:
    assert proofs.journal_differences(day=TODAY) == [], "nobody has begun to seal"
    AuditSeal.objects.create(
        number=1, form=1, first_id=1, last_id=1, count=1, event_ids=[10**9], digests=b"0" * 32, horizon=0,
        cluster="x", sealed_at=timezone.now(), previous="", head="0" * 64,
    )  # fmt: skip
    told = [str(proofs.Difference(**row)) for row in proofs.journal_differences(day=TODAY)]
    assert told[0] == "audit seal: audit seal 1 was changed after it was made"
    assert any("was deleted after it was sealed" in line for line in told)
    assert proofs.journal_differences(company=company, day=TODAY) == []
    manager = make_user("credit_manager", company)
    run = nightly.run_in_foreground(at=timezone.now())
    assert [row["proof"] for row in run.differences] == ["audit seal"] * len(run.differences) != []
    work.drain()
    assert "audit seal 1" in str(Notice.objects.get(user=manager, kind="book.differs").figures)
