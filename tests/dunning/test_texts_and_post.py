"""Reminders by text message and by the posting service: to whom, when, with what, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning.enums import ReminderStatus, StepChannel, Unreached
from dunning.models import ClientLink, DunningRun, Reminder
from dunning.queries.contacts import Finding, Reached, reach, unreachable
from dunning.services import retrying, runs, sending
from dunning.services.calls import record_call
from dunning.services.retrying import try_again
from dunning.services.scenarios import ensure_scenario
from invoicing.services import stops
from o2c.home.reminder_notices import not_arrived
from o2c.shared import carrying, work
from o2c.shared.calendar import PARIS
from o2c.shared.models import AuditEvent, BouncedAddress, Notice, OutboxMessage, Work
from o2c.shared.problems import NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db
NIGHT = datetime.combine(TODAY, datetime.min.time(), PARIS)


@pytest.fixture(autouse=True)
def _that_day(tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)
    settings.OUTBOX_CARRIERS = {
        "sms": ("o2c.shared.carriers.TextFiles", tmp_path / "sms"),
        "post": ("o2c.shared.carriers.LetterFiles", tmp_path / "post"),
    }


@pytest.fixture
def contact(account: CustomerAccount) -> Contact:
    return Contact.objects.create(
        account=account, name="Ana Ruiz", role=ContactRole.ACCOUNTS_PAYABLE, phone="06 12 34 56 78"
    )


@pytest.fixture
def planned(company: Company, account: CustomerAccount, accountant: User) -> Callable[..., Reminder]:
    """A reminder that waits for review, by one channel."""

    def make(channel: str, **fields: Any) -> Reminder:
        step = ensure_scenario(company).steps.exclude(number=2)
        step.delete()
        words = {
            "subject_fr": "",
            "subject_en": "",
            "body_fr": "$company : $total dus. $link",
            "body_en": "$total open.",
        }
        ensure_scenario(company).steps.update(
            **({"channel": channel} | (words if channel == StepChannel.SMS else {}) | fields)
        )
        make_item(account, "900.00", by=accountant, issued=day(-40), due=day(-10))
        run = runs.plan_run(company=company, as_of=TODAY, by=accountant, at=AT)
        return run.reminders.get()

    return make


def leave(reminder: Reminder, by: User) -> Reminder:
    """Approve it and do what follows."""
    if reminder.status == ReminderStatus.PROPOSED:
        runs.approve_run(run_id=reminder.run_id, by=by, at=AT)
    work.drain()
    reminder.refresh_from_db()
    return reminder


def test_a_text_message_goes_to_the_mobile_number_with_the_clients_page(
    planned: Callable[..., Reminder], contact: Contact, accountant: User, tmp_path: Path
) -> None:
    reminder = leave(planned(StepChannel.SMS, attaches_invoices=False), accountant)
    assert (reminder.status, reminder.sent_to) == (ReminderStatus.SENT, "+33612345678")
    message = OutboxMessage.objects.get(key=f"reminder:{reminder.pk}")
    assert (message.channel, message.state, message.files) == ("sms", "sent", [])
    found = json.loads((tmp_path / "sms" / "out" / f"sms-{message.pk}.json").read_text())
    assert found["text"].startswith("Company TEST : 900,00 € dus. http")
    assert found["coding"] == "GSM-7"
    assert found["sender"] == "COMPANYTEST"
    # What opens the client's page is not kept with the reminder.
    assert reminder.text == "Company TEST : 900,00 € dus. …"
    assert ClientLink.objects.get().sent_to == "+33612345678"


def test_at_night_it_waits_and_is_looked_at_again_by_day(
    planned: Callable[..., Reminder], contact: Contact, accountant: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminder = planned(StepChannel.SMS)
    monkeypatch.setattr(sending.timezone, "now", lambda: NIGHT)
    assert leave(reminder, accountant).status == ReminderStatus.APPROVED
    waits = Work.objects.get(kind=runs.SEND, state=Work.State.QUEUED)
    assert waits.not_before == NIGHT.replace(hour=8)
    assert not OutboxMessage.objects.filter(channel="sms").exists()
    # Contested meanwhile: by day it does not leave.
    stops.stop_client(account_id=reminder.account_id, reason="other", until=day(9), by=accountant, at=AT)
    monkeypatch.setattr(sending.timezone, "now", lambda: AT)
    Work.objects.filter(pk=waits.pk).update(not_before=NIGHT)
    work.drain()
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.DROPPED


def test_a_letter_of_the_posting_service_carries_letter_statement_and_address(
    planned: Callable[..., Reminder], account: CustomerAccount, accountant: User, tmp_path: Path
) -> None:
    CustomerAccount.objects.filter(pk=account.pk).update(address_line1="12 rue des Lilas", postcode="69003")
    reminder = leave(planned(StepChannel.POST, attaches_invoices=True), accountant)
    assert reminder.status == ReminderStatus.SENT
    assert reminder.file
    message = OutboxMessage.objects.get(key=f"reminder:{reminder.pk}")
    folder = tmp_path / "post" / "out" / f"post-{message.pk}"
    assert (folder / "address.txt").read_text() == f"{account.name}\n12 rue des Lilas\n69003 LYON\n"
    papers = sorted(path.name for path in folder.glob("0*"))
    assert len(papers) == 2
    assert papers[1].startswith("02-releve-")
    assert all(path.read_bytes().startswith(b"%PDF-") for path in folder.glob("0*"))
    assert not ClientLink.objects.exists()


@pytest.mark.parametrize(
    ("channel", "phone", "problem"),
    [
        (StepChannel.SMS, "", Unreached.NO_NUMBER),
        (StepChannel.SMS, "04 72 00 00 00", Unreached.NOT_A_MOBILE),
        (StepChannel.SMS, "poste 12", Unreached.NOT_A_NUMBER),
        (StepChannel.POST, "", Unreached.NO_STREET),
        (StepChannel.EMAIL, "", Unreached.NO_EMAIL),
    ],
)
def test_who_cannot_be_reached_is_a_finding_with_place_and_remedy(
    planned: Callable[..., Reminder],
    contact: Contact,
    accountant: User,
    channel: str,
    phone: str,
    problem: str,
) -> None:
    Contact.objects.update(phone=phone)
    reminder = planned(channel)
    client = Client()
    client.force_login(accountant)
    before = client.get(f"/collections/runs/{reminder.run_id}/").content.decode()
    assert str(Unreached(problem).label) in before or "atteindrai" in before
    assert leave(reminder, accountant).status == ReminderStatus.NO_CONTACT
    assert reminder.problem == problem
    assert not OutboxMessage.objects.filter(kind=sending.KIND).exists()
    event = AuditEvent.objects.get(action="reminder.no_contact")
    assert (event.after or {})["problem"] == problem
    page = client.get(f"/collections/reminders/{reminder.pk}/").content.decode()
    assert f"/collections/reminders/{reminder.pk}/again/" in page
    with pytest.raises(retrying.StillUnreached):
        try_again(reminder_id=reminder.pk, by=accountant, at=AT)


def test_once_mended_it_is_tried_again(
    planned: Callable[..., Reminder], contact: Contact, accountant: User, company: Company
) -> None:
    Contact.objects.update(phone="04 72 00 00 00")
    reminder = leave(planned(StepChannel.SMS), accountant)
    with pytest.raises(NotAllowed):
        try_again(reminder_id=reminder.pk, by=make_user("sales_manager", company), at=AT)
    with pytest.raises(NotFound):
        try_again(reminder_id=reminder.pk, by=make_user("receivables_accountant"), at=AT)
    Contact.objects.update(phone="06 99 00 00 00")
    client = Client()
    client.force_login(accountant)
    client.post(f"/collections/reminders/{reminder.pk}/again/")
    work.drain()
    reminder.refresh_from_db()
    assert (reminder.status, reminder.problem, reminder.sent_to) == ("sent", "", "+33699000000")
    assert AuditEvent.objects.filter(action="reminder.tried_again").count() == 1
    with pytest.raises(retrying.NotWaiting):
        try_again(reminder_id=reminder.pk, by=accountant, at=AT)


def test_a_later_reminder_goes_first(
    planned: Callable[..., Reminder], contact: Contact, accountant: User
) -> None:
    Contact.objects.update(phone="")
    reminder = leave(planned(StepChannel.SMS), accountant)
    Contact.objects.update(phone="06 99 00 00 00")
    later = DunningRun.objects.create(company=reminder.company, as_of=day(1), created_at=AT)
    Reminder.objects.create(
        company=reminder.company, run=later, account=reminder.account, step=reminder.step, number=3, channel="call",
        language="fr", as_of=day(1), currency=reminder.currency, total=1, status=ReminderStatus.TO_CALL,
    )  # fmt: skip
    with pytest.raises(retrying.OvertakenByLater):
        try_again(reminder_id=reminder.pk, by=accountant, at=AT)


@pytest.mark.django_db(transaction=True)
def test_what_came_back_is_a_task_until_somebody_calls(
    planned: Callable[..., Reminder], contact: Contact, accountant: User, tmp_path: Path
) -> None:
    reminder = leave(planned(StepChannel.SMS), accountant)
    message = OutboxMessage.objects.get(key=f"reminder:{reminder.pk}")
    folder = tmp_path / "sms" / "in"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps({"message": message.pk, "state": "failed", "text": "unknown"}))
    carrying.fetch()
    work.drain()
    told = Notice.objects.filter(kind="reminder.bounced")
    assert set(told.values_list("user__username", flat=True)) == {accountant.username}
    client = Client()
    client.force_login(accountant)
    task = f'href="/collections/reminders/{reminder.pk}/"'
    assert task in client.get("/").content.decode()
    found = reach(reminder.account, reminder.step)
    assert found == Finding(Unreached.CAME_BACK, "Ana Ruiz, 06 12 34 56 78", "+33612345678")
    # Another number of the client still takes messages.
    other = Contact.objects.create(account=reminder.account, name="Bo", phone="07 00 00 00 01")
    assert reach(reminder.account, reminder.step) == Reached("+33700000001", other)
    assert list(not_arrived(accountant, reminder.company, AT)) == [message]
    record_call(account_id=reminder.account_id, outcome="other", by=accountant, at=AT + timedelta(hours=1))
    assert not not_arrived(accountant, reminder.company, AT).exists()


def test_somebody_may_know_that_a_number_is_right(
    planned: Callable[..., Reminder], contact: Contact, accountant: User
) -> None:
    message = OutboxMessage.objects.create(
        kind="k", key="k", channel="sms", to="+33612345678", subject="s", text="t", created_at=AT
    )
    BouncedAddress.objects.create(address="+33612345678", message=message, at=AT)
    reminder = leave(planned(StepChannel.SMS), accountant)
    assert reminder.problem == Unreached.CAME_BACK
    with pytest.raises(retrying.StillUnreached):
        try_again(reminder_id=reminder.pk, by=accountant, at=AT)
    try_again(reminder_id=reminder.pk, trusts=True, by=accountant, at=AT)
    assert leave(reminder, accountant).status == ReminderStatus.SENT


def test_the_findings_of_a_run_in_as_many_questions_for_one_as_for_three(
    planned: Callable[..., Reminder], company: Company, accountant: User
) -> None:
    reminder = planned(StepChannel.SMS)
    counts = []
    for extra in (0, 2):
        for _number in range(extra):
            other = CustomerAccountFactory(company=company)
            Contact.objects.create(account=other, name="C", phone="0102")
            Reminder.objects.create(
                company=company, run=reminder.run, account=other, step=reminder.step, number=2, channel="sms",
                language="fr", as_of=TODAY, currency="EUR", total=1,
            )  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            found = unreachable(reminder.run)
        assert len(found) == 1 + extra
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_problem_is_of_one_that_was_not_sent(
    planned: Callable[..., Reminder], contact: Contact, accountant: User
) -> None:
    reminder = leave(planned(StepChannel.SMS), accountant)
    with pytest.raises(IntegrityError, match="reminder_problem_of_one_not_sent"), transaction.atomic():
        Reminder.objects.filter(pk=reminder.pk).update(problem="missing")


def test_another_companys_reminder_is_not_there(planned: Callable[..., Reminder], contact: Contact) -> None:
    reminder = planned(StepChannel.SMS)
    client = Client()
    client.force_login(make_user("receivables_accountant", CompanyFactory()))
    assert client.post(f"/collections/reminders/{reminder.pk}/again/").status_code == 404
