"""Notes written once, corrected by another, withdrawn with a reason; who may, and what the journal keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import ClientNote, CreditAlert
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from credit.notes.queries import STANDING, latest_worrying, notes_of, notes_visible
from credit.notes.services import NoteGone, NoteKeyTaken, RiskyWords, withdraw_note
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db
Write = Callable[..., ClientNote]
K, W = NoteKind, NoteWeight


def withdraw(note: ClientNote, by: User, reason: str = "another company") -> ClientNote:
    return withdraw_note(note_id=note.pk, reason=reason, by=by, at=timezone.now())


def test_the_same_form_sent_twice_is_one_note(write: Write, manager: User) -> None:
    key = uuid4()
    first = write("  Opens a shop  ", key=key)
    assert first.text == "Opens a shop"
    assert write("Opens a shop", key=key).pk == first.pk
    assert ClientNote.objects.count() == 1
    with pytest.raises(NoteKeyTaken):
        write("Closes a shop", key=key)
    with pytest.raises(NoteKeyTaken):
        write("Opens a shop", key=key, by=manager)
    assert AuditEvent.objects.filter(action="client_note.written").count() == 1


def test_the_journal_keeps_what_kind_of_note_it_was_and_none_of_its_words(
    write: Write, account: CustomerAccount
) -> None:
    note = write(
        "Loses Dupont SA", kind=K.MARKET, topic=NoteTopic.CUSTOMER_LOST, source="M. Petit", weight=W.WORRYING
    )
    event = AuditEvent.objects.get(action="client_note.written")
    assert (event.object_id, event.account_id, event.object_label) == (note.pk, account.pk, "C0001")
    assert event.after == {
        "note": note.pk, "note_kind": "MARKET", "topic": "CUSTOMER_LOST", "weight": "WORRYING"
    }  # fmt: skip
    withdraw(note, note.written_by, "Dupont SA stays")
    kept = AuditEvent.objects.get(action="client_note.withdrawn")
    assert (kept.after, kept.reason) == (event.after, "")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"kind": K.MARKET}, "topic"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://[oops"}, "url"),
        ({"url": "HTTPS://a.fr/ b"}, "url"),
        ({"source": "x" * 151}, "source"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(write: Write, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(**given)
    assert list(refused.value.errors) == [field]
    assert not ClientNote.objects.exists()


def test_a_day_to_come_is_refused(write: Write, today: date) -> None:
    with pytest.raises(Invalid) as refused:
        write(seen_on=today + timedelta(days=1))
    assert list(refused.value.errors) == ["seen_on"]


def test_risky_words_are_named_and_kept_once_they_are_confirmed(write: Write) -> None:
    with pytest.raises(RiskyWords) as refused:
        write("Le gérant est malade")
    assert "malade" in str(refused.value)
    assert not ClientNote.objects.exists()
    assert write("Le gérant est malade", confirmed=True).risky_words == ["malade"]
    # Confirmed without need: nothing to keep.
    assert write("Le gérant est parti", confirmed=True).risky_words == []


def test_a_correction_takes_the_place_of_a_note(write: Write, account: CustomerAccount, rep: User) -> None:
    first = write("Opens in Nantes")
    second = write("Opens in Angers", supersedes_id=first.pk)
    assert list(notes_of(rep, account)) == [second]
    assert ClientNote.objects.get(pk=first.pk).text == "Opens in Nantes"
    for again in (lambda: write("Opens in Tours", supersedes_id=first.pk), lambda: withdraw(first, rep)):
        with pytest.raises(NoteGone):
            again()
    other = CustomerAccountFactory(company=account.company, rep=rep)
    with pytest.raises(NotFound):
        write("Opens in Tours", about=other, supersedes_id=second.pk)


def test_a_note_is_withdrawn_with_a_reason_by_its_author_or_credit_management(
    write: Write, account: CustomerAccount, rep: User, manager: User, collector: User
) -> None:
    own, other = write(), write("Strike in Nantes")
    for reason in ("", "x" * 301):
        with pytest.raises(Invalid):
            withdraw(own, rep, reason)
    with pytest.raises(NotAllowed):
        withdraw(own, collector)
    with pytest.raises(NotAllowed):
        write("Corrected", by=collector, supersedes_id=own.pk)
    assert withdraw(own, rep).withdrawn_by == rep
    assert withdraw(own, manager).withdrawn_by == rep
    with pytest.raises(NoteGone):
        write("Corrected", supersedes_id=own.pk)
    withdraw(other, manager)
    assert not notes_of(rep, account).exists()
    # Read on by its author, by credit management and by who reviews; by nobody else.
    auditor = make_user("auditor", account.company)
    readers = {user.pk: set(notes_visible(user)) for user in (rep, manager, auditor, collector)}
    assert readers == {
        rep.pk: {own, other},
        manager.pk: {own, other},
        auditor.pk: {own, other},
        collector.pk: set(),
    }


def test_restricted_notes_stay_with_credit_management(
    write: Write, account: CustomerAccount, rep: User, manager: User, collector: User, work_drain: Any
) -> None:
    with pytest.raises(NotAllowed):
        write(kind=K.RESTRICTED)
    note = write("Insurer asks questions", kind=K.RESTRICTED, weight=W.WORRYING, by=manager)
    auditor = make_user("auditor", account.company)
    assert [list(notes_visible(user)) for user in (manager, rep, collector, auditor)] == [[note], [], [], []]
    # Neither in the client's timeline nor among its alerts, and told to those of the team who may read it.
    assert AuditEvent.objects.get(action="client_note.written").account_id is None
    analyst = make_user("credit_analyst", account.company, "analyst")
    account.team.create(role="adv", user=analyst, valid_from=date(2020, 1, 1))
    work_drain()
    assert not CreditAlert.objects.exists()
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"analyst"}


def test_a_client_of_a_colleague_does_not_exist(write: Write, company: Company) -> None:
    theirs = CustomerAccountFactory(company=company, rep=make_user("sales", company))
    with pytest.raises(NotFound):
        write(about=theirs)
    note = write(about=theirs, by=make_user("adv_officer", company))
    with pytest.raises(NotFound):
        withdraw(note, make_user("sales", company))


@pytest.mark.parametrize("role", ["auditor", "administrator", "partner"])
def test_whoever_only_reads_writes_nothing(role: str, write: Write, account: CustomerAccount) -> None:
    user = make_user(role, account.company)
    account.team.create(role="partner", user=user, valid_from=date(2020, 1, 1))
    with pytest.raises(NotAllowed):
        write(by=user)
    write()
    assert notes_visible(user).exists() == (role != "partner")


def test_what_was_written_is_never_changed_nor_deleted(write: Write, rep: User) -> None:
    note = write()
    for name, value in (
        ("text", "else"),
        ("kind", "PRESS"),
        ("seen_on", date(2020, 1, 1)),
        ("written_by", None),
    ):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            ClientNote.objects.filter(pk=note.pk).update(**{name: value})
    with pytest.raises(InternalError), transaction.atomic():
        ClientNote.objects.all().delete()
    withdraw(note, rep)
    with pytest.raises(InternalError), transaction.atomic():
        ClientNote.objects.update(withdrawn_at=None, withdrawn_by=None, withdraw_reason="")


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "GOSSIP"},
        {"weight": "AWFUL"},
        {"kind": "MARKET", "topic": ""},
        {"kind": "NEWS", "topic": "STRIKE"},
        {"text": ""},
        {"url": "ftp://a.fr"},
        {"withdraw_reason": "why"},
        {"withdrawn_at": timezone.now()},
    ],
)
def test_the_database_refuses_what_must_never_be(
    broken: dict[str, Any], account: CustomerAccount, rep: User, today: date
) -> None:
    fields = {
        "account": account, "kind": "NEWS", "seen_on": today, "text": "x", "key": uuid4(), "written_by": rep,
        "written_at": timezone.now(),
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        ClientNote.objects.create(**fields | broken)


def test_a_note_has_one_correction_and_a_key_one_note(
    write: Write, account: CustomerAccount, rep: User
) -> None:
    first = write()
    second = write("Angers", supersedes_id=first.pk)
    fields = {
        "account": account, "kind": "NEWS", "seen_on": first.seen_on, "text": "x", "written_by": rep,
        "written_at": timezone.now(),
    }  # fmt: skip
    for twice in ({"supersedes": first, "key": uuid4()}, {"key": second.key}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ClientNote.objects.create(**fields | twice)


def test_the_latest_worrying_note_is_a_standing_one_of_the_last_months(
    write: Write, account: CustomerAccount, rep: User, today: date
) -> None:
    def latest() -> ClientNote | None:
        return latest_worrying(rep, account.company, [account.pk], on=today)

    write()
    write("Closed", weight=W.WORRYING, seen_on=today - timedelta(days=181))
    assert latest() is None
    older = write("Strike", weight=W.WORRYING, seen_on=today - timedelta(days=9))
    newer = write("Fire", weight=W.WORRYING, seen_on=today - timedelta(days=2))
    assert latest() == newer
    withdraw(newer, rep)
    assert latest() == older


def test_standing_notes_are_read_by_their_index(write: Write, account: CustomerAccount) -> None:
    write()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert (
        "notes_of_client"
        in ClientNote.objects.filter(STANDING, account=account).order_by("-written_at").explain()
    )
