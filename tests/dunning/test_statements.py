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
from accounts.models import Company, Contact, CustomerAccount, TeamMember, User
from credit.models import LegalNotice
from dunning.models import AccountStatement, HandOver, HandOverItem
from dunning.services import statements
from invoicing.models import BuyerDetails, ReceivableItem, SellerDetails
from o2c.home import reminder_notices
from o2c.shared import delivery
from o2c.shared.bounces import Action, Report
from o2c.shared.calendar import PARIS
from o2c.shared.models import AuditEvent, Notice, OutboxMessage, Work
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
    for _ in range(2):
        assert morning() == [{"sent": None, "why": "no_address"}]
    tried = AccountStatement.objects.get()
    assert (tried.attempt, tried.message, tried.why, tried.state) == (1, None, "no_address", "not_sent")
    Contact.objects.filter(account=account, name="B").update(email="found@client.test")
    morning()
    assert OutboxMessage.objects.get().to == "found@client.test"
    there = AccountStatement.objects.last_tries().get()
    assert (there.attempt, there.state, there.is_lost) == (2, "on_its_way", False)


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


def come_back(message: OutboxMessage, at: datetime = FIRST) -> None:
    """The server of the client does not know the address."""
    report = Report(message.to, Action.FAILED, "5.1.1", "unknown user")
    delivery.note_report(message, report, at=at)


def run_work() -> list[dict[str, Any]]:
    """What waits of statements, done."""
    found = []
    for row in Work.objects.filter(kind=statements.ONE, state="queued"):
        found.append(statements.send_one(work=row, **row.payload))
        row.state, row.finished_at = "done", FIRST
        row.save()
    return found


def test_what_came_back_leaves_once_more_when_somebody_asks_and_never_twice(
    wanted: ReceivableItem, account: CustomerAccount, company: Company, monkeypatch: pytest.MonkeyPatch
):
    adv = make_user("adv_officer", company)
    morning()
    first = AccountStatement.objects.get()
    assert statements.send_again(company=company, statement_ids=[first.pk], by=adv, at=FIRST) == (0, 1)
    come_back(OutboxMessage.objects.get())
    # The clock sends nothing by itself that once left, however often it asks.
    assert morning() == []
    at_day(monkeypatch, FIRST + timedelta(days=20))
    for _ in range(2):
        assert statements.send_again(company=company, statement_ids=[first.pk], by=adv, at=FIRST) == (1, 0)
    (payload,) = Work.objects.filter(kind=statements.ONE, state="queued").values_list("payload", flat=True)
    (made,) = run_work()
    second = AccountStatement.objects.get(pk=made["sent"]).message
    assert second is not None
    assert second.to == "buyer@client.test"
    # The worker was killed after it had written: the same piece of work again.
    assert statements.send_one(work=None, **payload) == {"sent": None, "why": "sent_already"}
    assert OutboxMessage.objects.count() == 2
    acts = AuditEvent.objects.filter(action__startswith="client_statement").order_by("pk")
    assert [(each.action, each.actor_id) for each in acts] == [
        ("client_statement.sent", None),
        ("client_statement.asked_again", adv.pk),
        ("client_statement.asked_again", adv.pk),
        ("client_statement.sent", adv.pk),
    ]


def test_asked_for_again_it_still_goes_to_nobody_in_proceedings(
    wanted: ReceivableItem, account: CustomerAccount, company: Company, accountant: User
):
    adv = make_user("adv_officer", company)
    morning()
    come_back(OutboxMessage.objects.get())
    LegalNotice.objects.create(
        company=company, entity=account.entity, kind="RECEIVERSHIP", judgement_on=day(-2), published_on=day(0),
        reference="A-2", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    last = AccountStatement.objects.get()
    assert statements.send_again(company=company, statement_ids=[last.pk], by=adv, at=FIRST) == (1, 0)
    assert run_work() == [{"sent": None, "why": "not_wanted"}]


def test_once_every_address_came_back_the_second_try_says_so(
    wanted: ReceivableItem, account: CustomerAccount, company: Company
):
    Contact.objects.filter(account=account, name="B").delete()
    morning()
    come_back(OutboxMessage.objects.get())
    last = AccountStatement.objects.get()
    statements.send_again(
        company=company, statement_ids=[last.pk], by=make_user("adv_officer", company), at=FIRST
    )
    assert run_work() == [{"sent": None, "why": "no_address"}]
    assert AccountStatement.objects.last_tries().get().why == "no_address"


def test_the_list_says_who_got_nothing_and_sends_it_again(
    wanted: ReceivableItem, account: CustomerAccount, company: Company, accountant: User, client: Any
):
    nobody = CustomerAccountFactory(company=company, name="Nobody there")
    make_item(nobody, by=accountant)
    morning()
    adv = make_user("adv_officer", company, language="en")
    client.force_login(adv)
    page = client.get("/collections/statements/").content.decode()
    assert account.name in page
    assert "there is no address it could go to" in page
    lost = client.get("/collections/statements/", {"status": "not_there"}).content.decode()
    assert account.name not in lost
    assert "Nobody there" in lost
    assert "Nobody there" not in client.get("/collections/statements/", {"status": "left"}).content.decode()
    month = client.get("/collections/statements/", {"month": "2026-09-01"}).content.decode()
    assert "Nobody there" not in month
    file = b"".join(client.get("/collections/statements/?export=csv")).decode("utf-8-sig")
    assert "2026-11" in file
    tried = AccountStatement.objects.get(account=nobody)
    reachable(nobody)
    answer = client.post("/collections/statements/again/", {"ids": [tried.pk]}, follow=True)
    assert "1 statement is on its way" in answer.content.decode()
    run_work()
    assert AccountStatement.objects.last_tries().get(account=nobody).state == "on_its_way"
    answer = client.post("/collections/statements/again/", {"ids": [tried.pk]}, follow=True)
    assert "left already" in answer.content.decode()
    assert (
        "Choose the statements" in client.post("/collections/statements/again/", follow=True).content.decode()
    )
    assert client.get("/collections/statements/").status_code == 200


def test_the_list_asks_as_much_for_three_as_for_one(
    wanted: ReceivableItem, company: Company, accountant: User, client: Any
):
    client.force_login(make_user("adv_officer", company))
    morning()

    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            assert client.get("/collections/statements/").status_code == 200
        return len(sent)

    asked()
    one = asked()
    for _ in range(2):
        make_item(CustomerAccountFactory(company=company), by=accountant)
    morning()
    assert AccountStatement.objects.count() == 3
    assert asked() == one


def test_whoever_keeps_the_client_is_told_and_sees_it_wait(
    wanted: ReceivableItem, account: CustomerAccount, company: Company, client: Any
):
    adv = make_user("adv_officer", company, language="en")
    TeamMember.objects.create(account=account, user=adv, role="adv", valid_from=day(-90))
    morning()
    message = OutboxMessage.objects.get()
    assert reminder_notices.statement_bounced(work=None, message_id=message.pk) == {"told": 0}
    come_back(message)
    assert reminder_notices.reminder_bounced(work=None, message_id=message.pk) == {"told": 0}
    assert reminder_notices.statement_bounced(work=None, message_id=message.pk)["told"] == 1
    notice = Notice.objects.get(kind="client_statement.bounced")
    assert notice.user == adv
    client.force_login(adv)
    home = client.get("/").content.decode()
    assert "Statement came back" in home
    assert account.name in client.get(notice.url).content.decode()


def test_a_try_left_or_says_why(account: CustomerAccount):
    month = FIRST.date().replace(month=11)
    kept: dict[str, Any] = {"company": account.company, "account": account, "month": month, "made_at": AT}
    for broken in ({}, {"why": "other"}, {"why": "no_address", "attempt": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountStatement.objects.create(**kept | broken)
    AccountStatement.objects.create(**kept, why="no_address")
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountStatement.objects.create(**kept, why="too_long")
