"""Calls and the work list: what an outcome does, who is to be called and why."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from disputes.models import Dispute
from dunning.enums import PromiseStatus
from dunning.models import Call, DunningRun, PromiseToPay, Reminder
from dunning.policy import Rank, WorkFacts, chance, rank_reason, topic_of
from dunning.queries import worklist
from dunning.services import calls as services
from dunning.services import promises
from dunning.services.scenarios import ensure_scenario
from invoicing.models import ReceivableItem
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item

D = Decimal


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (WorkFacts(D(10), 5, broken=1, call_due=True), Rank.BROKEN),
        (WorkFacts(D(10), 5, call_due=True, again=True), Rank.CALL),
        (WorkFacts(D(10), 5, again=True), Rank.AGAIN),
        (WorkFacts(D(200), 5), Rank.LARGE),
        (WorkFacts(D(199), 91), Rank.OLD),
        (WorkFacts(D(199), 90), Rank.LATE),
    ],
)
def test_the_strongest_reason_is_named(facts: WorkFacts, reason: Rank):
    assert rank_reason(facts, large_from=D(100)) == reason


def test_chances_fall_with_age():
    assert [chance(days) for days in (1, 30, 31, 60, 61, 90, 91)] == [
        D(each) for each in ("0.95", "0.95", "0.85", "0.85", "0.70", "0.70", "0.40")
    ]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("delivery", "delivery"), ("Livraison en retard", "delivery"), ("prix et remise", "price"),
        ("Facture illisible", "invoice"), ("réponse", "service"), ("", "other"), ("the dog", "other"),
    ],
)  # fmt: skip
def test_a_topic_is_a_code_or_the_first_word_that_names_one(text: str, topic: str):
    assert topic_of(text) == topic


@pytest.fixture
def late(accountant: User) -> Any:
    today = timezone.localdate()

    def make(account: CustomerAccount, days: int, amount: str = "1000.00") -> ReceivableItem:
        due = today - timedelta(days=days)
        return make_item(
            account, amount, by=accountant, issued=due - timedelta(days=30), due=due, at=timezone.now()
        )

    return make


def call(account: CustomerAccount, by: User, **fields: Any) -> Call:
    given: dict[str, Any] = {"account_id": account.pk, "outcome": "other", "by": by, "at": timezone.now()}
    return services.record_call(**given | fields)


@pytest.mark.django_db
def test_a_promise_and_a_dispute_come_of_calls(account: CustomerAccount, accountant: User, late: Any):
    first, second = late(account, 10), late(account, 20)
    day = timezone.localdate() + timedelta(days=3)
    made = call(
        account, accountant, outcome="promise", item_ids=[first.pk], promised_date=day, spoke_to="Ms Roy"
    )
    promise = PromiseToPay.objects.get()
    assert (made.promise, promise.made_by, promise.promised_date) == (promise, "Ms Roy", day)
    made = call(
        account, accountant, outcome="dispute", item_ids=[second.pk], dispute_type="PRICE", note="too dear"
    )
    dispute = Dispute.objects.get()
    assert (made.dispute, dispute.type, dispute.origin) == (dispute, "PRICE", "call")
    assert worklist.work_list(accountant, account.company, on=timezone.localdate())[0] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "nothing"},
        {"outcome": "promise"},
        {"satisfaction": 6},
        {"next_date": timezone.localdate() - timedelta(days=1)},
    ],
)
def test_what_cannot_be_noted(account: CustomerAccount, accountant: User, fields: dict[str, Any]):
    with pytest.raises(Invalid):
        call(account, accountant, **fields)
    assert not Call.objects.exists()


@pytest.mark.django_db
def test_a_refused_promise_leaves_no_call(
    account: CustomerAccount, accountant: User, late: Any, company: Company
):
    item = late(account, 10)
    day = timezone.localdate()
    call(account, accountant, outcome="promise", item_ids=[item.pk], promised_date=day)
    with pytest.raises(promises.PromiseOpen):
        call(account, accountant, outcome="promise", item_ids=[item.pk], promised_date=day)
    assert Call.objects.count() == 1
    with pytest.raises(NotFound):
        call(account, make_user("sales", company))
    with pytest.raises(NotAllowed):
        call(account, make_user("auditor", company))


@pytest.mark.django_db
def test_a_call_that_a_scenario_asked_for_is_made(account: CustomerAccount, accountant: User):
    today = timezone.localdate()
    run = DunningRun.objects.create(
        company=account.company,
        as_of=today,
        created_at=timezone.now(),
        status="reviewed",
        approved_at=timezone.now(),
    )
    asked = Reminder.objects.create(
        company=account.company, run=run, account=account, number=1, channel="call", language="fr", as_of=today,
        step=ensure_scenario(account.company).steps.get(number=1), currency="EUR", total=1, status="to_call",
    )  # fmt: skip
    call(account, accountant, outcome="not_reached")
    asked.refresh_from_db()
    assert asked.status == "to_call"
    call(account, accountant)
    asked.refresh_from_db()
    assert asked.status == "called"


@pytest.mark.django_db
def test_the_list_is_ranked_by_what_a_call_is_worth(
    account: CustomerAccount, accountant: User, company: Company, late: Any
):
    today = timezone.localdate()
    old, large, broken, waits = account, *(CustomerAccountFactory(company=company) for _ in range(3))
    late(old, 120, "2000.00")
    late(large, 10, "1000.00")
    item = late(broken, 10, "100.00")
    late(waits, 10, "9000.00")
    late(CustomerAccountFactory(company=company), -5, "9000.00")
    promise = promises.make_promise(item_ids=[item.pk], promised_date=today, by=accountant, at=timezone.now())
    PromiseToPay.objects.filter(pk=promise.pk).update(
        status=PromiseStatus.BROKEN, ended_at=timezone.now(), ended_on=today
    )
    promise.promise_items.update(is_open=False)
    call(waits, accountant, outcome="not_reached", next_date=today + timedelta(days=1))

    listed, count = worklist.work_list(accountant, company, on=today)

    assert [(row.account, row.reason) for row in listed] == [
        (broken, Rank.BROKEN), (large, Rank.LATE), (old, Rank.OLD),
    ]  # fmt: skip
    assert (count, listed[2].worth, listed[2].chance) == (3, D("800.00"), D("0.4"))
    tomorrow, _count = worklist.work_list(accountant, company, on=today + timedelta(days=1))
    assert [row.reason for row in tomorrow if row.account == waits] == [Rank.AGAIN]


@pytest.mark.django_db
def test_readings_do_not_grow_with_the_list(
    account: CustomerAccount, accountant: User, company: Company, late: Any
):
    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            worklist.work_list(accountant, company, on=timezone.localdate())
        return len(sent)

    late(account, 10)
    few = asked()
    for _ in range(4):
        late(CustomerAccountFactory(company=company), 10)
    assert asked() == few


@pytest.mark.django_db
def test_the_sheet_notes_a_call_and_goes_on(
    client: Client, account: CustomerAccount, accountant: User, company: Company, late: Any
):
    item = late(account, 10, "5000.00")
    other = CustomerAccountFactory(company=company)
    late(other, 10, "10.00")
    client.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("dunning:work_list"))
    assert page.context["client"] == account
    assert item.document in page.content.decode()
    sheet = reverse("dunning:record_call", args=[account.code])
    bad = client.post(sheet, {"outcome": "promise"})
    assert bad.status_code == 422
    body = {"outcome": "not_reached", "next_client": other.code, "next_date": "+2", "satisfaction": "4"}
    answer = client.post(sheet, body)
    assert answer.headers["Location"] == f"{reverse('dunning:work_list')}?client={other.code}"
    assert Call.objects.get().satisfaction == 4


@pytest.mark.django_db
def test_a_call_is_history(account: CustomerAccount, accountant: User):
    made = call(account, accountant)
    with pytest.raises(Exception, match="append_only|Cannot"), transaction.atomic():  # noqa: RUF043
        Call.objects.filter(pk=made.pk).update(note="x")
    for wrong in ({"satisfaction": 0}, {"outcome": "promise"}):
        fields: dict[str, Any] = {"outcome": "other"} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            Call.objects.create(
                company=account.company, account=account, made_by=accountant, made_at=timezone.now(), **fields
            )
