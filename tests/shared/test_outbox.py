"""Messages leave once: sent, tried again where the server took nothing, uncertain where nobody knows."""

from __future__ import annotations

import hashlib
import smtplib
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from accounts.models import User
from o2c.shared import outbox, outbox_files, work
from o2c.shared.mail_ids import key_in, message_id
from o2c.shared.models import OutboxMessage, Work
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


@pytest.fixture
def person() -> User:
    return make_user("sales", username="sales", email="sales@valmont.test")


@pytest.fixture
def mail_server(settings: LazySettings) -> None:
    settings.EMAIL_URL = "smtp://mail.valmont.test"


def message(person: User, key: str = "k1", **fields: Any) -> OutboxMessage:
    fields.setdefault("to", person.email)
    return OutboxMessage(
        kind="order.held",
        key=key,
        user=person,
        subject="Held",
        text="Why",
        created_at=timezone.now(),
        **fields,
    )


def stored(key: str = "k1") -> OutboxMessage:
    return OutboxMessage.objects.get(key=key)


def test_without_a_server_it_waits_and_is_kept_as_a_file(person: User) -> None:
    outbox.write([message(person)])
    work.drain()
    assert stored().state == State.WAITING
    assert b"Subject: Held" in default_storage.open(f"outbox/{stored().pk}.eml").read()
    assert mail.outbox == []


@pytest.mark.usefixtures("mail_server")
def test_sent_once_however_often_it_is_written(person: User) -> None:
    outbox.write([message(person)])
    outbox.write([message(person)])
    work.drain()
    outbox.write([message(person)])
    work.drain()
    assert [sent.to for sent in mail.outbox] == [["sales@valmont.test"]]
    assert (stored().state, stored().attempts) == (State.SENT, 1)
    assert stored().sent_at is not None


@pytest.mark.usefixtures("mail_server")
def test_an_interrupted_sending_is_uncertain_and_not_repeated(person: User) -> None:
    outbox.write([message(person)])
    # A worker was killed while it sent: the attempt was counted, its outcome was not.
    Work.objects.filter(kind=outbox.SEND).update(attempts=1)
    work.drain()
    assert (stored().state, mail.outbox) == (State.UNCERTAIN, [])
    work.drain()
    assert mail.outbox == []


@pytest.mark.usefixtures("mail_server")
@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ConnectionRefusedError("no"), State.WAITING),
        (smtplib.SMTPRecipientsRefused({"x": (550, b"no")}), State.FAILED),
        (smtplib.SMTPServerDisconnected("gone"), State.UNCERTAIN),
        (TimeoutError("slow"), State.UNCERTAIN),
    ],
)
def test_what_the_server_says_decides(
    person: User, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    def fail(self: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    outbox.write([message(person)])
    work.drain()
    assert stored().state == state
    again = Work.objects.filter(kind=outbox.SEND, state=Work.State.QUEUED).exists()
    assert again == (state == State.WAITING)


@pytest.mark.usefixtures("mail_server")
def test_a_server_that_never_answers_ends_in_failed(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    outbox.write([message(person)])
    for _number in range(outbox.MOST_TRIES):
        Work.objects.update(not_before=timezone.now())
        work.drain()
    assert (stored().state, stored().attempts) == (State.FAILED, outbox.MOST_TRIES)


@pytest.mark.usefixtures("mail_server")
def test_a_person_without_an_address_is_not_guessed(person: User) -> None:
    outbox.write([message(person, to="Rose Martin")])
    work.drain()
    assert stored().state == State.FAILED


@pytest.mark.usefixtures("mail_server")
def test_somebody_says_what_became_of_it(person: User) -> None:
    outbox.write([message(person), message(person, "k2")])
    OutboxMessage.objects.update(state=State.UNCERTAIN)
    outbox.answer(message_id=stored().pk, arrived=True, by=person, at=timezone.now())
    outbox.answer(message_id=stored("k2").pk, arrived=False, by=person, at=timezone.now())
    Work.objects.filter(state=Work.State.QUEUED).update(attempts=0)
    work.drain()
    assert (stored().state, stored("k2").state) == (State.SENT, State.SENT)
    assert len(mail.outbox) == 1
    with pytest.raises(outbox.NotUncertain):
        outbox.answer(message_id=stored().pk, arrived=False, by=person, at=timezone.now())
    with pytest.raises(outbox.NotUncertain):
        outbox.cancel(message_id=stored().pk, by=person, at=timezone.now())


@pytest.mark.usefixtures("mail_server")
def test_a_cancelled_message_does_not_leave(person: User) -> None:
    outbox.write([message(person)])
    outbox.cancel(message_id=stored().pk, by=person, at=timezone.now())
    work.drain()
    assert (stored().state, mail.outbox) == (State.CANCELLED, [])


def test_an_act_that_is_undone_writes_no_message(person: User) -> None:
    with transaction.atomic():
        outbox.write([message(person)])
        transaction.set_rollback(True)
    assert not OutboxMessage.objects.exists()
    assert not Work.objects.exists()


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("message_sent_with_its_time", {"state": "sent"}),
        ("message_sent_with_its_time", {"sent_at": timezone.now()}),
        ("message_bounced_hard_or_soft", {"state": "bounced", "sent_at": timezone.now()}),
        ("message_bounced_hard_or_soft", {"bounce": "hard"}),
        ("message_has_subject_and_to", {"subject": ""}),
        ("message_has_subject_and_to", {"to": ""}),
    ],
)
def test_the_database_refuses(person: User, constraint: str, change: dict[str, Any]) -> None:
    made = message(person)
    for name, value in change.items():
        setattr(made, name, value)
    with pytest.raises(IntegrityError, match=constraint):
        made.save()


@pytest.mark.parametrize("change", [{"text": "other"}, {"to": "other@valmont.test"}, {"subject": "Other"}])
def test_what_a_message_says_never_changes(person: User, change: dict[str, Any]) -> None:
    outbox.write([message(person)])
    with pytest.raises(InternalError, match="message_text_frozen"):
        OutboxMessage.objects.update(**change)


@pytest.mark.usefixtures("mail_server")
def test_files_go_with_it_byte_for_byte(person: User) -> None:
    kept = outbox_files.keep("état/1.pdf", b"%PDF-1.7 one", "application/pdf")
    outbox.write([message(person, files=[kept.as_row()])])
    work.drain()
    (sent,) = mail.outbox
    assert [tuple(file) for file in sent.attachments] == [("état_1.pdf", b"%PDF-1.7 one", "application/pdf")]
    assert outbox_files.keep("other name.pdf", b"%PDF-1.7 one", "application/pdf").path == kept.path


@pytest.mark.usefixtures("mail_server")
def test_a_file_that_changed_does_not_leave(person: User) -> None:
    kept = outbox_files.keep("a.pdf", b"one", "application/pdf")
    default_storage.delete(kept.path)
    default_storage.save(kept.path, ContentFile(b"two"))
    outbox.write([message(person, files=[kept.as_row()])])
    work.drain()
    assert (stored().state, mail.outbox) == (State.FAILED, [])
    assert "have changed" in stored().error


def _made_in_the_end(key: int) -> outbox_files.Attachment:
    if key == 1:
        raise outbox_files.CannotAttach("it breaks a rule")
    if not default_storage.exists("made.flag"):
        raise outbox_files.StillMade
    return outbox_files.keep("made.pdf", b"made", "application/pdf")


@pytest.mark.usefixtures("mail_server")
def test_a_message_waits_for_a_file_that_is_made(person: User, settings: LazySettings) -> None:
    settings.OUTBOX_SOURCES = {"test": f"{__name__}._made_in_the_end"}
    outbox.write([message(person, files=[outbox_files.Attachment("x.pdf", source="test", key=7).as_row()])])
    work.drain()
    assert (stored().state, mail.outbox) == (State.WAITING, [])
    default_storage.save("made.flag", ContentFile(b"."))
    Work.objects.update(not_before=timezone.now())
    work.drain()
    assert (stored().state, len(mail.outbox)) == (State.SENT, 1)
    # What went with it stands there for good.
    assert stored().files[0]["sha256"] == hashlib.sha256(b"made").hexdigest()


@pytest.mark.usefixtures("mail_server")
def test_a_file_that_cannot_be_made_fails_the_message(person: User, settings: LazySettings) -> None:
    settings.OUTBOX_SOURCES = {"test": f"{__name__}._made_in_the_end"}
    outbox.write([message(person, files=[outbox_files.Attachment("x.pdf", source="test", key=1).as_row()])])
    outbox.write([message(person, "k2", files=[outbox_files.Attachment("x.pdf", source="no").as_row()])])
    late = message(person, "k3", files=[outbox_files.Attachment("x.pdf", source="test", key=7).as_row()])
    late.created_at = timezone.now() - outbox.FILES_WITHIN - timedelta(minutes=1)
    outbox.write([late])
    work.drain()
    assert [stored(key).state for key in ("k1", "k2", "k3")] == [State.FAILED] * 3
    assert stored().error == "it breaks a rule"


@pytest.mark.usefixtures("mail_server")
def test_it_speaks_for_a_company_and_answers_go_there(person: User) -> None:
    outbox.write([message(person, from_name="Valmont, Fils", reply_to="adv@valmont.test")])
    work.drain()
    (sent,) = mail.outbox
    assert sent.from_email == '"Valmont, Fils" <portail@localhost>'
    assert sent.reply_to == ["adv@valmont.test"]
    assert key_in(str(sent.message()["Message-ID"])) == stored().pk


def test_a_message_id_is_not_guessed() -> None:
    name = message_id(12)
    assert key_in(f"about {name} it was") == 12
    forged = name.replace("outbox-12-", "outbox-13-")
    assert key_in(forged) is None
    assert key_in("<outbox-12@o2c>") is None
    assert key_in(f"{forged} {name}") == 12
