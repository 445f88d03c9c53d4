"""Who is told of a note, once each; and the alert that a worrying one raises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from accounts.models import CustomerAccount, User
from credit.alerts import services as alerts
from credit.alerts.queries import alerts_visible
from credit.alerts.words import remedy, sentence
from credit.models import ClientNote, CreditAlert
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from credit.notes.services import withdraw_note
from credit.standing import refresh_after
from o2c.home import note_notices, words
from o2c.shared.calendar import add_business_days, paris_date
from o2c.shared.models import AuditEvent, Notice, OutboxMessage
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
Write = Callable[..., ClientNote]
K, W = NoteKind, NoteWeight


@pytest.fixture(autouse=True)
def _known(account: CustomerAccount) -> None:
    refresh_after(work=None, account_id=account.pk)


def told() -> set[tuple[str, str]]:
    return set(Notice.objects.values_list("kind", "user__username"))


def test_news_is_told_to_the_team_but_its_author_once_each(
    write: Write, account: CustomerAccount, work_drain: Any
) -> None:
    gone = make_user("adv_officer", account.company, "gone")
    account.team.create(role="adv", user=gone, valid_from=date(2020, 1, 1), valid_to=date(2021, 1, 1))
    partner = make_user("partner", account.company, "agency")
    account.team.create(role="partner", user=partner, valid_from=date(2020, 1, 1))
    note = write("Buys its competitor", kind=K.MARKET, topic=NoteTopic.TAKEOVER)
    work_drain()
    note_notices.note_written(work=None, note_id=note.pk)
    assert told() == {("note.written", "manager"), ("note.written", "collector")}
    assert Notice.objects.count() == 2
    french = Notice.objects.get(user__username="collector")
    assert french.figures["about"] == "Acquisition ou fusion"
    with translation.override("en"):
        mine = words.notice_of(Notice.objects.get(user__username="manager"))
    assert mine["text"] == "rep noted about Bâti-Loire: Takeover or merger"
    # What the note says is read in the portal alone.
    assert not any("competitor" in message.text for message in OutboxMessage.objects.all())


def test_a_business_note_is_told_to_nobody_unless_it_worries(write: Write, work_drain: Any) -> None:
    write(kind=K.BUSINESS)
    work_drain()
    assert told() == set()
    write("Site closed", kind=K.BUSINESS, weight=W.WORRYING)
    work_drain()
    assert told() == {("note.worrying", "collector"), ("alert.raised", "manager")}


def test_a_note_that_was_withdrawn_meanwhile_is_told_to_nobody(
    write: Write, rep: User, work_drain: Any
) -> None:
    note = write()
    withdraw_note(note_id=note.pk, reason="mistake", by=rep, at=timezone.now())
    work_drain()
    assert told() == set()


def test_a_worrying_note_is_an_alert_of_the_credit_manager_until_it_is_taken_back(
    write: Write, account: CustomerAccount, rep: User, manager: User, today: date, work_drain: Any
) -> None:
    note = write("Loses Dupont", kind=K.MARKET, topic=NoteTopic.CUSTOMER_LOST, weight=W.WORRYING)
    work_drain()
    alert = CreditAlert.objects.get()
    assert (alert.kind, alert.key, alert.owner) == ("CLIENT_NOTE", str(note.pk), manager)
    assert alert.due_on == add_business_days(today, 5)
    assert alert.figures["note"] == note.pk
    with translation.override("en"):
        assert sentence(alert).endswith(": loses a big customer.")
        assert remedy(alert) == "Read the note; watch the client, or look at its limit again."
    assert alert in alerts_visible(rep)
    assert words.amount_of(AuditEvent.objects.get(action="alert.raised")) is None
    # Another night finds it still, and raises it once.
    alerts.look([account.pk], on=today, at=timezone.now())
    assert CreditAlert.objects.count() == 1
    better = write("Keeps Dupont", kind=K.MARKET, topic=NoteTopic.CUSTOMER_LOST, supersedes_id=note.pk)
    work_drain()
    assert better.weight == W.NEUTRAL
    assert CreditAlert.objects.get().status == "PASSED"


def test_an_old_worry_is_no_news(write: Write, account: CustomerAccount, today: date) -> None:
    then = timezone.now() - timedelta(days=31)
    write("Closed", weight=W.WORRYING, at=then, seen_on=paris_date(then))
    assert alerts.look([account.pk], on=today, at=timezone.now())["raised"] == 0
