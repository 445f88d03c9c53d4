"""Runs: who is reminded of what, what is left out and why, and what really leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from credit.models import LegalNotice
from credit.services import flags
from dunning import attachments
from dunning.enums import Exclusion, ReminderStatus, RunStatus
from dunning.models import DunningRun, DunningScenario, Reminder, ReminderLine, RunExclusion
from dunning.queries.plan import read_plan
from dunning.services import promises, runs, sending
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.models import EInvoice, ReceivableItem
from invoicing.services import stops
from o2c.shared import outbox_files
from o2c.shared.models import OutboxMessage, Work
from o2c.shared.problems import NotAllowed
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, line, make_credit, make_item, make_payment
from tests.invoicing.facturx.test_documents import issued
from tests.invoicing.test_races import race

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def _at_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)


@pytest.fixture
def late(account: CustomerAccount, accountant: User) -> Callable[..., ReceivableItem]:
    """An item so many days late."""

    def make(days: int, amount: str = "1000.00", **fields: Any) -> ReceivableItem:
        whose = fields.pop("account", account)
        return make_item(whose, amount, by=accountant, issued=day(-days - 30), due=day(-days), **fields)

    return make


def plan(account: CustomerAccount, on: date = TODAY) -> tuple[list[Any], dict[str, str]]:
    ensure_scenario(account.company)
    letters, left_out = read_plan(account.company, as_of=on)
    return letters, {row.document: row.reason for row in left_out}


def run(account: CustomerAccount, by: User, on: date = TODAY) -> DunningRun:
    return runs.plan_run(company=account.company, as_of=on, by=by, at=AT)


def steps_of(run_: DunningRun) -> list[tuple[str, int, str]]:
    rows = ReminderLine.objects.filter(reminder__run=run_).order_by("item__document")
    return [
        (row.item.document, row.step, row.reminder.channel) for row in rows.select_related("item", "reminder")
    ]


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (-8, None),
        (-7, 0),
        (-1, 0),
        (0, 0),
        (1, None),
        (2, None),
        (3, 1),
        (7, 1),
        (8, 2),
        (14, 2),
        (15, 3),
        (90, 3),
    ],
)
def test_an_item_enters_at_the_step_of_its_age_at_most_the_third(
    account: CustomerAccount, late: Callable[..., ReceivableItem], days: int, step: int | None
):
    late(days, "2000.00")
    letters, _left_out = plan(account)
    assert [letter.step for letter in letters] == ([] if step is None else [step])


def test_a_pre_reminder_is_for_large_items_or_watched_clients(
    account: CustomerAccount, late: Callable[..., ReceivableItem], company: Company
):
    late(-5, "999.99")
    assert plan(account) == ([], {})
    flags.watch(
        account_id=account.pk,
        reason="risk",
        review_on=day(30),
        by=make_user("credit_manager", company),
        at=AT,
    )
    letters, _left_out = plan(account)
    assert [(letter.step, letter.total) for letter in letters] == [(0, D("999.99"))]


def test_a_step_whose_day_is_no_business_day_waits_for_the_next(
    account: CustomerAccount, late: Callable[..., ReceivableItem]
):
    late(8 - 2 + 0)  # its second step falls on TODAY + 2, a Wednesday
    assert TODAY.weekday() == 0
    saturday = TODAY + timedelta(days=5)
    sooner = make_item_due(account, late, saturday - timedelta(days=8))
    letters, _ = plan(account, saturday)
    assert {item.document: item.step for letter in letters for item in letter.items}[sooner.document] == 1
    letters, _ = plan(account, saturday + timedelta(days=2))
    assert {item.document: item.step for letter in letters for item in letter.items}[sooner.document] == 2


def make_item_due(account: CustomerAccount, late: Callable[..., ReceivableItem], due: date) -> ReceivableItem:
    return late((TODAY - due).days)


def test_one_letter_per_client_at_its_highest_step_lists_everything_late(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    old, new = late(20, "500.00"), late(4, "300.00")
    late(-20, "5000.00")
    (letter,), left_out = plan(account)
    assert (letter.step, letter.channel, letter.total) == (3, "email", D(800))
    assert [(item.document, item.step) for item in letter.items] == [(old.document, 3), (new.document, 1)]
    assert left_out == {}


def test_a_second_run_of_the_day_creates_nothing(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    late(9)
    first = run(account, accountant)
    second = run(account, accountant)
    assert (first.reminders.count(), second.reminders.count()) == (1, 0)
    assert ReminderLine.objects.count() == 1
    with pytest.raises(runs.RunBeforeLast):
        run(account, accountant, TODAY - timedelta(days=1))


def test_steps_follow_each_other_one_at_a_time_with_a_gap(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(8)
    run(account, accountant)
    assert plan(account, TODAY + timedelta(days=7))[0][0].step == 3
    # Nobody made a run for a month: the item moves one step, not three.
    run(account, accountant, TODAY + timedelta(days=30))
    assert ReminderLine.objects.filter(item=item).latest("pk").step == 3
    letters, left_out = plan(account, TODAY + timedelta(days=33))
    assert (letters, left_out) == ([], {item.document: Exclusion.MINIMUM_GAP})
    (letter,), _ = plan(account, TODAY + timedelta(days=35))
    assert letter.step == 4


def test_what_moves_brings_along_what_was_reminded_of_already(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    old = late(15, "500.00")
    run(account, accountant)
    new = late(-1, "200.00")
    (letter,), _ = plan(account, TODAY + timedelta(days=5))
    assert (letter.step, letter.total) == (1, D(700))
    assert [(item.document, item.step, item.repeats) for item in letter.items] == [
        (old.document, 3, True),
        (new.document, 1, False),
    ]


# --- what is left out --------------------------------------------------------------------------------------------


def test_in_dispute_the_rest_is_still_asked_for(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    whole, part = late(9, "100.00"), late(10, "100.00")
    for item, amount in ((whole, 100), (part, 40)):
        invoicing.dispute_amount(item_id=item.pk, amount=D(amount), on=TODAY, by=accountant, at=AT)
    (letter,), left_out = plan(account)
    assert (letter.total, [item.document for item in letter.items]) == (D(60), [part.document])
    assert left_out == {whole.document: Exclusion.DISPUTED}


def test_promised(account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User):
    item = late(9)
    promises.make_promise(item_ids=[item.pk], promised_date=TODAY, by=accountant, at=AT)
    assert plan(account) == ([], {item.document: Exclusion.PROMISED})


def test_a_promise_not_kept_brings_the_next_step_at_once(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(8)
    run(account, accountant)
    promises.make_promise(item_ids=[item.pk], promised_date=TODAY + timedelta(days=1), by=accountant, at=AT)
    promises.judge_promises(on=TODAY + timedelta(days=6))
    (letter,), _ = plan(account, TODAY + timedelta(days=6))
    assert letter.step == 3  # its own day is only tomorrow


def test_refused_on_the_platform(account: CustomerAccount, late: Callable[..., ReceivableItem]):
    items = {status: late(9) for status in ("REFUSED", "REJECTED", "SUSPENDED", "APPROVED")}
    for status, item in items.items():
        assert item.invoice is not None
        EInvoice.objects.create(invoice=item.invoice, status=status, since=AT)
    (letter,), left_out = plan(account)
    assert [item.document for item in letter.items] == [items.pop("APPROVED").document]
    assert left_out == {item.document: Exclusion.EINVOICE for item in items.values()}


def test_frozen_by_insolvency(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    before, after = late(30), late(3)
    LegalNotice.objects.create(
        company=account.company, entity=account.entity, kind="RECEIVERSHIP", judgement_on=day(-40),
        published_on=day(-30), reference="A-1", recorded_by=accountant, recorded_at=AT,
    )  # fmt: skip
    (letter,), left_out = plan(account)
    assert [item.document for item in letter.items] == [after.document]
    assert left_out == {before.document: Exclusion.INSOLVENCY}


def test_stopped_for_one_item_or_for_the_client_until_a_day(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, company: Company
):
    other = CustomerAccountFactory(company=company)
    stopped, goes = late(9), late(9)
    resting = late(9, account=other)
    stops.stop_item(item_id=stopped.pk, reason="agreed by phone", until=day(10), by=accountant, at=AT)
    stops.stop_client(account_id=other.pk, reason="merger", until=day(10), by=accountant, at=AT)
    (letter,), left_out = plan(account)
    assert [item.document for item in letter.items] == [goes.document]
    assert left_out == {stopped.document: Exclusion.STOPPED, resting.document: Exclusion.STOPPED}
    letters, left_out = plan(account, day(11))
    assert len(letters) == 2
    assert not left_out


def test_what_is_stopped_after_planning_does_not_leave(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(9)
    made = run(reachable, accountant)
    stops.stop_client(account_id=reachable.pk, reason="merger", until=day(10), by=accountant, at=AT)
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    send_all()
    assert made.reminders.get().status == ReminderStatus.DROPPED
    assert ReminderLine.objects.get(item=item).dropped == Exclusion.STOPPED
    assert not OutboxMessage.objects.filter(kind="dunning.reminder").exists()


@pytest.mark.parametrize(("amount", "is_left_out"), [("14.99", True), ("15.00", False)])
def test_too_small(
    account: CustomerAccount, late: Callable[..., ReceivableItem], amount: str, is_left_out: bool
):
    item = late(9, amount)
    letters, left_out = plan(account)
    assert (letters == [], left_out) == (
        is_left_out, {item.document: Exclusion.TOO_SMALL} if is_left_out else {},
    )  # fmt: skip


def test_in_grace(account: CustomerAccount, late: Callable[..., ReceivableItem]):
    item = late(2)
    assert plan(account) == ([], {item.document: Exclusion.IN_GRACE})


def test_credits_on_the_account_cover_the_oldest_first(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    old, new = late(20, "400.00"), late(10, "400.00")
    make_credit(account, "500.00", by=accountant)
    (letter,), left_out = plan(account)
    assert [item.document for item in letter.items] == [new.document]
    assert left_out == {old.document: Exclusion.CREDIT_BALANCE}


def test_a_payment_that_came_in_and_settles_it(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(9, "812.37", number="FA-2026-0917")
    other = CustomerAccountFactory(company=account.company)
    late(9, account=other)
    make_payment(
        None,
        "812.37",
        by=accountant,
        company=account.company,
        reference=f"FACTURE {item.document}",
        payer_name=account.name,
    )
    made = run(account, accountant)
    assert [row.account for row in made.reminders.all()] == [other]
    assert made.exclusions.get().reason == Exclusion.PROPOSED_PAYMENT


def test_a_scenario_of_a_class_and_of_a_client(
    company: Company, account: CustomerAccount, late: Callable[..., ReceivableItem]
):
    late(9)
    common = ensure_scenario(company)
    assert plan(account)[0][0].step == 2
    for fields in ({"risk_class": "C"}, {"account": account}):
        narrow = DunningScenario.objects.create(company=company, name="narrow", **fields)
        step = common.steps.get(number=5)
        step.pk, step.scenario, step.number, step.day = None, narrow, len(fields) + 1, 9
        step.save()
        (letter,), _ = plan(account)
        assert (letter.step, letter.channel) == (2, "registered")
        DunningScenario.objects.filter(pk=narrow.pk).update(is_active=False)


# --- cycles ------------------------------------------------------------------------------------------------------


def test_what_is_opened_again_begins_a_new_cycle_at_the_step_it_had(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(15)
    run(account, accountant)
    later = AT + timedelta(days=6)
    paid = make_credit(account, "1000.00", by=accountant, received=TODAY + timedelta(days=6), at=later)
    made = invoicing.allocate(
        from_item_id=paid.pk, to_item_id=item.pk, amount=D(1000), by=accountant, at=later
    )
    assert plan(account, TODAY + timedelta(days=6)) == ([], {})
    assert paid.payment_id is not None
    invoicing.return_payment(
        payment_id=paid.payment_id,
        returned_on=later.date(),
        reason="no money",
        fee=None,
        by=accountant,
        at=later,
    )
    assert made.reversal is not None
    (letter,), _ = plan(account, TODAY + timedelta(days=7))
    assert [(each.step, each.cycle) for each in letter.items if each.item == item.pk] == [(3, 2)]


def test_a_dispute_in_vain_begins_a_new_cycle(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(15)
    run(account, accountant)
    row = invoicing.dispute_amount(item_id=item.pk, amount=D(1000), on=TODAY, by=accountant, at=AT)
    invoicing.end_dispute(
        disputed_id=row.pk, on=TODAY + timedelta(days=4), by=accountant, at=AT + timedelta(days=4)
    )
    (letter,), _ = plan(account, TODAY + timedelta(days=6))
    assert [(each.step, each.cycle) for each in letter.items] == [(3, 2)]


# --- review and sending --------------------------------------------------------------------------------------------


def send_all() -> None:
    for row in Work.objects.filter(kind=runs.SEND, state="queued"):
        sending.send(work=row, **row.payload)
        row.state, row.finished_at = "done", AT
        row.save()


@pytest.fixture
def reachable(account: CustomerAccount) -> CustomerAccount:
    for role in (ContactRole.ACCOUNTS_PAYABLE, ContactRole.FINANCE_HEAD):
        Contact.objects.create(
            account=account, name=str(role), role=role, email=f"{role.lower()}@client.test"
        )
    return account


def test_what_happened_between_planning_and_sending(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, company: Company
):
    paid, credited, contested, promised, stays, half = (late(9 + i, "1000.00") for i in range(6))
    made = run(reachable, accountant)
    assert made.reminders.get().total == D(6000)

    later = AT + timedelta(minutes=5)
    for item, amount in ((paid, 1000), (half, 400)):
        credit = make_credit(reachable, str(amount), by=accountant)
        invoicing.allocate(
            from_item_id=credit.pk, to_item_id=item.pk, amount=D(amount), by=accountant, at=later
        )
    assert credited.invoice_id is not None
    invoicing.credit_invoice(
        invoice_id=credited.invoice_id, amount=D(1000), reason="returned", by=make_user("credit_manager", company),
        at=later,
    )  # fmt: skip
    invoicing.dispute_amount(item_id=contested.pk, amount=D(1000), on=TODAY, by=accountant, at=later)
    promises.make_promise(item_ids=[promised.pk], promised_date=day(3), by=accountant, at=later)
    runs.approve_run(run_id=made.pk, by=accountant, at=later)
    send_all()

    letter = made.reminders.get()
    assert (letter.status, letter.total) == (ReminderStatus.SENT, D(1600))
    dropped = dict(letter.lines.values_list("item", "dropped"))
    assert dropped == {
        paid.pk: Exclusion.SETTLED,
        credited.pk: Exclusion.SETTLED,
        contested.pk: Exclusion.DISPUTED,
        promised.pk: Exclusion.PROMISED,
        stays.pk: "",
        half.pk: "",
    }
    text = OutboxMessage.objects.get(kind="dunning.reminder").text
    assert stays.document in text
    assert half.document in text
    assert "1\u202f600,00" in text
    assert not any(item.document in text for item in (paid, credited, contested, promised))
    made.refresh_from_db()
    assert made.status == RunStatus.SENT
    # What was taken out was never reminded of: its steps are free.
    assert not ReminderLine.objects.filter(item=contested, dropped="").exists()


def test_nothing_left_nothing_sent(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(9)
    made = run(reachable, accountant)
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    invoicing.dispute_amount(item_id=item.pk, amount=D(1000), on=TODAY, by=accountant, at=AT)
    send_all()
    assert made.reminders.get().status == ReminderStatus.DROPPED
    assert not OutboxMessage.objects.exists()


def test_sending_twice_sends_once(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    late(9)
    made = run(reachable, accountant)
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    send_all()
    key = made.reminders.get().pk
    assert sending.send(work=None, reminder_id=key) == {"state": "sent"}
    assert OutboxMessage.objects.filter(kind="dunning.reminder").count() == 1
    with pytest.raises(runs.RunReviewed):
        runs.approve_run(run_id=made.pk, by=accountant, at=AT)


def test_nobody_to_send_it_to(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    late(9)
    made = run(account, accountant)
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    send_all()
    assert made.reminders.get().status == ReminderStatus.NO_CONTACT


def test_calls_are_asked_for_and_formal_notices_signed(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, company: Company
):
    item = late(22)
    run(reachable, accountant)
    for offset in (6, 12):
        run(reachable, accountant, TODAY + timedelta(days=offset))
    formal = ReminderLine.objects.filter(item=item).latest("pk").reminder
    assert (formal.number, formal.channel, formal.is_formal) == (5, "registered", True)
    with pytest.raises(runs.RunReviewed):
        runs.approve_run(run_id=formal.run_id, by=accountant, at=AT)
    runs.approve_run(run_id=formal.run_id, by=make_user("finance_director", company), at=AT)
    send_all()
    formal.refresh_from_db()
    assert formal.status == ReminderStatus.SENT
    assert "MISE EN DEMEURE" in formal.subject
    assert formal.file.read(5) == b"%PDF-"

    other = CustomerAccountFactory(company=company)
    late(-8, account=other)
    made = run(other, accountant, TODAY + timedelta(days=12))
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    assert [row.status for row in made.reminders.all()] == [ReminderStatus.TO_CALL]


def test_friendly_steps_leave_alone_where_the_scenario_says_so(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, company: Company
):
    scenario = ensure_scenario(company)
    scenario.automatic_until = 2
    scenario.save()
    late(9)
    firm = CustomerAccountFactory(company=company)
    late(16, account=firm)
    made = run(reachable, accountant)
    assert dict(made.reminders.values_list("account", "status")) == {
        reachable.pk: ReminderStatus.APPROVED,
        firm.pk: ReminderStatus.PROPOSED,
    }


def test_rights(account: CustomerAccount, late: Callable[..., ReceivableItem], company: Company, rep: User):
    late(9)
    with pytest.raises(NotAllowed):
        run(account, rep)


def test_statements_do_not_grow_with_the_book(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, company: Company
):
    def asked(on: date) -> int:
        with CaptureQueriesContext(connection) as sent:
            run(account, accountant, on)
        return len(sent)

    ensure_scenario(company)
    late(9)
    few = asked(TODAY)
    for _ in range(6):
        late(9, account=CustomerAccountFactory(company=company))
    assert asked(TODAY + timedelta(days=1)) == few


def test_no_item_twice_at_one_step_whoever_writes(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    item = late(9)
    letter = run(account, accountant).reminders.get()
    line = ReminderLine.objects.get(item=item)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReminderLine.objects.create(
            reminder=letter, item=item, cycle=line.cycle, step=line.step, as_of=TODAY, due_date=item.due_date,
            amount=1,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.filter(pk=letter.pk).update(status="sent")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_remind_once(company: Company):
    books = make_user("receivables_accountant", company)
    clients = [CustomerAccountFactory(company=company) for _ in range(5)]
    for client in clients:
        make_item(client, by=books, due=day(-9))
    race([lambda: runs.plan_run(company=company, as_of=TODAY, by=books, at=AT)] * 3)
    assert Reminder.objects.count() == 5
    assert ReminderLine.objects.count() == 5


@pytest.mark.parametrize("column", ["reminder_id", "item_id"])
def test_a_line_names_what_is_there(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, column: str
):
    late(9)
    line = ReminderLine.objects.get(reminder__run=run(account, accountant))
    line.pk, line.step = None, 9
    setattr(line, column, 10**9)
    with pytest.raises(IntegrityError, match="is not there"), transaction.atomic():
        line.save()


@pytest.mark.parametrize("column", ["run_id", "account_id", "item_id"])
def test_what_is_left_out_names_what_is_there_and_stays(
    account: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User, column: str
):
    late(9, "10.00")
    row = RunExclusion.objects.get(run=run(account, accountant))
    with pytest.raises(InternalError), transaction.atomic():
        RunExclusion.objects.filter(pk=row.pk).update(amount=0)
    row.pk, row.item_id = None, late(1).pk
    setattr(row, column, 10**9)
    with pytest.raises(IntegrityError, match="is not there"), transaction.atomic():
        row.save()


def test_an_amount_between_two_thresholds_takes_the_steps_below_it(
    company: Company, account: CustomerAccount, late: Callable[..., ReceivableItem]
):
    scenario = ensure_scenario(company)
    for number, least in ((1, 100), (2, 500), (3, 300)):
        scenario.steps.filter(number=number).update(min_amount=least)
    steps = {
        amount: [item.step for letter in [late(20, amount)] for item in _items_of(account, letter)]
        for amount in ("99.99", "100.00", "300.00", "499.99", "500.00")
    }
    assert steps == {"99.99": [], "100.00": [1], "300.00": [3], "499.99": [3], "500.00": [3]}


def _items_of(account: CustomerAccount, item: ReceivableItem) -> list[Any]:
    return [
        each
        for letter in plan(account)[0]
        for each in letter.items
        if each.item == item.pk and not each.repeats
    ]


def test_a_reminder_takes_the_statement_and_the_invoices_along(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    here = issued(reachable, line(), by=accountant, due_date=day(5))
    late(-5)  # a document taken over from elsewhere has no copy here
    made = run(reachable, accountant, day(14))
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    send_all()
    message = OutboxMessage.objects.get(kind="dunning.reminder")
    assert [(row["source"], row["key"]) for row in message.files] == [
        ("reminder_statement", made.reminders.get().pk),
        ("invoice", here.pk),
    ]
    file = attachments.statement(made.reminders.get().pk)
    ((_name, content, content_type),) = outbox_files.contents([file])
    assert (content[:5], content_type) == (b"%PDF-", "application/pdf")


def test_a_call_and_a_step_without_copies_take_nothing_along(
    reachable: CustomerAccount, late: Callable[..., ReceivableItem], accountant: User
):
    late(-5, "2000.00")
    made = run(reachable, accountant)
    runs.approve_run(run_id=made.pk, by=accountant, at=AT)
    send_all()
    assert OutboxMessage.objects.get(kind="dunning.reminder").files == []
    other = made.reminders.get()
    with pytest.raises(outbox_files.CannotAttach):
        attachments.statement(other.pk + 10**6)
