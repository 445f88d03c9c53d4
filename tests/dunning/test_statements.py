"""Statements of account at the end of a month: whoever wants one gets it once, in its language, by its channel."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from credit.models import LegalNotice
from dunning.models import AccountStatement, HandOver, HandOverItem
from dunning.services import statements
from invoicing.models import BuyerDetails, ReceivableItem, SellerDetails
from o2c.shared.calendar import PARIS
from o2c.shared.models import OutboxMessage, Work
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item

pytestmark = pytest.mark.django_db
# The morning of the first of December: the statement says what was open on the thirtieth of November.
FIRST = datetime(2026, 12, 1, 6, 40, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def _that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    at_day(monkeypatch, FIRST)


def at_day(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    monkeypatch.setattr(statements.timezone, "now", lambda: at)


@pytest.fixture
def wanted(company: Company, account: CustomerAccount, accountant: User) -> ReceivableItem:
    """Of a company that sends statements, a client who owes something and can be reached."""
    SellerDetails.objects.create(company=company, sends_statements=True)
    reachable(account)
    return make_item(account, "1234.50", by=accountant, issued=day(-40), due=day(-10))


def reachable(account: CustomerAccount) -> None:
    Contact.objects.create(account=account, name="B", role=ContactRole.BUYER, email="buyer@client.test")
    Contact.objects.create(
        account=account, name="A", role=ContactRole.ACCOUNTS_PAYABLE, email=f"{account.code}@client.test"
    )


def morning() -> list[dict[str, Any]]:
    """What the clock asks for and what comes of it."""
    statements.send_due()
    found = []
    for row in Work.objects.filter(kind=statements.ONE, state="queued"):
        found.append(statements.send_one(work=row, **row.payload))
        row.state, row.finished_at = "done", FIRST
        row.save()
    return found


def text_of(message: OutboxMessage) -> str:
    with default_storage.open(message.files[0]["path"]) as stored:
        return " ".join(PdfReader(BytesIO(stored.read())).pages[0].extract_text().split())


@pytest.mark.parametrize(
    ("language", "subject", "name", "open_"),
    [
        ("fr", "Relevé de compte de novembre 2026", "releve-", "1 234,50"),
        ("en", "Statement of account of November 2026", "statement-", "1,234.50"),
    ],
)
def test_a_client_gets_its_statement_of_the_month_once_in_its_language(
    wanted: ReceivableItem,
    account: CustomerAccount,
    accountant: User,
    language: str,
    subject: str,
    name: str,
    open_: str,
):
    account.language = language
    account.save(update_fields=["language"])
    # What came in after the month is not in it.
    make_item(account, "99.00", by=accountant, issued=day(8), due=day(38), at=AT + timedelta(days=8))
    (made,) = morning()
    message = OutboxMessage.objects.get()
    assert AccountStatement.objects.get(pk=made["sent"]).message == message
    assert (message.channel, message.to, message.language) == (
        "email",
        f"{account.code}@client.test",
        language,
    )
    assert message.subject.startswith(subject)
    assert message.files[0]["name"].startswith(name)
    said = text_of(message).replace("\u202f", " ").replace("\u00a0", " ")
    assert open_ in said
    assert "99" not in said.replace(account.code, "")
    assert morning() == []
    assert statements.send_one(work=None, account_id=account.pk, month="2026-11-01")["sent"] is None
    assert OutboxMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("company_does", "client", "channel"),
    [
        (False, "", None),
        (True, "", "email"),
        (True, "never", None),
        (True, "post", "post"),
        (False, "email", "email"),
        (False, "post", "post"),
    ],
)
def test_the_client_s_choice_goes_before_that_of_the_company(
    company: Company,
    account: CustomerAccount,
    accountant: User,
    company_does: bool,
    client: str,
    channel: str | None,
):
    account.address_line1, account.postcode, account.city = "3 rue du Port", "69002", "Lyon"
    account.save(update_fields=["address_line1", "postcode", "city"])
    SellerDetails.objects.create(company=company, sends_statements=company_does)
    BuyerDetails.objects.create(account=account, statements=client)
    reachable(account)
    make_item(account, by=accountant)
    morning()
    assert [row.channel for row in OutboxMessage.objects.all()] == ([channel] if channel else [])


def test_who_owes_nothing_is_with_an_agency_or_in_proceedings_gets_none(
    wanted: ReceivableItem, company: Company, accountant: User
):
    nothing, settled, agency, frozen = (CustomerAccountFactory(company=company) for _ in range(4))
    for each in (nothing, settled, agency, frozen):
        reachable(each)
    make_item(settled, "10.00", by=accountant, issued=day(9), due=day(39), at=AT + timedelta(days=9))
    owed = make_item(agency, by=accountant)
    make_item(frozen, by=accountant)
    hand_over = HandOver.objects.create(
        company=company, account=agency, to="agency", route="amicable", recipient="Agency", amount=100, currency="EUR",
        reason="no answer", handed_on=TODAY, handed_at=AT, handed_by=accountant,
    )  # fmt: skip
    HandOverItem.objects.create(hand_over=hand_over, item=owed, amount=100)
    LegalNotice.objects.create(
        company=company, entity=frozen.entity, kind="RECEIVERSHIP", judgement_on=day(-40), published_on=day(-30),
        reference="A-1", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    morning()
    assert [row.account_id for row in AccountStatement.objects.all()] == [wanted.account_id]


def test_one_that_nothing_reaches_waits_until_somebody_mends_it(
    wanted: ReceivableItem, account: CustomerAccount
):
    Contact.objects.filter(account=account).update(email="")
    assert morning() == [{"sent": None, "why": "no_address"}]
    Contact.objects.filter(account=account, name="B").update(email="found@client.test")
    morning()
    assert OutboxMessage.objects.get().to == "found@client.test"


def test_statements_leave_in_the_first_days_of_a_month_alone(
    wanted: ReceivableItem, monkeypatch: pytest.MonkeyPatch
):
    at_day(monkeypatch, FIRST + timedelta(days=10))
    assert morning() == []
    at_day(monkeypatch, FIRST + timedelta(days=9))
    assert len(morning()) == 1


def test_of_another_company_that_sends_none(wanted: ReceivableItem):
    other = CustomerAccountFactory(company=CompanyFactory())
    reachable(other)
    make_credit(other, by=make_user("receivables_accountant", other.company))
    morning()
    assert [row.account_id for row in AccountStatement.objects.all()] == [wanted.account_id]


def test_the_database_keeps_one_a_month_and_never_changes_it(
    wanted: ReceivableItem, account: CustomerAccount
):
    morning()
    made = AccountStatement.objects.get()
    second = OutboxMessage.objects.get()
    second.pk, second.key = None, "another"
    second.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountStatement.objects.create(
            company=account.company, account=account, month=made.month, message=second, made_at=AT
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountStatement.objects.create(
            company=account.company, account=account, month=day(0), message=second, made_at=AT
        )
    with pytest.raises(InternalError), transaction.atomic():
        AccountStatement.objects.filter(pk=made.pk).update(month=day(-22))
    with pytest.raises(InternalError), transaction.atomic():
        made.delete()


def test_the_clock_asks_as_much_for_one_as_for_many(
    wanted: ReceivableItem, company: Company, accountant: User
):
    def asked() -> int:
        Work.objects.filter(kind=statements.ONE).delete()
        with CaptureQueriesContext(connection) as sent:
            statements.send_due()
        return len(sent)

    few = asked()
    for _ in range(3):
        each = CustomerAccountFactory(company=company)
        make_item(each, by=accountant)
    assert asked() == few
